"""The outbox: what was promised to a guest leaves, once, in order, or is shown as failed.

A delivery is a row that was committed with its message. It is claimed under a lease, sent, and finished only by the
claim that holds it. While an earlier one of its conversation is unfinished it waits. A send whose answer was lost may
have arrived: it waits a minute for a status that carries its id, is then sent once more, marked as repeated, and is
given up after that. There is no blind double. ``docs/outbox.md`` has the states and classes.
"""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import uuid4

import structlog

from app.channels.base import Credentials, MediaOut, Outgoing, SendOutcome, SendResult
from app.channels.registry import ChannelRegistry
from app.core.clock import Clock
from app.core.errors import Unavailable
from app.core.events import MessageStatusChanged
from app.core.links import GuestLinks
from app.core.types import DeliveryStatus, MessageOrigin, MessageType, OutboxState
from app.core.vault import SealBroken, Vault
from app.services import channels
from app.services.inbound.delivery_reports import WINDOW, WINDOW_CODE, apply_report, why_held
from app.services.sending.outgoing import Uploads, outgoing_content, send_along
from app.services.templates.content import KEY as TEMPLATE
from app.services.templates.news import template_refused
from app.services.templates.wishes import UNWANTED, is_unasked
from app.store.channels import ChannelRecord
from app.store.claims import Share
from app.store.database import Database
from app.store.deliveries import ClaimedDelivery, LostDelivery
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 10
MAX_AGE = timedelta(hours=24)
MAX_HELD = timedelta(days=7)
MAX_WAIT: Final = 600.0  # time units
SEND_WITHIN = 45.0  # seconds; below the lease, so that no send is under way when another may begin
CONFIRMATION_WAIT = timedelta(seconds=60)

LOST = "The worker that was sending this ended before the answer came."
TOO_OLD = "It could not be sent for a day."
NOT_ANSWERED = "The guest has not written for a week."
NOT_BEFORE: Final = "An earlier part of this text could not be sent."


class Outbox:
    """Sends what is due. ``jitter`` answers a factor around 1 for waits; tests hold it still. Waits after a refusal
    are counted in ``unit``."""

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
        guest_links: GuestLinks | None = None,
        unit: timedelta = timedelta(seconds=1),
    ) -> None:
        self._database = database
        self._channels = channels
        self._vault = vault
        self._clock = clock
        self._jitter = jitter
        self._confirmation_wait = confirmation_wait
        self._uploads = uploads
        self._guest_links = guest_links
        self._unit = unit

    async def claim(self, limit: int, share: Share | None = None) -> list[ClaimedDelivery]:
        """Take up to ``limit`` deliveries whose turn it is, and of no channel more than its ``share``; nobody else
        sends them while the lease lasts."""
        return await self._database.run(self._claim, limit, share)

    async def send(self, delivery: ClaimedDelivery) -> None:
        """Hand a claimed delivery to its provider, and note what became of it."""
        result = await self._try(delivery)
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
        channel is paused: a stale answer helps nobody. What waits for its guest to write has a week. Answers how
        many."""
        return await self._database.run(self._expire)

    async def _claim(self, work: UnitOfWork, limit: int, share: Share | None) -> list[ClaimedDelivery]:
        return await work.deliveries.claim(uuid4(), now=self._clock(), lease=LEASE, limit=limit, share=share)

    async def _expire(self, work: UnitOfWork) -> int:
        now, deliveries = self._clock(), work.deliveries
        lost = await deliveries.expire_leases(now, self._confirmation_wait, error=LOST)
        stale = await deliveries.give_up_older(now - MAX_AGE, at=now, error=TOO_OLD)
        held = [OutboxState.HELD]
        unanswered = await deliveries.give_up_older(now - MAX_HELD, at=now, error=NOT_ANSWERED, states=held)
        for found, error in ((lost, LOST), (stale, TOO_OLD), (unanswered, NOT_ANSWERED)):
            for delivery in found:
                if delivery.given_up:
                    await self._failed(work, delivery, error)
        return len(lost) + len(stale) + len(unanswered)

    async def _try(self, delivery: ClaimedDelivery) -> SendResult:
        try:
            channel = await self._channel(delivery.channel_id)
            if channel is None:
                return SendResult(outcome=SendOutcome.RETRY, detail="The channel is not in use.")
            credentials = self._vault.open(channel.credentials, Credentials)
        except Unavailable as error:
            return SendResult(outcome=SendOutcome.RETRY, detail=error.message)
        except SealBroken as error:
            return SendResult(outcome=SendOutcome.PAUSE, detail=str(error))
        if delivery.type is MessageType.TEMPLATE:
            if self._is_unwanted(delivery, channel):
                return SendResult(outcome=SendOutcome.REFUSED, detail=UNWANTED)
        elif self._window_is_closed(delivery):
            return SendResult(outcome=SendOutcome.WINDOW, code=WINDOW_CODE)
        try:
            async with asyncio.timeout(SEND_WITHIN):
                return await self._hand_over(delivery, channel, credentials)
        except TimeoutError:
            return SendResult(outcome=SendOutcome.AMBIGUOUS, detail="The provider's answer did not come to an end.")

    async def _hand_over(
        self, delivery: ClaimedDelivery, channel: ChannelRecord, credentials: Credentials
    ) -> SendResult:
        content = await outgoing_content(delivery, channel, self._uploads, self._guest_links)
        if isinstance(content, SendResult):
            return content
        message = Outgoing(
            delivery_id=delivery.id,
            to=delivery.address,
            content=content,
            reply_to=delivery.reply_to,
            to_group=delivery.is_group,
            by_person_late=self._wrote_before(delivery, channel.platform.people_only_after),
        )
        provider = self._channels.get(channel.platform)
        if delivery.media_id is not None and isinstance(content, MediaOut) and not content.upload_id:
            assert self._uploads is not None, "it has looked for the file"
            return await send_along(provider, message, delivery.media_id, channel, credentials, self._uploads)
        return await provider.send(message, account=channel.account, credentials=credentials)

    def _is_unwanted(self, delivery: ClaimedDelivery, channel: ChannelRecord) -> bool:
        """Whether the guest has asked, since this template was queued, not to get its like."""
        window, opened_at = channel.platform.window, delivery.window_opened_at
        answers = window is None or (opened_at is not None and self._clock() < opened_at + window)
        category = str(delivery.details.get(TEMPLATE, {}).get("category", ""))
        return delivery.opted_out_at is not None and is_unasked(category, answers=answers)

    def _window_is_closed(self, delivery: ClaimedDelivery) -> bool:
        """Whether the provider would take no free text now. Where we do not know, it is asked."""
        return self._wrote_before(delivery, _window(delivery))

    def _wrote_before(self, delivery: ClaimedDelivery, window: timedelta | None) -> bool:
        """Whether the guest is known to have written longer ago."""
        opened_at = delivery.window_opened_at
        return window is not None and opened_at is not None and opened_at + window <= self._clock()

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
            SendOutcome.AMBIGUOUS: self._ambiguous,
            SendOutcome.PAIR_RATE: self._guest_waits,
            SendOutcome.THROTTLED: self._channel_waits,
            SendOutcome.WINDOW: self._hold,
            SendOutcome.PAUSE: self._pause,
            SendOutcome.REFUSED: self._give_up,
            SendOutcome.MALFORMED: self._malformed,
            SendOutcome.TEMPLATE: self._template_refused,
        }[result.outcome]
        await note(work, delivery, result)

    async def _accepted(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        """Whoever holds the claim by now: taken is taken. Where a status was faster, all this is known."""
        assert result.external_id is not None
        if delivery.account_level:
            await work.pace.ease_account(delivery.channel_id, delivery.address)
        if delivery.channel_level:
            await work.pace.ease_channel(delivery.channel_id)
        if await work.deliveries.settle(delivery.channel_id, delivery.id, self._clock()) is None:
            return
        await work.messages.set_external_id(delivery.message_id, result.external_id)
        revived = await work.statuses.revive(delivery.message_id)
        if revived or await work.statuses.raise_status(delivery.message_id, DeliveryStatus.SENT):
            await self._tell(work, delivery, DeliveryStatus.SENT)
        for report in await work.statuses.statuses_of(delivery.channel_id, result.external_id):
            view = await work.channels.view(delivery.channel_id)
            assert view is not None, "a delivery has a channel"
            provider = self._channels.get(view.platform)
            await apply_report(work, provider, delivery.message_id, delivery.conversation_id, report)
        work.has_deliveries = True  # the next of this conversation may go

    async def _retry(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        """The provider has a disturbance: again after min(2^n, 600) s, up to ten times."""
        too_old = self._clock() - delivery.created_at > MAX_AGE
        if delivery.attempts >= MAX_ATTEMPTS or too_old:
            await self._give_up(work, delivery, result)
            return
        await self._put_back(work, delivery, result, self._after(delivery.attempts, base=2, result=result))

    async def _guest_waits(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        """Too much to one guest: after 4^n s again, and so with all that is there for them. Others go on."""
        until = partial(self._after, base=4, result=result)
        await work.pace.slow_account(delivery.channel_id, delivery.address, delivery.claimed_at, until)
        await self._put_back(work, delivery, result, self._clock(), counts=False)

    async def _channel_waits(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        """Too much from one number: it falls silent for 2^n s. The other numbers go on."""
        until = partial(self._after, base=2, result=result)
        await work.pace.slow_channel(delivery.channel_id, delivery.claimed_at, until)
        await self._put_back(work, delivery, result, self._clock(), counts=False)

    async def _ambiguous(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        """It may have arrived: wait for a status that says so, then send it once more, never twice more."""
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

    async def _hold(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        """The window has closed: wait for the guest to write, in nobody's way."""
        opened_at = await work.pace.lock_window(delivery.channel_id, delivery.address)
        if _is_later(opened_at, delivery.window_opened_at):  # they have written meanwhile: nobody would release it
            await self._put_back(work, delivery, result, self._clock(), counts=False)
            return
        words, closed_since = why_held(delivery.platform), self._clock() - (_window(delivery) or WINDOW)
        await work.pace.close_window(delivery.channel_id, delivery.address, closed_since)
        if not await work.deliveries.put_back(
            delivery,
            OutboxState.HELD,
            next_attempt_at=self._clock(),
            error_code=WINDOW_CODE,
            error=words,
            counts=False,
        ):
            return
        if await work.statuses.note_waiting(delivery.message_id, words, WINDOW_CODE):
            await self._tell(work, delivery, DeliveryStatus.QUEUED, words, WINDOW_CODE)
        work.has_deliveries = True  # the next of this conversation may go

    async def _pause(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        """Nothing leaves by this channel until it is mended: this delivery waits with the others."""
        await channels.pause(work, delivery.channel_id, result.detail, code=result.code, refused=delivery.credentials)
        await self._put_back(work, delivery, result, self._clock(), counts=False)

    async def _malformed(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        log.error("request_refused", delivery_id=delivery.id, code=result.code, detail=result.detail)
        await self._give_up(work, delivery, result)

    async def _template_refused(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        reason = result.detail or "The provider does not take this template."
        await template_refused(work, delivery.channel_id, delivery.details, code=result.code, reason=reason)
        await self._give_up(work, delivery, result)

    async def _give_up(self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult) -> None:
        error = result.detail or "The provider did not take this message."
        if await work.deliveries.give_up(delivery, at=self._clock(), error_code=result.code, error=error):
            await self._failed(work, delivery, error, result.code)

    async def _put_back(
        self, work: UnitOfWork, delivery: ClaimedDelivery, result: SendResult, at: datetime, *, counts: bool = True
    ) -> None:
        """Surely not taken: again, not before ``at``."""
        await work.deliveries.put_back(
            delivery,
            OutboxState.PENDING,
            next_attempt_at=at,
            error_code=result.code,
            error=result.detail,
            counts=counts,
        )

    async def _failed(
        self, work: UnitOfWork, delivery: ClaimedDelivery | LostDelivery, error: str, error_code: int | None = None
    ) -> None:
        if await work.statuses.raise_status(delivery.message_id, DeliveryStatus.FAILED, error, error_code):
            await self._tell(work, delivery, DeliveryStatus.FAILED, error, error_code)
        parts = await work.deliveries.later_parts(delivery.message_id, OutboxState.PENDING, OutboxState.HELD)
        if parts:  # half a text, without its beginning or its middle, helps nobody
            await work.deliveries.end([part.id for part in parts], at=self._clock(), error=NOT_BEFORE)
        for part in parts:
            if await work.statuses.raise_status(part.message_id, DeliveryStatus.FAILED, NOT_BEFORE):
                await self._tell(work, part, DeliveryStatus.FAILED, NOT_BEFORE)
        work.has_deliveries = True  # the next of this conversation may go

    async def _tell(
        self,
        work: UnitOfWork,
        delivery: ClaimedDelivery | LostDelivery,
        status: DeliveryStatus,
        error: str | None = None,
        error_code: int | None = None,
    ) -> None:
        conversation = await work.views.get(delivery.conversation_id)
        assert conversation is not None, "a delivery stands in a conversation"
        work.emit(
            delivery.hotel_id,
            MessageStatusChanged(
                conversation=conversation.as_ref(),
                message_id=delivery.message_id,
                delivery_status=status,
                error=error,
                error_code=error_code,
            ),
        )

    def _after(self, level: int, *, base: int, result: SendResult) -> datetime:
        """When to go on after ``level`` refusals: later by ``base`` to that power, or as the provider asks."""
        wait = min(float(base**level), MAX_WAIT) * self._jitter() * self._unit
        asked = timedelta(seconds=min(result.retry_after or 0.0, MAX_WAIT))
        return self._clock() + max(wait, asked)


def _window(delivery: ClaimedDelivery) -> timedelta | None:
    """For how long the provider takes free text of whoever wrote this."""
    if delivery.origin is MessageOrigin.STAFF:
        return delivery.platform.window
    return delivery.platform.people_only_after or delivery.platform.window


def _is_later(opened_at: datetime | None, known: datetime | None) -> bool:
    """Whether a window was opened since. One that is found closed meanwhile opened, as it were, earlier."""
    return opened_at is not None and (known is None or opened_at > known)
