"""Document 2 and 3, by REST: conversations are created and closed, messages read, typing told."""

from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from app.core.types import Department
from app.models import Conversation
from app.store.database import Database
from tests.contracts.chat import Chat, chat_of
from tests.contracts.desk import JOHN, Desk, assert_error
from tests.fake_graph import ALPINE_NUMBER
from tests.pinned import assert_json_pinned
from tests.world import HotelWorld, World

CREATE = ("conversations/create/", "/chat/conversations/create/")
CLOSE = ("conversations/close/", "/chat/conversations/close/")
ABOUT_ONE: dict[str, dict[str, Any]] = {
    "conversations/close/": {},
    "/chat/conversations/close/": {},
    "conversations/priority/": {"priority": 2},
    "messages/mark-read/": {},
    "messages/typing/": {"is_typing": True},
}

NO_IDS: tuple[object, ...] = ("1", [0], [-1], ["1"], [1.5], [10**18], [True], list(range(1, 1002)), {})


@pytest.fixture
async def john(world: World, hotel: HotelWorld) -> None:
    """John Doe stays in room 101, and has not written yet."""
    await world.guest(hotel, "John Doe", JOHN)


def wanting(department: str, number: str = f"+{JOHN}") -> dict[str, str]:
    return {"guest_whatsapp_number": number, "department_type": department}


@pytest.mark.parametrize("path", CREATE)
async def test_a_created_conversation_is_answered_and_on_the_desk(chat: Chat, john: None, path: str) -> None:
    created = await chat.post(path, 201, **wanting("Room Service"))

    assert created.keys() == {"message", "conversation_id", "guest_name", "department"}
    assert (created["guest_name"], created["department"]) == ("John Doe", "Room Service")
    assert_json_pinned("lobby_chat/create.json", created)
    [row] = await chat.listed(department="room_service", status="active")
    assert (row["id"], row["guest_info"]["room_number"]) == (created["conversation_id"], "101")
    assert (row["last_message"], row["last_message_at"], row["last_message_preview"]) == (None, None, None)
    assert (await chat.messages(row["id"])) == []


async def test_the_same_guest_and_department_again_is_a_conflict_that_names_the_conversation(
    chat: Chat, john: None
) -> None:
    created = await chat.post(CREATE[0], 201, **wanting("Reception"))

    for path in CREATE:
        answer = await chat.call("POST", path, json=wanting("reception"))
        assert assert_error(answer, 409, "conversation_open") == {"conversation_id": created["conversation_id"]}
    other = await chat.post(CREATE[0], 201, **wanting("Housekeeping"))
    assert other["conversation_id"] != created["conversation_id"], "one for each department"


async def test_once_it_is_closed_another_may_be_created(chat: Chat, john: None) -> None:
    first = await chat.post(CREATE[0], 201, **wanting("Reception"))
    await chat.post(CLOSE[0], conversation_id=first["conversation_id"])

    second = await chat.post(CREATE[0], 201, **wanting("Reception"))

    assert second["conversation_id"] != first["conversation_id"]
    assert [each["status"] for each in await chat.listed()] == ["active", "closed"]


@pytest.mark.parametrize(
    "number", [JOHN, f"+{JOHN}", f"00{JOHN}", "+1 (234) 567-890", "1.234.567.890"], ids=lambda number: str(number)
)
async def test_a_guest_is_known_by_their_number_however_it_is_written(chat: Chat, john: None, number: str) -> None:
    assert (await chat.post(CREATE[0], 201, **wanting("cafe", number)))["guest_name"] == "John Doe"


async def test_a_number_that_no_guest_of_the_hotel_has_is_not_found(
    chat: Chat, john: None, client: httpx.AsyncClient, world: World
) -> None:
    anna = await chat_of(client, world, await world.hotel("alpine-lodge", ALPINE_NUMBER), "anna")

    for path in CREATE:
        assert_error(await chat.call("POST", path, json=wanting("Reception", "+4915100000000")), 404, "no_such_guest")
        assert_error(await anna.call("POST", path, json=wanting("Reception")), 404, "no_such_guest")


async def test_what_is_no_number_or_no_department_is_a_bad_field(chat: Chat, john: None) -> None:
    for number in ("", "call me", "123", "+0123456789", "9" * 64):
        answer = await chat.call("POST", CREATE[0], json=wanting("Reception", number))
        assert assert_error(answer, 400, "bad_phone").keys() == {"guest_whatsapp_number"}, number
    faults: list[tuple[dict[str, Any], set[str]]] = [
        (wanting("Spa"), {"department_type"}),
        (wanting(""), {"department_type"}),
        (wanting("Reception", "9" * 65), {"guest_whatsapp_number"}),
        (wanting("Reception", "12345\x00"), {"guest_whatsapp_number"}),
        ({"guest_whatsapp_number": 1234567890, "department_type": 3}, {"guest_whatsapp_number", "department_type"}),
        ({}, {"guest_whatsapp_number", "department_type"}),
    ]
    for body, fields in faults:
        for path in CREATE:
            assert assert_error(await chat.call("POST", path, json=body), 400, "bad_fields").keys() == fields, body


async def test_nobody_begins_a_conversation_for_another_department(
    client: httpx.AsyncClient, world: World, hotel: HotelWorld, john: None, database: Database
) -> None:
    waiter = await chat_of(client, world, hotel, "waiter", Department.ROOM_SERVICE)

    assert_error(await waiter.call("POST", CREATE[0], json=wanting("Reception")), 403, "forbidden")

    async with database.read() as work:
        assert await work.connection.scalar(select(func.count()).select_from(Conversation)) == 0
    assert (await waiter.post(CREATE[0], 201, **wanting("Room Service")))["department"] == "Room Service"


@pytest.mark.parametrize("path", CLOSE)
async def test_a_closed_conversation_is_answered_and_reads_closed(chat: Chat, johns: int, path: str) -> None:
    closed = await chat.post(path, conversation_id=johns)

    assert (closed["conversation_id"], closed["status"]) == (johns, "closed")
    assert closed.keys() == {"message", "conversation_id", "status"}
    assert_json_pinned("lobby_chat/close.json", closed)
    detail = await chat.one(johns)
    assert (detail["status"], detail["waiting_since"], detail["reply_due_at"]) == ("closed", None, None)


async def test_a_conversation_is_closed_once(chat: Chat, johns: int) -> None:
    await chat.post(CLOSE[0], conversation_id=johns)

    for path in CLOSE:
        assert_error(await chat.call("POST", path, json={"conversation_id": johns}), 409, "already_closed")


async def test_a_priority_is_answered_and_on_the_desk(chat: Chat, johns: int) -> None:
    for priority in (3, 3, 1):
        answer = await chat.post("conversations/priority/", conversation_id=johns, priority=priority)
        assert answer == {"message": "Priority set.", "conversation_id": johns, "priority": priority}
        assert (await chat.one(johns))["priority"] == priority


@pytest.mark.parametrize("priority", [0, 4, -1, "2", 1.5, True, None])
async def test_a_priority_that_is_none_is_a_bad_field(chat: Chat, johns: int, priority: object) -> None:
    body = {"conversation_id": johns, "priority": priority}
    answer = await chat.call("POST", "conversations/priority/", json=body)
    assert assert_error(answer, 400, "bad_fields").keys() == {"priority"}
    assert (await chat.one(johns))["priority"] == 1


async def test_all_that_stands_there_is_marked_as_read_and_counted(chat: Chat, desk: Desk, johns: int) -> None:
    await desk.hear(JOHN, "One", "Two")
    unread = (await chat.one(johns))["unread_count"]

    marked = await chat.post("messages/mark-read/", conversation_id=johns)
    again = await chat.post("messages/mark-read/", conversation_id=johns)

    assert marked.keys() == {"message", "conversation_id", "messages_marked_read"}
    assert (marked["conversation_id"], marked["messages_marked_read"], unread) == (johns, 5, 5)
    assert again["messages_marked_read"] == 0
    assert (await chat.one(johns))["unread_count"] == 0
    assert_json_pinned("lobby_chat/mark_read.json", marked)


async def test_only_the_messages_that_are_named_are_marked_as_read(chat: Chat, desk: Desk, johns: int) -> None:
    await desk.hear(JOHN, "One", "Two", "Three")
    one, two, three = (each["id"] for each in (await chat.messages(johns))[-3:])

    marked = await chat.post("messages/mark-read/", conversation_id=johns, message_ids=[one, three, one])

    assert marked["messages_marked_read"] == 2
    read = {each["id"]: each["is_read"] for each in (await chat.messages(johns))[-3:]}
    assert read == {one: True, two: False, three: True}
    nothing = await chat.post("messages/mark-read/", conversation_id=johns, message_ids=[])
    assert nothing["messages_marked_read"] == 0


async def test_a_message_of_another_conversation_is_not_marked_as_read(chat: Chat, desk: Desk, johns: int) -> None:
    await desk.hear("351912345678", "Hello")
    theirs, _ = await chat.listed()
    foreign = (await chat.messages(theirs["id"]))[0]["id"]
    mine = (await chat.messages(johns))[-1]["id"]

    for ids in ([foreign], [mine, foreign], [999999999]):
        answer = await chat.call("POST", "messages/mark-read/", json={"conversation_id": johns, "message_ids": ids})
        assert assert_error(answer, 400, "no_such_message").keys() == {"message_ids"}
    assert not (await chat.messages(johns))[-1]["is_read"]


async def test_message_ids_that_are_none_are_bad_fields(chat: Chat, johns: int) -> None:
    for ids in NO_IDS:
        answer = await chat.call("POST", "messages/mark-read/", json={"conversation_id": johns, "message_ids": ids})
        assert assert_error(answer, 400, "bad_fields").keys() >= {"message_ids"}, ids


@pytest.mark.parametrize("is_typing", [True, False])
async def test_typing_is_answered_as_it_was_told(chat: Chat, johns: int, is_typing: bool) -> None:
    told = await chat.post("messages/typing/", conversation_id=johns, is_typing=is_typing)

    assert told.keys() == {"message", "conversation_id", "is_typing"}
    assert (told["conversation_id"], told["is_typing"]) == (johns, is_typing)
    if is_typing:
        assert_json_pinned("lobby_chat/typing.json", told)


async def test_typing_without_saying_whether_is_a_bad_field(chat: Chat, johns: int) -> None:
    for body in ({}, {"is_typing": None}, {"is_typing": "perhaps"}):
        answer = await chat.call("POST", "messages/typing/", json={"conversation_id": johns, **body})
        assert assert_error(answer, 400, "bad_fields").keys() == {"is_typing"}


@pytest.mark.parametrize(("path", "body"), ABOUT_ONE.items(), ids=list(ABOUT_ONE))
async def test_a_command_names_a_conversation_that_the_caller_may_see(
    client: httpx.AsyncClient,
    chat: Chat,
    johns: int,
    world: World,
    hotel: HotelWorld,
    path: str,
    body: dict[str, Any],
) -> None:
    waiter = await chat_of(client, world, hotel, "waiter", Department.ROOM_SERVICE)
    anna = await chat_of(client, world, await world.hotel("alpine-lodge", ALPINE_NUMBER), "anna")
    before = await chat.one(johns)

    about = {"conversation_id": johns, **body}
    assert_error(await waiter.call("POST", path, json=about), 403, "forbidden")
    assert_error(await anna.call("POST", path, json=about), 404, "not_found")
    assert_error(await chat.call("POST", path, json={"conversation_id": 999999, **body}), 404, "not_found")
    for bad in (None, "1", 0, -1, 1.5, True, 10**18, [johns], {"id": johns}):
        answer = await chat.call("POST", path, json={"conversation_id": bad, **body})
        assert assert_error(answer, 400, "bad_fields").keys() == {"conversation_id"}, bad
    for content in (b"", b"{", b"[]", b'{"conversation_id": NaN}', b'{"conversation_id": "\\ud800"}'):
        answer = await chat.call("POST", path, content=content)
        assert (answer.status_code, answer.json()["code"] in {"bad_body", "bad_fields"}) == (400, True), content
    assert await chat.one(johns) == before


async def test_the_commands_answer_with_and_without_their_slash(chat: Chat, johns: int) -> None:
    for path in (*CREATE, *CLOSE, "messages/mark-read/", "messages/typing/"):
        with_slash, without = [await chat.call("POST", each, json={}) for each in (path, path.rstrip("/"))]
        assert (with_slash.status_code, without.status_code) == (400, 400)
        assert with_slash.json() == without.json()
