"""A hotel whose staff chat: Rita sees all of it, the others have a department each; and what they do by sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from app.core.principal import Principal
from app.core.types import Department, UserType
from app.services.container import Services
from tests.files import PDF
from tests.sockets import Socket, open_socket
from tests.world import HotelWorld, World, guest_writes, signed_in, token_of
from tests.ws.chat_printed import ERROR, assert_printed, saying

PATH = "/ws/chat/"
GUEST = "351912345678"
STRANGER = "4915112345678"
CHOICES = {Department.ROOM_SERVICE: "1", Department.HOUSEKEEPING: "2", Department.RECEPTION: "3"}
"""What a guest chooses to reach a department's staff."""
COMMANDS: dict[str, dict[str, Any]] = {
    "subscribe_conversation": {},
    "text": {"content": "x"},
    "media": {"media_id": 1},
    "mark_read": {},
    "typing": {"is_typing": True},
    "close_conversation": {},
    "transfer": {"department": "reception"},
    "assign": {"user_id": None},
    "priority": {"priority": 2},
    "note": {"content": "x"},
    "reopen": {},
    "viewing": {"is_viewing": True},
}
"""Every command about a conversation, and what it takes beside that."""
ANSWERS = {"acknowledgment", "error", "pong", "presence"}


@dataclass
class Chat:
    """One hotel. ``rita`` is a receptionist; ``wanda`` and ``wilma`` serve rooms, ``carla`` works in the café."""

    client: httpx.AsyncClient
    server: str
    world: World
    hotel: HotelWorld
    services: Services

    @asynccontextmanager
    async def open(
        self, username: str, path: str = PATH, *, since: int | None = None, is_joined: bool = True, **options: Any
    ) -> AsyncIterator[Socket]:
        """Somebody's socket, open and joined: what it begins with has been read, unless it is not to be waited for."""
        path = quote(path)
        if since is not None:
            path += f"?since={since}"
        async with open_socket(self.server, path, token=await token_of(self.client, username), **options) as socket:
            if since is None and is_joined:
                await socket.pending()
            yield socket

    async def relayed(self, department: Department = Department.ROOM_SERVICE, guest: str = GUEST) -> int:
        """A guest has asked for a department's staff; answers the conversation."""
        await guest_writes(self.client, "services", guest)
        await guest_writes(self.client, CHOICES[department], guest)
        return await self.newest()

    async def begun(self, department: Department, number: str = GUEST) -> int:
        """Rita has begun a conversation between a guest and a department; answers it."""
        begun = await self.services.handling.create(await self.principal("rita"), number, department)
        return begun.id

    async def principal(self, username: str) -> Principal:
        return await self.services.auth.authenticate(await token_of(self.client, username))

    async def newest(self) -> int:
        """The conversation in which was written last."""
        headers = await signed_in(self.client, "rita")
        listed = await self.client.get(
            "/api/message_manager/conversations/", headers=headers, params={"status": "relay,active,demo,closed"}
        )
        newest: int = listed.json()["results"][0]["id"]
        return newest

    async def messages(self, conversation_id: int) -> list[dict[str, Any]]:
        answer = await self.client.get(
            f"/api/message_manager/conversations/{conversation_id}/messages/",
            headers=await signed_in(self.client, "rita"),
        )
        messages: list[dict[str, Any]] = answer.json()
        return messages

    async def write(self, text: str, guest: str = GUEST) -> None:
        await guest_writes(self.client, text, guest)


async def open_chat(client: httpx.AsyncClient, server: str, world: World, services: Services) -> Chat:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    for username, department in (
        ("wanda", Department.ROOM_SERVICE),
        ("wilma", Department.ROOM_SERVICE),
        ("carla", Department.CAFE),
    ):
        await world.user(hotel, username, UserType.DEPARTMENT_STAFF, (department,))
    await world.guest(hotel)
    return Chat(client, server, world, hotel, services)


async def command(socket: Socket, kind: str, **fields: Any) -> dict[str, Any]:
    """What a command is answered with; news that came before it was sent are passed over."""
    await socket.send({"type": kind, **fields})
    while (answer := await socket.receive())["type"] not in ANSWERS:
        pass
    return answer


async def subscribed(socket: Socket, conversation_id: int, **more: Any) -> None:
    answer = await command(socket, "subscribe_conversation", conversation_id=conversation_id, **more)
    assert (answer["type"], answer.get("status")) == ("acknowledgment", "subscribed"), answer


async def upload(chat: Chat, username: str, data: bytes = PDF, name: str = "menu.pdf") -> int:
    """A file of somebody's."""
    answer = await chat.client.post(
        "/api/media/", headers=await signed_in(chat.client, username), files={"file": (name, data, "application/pdf")}
    )
    assert answer.status_code == 201, answer.text
    media_id: int = answer.json()["id"]
    return media_id


def kinds(frames: list[dict[str, Any]]) -> list[str]:
    """In short: ``message``, ``acknowledgment received``, ``conversation_update closed``."""
    return [" ".join(filter(None, (each["type"], each.get("status") or _inner(each)))) for each in frames]


def _inner(frame: dict[str, Any]) -> str | None:
    inner = frame.get("data", {}).get("type")
    return inner if isinstance(inner, str) else None


async def refused(chat: Chat, username: str, path: str = PATH, **frame: Any) -> dict[str, Any]:
    """The error that a command is answered with; the socket stays open."""
    async with chat.open(username, path) as socket:
        await socket.send(frame)
        error = await socket.receive_until("error")
        assert_printed(error, saying(ERROR, message=error["message"]))
        assert error["message"]
        assert await command(socket, "ping") == {"type": "pong"}
        return error
