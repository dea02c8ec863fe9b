"""Whole conversations of frames on the chat's sockets, kept as golden files: who says what, and who is told what."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from app.core.types import Department
from tests.pinned import assert_json_pinned
from tests.sockets import Socket
from tests.ws.chat import PATH, Chat

ROOMS = "/ws/chat/room_service/"


class Transcript:
    """Sockets by the names of whoever holds them; all that goes over them is written down."""

    def __init__(self, chat: Chat, stack: AsyncExitStack) -> None:
        self.chat = chat
        self.lines: list[dict[str, Any]] = []
        self._stack = stack
        self._sockets: dict[str, Socket] = {}

    async def open(self, name: str, username: str = "", path: str = PATH, **options: Any) -> None:
        """Another socket, under a name of its own."""
        opening = self.chat.open(username or name, path, **options)
        self.lines.append({"opens": name, "path": path})
        self._sockets[name] = await self._stack.enter_async_context(opening)
        await self.hear()

    async def say(self, name: str, frame: dict[str, Any] | str) -> None:
        """Somebody sends a frame; then everybody is asked what they were told, whoever sent it first."""
        self.lines.append({"from": name, "frame": frame})
        await self._sockets[name].send(frame)
        await self.hear(name)

    async def guest(self, text: str) -> None:
        self.lines.append({"guest": text})
        await self.chat.write(text)
        await self.hear()

    async def hear(self, *first: str) -> None:
        for name in dict.fromkeys((*first, *self._sockets)):
            self.lines += [{"to": name, "frame": frame} for frame in await self._sockets[name].pending()]

    def pin(self, name: str) -> None:
        assert_json_pinned(f"chat_socket/{name}.json", self.lines)


@asynccontextmanager
async def recorded(chat: Chat, name: str) -> AsyncIterator[Transcript]:
    async with AsyncExitStack() as stack:
        transcript = Transcript(chat, stack)
        yield transcript
        transcript.pin(name)


async def test_connect_subscribe_text_acknowledgement_broadcast(chat: Chat) -> None:
    conversation = await chat.relayed()
    mine = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    async with recorded(chat, "text") as all_said:
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
    async with recorded(chat, "guest_writes") as all_said:
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
    async with recorded(chat, "close") as all_said:
        for name in ("wanda", "wilma", "rita"):
            await all_said.open(name)
        await all_said.say("rita", {"type": "subscribe_conversation", "conversation_id": conversation})
        await all_said.say("wanda", {"type": "close_conversation", "conversation_id": conversation})
        await all_said.say("wilma", {"type": "close_conversation", "conversation_id": conversation})
        await all_said.say("wilma", {"type": "reopen", "conversation_id": conversation})


async def test_transfer_between_departments(chat: Chat) -> None:
    """Two at once: Wanda's is first, Rita, who saw it elsewhere, is told where it is, and Carla receives it."""
    conversation = await chat.relayed()
    async with recorded(chat, "transfer") as all_said:
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
    async with recorded(chat, "handling") as all_said:
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
    async with recorded(chat, "errors") as all_said:
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
    async with recorded(chat, "resume") as all_said:
        await all_said.open("wanda", since=seen)
        about = {"conversation_id": conversation, "since": seen}
        await all_said.say("wanda", {"type": "subscribe_conversation", **about})
        await all_said.guest("Hello?")


async def test_two_tabs(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with recorded(chat, "two_tabs") as all_said:
        await all_said.open("wilma", comings=True)
        await all_said.open("one", "wanda")
        await all_said.open("other", "wanda")
        await all_said.say("other", {"type": "subscribe_conversation", "conversation_id": conversation})
        await all_said.say("one", {"type": "typing", "conversation_id": conversation, "is_typing": True})
        await all_said.say("one", {"type": "text", "conversation_id": conversation, "content": "Hello!"})
        await all_said.say("other", {"type": "presence"})
