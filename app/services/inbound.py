"""What providers send us: nothing lost, nothing twice.

One transaction holds the raw update and, each in a savepoint, what its items bring about. An item that fails is put
aside with its error and tried again alone; its neighbours stand. An item is taken only where the secret of its own
channel verified the body: hotels share the URL, not the trust.

The senders of a body are met all at once, in one order and with few statements. Where that fails one of them is at
fault, and who is not yet known: the transaction begins again and meets each in the savepoint of its item.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlalchemy.exc import DBAPIError

from app.channels.base import InboundMessage, InboundStatus, Malformed, Unreadable
from app.core.clock import Clock
from app.core.text import clean
from app.core.types import Platform, UpdateState
from app.services.delivery_reports import take_status
from app.services.guest_desk import AlreadyTaken, GuestDesk, Visitor
from app.services.intake import Body, Intake, Placed, RawUpdate
from app.services.reception import meet, reload_conversations
from app.store.database import Database, is_away, is_deadlock
from app.store.inbound import DueItem
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 10
LONGEST_ADDRESS = 254
LONGEST_ID = 512

Failures = dict[int, Exception]
"""What failed, by the position of the item."""


class Receipt(StrEnum):
    """What the provider is told (contract 1): ``error`` means kept, but not understood."""

    PROCESSED = "processed"
    IGNORED = "ignored"
    ERROR = "error"


class NotReadable(Exception):
    """An item that no further try will make readable."""


class NotOurs(Exception):
    """An item of a channel that is not in use, or no longer."""


class _SomebodyUnmet(Exception):
    """The senders of a body could not be met all at once."""


class InboundService:
    def __init__(self, *, database: Database, intake: Intake, desk: GuestDesk, clock: Clock) -> None:
        self._database = database
        self._intake = intake
        self._desk = desk
        self._clock = clock

    async def receive(self, update: RawUpdate) -> Receipt:
        """Take one body. Answers only after the commit.

        Raises Forbidden where it is wrongly signed, Unavailable where the database is away.
        """
        try:
            return await self._database.run(self._receive, update)
        except _SomebodyUnmet:
            return await self._database.run(self._receive, update, alone=True)

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

    async def _receive(self, work: UnitOfWork, update: RawUpdate, *, alone: bool = False) -> Receipt:
        body = await self._intake.believe(work, update)
        placed = list(body.placed())
        failures = await self._take(work, placed, body.received_at, alone=alone)
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
                error = failures[each.position]
                await self._put_aside(work, update_id, each.position, each.channel.id, error, attempts=1)
        return receipt

    async def _take_due(self, work: UnitOfWork) -> DueItem | None:
        """The item whose time has come, its next time set already: a try that never ends is in nobody's way."""
        due = await work.inbound.next_due(self._clock())
        if due is not None and due.attempts >= MAX_ATTEMPTS:  # its tries have all ended their transactions
            error = NotReadable("none of its tries has come to an end")
            await self._put_aside(work, due.update_id, due.position, due.channel_id, error, attempts=due.attempts)
            return None
        if due is not None:
            await work.inbound.postpone(
                due.update_id,
                due.position,
                attempts=due.attempts + 1,
                next_attempt_at=self._next_attempt(due.attempts + 1),
            )
        return due

    async def _retry(self, work: UnitOfWork, due: DueItem) -> None:
        error = await self._try_again(work, due)
        if error is None:
            await work.inbound.mark_processed(due.update_id, due.position)
        else:
            await self._put_aside(work, due.update_id, due.position, due.channel_id, error, attempts=due.attempts + 1)

    async def _try_again(self, work: UnitOfWork, due: DueItem) -> Exception | None:
        """What is wrong with the item still."""
        try:
            body = await self._intake.read_again(work, due)
        except Malformed as error:
            return NotReadable(str(error))
        placed = [each for each in body.placed() if each.position == due.position]
        if not placed:
            return NotOurs("no channel that is in use takes this now")
        return (await self._take(work, placed, body.received_at, alone=True)).get(due.position)

    async def _take(self, work: UnitOfWork, placed: list[Placed], at: datetime, *, alone: bool) -> Failures:
        failures: Failures = {}
        messages: list[tuple[Placed, InboundMessage]] = []
        statuses: list[tuple[Placed, InboundStatus]] = []
        for each in placed:
            match each.item:
                case InboundMessage() as message if _fits(message):
                    messages.append((each, message))
                case InboundMessage():
                    failures[each.position] = NotReadable("an id or address longer than any provider's")
                case InboundStatus() as status:
                    statuses.append((each, status))
                case Unreadable() as unreadable:
                    failures[each.position] = NotReadable(unreadable.reason)
        if messages:
            await self._take_messages(work, messages, at, failures, alone=alone)
        # Providers send the same statuses in several bodies at once: all go through them in one order.
        for each, status in sorted(statuses, key=lambda pair: (pair[1].external_id, pair[1].status)):
            try:
                async with work.savepoint():
                    await take_status(work, each.channel, status, at)
            except Exception as error:
                failures[each.position] = _item_fault(error)
        return failures

    async def _take_messages(
        self,
        work: UnitOfWork,
        messages: list[tuple[Placed, InboundMessage]],
        at: datetime,
        failures: Failures,
        *,
        alone: bool,
    ) -> None:
        visitors = {} if alone else await _meet_all(work, messages, at)
        for each, item in messages:
            sender = each.channel.id, item.sender.address
            known = visitors.get(sender)
            try:
                async with work.savepoint():
                    visitor = known or (await meet(work, {sender: (each.channel, item.sender)}, at))[sender]
                    await self._desk.take(work, visitor, item, at=at)
                continue
            except AlreadyTaken:
                pass
            except Exception as error:
                failures[each.position] = _item_fault(error)
            if known is not None:
                await reload_conversations(work, known)

    async def _put_aside(
        self,
        work: UnitOfWork,
        update_id: int,
        position: int,
        channel_id: int | None,
        error: Exception,
        *,
        attempts: int,
    ) -> None:
        hopeless = attempts >= MAX_ATTEMPTS or isinstance(error, NotReadable)
        log.warning(
            "inbound_item_put_aside",
            update_id=update_id,
            position=position,
            attempts=attempts,
            hopeless=hopeless,
            error=_in_words(error),
            exc_info=error if attempts >= MAX_ATTEMPTS else None,  # the whole story once, and not for each of a batch
        )
        await work.inbound.put_aside(
            update_id,
            position,
            channel_id=channel_id,
            state=UpdateState.DEAD if hopeless else UpdateState.PENDING,
            error=_in_words(error),
            attempts=attempts,
            next_attempt_at=self._next_attempt(attempts),
        )

    def _next_attempt(self, attempts: int) -> datetime:
        return self._clock() + timedelta(seconds=min(2**attempts, 600))


async def _meet_all(
    work: UnitOfWork, messages: list[tuple[Placed, InboundMessage]], at: datetime
) -> dict[tuple[int, str], Visitor]:
    senders = {(each.channel.id, item.sender.address): (each.channel, item.sender) for each, item in messages}
    try:
        return await meet(work, senders, at)
    except Exception as error:
        raise _SomebodyUnmet from _item_fault(error)


def _receipt(body: Body, placed: list[Placed], failures: Failures) -> Receipt:
    if body.malformed is not None or (placed and len(failures) == len(placed)):
        return Receipt.ERROR
    return Receipt.PROCESSED if placed else Receipt.IGNORED


def _fits(message: InboundMessage) -> bool:
    return (
        len(message.sender.address) <= LONGEST_ADDRESS
        and len(message.external_id) <= LONGEST_ID
        and len(message.sender.user_id or "") <= LONGEST_ADDRESS
    )


def _item_fault(error: Exception) -> Exception:
    """The error, if it is the item's own. A deadlock or an absent database is the whole transaction's."""
    if is_away(error) or (isinstance(error, DBAPIError) and is_deadlock(error)):
        raise error
    return error


def _in_words(error: Exception) -> str:
    """The error itself, without the statement that met it, whose values would fill the page."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return clean(f"{type(error).__name__}: {cause}")
