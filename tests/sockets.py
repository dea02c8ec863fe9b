"""A client of our sockets, as strict as a test needs: what arrives is waited for, not slept for."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PATIENCE = 20.0


class Socket:
    """An open connection; frames are JSON objects.

    What became of deliveries is reported whenever the provider answers, between any two other frames, and colleagues
    come and go: without ``reports``, or ``comings``, that is passed over, unless it is waited for by its type.
    """

    def __init__(self, connection: ClientConnection, *, reports: bool = False, comings: bool = False) -> None:
        self.connection = connection
        self._passed_over = {name for name, told in (("message_status", reports), ("user_status", comings)) if not told}

    async def send(self, message: object) -> None:
        await self.connection.send(message if isinstance(message, str) else json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        """The next frame."""
        while True:
            frame = await self._next()
            if frame.get("type") not in self._passed_over:
                return frame

    async def receive_until(self, kind: str) -> dict[str, Any]:
        """The next frame of a type; those before it are passed over."""
        while True:
            frame = await self._next()
            if frame.get("type") == kind:
                return frame

    async def pending(self) -> list[dict[str, Any]]:
        """Everything that had been sent before the server answered a last, unknown command."""
        await self.send({"command": "are_you_there"})
        frames: list[dict[str, Any]] = []
        while True:
            frame = await self.receive()
            if frame.get("code") == "unknown_command":
                return frames
            frames.append(frame)

    async def closed_with(self) -> int:
        """The code with which the server closes; frames before it are passed over."""
        with contextlib.suppress(ConnectionClosed):
            async with asyncio.timeout(PATIENCE):
                while True:
                    await self.connection.recv()
        code = self.connection.close_code
        assert code is not None
        return code

    async def _next(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            frame: dict[str, Any] = json.loads(await self.connection.recv())
        return frame


@asynccontextmanager
async def open_socket(
    server: str, path: str, *, token: str | None = None, reports: bool = False, comings: bool = False, **options: Any
) -> AsyncIterator[Socket]:
    """A connection to ``path`` of a server's address; other options are those of ``websockets.connect``."""
    url = server.replace("http://", "ws://") + path
    if token is not None:
        url += ("&" if "?" in url else "?") + f"token={token}"
    async with connect(url, proxy=None, **options) as connection:
        yield Socket(connection, reports=reports, comings=comings)
