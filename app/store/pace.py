"""How fast the providers let us write: who has to wait until when, a channel or one guest on it, and who may be
written to freely.

A refusal for going too fast raises a level, and with it the wait; an acceptance lowers it. Sends that were under way
when the wait began tell nothing new: they count as the same refusal.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import Account, Channel

Until = Callable[[int], datetime]
"""When the next try may be, by the level: how many refusals in a row."""

HIGHEST = 10
"""No wait grows any more beyond this level, and the way down should not be long."""


class PaceStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def slow_channel(self, channel_id: int, claimed_at: datetime, until: Until) -> datetime:
        """The provider takes nothing more from this channel: when to go on. ``claimed_at``: when that send began."""
        where = Channel.id == channel_id
        row = (
            await self._connection.execute(
                select(Channel.not_before, Channel.throttle_level).where(where).with_for_update(key_share=True)
            )
        ).one()
        level, not_before = _slower(row.throttle_level, row.not_before, claimed_at, until)
        await self._connection.execute(update(Channel).where(where).values(not_before=not_before, throttle_level=level))
        return not_before

    async def slow_account(self, channel_id: int, address: str, claimed_at: datetime, until: Until) -> datetime | None:
        """The same for one guest's address on a channel; None where they have another address by now."""
        where = (Account.channel_id == channel_id, Account.address == address)
        row = (
            await self._connection.execute(
                select(Account.not_before, Account.throttle_level).where(*where).with_for_update(key_share=True)
            )
        ).one_or_none()
        if row is None:
            return None
        level, not_before = _slower(row.throttle_level, row.not_before, claimed_at, until)
        await self._connection.execute(
            update(Account).where(*where).values(not_before=not_before, throttle_level=level)
        )
        return not_before

    async def ease_channel(self, channel_id: int) -> None:
        """One step back: a send was accepted."""
        await self._connection.execute(
            update(Channel)
            .where(Channel.id == channel_id, Channel.throttle_level > 0)
            .values(throttle_level=Channel.throttle_level - 1)
        )

    async def ease_account(self, channel_id: int, address: str) -> None:
        """The next refusal is the first one again."""
        await self._connection.execute(
            update(Account)
            .where(Account.channel_id == channel_id, Account.address == address)
            .values(throttle_level=0, not_before=None)
        )

    async def lock_window(self, channel_id: int, address: str) -> datetime | None:
        """When the guest's last message opened the window, and that no other comes before this transaction ends."""
        opened_at: datetime | None = await self._connection.scalar(
            select(Account.last_inbound_at)
            .where(Account.channel_id == channel_id, Account.address == address)
            .with_for_update(key_share=True)
        )
        return opened_at

    async def close_window(self, channel_id: int, address: str, opened_at: datetime) -> None:
        """The provider takes no free text any more: as if the guest's last message came at ``opened_at`` at the
        latest."""
        await self._connection.execute(
            update(Account)
            .where(Account.channel_id == channel_id, Account.address == address, Account.last_inbound_at > opened_at)
            .values(last_inbound_at=opened_at)
        )


def _slower(level: int, not_before: datetime | None, claimed_at: datetime, until: Until) -> tuple[int, datetime]:
    if not_before is None or claimed_at >= not_before:
        level = min(level + 1, HIGHEST)
    wanted = until(max(level, 1))
    return level, wanted if not_before is None else max(not_before, wanted)
