"""The core's own events: what happened in a hotel, in the order of the hotel's sequence.

Only ``store/unit_of_work.py`` emits them. Every socket gets them rendered by the codec of its contract. An event is
complete: rendering it and deciding who may see it needs no query.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from app.core.types import DeliveryStatus, Department
from app.core.views import ChannelView, ConversationRef, MessageView


class Change(StrEnum):
    """What happened to a conversation."""

    CREATED = "created"
    RELAY_STARTED = "relay_started"
    RELAY_ENDED = "relay_ended"
    REOPENED = "reopened"
    CLOSED = "closed"
    TRANSFERRED = "transferred"
    ASSIGNED = "assigned"
    MOVED = "moved"  # to another channel, by which its guest writes now
    PRIORITISED = "prioritised"


class MessageCreated(msgspec.Struct, frozen=True, kw_only=True, tag="message.created", forbid_unknown_fields=True):
    """Somebody wrote: guest, staff or flow."""

    conversation: ConversationRef
    message: MessageView


class MessageUpdated(msgspec.Struct, frozen=True, kw_only=True, tag="message.updated", forbid_unknown_fields=True):
    """A message reads otherwise than before: its file has come, its guest edited it or took it back."""

    conversation: ConversationRef
    message: MessageView


class MessageStatusChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag="message.status_changed", forbid_unknown_fields=True
):
    """What became of a message on its way to the guest. ``error`` is a sentence for staff: why it failed or waits."""

    conversation: ConversationRef
    message_id: int
    delivery_status: DeliveryStatus
    error: str | None = None
    error_code: int | None = None


class ConversationChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag="conversation.changed", forbid_unknown_fields=True
):
    """A conversation began, changed hands, or came to another channel. ``actor_id`` is the staff user who did it, None
    for flow and guest.

    ``previous_department`` is the one that has lost it, and hears of that.
    """

    conversation: ConversationRef
    change: Change
    actor_id: int | None = None
    actor_name: str | None = None
    previous_department: Department | None = None

    @property
    def was_nobodys(self) -> bool:
        """Whether a department has taken it that none had, and that all staff of the hotel saw until now."""
        return self.change is Change.TRANSFERRED and self.previous_department is None

    @property
    def leaves_nobodys(self) -> bool:
        """Whether it stands no longer, perhaps, among those that no department has: a relay takes it from there too."""
        return self.was_nobodys or (self.change is Change.RELAY_STARTED and self.conversation.department is not None)


class MessagesRead(msgspec.Struct, frozen=True, kw_only=True, tag="message.read", forbid_unknown_fields=True):
    """Messages of a guest that nobody of the hotel had read: these, or where it names none all up to ``up_to_id``."""

    conversation: ConversationRef
    user_id: int
    user_name: str
    up_to_id: int
    message_ids: tuple[int, ...] = ()
    read_at: datetime


class ChannelChanged(msgspec.Struct, frozen=True, kw_only=True, tag="channel.changed", forbid_unknown_fields=True):
    """A channel was paused (its credentials or its standing are at fault: nothing leaves by it), or goes on."""

    channel: ChannelView


class UserChanged(msgspec.Struct, frozen=True, kw_only=True, tag="user.changed", forbid_unknown_fields=True):
    """A staff user's rights changed, or their sessions ended: their sockets look again.

    ``session_id`` narrows it to one session that ended.
    """

    user_id: int
    session_id: UUID | None = None


class StayChanged(msgspec.Struct, frozen=True, kw_only=True, tag="stay.changed", forbid_unknown_fields=True):
    """A stay began, ended or moved its dates: its guest's own sockets look again."""

    stay_id: int
    guest_id: int
    guest_phone: str | None


class AccountChanged(msgspec.Struct, frozen=True, kw_only=True, tag="account.changed", forbid_unknown_fields=True):
    """A visitor's account of a web chat is another guest's now, or has gone: the visitor's own sockets look again."""

    channel_id: int
    account: str


class UnknownEvent(msgspec.Struct, frozen=True, tag="unknown"):
    """One that another release has written, and this one cannot read. Nobody is told; its number counts."""


Event = (
    MessageCreated
    | MessageUpdated
    | MessageStatusChanged
    | MessagesRead
    | ConversationChanged
    | ChannelChanged
    | UserChanged
    | StayChanged
    | AccountChanged
    | UnknownEvent
)


class StoredEvent(msgspec.Struct, frozen=True):
    """An event with its place in its hotel's sequence. ``at`` is when it was written."""

    hotel_id: int
    seq: int
    at: datetime
    event: Event


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    return _encoder.encode(event)


def decode(payload: bytes | str) -> Event:
    """The event; UnknownEvent where a newer release wrote it, as happens while one replaces the other."""
    try:
        event: Event = _decoder.decode(payload)
    except msgspec.ValidationError:
        return UnknownEvent()
    return event
