"""Bytes on a socket, to a server whose limits are a test's own, and which a test may look into."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode

from app.api.protocol import LobbyHttpProtocol
from app.ws.protocol import LobbyWebSocketProtocol
from tests.eventually import eventually

ENDED_WITHIN = 8.0
"""Below every limit that is in force where a test has set none: whoever passes has not waited for those."""


@dataclass
class Server:
    port: int
    state: ServerState

    @property
    def sockets(self) -> list[LobbyWebSocketProtocol]:
        return [each for each in self.state.connections if isinstance(each, LobbyWebSocketProtocol)]

    async def only_socket(self) -> LobbyWebSocketProtocol:
        """The one WebSocket, once it is open."""
        await eventually(lambda: [each.handshake_complete for each in self.sockets] == [True])
        return self.sockets[0]

    async def is_rid_of_all(self) -> None:
        await eventually(lambda: not self.state.connections, within=ENDED_WITHIN)


@asynccontextmanager
async def listen(
    app: ASGIApp,
    *,
    http: type[LobbyHttpProtocol] = LobbyHttpProtocol,
    ws: type[LobbyWebSocketProtocol] = LobbyWebSocketProtocol,
    **options: Any,
) -> AsyncIterator[Server]:
    """``options`` are uvicorn's."""
    config = uvicorn.Config(
        app, http=http, ws=ws, ws_per_message_deflate=False, access_log=False, log_config=None, **options
    )
    config.load()
    state = ServerState()
    listening = await asyncio.get_running_loop().create_server(
        lambda: http(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    try:
        yield Server(listening.sockets[0].getsockname()[1], state)
    finally:
        listening.close()
        for each in list(state.connections):
            each.transport.abort()
        await eventually(lambda: not state.connections and not state.tasks)


class Peer:
    """A client that says what a test wants it to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, *words: bytes) -> None:
        """Send, as far as the other side takes it."""
        try:
            for each in words:
                self.writer.write(each)
                await self.writer.drain()
        except ConnectionError:
            pass

    async def until_the_end(self) -> bytes:
        """What the server says before it ends the connection, which it does in time."""
        told = b""
        try:
            async with asyncio.timeout(ENDED_WITHIN):
                while more := await self.reader.read(65536):
                    told += more
        except ConnectionError:  # an end without ceremony
            pass
        return told

    def go(self) -> None:
        self.writer.transport.abort()


@asynccontextmanager
async def peer(server: Server, *, reads_little: bool = False) -> AsyncIterator[Peer]:
    sock = socket.socket()
    if reads_little:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", server.port))
    # A stream reads ahead into its buffer; one that reads little stops at once.
    found = Peer(*await asyncio.open_connection(sock=sock, limit=1 if reads_little else 2**16))
    try:
        yield found
    finally:
        found.go()


@asynccontextmanager
async def socket_peer(server: Server) -> AsyncIterator[Peer]:
    """One whose WebSocket handshake was accepted."""
    async with peer(server) as found:
        await found.say(handshake())
        assert b" 101 " in await found.reader.readuntil(b"\r\n\r\n")
        yield found


def handshake(path: str = "/", more: str = "") -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
    ).encode()


def frame(opcode: Opcode, data: bytes = b"", *, fin: bool = True) -> bytes:
    """As a client sends it."""
    return Frame(opcode, data, fin).serialize(mask=True)


def closing(code: int) -> bytes:
    """How a close frame's payload begins."""
    return code.to_bytes(2, "big")


class Listener:
    """An ASGI application that accepts a socket and writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            message = await receive()
            self.heard.append(message)
            if message["type"] == "websocket.disconnect":
                return
