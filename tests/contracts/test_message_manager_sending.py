"""``send_message/`` and ``end_relay/`` of document 1: what they bring about."""

import asyncio
from uuid import uuid4

from sqlalchemy import update

from app.core.types import ConversationStatus, StayStatus
from app.models import Conversation
from app.store.database import Database
from tests.contracts.desk import JOHN, Desk, assert_error
from tests.world import HotelWorld, World, signed_in

STRANGER = "4915112345678"


async def test_the_first_answer_takes_over_from_the_flow(desk: Desk) -> None:
    await desk.hear(STRANGER, "Hello")
    demo = (await desk.get(status="demo"))["results"][0]["id"]

    await desk.send(demo, "Good evening, this is Reception.")
    await desk.hear(STRANGER, "services")

    assert (await desk.get(f"{demo}/"))["status"] == "relay"
    assert (await desk.get(f"{demo}/messages/"))[-1]["content"] == "services", "the flow keeps silent"


async def test_sending_into_a_closed_conversation_opens_it_as_relay(desk: Desk, johns: int, database: Database) -> None:
    await close(database, johns)

    await desk.send(johns, "One thing more.")

    assert [each["id"] for each in (await desk.get())["results"]] == [johns]


async def test_reopening_beside_another_open_one_of_the_same_guest_is_a_conflict(
    desk: Desk, johns: int, database: Database
) -> None:
    await close(database, johns)
    await desk.hear(JOHN, "services", "3")
    other = (await desk.get())["results"][0]["id"]

    answer = await desk.call("POST", f"{johns}/send_message/", json={"text": "One thing more."})

    assert assert_error(answer, 409, "conversation_open") == {"conversation_id": other}
    assert (await desk.get(f"{johns}/"))["status"] == "closed"


async def close(database: Database, conversation_id: int) -> None:
    async with database.transaction() as work:
        await work.connection.execute(
            update(Conversation)
            .where(Conversation.id == conversation_id)
            .values(status=ConversationStatus.CLOSED, closed_at=Conversation.updated_at)
        )


async def test_a_text_is_sent_without_the_space_around_it(desk: Desk, johns: int) -> None:
    assert (await desk.send(johns, "  Good evening!\n"))["content"] == "Good evening!"


async def test_a_text_is_kept_as_it_was_written(desk: Desk, johns: int) -> None:
    for text in ("é" * 4096, "🛎️ 你好 مرحبا", "<b>&amp;", "line\nline", "1"):
        assert (await desk.send(johns, text))["content"] == text
        assert (await desk.get(f"{johns}/messages/"))[-1]["content"] == text


async def test_the_list_shows_at_most_the_beginning_of_a_long_message(desk: Desk, johns: int) -> None:
    await desk.send(johns, "x" * 4096)

    assert (await desk.get())["results"][0]["last_message"]["content"] == "x" * 200


async def test_a_message_with_the_same_clients_id_is_sent_once(desk: Desk, johns: int) -> None:
    mine = str(uuid4())
    before = len(await desk.get(f"{johns}/messages/"))

    first = await desk.send(johns, "Once", client_message_id=mine)
    second = await desk.send(johns, "Once", client_message_id=mine.upper())

    assert first == second
    assert first["client_message_id"] == mine
    assert len(await desk.get(f"{johns}/messages/")) == before + 1


async def test_of_ten_at_once_with_the_same_clients_id_one_is_sent(desk: Desk, johns: int) -> None:
    mine = str(uuid4())

    sent = await asyncio.gather(*(desk.send(johns, "Once", client_message_id=mine) for _ in range(10)))

    assert len({each["id"] for each in sent}) == 1
    assert [each["content"] for each in await desk.get(f"{johns}/messages/")].count("Once") == 1


async def test_a_clients_id_of_another_conversation_is_a_conflict(desk: Desk, johns: int) -> None:
    await desk.hear(STRANGER, "Hello")
    demo = (await desk.get(status="demo"))["results"][0]["id"]
    mine = str(uuid4())
    await desk.send(johns, "Once", client_message_id=mine)

    body = {"text": "Once", "client_message_id": mine}
    answer = await desk.call("POST", f"{demo}/send_message/", json=body)

    assert_error(answer, 409, "client_message_id_used")
    assert (await desk.get(f"{demo}/"))["status"] == "demo"


async def test_two_people_may_choose_the_same_clients_id(
    desk: Desk, johns: int, world: World, hotel: HotelWorld
) -> None:
    await world.user(hotel, "rita")
    rita = Desk(desk.client, await signed_in(desk.client, "rita"))
    mine = str(uuid4())

    first = await desk.send(johns, "From one", client_message_id=mine)
    second = await rita.send(johns, "From the other", client_message_id=mine)

    assert (second["content"], second["sender_name"]) == ("From the other", "Rita Staff")
    assert first["id"] != second["id"]


async def test_after_a_relay_a_guest_who_stays_is_with_the_flow_again(desk: Desk, johns: int) -> None:
    await desk.end_relay(johns)

    detail = await desk.get(f"{johns}/")
    assert (detail["status"], detail["department_name"], detail["context_data"]) == ("active", None, {})
    assert (await desk.get())["count"] == 0
    await desk.hear(JOHN, "Hello")
    assert (await desk.get(f"{johns}/messages/"))[-1]["content"].startswith("How can we assist you today?")


async def test_after_a_relay_a_guest_without_a_stay_is_in_the_demo_again(desk: Desk) -> None:
    await desk.hear(STRANGER, "services", "3")
    conversation = (await desk.get())["results"][0]["id"]

    await desk.end_relay(conversation)

    detail = await desk.get(f"{conversation}/")
    assert (detail["status"], detail["department_name"]) == ("demo", None)


async def test_after_a_relay_a_guest_who_has_not_checked_in_goes_on_with_that(
    desk: Desk, world: World, hotel: HotelWorld
) -> None:
    await world.guest(hotel, "John Doe", JOHN, stay=StayStatus.PENDING)
    await desk.hear(JOHN, "Hello", "reception")
    conversation = (await desk.get())["results"][0]["id"]

    await desk.end_relay(conversation)

    detail = await desk.get(f"{conversation}/")
    assert (detail["status"], detail["department_name"]) == ("checkin", None)


async def test_what_is_not_in_relay_cannot_be_ended(desk: Desk, johns: int, database: Database) -> None:
    await desk.end_relay(johns)
    assert assert_error(await desk.end_relay(johns), 409, "not_in_relay") == {"status": "active"}

    await close(database, johns)
    assert assert_error(await desk.end_relay(johns), 409, "not_in_relay") == {"status": "closed"}


async def test_of_ten_who_end_a_relay_at_once_one_does(desk: Desk, johns: int) -> None:
    answers = await asyncio.gather(*(desk.end_relay(johns) for _ in range(10)))

    assert sorted(each.status_code for each in answers) == [200] + [409] * 9
