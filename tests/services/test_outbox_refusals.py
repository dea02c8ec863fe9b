"""What the provider does not take: tried again, held back, or given up and shown as failed."""

import pytest

from app.channels.whatsapp.errors import explain
from app.core.events import ChannelChanged
from app.core.types import OutboxState
from app.models import Channel, Delivery, Message
from app.services.outbox.service import MAX_ATTEMPTS, Outbox
from tests.desk import GUEST, STRANGER, WELCOME, Desk
from tests.fake_graph import ALPINE_NUMBER, FakeGraph
from tests.ledger import Ledger
from tests.senders import Sending, failures, send_due, states, told
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World


async def test_a_message_is_given_up_after_ten_tries_and_staff_are_told(sending: Sending) -> None:
    await sending.desk.queue(sending.hotel, "One")
    await sending.graph.fail(status=500, times=MAX_ATTEMPTS)

    waits = []
    for _ in range(MAX_ATTEMPTS - 1):
        assert await send_due(sending.outbox) == [1]
        waits.append(((await sending.ledger.rows(Delivery))[0].next_attempt_at - sending.clock.now).total_seconds())
        sending.clock.move(minutes=10)
    assert await send_due(sending.outbox) == [1, 2]

    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert await states(sending.ledger) == [OutboxState.DEAD, OutboxState.SENT]
    message = await sending.ledger.row(Message, Message.delivery_status == "failed")
    assert message.content == WELCOME
    assert await failures(sending.ledger, sending.hotel) == [(message.id, message.delivery_error)]
    assert await sending.graph.texts(GUEST) == ["One"]


async def test_a_message_is_given_up_after_a_day(sending: Sending) -> None:
    await sending.desk.say("Hello")
    await sending.graph.fail(status=500, times=2)
    await send_due(sending.outbox)
    sending.clock.move(hours=23)
    await sending.desk.say("Hello?")  # or the window would close before
    sending.clock.move(hours=1, seconds=1)

    assert await send_due(sending.outbox) == [1, 2]

    assert await states(sending.ledger) == [OutboxState.DEAD, OutboxState.SENT]


async def test_what_the_provider_refuses_is_given_up_at_once_and_the_next_one_goes(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, outbox: Outbox, fake_graph: FakeGraph
) -> None:
    await desk.queue(hotel, "One")
    await fake_graph.fail(code=131026)

    assert await send_due(outbox) == [1, 2]

    first, second = await ledger.rows(Delivery)
    assert (first.state, first.error_code, first.attempts) == (OutboxState.DEAD, 131026, 1)
    assert second.state is OutboxState.SENT
    assert [message_id for message_id, _ in await failures(ledger, hotel)] == [first.message_id]


async def test_a_guest_who_is_written_to_too_fast_waits_alone(sending: Sending) -> None:
    for guest in (GUEST, STRANGER):
        await sending.desk.queue(sending.hotel, "One", sender=guest)
    await sending.graph.fail(code=131056, times=2, to=GUEST)

    assert await send_due(sending.outbox) == [1, 3, 4]
    sending.clock.move(seconds=4)
    assert await send_due(sending.outbox) == [1]
    sending.clock.move(seconds=15)
    assert await send_due(sending.outbox) == []
    sending.clock.move(seconds=1)
    assert await send_due(sending.outbox) == [1, 2]

    assert await sending.graph.texts(GUEST) == await sending.graph.texts(STRANGER) == [WELCOME, "One"]


async def test_a_number_that_sends_too_much_waits_and_another_hotels_does_not(
    desk: Desk, world: World, ledger: Ledger, outbox: Outbox, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    await world.two_hotels()
    for guest in (GUEST, STRANGER, "4915112345679"):
        await desk.say("Hello", sender=guest)
    await desk.say("Hello", number=ALPINE_NUMBER)
    await fake_graph.fail(code=130429, retry_after=30)

    assert await send_due(outbox, limit=1) == [1, 4]
    clock.move(seconds=29)
    assert await send_due(outbox) == []
    clock.move(seconds=1)

    assert await send_due(outbox) == [1, 2, 3]


async def test_a_channel_whose_credentials_are_refused_sends_nothing_until_it_is_mended(sending: Sending) -> None:
    await sending.desk.queue(sending.hotel, "One")
    await sending.desk.say("Hello", sender=STRANGER)
    await sending.graph.fail(code=190)

    assert await send_due(sending.outbox, limit=1) == [1]
    sending.clock.move(hours=1)
    assert await send_due(sending.outbox) == []
    paused = await sending.ledger.row(Channel)
    assert paused.paused_at is not None
    assert "Told to fail" in paused.pause_reason
    assert await failures(sending.ledger, sending.hotel) == []

    await sending.ledger.change(Channel, paused_at=None, pause_reason=None)
    assert await send_due(sending.outbox) == [1, 3, 2]
    assert await sending.graph.texts(GUEST) == [WELCOME, "One"]


async def test_a_channel_whose_credentials_cannot_be_read_is_paused_with_nothing_sent(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, outbox: Outbox, fake_graph: FakeGraph
) -> None:
    await desk.queue(hotel, "One")
    sealed = (await ledger.row(Channel)).credentials
    await ledger.change(Channel, credentials=b"sealed by another key")

    assert await send_due(outbox) == [1]

    assert (await ledger.row(Channel)).paused_at is not None
    assert await states(ledger) == [OutboxState.PENDING, OutboxState.PENDING]
    await ledger.change(Channel, paused_at=None, credentials=sealed)
    assert await send_due(outbox) == [1, 2]
    assert not any(each.repeated for each in await ledger.rows(Delivery))


async def test_a_channel_that_is_switched_off_after_the_claim_sends_nothing(sending: Sending) -> None:
    await sending.desk.say("Hello")
    (claimed,) = await sending.outbox.claim(1)
    await sending.ledger.change(Channel, is_active=False)

    await sending.outbox.send(claimed)
    sending.clock.move(minutes=1)
    assert await send_due(sending.outbox) == []
    await sending.ledger.change(Channel, is_active=True)
    assert await send_due(sending.outbox) == [1]

    assert await sending.graph.texts(GUEST) == [WELCOME]
    assert (await sending.ledger.row(Delivery)).repeated is False


async def test_sends_that_met_the_same_bad_token_together_pause_the_channel_once(sending: Sending) -> None:
    for guest in (GUEST, STRANGER):
        await sending.desk.say("Hello", sender=guest)
    await sending.graph.fail(code=190, times=2)

    for delivery in await sending.outbox.claim(16):
        await sending.outbox.send(delivery)

    changes = [each for each in await sending.ledger.events(sending.hotel.id) if isinstance(each, ChannelChanged)]
    assert [each.channel.pause_reason for each in changes] == [(await sending.ledger.row(Channel)).pause_reason]
    assert {(each.state, each.attempts) for each in await sending.ledger.rows(Delivery)} == {(OutboxState.PENDING, 0)}


async def test_a_refusal_of_credentials_that_were_changed_meanwhile_pauses_nothing(
    desk: Desk, world: World, ledger: Ledger, hotel: HotelWorld, outbox: Outbox, fake_graph: FakeGraph
) -> None:
    await desk.say("Hello")
    (claimed,) = await outbox.claim(1)
    await fake_graph.fail(code=190)
    await world.seal_anew(hotel)

    await outbox.send(claimed)

    assert (await ledger.row(Channel)).paused_at is None
    assert await send_due(outbox) == [1]


@pytest.mark.parametrize("code", [131048, 368, 131031, 130497, 0, 3, 10, 200, 299, 131005])
async def test_whatever_is_wrong_with_the_account_silences_the_number_and_loses_nothing(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, outbox: Outbox, fake_graph: FakeGraph, code: int
) -> None:
    await desk.queue(hotel, "One")
    await fake_graph.fail(code=code)

    assert await send_due(outbox) == [1]

    assert (await ledger.row(Channel)).pause_reason is not None
    assert await states(ledger) == [OutboxState.PENDING] * 2
    assert await failures(ledger, hotel) == []


@pytest.mark.parametrize("code", [131026, 131049, 100, 132001])
async def test_a_message_that_was_refused_for_good_says_why(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, outbox: Outbox, fake_graph: FakeGraph, code: int
) -> None:
    await desk.say("Hello")
    await fake_graph.fail(code=code)
    await send_due(outbox)

    message = await ledger.row(Message, Message.delivery_status == "failed")
    assert message.delivery_error == explain(code, "Told to fail.")
    assert message.delivery_error_code == code
    (change,) = await told(ledger, hotel)
    assert (change.error, change.error_code) == (message.delivery_error, code)
