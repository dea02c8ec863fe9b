"""Answers to sends that were told to fail: refused, lost, begun and never ended, or late."""

import asyncio
import socket
import struct
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from app.dev.fake_graph.errors import GraphError
from app.dev.fake_graph.faults import Fault
from app.dev.fake_graph.ledger import Asked

RESET_AT_ONCE: Final = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time at all


class Dropped(Response):
    """An answer that begins and never ends: the server closes the connection under it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})


class Hung(Response):
    """Nothing for some seconds, unless the caller goes before; then the connection is reset."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = await _wait(receive, self._seconds)
        if not gone:
            # ASGI knows no reset: this reaches through to uvicorn's connection, whose method `receive` is.
            transport = getattr(receive, "__self__").transport  # noqa: B009 -- a name that no type has
            connection: socket.socket = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
            transport.abort()
            await receive()  # until uvicorn knows, or it would answer in our place


async def _wait(receive: Receive, seconds: float) -> bool:
    """Wait so long, and whether the caller has gone meanwhile. The body has been read before."""
    if seconds <= 0:
        return False
    try:
        event = await asyncio.wait_for(receive(), seconds)
    except TimeoutError:
        return False
    return bool(event["type"] == "http.disconnect")


def refusal(fault: Fault, asked: Asked) -> Response:
    """The answer of a fault that accepts nothing."""
    if fault.code is not None:
        error = GraphError(fault.code, details="Told to fail.")
        asked.refused(error.status, error.code)
        return error.response(fault.headers)
    if fault.status is not None:
        asked.refused(fault.status)
        return Response("told to fail", status_code=fault.status, headers=fault.headers, media_type="text/plain")
    asked.lost()
    return Dropped(status_code=502) if fault.down else Hung(fault.stall)


async def spoiled(request: Request, fault: Fault, asked: Asked, answer: dict[str, Any]) -> Response:
    """The answer to what was accepted, as that fault spoils it."""
    if fault.drop:
        return Dropped()
    if fault.reset:
        return Hung(0)
    if not await _wait(request.receive, fault.delay):
        asked.saw_answer()
    return JSONResponse(answer)
