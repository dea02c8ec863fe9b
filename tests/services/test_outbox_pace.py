"""Too much in a short time: who waits then, for how long, and who does not."""

from typing import Any

import pytest
from sqlalchemy import insert

from app.channels.base import Outgoing, SendOutcome, SendResult
from app.core.settings import Settings
from app.core.types import ConversationStatus, Department, OutboxState
from app.models import Account, Channel, Conversation, Delivery
from app.services.outbox.service import MAX_ATTEMPTS, Outbox
from app.store.database import Database
from tests.channels.whatsapp_payloads import message
from tests.desk import GUEST, STRANGER, WELCOME, Desk
from tests.fake_graph import ALPINE_NUMBER, SEA_VIEW_NUMBER, FakeGraph
from tests.ledger import Ledger
from tests.senders import Sending, accepted, scripted_outbox, send_due, states
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World

PAIR_RATE = 131056
THROUGHPUT = 130429


async def second_conversation(ledger: Ledger) -> int:
    """The first guest has another conversation, with Housekeeping; its id."""
    first = (await ledger.rows(Conversation))[0]
    async with ledger.database.transaction() as work:
        made: int | None = await work.connection.scalar(
            insert(Conversation)
            .values(
                hotel_id=first.hotel_id,
                guest_id=first.guest_id,
                channel_id=first.channel_id,
                account_id=first.account_id,
                status=ConversationStatus.RELAY,
                department=Department.HOUSEKEEPING,
            )
            .returning(Conversation.id)
        )
    assert made is not None
    return made


async def test_all_conversations_of_a_guest_who_is_written_to_too_fast_wait_and_nobody_elses(sending: Sending) -> None:
    await sending.desk.say("Hello")
    other = await second_conversation(sending.ledger)
    await sending.graph.fail(code=PAIR_RATE, to=GUEST)

    assert await send_due(sending.outbox) == [1]
    await sending.desk.answer(sending.hotel, other, "Queued after the refusal")
    await sending.desk.say("Hello", sender=STRANGER)
    sending.clock.move(seconds=3.9)
    assert await send_due(sending.outbox) == [3]
    sending.clock.move(seconds=0.1)
    assert await send_due(sending.outbox) == [1, 2]

    assert await sending.graph.texts(GUEST) == [WELCOME, "Queued after the refusal"]


async def test_a_guests_wait_grows_with_each_refusal_in_a_row_and_an_acceptance_ends_that(sending: Sending) -> None:
    await sending.desk.queue(sending.hotel, "One")
    waits = []
    for faults in (3, 1):
        await sending.graph.fail(code=PAIR_RATE, times=faults)
        for _ in range(faults):
            await sending.outbox.send((await sending.outbox.claim(1))[0])
            until = (await sending.ledger.row(Account)).not_before
            waits.append((until - sending.clock.now).total_seconds())
            sending.clock.now = until
        await sending.outbox.send((await sending.outbox.claim(1))[0])

    assert waits == [4, 16, 64, 4]
    assert await sending.graph.texts(GUEST) == [WELCOME, "One"]


async def test_what_is_queued_after_a_numbers_refusal_waits_with_the_rest_and_another_number_does_not(
    desk: Desk, world: World, ledger: Ledger, outbox: Outbox, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    await world.two_hotels()
    await desk.say("Hello")
    await fake_graph.fail(code=THROUGHPUT)

    assert await send_due(outbox) == [1]
    await desk.say("Hello", sender=STRANGER)
    await desk.say("Hello", number=ALPINE_NUMBER)
    clock.move(seconds=1.9)
    assert await send_due(outbox) == [3]
    clock.move(seconds=0.1)
    assert await send_due(outbox) == [1, 2]


@pytest.mark.parametrize("fault", [{"code": 4}, {"code": 613}, {"code": 80007}, {"code": THROUGHPUT}, {"status": 429}])
async def test_every_refusal_of_its_class_has_the_number_wait(sending: Sending, fault: dict[str, int]) -> None:
    await sending.desk.say("Hello")
    await sending.graph.fail(**fault)
    await send_due(sending.outbox)

    assert ((await sending.ledger.row(Channel)).not_before - sending.clock.now).total_seconds() == 2


@pytest.mark.parametrize(("asked", "waited"), [(30, 30), (86_400, 600), (1, 2)])
async def test_a_number_waits_as_long_as_the_provider_asks_up_to_ten_minutes(
    sending: Sending, asked: int, waited: int
) -> None:
    await sending.desk.say("Hello")
    await sending.graph.fail(code=THROUGHPUT, retry_after=asked)
    await send_due(sending.outbox)

    assert ((await sending.ledger.row(Channel)).not_before - sending.clock.now).total_seconds() == waited


async def test_refusals_of_sends_that_were_under_way_together_count_as_one(sending: Sending) -> None:
    for guest in (GUEST, STRANGER, "4915112345679"):
        await sending.desk.say("Hello", sender=guest)
    await sending.graph.fail(code=THROUGHPUT, times=0)

    together = await sending.outbox.claim(16)
    assert len(together) == 3
    for delivery in together:
        await sending.outbox.send(delivery)
    assert (await sending.ledger.row(Channel)).throttle_level == 1

    sending.clock.move(seconds=2)
    await sending.outbox.send((await sending.outbox.claim(1))[0])
    assert (await sending.ledger.row(Channel)).throttle_level == 2


async def test_a_guest_who_changes_their_number_while_the_provider_says_wait_is_written_to_there(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, outbox: Outbox, fake_graph: FakeGraph
) -> None:
    await desk.say("Hello")
    [claimed] = await outbox.claim(1)
    await desk.take_messages(changed_number(GUEST, STRANGER))
    await fake_graph.fail(code=PAIR_RATE, to=GUEST)

    await outbox.send(claimed)

    assert await states(ledger) == [OutboxState.PENDING], "surely not taken, and so no matter of waiting for a status"
    await send_due(outbox)
    assert await fake_graph.texts(STRANGER) == [WELCOME]


def changed_number(old: str, new: str) -> dict[str, Any]:
    note = {"type": "user_changed_number", "wa_id": new, "body": "changed"}
    return message("system", note, id="wamid.MOVED") | {"from": old}


async def test_a_number_that_is_let_through_again_comes_down_step_by_step(sending: Sending) -> None:
    for guest in (GUEST, STRANGER, "4915112345679"):
        await sending.desk.say("Hello", sender=guest)
    await sending.graph.fail(code=THROUGHPUT, times=2)
    levels = []
    for _ in range(5):
        await sending.outbox.send((await sending.outbox.claim(1))[0])
        levels.append((await sending.ledger.row(Channel)).throttle_level)
        sending.clock.move(minutes=1)

    assert levels == [1, 2, 1, 0, 0]


@pytest.mark.parametrize("outcome", [SendOutcome.PAIR_RATE, SendOutcome.THROTTLED])
async def test_a_limit_is_not_the_messages_fault(
    desk: Desk,
    ledger: Ledger,
    hotel: HotelWorld,
    settings: Settings,
    database: Database,
    clock: HeldClock,
    outcome: SendOutcome,
) -> None:
    left = 3 * MAX_ATTEMPTS

    async def answer(message: Outgoing) -> SendResult:
        nonlocal left
        left -= 1
        return SendResult(outcome=outcome) if left >= 0 else accepted(message)

    outbox = scripted_outbox(settings, database, clock, answer)
    await desk.say("Hello")
    while await states(ledger) != [OutboxState.SENT]:
        assert await send_due(outbox) == [1]
        clock.move(minutes=10)

    assert (await ledger.row(Delivery)).attempts == 1


async def test_a_limit_of_the_providers_keeps_nothing_for_longer_than_a_day(sending: Sending) -> None:
    await sending.desk.say("Hello")
    await sending.graph.fail(code=THROUGHPUT, times=0)
    await send_due(sending.outbox)
    sending.clock.move(days=1, seconds=1)

    assert await sending.outbox.expire() == 1

    assert await states(sending.ledger) == [OutboxState.DEAD]


async def test_a_paused_number_and_one_that_waits_are_in_no_other_numbers_way(
    desk: Desk, world: World, ledger: Ledger, outbox: Outbox, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    await world.two_hotels()
    for number in range(40):
        await desk.say("Hello", sender=f"49151123400{number:02}")
    await ledger.change(Channel, Channel.account == SEA_VIEW_NUMBER, paused_at=clock.now)
    await desk.say("Hello", number=ALPINE_NUMBER)

    assert await send_due(outbox, limit=1) == [41]
    await ledger.change(Channel, Channel.account == SEA_VIEW_NUMBER, paused_at=None)
    assert len(await send_due(outbox)) == 40
