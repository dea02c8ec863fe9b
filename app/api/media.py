"""Files by signed addresses, uploads of staff, and another try at a download: ``/api/media/…``."""

from fastapi import APIRouter, Request, status
from starlette.responses import Response

from app.api.deps import ServicesDep, Staff
from app.api.fields import Id
from app.api.files import SENT_FILE, send_file
from app.api.refusals import refused
from app.api.uploads import UPLOADING, form_described, keep_file, read_form
from app.contracts.files import RetryOut, UploadOut, upload_out
from app.core.clock import utc_now
from app.core.links import Variant

router = APIRouter(prefix="/api/media", tags=["Files"])


@router.post(
    "/",
    status_code=status.HTTP_201_CREATED,
    openapi_extra=form_described(),
    responses=refused(*UPLOADING),
)
async def upload(request: Request, staff: Staff, services: ServicesDep) -> UploadOut:
    """A file to be sent, as the field `file` of a form. Pictures lose their metadata, and are scaled down to 5 MB."""
    async with read_form(request) as form:
        return upload_out(await keep_file(form, staff, services.media))


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
