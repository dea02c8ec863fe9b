"""What passes: who is typing, who is looking at what, who is here. Told to whoever is there to hear it, and not kept.

A signal has no number of its own in the hotel's sequence; it goes out with the number up to which all has been told.
"""

from datetime import datetime

import msgspec

from app.core.events import StoredEvent
from app.core.types import Department
from app.core.views import ConversationRef


class Typing(msgspec.Struct, frozen=True, kw_only=True, tag="typing"):
    """A staff user writes an answer, or no longer does."""

    conversation: ConversationRef
    user_id: int
    user_name: str
    is_typing: bool


class Viewing(msgspec.Struct, frozen=True, kw_only=True, tag="viewing"):
    """A staff user looks at a conversation, or no longer does."""

    conversation: ConversationRef
    user_id: int
    user_name: str
    is_viewing: bool


class UserStatus(msgspec.Struct, frozen=True, kw_only=True, tag="user_status"):
    """A staff user has come, by their first socket, or gone, with their last.

    ``own_departments`` are those that they work in, ``departments`` those that they are joined to, all for whoever sees
    the whole hotel.
    """

    user_id: int
    user_name: str
    own_departments: tuple[Department, ...]
    departments: tuple[Department, ...]
    is_connected: bool


Signal = Typing | Viewing | UserStatus


class Passing(msgspec.Struct, frozen=True):
    """A signal on its way. Everything up to ``seq`` in the hotel's sequence has been told before it."""

    hotel_id: int
    seq: int
    at: datetime
    event: Signal


Told = StoredEvent | Passing
"""What a socket is told."""
