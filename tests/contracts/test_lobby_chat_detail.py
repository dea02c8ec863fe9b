"""Document 2, ``GET /api/chat/conversations/{id}/``: one conversation with its messages."""

from typing import Any
from urllib.parse import urlsplit

import httpx

from app.core.types import Department, UserType
from app.services.container import Services
from tests import files
from tests.contracts.chat import Chat, chat_of
from tests.contracts.desk import JOHN, Desk, assert_error
from tests.contracts.test_lobby_chat_lists import GUEST_INFO, ITEM
from tests.desk import principal
from tests.fake_graph import ALPINE_NUMBER, SEA_VIEW_NUMBER
from tests.pinned import TIMESTAMP, assert_json_pinned
from tests.world import HotelWorld, World, post_signed, text_message, webhook_body

MESSAGE = {
    *("id", "conversation", "conversation_id", "sender_type", "sender", "sender_name", "message_type", "content"),
    *("media_url", "media_filename", "is_read", "read_at", "delivery_status", "guest_info", "created_at", "updated_at"),
}
BAD_IDS = ["x", "0x1", "-1", "+1", "1.0", "%201", "%D9%A1", "%ED%A0%80", "null", "1" + "0" * 18, "9" * 5000]


async def test_a_conversation_stands_above_its_messages(
    chat: Chat, desk: Desk, johns: int, services: Services, hotel: HotelWorld
) -> None:
    await desk.send(johns, "Hello! How can I help you?")
    await services.handling.note(principal(hotel), johns, "Prefers the quiet side")
    await desk.hear(JOHN, "A towel, please")

    thread = await chat.get(f"conversations/{johns}/")

    assert thread.keys() == {"conversation", "messages"}
    assert thread["conversation"].keys() >= ITEM | {"assignee", "participants"}
    assert thread["conversation"]["guest_info"].keys() == GUEST_INFO
    for message in thread["messages"]:
        assert message.keys() >= MESSAGE
        assert message["guest_info"].keys() == {"id", "name", "whatsapp_number", "room_number", "floor"}
        assert message["conversation"] == message["conversation_id"] == johns
        assert message["guest_info"]["id"] == thread["conversation"]["guest"]
    assert [each["id"] for each in thread["messages"]] == sorted(each["id"] for each in thread["messages"])
    wrote = [
        (each["sender_type"], each["sender"], each["message_type"], each["is_note"]) for each in thread["messages"]
    ]
    reception = hotel.staff["reception"]
    assert wrote[-3:] == [
        ("staff", reception, "text", False),
        ("staff", reception, "text", True),
        ("guest", None, "text", False),
    ]
    assert ("staff", None, "system", False) in wrote, "the flow"
    assert_json_pinned("lobby_chat/conversation.json", thread)


async def test_the_detail_says_the_same_of_a_conversation_as_the_list(chat: Chat, johns: int) -> None:
    [row] = await chat.listed()
    detail = await chat.one(johns)

    assert {name: detail[name] for name in row} == row
    assert detail.keys() - row.keys() == {"participants"}


async def test_fifty_messages_are_shown_and_older_ones_asked_for_by_id(chat: Chat, desk: Desk, johns: int) -> None:
    await desk.hear(JOHN, *(f"Towel {number}" for number in range(120)))

    newest = await chat.messages(johns)
    older = await chat.messages(johns, before=newest[0]["id"])
    oldest = await chat.messages(johns, before=older[0]["id"])

    assert [len(newest), len(older)] == [50, 50]
    assert [each["content"] for each in newest] == [f"Towel {number}" for number in range(70, 120)]
    assert [each["content"] for each in older] == [f"Towel {number}" for number in range(20, 70)]
    assert [each["content"] for each in oldest][-20:] == [f"Towel {number}" for number in range(20)]
    assert await chat.messages(johns, before=oldest[0]["id"]) == []


async def test_what_is_no_message_id_is_a_bad_field(chat: Chat, johns: int) -> None:
    for bad in BAD_IDS:
        answer = await chat.call("GET", f"conversations/{johns}/?before={bad}")
        assert assert_error(answer, 400, "bad_fields").keys() == {"before"}, bad


async def test_what_guests_send_comes_in_the_chats_four_kinds(
    chat: Chat, johns: int, client: httpx.AsyncClient
) -> None:
    media: dict[str, Any] = {"id": "1029384756", "mime_type": "image/jpeg", "sha256": "0e1f" * 16}
    sent: list[dict[str, Any]] = [
        {"type": "image", "image": media | {"caption": "The lamp"}},
        {"type": "sticker", "sticker": media | {"id": "2", "mime_type": "image/webp"}},
        {"type": "audio", "audio": media | {"id": "3", "mime_type": "audio/ogg", "voice": True}},
        {"type": "video", "video": media | {"id": "4", "mime_type": "video/mp4"}},
        {"type": "document", "document": media | {"id": "5", "mime_type": "application/pdf", "filename": "a.pdf"}},
        {"type": "location", "location": {"latitude": 38.7, "longitude": -9.1, "name": "Belém"}},
        {"type": "reaction", "reaction": {"message_id": "wamid.HELLO", "emoji": "❤"}},
    ]
    messages = [text_message("", JOHN) | each for each in sent]
    for each in messages:
        each.pop("text")
    await post_signed(client, webhook_body((SEA_VIEW_NUMBER, messages)))

    shown = (await chat.messages(johns))[-len(sent) :]

    assert [(each["kind"], each["message_type"]) for each in shown] == [
        ("image", "image"),
        ("sticker", "image"),
        ("audio", "document"),
        ("video", "document"),
        ("document", "document"),
        ("location", "text"),
        ("reaction", "text"),
    ]
    assert [each["media_filename"] for each in shown if each["media"]] == [None, None, None, None, "a.pdf"]
    assert [each["media_url"] for each in shown] == [None] * len(sent), "nothing has been fetched yet"
    assert shown[0]["content"] == "The lamp"


async def test_a_file_of_staff_is_shown_by_an_address_that_works(chat: Chat, desk: Desk, johns: int) -> None:
    uploaded = await chat.call(
        "POST", "upload-media/", data={"conversation_id": str(johns)}, files={"file": ("menu.pdf", files.PDF)}
    )
    sent = await desk.call("POST", f"{johns}/send_message/", json={"media_id": uploaded.json()["media_id"]})
    assert sent.status_code == 201, sent.text

    message = (await chat.messages(johns))[-1]

    to = urlsplit(message["media_url"])
    fetched = await chat.client.get(f"{to.path}?{to.query}")
    assert (message["message_type"], message["media_filename"]) == ("document", "menu.pdf")
    assert (fetched.status_code, fetched.content) == (200, files.PDF)


async def test_who_takes_part_and_how_far_they_have_read(
    chat: Chat, desk: Desk, johns: int, client: httpx.AsyncClient, world: World, hotel: HotelWorld
) -> None:
    assert (await chat.one(johns))["participants"] == []
    colleague = await chat_of(client, world, hotel, "colleague")
    await chat.post("messages/mark-read/", conversation_id=johns)
    read = (await chat.messages(johns))[-1]["id"]
    await desk.hear(JOHN, "Hello?")
    await colleague.post("messages/mark-read/", conversation_id=johns)
    newest = (await chat.messages(johns))[-1]["id"]

    first, second = (await chat.one(johns))["participants"]

    assert first.keys() == {"user_id", "name", "is_active", "last_read_message_id", "last_read_at"}
    assert (first["name"], first["is_active"], first["last_read_message_id"]) == ("Reception Staff", True, read)
    assert (second["user_id"], second["last_read_message_id"]) == (hotel.staff["colleague"], newest)


async def test_a_guests_message_was_read_when_the_hotel_first_read_it(
    chat: Chat, johns: int, client: httpx.AsyncClient, world: World, hotel: HotelWorld
) -> None:
    before = (await chat.messages(johns))[-1]
    assert (before["sender_type"], before["is_read"], before["read_at"]) == ("guest", False, None)
    assert before["updated_at"] == before["created_at"]

    await chat.post("messages/mark-read/", conversation_id=johns)
    after = (await chat.messages(johns))[-1]
    await (await chat_of(client, world, hotel, "colleague")).post("messages/mark-read/", conversation_id=johns)

    assert (after["is_read"], after["read_at"]) == (True, after["updated_at"])
    assert (await chat.messages(johns))[-1] == after, "the first reading counts"


async def test_another_departments_conversation_is_not_shown_and_another_hotels_not_there(
    client: httpx.AsyncClient, chat: Chat, johns: int, world: World, hotel: HotelWorld
) -> None:
    waiter = await chat_of(client, world, hotel, "waiter", Department.ROOM_SERVICE)
    anna = await chat_of(client, world, await world.hotel("alpine-lodge", ALPINE_NUMBER), "anna")

    assert_error(await waiter.call("GET", f"conversations/{johns}/"), 403, "forbidden")
    assert_error(await anna.call("GET", f"conversations/{johns}/"), 404, "not_found")
    assert_error(await chat.call("GET", "conversations/999999999999999999/"), 404, "not_found")


async def test_what_is_no_conversation_id_is_a_bad_field_of_the_chat(chat: Chat) -> None:
    for bad in [*BAD_IDS, "create", "close"]:
        answer = await chat.call("GET", f"conversations/{bad}/")
        assert assert_error(answer, 400, "bad_fields").keys() == {"conversation_id"}, bad


async def test_a_guest_who_signs_in_sees_nothing_of_the_desk(
    client: httpx.AsyncClient, johns: int, world: World, hotel: HotelWorld
) -> None:
    guest = await chat_of(client, world, hotel, "guest", user_type=UserType.GUEST)

    for path in ("conversations/", f"conversations/{johns}/"):
        assert_error(await guest.call("GET", path), 403, "forbidden")


async def test_every_moment_of_the_chat_is_utc_and_ends_in_z(chat: Chat, desk: Desk, johns: int) -> None:
    await desk.send(johns, "Good evening!")
    await desk.hear(JOHN, "Good evening")

    moments = moments_of(await chat.get(f"conversations/{johns}/")) + moments_of(await chat.get("conversations/"))

    assert {name for name, _ in moments} >= {
        *("created_at", "updated_at", "last_message_at", "read_at", "waiting_since", "reply_due_at"),
        *("window_closes_at", "provider_timestamp", "last_read_at"),
    }
    for name, moment in moments:
        assert TIMESTAMP.fullmatch(moment), (name, moment)


def moments_of(value: Any) -> list[tuple[str, str]]:
    """Every field that tells a moment, with what it tells."""
    if isinstance(value, list):
        return [moment for each in value for moment in moments_of(each)]
    if not isinstance(value, dict):
        return []
    told = [
        (name, each)
        for name, each in value.items()
        if isinstance(each, str) and name.endswith(("_at", "_since", "timestamp"))
    ]
    return told + [moment for each in value.values() for moment in moments_of(each)]
