"""One of everything that may happen in a hotel, as if it were about one conversation: what the access test tells.

A new kind of event, change or signal fails ``test_declarations.py`` until it stands here.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from app.core.clock import utc_now
from app.core.events import (
    AccountChanged,
    Change,
    ChannelChanged,
    ConversationChanged,
    Event,
    MessageCreated,
    MessagesRead,
    MessageStatusChanged,
    MessageUpdated,
    StayChanged,
    UnknownEvent,
    UserChanged,
)
from app.core.signals import Signal, Typing, UserStatus, Viewing
from app.core.types import DeliveryStatus, Department, MessageOrigin, MessageType, SenderType
from app.core.views import ChannelView, ConversationRef, MessageView


class What(StrEnum):
    """What happened."""

    GUEST_WROTE = "the guest wrote"
    STAFF_WROTE = "staff wrote"
    FLOW_WROTE = "the flow wrote"
    NOTED = "staff left a note"
    GUEST_REACTED = "the guest reacted"
    STAFF_REACTED = "staff reacted"
    CORRECTED = "a message reads otherwise"
    REPORTED = "a message was delivered"
    READ = "staff read"
    CREATED = "a conversation was created"
    RELAY_STARTED = "a relay started"
    RELAY_ENDED = "a relay ended, and its department lost it"
    REOPENED = "a conversation was reopened"
    CLOSED = "a conversation was closed"
    TRANSFERRED = "a conversation was transferred, and another department lost it"
    ASSIGNED = "a conversation was assigned"
    MOVED = "a conversation came to another channel"
    PRIORITISED = "a conversation's priority was changed"
    CHANNEL = "a channel of the hotel was paused"
    USER = "a user's rights changed"
    STAY = "the guest's stay changed"
    ACCOUNT = "a visitor's account became another guest's"
    UNKNOWN = "what only another release can read"
    TYPING = "staff are typing"
    VIEWING = "staff are looking"
    CAME = "somebody of the conversation's department has come"


LOSERS: Mapping[Department | None, Department] = {
    None: Department.HOUSEKEEPING,
    Department.RECEPTION: Department.HOUSEKEEPING,
    Department.HOUSEKEEPING: Department.ROOM_SERVICE,
    Department.ROOM_SERVICE: Department.RECEPTION,
}
"""From where a conversation that is now here was transferred."""


NOBODY_HERE: Final = 10**9
"""The id of a staff user who has no socket: nobody is spared what they do. Whoever comes has the next ones, so that
they are told apart from those who really do."""

WRITTEN: Mapping[What, tuple[SenderType, MessageType]] = {
    What.GUEST_WROTE: (SenderType.GUEST, MessageType.TEXT),
    What.STAFF_WROTE: (SenderType.STAFF, MessageType.TEXT),
    What.FLOW_WROTE: (SenderType.SYSTEM, MessageType.TEXT),
    What.NOTED: (SenderType.STAFF, MessageType.TEXT),
    What.GUEST_REACTED: (SenderType.GUEST, MessageType.REACTION),
    What.STAFF_REACTED: (SenderType.STAFF, MessageType.REACTION),
}
CHANGES: Mapping[What, Change] = {
    What.CREATED: Change.CREATED,
    What.RELAY_STARTED: Change.RELAY_STARTED,
    What.RELAY_ENDED: Change.RELAY_ENDED,
    What.REOPENED: Change.REOPENED,
    What.CLOSED: Change.CLOSED,
    What.TRANSFERRED: Change.TRANSFERRED,
    What.ASSIGNED: Change.ASSIGNED,
    What.MOVED: Change.MOVED,
    What.PRIORITISED: Change.PRIORITISED,
}
PASSING: Final = frozenset({What.TYPING, What.VIEWING, What.CAME})
"""Signals, which nobody is told afterwards."""


def happened(what: What, ref: ConversationRef) -> Event | Signal:
    """As it is told. Where it is about no conversation, the id of ``ref`` stands for whatever it is about."""
    if what in WRITTEN:
        return MessageCreated(conversation=ref, message=_message(what, ref))
    if what in CHANGES:
        return _changed(what, ref)
    return _OTHERS[what](ref)


_BY: Final[Mapping[str, Any]] = {"user_id": NOBODY_HERE, "user_name": "Nobody Here"}
_OTHERS: Final[Mapping[What, Callable[[ConversationRef], Event | Signal]]] = {
    What.CORRECTED: lambda ref: MessageUpdated(conversation=ref, message=_message(What.GUEST_WROTE, ref)),
    What.REPORTED: lambda ref: MessageStatusChanged(
        conversation=ref, message_id=1, delivery_status=DeliveryStatus.READ
    ),
    What.READ: lambda ref: MessagesRead(conversation=ref, up_to_id=1, read_at=utc_now(), **_BY),
    What.CHANNEL: lambda ref: ChannelChanged(channel=_channel(ref)),
    What.USER: lambda _: UserChanged(user_id=NOBODY_HERE),
    What.STAY: lambda ref: StayChanged(stay_id=ref.stay_id or 0, guest_id=ref.guest_id, guest_phone=ref.guest_phone),
    What.ACCOUNT: lambda ref: AccountChanged(channel_id=ref.id, account="webchat_user_1"),
    What.UNKNOWN: lambda _: UnknownEvent(),
    What.TYPING: lambda ref: Typing(conversation=ref, is_typing=True, **_BY),
    What.VIEWING: lambda ref: Viewing(conversation=ref, is_viewing=True, **_BY),
    What.CAME: lambda ref: _came(ref),
}


def _came(ref: ConversationRef) -> UserStatus:
    """Somebody of this conversation's department."""
    own = () if ref.department is None else (ref.department,)
    user_id = NOBODY_HERE + ref.id
    return UserStatus(user_id=user_id, user_name="Nobody Here", own_departments=own, departments=own, is_connected=True)


def _changed(what: What, ref: ConversationRef) -> ConversationChanged:
    lost = None
    if what is What.RELAY_ENDED:  # to nobody, from where it was
        lost, ref = ref.department, msgspec.structs.replace(ref, department=None)
    elif what is What.TRANSFERRED:
        lost = LOSERS[ref.department]
    return ConversationChanged(conversation=ref, change=CHANGES[what], previous_department=lost)


def _message(what: What, ref: ConversationRef) -> MessageView:
    sender, kind = WRITTEN[what]
    origins = {SenderType.GUEST: MessageOrigin.GUEST, SenderType.STAFF: MessageOrigin.STAFF}
    return MessageView(
        id=NOBODY_HERE,  # none that stands there already
        conversation_id=ref.id,
        sender_type=sender,
        sender_name="Somebody",
        staff_user_id=NOBODY_HERE if sender is SenderType.STAFF else None,
        origin=origins.get(sender, MessageOrigin.FLOW),
        type=kind,
        content="👍" if kind is MessageType.REACTION else "Hello",
        delivery_status=None,
        delivery_error=None,
        is_note=what is What.NOTED,
        client_message_id=None,
        chat=ref.chat,
        created_at=utc_now(),
        provider_timestamp=None,
    )


def _channel(ref: ConversationRef) -> ChannelView:
    return ChannelView(
        id=ref.id,
        hotel_id=ref.hotel_id,
        platform=ref.platform,
        name="Front desk",
        account="1",
        display_address=None,
        is_active=True,
        paused_at=utc_now(),
        pause_reason="A test",
    )
