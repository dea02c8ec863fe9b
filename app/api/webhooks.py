"""Where providers call: ``/api/message_manager/webhook/whatsapp/`` (contract 1, "Webhook Interface"), and
``/api/webhooks/{provider}/…`` for those that came later."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import PlainTextResponse

from app.api.deps import ServicesDep
from app.api.refusals import refused
from app.contracts.message_manager import WebhookReceipt
from app.core.errors import Forbidden
from app.core.types import Platform
from app.services.container import Services
from app.services.inbound.intake import RawUpdate

router = APIRouter(prefix="/api/message_manager/webhook", tags=["Webhooks"])
later = APIRouter(prefix="/api/webhooks", tags=["Webhooks"])

Mode = Annotated[str, Query(alias="hub.mode")]
Challenge = Annotated[str, Query(alias="hub.challenge")]
VerifyToken = Annotated[str, Query(alias="hub.verify_token")]


@router.get("/whatsapp/", response_class=PlainTextResponse, responses=refused("bad_verify_token"))
async def confirm_subscription(
    services: ServicesDep, mode: Mode = "", challenge: Challenge = "", verify_token: VerifyToken = ""
) -> str:
    """Meta's verification of this address: the bare challenge for one of our verify tokens, 403 otherwise."""
    return await confirm(services, Platform.WHATSAPP, mode, challenge, verify_token)


@router.post("/whatsapp/", responses=refused("bad_signature"))
async def receive(request: Request, services: ServicesDep) -> WebhookReceipt:
    """Updates from WhatsApp, signed with ``X-Hub-Signature-256``. 200 only once they are stored."""
    return await take(services, Platform.WHATSAPP, request)


@later.get("/instagram/", response_class=PlainTextResponse, responses=refused("bad_verify_token"))
async def confirm_instagram_subscription(
    services: ServicesDep, mode: Mode = "", challenge: Challenge = "", verify_token: VerifyToken = ""
) -> str:
    """Meta's verification of this address: the bare challenge for one of our verify tokens, 403 otherwise."""
    return await confirm(services, Platform.INSTAGRAM, mode, challenge, verify_token)


@later.post("/instagram/", responses=refused("bad_signature"))
async def receive_from_instagram(request: Request, services: ServicesDep) -> WebhookReceipt:
    """Updates from Instagram, signed with ``X-Hub-Signature-256``. 200 only once they are stored."""
    return await take(services, Platform.INSTAGRAM, request)


@later.post("/telegram/{bot_id}/", responses=refused("bad_signature"))
async def receive_from_telegram(
    bot_id: Annotated[str, Path(pattern="^[0-9]{1,19}$")], request: Request, services: ServicesDep
) -> WebhookReceipt:
    """Updates for one bot of a hotel's, with its secret in ``X-Telegram-Bot-Api-Secret-Token``. 200 only once they are
    stored."""
    return await take(services, Platform.TELEGRAM, request, account=bot_id)


async def confirm(services: Services, platform: Platform, mode: str, challenge: str, verify_token: str) -> str:
    """The handshake of Meta's webhooks. Raises Forbidden."""
    if mode != "subscribe" or not await services.inbound.knows_token(platform, verify_token):
        raise Forbidden("The verify token is not one of ours.", code="bad_verify_token")
    return challenge


async def take(
    services: Services, platform: Platform, request: Request, *, account: str | None = None
) -> WebhookReceipt:
    """A provider's request, to a channel's own address where ``account`` is given. Raises Forbidden, Unavailable."""
    receipt = await services.inbound.receive(
        RawUpdate(platform=platform, body=await request.body(), headers=request.headers, account=account)
    )
    return WebhookReceipt(status=receipt.value)
