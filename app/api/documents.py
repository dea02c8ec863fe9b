"""The documents of a stay: ``/api/stays/{stay_id}/documents/…``. For reception and managers; each look is logged."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.deps import ServicesDep, Staff
from app.api.fields import Id
from app.api.files import SENT_FILE, send_file
from app.api.refusals import refused
from app.contracts.files import DocumentOut, document_out
from app.core.links import Variant

router = APIRouter(prefix="/api/stays/{stay_id}/documents", tags=["Documents of a stay"])


@router.get("/", responses=refused("forbidden", "not_found"))
async def list_documents(stay_id: Id, staff: Staff, services: ServicesDep) -> list[DocumentOut]:
    """What a guest has sent for their check-in, the oldest first. To see that there is something is no look at it."""
    return [document_out(each) for each in await services.documents.list(staff, stay_id)]


@router.get(
    "/{media_id}/",
    response_class=Response,
    responses=SENT_FILE | refused("forbidden", "not_found", "not_stored", "gone"),
)
async def look_at_document(
    request: Request,
    stay_id: Id,
    media_id: Id,
    staff: Staff,
    services: ServicesDep,
    variant: Variant = Variant.ORIGINAL,
) -> Response:
    """The document itself. Who looked, when and at what is on record before the first byte leaves."""
    found = await services.documents.look(staff, stay_id, media_id, variant)
    return await send_file(request, services.media, found, cache="private, no-store")
