"""Read models: what the store reads and the contracts render. Immutable, and complete: nothing loads later."""

from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from app.core.types import (
    ConversationStatus,
    DeliveryStatus,
    Department,
    MessageOrigin,
    MessageType,
    Platform,
    SenderType,
)

T = TypeVar("T")


class LastMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The newest message of a conversation, kept on its row."""

    id: int
    content: str
    sender_type: SenderType
    at: datetime


class ConversationRef(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as an event carries it: enough to decide who may see it, and to render it in any contract.

    ``stay_id`` is None for a demo, ``department`` until one is chosen, ``guest_phone`` (with its ``+``) for a guest
    without a number.
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

    @property
    def is_demo(self) -> bool:
        return self.stay_id is None


class ConversationView(ConversationRef, frozen=True, kw_only=True):
    """A conversation as lists and details show it."""

    current_step: str | None
    context_data: dict[str, Any]
    last_message: LastMessage | None
    created_at: datetime
    updated_at: datetime

    def as_ref(self) -> ConversationRef:
        """The part that events carry."""
        return ConversationRef(**{name: getattr(self, name) for name in ConversationRef.__struct_fields__})


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message. ``created_at`` is of receipt, ``provider_timestamp`` what the provider says."""

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
    client_message_id: UUID | None
    created_at: datetime
    provider_timestamp: datetime | None


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list, and how many there are in all."""

    items: list[T]
    count: int
