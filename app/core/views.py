"""Read models: what the store reads and the contracts render. Immutable, and complete: nothing loads later.

What events carry is kept with them: a field that is added has a default, by which the events of the release before it
are still read.
"""

from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from app.core.types import (
    ConversationStatus,
    DeliveryStatus,
    Department,
    MediaState,
    MessageOrigin,
    MessageType,
    Platform,
    RequestStatus,
    SenderType,
)

T = TypeVar("T")

UNKNOWN_TIME = datetime.fromtimestamp(0, UTC)
"""Of what an earlier release kept without its time."""


class ChatRef(msgspec.Struct, frozen=True, kw_only=True):
    """One of a visitor's chats on a hotel's site, as contract 5 names it: ``account`` is the account's id there
    (``webchat_user_12``), ``public_id`` the chat's, which is the account's own unless the client has named one."""

    id: int
    channel_id: int
    account: str
    public_id: str


class OpenChat(msgspec.Struct, frozen=True, kw_only=True):
    """A chat as its visitor's socket opens it. Messages up to ``cleared_up_to`` are not theirs to see any more."""

    public_id: str
    cleared_up_to: int


class LastMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The newest message of a conversation, kept on its row."""

    id: int
    content: str
    sender_type: SenderType
    at: datetime


class ConversationRef(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as an event carries it: enough to decide who may see it, and to render it in any contract.

    ``stay_id`` is None for a demo, ``department`` until one is chosen, ``guest_phone`` (with its ``+``) for a guest
    without a number. Until ``window_closes_at`` free text may be sent; None where it may always, or where the guest has
    not written yet. ``chat`` is where it goes on while it is on a web chat.
    """

    id: int
    hotel_id: int
    stay_id: int | None
    guest_id: int
    guest_name: str
    guest_phone: str | None
    room_number: str | None
    floor: int | None
    platform: Platform
    status: ConversationStatus
    department: Department | None
    assignee_id: int | None
    window_closes_at: datetime | None = None
    assignee_name: str | None = None
    conversation_type: str = "general"
    priority: int = 1
    is_archived: bool = False
    last_message_preview: str | None = None
    created_at: datetime = UNKNOWN_TIME
    chat: ChatRef | None = None

    @property
    def is_demo(self) -> bool:
        return self.stay_id is None


class ConversationView(ConversationRef, frozen=True, kw_only=True):
    """A conversation as lists and details show it."""

    current_step: str | None
    context_data: dict[str, Any]
    last_message: LastMessage | None
    updated_at: datetime

    def as_ref(self) -> ConversationRef:
        """The part that events carry."""
        return ConversationRef(**{name: getattr(self, name) for name in ConversationRef.__struct_fields__})


class MediaView(msgspec.Struct, frozen=True, kw_only=True):
    """The file of a message.

    ``restricted``: the identity document of a stay, which only reception and managers may see, by the way that logs
    each look. ``size`` is in bytes, ``width`` and ``height`` in pixels. ``error`` says why it is not there.
    """

    id: int
    state: MediaState
    mime_type: str | None
    filename: str | None
    size: int | None
    width: int | None
    height: int | None
    voice: bool
    has_thumbnail: bool
    restricted: bool
    error: str | None


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message. ``created_at`` is of receipt, ``provider_timestamp`` what the provider says.

    ``details`` holds what has no field of its own (coordinates, cards, a menu's options), ``reply_to_id`` the message
    that this one answers or reacts to. A note is for staff alone. ``read_at``: when the hotel first read a guest's, or
    when the guest read one of ours, as far as their provider tells. ``chat`` is the visitor's chat in which it stands,
    wherever its conversation has gone since.
    """

    id: int
    conversation_id: int
    sender_type: SenderType
    sender_name: str
    staff_user_id: int | None
    origin: MessageOrigin
    type: MessageType
    content: str
    delivery_status: DeliveryStatus | None
    delivery_error: str | None
    delivery_error_code: int | None = None
    details: dict[str, Any] = {}
    media: MediaView | None = None
    reply_to_id: int | None = None
    is_note: bool = False
    edited_at: datetime | None = None
    revoked_at: datetime | None = None
    read_at: datetime | None = None
    client_message_id: UUID | None
    chat: ChatRef | None = None
    created_at: datetime
    provider_timestamp: datetime | None

    @property
    def is_said(self) -> bool:
        """By guest or hotel to each other: no note, which is for staff, and no reaction."""
        return not self.is_note and self.type is not MessageType.REACTION


class ChannelView(msgspec.Struct, frozen=True, kw_only=True):
    """One of the hotel's numbers, pages or sites. While it is paused, for ``pause_reason``, nothing leaves by it."""

    id: int
    hotel_id: int
    platform: Platform
    name: str
    account: str
    display_address: str | None
    is_active: bool
    paused_at: datetime | None
    pause_reason: str | None


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """A step that the processing of a message came to, and when."""

    status: RequestStatus
    at: datetime


class RequestView(msgspec.Struct, frozen=True, kw_only=True):
    """The processing of a visitor's message. ``category`` is the flow or the department that took it, ``chat`` the id
    of its chat in contract 5. A failed one is tried again at ``next_attempt_at``, None where it no longer is."""

    id: int
    hotel_id: int
    message_id: int
    conversation_id: int
    chat: str | None
    guest_id: int | None
    guest_name: str | None
    status: RequestStatus
    category: str | None
    attempts: int
    error: str | None
    history: tuple[Stage, ...]
    next_attempt_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list, and how many there are in all."""

    items: list[T]
    count: int
