"""What providers send us: nothing lost, nothing twice.

One transaction holds the raw update and what its items bring about. An item that fails is put aside with its error
and tried again alone; its neighbours stand. An item is taken only where the secret of its own channel verified the
body: hotels share the URL, not the trust.
"""

from enum import StrEnum

import structlog

from app.channels.base import Malformed
from app.channels.items import Echo, InboundMessage, Preference
from app.core.clock import Clock
from app.core.types import Platform, UpdateState
from app.services.inbound.guest_desk import GuestDesk
from app.services.inbound.intake import Body, Intake, Placed, RawUpdate
from app.services.inbound.taking import Failures, NotReadable, take_items
from app.services.retrying import MAX_ATTEMPTS, in_words, next_attempt
from app.services.sending.receipts import ReadBack, ReceiptService
from app.services.templates.news import take_template_news
from app.store.database import Database
from app.store.inbound import DueItem
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)


class Receipt(StrEnum):
    """What the provider is told (contract 1): ``error`` means kept, but not understood."""

    PROCESSED = "processed"
    IGNORED = "ignored"
    ERROR = "error"


class NotOurs(Exception):
    """An item of a channel that is not in use, or no longer."""


class InboundService:
    def __init__(
        self, *, database: Database, intake: Intake, desk: GuestDesk, receipts: ReceiptService, clock: Clock
    ) -> None:
        self._database = database
        self._receipts = receipts
        self._intake = intake
        self._desk = desk
        self._clock = clock

    async def receive(self, update: RawUpdate) -> Receipt:
        """Take one body. Answers only after the commit; what the provider waits for is told then, in the background.

        Raises Forbidden where it is wrongly signed, Unavailable where the database is away.
        """
        receipt, awaited = await self._database.run(self._receive, update)
        for each in awaited:
            self._receipts.tell(each)
        return receipt

    async def knows_token(self, platform: Platform, verify_token: str) -> bool:
        """Whether a provider that asks to send us updates knows the verify token of one of our channels."""
        async with self._database.read() as work:
            return await self._intake.knows_token(work, platform, verify_token)

    async def retry_one(self) -> bool:
        """Try the item again that has waited longest for it; False where none is due."""
        due = await self._database.run(self._take_due)
        if due is not None:
            await self._database.run(self._retry, due)
        return due is not None

    async def _receive(self, work: UnitOfWork, update: RawUpdate) -> tuple[Receipt, list[ReadBack]]:
        body = await self._intake.believe(work, update)
        _log_notices(body)
        for notice in body.notices():
            if (news := notice.template) is not None:
                await take_template_news(work, body.platform, notice.business_account, news, among=body.trusted)
        placed = list(body.placed())
        failures = await take_items(work, self._desk, placed, body)
        receipt = _receipt(body, placed, failures)
        update_id = await work.inbound.add(
            body.platform,
            body.raw,
            signed=body.signed,
            state=UpdateState(receipt),
            error=body.malformed,
            received_at=body.received_at,
        )
        for each in placed:
            if each.position in failures:
                await self._put_aside(work, _Tried(update_id, each), failures[each.position])
        return receipt, [_taken(each) for each in placed if _is_awaited(each)]

    async def _take_due(self, work: UnitOfWork) -> DueItem | None:
        """The item whose time has come, its next time set already: a try that never ends is in nobody's way."""
        due = await work.inbound.next_due(self._clock())
        if due is not None and due.attempts >= MAX_ATTEMPTS:  # its tries have all ended their transactions
            await self._put_aside(work, due, NotReadable("none of its tries has come to an end"), due.attempts)
            return None
        if due is not None:
            await work.inbound.postpone(
                due.update_id,
                due.position,
                attempts=due.attempts + 1,
                next_attempt_at=next_attempt(self._clock(), due.attempts + 1),
            )
        return due

    async def _retry(self, work: UnitOfWork, due: DueItem) -> None:
        error = await self._try_again(work, due)
        if error is None:
            await work.inbound.mark_processed(due.update_id, due.position)
        else:
            await self._put_aside(work, due, error, due.attempts + 1)

    async def _try_again(self, work: UnitOfWork, due: DueItem) -> Exception | None:
        """What is wrong with the item still."""
        try:
            body = await self._intake.read_again(work, due)
        except Malformed as error:
            return NotReadable(str(error))
        placed = [each for each in body.placed() if _is_due(each, due)]
        if not placed:
            return NotOurs("no channel that is in use takes this now")
        return next(iter((await take_items(work, self._desk, placed, body)).values()), None)

    async def _put_aside(self, work: UnitOfWork, item: "DueItem | _Tried", error: Exception, attempts: int = 1) -> None:
        hopeless = attempts >= MAX_ATTEMPTS or isinstance(error, NotReadable)
        log.warning(
            "inbound_item_put_aside",
            update_id=item.update_id,
            position=item.position,
            attempts=attempts,
            hopeless=hopeless,
            error=in_words(error),
            exc_info=error if attempts >= MAX_ATTEMPTS else None,  # the whole story once, and not for each of a batch
        )
        await work.inbound.put_aside(
            item.update_id,
            item.position,
            channel_id=item.channel_id,
            external_id=item.external_id,
            state=UpdateState.DEAD if hopeless else UpdateState.PENDING,
            error=in_words(error),
            attempts=attempts,
            next_attempt_at=next_attempt(self._clock(), attempts),
        )


class _Tried:
    """An item that failed for the first time."""

    def __init__(self, update_id: int, placed: Placed) -> None:
        self.update_id = update_id
        self.position = placed.position
        self.channel_id = placed.channel.id
        self.external_id = placed.external_id


def _is_due(placed: Placed, due: DueItem) -> bool:
    """The item again: by the provider's id, for places may shift as the reading of bodies learns."""
    if due.channel_id is not None and placed.channel.id != due.channel_id:
        return False
    return placed.external_id == due.external_id if due.external_id else placed.position == due.position


def _is_awaited(placed: Placed) -> bool:
    return isinstance(placed.item, InboundMessage) and placed.item.is_awaited


def _taken(placed: Placed) -> ReadBack:
    return ReadBack(channel_id=placed.channel.id, external_id=placed.external_id or "", address="", taken=True)


def _log_notices(body: Body) -> None:
    """What only people can mend."""
    if body.strangers:
        log.error("inbound_for_an_unknown_account", accounts=sorted(body.strangers)[:20])
    if body.doubted:
        log.error("inbound_signed_by_another_account", accounts=sorted(body.doubted)[:20])
    for notice in body.notices():
        (log.warning if notice.grave else log.info)(
            "provider_notice",
            subject=notice.subject,
            what=notice.what,
            account=notice.account,
            business_account=notice.business_account,
            channels=sorted(body.trusted) if body.trusted is not None else None,
            details=notice.details,
        )


def _receipt(body: Body, placed: list[Placed], failures: Failures) -> Receipt:
    """Preferences, the hotel's own words, and what nobody could read are no news to anybody; what failed for another
    reason is an error."""
    if body.malformed is not None:
        return Receipt.ERROR
    news = [
        each for each in placed if not _is_no_news(each) and not isinstance(failures.get(each.position), NotReadable)
    ]
    if not news:
        return Receipt.IGNORED
    return Receipt.ERROR if all(each.position in failures for each in news) else Receipt.PROCESSED


def _is_no_news(placed: Placed) -> bool:
    return isinstance(placed.item, Preference) or (isinstance(placed.item, Echo) and placed.item.of_all)
