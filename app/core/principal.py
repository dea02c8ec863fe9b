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


Caller = Principal | GuestPrincipal
