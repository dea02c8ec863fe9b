"""Read models of the staff's desk: conversations as its lists and its chat show them (contract 2).

An item is a conversation with all that a row of the list says: whose it is, how much of it nobody has read, and until
when the guest should have an answer.
"""

from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum

import msgspec

from app.core.types import Department, StayStatus
from app.core.views import ConversationView, MessageView

LONGEST_SEARCH = 100  # characters


class DeskStatus(StrEnum):
    """The desk's three words: whatever is open is active, whatever was put away is archived, open or closed."""

    ACTIVE = "active"
    CLOSED = "closed"
    ARCHIVED = "archived"


class DeskFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which conversations are wanted: all that are seen where nothing is named. ``search`` is what people typed, at
    most LONGEST_SEARCH characters of it."""

    statuses: Collection[DeskStatus] = ()
    department: Department | None = None
    search: str = ""


class DeskItem(ConversationView, frozen=True, kw_only=True):
    """A row of the list.

    ``unread_count``: the guest's messages that nobody of the hotel has read, reactions not among them. Since
    ``waiting_since`` the guest waits for an answer of staff, who owe it until ``reply_due_at``; both are None where
    nobody waits. ``stay_status`` is None without a stay.
    """

    hotel_name: str
    guest_email: str | None
    date_of_birth: date | None
    nationality: str | None
    stay_status: StayStatus | None
    unread_count: int
    waiting_since: datetime | None
    reply_due_at: datetime | None


class ParticipantView(msgspec.Struct, frozen=True, kw_only=True):
    """A staff user who takes part in a conversation, and how far they have read."""

    user_id: int
    name: str
    is_active: bool
    last_read_message_id: int | None
    last_read_at: datetime | None


class DeskThread(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation with who takes part in it and some of its messages, the oldest first."""

    item: DeskItem
    participants: list[ParticipantView]
    messages: list[MessageView]
