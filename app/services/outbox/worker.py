"""The loop that keeps the outbox going, and beside it the second tries of what came in."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable

import structlog

from app.services.outbox.service import Outbox
from app.store.claims import ClaimedDelivery, Share

log = structlog.get_logger(__name__)

AT_ONCE = 16
OF_A_CHANNEL = 12  # however many of these hang, some places are left to others
EXPIRE_EVERY = 1.0  # seconds


class OutboxWorker:
    """Keeps the outbox going, and beside it the second tries of what came in, each kind by itself: ``retries`` try one
    and say whether there was one. No error ends it.

    Up to ``AT_ONCE`` sends run side by side; a slow one holds up nobody but its own conversation, and a channel
    whose sends all hang none but itself. ``may_claim`` says no while the process is on its way out.
    """

    def __init__(
        self,
        outbox: Outbox,
        *retries: Callable[[], Awaitable[bool]],
        idle: float = 1.0,
        may_claim: Callable[[], bool] = lambda: True,
    ) -> None:
        self._outbox = outbox
        self._retries = retries
        self._idle = idle
        self._may_claim = may_claim
        self._awake = asyncio.Event()
        self._sending: dict[asyncio.Task[None], ClaimedDelivery] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self._next_expiry = 0.0

    def start(self) -> None:
        self._loops = [
            asyncio.create_task(self._send(), name="outbox"),
            *(asyncio.create_task(self._retry(each), name="retries") for each in self._retries),
        ]

    def wake(self) -> None:
        """Something is due: look now, not after the idle wait."""
        self._awake.set()

    async def stop(self, patience: float = 15.0) -> None:
        """Claim no more, and let what is being done come to its end; after ``patience`` seconds its lease will."""
        self._stopping.set()
        self._awake.set()
        running = {*self._loops, *self._sending}
        if running:
            await asyncio.wait(running, timeout=patience)
        running |= self._sending.keys()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _send(self) -> None:
        while not self._stopping.is_set():
            self._awake.clear()
            if not await self._round() and not self._stopping.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._awake.wait(), self._idle)

    async def _round(self) -> bool:
        """Claim what is due now; whether there may be more."""
        free = AT_ONCE - len(self._sending)
        if not free or not self._may_claim():
            return False
        try:
            await self._expire()
            held = Counter(each.channel_id for each in self._sending.values())
            claimed = await self._outbox.claim(free, Share(most=OF_A_CHANNEL, held=held))
        except Exception as error:  # the next round tries again; what was claimed comes free with its lease
            log.warning("outbox_round_failed", error=repr(error))
            return False
        for delivery in claimed:
            task = asyncio.create_task(self._outbox.send(delivery), name=f"delivery-{delivery.id}")
            self._sending[task] = delivery
            task.add_done_callback(self._sent)
        return len(claimed) == free

    async def _expire(self) -> None:
        """Once a second is enough: what expires has waited for a minute, a day or a week."""
        now = asyncio.get_running_loop().time()
        if now >= self._next_expiry:
            self._next_expiry = now + EXPIRE_EVERY
            await self._outbox.expire()

    async def _retry(self, retry_one: Callable[[], Awaitable[bool]]) -> None:
        while not self._stopping.is_set():
            retried = False
            try:
                retried = await retry_one()
            except Exception as error:  # the item's next time has been set before it was tried
                log.warning("retry_failed", error=repr(error))
            if not retried:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._idle)

    def _sent(self, task: asyncio.Task[None]) -> None:
        del self._sending[task]
        self._awake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("delivery_failed", error=repr(error))
