"""Where providers call: ``/api/message_manager/webhook/whatsapp/`` (contract 1, "Webhook Interface")."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import PlainTextResponse

from app.api.deps import ServicesDep
from app.api.refusals import refused
from app.contracts.message_manager import WebhookReceipt
from app.core.errors import Forbidden
from app.core.types import Platform
from app.services.inbound.intake import RawUpdate

router = APIRouter(prefix="/api/message_manager/webhook", tags=["Webhooks"])


@router.get("/whatsapp/", response_class=PlainTextResponse, responses=refused("bad_verify_token"))
async def confirm_subscription(
    services: ServicesDep,
    mode: Annotated[str, Query(alias="hub.mode")] = "",
    challenge: Annotated[str, Query(alias="hub.challenge")] = "",
    verify_token: Annotated[str, Query(alias="hub.verify_token")] = "",
) -> str:
    """Meta's verification of this address: the bare challenge for one of our verify tokens, 403 otherwise."""
    if mode != "subscribe" or not await services.inbound.knows_token(Platform.WHATSAPP, verify_token):
        raise Forbidden("The verify token is not one of ours.", code="bad_verify_token")
    return challenge


@router.post("/whatsapp/", responses=refused("bad_signature"))
async def receive(request: Request, services: ServicesDep) -> WebhookReceipt:
    """Updates from WhatsApp, signed with ``X-Hub-Signature-256``. 200 only once they are stored."""
    receipt = await services.inbound.receive(
        RawUpdate(platform=Platform.WHATSAPP, body=await request.body(), headers=request.headers)
    )
    return WebhookReceipt(status=receipt.value)
