"""Personal links of guests, the sessions that they open, and the stays that both live by.

All times come from the caller. Of a session's token only the hash is taken and kept, of a link nothing that opens it.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.phones import digits
from app.core.types import StayStatus
from app.models import Guest, GuestLink, GuestSession, Hotel, Stay


class GuestStay(msgspec.Struct, frozen=True, kw_only=True):
    """A stay with its guest and hotel, as they stand. ``guest_phone`` has its ``+``."""

    hotel_id: int
    hotel_name: str
    hotel_language: str
    timezone: str
    guest_id: int
    guest_name: str
    guest_phone: str | None
    stay_id: int
    status: StayStatus
    check_out: date
    room_number: str

    @property
    def number(self) -> str:
        """The guest's own, in digits; empty where none is known."""
        return digits(self.guest_phone or "")


class StoredLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link that was sent, to this number."""

    number: str
    is_revoked: bool
    stay: GuestStay


class StoredSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that has not been ended, opened by a link to this number."""

    id: UUID
    number: str
    stay: GuestStay


_STAY = (
    Stay.hotel_id,
    Hotel.name.label("hotel_name"),
    Hotel.language.label("hotel_language"),
    Hotel.timezone,
    Stay.guest_id,
    Guest.full_name.label("guest_name"),
    Guest.phone.label("guest_phone"),
    Stay.id.label("stay_id"),
    Stay.status,
    Stay.check_out,
    Stay.room_number,
)


class GuestSessionStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock_stay(self, stay_id: int) -> GuestStay | None:
        """A stay, locked until the transaction ends: of its links only the newest is to count."""
        rows = await self._connection.execute(
            stays_with().where(Stay.id == stay_id).with_for_update(of=Stay, key_share=True)
        )
        row = rows.one_or_none()
        return None if row is None else stay_of(row)

    async def stays(self, ids: Collection[int]) -> dict[int, GuestStay]:
        rows = await self._connection.execute(stays_with().where(Stay.id.in_(list(ids))))
        return {row.stay_id: stay_of(row) for row in rows}

    # Links

    async def add_link(self, stay: GuestStay, number: str, *, now: datetime, expires_at: datetime) -> int:
        """The id of a new link. The stay, which is locked, has no other one any more that could be used."""
        await self._connection.execute(
            update(GuestLink)
            .where(GuestLink.stay_id == stay.stay_id, GuestLink.used_at.is_(None), GuestLink.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        link_id: int | None = await self._connection.scalar(
            insert(GuestLink)
            .values(
                hotel_id=stay.hotel_id,
                stay_id=stay.stay_id,
                guest_id=stay.guest_id,
                number=number,
                created_at=now,
                expires_at=expires_at,
            )
            .returning(GuestLink.id)
        )
        assert link_id is not None
        return link_id

    async def use_link(self, link_id: int, stay_id: int, now: datetime) -> bool:
        """Whether this is its first use. Of many at once one is."""
        done = await self._connection.execute(
            update(GuestLink)
            .where(
                GuestLink.id == link_id,
                GuestLink.stay_id == stay_id,
                GuestLink.used_at.is_(None),
                GuestLink.revoked_at.is_(None),
            )
            .values(used_at=now)
            .returning(GuestLink.id)
        )
        return done.one_or_none() is not None

    async def link(self, link_id: int, stay_id: int) -> StoredLink | None:
        rows = await self._connection.execute(
            stays_with(GuestLink.number, GuestLink.revoked_at)
            .join(GuestLink, GuestLink.stay_id == Stay.id)
            .where(GuestLink.id == link_id, GuestLink.stay_id == stay_id)
        )
        row = rows.one_or_none()
        if row is None:
            return None
        return StoredLink(number=row.number, is_revoked=row.revoked_at is not None, stay=stay_of(row))

    # Sessions

    async def open(self, session_id: UUID, link_id: int, link: StoredLink, *, token_hash: bytes, now: datetime) -> None:
        await self._connection.execute(
            insert(GuestSession).values(
                id=session_id,
                hotel_id=link.stay.hotel_id,
                link_id=link_id,
                stay_id=link.stay.stay_id,
                guest_id=link.stay.guest_id,
                number=link.number,
                token_hash=token_hash,
                created_at=now,
            )
        )

    async def by_token(self, token_hash: bytes) -> StoredSession | None:
        rows = await self._connection.execute(
            stays_with(GuestSession.id, GuestSession.number)
            .join(GuestSession, GuestSession.stay_id == Stay.id)
            .where(GuestSession.token_hash == token_hash, GuestSession.ended_at.is_(None))
        )
        row = rows.one_or_none()
        return None if row is None else StoredSession(id=row.id, number=row.number, stay=stay_of(row))

    async def running(self, ids: Collection[UUID]) -> set[UUID]:
        """Those of these sessions that nobody has ended."""
        rows = await self._connection.scalars(
            select(GuestSession.id).where(GuestSession.id.in_(list(ids)), GuestSession.ended_at.is_(None))
        )
        return set(rows)

    async def end(self, session_id: UUID, now: datetime) -> None:
        await self._connection.execute(
            update(GuestSession)
            .where(GuestSession.id == session_id, GuestSession.ended_at.is_(None))
            .values(ended_at=now)
        )

    async def forget(self, left_before: date) -> int:
        """Delete the sessions and links of stays that ended before that day; answers how many links."""
        past = select(Stay.id).where(Stay.check_out < left_before).scalar_subquery()
        await self._connection.execute(delete(GuestSession).where(GuestSession.stay_id.in_(past)))
        done = await self._connection.execute(delete(GuestLink).where(GuestLink.stay_id.in_(past)))
        return done.rowcount


def stays_with(*more: Any) -> Select[*tuple[Any, ...]]:
    """Stays with their guests and hotels, and these columns."""
    return select(*_STAY, *more).join(Guest, Guest.id == Stay.guest_id).join(Hotel, Hotel.id == Stay.hotel_id)


def stay_of(row: Row[*tuple[Any, ...]]) -> GuestStay:
    return GuestStay(**{name: row._mapping[name] for name in GuestStay.__struct_fields__})
