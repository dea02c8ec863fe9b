"""Colleagues who see each other come, look, type and go: over two worker processes, of which one is killed."""

import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx

from tests.processes import Running
from tests.sockets import Socket, open_socket
from tests.world import World, guest_writes, token_of

GUEST = "351912345678"


@asynccontextmanager
async def chat_of(process: Running, username: str) -> AsyncIterator[Socket]:
    """Their socket in this process, open and joined."""
    async with httpx.AsyncClient(base_url=process.url) as client:
        token = await token_of(client, username)
    async with open_socket(process.url, "/ws/chat/", token=token, comings=True) as socket:
        await socket.send({"type": "ping"})
        await socket.receive_until("pong")
        yield socket


async def relayed(process: Running) -> int:
    """A guest has asked for Reception; answers the conversation."""
    async with httpx.AsyncClient(base_url=process.url) as client:
        await guest_writes(client, "services", GUEST)
        await guest_writes(client, "3", GUEST)
        headers = {"Authorization": f"Bearer {await token_of(client, 'rita')}"}
        listed = await client.get("/api/message_manager/conversations/", headers=headers)
        conversation_id: int = listed.json()["results"][0]["id"]
        return conversation_id


async def subscribe(socket: Socket, conversation_id: int) -> None:
    await socket.send({"type": "subscribe_conversation", "conversation_id": conversation_id})
    await socket.receive_until("acknowledgment")


async def told(socket: Socket, *kinds: str, until: int) -> list[tuple[str, Any]]:
    """So many signals, in short: who came and went, looked, typed."""
    heard: list[tuple[str, Any]] = []
    while len(heard) < until:
        frame = await socket.receive()
        if frame["type"] in kinds:
            data = frame["data"]
            state = data.get("type", data.get("is_viewing", data.get("is_typing")))
            heard.append((data["user_name"], state))
    return heard


async def test_colleagues_see_each_other_over_processes_and_a_killed_one_leaves_nobody_behind(
    processes: tuple[Running, Running], world: World
) -> None:
    here, there = processes
    hotel = await world.hotel()
    await world.guest(hotel)
    for username in ("rita", "ben", "ida"):
        await world.user(hotel, username)
    conversation_id = await relayed(here)

    async with AsyncExitStack() as stack:
        rita = await stack.enter_async_context(chat_of(here, "rita"))
        await subscribe(rita, conversation_id)
        ben = await stack.enter_async_context(chat_of(there, "ben"))
        ida = await stack.enter_async_context(chat_of(there, "ida"))
        assert await told(rita, "user_status", until=2) == [
            ("Ben Staff", "user_connected"),
            ("Ida Staff", "user_connected"),
        ]
        await stack.enter_async_context(chat_of(here, "ida"))

        await ben.send({"type": "viewing", "conversation_id": conversation_id, "is_viewing": True})
        assert await told(rita, "viewing", until=1) == [("Ben Staff", True)]
        await ida.send({"type": "typing", "conversation_id": conversation_id, "is_typing": True})
        assert await told(rita, "typing", until=1) == [("Ida Staff", True)]
        await there.end(signal.SIGKILL)

        gone = await told(rita, "user_status", "viewing", "typing", until=3)
        assert sorted(gone, key=str) == sorted(
            [("Ida Staff", False), ("Ben Staff", False), ("Ben Staff", "user_disconnected")], key=str
        )
        await rita.send({"type": "presence"})
        present = (await rita.receive_until("presence"))["data"]["users"]
        assert [each["user_name"] for each in present] == ["Ida Staff", "Rita Staff"]
