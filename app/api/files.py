"""How a file leaves: as something to keep and not to run, piece by piece, and for sound and film by ranges too."""

import re
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from app.media.names import attachment
from app.services.files.service import MediaService, Shown

_RANGE: Final = re.compile(r"bytes=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.IGNORECASE)
_RANGED: Final = ("audio/", "video/")
_BYTES: Final = {
    kind: {"schema": {"type": "string", "format": "binary"}}
    for kind in (
        "image/jpeg",
        "image/png",
        "image/webp",
        "audio/*",
        "video/mp4",
        "video/3gpp",
        "application/pdf",
        "application/*",
        "text/plain",
        "text/csv",
    )
}
SENT_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file, by its own type, as an attachment; a thumbnail is a JPEG or WebP",
        "content": _BYTES,
    },
    206: {"description": "The range that was asked for, of sound and film", "content": _BYTES},
    304: {"description": "Not changed since the `ETag` that was shown"},
    416: {"description": "No byte of the file is in that range"},
}


async def send_file(request: Request, media: MediaService, found: Shown, *, cache: str) -> Response:
    """The answer to a GET or HEAD (RFC 9110, 13 and 14; one range at a time). ``cache`` is its Cache-Control."""
    tag = f'"{found.tag}"'
    headers = {
        "Content-Type": found.mime_type,
        "Content-Disposition": attachment(found.filename),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": cache,
        "ETag": tag,
    }
    if _is_known(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    span: tuple[int, int] | None = None
    if found.mime_type.startswith(_RANGED) and found.size is not None:
        headers["Accept-Ranges"] = "bytes"
        if request.headers.get("if-range", tag) == tag:
            span = range_of(request.headers.get("range"), found.size)
    if span is not None and span[0] >= span[1]:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{found.size}"})
    if span is not None:
        headers["Content-Range"] = f"bytes {span[0]}-{span[1] - 1}/{found.size}"
    status = 200 if span is None else 206
    if request.method == "HEAD":
        size = await media.size(found) if span is None else span[1] - span[0]
        return Response(status_code=status, headers={**headers, "Content-Length": str(size)})
    stored = await (media.read(found) if span is None else media.read(found, start=span[0], end=span[1]))
    return StreamingResponse(stored.chunks, status, headers={**headers, "Content-Length": str(stored.size)})


def range_of(header: str | None, size: int) -> tuple[int, int] | None:
    """From where and up to, but not with, where. None for all of it: no range is asked, several are, or it is none.

    The first is not below the second where nothing of the file is in the range.
    """
    found = _RANGE.fullmatch(header or "")
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return (max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size


def _is_known(header: str | None, tag: str) -> bool:
    known = [each.strip().removeprefix("W/") for each in (header or "").split(",")]
    return tag in known or known == ["*"]
