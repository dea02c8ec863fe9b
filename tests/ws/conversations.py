"""Document 4's sockets in the hotel whose staff chat: one conversation's, and the list's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.sockets import Socket, open_socket
from tests.world import token_of
from tests.ws.chat import Chat

LIST = "/ws/conversations/"

Frame = dict[str, Any]


@asynccontextmanager
async def talking(chat: Chat, username: str, conversation_id: int, **options: Any) -> AsyncIterator[Socket]:
    """A conversation's socket, with what it begins with read."""
    token = await token_of(chat.client, username)
    async with open_socket(chat.server, f"/ws/chat/{conversation_id}/", token=token, **options) as socket:
        assert (await socket.receive())["type"] == "recent_messages"
        yield socket


async def recent(chat: Chat, conversation_id: int, username: str = "rita") -> list[Frame]:
    """What a conversation's socket begins with."""
    token = await token_of(chat.client, username)
    async with open_socket(chat.server, f"/ws/chat/{conversation_id}/", token=token) as socket:
        first = await socket.receive()
        assert (first["type"], first["conversation_id"]) == ("recent_messages", str(conversation_id))
        messages: list[Frame] = first["messages"]
        return messages


async def listed(chat: Chat, username: str = "rita", **fields: Any) -> list[Frame]:
    """The list as it stands, of somebody's."""
    async with chat.open(username, LIST) as socket:
        await socket.send({"type": "get_conversations", **fields})
        answer = await socket.receive()
    assert answer["type"] == "conversations_list", answer
    rows: list[Frame] = answer["conversations"]
    return rows


async def closed_with(chat: Chat, path: str, username: str = "rita") -> int:
    async with open_socket(chat.server, path, token=await token_of(chat.client, username)) as socket:
        return await socket.closed_with()


def say(text: str, **more: Any) -> Frame:
    return {"type": "chat_message", "content": text, **more}
