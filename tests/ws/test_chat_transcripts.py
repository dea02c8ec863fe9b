"""Whole conversations of frames on the chat's sockets, kept as golden files: who says what, and who is told what."""

from app.core.types import Department
from tests.ws.chat import Chat
from tests.ws.transcript import recorded

ROOMS = "/ws/chat/room_service/"


async def test_connect_subscribe_text_acknowledgement_broadcast(chat: Chat) -> None:
    conversation = await chat.relayed()
    mine = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    async with recorded(chat, "chat_socket/text") as all_said:
        await all_said.open("wanda")
        await all_said.open("wilma")
        await all_said.say("wanda", {"type": "subscribe_conversation", "conversation_id": conversation})
        await all_said.say("wanda", {"type": "text", "conversation_id": conversation, "content": "Hello!"})
        await all_said.say(
            "wilma",
            {"type": "text", "conversation_id": conversation, "content": "And I.", "client_message_id": mine},
        )
        await all_said.say("wanda", {"type": "unsubscribe_conversation", "conversation_id": conversation})


async def test_a_guest_writes(chat: Chat) -> None:
    async with recorded(chat, "chat_socket/guest_writes") as all_said:
        for name in ("wanda", "wilma", "carla"):
            await all_said.open(name)
        await all_said.open("room service", "rita", ROOMS)
        await all_said.guest("services")
        await all_said.guest("1")
        conversation = await chat.newest()
        await all_said.say("wanda", {"type": "subscribe_conversation", "conversation_id": conversation})
        await all_said.guest("Two coffees, please")
        await all_said.say("wanda", {"type": "mark_read", "conversation_id": conversation})


async def test_close_and_reopen(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with recorded(chat, "chat_socket/close") as all_said:
        for name in ("wanda", "wilma", "rita"):
            await all_said.open(name)
        await all_said.say("rita", {"type": "subscribe_conversation", "conversation_id": conversation})
        await all_said.say("wanda", {"type": "close_conversation", "conversation_id": conversation})
        await all_said.say("wilma", {"type": "close_conversation", "conversation_id": conversation})
        await all_said.say("wilma", {"type": "reopen", "conversation_id": conversation})


async def test_transfer_between_departments(chat: Chat) -> None:
    """Two at once: Wanda's is first, Rita, who saw it elsewhere, is told where it is, and Carla receives it."""
    conversation = await chat.relayed()
    async with recorded(chat, "chat_socket/transfer") as all_said:
        for name in ("wanda", "wilma", "carla", "rita"):
            await all_said.open(name)
        await all_said.open("café", "rita", "/ws/chat/Café/")
        await all_said.say("wilma", {"type": "subscribe_conversation", "conversation_id": conversation})
        transfer = {"type": "transfer", "conversation_id": conversation, "from_department": "room_service"}
        await all_said.say("wanda", {**transfer, "department": "cafe"})
        await all_said.say("rita", {**transfer, "department": "Reception"})
        await all_said.say("wanda", {"type": "text", "conversation_id": conversation, "content": "Hello?"})
        await all_said.guest("Thank you")


async def test_taking_noting_looking_and_reacting(chat: Chat) -> None:
    conversation = await chat.relayed()
    guests = next(each["id"] for each in await chat.messages(conversation) if each["sender_type"] == "guest")
    wanda = chat.hotel.staff["wanda"]
    async with recorded(chat, "chat_socket/handling") as all_said:
        for name in ("wanda", "wilma", "rita"):
            await all_said.open(name)
        await all_said.say("rita", {"type": "subscribe_conversation", "conversation_id": conversation})
        await all_said.say("wanda", {"type": "viewing", "conversation_id": conversation, "is_viewing": True})
        for is_typing in (True, False):
            await all_said.say("wanda", {"type": "typing", "conversation_id": conversation, "is_typing": is_typing})
        await all_said.say("wanda", {"type": "assign", "conversation_id": conversation, "user_id": wanda})
        await all_said.say("wilma", {"type": "assign", "conversation_id": conversation, "user_id": wanda + 1})
        await all_said.say("wanda", {"type": "note", "conversation_id": conversation, "content": "No nuts"})
        await all_said.say("wanda", {"type": "react", "message_id": guests, "emoji": "👍"})


async def test_errors(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with recorded(chat, "chat_socket/errors") as all_said:
        await all_said.open("carla")
        await all_said.open("café", "rita", "/ws/chat/Café/")
        for frame in (
            "not json",
            {"type": "no_such_command"},
            {"type": "text", "conversation_id": conversation},
            {"type": "text", "conversation_id": conversation, "content": "Hello"},
            {"type": "text", "conversation_id": 999_999, "content": "Hello"},
        ):
            await all_said.say("carla", frame)
        await all_said.say("café", {"type": "text", "conversation_id": conversation, "content": "Hello"})
        await all_said.say("café", {"type": "ping"})


async def test_resuming(chat: Chat) -> None:
    """Missed on the department's audience; then a subscription brings the messages themselves."""
    async with chat.open("wanda") as wanda:
        conversation = await chat.relayed(Department.ROOM_SERVICE)
        seen = (await wanda.receive())["seq"]
    await chat.write("Are you there?")
    async with recorded(chat, "chat_socket/resume") as all_said:
        await all_said.open("wanda", since=seen)
        about = {"conversation_id": conversation, "since": seen}
        await all_said.say("wanda", {"type": "subscribe_conversation", **about})
        await all_said.guest("Hello?")


async def test_two_tabs(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with recorded(chat, "chat_socket/two_tabs") as all_said:
        await all_said.open("wilma", comings=True)
        await all_said.open("one", "wanda")
        await all_said.open("other", "wanda")
        await all_said.say("other", {"type": "subscribe_conversation", "conversation_id": conversation})
        await all_said.say("one", {"type": "typing", "conversation_id": conversation, "is_typing": True})
        await all_said.say("one", {"type": "text", "conversation_id": conversation, "content": "Hello!"})
        await all_said.say("other", {"type": "presence"})
