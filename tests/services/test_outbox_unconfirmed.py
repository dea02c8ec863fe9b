"""Sends that may or may not have arrived: a lost answer, a worker that ended, a status that is faster."""

import pytest

from app.channels.base import Outgoing, SendOutcome, SendResult
from app.core.events import MessageStatusChanged
from app.core.settings import Settings
from app.core.types import DeliveryStatus, OutboxState
from app.models import Delivery, Message
from app.services.outbox.service import LEASE, Outbox
from app.store.database import Database
from tests.desk import GUEST, Desk, status
from tests.fake_graph import FakeGraph
from tests.ledger import Ledger
from tests.senders import WAIT, accepted, scripted_outbox, send_due
from tests.sign_ins import HeldClock
from tests.world import HotelWorld

WAMID = "wamid.FIRST"


@pytest.fixture
async def waiting(desk: Desk, hotel: HotelWorld) -> None:
    """Two deliveries of one conversation: the flow's welcome, and an answer of staff."""
    await desk.queue(hotel, "One")


async def heard(ledger: Ledger, hotel: HotelWorld) -> list[tuple[int, DeliveryStatus]]:
    return [
        (each.message_id, each.delivery_status)
        for each in await ledger.events(hotel.id)
        if isinstance(each, MessageStatusChanged)
    ]


async def first(ledger: Ledger) -> tuple[Delivery, Message]:
    delivery = (await ledger.rows(Delivery))[0]
    return delivery, await ledger.row(Message, Message.id == delivery.message_id)


@pytest.mark.usefixtures("waiting")
async def test_a_send_whose_answer_was_lost_waits_and_so_does_what_follows(
    ledger: Ledger, outbox: Outbox, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    await fake_graph.fail(drop=True)

    assert await send_due(outbox) == [1]
    clock.now += WAIT / 2
    assert await send_due(outbox) == []

    delivery, message = await first(ledger)
    assert delivery.state is OutboxState.UNCONFIRMED
    assert message.delivery_status is DeliveryStatus.QUEUED
    assert len(await fake_graph.sent(GUEST)) == 1


@pytest.mark.usefixtures("waiting")
async def test_a_status_that_carries_the_deliverys_id_settles_it_and_it_is_not_sent_again(
    desk: Desk, ledger: Ledger, outbox: Outbox, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    await fake_graph.fail(drop=True)
    await send_due(outbox)

    await desk.take_statuses(status(WAMID, "delivered", delivery_id=1))
    clock.now += WAIT
    assert await send_due(outbox) == [2]

    delivery, message = await first(ledger)
    assert (delivery.state, delivery.repeated) == (OutboxState.SENT, False)
    assert (message.external_id, message.delivery_status) == (WAMID, DeliveryStatus.DELIVERED)
    assert len(await fake_graph.sent(GUEST)) == 2


@pytest.mark.usefixtures("waiting")
async def test_without_a_status_it_is_sent_once_more_and_marked(
    ledger: Ledger, outbox: Outbox, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    await fake_graph.fail(drop=True)
    await send_due(outbox)

    clock.now += WAIT
    assert await send_due(outbox) == [1, 2]

    delivery, _ = await first(ledger)
    assert (delivery.state, delivery.repeated, delivery.attempts) == (OutboxState.SENT, True, 2)
    assert (await ledger.rows(Delivery))[1].repeated is False
    sent = [each["biz_opaque_callback_data"] for each in await fake_graph.sent(GUEST)]
    assert sent == ["1", "1", "2"]


@pytest.mark.usefixtures("waiting")
async def test_a_second_answer_that_is_lost_is_the_end_of_it(
    ledger: Ledger, hotel: HotelWorld, outbox: Outbox, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    await fake_graph.fail(drop=True, times=2)
    await send_due(outbox)
    clock.now += WAIT
    assert await send_due(outbox) == [1, 2]
    clock.move(days=1)
    assert await send_due(outbox) == []

    delivery, message = await first(ledger)
    assert (delivery.state, delivery.attempts) == (OutboxState.DEAD, 2)
    assert (message.id, DeliveryStatus.FAILED) in await heard(ledger, hotel)


@pytest.mark.usefixtures("waiting")
async def test_what_a_dead_worker_had_claimed_is_treated_as_maybe_sent(
    ledger: Ledger, outbox: Outbox, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    assert [each.id for each in await outbox.claim(16)] == [1]

    clock.now += LEASE
    assert await outbox.expire() == 0
    clock.move(seconds=1)
    assert await outbox.expire() == 1
    assert await send_due(outbox) == []
    clock.now += WAIT
    assert await send_due(outbox) == [1, 2]

    delivery, _ = await first(ledger)
    assert (delivery.state, delivery.repeated) == (OutboxState.SENT, True)


@pytest.mark.usefixtures("waiting")
async def test_a_second_worker_that_dies_over_it_is_the_end_of_it(
    ledger: Ledger, hotel: HotelWorld, outbox: Outbox, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    for _ in range(2):
        assert [each.id for each in await outbox.claim(16)] == [1]
        clock.now += LEASE + WAIT
        assert await outbox.expire() == 1
        clock.now += WAIT

    assert await send_due(outbox) == [2]

    delivery, message = await first(ledger)
    assert delivery.state is OutboxState.DEAD
    assert delivery.finished_at is not None
    assert (message.delivery_status, message.delivery_error) == (DeliveryStatus.FAILED, delivery.error)
    assert (message.id, DeliveryStatus.FAILED) in await heard(ledger, hotel)


@pytest.mark.usefixtures("waiting")
async def test_an_answer_that_comes_after_the_lease_still_counts(
    ledger: Ledger, outbox: Outbox, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    (claimed,) = await outbox.claim(16)
    clock.now += LEASE + WAIT
    await outbox.expire()

    await outbox.send(claimed)
    clock.now += WAIT

    assert await send_due(outbox) == [2]
    delivery, message = await first(ledger)
    assert (delivery.state, delivery.repeated) == (OutboxState.SENT, False)
    assert message.delivery_status is DeliveryStatus.SENT


@pytest.mark.usefixtures("waiting")
async def test_a_failure_that_comes_after_the_lease_is_the_next_workers_affair(
    ledger: Ledger, outbox: Outbox, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    (claimed,) = await outbox.claim(16)
    clock.now += LEASE + WAIT
    await outbox.expire()
    await fake_graph.fail(code=131026)

    await outbox.send(claimed)

    delivery, message = await first(ledger)
    assert (delivery.state, message.delivery_status) == (OutboxState.UNCONFIRMED, DeliveryStatus.QUEUED)


@pytest.mark.parametrize("with_id", [True, False], ids=["with_the_deliverys_id", "without"])
@pytest.mark.usefixtures("waiting")
async def test_a_status_may_be_faster_than_the_answer_to_the_send(
    desk: Desk,
    ledger: Ledger,
    hotel: HotelWorld,
    settings: Settings,
    database: Database,
    clock: HeldClock,
    *,
    with_id: bool,
) -> None:
    async def report_first(message: Outgoing) -> SendResult:
        answer = accepted(message)
        assert answer.external_id is not None
        delivery_id = message.delivery_id if with_id else None
        for word in ("delivered", "sent"):
            await desk.take_statuses(status(answer.external_id, word, delivery_id=delivery_id))
        return answer

    outbox = scripted_outbox(settings, database, clock, report_first)

    assert await send_due(outbox) == [1, 2]

    delivery, message = await first(ledger)
    assert (delivery.state, delivery.attempts) == (OutboxState.SENT, 1)
    assert (message.external_id, message.delivery_status) == ("wamid.D1", DeliveryStatus.DELIVERED)
    ranks = [word.rank for message_id, word in await heard(ledger, hotel) if message_id == message.id]
    assert ranks == sorted(set(ranks))
    assert ranks[-1] == DeliveryStatus.DELIVERED.rank


@pytest.mark.usefixtures("waiting")
async def test_a_repeated_send_that_was_surely_not_taken_is_tried_on(
    ledger: Ledger, settings: Settings, database: Database, clock: HeldClock
) -> None:
    outcomes = iter([SendOutcome.AMBIGUOUS, SendOutcome.RETRY])

    async def answer(message: Outgoing) -> SendResult:
        outcome = next(outcomes, SendOutcome.ACCEPTED)
        return accepted(message) if outcome is SendOutcome.ACCEPTED else SendResult(outcome=outcome)

    outbox = scripted_outbox(settings, database, clock, answer)
    for expected in ([1], [1], [1, 2]):
        assert await send_due(outbox) == expected
        clock.now += WAIT

    delivery, _ = await first(ledger)
    assert (delivery.state, delivery.attempts, delivery.repeated) == (OutboxState.SENT, 3, True)
