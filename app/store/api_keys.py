"""Hotels' keys for programs of their own. Only hashes of them ever come here."""

from datetime import datetime

import msgspec
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import ApiKey


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A key without what it opens with."""

    id: int
    name: str
    created_at: datetime
    revoked_at: datetime | None


_RECORD = (ApiKey.id, ApiKey.name, ApiKey.created_at, ApiKey.revoked_at)


class ApiKeyStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, hotel_id: int, name: str, key_hash: bytes, at: datetime) -> int | None:
        """The id of the new key; None where the hotel has had one of this name."""
        key_id: int | None = await self._connection.scalar(
            upsert(ApiKey)
            .values(hotel_id=hotel_id, name=name, key_hash=key_hash, created_at=at)
            .on_conflict_do_nothing()
            .returning(ApiKey.id)
        )
        return key_id

    async def find(self, hotel_id: int, name: str) -> KeyRecord | None:
        """Locked until the transaction ends."""
        rows = await self._connection.execute(
            select(*_RECORD).where(ApiKey.hotel_id == hotel_id, ApiKey.name == name).with_for_update()
        )
        row = rows.mappings().one_or_none()
        return KeyRecord(**row) if row else None

    async def revoke(self, key_id: int, at: datetime) -> None:
        await self._connection.execute(update(ApiKey).where(ApiKey.id == key_id).values(revoked_at=at))

    async def hotel_of(self, key_hash: bytes) -> int | None:
        """Whose key it is; None for one that is unknown or revoked."""
        hotel_id: int | None = await self._connection.scalar(
            select(ApiKey.hotel_id).where(ApiKey.key_hash == key_hash, ApiKey.revoked_at.is_(None))
        )
        return hotel_id

    async def of_hotel(self, hotel_id: int) -> list[KeyRecord]:
        """All keys that the hotel has or had, the oldest first."""
        rows = await self._connection.execute(select(*_RECORD).where(ApiKey.hotel_id == hotel_id).order_by(ApiKey.id))
        return [KeyRecord(**row) for row in rows.mappings()]
