"""Contract 4: ``/ws/chat/{conversation_id}/`` and ``/ws/conversations/``: customers, messages, conversations, events.

Translates only. Ids of conversations and messages are texts here, those of customers and users numbers. The document
knows texts alone: a message without any says in brackets what it is, and notes and reactions, which its client would
show as messages, are not told. Fields and types that it does not have stand beside its own.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from app.contracts import chat_answers
from app.contracts.chat_messages import chat_type, media_filename, media_url
from app.contracts.timestamps import to_wire
from app.core.desk_views import DeskItem
from app.core.errors import LobbyError
from app.core.events import (
    Change,
    ConversationChanged,
    MessageCreated,
    MessagesRead,
    MessageStatusChanged,
    MessageUpdated,
)
from app.core.links import MediaLinks
from app.core.signals import Told, Typing
from app.core.types import ConversationStatus, MessageOrigin, SenderType
from app.core.views import ConversationRef, LastMessage, MessageView, Page

Frame = dict[str, Any]

MARKETING: Final = "marketing"
"""The ``conversation_type`` of a campaign's conversations."""

_TYPES: Final = {SenderType.GUEST: "customer", SenderType.STAFF: "support", SenderType.SYSTEM: "AI"}
_STATUSES: Final = {ConversationStatus.RELAY: "support_active", ConversationStatus.CLOSED: "closed"}


def in_conversation(stored: Told, links: MediaLinks) -> Frame | None:
    """An event on the socket of its conversation."""
    match stored.event:
        case MessageCreated(conversation=about, message=written) if written.is_said:
            return _told("chat_message", about, message=message(about, written, links, is_answered=False))
        case MessageUpdated(conversation=about, message=written) if written.is_said:
            return _told("message_updated", about, message=message(about, written, links))
        case MessageStatusChanged(conversation=about) as status:
            return _told(
                "message_status",
                about,
                message_id=str(status.message_id),
                delivery_status=status.delivery_status,
                delivery_error=status.error,
            )
        case Typing(conversation=about) as typing:
            said = {"username": typing.user_name, "is_typing": typing.is_typing, "user_id": typing.user_id}
            return _told("typing_indicator", about, **said)
        case MessagesRead(conversation=about) as read:
            return _told(
                "messages_read",
                about,
                user_id=read.user_id,
                username=read.user_name,
                up_to_id=str(read.up_to_id),
                message_ids=[str(each) for each in read.message_ids],
                read_at=to_wire(read.read_at),
            )
        case ConversationChanged() as changed:
            return _changed(changed)
        case _:
            return None


def in_list(stored: Told, links: MediaLinks) -> Frame | None:
    """An event on the socket of the list: what a guest writes, and that something else of a row is otherwise now."""
    match stored.event:
        case MessageCreated(conversation=about, message=written) if written.is_said:
            if written.sender_type is SenderType.GUEST:
                return _told("new_customer_message", about, message=message(about, written, links, is_answered=False))
            return _updated(about, "message")
        case MessageUpdated(conversation=about, message=written) if written.is_said:
            return _updated(about, "message_updated")
        case MessagesRead(conversation=about):
            return _updated(about, "marked_read")
        case ConversationChanged() as changed:
            return _changed(changed)
        case _:
            return None


def recent_messages(about: ConversationRef, messages: list[MessageView], links: MediaLinks, *, seq: int) -> Frame:
    """What a new socket is told first: the newest messages, the oldest of them first, up to the conversation's end."""
    answers = [at for at, each in enumerate(messages) if each.sender_type is not SenderType.GUEST]
    last = max(answers, default=-1)
    shown = [message(about, each, links, is_answered=at < last) for at, each in enumerate(messages)]
    return {**_told("recent_messages", about, messages=shown), "seq": seq}


def sent_before(
    about: ConversationRef, first: MessageView, parts: Iterable[int], links: MediaLinks, *, seq: int
) -> Frame:
    """What a message with a client's id that was sent before is answered with: it once more, as it stands.

    ``parts``: the ids of all that a long text became.
    """
    again = _told("chat_message", about, message=message(about, first, links))
    ids = [str(each) for each in parts]
    return {**again, **({"parts": ids} if ids else {}), "seq": seq}


def conversations_list(found: Page[DeskItem], *, seq: int) -> Frame:
    """``count``: how many there are in all."""
    rows = [_conversation(each) for each in found.items]
    return {"type": "conversations_list", "conversations": rows, "count": found.count, "seq": seq}


def message(about: ConversationRef, view: MessageView, links: MediaLinks, *, is_answered: bool | None = None) -> Frame:
    """From ``conversation_id`` on, what stands beside the document's own fields. ``is_answered``: whether the hotel has
    written since; left out where that is not known."""
    shown = {
        "id": str(view.id),
        "content": view.content or _instead(view),
        "type": _type(view),
        "customer": _customer(about),
        "is_ai_response": _type(view) == "AI",
        "is_answered": is_answered,
        "created_at": to_wire(view.created_at),
        "conversation_id": str(view.conversation_id),
        "sender_name": view.sender_name,
        "message_type": chat_type(view),
        "media_url": media_url(view, links),
        "media_filename": media_filename(view),
        "client_message_id": view.client_message_id and str(view.client_message_id),
        "delivery_status": view.delivery_status,
        "delivery_error": view.delivery_error,
        "provider_timestamp": _moment(view.provider_timestamp),
        "edited_at": _moment(view.edited_at),
        "revoked_at": _moment(view.revoked_at),
    }
    if is_answered is None:
        del shown["is_answered"]
    return shown


def error(fault: LobbyError) -> Frame:
    """The document's has the sentence alone; ``code`` is for programs, ``details`` are by field."""
    told = {"error": fault.message, "code": fault.code}
    if fault.details is None:
        return told
    details = {name: str(each) if name == "conversation_id" else each for name, each in fault.details.items()}
    return {**told, "details": details}


def named_by(text: str | None) -> Frame:
    """Of a refused command its ``client_message_id``, where that can be read."""
    named = chat_answers.named_by(text)
    return {name: named[name] for name in named if name == "client_message_id"}


def _conversation(item: DeskItem) -> Frame:
    return {
        **_row(item),
        "updated_at": to_wire(item.updated_at),
        "last_message": _last_message(item, item.last_message),
        "unread_count": item.unread_count,
    }


def _row(about: ConversationRef) -> Frame:
    """Of a row of the list what every event knows of its conversation."""
    return {
        "id": str(about.id),
        "title": f"{_source(about)} - {about.guest_name}",
        "status": _status(about),
        "customer": {**_customer(about), "profile_picture": None},
        "priority": about.priority,
        "created_at": to_wire(about.created_at),
        "department": about.department and about.department.group,
    }


def _customer(about: ConversationRef) -> Frame:
    first_name, _, last_name = about.guest_name.partition(" ")
    return {"id": about.guest_id, "first_name": first_name, "last_name": last_name, "source": _source(about)}


def _source(about: ConversationRef) -> str:
    return about.platform.lower()


def _status(about: ConversationRef) -> str:
    if about.status in _STATUSES:
        return _STATUSES[about.status]
    return "marketing_active" if about.conversation_type == MARKETING else "active"


def _type(view: MessageView) -> str:
    return "marketing" if view.origin is MessageOrigin.CAMPAIGN else _TYPES[view.sender_type]


def _last_message(about: ConversationRef, last: LastMessage | None) -> Frame | None:
    """The row knows who wrote, and not by what: what the hotel itself wrote last in a campaign's is the campaign's."""
    if last is None:
        return None
    by_campaign = last.sender_type is SenderType.SYSTEM and about.conversation_type == MARKETING
    kind = "marketing" if by_campaign else _TYPES[last.sender_type]
    return {"id": str(last.id), "content": last.content, "type": kind, "created_at": to_wire(last.at)}


def _changed(event: ConversationChanged) -> Frame | None:
    """What the flow has to itself begins with the guest's first message."""
    return None if event.change is Change.CREATED else _updated(event.conversation, event.change.value)


def _updated(about: ConversationRef, change: str) -> Frame:
    return _told("conversation_updated", about, change=change, conversation=_row(about))


def _told(kind: str, about: ConversationRef, **fields: Any) -> Frame:
    return {"type": kind, "conversation_id": str(about.id), **fields}


def _instead(view: MessageView) -> str:
    """Of a message without words."""
    return f"[{view.type}]" if view.revoked_at is None else "[revoked]"


def _moment(at: datetime | None) -> str | None:
    return None if at is None else to_wire(at)
