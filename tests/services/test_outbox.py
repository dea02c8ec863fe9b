"""What is in the outbox leaves once and in order, whatever the provider does."""

import asyncio
import random
import socket

import pytest

from app.channels.base import Outgoing, SendOutcome, SendResult
from app.core.events import MessageStatusChanged
from app.core.settings import Settings
from app.core.types import DeliveryStatus, OutboxState
from app.models import Delivery, Message
from app.services.outbox.service import Outbox
from app.store.database import Database, create_engine
from tests.desk import GUEST, STRANGER, WELCOME, Desk
from tests.fake_graph import FakeGraph
from tests.ledger import Ledger
from tests.senders import Sending, accepted, open_outbox, scripted_outbox, send_due, states
from tests.sign_ins import HeldClock
from tests.world import HotelWorld


async def test_what_waits_leaves_in_order_and_is_told_as_sent(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, outbox: Outbox, fake_graph: FakeGraph
) -> None:
    await desk.queue(hotel, "One", "Two")

    assert await send_due(outbox) == [1, 2, 3]

    assert await fake_graph.texts(GUEST) == [WELCOME, "One", "Two"]
    sent = await fake_graph.sent(GUEST)
    assert [each["biz_opaque_callback_data"] for each in sent] == ["1", "2", "3"]
    messages = await ledger.rows(Message, Message.sender_type != "guest")
    assert {each.delivery_status for each in messages} == {DeliveryStatus.SENT}
    assert all(each.external_id.startswith("wamid.") for each in messages)
    told = [each.message_id for each in await ledger.events(hotel.id) if isinstance(each, MessageStatusChanged)]
    assert told == [each.id for each in messages]


async def test_nothing_overtakes_an_earlier_message_that_fails(sending: Sending) -> None:
    await sending.desk.queue(sending.hotel, "One", "Two")
    await sending.desk.say("Hello", sender=STRANGER)
    await sending.graph.fail(status=500, times=3, to=GUEST)

    assert await send_due(sending.outbox) == [1, 4]
    assert await send_due(sending.outbox) == []
    tries = []
    for _ in range(3):
        sending.clock.move(seconds=8)
        tries.append(await send_due(sending.outbox))

    assert tries == [[1], [1], [1, 2, 3]]
    assert await sending.graph.texts(GUEST) == [WELCOME, "One", "Two"]
    assert await sending.graph.texts(STRANGER) == [WELCOME]


@pytest.mark.parametrize(
    ("fault", "tries"),
    [({"status": 503}, 3), ({"down": True}, 1)],
    ids=["503", "no_answer"],
)
async def test_a_provider_that_is_down_gets_everything_once_and_in_order_when_it_is_back(
    sending: Sending, fault: dict[str, object], tries: int
) -> None:
    for guest in (GUEST, STRANGER):
        await sending.desk.queue(sending.hotel, "One", "Two", sender=guest)
    await sending.graph.fail(times=0, **fault)
    for _ in range(tries):
        assert await send_due(sending.outbox) == [1, 4]
        sending.clock.move(minutes=5)
    assert await sending.graph.sent() == []

    await sending.graph.mend()
    await send_due(sending.outbox)

    for guest in (GUEST, STRANGER):
        assert await sending.graph.texts(guest) == [WELCOME, "One", "Two"]
    assert set(await states(sending.ledger)) == {OutboxState.SENT}


async def test_where_no_connection_can_be_made_nothing_was_sent(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, settings: Settings, database: Database, clock: HeldClock
) -> None:
    await desk.queue(hotel, "One")
    with socket.socket() as taken:  # bound, and never listening
        taken.bind(("127.0.0.1", 0))
        async with open_outbox(
            settings, database, clock, graph=f"http://127.0.0.1:{taken.getsockname()[1]}"
        ) as without_network:
            assert await send_due(without_network) == [1]

    first, second = await ledger.rows(Delivery)
    assert (first.state, first.attempts, second.attempts) == (OutboxState.PENDING, 1, 0)
    assert (first.next_attempt_at - clock.now).total_seconds() == 2


async def test_several_outboxes_at_once_send_nothing_twice_and_keep_the_order(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, settings: Settings, clock: HeldClock
) -> None:
    guests = [f"49151123456{number:02}" for number in range(8)]
    for guest in guests:
        await desk.queue(hotel, "One", "Two", sender=guest)
    sent: list[Outgoing] = []

    async def take(message: Outgoing) -> SendResult:
        if random.random() < 0.2:  # noqa: S311 -- no secret
            return SendResult(outcome=SendOutcome.RETRY)
        sent.append(message)
        return accepted(message)

    workers = Database(create_engine(settings.database_url, pool_size=8))
    outboxes = [scripted_outbox(settings, workers, clock, take) for _ in range(6)]
    while OutboxState.PENDING in await states(ledger):
        claimed = await asyncio.gather(*(each.claim(3) for each in outboxes))
        ids = [delivery.id for claim in claimed for delivery in claim]
        assert len(ids) == len(set(ids)), "claimed twice"
        await asyncio.gather(
            *(outbox.send(each) for outbox, claim in zip(outboxes, claimed, strict=True) for each in claim)
        )
        clock.move(minutes=10)
    await workers.dispose()

    assert set(await states(ledger)) == {OutboxState.SENT}
    for guest in guests:
        ids = [each.delivery_id for each in sent if each.to == guest]
        assert ids == sorted(set(ids))
        assert len(ids) == 3
