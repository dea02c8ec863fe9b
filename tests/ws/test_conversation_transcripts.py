"""Whole exchanges of frames on document 4's sockets, kept as golden files: who says what, and who is told what."""

import pytest

from app.core.settings import Settings
from tests.ws.chat import Chat
from tests.ws.conversations import LIST, say
from tests.ws.transcript import recorded


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nothing leaves: how far it has come shows in what is listed."""
    return settings.model_copy(update={"run_outbox": False})


async def test_a_conversation_on_its_socket_and_in_the_lists(chat: Chat) -> None:
    conversation = await chat.relayed()
    path = f"/ws/chat/{conversation}/"
    async with recorded(chat, "conversation_sockets/talk") as all_said:
        await all_said.open("wanda", path=path, is_joined=False)
        await all_said.open("wilma", path=path, is_joined=False)
        await all_said.open("list", "rita", LIST)
        await all_said.open("café's list", "carla", LIST)
        await all_said.guest("Two coffees, please")
        await all_said.say("wanda", {"type": "mark_read"})
        for is_typing in (True, False):
            await all_said.say("wanda", {"type": "typing", "is_typing": is_typing})
        mine = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
        for _ in range(2):
            await all_said.say("wanda", say("Hello, how can I help you?", client_message_id=mine))
        await all_said.say("list", {"type": "get_conversations"})


async def test_a_guest_of_the_flow_in_the_lists(chat: Chat) -> None:
    async with recorded(chat, "conversation_sockets/list") as all_said:
        await all_said.open("rita", path=LIST)
        await all_said.open("carla", path=LIST)
        await all_said.guest("services")
        await all_said.guest("1")
        for name in ("rita", "carla"):
            await all_said.say(name, {"type": "refresh_conversations"})


async def test_errors_of_a_conversations_socket_and_of_the_list(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with recorded(chat, "conversation_sockets/errors") as all_said:
        await all_said.open("wanda", path=f"/ws/chat/{conversation}/", is_joined=False)
        await all_said.open("list", "wanda", LIST)
        for frame in ("not json", "[]", {"type": "chat_message"}, {"type": "chat_message", "content": ""}):
            await all_said.say("wanda", frame)
        await all_said.say("list", "not json")
        await all_said.say("list", {"type": "get_conversations", "page": 2})
