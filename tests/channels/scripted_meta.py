"""A Meta that says and sends what a test wants: the two steps of a download, and uploads."""

import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.channels.conftest import HOTEL_NUMBER

FILE = bytes(range(256)) * 1000
DIGEST = hashlib.sha256(FILE).digest()
ID = "1029384756"

Answer = Callable[[Request], Awaitable[Response]]


class Meta:
    """Step 1 answers ``told``, step 2 what ``download`` makes; both may be replaced. ``seen`` are the requests."""

    def __init__(self) -> None:
        self.url = ""
        self.told: dict[str, Any] = {
            "mime_type": "image/jpeg",
            "sha256": base64.b64encode(DIGEST).decode(),
            "file_size": len(FILE),
        }
        self.status = 200
        self.error: dict[str, Any] | None = None
        self.download: Answer = self._file
        self.upload: Answer = self._uploaded
        self.seen: list[tuple[str, str | None]] = []
        self.raw_paths: list[bytes] = []
        self.forms: list[dict[str, Any]] = []

    async def answer(self, request: Request) -> Response:
        self.raw_paths.append(request.scope["raw_path"])
        self.seen.append((request.url.path, request.headers.get("authorization")))
        if request.url.path == f"/v23.0/{HOTEL_NUMBER}/media":
            return await self.upload(request)
        if request.url.path.startswith("/v23.0/"):
            if self.error is not None or self.status != 200:
                return JSONResponse({"error": self.error} if self.error else {}, self.status)
            return JSONResponse({"url": f"{self.url}/file", **self.told})
        return await self.download(request)

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.seen]

    async def _file(self, _: Request) -> Response:
        return Response(FILE)

    async def _uploaded(self, request: Request) -> Response:
        async with request.form() as form:
            file = form["file"]
            assert not isinstance(file, str)
            self.forms.append(
                {**form, "file": await file.read(), "filename": file.filename, "content_type": file.content_type}
            )
        return JSONResponse({"id": "media-1"})
