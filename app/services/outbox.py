"""The outbox: what was promised to a guest leaves, once, in order, or is shown as failed.

A delivery is a row that was committed with its message. It is claimed under a lease, sent, and finished only by the
claim that holds it. While an earlier one of its conversation is unfinished it waits. A send whose answer was lost may
have arrived: it waits a minute for a status that carries its id, is then sent once more, marked as repeated, and is
given up after that. There is no blind double.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import uuid4

import structlog

from app.channels.base import Credentials, Outgoing, SendOutcome, SendResult
from app.channels.registry import ChannelRegistry
from app.core.clock import Clock
from app.core.errors import Unavailable
from app.core.events import ChannelChanged, MessageStatusChanged
from app.core.types import DeliveryStatus, OutboxState
from app.core.vault import SealBroken, Vault
from app.services.delivery_reports import apply_report
from app.services.outgoing import Uploads, outgoing_content
from app.store.channels import ChannelRecord
from app.store.database import Database
from app.store.deliveries import ClaimedDelivery, LostDelivery
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 10
MAX_AGE = timedelta(hours=24)
MAX_BACKOFF = 600.0
SEND_WITHIN = 45.0  # seconds; below the lease, so that no send is under way when another may begin
TOO_OLD = "It could not be sent for a day."
CONFIRMATION_WAIT = timedelta(seconds=60)
AT_ONCE = 16


class Outbox:
    """Sends what is due. ``jitter`` answers a factor around 1 for waits; tests hold it still."""

    def __init__(
        self,
        *,
        database: Database,
        channels: ChannelRegistry,
        vault: Vault,
        clock: Clock,
        jitter: Callable[[], float] = lambda: random.uniform(0.8, 1.2),  # noqa: S311 -- no secret
        confirmation_wait: timedelta = CONFIRMATION_WAIT,
        uploads: Uploads | None = None,
    ) -> None:
        self._database = database
        self._channels = channels
        self._vault = vault
        self._clock = clock
        self._jitter = jitter
        self._confirmation_wait = confirmation_wait
        self._uploads = uploads

    async def claim(self, limit: int) -> list[ClaimedDelivery]:
        """Take up to ``limit`` deliveries whose turn it is; nobody else sends them while the lease lasts."""
        return await self._database.run(self._claim, limit)

    async def send(self, delivery: ClaimedDelivery) -> None:
        """Hand a claimed delivery to its provider, and note what became of it."""
        result = await self._hand_over(delivery)
        log.info(
            "delivery_attempted",
            delivery_id=delivery.id,
            conversation_id=delivery.conversation_id,
            outcome=result.outcome,
            code=result.code,
            attempt=delivery.attempts,
            repeated=delivery.repeated,
        )
        await self._note_surely(delivery, result)

    async def expire(self) -> int:
        """Set free what a worker that died has left claimed, and give up what has waited for a day, also where its
        channel is paused: a stale answer helps nobody. Answers how many."""
        return await self._database.run(self._expire)

    async def _claim(self, work: UnitOfWork, limit: int) -> list[ClaimedDelivery]:
        return await work.deliveries.claim(uuid4(), now=self._clock(), lease=LEASE, limit=limit)

    async def _expire(self, work: UnitOfWork) -> int:
        error = "The worker that was sending this ended before the answer came."
        lost = await work.deliveries.expire_leases(self._clock(), self._confirmation_wait, error=error)
        for delivery in lost:
            if delivery.given_up:
                await self._failed(work, delivery, error)
        stale = await work.deliveries.give_up_older(self._clock() - MAX_AGE, at=self._clock(), error=TOO_OLD)
        for delivery in stale:
            await self._failed(work, delivery, TOO_OLD)
        return len(lost) + len(stale)

    async def _hand_over(self, delivery: ClaimedDelivery) -> SendResult:
        try:
            channel = await self._channel(delivery.channel_id)
            if channel is None:
                return SendResult(outcome=SendOutcome.RETRY, detail="The channel is not in use.")
            credentials = self._vault.open(channel.credentials, Credentials)
        except Unavailable as error:
            return SendResult(outcome=SendOutcome.RETRY, detail=error.message)
        except SealBroken as error:
            return SendResult(outcome=SendOutcome.PAUSE, detail=str(error))
        try:
            async with asyncio.timeout(SEND_WITHIN):
                content = await outgoing_content(delivery, channel, self._uploads)
                if isinstance(content, SendResult):
                    return content
                message = Outgoing(
                    delivery_id=delivery.id,
                    to=delivery.address,
                    content=content,
                    reply_to=delivery.reply_to,
                    to_group=delivery.is_group,
                )
                return await self._channels.get(channel.platform).send(
                    message, account=channel.account, credentials=credentials
                )
        except TimeoutError:
            return SendResult(outcome=SendOutcome.AMBIGUOUS, detail="The provider's answer did not come to an end.")

    async def _channel(self, channel_id: int) -> ChannelRecord | None:
        async with self._database.read() as work:
            found = await work.channels.by_ids([channel_id])
        return found[0] if found else None

    async def _note_surely(self, delivery: ClaimedDelivery, result: SendResult) -> None:
        """Note a result also where the database is away just now: forgetting it would mean sending twice."""
        while True:
            try:
                await self._database.run(self._note, delivery, result)
                return
            except Unavailable:
                # What was accepted is true for ever; anything else only as long as nobody else may have claimed it.
                if result.outcome is not SendOutcome.ACCEPTED and self._clock() > delivery.leased_until:
                    raise
                await asyncio.sleep(0.5)

    async def _note(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        note = {
            SendOutcome.ACCEPTED: self._accepted,
            SendOutcome.RETRY: self._retry,
            SendOutcome.PAIR_RATE: self._retry,
            SendOutcome.THROTTLED: self._throttled,
            SendOutcome.AMBIGUOUS: self._ambiguous,
            SendOutcome.REFUSED: self._give_up,
            SendOutcome.WINDOW: self._give_up,
            SendOutcome.PAUSE: self._pause,
        }[result.outcome]
        await note(work, delivery, result)

    async def _accepted(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        """Whoever holds the claim by now: taken is taken. Where a status was faster, all this is known."""
        assert result.external_id is not None
        if await work.deliveries.settle(delivery.channel_id, delivery.id, self._clock()) is None:
            return
        await work.messages.set_external_id(delivery.message_id, result.external_id)
        revived = await work.messages.revive(delivery.message_id)
        if revived or await work.messages.raise_status(delivery.message_id, DeliveryStatus.SENT):
            await self._tell(work, delivery, DeliveryStatus.SENT)
        for report in await work.messages.statuses_of(delivery.channel_id, result.external_id):
            await apply_report(work, delivery.message_id, delivery.conversation_id, report)
        work.has_deliveries = True  # the next of this conversation may go

    async def _retry(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        too_old = self._clock() - delivery.created_at > MAX_AGE
        if delivery.attempts >= MAX_ATTEMPTS or too_old:
            await self._give_up(work, delivery, result)
            return
        await work.deliveries.put_back(
            delivery,
            OutboxState.PENDING,
            next_attempt_at=self._after(delivery, result),
            error_code=result.code,
            error=result.detail,
        )

    async def _throttled(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        await self._retry(work, delivery, result)
        await work.deliveries.delay_channel(delivery.channel_id, self._after(delivery, result))

    async def _ambiguous(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        if delivery.repeated:
            await self._give_up(work, delivery, result)
            return
        await work.deliveries.put_back(
            delivery,
            OutboxState.UNCONFIRMED,
            next_attempt_at=self._clock() + self._confirmation_wait,
            error_code=result.code,
            error=result.detail,
        )

    async def _pause(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        """Nothing leaves by this channel until it is mended: this delivery waits with the others."""
        reason = result.detail or "The provider refuses the channel's credentials."
        log.error("channel_paused", channel_id=delivery.channel_id, code=result.code, reason=reason)
        channel = await work.channels.pause(delivery.channel_id, reason)
        if channel is not None:
            work.emit(channel.hotel_id, ChannelChanged(channel=channel))
        await work.deliveries.put_back(
            delivery,
            OutboxState.PENDING,
            next_attempt_at=self._clock(),
            error_code=result.code,
            error=reason,
        )

    async def _give_up(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        error = result.detail or "The provider did not take this message."
        if await work.deliveries.give_up(delivery, at=self._clock(), error_code=result.code, error=error):
            await self._failed(work, delivery, error)

    async def _failed(self, work: UnitOfWork, delivery: ClaimedDelivery | LostDelivery, error: str) -> None:
        if await work.messages.raise_status(delivery.message_id, DeliveryStatus.FAILED, error):
            await self._tell(work, delivery, DeliveryStatus.FAILED, error)
        work.has_deliveries = True  # the next of this conversation may go

    async def _tell(
        self,
        work: UnitOfWork,
        delivery: ClaimedDelivery | LostDelivery,
        status: DeliveryStatus,
        error: str | None = None,
    ) -> None:
        conversation = await work.conversations.get(delivery.conversation_id)
        assert conversation is not None, "a delivery stands in a conversation"
        work.emit(
            delivery.hotel_id,
            MessageStatusChanged(
                conversation=conversation.as_ref(),
                message_id=delivery.message_id,
                delivery_status=status,
                error=error,
            ),
        )

    def _after(self, delivery: ClaimedDelivery, result: SendResult) -> datetime:
        """As the provider asks, else after 4^n s for one guest's rate, 2^n s otherwise, at most 600."""
        base = 4 if result.outcome is SendOutcome.PAIR_RATE else 2
        wait = min(float(base**delivery.attempts), MAX_BACKOFF) * self._jitter()
        return self._clock() + timedelta(seconds=max(wait, min(result.retry_after or 0.0, MAX_BACKOFF)))


class OutboxWorker:
    """Keeps the outbox going, and beside it the second tries of what came in. No error ends it.

    Up to ``AT_ONCE`` sends run side by side; a slow one holds up nobody but its own conversation. ``may_claim`` says no
    while the process is on its way out.
    """

    def __init__(
        self,
        outbox: Outbox,
        retry_inbound: Callable[[], Awaitable[bool]],
        *,
        idle: float = 1.0,
        may_claim: Callable[[], bool] = lambda: True,
    ) -> None:
        self._outbox = outbox
        self._retry_inbound = retry_inbound
        self._idle = idle
        self._may_claim = may_claim
        self._awake = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()

    def start(self) -> None:
        self._loops = [
            asyncio.create_task(self._send(), name="outbox"),
            asyncio.create_task(self._retry(), name="inbound-retries"),
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
        running |= self._sending
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
            await self._outbox.expire()
            claimed = await self._outbox.claim(free)
        except Exception as error:  # the next round tries again; what was claimed comes free with its lease
            log.warning("outbox_round_failed", error=repr(error))
            return False
        for delivery in claimed:
            task = asyncio.create_task(self._outbox.send(delivery), name=f"delivery-{delivery.id}")
            self._sending.add(task)
            task.add_done_callback(self._sent)
        return len(claimed) == free

    async def _retry(self) -> None:
        while not self._stopping.is_set():
            retried = False
            try:
                retried = await self._retry_inbound()
            except Exception as error:  # the item's next time has been set before it was tried
                log.warning("inbound_retry_failed", error=repr(error))
            if not retried:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._idle)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._awake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("delivery_failed", error=repr(error))
