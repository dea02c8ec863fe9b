"""The server's side of an HTTP connection: uvicorn's, with a limit to how long it may say nothing.

uvicorn bounds the wait between two requests until any byte comes, not the one before the first nor the one for the
rest of a request's head: a few hundred connections that say nothing, or a byte now and then, would be kept for ever.
The wait for a body is bounded in ``middleware.Bounds``.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_WITHIN: Final = 10.0


class LobbyHttpProtocol(HttpToolsProtocol):
    """Ends a connection whose request head has not arrived in time."""

    _waiting_for_head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # A blank line after a request ends uvicorn's own wait, and begins no other request.
        answered = getattr(self.cycle, "response_complete", False)  # no cycle yet: nothing to have answered
        still_http = not self.transport.is_closing() and self.transport.get_protocol() is self
        if answered and still_http and self._waiting_for_head is None:
            self._wait_for_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._waiting_for_head = self.loop.call_later(HEAD_WITHIN, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._waiting_for_head is not None:
            self._waiting_for_head.cancel()
            self._waiting_for_head = None
