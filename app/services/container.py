"""The services of one process, as routers and sockets find them: ``app.state.services``."""

from dataclasses import dataclass

from app.core.links import MediaLinks
from app.core.settings import Settings
from app.realtime.bus import Bus
from app.realtime.hub import Hub
from app.services.auth import AuthService
from app.services.conversations import ConversationService
from app.services.documents import DocumentService
from app.services.housekeeping import Housekeeping
from app.services.inbound import InboundService
from app.services.intake import Intake
from app.services.media import MediaService
from app.services.media_fetching import MediaFetcher
from app.services.outbox import Outbox
from app.services.sockets import OpenSockets
from app.store.database import Database


@dataclass(frozen=True, kw_only=True)
class Services:
    """Made by ``bootstrap.py``."""

    settings: Settings
    database: Database
    bus: Bus
    hub: Hub
    auth: AuthService
    links: MediaLinks
    conversations: ConversationService
    media: MediaService
    documents: DocumentService
    media_fetcher: MediaFetcher
    housekeeping: Housekeeping
    intake: Intake
    inbound: InboundService
    outbox: Outbox
    sockets: OpenSockets

    async def check_database(self) -> None:
        """Raises Unavailable where it is away, at most a second later."""
        await self.database.check()

    def bus_is_healthy(self) -> bool:
        return self.bus.healthy
