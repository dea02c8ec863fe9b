"""What providers send us: nothing lost, nothing twice.

One transaction holds the raw update and, each in a savepoint, what its items bring about. An item that fails is put
aside with its error and tried again alone; its neighbours stand. An item is taken only where the secret of its own
channel verified the body: hotels share the URL, not the trust.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlalchemy.exc import DBAPIError

from app.channels.base import InboundMessage, InboundStatus, Unreadable
from app.core.clock import Clock
from app.core.types import Platform, UpdateState
from app.services.delivery_reports import take_status
from app.services.guest_desk import AlreadyTaken, GuestDesk
from app.services.intake import Body, Intake, Placed, RawUpdate
from app.services.reception import meet, reload_conversations
from app.store.database import Database, is_away, is_deadlock
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
        return await self._database.run(self._receive, update)

    async def knows_token(self, platform: Platform, verify_token: str) -> bool:
        """Whether a provider that asks to send us updates knows the verify token of one of our channels."""
        async with self._database.read() as work:
            return await self._intake.knows_token(work, platform, verify_token)

    async def retry_one(self) -> bool:
        """Try the item again that has waited longest for it; False where none is due."""
        return await self._database.run(self._retry_one)

    async def _receive(self, work: UnitOfWork, update: RawUpdate) -> Receipt:
        body = await self._intake.believe(work, update)
        placed = list(body.placed())
        receipt = _expected_receipt(body, placed)
        update_id = await work.inbound.add(
            body.platform,
            body.raw,
            signed=body.signed,
            state=UpdateState(receipt),
            error=body.malformed,
            received_at=body.received_at,
        )
        failures = await self._take(work, placed, body.received_at)
        for each in placed:
            if each.position in failures:
                await self._put_aside(work, update_id, each, failures[each.position], attempts=1)
        return Receipt.ERROR if placed and len(failures) == len(placed) else receipt

    async def _retry_one(self, work: UnitOfWork) -> bool:
        due = await work.inbound.next_due(self._clock())
        if due is None:
            return False
        body = await self._intake.read_again(work, due)
        for each in body.placed():
            if each.position != due.position:
                continue
            failures = await self._take(work, [each], body.received_at)
            if failures:
                await self._put_aside(work, due.update_id, each, failures[each.position], attempts=due.attempts + 1)
                return True
        await work.inbound.mark_processed(due.update_id, due.position)
        return True

    async def _take(self, work: UnitOfWork, placed: list[Placed], at: datetime) -> Failures:
        failures: Failures = {}
        messages: list[tuple[Placed, InboundMessage]] = []
        for each in placed:
            match each.item:
                case InboundMessage() as message if _fits(message):
                    messages.append((each, message))
                case InboundMessage():
                    failures[each.position] = NotReadable("an id or address longer than any provider's")
                case Unreadable() as unreadable:
                    failures[each.position] = NotReadable(unreadable.reason)
        if messages:
            await self._take_messages(work, messages, at, failures)
        for each in placed:
            if isinstance(each.item, InboundStatus):
                try:
                    async with work.savepoint():
                        await take_status(work, each.channel, each.item, at)
                except Exception as error:
                    failures[each.position] = _item_fault(error)
        return failures

    async def _take_messages(
        self, work: UnitOfWork, messages: list[tuple[Placed, InboundMessage]], at: datetime, failures: Failures
    ) -> None:
        visitors = await meet(
            work,
            {(each.channel.id, item.sender.address): (each.channel, item.sender) for each, item in messages},
            at,
        )
        for each, item in messages:
            visitor = visitors[each.channel.id, item.sender.address]
            try:
                async with work.savepoint():
                    await self._desk.take(work, visitor, item, at=at)
            except AlreadyTaken:
                await reload_conversations(work, visitor)
            except Exception as error:
                failures[each.position] = _item_fault(error)
                await reload_conversations(work, visitor)

    async def _put_aside(
        self, work: UnitOfWork, update_id: int, placed: Placed, error: Exception, *, attempts: int
    ) -> None:
        hopeless = attempts >= MAX_ATTEMPTS or isinstance(error, NotReadable)
        log.warning(
            "inbound_item_put_aside",
            update_id=update_id,
            position=placed.position,
            attempts=attempts,
            hopeless=hopeless,
            exc_info=None if isinstance(error, NotReadable) else error,
        )
        await work.inbound.put_aside(
            update_id,
            placed.position,
            channel_id=placed.channel.id,
            state=UpdateState.DEAD if hopeless else UpdateState.PENDING,
            error=f"{type(error).__name__}: {error}",
            attempts=attempts,
            next_attempt_at=self._clock() + timedelta(seconds=min(2**attempts, 600)),
        )


def _expected_receipt(body: Body, placed: list[Placed]) -> Receipt:
    if body.malformed is not None:
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
