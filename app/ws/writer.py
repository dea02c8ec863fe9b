"""Writing to a socket without waiting for it.

An event is framed once and the same bytes go to every connection. There is no queue and no task per socket: the kernel
and the transport buffer, and a reader who leaves too much unread is let go.
"""

import asyncio
from typing import Any, Final, Protocol, cast

from starlette.types import Scope, Send
from websockets.frames import Frame, Opcode

from app.ws.protocol import EXTENSION, TOO_SLOW_ABOVE, LobbyWebSocketProtocol

BEHIND_ABOVE: Final = 128 * 1024
FALLBACK_QUEUE: Final = 1000
ABORT_AFTER: Final = 2.0


class TooSlow(Exception):
    """The reader has left more unread than is kept for them."""


class Writer(Protocol):
    def write(self, frame: bytes, text: str) -> None:
        """Send one text message, given framed and as it is. Raises TooSlow."""
        ...

    @property
    def is_behind(self) -> bool:
        """Whether the reader has left so much unread that what passes is no news to them."""
        ...

    async def drained(self) -> None:
        """Wait until the reader has taken most of what was written."""
        ...

    def abort(self) -> None:
        """End the connection in a moment, whatever is still unread."""
        ...

    def close(self) -> None:
        """The socket is gone: let go of what belongs to it."""
        ...


def framed(text: str) -> bytes:
    """A text message as a server's frame: unfragmented, unmasked, not compressed."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


def writer_for(scope: Scope, send: Send) -> Writer:
    """Straight to the transport where the server lets us, through ASGI otherwise."""
    connection = scope.get("extensions", {}).get(EXTENSION)
    if connection is None:
        return AsgiWriter(send)
    return TransportWriter(cast(LobbyWebSocketProtocol, connection))


class TransportWriter:
    def __init__(self, connection: LobbyWebSocketProtocol) -> None:
        self._connection = connection

    def write(self, frame: bytes, text: str) -> None:
        self._connection.write_frame(frame)
        if self._connection.backlog > TOO_SLOW_ABOVE:
            raise TooSlow

    @property
    def is_behind(self) -> bool:
        return self._connection.backlog > BEHIND_ABOVE

    async def drained(self) -> None:
        await self._connection.writable.wait()

    def abort(self) -> None:
        asyncio.get_running_loop().call_later(ABORT_AFTER, self._connection.abort)

    def close(self) -> None:
        return None


class AsgiWriter:
    """A bounded queue and a task, for servers that hand out no transport."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queue: asyncio.Queue[str] = asyncio.Queue(FALLBACK_QUEUE)
        self._task = asyncio.create_task(self._run())

    def write(self, frame: bytes, text: str) -> None:
        try:
            self._queue.put_nowait(text)
        except asyncio.QueueFull:
            raise TooSlow from None

    @property
    def is_behind(self) -> bool:
        return self._queue.qsize() > FALLBACK_QUEUE // 2

    async def drained(self) -> None:
        await self._queue.join()

    def abort(self) -> None:
        return None  # the server's own affair

    def close(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        message: dict[str, Any]
        while True:
            message = {"type": "websocket.send", "text": await self._queue.get()}
            try:
                await self._send(message)
            except Exception:  # the connection is gone; the receiving side hears of it
                return
            finally:
                self._queue.task_done()
