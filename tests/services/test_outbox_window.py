"""After a guest's last day: free text waits for them to write again, in nobody's way."""

from datetime import timedelta

import pytest

from app.core.errors import Conflict
from app.core.types import DeliveryStatus, MessageType, OutboxState
from app.models import Account, Delivery, Message
from app.services.inbound.delivery_reports import WINDOW_CLOSED, WINDOW_CODE
from app.services.outbox.service import MAX_HELD, NOT_ANSWERED, Outbox
from tests.desk import GUEST, STRANGER, WELCOME, Desk, principal
from tests.fake_graph import FakeGraph
from tests.ledger import Ledger
from tests.senders import send_due, states, told
from tests.sign_ins import HeldClock
from tests.world import HotelWorld

HELD, SENT, PENDING = OutboxState.HELD, OutboxState.SENT, OutboxState.PENDING


async def release(desk: Desk, clock: HeldClock, hotel: HotelWorld, *, address: str = GUEST) -> int:
    """What happens in the outbox when a guest writes."""
    async with desk.services.database.transaction() as work:
        return await work.deliveries.release_held(hotel.channel_id, address, clock.now)


@pytest.fixture
async def late(desk: Desk, hotel: HotelWorld, clock: HeldClock) -> None:
    """Two messages are queued, and then the guest's day is over."""
    await desk.queue(hotel, "One")
    clock.move(hours=24)


@pytest.mark.usefixtures("late")
async def test_what_the_provider_would_not_take_any_more_is_held_without_asking(
    ledger: Ledger, hotel: HotelWorld, outbox: Outbox, fake_graph: FakeGraph
) -> None:
    assert await send_due(outbox) == [1, 2]

    assert [each["outcome"] for each in await fake_graph.requests() if each["outcome"] != "read"] == []
    assert await states(ledger) == [HELD, HELD]
    assert [each.attempts for each in await ledger.rows(Delivery)] == [0, 0]
    messages = await ledger.rows(Message, Message.sender_type != "guest")
    assert {(each.delivery_status, each.delivery_error, each.delivery_error_code) for each in messages} == {
        (DeliveryStatus.QUEUED, WINDOW_CLOSED, WINDOW_CODE)
    }
    assert [
        (each.message_id, each.delivery_status, each.error, each.error_code) for each in await told(ledger, hotel)
    ] == [(each.id, DeliveryStatus.QUEUED, WINDOW_CLOSED, WINDOW_CODE) for each in messages]


async def test_what_the_provider_does_not_take_any_more_is_held_as_well(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, outbox: Outbox, fake_graph: FakeGraph
) -> None:
    await desk.queue(hotel, "One")
    await fake_graph.fail(code=131047)

    assert await send_due(outbox) == [1, 2]

    assert await states(ledger) == [HELD, HELD]
    asked = [each for each in await fake_graph.requests() if each["outcome"] != "read"]
    assert len(asked) == 1, "by then we know better than to ask for the second"


async def test_once_the_provider_says_that_the_window_has_closed_no_free_text_is_taken(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, outbox: Outbox, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    await desk.queue(hotel, "One")
    clock.move(hours=1)
    await fake_graph.fail(code=131047)
    await send_due(outbox)

    conversation = await ledger.conversation()
    seen = await desk.services.conversations.get(principal(hotel), conversation.id)
    assert seen.window_closes_at == clock.now
    with pytest.raises(Conflict) as refused:
        await desk.answer(hotel, conversation.id, "Two")
    assert refused.value.code == "window_closed"

    clock.move(hours=1)
    await desk.say("Back again")

    seen = await desk.services.conversations.get(principal(hotel), conversation.id)
    assert seen.window_closes_at == clock.now + timedelta(hours=24)
    assert await send_due(outbox) == [1, 2]
    assert await fake_graph.texts(GUEST) == [WELCOME, "One"]


async def test_two_that_are_refused_together_are_both_held_at_once(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, outbox: Outbox, fake_graph: FakeGraph
) -> None:
    await desk.queue(hotel, "One")
    (first,) = await outbox.claim(1)
    await ledger.change(Delivery, Delivery.id == first.id, state=SENT)  # as if it were of another conversation
    (second,) = await outbox.claim(1)
    await ledger.change(Delivery, Delivery.id == first.id, state=OutboxState.SENDING)
    await fake_graph.fail(code=131047, times=2)

    await outbox.send(first)
    await outbox.send(second)

    assert await states(ledger) == [HELD, HELD]
    assert await outbox.claim(2) == []


@pytest.mark.usefixtures("late")
async def test_what_was_held_goes_out_in_its_order_once_the_guest_has_written(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, outbox: Outbox, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    await send_due(outbox)
    clock.move(days=3)
    await ledger.change(Account, last_inbound_at=clock.now)

    assert await release(desk, clock, hotel) == 2
    assert await outbox.expire() == 0
    assert await send_due(outbox) == [1, 2]

    assert await fake_graph.texts(GUEST) == [WELCOME, "One"]
    messages = await ledger.rows(Message, Message.sender_type != "guest")
    assert {(each.delivery_status, each.delivery_error) for each in messages} == {(DeliveryStatus.SENT, None)}


@pytest.mark.usefixtures("late")
async def test_only_what_is_held_for_that_guest_is_released(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, outbox: Outbox, clock: HeldClock
) -> None:
    await desk.say("Hello", sender=STRANGER)
    clock.move(hours=24)
    await send_due(outbox)

    assert await release(desk, clock, hotel, address=STRANGER) == 1
    assert await states(ledger) == [HELD, HELD, PENDING]


GREETING = {"template": {"name": "spring_offer", "language": "en", "components": []}}


@pytest.mark.usefixtures("late")
async def test_a_template_passes_what_is_held(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, outbox: Outbox, fake_graph: FakeGraph
) -> None:
    await ledger.change(Message, Message.content == "One", type=MessageType.TEMPLATE, extra=GREETING)

    assert await send_due(outbox) == [1, 2]

    assert await states(ledger) == [HELD, SENT]


async def test_a_guest_who_writes_while_the_provider_says_no_is_not_kept_waiting(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, outbox: Outbox, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    await desk.say("Hello")
    (claimed,) = await outbox.claim(1)
    await fake_graph.fail(code=131047)
    await ledger.change(Account, last_inbound_at=clock.now.replace(hour=13))

    await outbox.send(claimed)

    assert await states(ledger) == [PENDING]
    assert await send_due(outbox) == [1]
    assert await fake_graph.texts(GUEST) == [WELCOME]


async def test_where_we_do_not_know_when_a_guest_wrote_the_provider_is_asked(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, outbox: Outbox, clock: HeldClock
) -> None:
    await desk.say("Hello")
    await ledger.change(Account, last_inbound_at=None)
    clock.move(hours=23)

    assert await send_due(outbox) == [1]
    assert await states(ledger) == [SENT]


@pytest.mark.usefixtures("late")
async def test_what_is_held_is_given_up_after_a_week(
    ledger: Ledger, hotel: HotelWorld, outbox: Outbox, clock: HeldClock
) -> None:
    await send_due(outbox)
    queued_at = (await ledger.rows(Delivery))[0].created_at

    clock.now = queued_at + MAX_HELD
    assert await outbox.expire() == 0
    clock.move(seconds=1)
    assert await outbox.expire() == 2

    assert await states(ledger) == [OutboxState.DEAD] * 2
    messages = await ledger.rows(Message, Message.sender_type != "guest")
    assert {(each.delivery_status, each.delivery_error) for each in messages} == {(DeliveryStatus.FAILED, NOT_ANSWERED)}


@pytest.mark.parametrize(("hours", "state"), [(24, HELD), (23, PENDING)], ids=["closed", "open again"])
async def test_what_is_to_be_held_from_the_start_is_so_only_while_the_window_is_closed(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock, hours: int, state: OutboxState
) -> None:
    await desk.say("Hello")
    delivery = await ledger.row(Delivery)
    await ledger.remove(Delivery)
    clock.move(hours=hours)

    async with desk.services.database.transaction() as work:
        conversation = await work.conversations.lock(delivery.conversation_id)
        assert conversation is not None
        await work.deliver(conversation, delivery.message_id, clock.now, held=True)

    assert await states(ledger) == [state]


async def test_a_repeat_that_is_held_and_turns_out_to_have_arrived_is_not_sent_again(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, outbox: Outbox, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    await desk.say("Hello")
    clock.move(hours=23, minutes=59, seconds=30)
    await fake_graph.fail(drop=True)
    await send_due(outbox)
    clock.move(minutes=1)
    assert await send_due(outbox) == [1]
    assert await states(ledger) == [HELD]

    (arrived,) = await fake_graph.accepted(GUEST)
    async with desk.services.database.transaction() as work:
        assert await work.deliveries.settle(hotel.channel_id, int(arrived["delivery_id"]), clock.now) is not None
    assert await release(desk, clock, hotel) == 0
    assert await states(ledger) == [SENT]


@pytest.mark.usefixtures("late")
async def test_staff_see_how_many_wait_to_leave_and_how_many_are_held(
    desk: Desk, hotel: HotelWorld, outbox: Outbox
) -> None:
    await send_due(outbox)
    await desk.say("Hello", sender=STRANGER)

    (standing,) = await desk.services.channels.list_all(principal(hotel))

    assert (standing.channel.id, standing.waiting, standing.held) == (hotel.channel_id, 1, 2)
