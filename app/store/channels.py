"""The hotels' channels, as inbound routing and the outbox need them."""

from collections.abc import Collection

import msgspec
from sqlalchemy import ColumnElement, and_, any_, func, literal, select, true, update
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.types import Platform
from app.core.views import ChannelView
from app.models import Channel, Hotel

INTERNAL_NAME = "Guest app"


class ChannelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A channel with what is needed of its hotel. ``credentials`` are still encrypted."""

    id: int
    hotel_id: int
    platform: Platform
    account: str
    business_account: str | None
    credentials: bytes
    hotel_name: str
    hotel_language: str


_VIEW = (
    Channel.id,
    Channel.hotel_id,
    Channel.platform,
    Channel.name,
    Channel.account,
    Channel.display_address,
    Channel.is_active,
    Channel.paused_at,
    Channel.pause_reason,
)


class ChannelStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def by_accounts(self, platform: Platform, accounts: Collection[str]) -> list[ChannelRecord]:
        """The active channels with these provider ids."""
        return await self._select(
            Channel.platform == platform, Channel.account == any_(literal(list(accounts), ARRAY(TEXT)))
        )

    async def of_platform(self, platform: Platform) -> list[ChannelRecord]:
        """Every active channel of a platform, the oldest first."""
        return await self._select(Channel.platform == platform)

    async def first_of(
        self, platform: Platform, *, channel_id: int | None = None, hotel_id: int | None = None
    ) -> ChannelRecord | None:
        """The oldest active channel of a platform, of those with this id and of this hotel where these are named."""
        named = [(Channel.id, channel_id), (Channel.hotel_id, hotel_id)]
        where = [column == value for column, value in named if value is not None]
        return next(iter(await self._select(Channel.platform == platform, *where, limit=1)), None)

    async def by_ids(self, ids: Collection[int]) -> list[ChannelRecord]:
        return await self._select(Channel.id.in_(list(ids)))

    async def internal(self, hotel_id: int) -> int:
        """The id of the hotel's own channel, which is made when it is first needed; of several at once one makes it."""
        account = f"hotel-{hotel_id}"
        own = select(Channel.id).where(Channel.platform == Platform.INTERNAL, Channel.account == account)
        channel_id: int | None = await self._connection.scalar(own)
        if channel_id is None:
            new = upsert(Channel).values(
                hotel_id=hotel_id, platform=Platform.INTERNAL, account=account, name=INTERNAL_NAME
            )
            await self._connection.execute(new.on_conflict_do_nothing())
            channel_id = await self._connection.scalar(own)
        assert channel_id is not None, "made"
        return channel_id

    async def of_hotel(self, hotel_id: int) -> list[ChannelView]:
        """All of a hotel's channels, also those that are not in use, the oldest first."""
        rows = await self._connection.execute(select(*_VIEW).where(Channel.hotel_id == hotel_id).order_by(Channel.id))
        return [ChannelView(**row) for row in rows.mappings()]

    async def view(self, channel_id: int) -> ChannelView | None:
        """Also one that is not in use."""
        rows = await self._connection.execute(select(*_VIEW).where(Channel.id == channel_id))
        row = rows.mappings().one_or_none()
        return ChannelView(**row) if row else None

    async def pause(self, channel_id: int, reason: str, *, refused: bytes | None = None) -> ChannelView | None:
        """Stop sending on a channel until it is mended; what waits for it stays in the outbox.

        None where it was paused before, or where its sealed credentials are others by now than those ``refused``.
        """
        known = true() if refused is None else Channel.credentials == refused
        return await self._change(
            channel_id, and_(Channel.paused_at.is_(None), known), paused_at=func.now(), pause_reason=reason[:500]
        )

    async def resume(self, channel_id: int) -> ChannelView | None:
        """Send again, at once. None where it was not paused."""
        return await self._change(
            channel_id,
            Channel.paused_at.is_not(None),
            paused_at=None,
            pause_reason=None,
            not_before=None,
            throttle_level=0,
        )

    async def _change(self, channel_id: int, where: ColumnElement[bool], **values: object) -> ChannelView | None:
        rows = await self._connection.execute(
            update(Channel).where(Channel.id == channel_id, where).values(**values).returning(*_VIEW)
        )
        row = rows.mappings().one_or_none()
        return ChannelView(**row) if row else None

    async def _select(self, *where: ColumnElement[bool], limit: int | None = None) -> list[ChannelRecord]:
        rows = await self._connection.execute(
            select(
                Channel.id,
                Channel.hotel_id,
                Channel.platform,
                Channel.account,
                Channel.business_account,
                Channel.credentials,
                Hotel.name.label("hotel_name"),
                Hotel.language.label("hotel_language"),
            )
            .join(Hotel, Hotel.id == Channel.hotel_id)
            .where(Channel.is_active, *where)
            .order_by(Channel.id)
            .limit(limit)
        )
        return [ChannelRecord(**row) for row in rows.mappings()]
