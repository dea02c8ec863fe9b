"""What is thrown away in time: old events, ended sessions."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from app.core.clock import Clock
from app.store.database import Database

log = structlog.get_logger(__name__)

EVERY: Final = 3600.0
EVENTS_KEPT: Final = timedelta(days=7)
SESSIONS_KEPT: Final = timedelta(days=7)


class Housekeeping:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        """Tidy up every hour, until cancelled. No error ends it."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.tidy()
            except Exception as error:  # the next hour tries again
                log.warning("housekeeping_failed", error=repr(error))

    async def tidy(self) -> None:
        """Forget events older than a week (a client that comes back later starts afresh), and sessions that ended."""
        now = self._clock()
        async with self._database.transaction() as work:
            events = await work.events.forget(now - EVENTS_KEPT)
        async with self._database.transaction() as work:
            sessions = await work.sessions.forget_ended(now - SESSIONS_KEPT)
        log.info("tidied", events=events, sessions=sessions)
