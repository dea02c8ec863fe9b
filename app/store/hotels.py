"""Hotels, with their channels and canned replies, as they are set up."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.types import Platform
from app.models import Channel, Hotel, HotelSequence, MessageTemplate
from app.store.saving import Saved, save

SETUP_LOCK = 0x4C6F6262790002  # any number that nobody else locks in this database


class StoredChannel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as it stands. ``credentials`` are encrypted."""

    id: int
    hotel_id: int
    business_account: str | None
    credentials: bytes


class HotelStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock_setup(self) -> None:
        """Until the transaction ends, nobody else sets up a hotel."""
        await self._connection.execute(select(func.pg_advisory_xact_lock(SETUP_LOCK)))

    async def id_of(self, slug: str) -> int | None:
        found: int | None = await self._connection.scalar(select(Hotel.id).where(Hotel.slug == slug))
        return found

    async def save_hotel(self, slug: str, values: Mapping[str, Any]) -> Saved:
        """A hotel; a new one gets the sequence that its events are numbered by."""
        saved = await save(self._connection, Hotel, {"slug": slug}, values)
        await self._connection.execute(upsert(HotelSequence).values(hotel_id=saved.id).on_conflict_do_nothing())
        return saved

    async def channel(self, platform: Platform, account: str) -> StoredChannel | None:
        """The channel with this account, whichever hotel has it, locked until the transaction ends."""
        found = await self._connection.execute(
            select(Channel.id, Channel.hotel_id, Channel.business_account, Channel.credentials)
            .where(Channel.platform == platform, Channel.account == account)
            .with_for_update(key_share=True)
        )
        row = found.one_or_none()
        return row and StoredChannel(**row._mapping)

    async def save_channel(self, hotel_id: int, platform: Platform, account: str, values: Mapping[str, Any]) -> Saved:
        key = {"hotel_id": hotel_id, "platform": platform, "account": account}
        return await save(self._connection, Channel, key, values)

    async def save_template(self, hotel_id: int, name: str, values: Mapping[str, Any]) -> Saved:
        return await save(self._connection, MessageTemplate, {"hotel_id": hotel_id, "name": name}, values)
