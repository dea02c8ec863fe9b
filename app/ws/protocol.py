"""The server's side of a WebSocket connection: uvicorn's, and a way to write a finished frame straight to it.

A small subclass of a class that uvicorn does not promise to keep, which is why its version is pinned. Where the server
is another one, ``ws/writer.py`` sends through ASGI instead.

It also holds a peer to limits that uvicorn does not know: whoever is refused is told so and let go, whoever sends more
frames than anybody needs is closed with 4429, and nobody keeps a connection by not reading or not answering.

Whoever is closed in the middle of what they send can read why. A kernel that closes with bytes unread answers those
with a reset, and the peer's throws away what it has of ours: so the rest is taken in for a while, and nobody looks at
it.
"""

from asyncio import BaseTransport, TimerHandle
from typing import Final

import structlog
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode as ProtocolCode
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import State

from app.core.close_codes import CloseCode
from app.core.errors import TooManyRequests
from app.ws.rate import RateLimit

log = structlog.get_logger(__name__)

EXTENSION: Final = "lobby.connection"
TOO_SLOW_ABOVE: Final = 256 * 1024
SLICE: Final = 4096
"""Bytes that are parsed in one go: a frame may have only six, and their number is looked at in between."""

_BAD_REQUEST: Final = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class LobbyWebSocketProtocol(WebSocketsSansIOProtocol):
    """Puts itself into the scope, so that a socket can be written to without a task or a queue of its own."""

    handshake_within: float = 10.0
    answer_within: float = 2.0
    """For the peer to answer our close frame; then the connection is closed."""
    unread_within: float = 10.0
    """For the peer to take what was written before the close; then it is lost."""
    frames_at_once: float = 400
    frames_per_second: float = 100
    thrown_away_at_most: int = 16 * 1024 * 1024
    """Bytes that are taken in after our close frame, while the peer has yet to read it; what is more stays unread."""

    _ending: TimerHandle | None = None
    _hung_up = False
    _thrown_away = 0

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self.close_timeout = self.answer_within
        self._frames = RateLimit(self.frames_at_once, self.frames_per_second)
        self._abort_in(self.handshake_within)

    def connection_lost(self, exc: Exception | None) -> None:
        self._go_on()
        super().connection_lost(exc)

    # What arrives

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), SLICE):
            if self._hung_up:
                self._throw_away(len(data) - start)
                return
            if self.transport.is_closing():
                return
            super().data_received(data[start : start + SLICE])
            if self.conn.handshake_exc is not None and not self.handshake_initiated:
                self._refuse()

    def eof_received(self) -> None:
        super().eof_received()
        self._abort_in(self.unread_within)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        scope = getattr(self, "scope", None)
        if scope is not None:  # the application's task has been made, and has not begun
            scope["extensions"][EXTENSION] = self

    def handle_events(self) -> None:
        try:
            self._frames.count(len(self.conn.events))
        except TooManyRequests:
            self._fail(CloseCode.TOO_MANY, "Too many frames.")
        else:
            super().handle_events()

    def handle_cont(self, event: Frame) -> None:
        if event.data or event.fin:  # nothing, again and again, would fill the memory too
            super().handle_cont(event)

    def handle_ping(self) -> None:
        if self.close_sent or self.transport.is_closing():
            return
        super().handle_ping()
        if self.backlog > TOO_SLOW_ABOVE:
            self.abort()

    def handle_close(self, event: Frame) -> None:
        super().handle_close(event)
        self._abort_in(self.unread_within)

    def send_receive_event_to_app(self) -> None:
        if not self.close_sent and self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            log.warning("socket_sent_no_utf8", client=self.client)
            self._fail(ProtocolCode.INVALID_DATA, "A text must be UTF-8.")
        else:
            super().send_receive_event_to_app()

    # What leaves

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if message["type"] == "websocket.accept":
            self._go_on()
        elif self.close_sent:
            self._abort_in(self.unread_within)

    def write_frame(self, frame: bytes) -> None:
        """Write a finished frame; nothing where the socket is closed or closing."""
        if not self.close_sent and not self.disconnected and not self.transport.is_closing():
            self.transport.write(frame)

    @property
    def backlog(self) -> int:
        """Bytes that the reader has not taken yet."""
        return self.transport.get_write_buffer_size()

    # How it ends

    def abort(self) -> None:
        """End the connection now, whatever is still unread."""
        self.transport.abort()

    def keepalive_timeout(self) -> None:
        """A reader that answers no ping takes no close frame either, and is freed only so."""
        self.stop_keepalive()
        self.abort()

    def shutdown(self) -> None:
        if self.handshake_complete and not self.close_sent and self.conn.state is not State.OPEN:
            self.stop_keepalive()  # the peer has closed, and not read all: uvicorn would fail on it
            self.transport.close()
        else:
            super().shutdown()
        self._abort_in(self.answer_within)

    def send_500_response(self) -> None:
        if not self.conn.eof_sent:  # where it was answered before, uvicorn would fail
            super().send_500_response()

    def handle_parser_exception(self) -> None:
        """As uvicorn's, but the reason is let through."""
        close = self.conn.close_sent
        assert close is not None
        self.queue.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self._hang_up(b"".join(self.conn.data_to_send()))

    def _fail(self, code: int, reason: str) -> None:
        """The peer is at fault: tell it so, and listen no more."""
        if self._hung_up or self.transport.is_closing():
            return
        self.conn.fail(code, reason)
        self.handle_parser_exception()

    def _refuse(self) -> None:
        """This is no handshake. The parser has an answer to some of these, and uvicorn to none."""
        self.close_sent = True
        self.transport.write(b"".join(self.conn.data_to_send()) or _BAD_REQUEST)
        self.transport.close()

    def _hang_up(self, last_words: bytes) -> None:
        """Say no more after this, and take in what comes until the peer ends its side too: soon, for it sees the end
        of ours."""
        self.close_sent = self._hung_up = True
        self.read_paused = False
        self.transport.resume_reading()
        self.transport.write(last_words)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._abort_in(self.answer_within)
        self.close_timer = self.close_timer or self._ending  # without one uvicorn closes where the application returns

    def _throw_away(self, size: int) -> None:
        self._thrown_away += size
        if self._thrown_away > self.thrown_away_at_most:
            self.transport.pause_reading()  # until the time is over, in which the peer may still read

    def _abort_in(self, seconds: float) -> None:
        """End the connection in so many seconds at the latest."""
        if self._ending is None or self._ending.when() > self.loop.time() + seconds:
            self._go_on()
            self._ending = self.loop.call_later(seconds, self.abort)

    def _go_on(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
