"""The guest's side: the simulated phone, and what it does.

GET    /dev/phone                        the page, and its files
POST   /_fake/phone/{number}/send        a guest writes: {text | message, name?, phone_number_id?, id?}
POST   /_fake/phone/{number}/media       a file, raw or multipart (file): ?filename= &type= &phone_number_id= → {id, …};
                                         with ?send=1 also a message: &caption= &voice=1 &name= &kind= &quotes=
POST   /_fake/phone/{number}/read        a guest has seen: {ids}
POST   /_fake/phone/{number}/played      a guest has listened: {ids}
GET    /_fake/phone/{number}/events      ?since=&wait=  what the phone has seen; waits up to 25 s for more
POST   /_fake/media                      a file of nobody's: ?id= and as above; a test registers what it likes
GET    /_fake/media/{id}                 the file, for the page
"""

from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from app.dev.fake_graph.control import number_of, read
from app.dev.fake_graph.media import Media
from app.dev.fake_graph.routing import fake_of, on

MAX_WAIT: Final = 25.0
PAGE: Final = Path(__file__).parent / "page"
PAGE_FILES: Final = ("phone.css", "bubbles.css", "phone.js", "model.js", "bubbles.js", "parts.js", "net.js")
PAGE_POLICY: Final = (
    "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
# What a guest sent is shown, never run: no script of it, and no page made of it, works under this origin.
FILE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
SHOWN_INLINE: Final = ("image/jpeg", "image/png", "image/webp", "image/gif", "audio/", "video/")


class PhoneSend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``message`` is one in Meta's words, for what is no text: its ``type`` and the object of that name."""

    text: str = ""
    name: str = "Guest"
    phone_number_id: str = ""
    id: str | None = None
    message: dict[str, Any] | None = None


class PhoneSeen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ids: list[str]


def routes() -> list[Route]:
    return [
        *on("/dev/phone", GET=_page),
        *on("/dev/phone/{file}", GET=_page_file),
        *on("/_fake/phone/{number}/send", POST=_send),
        *on("/_fake/phone/{number}/media", POST=_send_file),
        *on("/_fake/phone/{number}/read", POST=_read),
        *on("/_fake/phone/{number}/played", POST=_played),
        *on("/_fake/phone/{number}/events", GET=_events),
        *on("/_fake/media", POST=_register),
        *on("/_fake/media/{id}", GET=_show_file),
    ]


def takes_files(path: str) -> bool:
    return path == "/_fake/media" or (path.startswith("/_fake/phone/") and path.endswith("/media"))


def _guest(request: Request) -> str:
    number: str = request.path_params["number"]
    return number.removeprefix("+")


async def _send(request: Request) -> Response:
    wanted = await read(request, PhoneSend)
    if not wanted.text and wanted.message is None:
        raise HTTPException(400, "neither text nor message")
    message = wanted.message or {"type": "text", "text": {"body": wanted.text}}
    return await _post(request, wanted.phone_number_id, wanted.name, message, wanted.id)


async def _post(
    request: Request, phone_number_id: str, name: str, message: dict[str, Any], message_id: str | None, **more: Any
) -> Response:
    fake = fake_of(request)
    number = number_of(fake, phone_number_id)
    sent_id, delivered = await fake.send_from_phone(
        number, _guest(request), name=name, message=message, message_id=message_id
    )
    answer = {"id": sent_id, "attempts": delivered.attempts, "status": delivered.status, **more}
    return JSONResponse(answer, status_code=200 if delivered.ok else 502)


async def _send_file(request: Request) -> Response:
    media = await _received(request)
    described = _described(media)
    query = request.query_params
    if not query.get("send"):
        return JSONResponse(described)
    kind = query.get("kind") or media.kind
    content: dict[str, Any] = {"id": media.id, "mime_type": media.mime_type, "sha256": media.sha256("base64")}
    if kind == "document":
        content["filename"] = media.filename or "file"
    elif kind == "audio":
        content["voice"] = bool(query.get("voice"))
    elif kind == "sticker":
        content["animated"] = False
    if (caption := query.get("caption")) and kind in {"image", "video", "document"}:
        content["caption"] = caption
    message: dict[str, Any] = {"type": kind, kind: content}
    if quoted := query.get("quotes"):
        message["context"] = {"id": quoted}
    return await _post(
        request, media.phone_number_id, query.get("name", "Guest"), message, query.get("message_id"), media=described
    )


async def _register(request: Request) -> Response:
    return JSONResponse(_described(await _received(request)), status_code=201)


async def _received(request: Request) -> Media:
    """The file in the body, kept."""
    fake = fake_of(request)
    query = request.query_params
    number = number_of(fake, query.get("phone_number_id", ""))
    mime_type, filename = request.headers.get("content-type", ""), query.get("filename", "")
    if mime_type.startswith("multipart/form-data"):
        async with request.form() as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise HTTPException(400, "no file")
            data = await file.read()
            mime_type, filename = file.content_type or "", filename or file.filename or ""
    else:
        data = await request.body()
    return fake.media.add(
        number.phone_number_id,
        query.get("type") or mime_type or "application/octet-stream",
        data,
        filename=filename,
        media_id=query.get("id", ""),
    )


def _described(media: Media) -> dict[str, Any]:
    return {
        "id": media.id,
        "kind": media.kind,
        "mime_type": media.mime_type,
        "sha256": media.sha256("base64"),
        "file_size": len(media.data),
    }


async def _show_file(request: Request) -> Response:
    media = fake_of(request).media.get(request.path_params["id"])
    if media is None:
        raise HTTPException(404, "no such file")
    inline = media.mime_type.startswith(SHOWN_INLINE)
    headers = FILE_HEADERS | {"Content-Disposition": "inline" if inline else "attachment"}
    return Response(media.data, headers=headers | {"Content-Type": media.mime_type})


async def _read(request: Request) -> Response:
    return await _seen(request, "read")


async def _played(request: Request) -> Response:
    return await _seen(request, "played")


async def _seen(request: Request, status: str) -> Response:
    wanted = await read(request, PhoneSeen)
    await fake_of(request).seen_on_phone(_guest(request), wanted.ids, status)
    return JSONResponse({})


async def _events(request: Request) -> Response:
    fake = fake_of(request)
    try:
        since = max(0, int(request.query_params.get("since", "0")))
        wait = min(MAX_WAIT, float(request.query_params.get("wait", "0")))
    except ValueError:
        raise HTTPException(400, "since and wait are numbers") from None
    events = await fake.phone(request.path_params["number"]).since(since, wait)
    return Response(msgspec.json.encode({"epoch": fake.epoch, "events": events}), media_type="application/json")


async def _page(request: Request) -> Response:
    return FileResponse(
        PAGE / "phone.html", headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"}
    )


async def _page_file(request: Request) -> Response:
    name = request.path_params["file"]
    if name not in PAGE_FILES:
        raise HTTPException(404)
    return FileResponse(PAGE / name, headers={"Cache-Control": "no-cache"})
