"""Users: who they are, and the hash of their password."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Result, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.profile import Profile
from app.core.types import Department, UserType
from app.models import Hotel, User


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a sign-in is checked against."""

    user_id: int
    password_hash: str
    is_active: bool


class NewUser(msgspec.Struct, frozen=True, kw_only=True):
    hotel_id: int
    guest_id: int
    username: str
    password_hash: str
    first_name: str
    last_name: str
    email: str
    user_type: UserType


class UserStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def credentials(self, username: str) -> Credentials | None:
        """Those of the user of this name, whatever the case it is written in."""
        found = await self._connection.execute(
            select(User.id, User.password_hash, User.is_active).where(func.lower(User.username) == func.lower(username))
        )
        row = found.one_or_none()
        if row is None:
            return None
        return Credentials(user_id=row.id, password_hash=row.password_hash, is_active=row.is_active)

    async def profile(self, user_id: int) -> Profile | None:
        return _profile(await self._connection.execute(_PROFILE.where(User.id == user_id)))

    async def active(self, user_id: int) -> Profile | None:
        """The same, for one who may sign in."""
        return _profile(await self._connection.execute(_PROFILE.where(User.id == user_id, User.is_active)))

    async def add(self, user: NewUser) -> Profile | None:
        """None where the name is taken, in whatever case. Of two at once one takes it."""
        new = upsert(User).values(**msgspec.structs.asdict(user)).on_conflict_do_nothing().returning(User.id)
        user_id = await self._connection.scalar(new)
        return None if user_id is None else await self.profile(user_id)

    async def is_taken(self, username: str) -> bool:
        """In whatever case."""
        taken = select(User.id).where(func.lower(User.username) == func.lower(username))
        return await self._connection.scalar(taken) is not None

    async def lock_verified(self, credentials: Credentials) -> Profile | None:
        """The active user whose password is still the one that was verified, kept so until the transaction ends."""
        found = await self._connection.execute(
            _PROFILE.where(
                User.id == credentials.user_id, User.password_hash == credentials.password_hash, User.is_active
            ).with_for_update(of=User, key_share=True)
        )
        return _profile(found)

    async def set_password_hash(self, user_id: int, password_hash: str, now: datetime) -> int | None:
        """The user's hotel, or None where there is no such user."""
        return await self._update(user_id, password_hash=password_hash, updated_at=now)

    async def set_active(self, user_id: int, *, is_active: bool, now: datetime) -> int | None:
        """The user's hotel, or None where there is no such user."""
        return await self._update(user_id, is_active=is_active, updated_at=now)

    async def lock_guest_of(self, user_id: int) -> int | None:
        """The guest who this user is, if any, kept so until the transaction ends."""
        guest_id: int | None = await self._connection.scalar(
            select(User.guest_id).where(User.id == user_id).with_for_update(key_share=True)
        )
        return guest_id

    async def set_guest(self, user_id: int, guest_id: int) -> None:
        await self._connection.execute(update(User).where(User.id == user_id).values(guest_id=guest_id))

    async def _update(self, user_id: int, **values: object) -> int | None:
        hotel_id: int | None = await self._connection.scalar(
            update(User).where(User.id == user_id).values(**values).returning(User.hotel_id)
        )
        return hotel_id


_PROFILE = select(
    User.id,
    User.username,
    User.first_name,
    User.last_name,
    User.email,
    User.user_type,
    User.departments,
    User.hotel_id,
    Hotel.slug.label("hotel_slug"),
    Hotel.name.label("hotel_name"),
).join(Hotel, Hotel.id == User.hotel_id)


def _profile(found: Result[*tuple[Any, ...]]) -> Profile | None:
    row = found.mappings().one_or_none()
    if row is None:
        return None
    return Profile(**{**row, "departments": tuple(map(Department, row["departments"]))})
