"""Contract 2's guest webhook: ``POST /api/chat/guest-webhook/``, for programs of the hotel's own."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Security, status
from fastapi.security import APIKeyHeader

from app.api.bodies import StrictRoute
from app.api.deps import ServicesDep
from app.api.forms import described, read_body
from app.api.refusals import refused
from app.contracts.guest_webhook import GuestMessageIn, GuestMessageReceived
from app.core.errors import Unauthenticated

router = APIRouter(prefix="/api/chat", tags=["Chat (contract 2)"], route_class=StrictRoute)

_key = APIKeyHeader(
    name="X-Api-Key",
    scheme_name="API key",
    description="A key of the hotel's, from `lobby create-api-key`. Needed in production, elsewhere not.",
    auto_error=False,
)


async def _hotel_id(request: Request, services: ServicesDep, key: Annotated[str | None, Security(_key)]) -> int | None:
    """The hotel whose key was shown. Before the body is read. Raises Unauthenticated, for two of them too."""
    if len(request.headers.getlist(_key.model.name)) > 1:
        raise Unauthenticated("The header X-Api-Key must be one.", scheme=None)
    return await services.api_keys.hotel_of(key)


async def _message(request: Request) -> GuestMessageIn:
    return await read_body(request, GuestMessageIn)


@router.post(
    "/guest-webhook/",
    summary="Receive a guest's message",
    status_code=status.HTTP_201_CREATED,
    response_description="Where the message stands",
    openapi_extra=described(GuestMessageIn),
    responses=refused(
        "bad_fields",
        "bad_body",
        "empty_text",
        "unauthenticated",
        "no_active_stay",
        "client_message_id_used",
        "too_big",
        "unsupported_media_type",
    ),
)
async def receive(
    services: ServicesDep,
    hotel_id: Annotated[int | None, Depends(_hotel_id)],
    body: Annotated[GuestMessageIn, Depends(_message)],
) -> GuestMessageReceived:
    """A guest's message for Reception, as JSON or as a form. The guest must be staying now.

    It goes on in the guest's open conversation with Reception, or begins one, without the bot. Words such as STOP mean
    nothing here. With a key the guest must be one of that hotel's.
    """
    received = await services.guest_webhook.receive(body.draft(), hotel_id=hotel_id)
    return GuestMessageReceived(message_id=received.message_id, conversation_id=received.conversation_id)
