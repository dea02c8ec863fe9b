"""The other end of a socket, without a network: for what happens between two of the steps of its opening."""

import asyncio
import json
from typing import Any

from starlette.websockets import WebSocket


class Client:
    """``path_params`` are what the route has read from the path."""

    def __init__(self, path: str, **path_params: str) -> None:
        self.frames: list[dict[str, Any]] = []
        self.close_code: int | None = None
        self._sends: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._sends.put_nowait({"type": "websocket.connect"})
        scope = {"type": "websocket", "path": path, "headers": [], "query_string": b"", "subprotocols": []}
        self.websocket = WebSocket({**scope, "path_params": path_params}, self._sends.get, self._told)

    def go(self) -> None:
        self._sends.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def _told(self, message: Any) -> None:
        if message["type"] == "websocket.send":
            self.frames.append(json.loads(message["text"]))
        elif message["type"] == "websocket.close":
            self.close_code = message["code"]
