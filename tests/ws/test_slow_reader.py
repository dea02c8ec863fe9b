"""A reader that stalls is let go, and nobody else notices; on another server than uvicorn all of it works too."""

import asyncio
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from websockets.frames import Frame, Opcode

from app.core.events import MessageCreated
from app.core.settings import Settings
from app.main import create_app
from app.services.container import Services
from app.store.database import Database
from app.ws.writer import FALLBACK_QUEUE, AsgiWriter, TooSlow, framed
from tests.eventually import eventually
from tests.serving import serve
from tests.sockets import open_socket
from tests.world import World, guest_writes, token_of

MEGABYTES = 12  # more than the kernel swallows on its own
EACH = 60_000

GUEST = "351912345678"
PATH = "/ws/staff/"
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


async def test_a_reader_that_stalls_is_let_go_and_the_others_miss_nothing(settings: Settings, world: World) -> None:
    # No outbox: the statuses of what it sends would take numbers in between.
    app = create_app(settings.model_copy(update={"run_outbox": False}))
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    async with serve(app) as server, httpx.AsyncClient(base_url=server) as client:
        token = await token_of(client, "rita")
        await guest_writes(client, "Hello", GUEST)
        subscribe = {"command": "subscribe_to_conversation", "conversation_id": 1}
        stalled = await _stall(server, f"{PATH}?token={token}", subscribe)
        async with open_socket(server, PATH, token=token) as reading:
            await reading.send(subscribe)
            await reading.pending()
            services: Services = app.state.services
            await eventually(lambda: len(services.sockets) == 2)
            heard = []
            for _ in range(MEGABYTES * 1024 * 1024 // EACH):
                await _say(services.database, hotel.id, "x" * EACH)
                heard.append((await reading.receive())["seq"])

            await eventually(lambda: len(services.sockets) == 1)
            assert heard == list(range(heard[0], heard[0] + len(heard)))
            assert await reading.pending() == []
        stalled.close()


async def test_without_the_transport_frames_go_through_asgi_in_order() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message["text"])

    writer = AsgiWriter(send)
    for number in range(10):
        writer.write(framed(str(number)), str(number))
    await writer.drained()

    assert sent == [str(number) for number in range(10)]
    writer.close()


async def test_without_the_transport_a_reader_that_stalls_is_too_slow() -> None:
    async def send(message: Any) -> None:
        await asyncio.Event().wait()

    writer = AsgiWriter(send)
    for number in range(FALLBACK_QUEUE):
        writer.write(b"", str(number))

    with pytest.raises(TooSlow):
        writer.write(b"", "one too many")
    writer.close()


async def _stall(server: str, path: str, command: dict[str, Any]) -> socket.socket:
    """A WebSocket client with a tiny receive buffer that sends one command and never reads again."""
    address = urlsplit(server)
    stalled = socket.socket()
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    stalled.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(stalled, (address.hostname, address.port))
    await loop.sock_sendall(stalled, HANDSHAKE.format(path=path, host=address.netloc).encode())
    assert b"101" in await loop.sock_recv(stalled, 64)
    await loop.sock_sendall(stalled, _masked(command))
    return stalled


def _masked(command: dict[str, Any]) -> bytes:
    return Frame(Opcode.TEXT, json.dumps(command).encode()).serialize(mask=True)


async def _say(database: Database, hotel_id: int, content: str) -> None:
    """Tell the subscribers of conversation 1 of a long message."""
    async with database.transaction() as work:
        conversation = await work.views.get(1)
        written = (await work.messages.of_conversation(1, before=None, limit=1))[0]
        assert conversation is not None
        work.emit(
            hotel_id,
            MessageCreated(
                conversation=conversation.as_ref(), message=msgspec.structs.replace(written, content=content)
            ),
        )
