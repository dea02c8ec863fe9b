"""What is thrown away in time: old events, ended sessions, finished deliveries, raw bodies, files.

Each part stands alone: one that fails holds up no other, and is tried again an hour later.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from app.core.clock import Clock
from app.services.files.keeping import MediaKeeping
from app.store.database import Database
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

FIRST_AFTER: Final = 60.0
EVERY: Final = 3600.0
SWEEP_EVERY: Final = timedelta(days=1)
EVENTS_KEPT: Final = timedelta(days=7)
SESSIONS_KEPT: Final = timedelta(days=7)
BATCH: Final = 1000

Forget = Callable[[UnitOfWork, datetime, int], Awaitable[int]]


class Housekeeping:
    """``delivery_days`` and ``inbound_days``: how long finished deliveries with their reports, and raw bodies and
    corrections, stay."""

    def __init__(
        self, *, database: Database, media: MediaKeeping, delivery_days: int, inbound_days: int, clock: Clock
    ) -> None:
        self._database = database
        self._media = media
        self._deliveries_kept = timedelta(days=delivery_days)
        self._bodies_kept = timedelta(days=inbound_days)
        self._clock = clock
        self._swept_at: datetime | None = None

    async def run(self) -> None:
        """Tidy up a minute after the start and then every hour, until cancelled. No error ends it."""
        await asyncio.sleep(FIRST_AFTER)
        while True:
            await self.tidy()
            await asyncio.sleep(EVERY)

    async def tidy(self) -> dict[str, int | None]:
        """How many of each kind are gone; None for a part that failed.

        Events go after a week: a client that comes back later starts afresh.
        """
        parts: dict[str, Callable[[], Awaitable[int]]] = {
            "events": self._events,
            "sessions": self._sessions,
            "guest_links": self._guest_links,
            "files": self._media.tidy,
            "scratch": self._media.clear_scratch,
            "stray_bytes": self._sweep,
            "deliveries": self._deliveries,
            "statuses": self._statuses,
            "bodies": self._bodies,
            "corrections": self._corrections,
        }
        gone: dict[str, int | None] = {}
        for name, part in parts.items():
            try:
                gone[name] = await part()
            except Exception as error:  # the next hour tries again
                log.warning("housekeeping_failed", part=name, error=repr(error))
                gone[name] = None
        log.info("tidied", **gone)
        return gone

    async def _events(self) -> int:
        async with self._database.transaction() as work:
            return await work.events.forget(self._clock() - EVENTS_KEPT)

    async def _sessions(self) -> int:
        async with self._database.transaction() as work:
            return await work.sessions.forget_ended(self._clock() - SESSIONS_KEPT)

    async def _guest_links(self) -> int:
        """With the sessions that they opened, some days after their stay."""
        async with self._database.transaction() as work:
            return await work.guest_sessions.forget((self._clock() - SESSIONS_KEPT).date())

    async def _sweep(self) -> int:
        """Going through all of the store is for once a day."""
        now = self._clock()
        if self._swept_at is not None and now - self._swept_at < SWEEP_EVERY:
            return 0
        swept = await self._media.sweep()
        self._swept_at = now
        return swept

    async def _deliveries(self) -> int:
        return await self._in_batches(
            lambda work, before, limit: work.retention.forget_deliveries(before, limit), self._deliveries_kept
        )

    async def _statuses(self) -> int:
        return await self._in_batches(
            lambda work, before, limit: work.retention.forget_statuses(before, limit), self._deliveries_kept
        )

    async def _bodies(self) -> int:
        return await self._in_batches(
            lambda work, before, limit: work.retention.forget_bodies(before, limit), self._bodies_kept
        )

    async def _corrections(self) -> int:
        return await self._in_batches(
            lambda work, before, limit: work.retention.forget_corrections(before, limit), self._bodies_kept
        )

    async def _in_batches(self, forget: Forget, kept: timedelta) -> int:
        """A thousand rows a transaction, so that none holds its locks for long."""
        gone, last = 0, BATCH
        while last == BATCH:
            async with self._database.transaction() as work:
                last = await forget(work, self._clock() - kept, BATCH)
            gone += last
        return gone
