"""Who is calling, and what that lets them see: plain data, decided in ``services/access.py``."""

from datetime import datetime
from uuid import UUID

import msgspec

from app.core.types import Department, UserType


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The conversations that somebody sees: those of one hotel and, unless ``departments`` is None, of these only.

    A conversation that has no department yet is in every scope of its hotel.
    """

    hotel_id: int
    departments: frozenset[Department] | None = None

    def covers(self, hotel_id: int, department: Department | None) -> bool:
        if hotel_id != self.hotel_id:
            return False
        return self.departments is None or department is None or department in self.departments


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in user, as their session and row stood when they were looked up."""

    user_id: int
    hotel_id: int
    username: str
    name: str
    user_type: UserType
    departments: frozenset[Department]
    session_id: UUID
    session_expires_at: datetime

    @property
    def is_staff(self) -> bool:
        return self.user_type is not UserType.GUEST


class GuestPrincipal(msgspec.Struct, frozen=True, kw_only=True):
    """A guest who listens to their own conversations, as long as their stay lasts.

    ``number`` is theirs, in digits. ``session_id`` names the guest session behind their token, None where none was
    asked for.
    """

    hotel_id: int
    guest_id: int
    stay_id: int
    number: str
    session_id: UUID | None = None
    session_expires_at: datetime


class VisitorPrincipal(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever writes and reads in a hotel's web chat, on one channel (contract 5).

    ``account`` is their account's id there; it need not exist before they write. Who they are stands in one of three: a
    ``user`` who has signed in, a ``guest`` who opened their personal link, else the ``key`` of a visitor's session.
    """

    hotel_id: int
    channel_id: int
    account: str
    user: Principal | None = None
    guest: GuestPrincipal | None = None
    key: str | None = None
    session_expires_at: datetime


Caller = Principal | GuestPrincipal | VisitorPrincipal
