"""The fake Meta as a server of its own."""

from types import FrameType

import uvicorn
from starlette.applications import Starlette

from app.dev.fake_graph.app import create_fake_graph
from app.dev.fake_graph.config import FakeGraphConfig


class _Server(uvicorn.Server):
    """Ends the phones' long polls at the first signal, which uvicorn would otherwise wait for."""

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        super().__init__(uvicorn.Config(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=1))
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if fake := getattr(self._app.state, "fake", None):
            fake.end_polls()
        super().handle_exit(sig, frame)


def serve(config: FakeGraphConfig, host: str, port: int) -> None:
    """Serve until told to end by SIGTERM or SIGINT."""
    _Server(create_fake_graph(config), host, port).run()
