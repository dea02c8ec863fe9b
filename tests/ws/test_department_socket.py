"""``/ws/chat/{department_name}/``: one department's own socket, which counts as subscribed to all of it."""

from typing import Any

import pytest

from app.core.types import Department, UserType
from tests.fake_graph import FakeGraph
from tests.sockets import open_socket
from tests.world import token_of
from tests.ws import chat_printed as printed
from tests.ws.chat import COMMANDS, GUEST, STRANGER, Chat, command, kinds, subscribed
from tests.ws.chat_printed import assert_printed, saying

ROOMS = "/ws/chat/Room Service/"
CAFE = "/ws/chat/Café/"


async def closed_with(chat: Chat, path: str, username: str = "rita") -> int:
    async with open_socket(chat.server, path, token=await token_of(chat.client, username)) as socket:
        return await socket.closed_with()


@pytest.mark.parametrize(
    ("department", "spellings"),
    [
        (Department.ROOM_SERVICE, ["Room%20Service", "room_service", "ROOM_SERVICE", "room-service"]),
        (Department.CAFE, ["Caf%C3%A9", "caf%C3%A9", "Cafe%CC%81", "CAF%C3%89", "cafe"]),
        (Department.RECEPTION, ["Reception", "reception"]),
        (Department.HOUSEKEEPING, ["Housekeeping"]),
        (Department.MANAGEMENT, ["management"]),
    ],
)
async def test_a_department_is_named_by_every_form_of_its_name(
    chat: Chat, department: Department, spellings: list[str]
) -> None:
    token = await token_of(chat.client, "rita")
    conversation = await chat.begun(department)
    for spelling in spellings:
        for path in (f"/ws/chat/{spelling}/", f"/ws/chat/{spelling}"):
            async with open_socket(chat.server, path, token=token) as socket:
                answer = await command(socket, "note", conversation_id=conversation, content="x")
                assert answer.get("status") == "noted", (path, answer)


@pytest.mark.parametrize("name", ["Spa", "12a", "Room%2FService", "%00", "%F0%9F%98%80"])
async def test_a_name_that_is_no_departments_is_closed_with_4404_at_once(chat: Chat, name: str) -> None:
    async with open_socket(chat.server, f"/ws/chat/{name}/") as socket:  # no token: nobody is waited for
        assert await socket.closed_with() == 4404


async def test_another_departments_socket_is_closed_with_4403(chat: Chat) -> None:
    assert await closed_with(chat, "/ws/chat/Reception/", "wanda") == 4403
    await chat.world.user(chat.hotel, "gwen", UserType.GUEST, (Department.CAFE,))
    assert await closed_with(chat, "/ws/chat/cafe/", "gwen") == 4403


async def test_every_message_of_the_department_comes_unasked_and_of_no_other(chat: Chat) -> None:
    async with (
        chat.open("wanda", ROOMS) as wanda,
        chat.open("rita", ROOMS) as rita,
        chat.open("rita", CAFE) as cafe,
    ):
        await chat.relayed(Department.ROOM_SERVICE)
        await chat.write("Two coffees, please")
        for socket in (wanda, rita):
            begun, flows, guests = await socket.pending()
            wanted = saying(printed.NEW_CONVERSATION, guest_name="John Doe", department="room_service")
            assert_printed(begun, saying(wanted, last_message_preview="1"))
            assert (flows["type"], flows["data"]["message_type"]) == ("message", "system")
            wanted = saying(printed.MESSAGE, sender_type="guest", sender_name="John Doe", name="John Doe")
            assert_printed(guests, saying(wanted, content="Two coffees, please"))
        assert await cafe.pending() == []


async def test_the_printed_command_of_the_department_socket_leaves_for_the_guest_and_comes_back(
    chat: Chat, fake_graph: FakeGraph
) -> None:
    conversation = await chat.relayed()
    before = len(await fake_graph.wait_for_texts(GUEST, 2))
    async with chat.open("wanda", ROOMS) as wanda, chat.open("wilma", ROOMS) as wilma:
        text = "Hello! How can I help you?"
        await wanda.send({"type": "text", "conversation_id": conversation, "content": text, "message_type": "text"})

        acknowledged = await wanda.receive()
        assert_printed(acknowledged, printed.RECEIVED)
        for socket in (wanda, wilma):
            message = (await socket.receive_until("message"))["data"]
            assert (message["id"], message["content"]) == (acknowledged["message_id"], text)
    assert (await fake_graph.wait_for_texts(GUEST, before + 1))[before:] == [text]


async def test_typing_and_reading_are_told_on_the_department_socket(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda", ROOMS) as wanda, chat.open("wilma", ROOMS) as wilma, chat.open("rita", CAFE) as cafe:
        await wanda.send({"type": "mark_read", "conversation_id": conversation})
        assert kinds(await wanda.pending()) == ["acknowledgment marked_read", "conversation_update marked_read"]
        assert kinds([await wilma.receive()]) == ["conversation_update marked_read"]
        await wanda.send({"type": "typing", "conversation_id": conversation, "is_typing": True})

        assert_printed(await wilma.receive(), saying(printed.TYPING, user_name="Wanda Staff"))
        assert await wanda.pending() == [], "typing is not acknowledged, nor told to whoever types"
        assert await cafe.pending() == []


async def test_what_becomes_of_a_message_is_told_on_the_department_socket(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda", ROOMS, reports=True) as wanda:
        sent = await command(wanda, "text", conversation_id=conversation, content="Hello!")
        status = (await wanda.receive_until("message_status"))["data"]
        while status["message_id"] != sent["message_id"]:
            status = (await wanda.receive_until("message_status"))["data"]
        assert status["delivery_status"] == "sent"


async def test_a_conversation_that_leaves_the_department_is_told_and_then_silent(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("rita", ROOMS) as rooms, chat.open("rita", CAFE) as cafe:
        await subscribed(rooms, conversation)
        await rooms.send({"type": "transfer", "conversation_id": conversation, "department": "Café"})

        told = kinds(await rooms.pending())
        assert told == ["acknowledgment transferred", "conversation_update transferred"]
        assert kinds(await cafe.pending()) == ["conversation_update transferred"]
        await chat.write("Hello?")
        assert await rooms.pending() == []
        assert kinds(await cafe.pending()) == ["message"]


async def test_a_conversation_of_nobody_may_be_subscribed_to_and_taken(chat: Chat) -> None:
    await chat.write("Hello", STRANGER)
    conversation = await chat.newest()
    async with chat.open("wanda", ROOMS) as wanda, chat.open("wilma", ROOMS) as wilma:
        await subscribed(wanda, conversation)
        await chat.write("Anybody?", STRANGER)
        assert (await wanda.receive())["data"]["content"] == "Anybody?"
        await wanda.pending()
        await wanda.send({"type": "transfer", "conversation_id": conversation, "department": "room_service"})

        assert kinds(await wanda.pending()) == ["acknowledgment transferred", "conversation_update transferred"]
        assert kinds(await wilma.pending()) == ["conversation_update transferred"]


async def test_commands_about_another_department_are_refused_on_a_department_socket(chat: Chat) -> None:
    conversation = await chat.relayed(Department.ROOM_SERVICE)
    message = (await chat.messages(conversation))[0]["id"]
    async with chat.open("rita", CAFE) as rita:
        asked: list[tuple[str, dict[str, Any]]] = [
            (name, {"conversation_id": conversation, **fields}) for name, fields in COMMANDS.items()
        ]
        for name, fields in [*asked, ("react", {"message_id": message, "emoji": "👍"})]:
            answer = await command(rita, name, **fields)
            assert (answer["type"], answer.get("code")) == ("error", "another_department"), name
        assert await command(rita, "ping") == {"type": "pong"}
    assert (await chat.messages(conversation))[-1]["content"].startswith("Connecting you")


async def test_a_department_socket_that_comes_back_hears_what_it_missed(chat: Chat) -> None:
    async with chat.open("wanda", ROOMS) as wanda:
        await chat.relayed()
        seen = (await wanda.receive_until("message"))["seq"]
    await chat.write("Are you there?")

    async with chat.open("wanda", ROOMS, since=seen) as wanda:
        missed, heartbeat = await wanda.receive(), await wanda.receive()

    assert (missed["type"], missed["data"]["content"]) == ("message", "Are you there?")
    assert (heartbeat["type"], heartbeat["seq"]) == ("heartbeat", missed["seq"])


async def test_colleagues_who_come_are_told_on_the_department_socket(chat: Chat) -> None:
    async with chat.open("wanda", ROOMS, comings=True) as wanda, chat.open("wilma", ROOMS):
        event = await wanda.receive()
        assert_printed(event, saying(printed.USER_STATUS, user_name="Wilma Staff", department="room_service"))
