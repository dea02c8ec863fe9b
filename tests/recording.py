"""Every request that a fake Graph has taken, kept where ``LOBBY_RECORD_GRAPH`` names a file: one JSON body a line.

For whoever wants to hold what Lobby sends against Meta's published description.
"""

import json
import os
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

WHERE = os.environ.get("LOBBY_RECORD_GRAPH")


def recorded(app: ASGIApp) -> ASGIApp:
    """The same application; what was POSTed to it at ``…/messages`` for WhatsApp and answered well is
    kept."""
    return _Recorder(app, Path(WHERE)) if WHERE else app


class _Recorder:
    def __init__(self, app: ASGIApp, path: Path) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].endswith("/messages"):
            await self._app(scope, receive, send)
            return
        body = bytearray()

        async def receive_and_keep() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def send_and_record(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                taken = json.loads(bytes(body))
                if "messaging_product" in taken:  # Instagram's are described elsewhere
                    with self._path.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(taken) + "\n")
            await send(message)

        await self._app(scope, receive_and_keep, send_and_record)
