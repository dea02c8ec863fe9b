"""Keeps fetching guests' files, several at once. No error ends it."""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from app.services.files.fetching import MediaFetcher
from app.services.files.shares import AT_ONCE
from app.store.media import ClaimedMedia

log = structlog.get_logger(__name__)


class MediaWorker:
    """Runs where the outbox runs, and is woken as it is. ``may_claim`` says no while the process is on its way out.

    Up to ``AT_ONCE`` files come side by side; no guest and no channel holds more than its share of these places. A
    place that becomes free is given at once to the oldest that may have it.
    """

    def __init__(
        self, fetcher: MediaFetcher, *, idle: float = 1.0, may_claim: Callable[[], bool] = lambda: True
    ) -> None:
        self._fetcher = fetcher
        self._idle = idle
        self._may_claim = may_claim
        self._awake = asyncio.Event()
        self._fetching: dict[asyncio.Task[None], ClaimedMedia] = {}
        self._loop: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        self._loop = asyncio.create_task(self._run(), name="media")

    def wake(self) -> None:
        """Something is due: look now, not after the idle wait."""
        self._awake.set()

    async def stop(self, patience: float = 5.0) -> None:
        """Claim no more, and let what is being fetched come to its end; after ``patience`` seconds its lease will."""
        self._stopping = True
        self._awake.set()
        if self._loop is not None:
            await asyncio.wait({self._loop, *self._fetching}, timeout=patience)
            running = {self._loop, *self._fetching}
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _run(self) -> None:
        while not self._stopping:
            self._awake.clear()
            if not await self._round() and not self._stopping:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._awake.wait(), self._idle)

    async def _round(self) -> bool:
        """Claim what is due now; whether there may be more."""
        free = AT_ONCE - len(self._fetching)
        if not free or not self._may_claim():
            return False
        try:
            await self._fetcher.expire()
            claimed = await self._fetcher.claim(free, under_way=self._fetching.values())
        except Exception as error:  # the next round tries again; what was claimed comes free with its lease
            log.warning("media_round_failed", error=repr(error))
            return False
        for each in claimed:
            task = asyncio.create_task(self._fetcher.fetch(each), name=f"media-{each.id}")
            self._fetching[task] = each
            task.add_done_callback(self._fetched)
        return len(claimed) == free

    def _fetched(self, task: asyncio.Task[None]) -> None:
        del self._fetching[task]
        self._awake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("media_failed", error=repr(error))
