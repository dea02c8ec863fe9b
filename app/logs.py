"""Logging: one structured line an event, ours and the libraries' alike, to stderr. Queries never stand in it."""

import logging
import re
import sys
import time
from typing import Any, Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.settings import LogFormat, Settings

LONGEST_PATH: Final = 300
_GUESTS: Final = re.compile(r"^(/ws/guest/)[^/]+")

access_log = structlog.get_logger("access")


def configure_logging(settings: Settings) -> None:
    """Set up structlog, and route the standard library's logging through it."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    as_json = settings.log_format is LogFormat.JSON
    renderer: Any = structlog.processors.JSONRenderer() if as_json else _console()
    if as_json:
        shared.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)
    for name in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)  # they would log addresses with their queries


def _console() -> structlog.dev.ConsoleRenderer:
    """Plain tracebacks: the pretty ones print local variables, and with them passwords and guests' texts."""
    return structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)


class AccessLog:
    """One line a request and a socket: method, path, status, time. The query may hold a token and is left out, and so
    is the number of a guest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status") or message.get("code") or status
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            access_log.info(
                scope["type"],
                method=scope.get("method", "WS"),
                path=_GUESTS.sub(r"\1…", scope["path"])[:LONGEST_PATH],
                status=status,
                ms=round((time.perf_counter() - began) * 1000, 1),
            )
