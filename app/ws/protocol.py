"""The server's side of a WebSocket connection: uvicorn's, and a way to write a finished frame straight to it.

A small subclass of a class that uvicorn does not promise to keep, which is why its version is pinned. Where the server
is another one, ``ws/writer.py`` sends through ASGI instead.
"""

from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

EXTENSION: Final = "lobby.connection"


class LobbyWebSocketProtocol(WebSocketsSansIOProtocol):
    """Puts itself into the scope, so that a socket can be written to without a task or a queue of its own."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        scope = getattr(self, "scope", None)
        if scope is not None:  # the application's task has been made, and has not begun
            scope["extensions"][EXTENSION] = self

    def write_frame(self, frame: bytes) -> None:
        """Write a finished frame; nothing where the socket is closed or closing."""
        if not self.close_sent and not self.disconnected and not self.transport.is_closing():
            self.transport.write(frame)

    @property
    def backlog(self) -> int:
        """Bytes that the reader has not taken yet."""
        return self.transport.get_write_buffer_size()

    def abort(self) -> None:
        """End the connection now, whatever is still unread."""
        self.transport.abort()

    def keepalive_timeout(self) -> None:
        """A reader that answers no ping takes no close frame either: without this it would never be freed."""
        super().keepalive_timeout()
        self.transport.abort()
