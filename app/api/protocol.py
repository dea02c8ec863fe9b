"""The server's side of an HTTP connection: uvicorn's, with a limit to how long it may say nothing, and to how much.

uvicorn bounds the wait between two requests until any byte comes, not the one before the first nor the one for the
rest of a request's head: a few hundred connections that say nothing, or a byte now and then, would be kept for ever.
Nor does it bound how long a head is, how many requests wait on one connection, and how long an answer is left unread.
The wait for a body is bounded in ``middleware.Bounds``.

Whoever is answered before the body was read may be sending it still, and a socket that is closed with bytes unread
resets the connection, which takes the answer away from its reader. The rest of such a body is thrown away for a while
instead, whether the connection goes on after it or not.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

LONGEST_HEAD: Final = 64 * 1024


class _TooManyWait(Exception):
    """More requests wait on this connection than are kept for anybody."""


class _Answering(asyncio.Transport):
    """What an answer is written to. The end of the connection after it is the protocol's to make."""

    def __init__(self, transport: asyncio.Transport, end: Callable[[], None]) -> None:
        super().__init__()
        self._transport = transport
        self._end = end

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._end()

    def abort(self) -> None:
        self._transport.abort()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)


class LobbyHttpProtocol(HttpToolsProtocol):
    """Ends a connection whose request head has not arrived in time, or that asks without waiting for answers."""

    head_within: float = 10.0
    unread_within: float = 60.0
    """For the peer to take enough of an answer."""
    most_waiting: int = 10
    """Requests sent ahead while an earlier one is being answered."""

    _waiting_for_head: asyncio.TimerHandle | None = None
    _waiting_for_reader: asyncio.TimerHandle | None = None
    _in_head = False
    _head_size = 0
    _parting = False
    """The last answer is given; what still comes is thrown away while another request would be waited for."""
    _answering: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        if self._parting:
            return
        head_began_before = self._in_head
        super().data_received(data)
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return
        # The rest of an answered request's body, or a blank line, ends uvicorn's own wait and begins no other request.
        if getattr(self.cycle, "response_complete", False) and self._waiting_for_head is None:
            self._wait_for_head()
        if self._in_head and head_began_before:  # else it may be the end of a body for the most part
            self._head_size += len(data)
            if self._head_size > LONGEST_HEAD:
                self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._head_size = 0
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= self.most_waiting:
            raise _TooManyWait  # the parser stops here, and the connection is ended as for any bad request
        self._in_head = False
        self._stop_waiting()
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:  # it is no WebSocket's handshake
            self.cycle.transport = _Answering(self.transport, self._end)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self._waiting_for_head is not None:  # since this body was thrown away: the next request has time of its own
            self._wait_for_head()

    def send_400_response(self, msg: str) -> None:
        """Only where nothing is being answered: it would be read as the answer to that."""
        if getattr(self.cycle, "response_complete", True):
            super().send_400_response(msg)
        else:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait_for_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.transport.is_closing():
            self._stop_waiting_for_reader()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._wait_for_reader()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._stop_waiting_for_reader()
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True  # uvicorn tells the request that came last, which may wait still
            self._answering.message_event.set()
        super().connection_lost(exc)

    def _end(self) -> None:
        if not (self.cycle.response_complete and self.cycle.more_body):
            self.transport.close()
            return
        self._parting = True  # until the peer ends it too, or uvicorn's wait for another request is over
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._waiting_for_head = self.loop.call_later(self.head_within, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._waiting_for_head is not None:
            self._waiting_for_head.cancel()
            self._waiting_for_head = None

    def _wait_for_reader(self) -> None:
        self._stop_waiting_for_reader()
        self._waiting_for_reader = self.loop.call_later(self.unread_within, self.transport.abort)

    def _stop_waiting_for_reader(self) -> None:
        if self._waiting_for_reader is not None:
            self._waiting_for_reader.cancel()
            self._waiting_for_reader = None
