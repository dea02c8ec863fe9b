"""The hotel's channels: how they stand, how one is paused, and how it goes on."""

import msgspec
import structlog

from app.core.clock import Clock
from app.core.errors import Conflict, NotFound
from app.core.events import ChannelChanged
from app.core.principal import Principal
from app.core.views import ChannelView
from app.services.access import require_manager, require_staff
from app.store.database import Database
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)


class ChannelStanding(msgspec.Struct, frozen=True, kw_only=True):
    """A channel, how many messages wait to leave by it, and how many are held until their guest writes."""

    channel: ChannelView
    waiting: int
    held: int


class ChannelService:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def list_all(self, principal: Principal) -> list[ChannelStanding]:
        """All channels of the hotel, also those that are not in use. Raises Forbidden."""
        require_staff(principal)
        async with self._database.read() as work:
            channels = await work.channels.of_hotel(principal.hotel_id)
            return await _standings(work, channels)

    async def resume(self, principal: Principal, channel_id: int) -> ChannelStanding:
        """Send again, at once. Raises Forbidden, NotFound, and Conflict where the channel is not paused."""
        require_manager(principal)
        return await self._database.run(self._resume, principal, channel_id)

    async def _resume(self, work: UnitOfWork, principal: Principal, channel_id: int) -> ChannelStanding:
        found = await work.channels.view(channel_id)
        if found is None or found.hotel_id != principal.hotel_id:
            raise NotFound("There is no such channel.")
        channel = await resume(work, channel_id)
        if channel is None:
            raise Conflict("This channel is not paused.", code="not_paused")
        await work.audit.add(
            hotel_id=principal.hotel_id,
            user_id=principal.user_id,
            action="channel.resumed",
            target=f"channel:{channel_id}",
            details={"reason": found.pause_reason},
            at=self._clock(),
        )
        return (await _standings(work, [channel]))[0]


async def pause(
    work: UnitOfWork, channel_id: int, reason: str | None, *, code: int | None = None, refused: bytes | None = None
) -> None:
    """Nothing leaves by this channel until it is mended; all staff are told, once. ``refused`` are the sealed
    credentials that the provider would not take: where others have been put in by now, they may be right."""
    words = reason or "The provider refuses the channel's credentials, or its standing."
    channel = await work.channels.pause(channel_id, words, refused=refused)
    if channel is not None:
        log.error("channel_paused", channel_id=channel_id, code=code, reason=words)
        work.emit(channel.hotel_id, ChannelChanged(channel=channel))


async def resume(work: UnitOfWork, channel_id: int) -> ChannelView | None:
    """Have a channel send again, and all staff told. None where it was not paused."""
    channel = await work.channels.resume(channel_id)
    if channel is not None:
        work.emit(channel.hotel_id, ChannelChanged(channel=channel))
        await work.media.hasten(channel_id)
        work.has_deliveries = True
    return channel


async def _standings(work: UnitOfWork, channels: list[ChannelView]) -> list[ChannelStanding]:
    counts = await work.deliveries.counts([each.id for each in channels])
    return [ChannelStanding(channel=each, waiting=counts[each.id][0], held=counts[each.id][1]) for each in channels]
