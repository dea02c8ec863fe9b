"""How a delivery ends: nothing waits for ever, and what was taken is not shown as failed."""

from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from app.channels.base import Outgoing, SendResult
from app.channels.whatsapp.errors import explain
from app.core.events import MessageStatusChanged
from app.core.settings import Settings
from app.core.types import DeliveryStatus, OutboxState
from app.models import Channel, Delivery, Message
from app.services.outbox.service import LEASE, MAX_AGE, Outbox
from app.store.database import Database
from tests.desk import GUEST, STRANGER, Desk, status
from tests.fake_graph import FakeGraph
from tests.ledger import Ledger
from tests.senders import WAIT, accepted, scripted_outbox, send_due
from tests.sign_ins import HeldClock
from tests.triggers import trigger
from tests.world import HotelWorld

WAMID = "wamid.AFTER_ALL"
AWAY_TWICE = """
    IF nextval('times') <= 2 THEN
        RAISE EXCEPTION 'the database is starting up' USING ERRCODE = '57P03';
    END IF
"""


async def heard(ledger: Ledger, hotel: HotelWorld) -> list[tuple[DeliveryStatus, str | None]]:
    """What staff were told of messages that left, in order."""
    return [
        (each.delivery_status, each.error)
        for each in await ledger.events(hotel.id)
        if isinstance(each, MessageStatusChanged)
    ]


async def sent_message(ledger: Ledger) -> Message:
    """The only one that was to leave."""
    delivery = await ledger.row(Delivery)
    message: Message = await ledger.row(Message, Message.id == delivery.message_id)
    return message


@pytest.fixture
async def given_up(
    desk: Desk, hotel: HotelWorld, ledger: Ledger, outbox: Outbox, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    """One delivery whose two sends were never answered."""
    await desk.say("Hello")
    await fake_graph.fail(drop=True, times=2)
    for _ in range(2):
        assert await send_due(outbox) == [1]
        clock.now += WAIT
    assert (await ledger.row(Delivery)).state is OutboxState.DEAD
    assert (await sent_message(ledger)).delivery_status is DeliveryStatus.FAILED


async def test_what_waits_on_a_paused_channel_is_given_up_after_a_day(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, outbox: Outbox, clock: HeldClock
) -> None:
    await desk.say("Hello", sender=GUEST)
    await ledger.change(Channel, paused_at=clock.now, pause_reason="The token has expired.")
    clock.move(hours=1)
    await desk.say("Hello", sender=STRANGER)

    clock.now += MAX_AGE - timedelta(hours=1)
    assert await outbox.expire() == 0
    clock.move(seconds=1)
    assert await outbox.expire() == 1

    old, young = await ledger.rows(Delivery)
    assert (old.state, old.finished_at) == (OutboxState.DEAD, clock.now)
    assert young.state is OutboxState.PENDING
    message = await ledger.row(Message, Message.id == old.message_id)
    assert (message.delivery_status, message.delivery_error) == (DeliveryStatus.FAILED, old.error)
    assert await heard(ledger, hotel) == [(DeliveryStatus.FAILED, old.error)]


@pytest.mark.usefixtures("given_up")
async def test_what_was_given_up_and_is_reported_as_sent_is_shown_as_sent(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await desk.take_statuses(status(WAMID, "sent", delivery_id=1))

    message = await sent_message(ledger)
    assert (await ledger.row(Delivery)).state is OutboxState.SENT
    assert (message.delivery_status, message.delivery_error) == (DeliveryStatus.SENT, None)
    assert message.external_id == WAMID
    assert [word for word, _ in await heard(ledger, hotel)] == [DeliveryStatus.FAILED, DeliveryStatus.SENT]


@pytest.mark.usefixtures("given_up")
async def test_what_was_given_up_and_is_reported_as_delivered_is_told_once(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await desk.take_statuses(status(WAMID, "delivered", delivery_id=1))
    await desk.take_statuses(status(WAMID, "sent", delivery_id=1))

    assert (await sent_message(ledger)).delivery_status is DeliveryStatus.DELIVERED
    assert [word for word, _ in await heard(ledger, hotel)] == [DeliveryStatus.FAILED, DeliveryStatus.DELIVERED]


@pytest.mark.usefixtures("given_up")
async def test_what_the_provider_reports_as_failed_stays_failed(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    undeliverable = {"errors": [{"code": 131026, "title": "Message undeliverable"}]}

    await desk.take_statuses(status(WAMID, "failed", delivery_id=1, **undeliverable))
    await desk.take_statuses(status(WAMID, "sent", delivery_id=1))

    message = await sent_message(ledger)
    why = explain(131026, "Message undeliverable")
    assert (message.delivery_status, message.delivery_error) == (DeliveryStatus.FAILED, why)
    assert (await heard(ledger, hotel))[1:] == [(DeliveryStatus.FAILED, why)]


async def test_a_yes_is_noted_also_where_the_database_was_away_for_longer_than_the_lease(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, settings: Settings, database: Database, clock: HeldClock
) -> None:
    await desk.say("Hello")
    async with AsyncExitStack() as fault:

        async def answer(message: Outgoing) -> SendResult:
            await fault.enter_async_context(trigger(database, "UPDATE ON deliveries", AWAY_TWICE))
            clock.now += LEASE + timedelta(seconds=1)
            return accepted(message)

        outbox = scripted_outbox(settings, database, clock, answer)
        (claimed,) = await outbox.claim(1)

        await outbox.send(claimed)

    message = await sent_message(ledger)
    assert (await ledger.row(Delivery)).state is OutboxState.SENT
    assert (message.delivery_status, message.external_id) == (DeliveryStatus.SENT, "wamid.D1")
