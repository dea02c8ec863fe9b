"""ASGI applications on free ports of 127.0.0.1, in the test's own event loop, served as in production."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from app.api.protocol import LobbyHttpProtocol
from app.ws.protocol import LobbyWebSocketProtocol

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that never speak TLS: loading the machine's certificates takes longer than most tests."""


class _Server(uvicorn.Server):
    """Says when it has started."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def main_loop(self) -> None:
        while not self.should_exit:  # uvicorn's own looks every tenth of a second, and each test would wait for it
            await self.on_tick(0)
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serve(app: ASGIApp) -> AsyncIterator[str]:
    """The application's URL, without a slash at its end."""
    config = uvicorn.Config(
        app,
        http=LobbyHttpProtocol,
        ws=LobbyWebSocketProtocol,
        ws_max_size=64 * 1024,
        ws_per_message_deflate=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        server = _Server(config)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        up = asyncio.create_task(server.up.wait())
        await asyncio.wait([running, up], timeout=30, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            up.cancel()
            server.should_exit = True
            await running
