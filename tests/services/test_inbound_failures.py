"""Poison: an item that fails takes no neighbour along, is kept, and is tried again until it is taken or hopeless."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app.core.errors import Unavailable
from app.core.events import MessageCreated
from app.core.types import UpdateState
from app.models import (
    Channel,
    Conversation,
    Delivery,
    Guest,
    InboundItem,
    InboundUpdate,
    Message,
    MessageStatus,
)
from app.services.inbound.service import Receipt
from app.services.retrying import MAX_ATTEMPTS
from tests.desk import STRANGER, Desk, status
from tests.fake_graph import ALPINE_NUMBER, SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.triggers import trigger
from tests.world import World, text_message, webhook_body

OTHER = "4915112345679"
POISON = "poison"
RAISE = "RAISE EXCEPTION 'poisoned'"
DEADLOCK_ONCE = """
    IF (SELECT count(*) FROM pg_sequences WHERE sequencename = 'poisoned' AND last_value IS NULL) = 1 THEN
        PERFORM nextval('poisoned');
        RAISE EXCEPTION 'one of two has to go' USING ERRCODE = '40P01';
    END IF
"""


@asynccontextmanager
async def poisoned(
    ledger: Ledger, table: str = "messages", column: str = "content", does: str = RAISE
) -> AsyncIterator[None]:
    """Until the block ends, a row of ``table`` with the poison in ``column`` does its worst in the database."""
    async with ledger.database.transaction() as work:
        for statement in (
            "CREATE SEQUENCE poisoned",
            f"""CREATE FUNCTION poisoned() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN IF NEW.{column} = '{POISON}' THEN {does}; END IF; RETURN NEW; END $$""",
            f"CREATE TRIGGER poisoned BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION poisoned()",
        ):
            await work.connection.execute(text(statement))
    try:
        yield
    finally:
        async with ledger.database.transaction() as work:
            await work.connection.execute(text("DROP FUNCTION poisoned() CASCADE"))
            await work.connection.execute(text("DROP SEQUENCE poisoned"))


async def guests_texts(ledger: Ledger) -> list[str]:
    return await ledger.texts(Message.sender_type == "guest")


async def test_the_neighbours_of_an_unreadable_item_stand(desk: Desk, world: World, ledger: Ledger) -> None:
    await world.hotel()
    unreadable = {key: value for key, value in text_message("No id", STRANGER).items() if key != "id"}

    answer = await desk.take_messages(text_message("Before", STRANGER), unreadable, text_message("After", STRANGER))

    assert answer is Receipt.PROCESSED
    assert await guests_texts(ledger) == ["Before", "After"]
    item = await ledger.row(InboundItem)
    assert (item.position, item.state, item.attempts) == (1, UpdateState.DEAD, 1)
    assert "without an id" in item.error
    assert await desk.services.inbound.retry_one() is False


async def test_the_neighbours_of_an_item_without_a_bottom_stand(desk: Desk, world: World, ledger: Ledger) -> None:
    await world.hotel()
    deep = text_message("Deep", STRANGER) | {"referral": "BOTTOMLESS"}
    body = webhook_body(
        (SEA_VIEW_NUMBER, [text_message("Before", STRANGER), deep, text_message("After", STRANGER)])
    ).replace(b'"BOTTOMLESS"', b'{"a":' * 5000 + b"1" + b"}" * 5000)

    answer = await desk.take(body)

    assert answer is Receipt.PROCESSED
    assert await guests_texts(ledger) == ["Before", "Deep", "After"]


async def test_a_body_of_which_nobody_could_read_anything_is_ignored_and_kept(
    desk: Desk, world: World, ledger: Ledger
) -> None:
    await world.hotel()

    assert await desk.take_messages(text_message("No id", STRANGER) | {"id": ""}) is Receipt.IGNORED

    assert (await ledger.row(InboundUpdate)).state is UpdateState.IGNORED
    assert (await ledger.row(InboundItem)).state is UpdateState.DEAD
    assert await ledger.rows(Message) == []


async def test_an_id_longer_than_any_providers_fails_alone(desk: Desk, world: World, ledger: Ledger) -> None:
    await world.hotel()

    await desk.take_messages(text_message("Long", STRANGER, message_id="w" * 600), text_message("Short", STRANGER))

    assert await guests_texts(ledger) == ["Short"]
    assert (await ledger.row(InboundItem)).state is UpdateState.DEAD


async def test_an_item_that_the_database_refuses_is_put_aside_and_its_neighbours_stand(
    desk: Desk, world: World, ledger: Ledger, clock: HeldClock
) -> None:
    hotel = await world.hotel()

    async with poisoned(ledger):
        answer = await desk.take_messages(
            text_message("Before", STRANGER),
            text_message(POISON, OTHER),
            text_message("After", STRANGER),
            text_message("After the poison", OTHER),
        )

    assert answer is Receipt.PROCESSED
    assert await guests_texts(ledger) == ["Before", "After", "After the poison"]
    told = [each.message.content for each in await ledger.events(hotel.id) if isinstance(each, MessageCreated)]
    assert POISON not in told
    assert len(told) == 6
    assert len(await ledger.rows(Delivery)) == 3
    item = await ledger.row(InboundItem)
    assert (item.position, item.state, item.attempts) == (1, UpdateState.PENDING, 1)
    assert "poisoned" in item.error
    assert item.next_attempt_at > clock.now


async def test_an_item_that_was_put_aside_is_taken_once_when_its_time_has_come(
    desk: Desk, world: World, ledger: Ledger, clock: HeldClock
) -> None:
    await world.hotel()
    message = text_message(POISON, STRANGER)
    async with poisoned(ledger):
        assert await desk.take_messages(message) is Receipt.ERROR
    assert await desk.services.inbound.retry_one() is False, "its time has not come"

    received_at = clock.now
    clock.move(minutes=1)
    assert await desk.services.inbound.retry_one() is True
    assert await desk.services.inbound.retry_one() is False
    assert await desk.take_messages(message) is Receipt.PROCESSED

    assert (await ledger.row(InboundItem)).state is UpdateState.PROCESSED
    assert [who for who, _ in await ledger.transcript()] == ["guest", "system"]
    assert (await ledger.rows(Message))[0].created_at == received_at
    assert len(await ledger.rows(Delivery)) == 1


async def test_an_item_is_given_up_after_ten_tries_and_its_story_logged(
    desk: Desk, world: World, ledger: Ledger, clock: HeldClock
) -> None:
    await world.hotel()

    with capture_logs() as logged:
        async with poisoned(ledger):
            await desk.take_messages(text_message(POISON, STRANGER))
            for attempt in range(2, MAX_ATTEMPTS + 1):
                assert (await ledger.row(InboundItem)).state is UpdateState.PENDING
                clock.move(minutes=10)
                assert await desk.services.inbound.retry_one() is True
                assert (await ledger.row(InboundItem)).attempts == attempt
    clock.move(days=1)

    assert await desk.services.inbound.retry_one() is False
    assert (await ledger.row(InboundItem)).state is UpdateState.DEAD
    assert await guests_texts(ledger) == []
    put_aside = [each for each in logged if each["event"] == "inbound_item_put_aside"]
    assert [each["attempts"] for each in put_aside if each["exc_info"]] == [MAX_ATTEMPTS]
    assert put_aside[-1]["hopeless"] is True


async def test_an_item_that_fails_again_holds_up_no_other(
    desk: Desk, world: World, ledger: Ledger, clock: HeldClock
) -> None:
    await world.hotel()
    async with poisoned(ledger, "guests", "full_name"):
        for sender in (STRANGER, OTHER):
            await desk.take_messages(text_message("Hello", sender, name=POISON))

        clock.move(minutes=1)
        assert [await desk.services.inbound.retry_one() for _ in range(3)] == [True, True, False]

    assert [each.attempts for each in await ledger.rows(InboundItem)] == [2, 2]


async def test_a_sender_who_cannot_be_met_takes_nobody_along(
    desk: Desk, world: World, ledger: Ledger, clock: HeldClock
) -> None:
    await world.hotel()

    async with poisoned(ledger, "guests", "full_name"):
        answer = await desk.take_messages(
            text_message("Before", OTHER),
            text_message("From nobody", STRANGER, name=POISON),
            text_message("After", OTHER),
        )

    assert answer is Receipt.PROCESSED
    assert await guests_texts(ledger) == ["Before", "After"]
    assert len(await ledger.rows(InboundUpdate)) == 1
    clock.move(minutes=1)
    assert await desk.services.inbound.retry_one() is True
    assert await guests_texts(ledger) == ["Before", "After", "From nobody"]


async def test_an_item_whose_channel_is_switched_off_meanwhile_waits_for_it(
    desk: Desk, world: World, ledger: Ledger, clock: HeldClock
) -> None:
    await world.hotel()
    async with poisoned(ledger):
        await desk.take_messages(text_message(POISON, STRANGER))
    await ledger.change(Channel, is_active=False)

    clock.move(minutes=1)
    assert await desk.services.inbound.retry_one() is True
    assert (await ledger.row(InboundItem)).state is UpdateState.PENDING
    await ledger.change(Channel, is_active=True)
    clock.move(minutes=1)
    assert await desk.services.inbound.retry_one() is True

    assert await guests_texts(ledger) == [POISON]


async def test_a_status_that_fails_takes_no_message_along(desk: Desk, world: World, ledger: Ledger) -> None:
    await world.hotel()
    body = webhook_body(
        (SEA_VIEW_NUMBER, [text_message("Hello", STRANGER)]),
        statuses={SEA_VIEW_NUMBER: [status("wamid.A", POISON), status("wamid.B", "sent")]},
    )

    async with poisoned(ledger, "message_statuses", "status"):
        assert await desk.take(body) is Receipt.PROCESSED

    assert await guests_texts(ledger) == ["Hello"]
    assert (await ledger.row(InboundItem)).position == 1


async def test_two_hotels_in_one_body_each_get_their_own(desk: Desk, world: World, ledger: Ledger) -> None:
    sea_view, alpine = await world.two_hotels()
    body = webhook_body(
        (SEA_VIEW_NUMBER, [text_message("To the sea", STRANGER)]),
        (ALPINE_NUMBER, [text_message("To the hills", STRANGER)]),
        (SEA_VIEW_NUMBER, [text_message("To the sea again", STRANGER)]),
    )

    assert await desk.take(body, secret=None) is Receipt.PROCESSED

    for hotel, texts in ((sea_view, ["To the sea", "To the sea again"]), (alpine, ["To the hills"])):
        conversation = await ledger.conversation(Conversation.hotel_id == hotel.id)
        told = [
            each.message
            for each in await ledger.events(hotel.id)
            if isinstance(each, MessageCreated) and each.message.sender_type == "guest"
        ]
        assert [each.content for each in told] == texts
        assert {each.conversation_id for each in told} == {conversation.id}
        assert len(await ledger.rows(Guest, Guest.hotel_id == hotel.id)) == 1


async def test_a_deadlock_is_no_items_fault_and_the_body_is_taken_whole(
    desk: Desk, world: World, ledger: Ledger
) -> None:
    await world.hotel()

    async with poisoned(ledger, does=DEADLOCK_ONCE):
        answer = await desk.take_messages(text_message("Before", STRANGER), text_message(POISON, STRANGER))

    assert answer is Receipt.PROCESSED
    assert await guests_texts(ledger) == ["Before", POISON]
    assert await ledger.rows(InboundItem) == []


async def test_a_database_that_goes_away_half_way_has_taken_nothing_and_says_so(
    desk: Desk, world: World, ledger: Ledger
) -> None:
    await world.hotel()
    messages = text_message("Before", STRANGER), text_message(POISON, STRANGER)

    async with poisoned(ledger, does="PERFORM pg_terminate_backend(pg_backend_pid())"):
        with pytest.raises(Unavailable):
            await desk.take_messages(*messages)
    assert await ledger.rows(InboundUpdate) == []

    assert await desk.take_messages(*messages) is Receipt.PROCESSED
    assert await guests_texts(ledger) == ["Before", POISON]


async def test_of_many_in_one_body_the_few_at_fault_are_put_aside(
    desk: Desk, world: World, ledger: Ledger, clock: HeldClock
) -> None:
    await world.hotel()
    at_fault = {3, 4, 17}
    senders = [f"49151123456{number:02}" for number in range(24)]
    texts = [POISON if number in at_fault else f"No. {number}" for number in range(24)]

    async with poisoned(ledger):
        await desk.take_messages(*(text_message(said, sender) for said, sender in zip(texts, senders, strict=True)))

    assert sorted(await guests_texts(ledger)) == sorted(said for said in texts if said != POISON)
    assert {each.position for each in await ledger.rows(InboundItem)} == at_fault
    assert len(await ledger.rows(Guest)) == len(await ledger.rows(Conversation)) == 21
    clock.move(minutes=1)
    while await desk.services.inbound.retry_one():
        pass
    assert len(await ledger.rows(Conversation)) == 24


async def test_of_many_statuses_the_one_at_fault_is_put_aside(desk: Desk, world: World, ledger: Ledger) -> None:
    await world.hotel()
    words = [POISON if number == 5 else "sent" for number in range(12)]

    async with poisoned(ledger, "message_statuses", "status"):
        await desk.take_statuses(*(status(f"wamid.{number}", word) for number, word in enumerate(words)))

    item = await ledger.row(InboundItem)
    assert (item.position, item.external_id) == (5, "wamid.5")
    assert len(await ledger.rows(MessageStatus)) == 11


async def test_an_item_is_found_again_by_its_id_wherever_it_stands_by_then(
    desk: Desk, world: World, ledger: Ledger, clock: HeldClock
) -> None:
    await world.hotel()
    async with poisoned(ledger):
        await desk.take_messages(
            text_message("Before", STRANGER),
            text_message(POISON, STRANGER, message_id="wamid.POISON"),
            text_message("After", STRANGER),
        )
    assert (await ledger.row(InboundItem)).external_id == "wamid.POISON"
    await ledger.change(InboundItem, position=2)

    clock.move(minutes=1)
    assert await desk.services.inbound.retry_one() is True

    assert (await ledger.row(InboundItem)).state is UpdateState.PROCESSED
    assert await guests_texts(ledger) == ["Before", "After", POISON]


async def test_a_correction_that_the_database_refuses_is_tried_again(
    desk: Desk, world: World, ledger: Ledger, clock: HeldClock
) -> None:
    await world.hotel()
    await desk.take_messages(text_message("Hello", STRANGER, message_id="wamid.HELLO"))
    revoke = {"from": STRANGER, "id": "wamid.R", "type": "revoke", "revoke": {"original_message_id": "wamid.HELLO"}}

    async with trigger(ledger.database, "INSERT ON corrections", RAISE):
        assert await desk.take_messages(revoke, text_message("Later", STRANGER)) is Receipt.PROCESSED
    assert await guests_texts(ledger) == ["Hello", "Later"]
    clock.move(minutes=1)
    assert await desk.services.inbound.retry_one() is True

    assert await guests_texts(ledger) == ["", "Later"]
