"""The composition root: settings in, a process's services out. The only place where parts are put together."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import httpx
import structlog

from app.channels.instagram import Instagram
from app.channels.internal import Internal
from app.channels.registry import ChannelRegistry
from app.channels.telegram import Telegram
from app.channels.webchat import WebChat
from app.channels.whatsapp import WhatsApp
from app.core.clock import Clock, utc_now
from app.core.errors import Unavailable
from app.core.events import StoredEvent
from app.core.links import GuestLinks, MediaLinks
from app.core.settings import Settings
from app.core.vault import Vault
from app.flows.loader import load_book
from app.media.incoming import Porter
from app.media.storage import MediaStorage
from app.realtime.bus import Bus
from app.realtime.hub import Hub
from app.realtime.presence import Presence
from app.services.api_keys import ApiKeyService
from app.services.auth import AuthService
from app.services.channels import ChannelService
from app.services.container import Services
from app.services.conversations import ConversationService
from app.services.desk import DeskService
from app.services.files.documents import DocumentService
from app.services.files.fetching import MediaFetcher
from app.services.files.keeping import MediaKeeping
from app.services.files.service import MediaService
from app.services.files.worker import MediaWorker
from app.services.guest_links import GuestLinkService
from app.services.guest_sessions import GuestSessionService
from app.services.guest_webhook import GuestWebhookService
from app.services.handling.service import HandlingService
from app.services.hashing import Hashing
from app.services.housekeeping import Housekeeping
from app.services.inbound.guest_desk import GuestDesk
from app.services.inbound.intake import Intake
from app.services.inbound.service import InboundService
from app.services.outbox.resend import ResendService
from app.services.outbox.service import Outbox
from app.services.outbox.worker import OutboxWorker
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
from app.store.database import Database, create_engine

log = structlog.get_logger(__name__)

SEND_TIMEOUT = httpx.Timeout(20, connect=5)


class EventLog:
    """The hub's way to read the log of events: a statement of its own each time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def head(self, hotel_id: int) -> int:
        async with self._database.read() as work:
            return await work.events.head(hotel_id)

    async def heads(self, hotel_ids: Iterable[int]) -> dict[int, int]:
        async with self._database.read() as work:
            return await work.events.heads(hotel_ids)

    async def first(self, hotel_id: int) -> int | None:
        async with self._database.read() as work:
            return await work.events.first(hotel_id)

    async def between(self, hotel_id: int, after: int, upto: int, *, limit: int) -> list[StoredEvent]:
        async with self._database.read() as work:
            return await work.events.between(hotel_id, after, upto, limit=limit)


@asynccontextmanager
async def open_services(settings: Settings, *, clock: Clock = utc_now) -> AsyncIterator[Services]:
    """The services of one process, running: connected, listening, and the outbox at work where settings say so."""
    engine = create_engine(settings.database_url)
    bus = Bus(settings.redis_url, settings.redis_prefix)
    hub = Hub(bus, EventLog(Database(engine)))
    database = Database(engine, hub)
    async with httpx.AsyncClient(timeout=SEND_TIMEOUT, follow_redirects=False) as client:
        services = _assemble(settings, database, bus, hub, client, clock)
        if settings.is_production:
            await _check_secrets(services)
        worker = _outbox_worker(services) if settings.run_outbox else None
        fetching = _media_worker(services) if settings.run_outbox else None
        housekeeping = asyncio.create_task(services.housekeeping.run(), name="housekeeping")
        services.sockets.start()
        hub.on_change(services.sockets.changed)
        await hub.start()
        services.presence.start()
        if worker is not None:
            hub.on_deliveries(worker.wake)
            worker.start()
        if fetching is not None:
            hub.on_deliveries(fetching.wake)
            fetching.start()
        try:
            yield services
        finally:
            housekeeping.cancel()
            await asyncio.gather(*(each.stop() for each in (worker, fetching) if each is not None))
            await services.receipts.stop()
            await services.media.stop()
            await services.sockets.stop()
            await services.presence.stop()
            await hub.stop()
            await asyncio.gather(housekeeping, return_exceptions=True)
            await engine.dispose()


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database for a command that ends soon: what it changes is told to the serving processes at once."""
    engine = create_engine(settings.database_url)
    hub = Hub(Bus(settings.redis_url, settings.redis_prefix), EventLog(Database(engine)))
    await hub.start()
    try:
        yield Database(engine, hub)
    finally:
        await hub.stop()
        await engine.dispose()


@asynccontextmanager
async def open_telegram(settings: Settings) -> AsyncIterator[Telegram]:
    """The channel, for a command that ends soon."""
    async with httpx.AsyncClient(timeout=SEND_TIMEOUT, follow_redirects=False) as client:
        yield Telegram(client, base_url=settings.telegram_api_url)


def media_links(settings: Settings, clock: Clock = utc_now) -> MediaLinks:
    """The signed addresses of this Lobby's files."""
    return MediaLinks(settings.secret_key.get_secret_value(), settings.public_url, clock)


def _outbox_worker(services: Services) -> OutboxWorker:
    return OutboxWorker(
        services.outbox,
        services.inbound.retry_one,
        services.requests.retry_one,
        may_claim=lambda: not services.sockets.draining,
    )


def _media_worker(services: Services) -> MediaWorker:
    return MediaWorker(services.media_fetcher, may_claim=lambda: not services.sockets.draining)


async def _check_secrets(services: Services) -> None:
    """Raises SettingsError. Where the database is away just now, starting is more useful than checking."""
    try:
        async with services.database.read() as work:
            await services.intake.check_secrets(work)
    except Unavailable:
        log.warning("secrets_not_checked", reason="the database is away")


def _assemble(
    settings: Settings, database: Database, bus: Bus, hub: Hub, client: httpx.AsyncClient, clock: Clock
) -> Services:
    book = load_book()
    vault = Vault(settings.secret_key.get_secret_value())
    channels = ChannelRegistry(
        [
            WhatsApp(client, base_url=settings.whatsapp_api_url, version=settings.whatsapp_api_version),
            Instagram(client, base_url=settings.instagram_api_url, version=settings.instagram_api_version),
            Telegram(client, base_url=settings.telegram_api_url),
            Internal(),
            WebChat(),
        ]
    )
    desk = GuestDesk(book, channels)
    auth = AuthService(database, settings, clock=clock)
    links, storage = media_links(settings, clock), MediaStorage(settings)
    porter = Porter(storage)
    media = MediaService(
        database=database, storage=storage, porter=porter, links=links, channels=channels, vault=vault, clock=clock
    )
    conversations = ConversationService(database=database)
    receipts = ReceiptService(database=database, channels=channels, vault=vault, signals=hub, clock=clock)
    sending = SendingService(
        database=database, channels=channels, conversations=conversations, receipts=receipts, clock=clock
    )
    guest_links = GuestLinks(settings.secret_key.get_secret_value(), settings.public_url, clock)
    guest_sessions = GuestSessionService(database=database, links=guest_links, clock=clock)
    visitors = VisitorService(
        database=database, settings=settings, auth=auth, guest_sessions=guest_sessions, clock=clock
    )
    receiving = ReceivingService(database=database, desk=desk, channels=channels, clock=clock)
    pace = VisitorPace(database=database, clock=clock)
    intake = Intake(channels=channels, vault=vault, settings=settings, clock=clock)
    return Services(
        intake=intake,
        settings=settings,
        database=database,
        bus=bus,
        hub=hub,
        auth=auth,
        links=links,
        media=media,
        documents=DocumentService(database=database, media=media, days=settings.document_days, clock=clock),
        media_fetcher=MediaFetcher(
            database=database,
            channels=channels,
            vault=vault,
            porter=porter,
            clock=clock,
            strict=settings.is_production,
        ),
        housekeeping=_housekeeping(settings, database, storage, clock),
        conversations=conversations,
        handling=HandlingService(database=database, book=book, clock=clock),
        desk=DeskService(database),
        sending=sending,
        receipts=receipts,
        inbound=InboundService(database=database, intake=intake, desk=desk, receipts=receipts, clock=clock),
        outbox=Outbox(
            database=database, channels=channels, vault=vault, clock=clock, uploads=media, guest_links=guest_links
        ),
        channels=ChannelService(database, clock),
        presence=PresenceService(Presence(hub, bus)),
        resend=ResendService(database, clock),
        guest_links=GuestLinkService(sending=sending, clock=clock),
        guest_sessions=guest_sessions,
        sockets=OpenSockets(auth, guest_sessions, visitors, clock),
        visitors=visitors,
        registration=RegistrationService(
            database=database, auth=auth, visitors=visitors, hashing=Hashing(at_once=1), pace=pace
        ),
        migrating=MigratingService(database=database, visitors=visitors, desk=desk, clock=clock),
        webchat_chats=ChatService(database=database, visitors=visitors, clock=clock),
        webchat_pace=pace,
        webchat_reading=ReadingService(database=database, clock=clock),
        requests=RequestService(database=database, desk=desk, channels=channels, clock=clock),
        proving=ProvingService(database=database, guest_sessions=guest_sessions, desk=desk, clock=clock),
        stay_claims=StayClaimService(database=database, receiving=receiving, desk=desk, clock=clock),
        webchat_receiving=receiving,
        templates=TemplateService(
            database=database,
            channels=channels,
            vault=vault,
            conversations=conversations,
            sending=sending,
            clock=clock,
        ),
        api_keys=ApiKeyService(database, required=settings.is_production),
        guest_webhook=GuestWebhookService(database=database, clock=clock),
    )


def _housekeeping(settings: Settings, database: Database, storage: MediaStorage, clock: Clock) -> Housekeeping:
    return Housekeeping(
        database=database,
        media=MediaKeeping(database=database, storage=storage, document_days=settings.document_days, clock=clock),
        delivery_days=settings.delivery_days,
        inbound_days=settings.inbound_days,
        clock=clock,
    )
