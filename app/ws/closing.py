"""How a socket is closed: with the code and the reason of what is at fault."""

import contextlib
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app.core.close_codes import CloseCode
from app.core.errors import (
    Forbidden,
    LobbyError,
    NotFound,
    ResyncNeeded,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)

_CODES: Final = {
    Unauthenticated: CloseCode.UNAUTHENTICATED,
    Forbidden: CloseCode.FORBIDDEN,
    NotFound: CloseCode.NOT_FOUND,
    ResyncNeeded: CloseCode.RESYNC_NEEDED,
    TooManyRequests: CloseCode.TOO_MANY,
    Unavailable: CloseCode.RESTARTING,
}


async def close(websocket: WebSocket, code: int, reason: str) -> None:
    """Close with a reason of at most 123 bytes, as the protocol allows; nothing where the client has gone."""
    if websocket.client_state is WebSocketState.DISCONNECTED:
        return
    short = reason.encode()[:123].decode(errors="ignore")
    with contextlib.suppress(RuntimeError, WebSocketDisconnect, OSError):
        await websocket.close(int(code), short)


def close_code(error: LobbyError) -> int:
    return _CODES.get(type(error), CloseCode.RESTARTING)
