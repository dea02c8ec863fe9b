"""The people of a hotel as its own books name them: staff by user name, guests by phone, stays by guest and day."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Row, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.types import IdentityKind, StayStatus
from app.models import Guest, GuestIdentity, Stay, User
from app.store.saving import Saved, change, create, save

NUMBER_KINDS = (IdentityKind.PHONE, IdentityKind.WHATSAPP)
OPEN = (StayStatus.PENDING, StayStatus.ACTIVE)


class StoredUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user as they stand."""

    id: int
    hotel_id: int
    password_hash: str
    user_type: str
    departments: list[str]
    is_active: bool


class DirectoryStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def user(self, username: str) -> StoredUser | None:
        """The user of this name, in any case and whichever hotel, locked until the transaction ends."""
        found = await self._connection.execute(
            select(User.id, User.hotel_id, User.password_hash, User.user_type, User.departments, User.is_active)
            .where(func.lower(User.username) == func.lower(username))
            .with_for_update(key_share=True)
        )
        row = found.one_or_none()
        return row and StoredUser(**row._mapping)

    async def add_user(self, hotel_id: int, values: Mapping[str, Any]) -> Saved:
        return await create(self._connection, User, {"hotel_id": hotel_id, **values})

    async def save_user(self, user_id: int, values: Mapping[str, Any]) -> Saved:
        return await save(self._connection, User, {"id": user_id}, values)

    async def save_guest(self, hotel_id: int, numbers: Sequence[str], values: Mapping[str, Any]) -> Saved:
        """The guest whom the hotel knows by one of ``numbers`` (digits; spellings of one line, the first one counts
        most), or a new one. From then on they are known by the first.

        Books may go on naming a guest by a number that is theirs no longer: who was known by it and has that name is
        meant, and keeps the number that they have now.
        """
        former = await self._formerly(hotel_id, numbers, values["full_name"])
        if former is not None:
            known = {name: value for name, value in values.items() if name != "phone"}
            return await save(self._connection, Guest, {"id": former}, known)
        guest_id = await self._guest_id(hotel_id, numbers)
        if guest_id is None:
            created = await create(self._connection, Guest, {"hotel_id": hotel_id, **values})
            if await self._identify(hotel_id, created.id, numbers[0]):
                return created
            # A message of theirs came first and made them known while we did: the guest is that one.
            await self._connection.execute(delete(Guest).where(Guest.id == created.id))
            guest_id = await self._guest_id(hotel_id, numbers)
        saved = await save(self._connection, Guest, {"id": guest_id}, values)
        await self._identify(hotel_id, saved.id, numbers[0])
        return saved

    async def _guest_id(self, hotel_id: int, numbers: Sequence[str]) -> int | None:
        found: int | None = await self._connection.scalar(
            select(GuestIdentity.guest_id)
            .where(
                GuestIdentity.hotel_id == hotel_id,
                GuestIdentity.kind.in_(NUMBER_KINDS),
                GuestIdentity.value.in_(numbers),
            )
            .order_by((GuestIdentity.value == numbers[0]).desc(), GuestIdentity.id)
            .limit(1)
        )
        return found

    async def _formerly(self, hotel_id: int, numbers: Sequence[str], name: str) -> int | None:
        found: int | None = await self._connection.scalar(
            select(GuestIdentity.guest_id)
            .join(Guest, Guest.id == GuestIdentity.guest_id)
            .where(
                GuestIdentity.hotel_id == hotel_id,
                GuestIdentity.kind == IdentityKind.FORMER_PHONE,
                GuestIdentity.value.in_(numbers),
                func.lower(Guest.full_name) == func.lower(name),
            )
            .limit(1)
        )
        return found

    async def _identify(self, hotel_id: int, guest_id: int, number: str) -> bool:
        """Whether nobody was known by this number yet, in any way."""
        identities = [
            {"hotel_id": hotel_id, "guest_id": guest_id, "kind": kind, "value": number} for kind in NUMBER_KINDS
        ]
        done = await self._connection.execute(
            upsert(GuestIdentity).values(identities).on_conflict_do_nothing().returning(GuestIdentity.id)
        )
        return len(done.all()) == len(identities)

    async def save_stay(
        self, hotel_id: int, guest_id: int, check_in: date, values: Mapping[str, Any], *, move: bool
    ) -> Saved:
        """The guest's stay that begins on ``check_in``. Where there is none and ``move``, their open stay that would
        begin last is moved to that day."""
        key = {"hotel_id": hotel_id, "guest_id": guest_id, "check_in": check_in}
        if move and (stay := await self._open_stay(guest_id, check_in)):
            return await change(self._connection, Stay, stay, {"check_in": check_in, **values})
        return await save(self._connection, Stay, key, values, first={"status": StayStatus.PENDING})

    async def _open_stay(self, guest_id: int, check_in: date) -> Row[Any] | None:
        found = await self._connection.execute(
            select(Stay.__table__)
            .where(Stay.guest_id == guest_id, or_(Stay.check_in == check_in, Stay.status.in_(OPEN)))
            .order_by((Stay.check_in == check_in).desc(), Stay.check_in.desc())
            .limit(1)
            .with_for_update(key_share=True)
        )
        return found.one_or_none()
