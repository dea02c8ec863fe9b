"""Guests with an active stay, found by what they call their number."""

from collections.abc import Sequence
from datetime import date

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.types import IdentityKind, StayStatus
from app.models import Guest, GuestIdentity, Stay
from app.store.guest_sessions import GuestStay, stay_of, stays_with

NUMBER_KINDS = (IdentityKind.PHONE, IdentityKind.WHATSAPP)


class KnownStay(msgspec.Struct, frozen=True, kw_only=True):
    """An active stay of a guest. ``known_as`` is the spelling by which they were found."""

    stay: GuestStay
    known_as: str
    check_in: date

    @property
    def number(self) -> str:
        """The guest's own number in digits, however they were asked for."""
        return self.stay.number or self.known_as


class PresentGuestStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def by_number(self, spellings: Sequence[str], *, hotel_id: int | None = None) -> list[KnownStay]:
        """The active stays of whoever is known by one of these spellings of a line, in this hotel where one is named.

        Within each hotel in the order in which they count: by the first spelling before the others, then what began
        last.
        """
        conditions = [
            GuestIdentity.kind.in_(NUMBER_KINDS),
            GuestIdentity.value.in_(spellings),
            Stay.status == StayStatus.ACTIVE,
        ]
        if hotel_id is not None:
            conditions.append(GuestIdentity.hotel_id == hotel_id)
        rows = await self._connection.execute(
            stays_with(GuestIdentity.value.label("known_as"), Stay.check_in)
            .join(GuestIdentity, GuestIdentity.guest_id == Guest.id)
            .where(*conditions)
            .order_by(Stay.hotel_id, (GuestIdentity.value == spellings[0]).desc(), Stay.check_in.desc(), Stay.id.desc())
        )
        return [KnownStay(stay=stay_of(row), known_as=row.known_as, check_in=row.check_in) for row in rows]
