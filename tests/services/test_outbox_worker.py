"""The worker keeps the outbox going: side by side, woken at once, through errors, and to a clean end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from app.channels.base import Outgoing, SendResult
from app.channels.registry import ChannelRegistry
from app.core.settings import Settings
from app.core.types import OutboxState
from app.core.vault import Vault
from app.models import Delivery
from app.services.outbox.service import Outbox
from app.services.outbox.worker import AT_ONCE, OF_A_CHANNEL, OutboxWorker
from app.store.claims import ClaimedDelivery, Share
from app.store.database import Database
from tests.desk import GUEST, STRANGER, Desk
from tests.eventually import PATIENCE, eventually
from tests.fake_graph import ALPINE_NUMBER
from tests.ledger import Ledger
from tests.senders import Answer, accepted, scripted_outbox
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World


class CountingOutbox(Outbox):
    """Has nothing to send, and counts how often it is asked."""

    claims = 0
    expiries = 0

    async def claim(self, limit: int, share: Share | None = None) -> list[ClaimedDelivery]:
        self.claims += 1
        return await super().claim(limit, share)

    def has_claimed(self, times: int) -> bool:
        return self.claims >= times

    async def expire(self) -> int:
        self.expiries += 1
        return await super().expire()


class Workers:
    """Starts workers that look for themselves only when woken: ``idle`` is longer than any test."""

    def __init__(self, settings: Settings, database: Database, clock: HeldClock, desk: Desk) -> None:
        self._made_of = settings, database, clock
        self._desk = desk

    @asynccontextmanager
    async def running(self, answer: Answer, idle: float = 600.0) -> AsyncIterator[OutboxWorker]:
        worker = OutboxWorker(scripted_outbox(*self._made_of, answer), self._desk.services.inbound.retry_one, idle=idle)
        worker.start()
        try:
            yield worker
        finally:
            await worker.stop()


@pytest.fixture
def workers(settings: Settings, database: Database, clock: HeldClock, desk: Desk) -> Workers:
    return Workers(settings, database, clock, desk)


async def is_sent(ledger: Ledger, count: int) -> bool:
    return len(await ledger.rows(Delivery, Delivery.state == OutboxState.SENT)) == count


async def test_a_slow_send_holds_up_nobody_but_its_own_conversation(
    workers: Workers, desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    let_go = asyncio.Event()

    async def answer(message: Outgoing) -> SendResult:
        if message.to == GUEST:
            await let_go.wait()
        return accepted(message)

    await desk.say("Hello", "Hello again", sender=GUEST)
    await desk.say("Hello", "Hello again", sender=STRANGER)
    async with workers.running(answer):
        await eventually(lambda: is_sent(ledger, 2))
        states = [each.state for each in await ledger.rows(Delivery, Delivery.address == GUEST)]
        assert states == [OutboxState.SENDING, OutboxState.PENDING]
        let_go.set()
        await eventually(lambda: is_sent(ledger, 4))


async def test_a_channel_whose_sends_all_hang_holds_up_no_other(
    workers: Workers, desk: Desk, ledger: Ledger, hotel: HotelWorld, world: World
) -> None:
    let_go, hanging = asyncio.Event(), 0

    async def answer(message: Outgoing) -> SendResult:
        nonlocal hanging
        if message.to != STRANGER:
            hanging += 1
            await let_go.wait()
        return accepted(message)

    await world.hotel("alpine-lodge", ALPINE_NUMBER)
    for n in range(AT_ONCE + 4):
        await desk.say("Hello", sender=f"35191000{n:04}")
    async with workers.running(answer) as worker:
        await eventually(lambda: hanging >= OF_A_CHANNEL)
        await desk.say("Hello", sender=STRANGER, number=ALPINE_NUMBER)
        worker.wake()
        await eventually(lambda: is_sent(ledger, 1))
        assert hanging == OF_A_CHANNEL
        let_go.set()
        await eventually(lambda: is_sent(ledger, AT_ONCE + 5))


async def test_a_worker_that_is_told_to_stop_ends_what_it_is_sending_and_begins_nothing(
    workers: Workers, desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    sending, let_go = asyncio.Event(), asyncio.Event()

    async def answer(message: Outgoing) -> SendResult:
        sending.set()
        await let_go.wait()
        return accepted(message)

    await desk.say("Hello", "Hello again")
    async with workers.running(answer) as worker:
        await asyncio.wait_for(sending.wait(), PATIENCE)
        stopping = asyncio.create_task(worker.stop())
        let_go.set()
        await asyncio.wait_for(stopping, PATIENCE)

    assert [each.state for each in await ledger.rows(Delivery)] == [OutboxState.SENT, OutboxState.PENDING]


async def test_a_worker_that_is_woken_looks_at_once(
    workers: Workers, desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    async def answer(message: Outgoing) -> SendResult:
        return accepted(message)

    async with workers.running(answer) as worker:
        await desk.say("Hello")
        worker.wake()
        await eventually(lambda: is_sent(ledger, 1))


async def test_a_send_that_breaks_ends_no_worker(
    workers: Workers, desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    async def answer(message: Outgoing) -> SendResult:
        if message.to == GUEST:
            raise RuntimeError("a fault of ours")
        return accepted(message)

    await desk.say("Hello", sender=GUEST)
    async with workers.running(answer, idle=0.05):
        await eventually(lambda: ledger.rows(Delivery, Delivery.state == OutboxState.SENDING))
        await desk.say("Hello", sender=STRANGER)
        await eventually(lambda: is_sent(ledger, 1))


async def test_a_worker_that_is_woken_often_looks_for_what_expires_once_a_second(
    settings: Settings, database: Database, clock: HeldClock, desk: Desk
) -> None:
    registry, vault = ChannelRegistry([]), Vault(settings.secret_key.get_secret_value())
    outbox = CountingOutbox(database=database, channels=registry, vault=vault, clock=clock)
    worker = OutboxWorker(outbox, desk.services.inbound.retry_one, idle=600.0)
    loop = asyncio.get_running_loop()
    began = loop.time()
    worker.start()
    for rounds in range(1, 21):
        await eventually(partial(outbox.has_claimed, rounds))
        worker.wake()
    await worker.stop()

    assert 1 <= outbox.expiries <= 1 + (loop.time() - began)
