"""Messages that say how an earlier one is to read: ``edit`` and ``revoke``.

Both have an object named like their type, ``{"original_message_id", "message"?}``; the message is of the original's
kind, as it reads now.
"""

from datetime import datetime

from app.channels.items import Edited, Revoked, Sender, Unreadable
from app.channels.shapes import Json, as_id, as_object
from app.channels.whatsapp.content import read_content
from app.core.types import MessageType


def read_correction(
    account: str, external_id: str, sender: Sender, message: Json, at: datetime, *, by_hotel: bool = False
) -> Edited | Revoked | Unreadable:
    """The correction. ``sender`` is the guest in whose conversation it stands."""
    kind = str(message["type"])
    correction = as_object(message.get(kind))
    target = as_id(correction.get("original_message_id"))
    if not target:
        return Unreadable(account=account, reason=f"{kind} without the message it means", external_id=external_id)
    group = as_id(message.get("group_id")) or None
    if kind == "revoke":
        return Revoked(
            account=account,
            external_id=external_id,
            sender=sender,
            target=target,
            group=group,
            at=at,
            by_hotel=by_hotel,
        )
    changed = as_object(correction.get("message"))
    content = read_content(changed)
    if not changed or (content.unreadable and content.type is MessageType.TEXT):
        return Unreadable(account=account, reason="edit without what it says now", external_id=external_id)
    return Edited(
        account=account,
        external_id=external_id,
        sender=sender,
        target=target,
        text="" if content.unreadable else content.text,  # a caption may be taken away
        group=group,
        at=at,
        by_hotel=by_hotel,
    )
