"""One serving process, and how it ends.

On SIGTERM it first says that it is not ready and asks its sockets to come back, a few at a time, so that they do not
all come at once; then uvicorn ends what requests are left, and last the outbox finishes what it is sending. Ctrl-C
does the same without the pauses.
"""

import asyncio
import errno
import signal
import socket
from collections.abc import Callable
from multiprocessing import parent_process
from types import FrameType
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from app.api.protocol import LobbyHttpProtocol
from app.bootstrap import open_services
from app.core.settings import Settings
from app.logs import configure_logging
from app.main import create_app
from app.services.sockets import OpenSockets
from app.ws.protocol import LobbyWebSocketProtocol

log = structlog.get_logger(__name__)

DRAIN_SECONDS: Final = 10.0
FINISH_SECONDS: Final = 15
FRAME_LIMIT: Final = 64 * 1024


class PortInUse(Exception):
    """The address cannot be listened on; the sentence says what to do."""


class LobbyServer(uvicorn.Server):
    """uvicorn's server, with a drain before its own shutdown. A second signal ends the drain."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._state = app.state

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        services = getattr(self._state, "services", None)
        if services is None or services.sockets.draining:
            super().handle_exit(sig, frame)
            return
        pause = DRAIN_SECONDS if sig == signal.SIGTERM else 0.0
        # From a signal handler: the loop may be asleep, and has to be woken.
        loop = asyncio.get_running_loop()
        loop.call_soon_threadsafe(lambda: self._drain(services.sockets, pause, sig, frame))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if (parent := parent_process()) is not None:  # of several workers: do not outlive the supervisor
            asyncio.get_running_loop().add_reader(parent.sentinel, self._orphaned, parent.sentinel)

    def _drain(self, sockets: OpenSockets, pause: float, sig: int, frame: FrameType | None) -> None:
        draining = asyncio.create_task(sockets.drain(pause), name="drain")
        draining.add_done_callback(lambda _: super(LobbyServer, self).handle_exit(sig, frame))

    def _orphaned(self, sentinel: int) -> None:
        asyncio.get_running_loop().remove_reader(sentinel)
        self.should_exit = True


Extend = Callable[[FastAPI], None]
"""Adds to the application what only some serve: the pages of the demo. Can be pickled."""


def run_process(settings: Settings, listening: socket.socket, extend: Extend | None = None) -> None:
    """Serve on a bound socket until told to end."""
    configure_logging(settings)
    app = create_app(settings)
    if extend is not None:
        extend(app)
    LobbyServer(server_config(settings, app), app).run(sockets=[listening])


def server_config(settings: Settings, app: FastAPI) -> uvicorn.Config:
    """uvicorn as Lobby wants it: our socket protocol, pings that must be answered, no query in any log."""
    return uvicorn.Config(
        app,
        http=LobbyHttpProtocol,
        ws=LobbyWebSocketProtocol,
        ws_max_size=FRAME_LIMIT,
        ws_ping_interval=10,
        ws_ping_timeout=10,
        ws_per_message_deflate=False,
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=FINISH_SECONDS,
        timeout_keep_alive=10,
    )


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to an address. Raises PortInUse."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named: asyncio sets TCP_NODELAY only where it sees TCP, and each answer waits 40 ms without it.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            raise PortInUse(
                f"Port {port} of {host} is in use, or not for us. Choose another one, such as PORT={port + 1}."
            ) from None
        raise PortInUse(f"Cannot listen on {host} ({error.strerror}): is HOST an address of this machine?") from None
    return listening


def run_outbox(settings: Settings) -> None:
    """Only the outbox, until told to end."""
    configure_logging(settings)
    asyncio.run(_work(settings.model_copy(update={"run_outbox": True})))


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    async with open_services(settings):
        log.info("outbox_worker_started")
        await stop.wait()
