"""Lobby's own REST API for approved templates."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from app.api.bodies import StrictRoute
from app.api.deps import ServicesDep, Staff
from app.api.fields import Id
from app.api.refusals import refused
from app.contracts import message_manager, templates

router = APIRouter(prefix="/api", tags=["Templates"], route_class=StrictRoute)

Language = Annotated[
    str | None, Query(max_length=16, pattern="^[A-Za-z0-9_-]+$", description="Only this one: `pt` finds `pt_PT` too.")
]


@router.get("/conversations/{conversation_id}/templates/", responses=refused("not_found", "forbidden"))
async def list_templates(
    conversation_id: Id, staff: Staff, services: ServicesDep, language: Language = None
) -> templates.TemplateList:
    """The approved templates that may be sent in this conversation now, in the guest's language first."""
    return templates.template_list(await services.templates.offered(staff, conversation_id, language=language))


@router.post(
    "/conversations/{conversation_id}/templates/",
    status_code=status.HTTP_201_CREATED,
    responses=refused(
        "bad_fields",
        "bad_template_values",
        "template_not_sendable",
        "no_such_file",
        "forbidden",
        "not_found",
        "no_such_template",
        "opted_out",
        "conversation_open",
        "client_message_id_used",
    ),
)
async def send_template(
    conversation_id: Id, body: templates.SendTemplateIn, staff: Staff, services: ServicesDep
) -> message_manager.MessageOut:
    """Send a template. Takes over from the flow; a closed conversation is open again."""
    sent = await services.templates.send(
        staff, conversation_id, body.request(), client_message_id=body.client_message_id
    )
    return message_manager.message(sent, services.links)


@router.post(
    "/channels/{channel_id}/templates/refresh/",
    responses=refused("forbidden", "not_found", "no_business_account", "provider_refused", "provider_unavailable"),
)
async def refresh_templates(channel_id: Id, staff: Staff, services: ServicesDep) -> templates.Refreshed:
    """Fetch the channel's templates from its provider now."""
    return templates.Refreshed(count=await services.templates.refresh(staff, channel_id))
