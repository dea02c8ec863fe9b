"""Faults of files: what a lookup or a download does wrong when told to."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Literal

import msgspec
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from app.dev.fake_graph.media import Media

Kind = Literal[
    "wrong_sha256",
    "sha256_hex",
    "sha256_base64",
    "other_host",
    "expired",
    "redirect",
    "longer",
    "slow",
    "cut",
    "status",
]
AT_LOOKUP: Final = frozenset({"wrong_sha256", "sha256_hex", "sha256_base64", "other_host", "expired"})


class MediaFault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One way to fail with a file.

    When an id is looked up: ``wrong_sha256``, ``sha256_hex``, ``sha256_base64``; ``other_host`` gives an address under
    ``url``, ``expired`` one that holds no longer. When the file is fetched: ``redirect`` to ``url``, ``longer`` by
    ``extra`` bytes than announced, ``slow`` with a pause of ``seconds`` in the middle, ``cut`` in the middle, and
    ``status`` with no file. ``at="lookup"`` makes ``status`` and ``slow`` happen there.

    It happens ``times`` times (0: until cleared), to one ``media_id`` only if given.
    """

    kind: Kind
    at: Literal["lookup", "download"] = "download"
    url: str = "https://elsewhere.example/file"
    status: int = 500
    seconds: float = 5.0
    extra: int = 1
    times: int = 1
    media_id: str | None = None

    @property
    def step(self) -> str:
        return "lookup" if self.kind in AT_LOOKUP else self.at

    def __post_init__(self) -> None:
        if self.at == "lookup" and self.kind not in {*AT_LOOKUP, "status", "slow"}:
            raise ValueError(f"{self.kind} happens when a file is fetched")


class MediaFaults:
    """The faults that wait, in order. Each request meets at most one."""

    def __init__(self) -> None:
        self.waiting: list[MediaFault] = []

    def take(self, step: Literal["lookup", "download"], media_id: str) -> MediaFault | None:
        for fault in self.waiting:
            if fault.step != step or fault.media_id not in {None, media_id}:
                continue
            if fault.times == 1:
                self.waiting.remove(fault)
            elif fault.times:
                fault.times -= 1
            return fault
        return None


class Cut(Response):
    """A body that ends halfway: the server closes the connection under it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})


def faulty_download(media: Media, fault: MediaFault) -> Response:
    """The file as that fault spoils it."""
    if fault.kind == "redirect":
        return RedirectResponse(fault.url, status_code=302)
    if fault.kind == "cut":
        return Cut(media.data, media_type=media.mime_type)
    if fault.kind == "longer":
        return Response(media.data + bytes(fault.extra), media_type=media.mime_type)
    if fault.kind == "slow":
        headers = {"Content-Length": str(len(media.data)), "Content-Type": media.mime_type}
        return StreamingResponse(_slowly(media.data, fault.seconds), headers=headers)
    return Response("told to fail", status_code=fault.status, media_type="text/plain")


async def _slowly(data: bytes, seconds: float) -> AsyncIterator[bytes]:
    half = len(data) // 2
    yield data[:half]
    await asyncio.sleep(seconds)
    yield data[half:]
