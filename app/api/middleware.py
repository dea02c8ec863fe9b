"""What every request passes before it is routed: the slash, the size, and what no path may hold."""

import asyncio
import json
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import error_body

PREFIXES: Final = ("/api/", "/ws/", "/chat/", "/unicom/", "/health/", "/guest/")
DEFAULT_LIMIT: Final = 1024 * 1024
BODY_WITHIN: Final = 10.0
SLOWEST: Final = 64 * 1024  # bytes a second
COME_AGAIN_AFTER: Final = b"5"
LIMITS: Final = {
    "/api/message_manager/webhook/": 4 * 1024 * 1024,
    "/api/media/": 101 * 1024 * 1024,  # a document of 100 MB in its multipart body
    "/api/chat/upload-media/": 101 * 1024 * 1024,
    "/unicom/webchat/send/": 17 * 1024 * 1024,  # a file of 16 MB in its multipart body
}


class SettleSlash:
    """Every path answers with and without its trailing slash, HTTP and WebSocket alike, without a redirect."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"}:
            path: str = scope["path"]
            if not path.endswith("/") and f"{path}/".startswith(PREFIXES):
                scope = {**scope, "path": f"{path}/"}
        await self._app(scope, receive, send)


class Bounds:
    """Refuses a body that is too big, declared or not, or too slow, and a path or query with the character NUL.

    Whoever is told that we cannot (503) is told when to come again.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            await _refuse(scope, send, 400, "The address may not hold the character NUL.", "bad_fields")
            return
        limit = next((size for prefix, size in LIMITS.items() if scope["path"].startswith(prefix)), DEFAULT_LIMIT)
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if declared.isdigit() and int(declared[:20]) > limit:
            await _refuse(scope, send, 413, f"The body is larger than {limit} bytes.", "too_big")
            return
        await self._app(scope, _counted(receive, limit), _saying_when(send))


def _counted(receive: Receive, limit: int) -> Receive:
    arrived = 0
    complete = False
    began = asyncio.get_running_loop().time()

    async def receive_counted() -> Message:
        nonlocal arrived, complete
        try:
            # What has come so far earns time for more: a large file may take minutes, a trickle may not.
            async with asyncio.timeout_at(None if complete else began + BODY_WITHIN + arrived / SLOWEST):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, "The body did not arrive in time.", {"Connection": "close"}) from None
        arrived += len(message.get("body", b""))
        complete = not message.get("more_body", False)
        if arrived > limit:
            raise HTTPException(413, f"The body is larger than {limit} bytes.")
        return message

    return receive_counted


def _saying_when(send: Send) -> Send:
    async def send_saying_when(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 503:
            message = {**message, "headers": [*message.get("headers", []), (b"retry-after", COME_AGAIN_AFTER)]}
        await send(message)

    return send_saying_when


async def _refuse(scope: Scope, send: Send, status: int, error: str, code: str) -> None:
    body = json.dumps(error_body(scope["path"], error, code)).encode()
    headers: list[tuple[bytes, bytes]] = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    start: dict[str, Any] = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})
