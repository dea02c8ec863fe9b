"""Lobby's own API: a failed message once more, ``/api/messages/{id}/retry/``."""

from fastapi import APIRouter

from app.api.bodies import StrictRoute
from app.api.deps import ServicesDep, Staff
from app.api.fields import Id
from app.api.refusals import refused
from app.contracts import message_manager as contract

router = APIRouter(prefix="/api/messages", tags=["Messages"], route_class=StrictRoute)


@router.post(
    "/{message_id}/retry/",
    responses=refused("not_found", "forbidden", "not_failed", "window_closed", "opted_out"),
)
async def retry_message(message_id: Id, staff: Staff, services: ServicesDep) -> contract.MessageOut:
    """Send a message again that has failed.

    `409 not_failed` where it has not, or is being tried; `409 window_closed` where the guest has not written for too
    long, and it is no template; `409 opted_out` where it is one, and they have asked to be left alone.
    """
    return contract.message(await services.resend.retry(staff, message_id), services.links)
