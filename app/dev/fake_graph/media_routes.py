"""Files over the Graph API.

POST   /{version}/{phone_number_id}/media     multipart: messaging_product, file, type → {id}
GET    /{version}/{media_id}                  ?phone_number_id=  where the file is, and its hash
DELETE /{version}/{media_id}                  ?phone_number_id=
GET    /whatsapp_business/attachments/        ?mid=  the file itself, with the bearer
"""

import asyncio

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.dev.fake_graph.access import caller, owner, versioned_caller
from app.dev.fake_graph.config import Number
from app.dev.fake_graph.errors import GraphError, no_such_object
from app.dev.fake_graph.media import Media, check_upload
from app.dev.fake_graph.media_faults import MediaFault, faulty_download
from app.dev.fake_graph.state import FakeGraph

ATTACHMENTS = "/whatsapp_business/attachments/"


async def upload(request: Request) -> Response:
    fake: FakeGraph = request.app.state.fake
    number = owner(request, fake.config)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise GraphError(100, "Invalid parameter", details="The file comes as multipart/form-data.")
    async with request.form() as form:
        if form.get("messaging_product") != "whatsapp":
            raise GraphError(100, "The parameter messaging_product is required.")
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise GraphError(100, "The parameter file is required.")
        declared = form.get("type")
        mime_type = file.content_type or ""
        if isinstance(declared, str) and mime_type in {"", "application/octet-stream"}:
            mime_type = declared
        data = await file.read()
        check_upload(mime_type, data)
        media = fake.media.add(number.phone_number_id, mime_type, data, uploaded=True, filename=file.filename or "")
    return JSONResponse({"id": media.id})


async def look_up(request: Request) -> Response:
    fake: FakeGraph = request.app.state.fake
    media = _own(fake, request, versioned_caller(request, fake.config))
    fault = fake.media_faults.take("lookup", media.id)
    if fault and fault.kind == "status":
        return Response("told to fail", status_code=fault.status, media_type="text/plain")
    if fault and fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
    return JSONResponse(
        {
            "messaging_product": "whatsapp",
            "url": _address(fake, request, media, fault),
            "mime_type": media.mime_type,
            "sha256": _sha256(fake, media, fault),
            "file_size": len(media.data),
            "id": media.id,
        }
    )


async def delete(request: Request) -> Response:
    fake: FakeGraph = request.app.state.fake
    fake.media.delete(_own(fake, request, versioned_caller(request, fake.config)))
    return JSONResponse({"success": True})


async def download(request: Request) -> Response:
    fake: FakeGraph = request.app.state.fake
    number = caller(request, fake.config)
    media = fake.media.at_address(request.query_params.get("mid", ""))
    if not _may_have(fake, number, media):
        raise no_such_object(media.id, status=404)
    if fault := fake.media_faults.take("download", media.id):
        return faulty_download(media, fault)
    return Response(media.data, headers={"Content-Type": media.mime_type})


def _own(fake: FakeGraph, request: Request, number: Number) -> Media:
    """The file that the path names, if it is the caller's. Raises GraphError."""
    media_id = request.path_params["media_id"]
    if fake.config.any_media and not media_id.isdigit():
        media = fake.media.example(number.phone_number_id, media_id)
    else:
        media = fake.media.find(media_id, seconds=fake.config.media_seconds)
    wanted = request.query_params.get("phone_number_id") or media.phone_number_id
    if wanted != media.phone_number_id or not _may_have(fake, number, media):
        raise no_such_object(media_id)
    return media


def _may_have(fake: FakeGraph, number: Number, media: Media) -> bool:
    of = fake.config.number(media.phone_number_id)
    return of is not None and of.access_token == number.access_token


def _address(fake: FakeGraph, request: Request, media: Media, fault: MediaFault | None) -> str:
    if fault and fault.kind == "other_host":
        return fault.url
    seconds = 0.0 if fault and fault.kind == "expired" else fake.config.media_url_seconds
    token = fake.media.address(media, seconds=seconds)
    return f"{str(request.base_url).rstrip('/')}{ATTACHMENTS}?mid={token}"


def _sha256(fake: FakeGraph, media: Media, fault: MediaFault | None) -> str:
    if fault and fault.kind == "wrong_sha256":
        return bytes(32).hex()
    if fault and fault.kind == "sha256_base64":
        return media.sha256("base64")
    return media.sha256("hex" if fault and fault.kind == "sha256_hex" else fake.config.media_sha256)
