"""Files by signed addresses, uploads of staff, and another try at a download: ``/api/media/…``."""

import asyncio
import shutil
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request, status
from starlette.datastructures import UploadFile
from starlette.responses import Response

from app.api.deps import ServicesDep, Staff
from app.api.fields import Id
from app.api.files import SENT_FILE, send_file
from app.api.refusals import refused
from app.contracts.files import RetryOut, UploadOut, upload_out
from app.core.clock import utc_now
from app.core.errors import Invalid, TooBig
from app.core.links import Variant
from app.core.types import MessageType
from app.media.incoming import scratch_folder
from app.media.sniff import MEGABYTE, SIZES

router = APIRouter(prefix="/api/media", tags=["Files"])

_UPLOAD_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


@router.post(
    "/",
    status_code=status.HTTP_201_CREATED,
    openapi_extra=_UPLOAD_BODY,
    responses=refused("bad_fields", "too_big", "unsupported_media_type"),
)
async def upload(request: Request, staff: Staff, services: ServicesDep) -> UploadOut:
    """A file to be sent, as the field `file` of a form. Pictures lose their metadata, and are scaled down to 5 MB."""
    await _read_form(request)
    async with request.form() as form, scratch_folder() as folder:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Invalid("There is no file.", code="bad_fields", details={"file": ["Send a file in this field."]})
        path = folder / "original"
        if (file.size or 0) > SIZES[MessageType.DOCUMENT]:
            raise TooBig(f"The file is larger than {SIZES[MessageType.DOCUMENT] // MEGABYTE} MB.")
        await asyncio.to_thread(_copy, file, path)
        uploaded = await services.media.upload(staff, path, declared=file.content_type, filename=file.filename)
    return upload_out(uploaded)


@router.head("/{media_id}/{variant}/", include_in_schema=False)  # described with GET
@router.get(
    "/{media_id}/{variant}/",
    response_class=Response,
    responses=SENT_FILE | refused("bad_signature", "not_found", "not_stored", "gone"),
)
async def fetch(
    request: Request,
    media_id: Id,
    variant: Variant,
    services: ServicesDep,
    expires: str = "",
    signature: str = "",
) -> Response:
    """A file, to whoever holds its signed address. Sound and film by ranges too."""
    found = await services.media.find(media_id, variant, expires=expires, signature=signature)
    left = int(expires) - int(utc_now().timestamp())
    return await send_file(request, services.media, found, cache=f"private, max-age={max(left, 0)}")


@router.post("/{media_id}/retry/", responses=refused("forbidden", "not_found", "not_failed"))
async def retry(media_id: Id, staff: Staff, services: ServicesDep) -> RetryOut:
    """Fetch a guest's file again that could not be fetched."""
    await services.media.retry(staff, media_id)
    return RetryOut()


async def _read_form(request: Request) -> None:
    """The request keeps what was read. A form that is none is answered as every bad body."""
    try:
        await request.form(max_files=1, max_fields=8)
    except UnicodeError:  # Python knows charsets that read nothing, such as "undefined"
        details = {"body": ["It is not in the charset that it names."]}
        raise Invalid("The body cannot be read.", code="bad_body", details=details) from None


def _copy(file: UploadFile, path: Path) -> None:
    with path.open("wb") as into:
        shutil.copyfileobj(file.file, into)
