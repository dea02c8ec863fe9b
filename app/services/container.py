"""The services of one process, as routers and sockets find them: ``app.state.services``."""

from dataclasses import dataclass

from app.core.links import MediaLinks
from app.core.settings import Settings
from app.realtime.bus import Bus
from app.realtime.hub import Hub
from app.services.api_keys import ApiKeyService
from app.services.auth import AuthService
from app.services.channels import ChannelService
from app.services.conversations import ConversationService
from app.services.desk import DeskService
from app.services.files.documents import DocumentService
from app.services.files.fetching import MediaFetcher
from app.services.files.service import MediaService
from app.services.guest_links import GuestLinkService
from app.services.guest_sessions import GuestSessionService
from app.services.guest_webhook import GuestWebhookService
from app.services.handling.service import HandlingService
from app.services.housekeeping import Housekeeping
from app.services.inbound.intake import Intake
from app.services.inbound.service import InboundService
from app.services.outbox.resend import ResendService
from app.services.outbox.service import Outbox
from app.services.presence import PresenceService
from app.services.registration import RegistrationService
from app.services.sending.receipts import ReceiptService
from app.services.sending.service import SendingService
from app.services.sockets import OpenSockets
from app.services.templates.service import TemplateService
from app.services.webchat.claims import StayClaimService
from app.services.webchat.listing import ChatService
from app.services.webchat.migrating import MigratingService
from app.services.webchat.pace import VisitorPace
from app.services.webchat.proving import ProvingService
from app.services.webchat.reading import ReadingService
from app.services.webchat.receiving import ReceivingService
from app.services.webchat.requests import RequestService
from app.services.webchat.visitors import VisitorService
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
    handling: HandlingService
    desk: DeskService
    sending: SendingService
    receipts: ReceiptService
    media: MediaService
    documents: DocumentService
    media_fetcher: MediaFetcher
    guest_links: GuestLinkService
    guest_sessions: GuestSessionService
    housekeeping: Housekeeping
    intake: Intake
    inbound: InboundService
    outbox: Outbox
    presence: PresenceService
    channels: ChannelService
    resend: ResendService
    sockets: OpenSockets
    templates: TemplateService
    visitors: VisitorService
    webchat_chats: ChatService
    webchat_pace: VisitorPace
    webchat_reading: ReadingService
    webchat_receiving: ReceivingService
    registration: RegistrationService
    migrating: MigratingService
    proving: ProvingService
    stay_claims: StayClaimService
    requests: RequestService
    api_keys: ApiKeyService
    guest_webhook: GuestWebhookService

    async def check_database(self) -> None:
        """Raises Unavailable where it is away, at most a second later."""
        await self.database.check()

    def bus_is_healthy(self) -> bool:
        return self.bus.healthy
