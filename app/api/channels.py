"""Lobby's own API: the hotel's channels, ``/api/channels/…``."""

from fastapi import APIRouter

from app.api.bodies import StrictRoute
from app.api.deps import ServicesDep, Staff
from app.api.fields import Id
from app.api.refusals import refused
from app.contracts.channels import ChannelOut, channel_out
from app.services.channels import ChannelStanding

router = APIRouter(prefix="/api/channels", tags=["Channels"], route_class=StrictRoute)


def _out(standing: ChannelStanding) -> ChannelOut:
    return channel_out(standing.channel, waiting=standing.waiting, held=standing.held)


@router.get("/")
async def list_channels(staff: Staff, services: ServicesDep) -> list[ChannelOut]:
    """All of the hotel's numbers, pages and sites, how they stand, and what waits to leave by them."""
    return [_out(each) for each in await services.channels.list_all(staff)]


@router.post("/{channel_id}/resume/", responses=refused("forbidden", "not_found", "not_paused"))
async def resume_channel(channel_id: Id, staff: Staff, services: ServicesDep) -> ChannelOut:
    """Have a paused channel send again, at once: its token is mended, or its trouble with the provider is over.

    For managers and hotel admins. `409 not_paused` where it is not paused.
    """
    return _out(await services.channels.resume(staff, channel_id))
