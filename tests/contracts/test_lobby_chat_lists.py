"""Document 2, ``GET /api/chat/conversations/``: which conversations, in which order, by pages, and what a row says."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import update

from app.core.types import Department
from app.models import Conversation, Hotel
from app.store.database import Database
from tests.contracts.chat import CHAT, Chat, chat_of
from tests.contracts.desk import JOHN, Desk, assert_error
from tests.fake_graph import ALPINE_NUMBER, SEA_VIEW_NUMBER
from tests.pinned import assert_json_pinned
from tests.world import HotelWorld, World, guest_writes, post_signed, text_message, webhook_body

GUESTS = [f"35191234567{digit}" for digit in range(5)]
RECEPTION, ROOM_SERVICE, HOUSEKEEPING = ("services", "3"), ("services", "1"), ("services", "2")

ITEM = {
    *("id", "guest", "hotel", "hotel_name", "department", "conversation_type", "status", "guest_info"),
    *("last_message_at", "last_message_preview", "unread_count", "last_message", "created_at", "updated_at"),
}
GUEST_INFO = {
    *("id", "full_name", "email", "whatsapp_number", "date_of_birth", "nationality", "status", "room_number", "floor")
}


@pytest.fixture
async def five(desk: Desk, chat: Chat) -> list[int]:
    """Five demos that were relayed, the last active first."""
    await desk.hear_all(dict.fromkeys(GUESTS, RECEPTION))
    return [each["id"] for each in await chat.listed()]


async def archive(database: Database, conversation_id: int) -> None:
    async with database.transaction() as work:
        await work.connection.execute(
            update(Conversation).where(Conversation.id == conversation_id).values(is_archived=True)
        )


async def test_a_row_of_the_list_has_the_documents_fields(chat: Chat, johns: int) -> None:
    listed = await chat.get("conversations/")

    [row] = listed["results"]
    assert row.keys() >= ITEM
    assert row["guest_info"].keys() == GUEST_INFO
    assert (row["id"], row["hotel_name"], row["department"], row["status"]) == (
        johns,
        "Sea View",
        "Reception",
        "active",
    )
    assert row["guest_info"]["whatsapp_number"] == f"+{JOHN}"
    assert row["last_message"]["content"] == row["last_message_preview"] == "Hello, I need help with..."
    assert row["last_message"]["created_at"] == row["last_message_at"]
    assert_json_pinned("lobby_chat/conversations.json", listed)


async def test_a_guest_without_a_stay_has_no_room_and_no_status(chat: Chat, desk: Desk) -> None:
    await desk.hear(GUESTS[0], "Hello")

    [row] = await chat.listed()

    info = row["guest_info"]
    assert (info["status"], info["room_number"], info["floor"], row["department"]) == (None, None, None, None)
    assert row["last_message"]["sender_type"] == "staff", "the flow has answered"


async def test_the_last_active_stands_first(chat: Chat, desk: Desk, five: list[int]) -> None:
    assert five == sorted(five, reverse=True)

    await desk.hear(GUESTS[1], "Is anybody there?")

    assert [each["id"] for each in await chat.listed()] == [five[3], five[0], five[1], five[2], five[4]]


async def test_pages_of_the_chat_follow_each_other_by_their_links(chat: Chat, five: list[int]) -> None:
    first = await chat.get("conversations/", page_size=2)
    second = await chat.follow(first["next"])
    third = await chat.follow(second["next"])

    pages = [[each["id"] for each in page["results"]] for page in (first, second, third)]
    assert pages == [five[:2], five[2:4], five[4:]]
    assert [page["count"] for page in (first, second, third)] == [5, 5, 5]
    assert (first["previous"], third["next"]) == (None, None)
    assert await chat.follow(third["previous"]) == second
    assert await chat.follow(second["previous"]) == first


async def test_a_link_of_the_chat_keeps_what_was_asked_for(chat: Chat, five: list[int]) -> None:
    query = {"page_size": "2", "status": "active,closed", "department": "reception", "search": "35191 %_"}

    link = urlsplit((await chat.get("conversations/", **query | {"search": "+35191"}))["next"])

    assert link.path == f"{CHAT}conversations/"
    assert parse_qs(link.query) == {name: [each] for name, each in query.items()} | {
        "search": ["+35191"],
        "page": ["2"],
    }


async def test_a_page_of_the_chat_has_twenty_where_nothing_is_said(chat: Chat, desk: Desk) -> None:
    await desk.hear_all({f"3519200000{number:02}": RECEPTION for number in range(21)})

    listed = await chat.get("conversations/")

    assert (len(listed["results"]), listed["count"]) == (20, 21)
    assert len(await chat.listed(page_size=100)) == 21


async def test_an_empty_list_of_the_chat_is_a_page_and_one_past_the_end_is_not(chat: Chat) -> None:
    assert await chat.get("conversations/") == {"count": 0, "next": None, "previous": None, "results": []}
    assert_error(await chat.call("GET", "conversations/?page=2"), 404, "no_such_page")


async def test_a_page_of_the_chat_past_the_end_is_not_found(chat: Chat, five: list[int]) -> None:
    assert_error(await chat.call("GET", "conversations/?page=4&page_size=2"), 404, "no_such_page")
    assert_error(await chat.call("GET", "conversations/?page=1000000&page_size=100"), 404, "no_such_page")


async def test_what_is_no_page_of_the_chat_is_a_bad_field(chat: Chat) -> None:
    for query in ("page=0", "page=-1", "page=x", "page=1000001", "page_size=0", "page_size=101", "page=" + "9" * 5000):
        field = query.partition("=")[0]
        assert assert_error(await chat.call("GET", f"conversations/?{query}"), 400, "bad_fields").keys() == {field}


async def test_every_open_conversation_is_active_and_what_was_put_away_is_archived(
    chat: Chat, desk: Desk, world: World, hotel: HotelWorld, database: Database
) -> None:
    await world.guest(hotel, "John Doe", JOHN)
    await desk.hear_all({JOHN: ["Hi"], GUESTS[0]: ["Hello"], GUESTS[1]: RECEPTION, GUESTS[2]: RECEPTION})
    with_flow, demo, relayed, closed = (each["id"] for each in reversed(await chat.listed()))
    await chat.post("conversations/close/", conversation_id=closed)

    async def ids(query: str) -> list[int]:
        return sorted(each["id"] for each in (await chat.get(f"conversations/{query}"))["results"])

    assert await ids("") == sorted([with_flow, demo, relayed, closed])
    assert await ids("?status=active") == sorted([with_flow, demo, relayed])
    assert await ids("?status=closed") == [closed]
    assert await ids("?status=archived") == []

    await archive(database, relayed)
    await archive(database, closed)

    assert await ids("?status=active") == sorted([with_flow, demo])
    assert await ids("?status=closed") == []
    assert await ids("?status=archived") == sorted([relayed, closed])
    for query in ("?status=active,archived", "?status=active&status=archived", "?status=active,,archived,"):
        assert await ids(query) == sorted([with_flow, demo, relayed, closed])
    assert {each["id"]: each["status"] for each in await chat.listed()} == {
        with_flow: "active",
        demo: "active",
        relayed: "archived",
        closed: "archived",
    }


async def test_an_empty_filter_filters_nothing(chat: Chat, five: list[int]) -> None:
    assert len(await chat.listed(status="", department="", search="")) == 5
    assert len(await chat.listed(status=",")) == 5
    assert len(await chat.listed(search="  ")) == 5


async def test_a_status_that_the_chat_does_not_know_is_a_bad_field(chat: Chat) -> None:
    for status in ("relay", "active,x", "ACTIVE", "active closed", "%ED%A0%80"):
        answer = await chat.call("GET", f"conversations/?status={status}")
        assert assert_error(answer, 400, "bad_fields").keys() == {"status"}, status
    assert_error(await chat.call("GET", "conversations/?status=%00"), 400, "bad_fields")


@pytest.fixture
async def departments(desk: Desk) -> None:
    """A conversation with each of three departments, and one that the flow still has."""
    await desk.hear_all({GUESTS[0]: RECEPTION, GUESTS[1]: ROOM_SERVICE, GUESTS[2]: HOUSEKEEPING, GUESTS[3]: ["Hello"]})


@pytest.mark.parametrize("form", ["Room Service", "room_service", "ROOM SERVICE", "room%20service", "Room+Service"])
async def test_a_department_is_asked_for_by_any_form_of_its_name(chat: Chat, departments: None, form: str) -> None:
    found = (await chat.get(f"conversations/?department={form}"))["results"]

    assert [each["department"] for each in found] == ["Room Service"]


@pytest.mark.parametrize("form", ["Café", "CAFÉ", "caf%C3%A9", "caf%25C3%25A9", "cafe", "Cafe%CC%81"])
async def test_the_cafe_is_asked_for_by_any_form_of_its_name(chat: Chat, desk: Desk, form: str) -> None:
    await desk.hear(GUESTS[0], "Hello")
    begun = await chat.post("conversations/create/", 201, guest_whatsapp_number=GUESTS[0], department_type="Café")

    found = (await chat.get(f"conversations/?department={form}"))["results"]

    assert [each["id"] for each in found] == [begun["conversation_id"]]


async def test_a_department_that_is_none_is_a_bad_field(chat: Chat) -> None:
    for name in ("Spa", "Room", "1", "Reception,Café", "%ED%A0%80", "x" * 5000):
        answer = await chat.call("GET", f"conversations/?department={name}")
        assert assert_error(answer, 400, "bad_fields").keys() == {"department"}, name


async def test_department_staff_see_their_own_and_what_has_none_yet(
    client: httpx.AsyncClient, world: World, hotel: HotelWorld, departments: None
) -> None:
    waiter = await chat_of(client, world, hotel, "waiter", Department.ROOM_SERVICE)

    assert {each["department"] for each in await waiter.listed()} == {"Room Service", None}
    assert [each["department"] for each in await waiter.listed(department="room_service")] == ["Room Service"]
    assert_error(await waiter.call("GET", "conversations/?department=Reception"), 403, "forbidden")


async def test_another_hotels_conversations_are_in_no_list(
    chat: Chat, client: httpx.AsyncClient, world: World, five: list[int]
) -> None:
    other = await world.hotel("alpine-lodge", ALPINE_NUMBER)
    anna = await chat_of(client, world, other, "anna")
    await post_signed(client, webhook_body((ALPINE_NUMBER, [text_message("Grüezi", GUESTS[0])])), ALPINE_NUMBER)

    assert [each["hotel_name"] for each in await anna.listed()] == ["Alpine Lodge"]
    assert await anna.listed(search=GUESTS[1]) == []
    assert [each["id"] for each in await chat.listed()] == five


async def test_unread_are_the_guests_messages_that_nobody_of_the_hotel_has_read(
    chat: Chat, desk: Desk, johns: int, client: httpx.AsyncClient, world: World, hotel: HotelWorld
) -> None:
    async def unread() -> Any:
        return (await chat.listed())[0]["unread_count"]

    await chat.post("messages/mark-read/", conversation_id=johns)
    assert await unread() == 0
    await desk.hear(JOHN, "One", "Two")
    assert await unread() == 2

    await desk.send(johns, "Yes?")
    assert await unread() == 0, "who answers has read"
    heart = {"type": "reaction", "reaction": {"message_id": "wamid.HELLO", "emoji": "❤"}}
    await post_signed(client, webhook_body((SEA_VIEW_NUMBER, [text_message("", JOHN) | heart])))
    assert (await chat.messages(johns))[-1]["kind"] == "reaction"
    assert await unread() == 0, "a reaction asks for nothing"

    await desk.hear(JOHN, "Three")
    colleague = await chat_of(client, world, hotel, "colleague")
    await colleague.post("messages/mark-read/", conversation_id=johns)
    assert await unread() == 0, "read by a colleague is read"


async def test_a_guest_who_waits_has_since_when_and_until_when(
    chat: Chat, desk: Desk, johns: int, database: Database
) -> None:
    async with database.transaction() as work:
        await work.connection.execute(update(Hotel).values(reply_minutes=7))

    [waiting] = await chat.listed()
    since, due = (datetime.fromisoformat(waiting[name]) for name in ("waiting_since", "reply_due_at"))
    assert due - since == timedelta(minutes=7)

    await desk.send(johns, "How can I help?")
    [answered] = await chat.listed()
    assert (answered["waiting_since"], answered["reply_due_at"]) == (None, None)

    await desk.hear(JOHN, "A towel, please")
    [again] = await chat.listed()
    assert again["waiting_since"] > waiting["waiting_since"]


async def test_a_row_names_who_has_taken_it_on(chat: Chat, johns: int, database: Database, hotel: HotelWorld) -> None:
    assert (await chat.listed())[0]["assignee"] is None

    async with database.transaction() as work:
        await work.connection.execute(update(Conversation).values(assignee_id=hotel.staff["reception"], priority=3))

    [row] = await chat.listed()
    assert row["assignee"] == {"id": hotel.staff["reception"], "name": "Reception Staff"}
    assert row["priority"] == 3


async def test_the_chats_paths_answer_with_and_without_their_slash(chat: Chat, johns: int) -> None:
    for path in (f"{CHAT}conversations", f"{CHAT}conversations/{johns}"):
        with_slash, without = [await chat.call("GET", each) for each in (f"{path}/", path)]
        assert (with_slash.status_code, without.status_code) == (200, 200)
        assert with_slash.json() == without.json()


async def test_the_list_shows_only_the_beginning_of_a_long_message(chat: Chat, client: httpx.AsyncClient) -> None:
    await guest_writes(client, "services", GUESTS[0])
    await guest_writes(client, "3", GUESTS[0])
    await guest_writes(client, "word " * 200, GUESTS[0])

    [row] = await chat.listed()

    assert len(row["last_message_preview"]) == len(row["last_message"]["content"]) == 200
