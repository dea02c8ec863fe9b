"""What the tests of the services share."""

from collections.abc import AsyncIterator

import pytest

from app.core.principal import Principal
from app.core.settings import Settings
from app.models import Channel
from app.services.auth import AuthService
from app.services.handling.service import HandlingService
from app.services.outbox.service import Outbox
from app.services.templates.service import TemplateService
from app.store.database import Database
from tests.desk import Desk, open_desk, principal
from tests.fake_graph import BUSINESS_ACCOUNT, SEA_VIEW_NUMBER, FakeGraph
from tests.ledger import Ledger
from tests.senders import Sending, open_outbox
from tests.sign_ins import HeldClock
from tests.webchats import Site, open_web_chat
from tests.world import HotelWorld, World


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def world(database: Database, settings: Settings, clock: HeldClock) -> World:
    """Its guests stay by the clock that is held."""
    return World(database, settings, today=clock.now.date())


@pytest.fixture
def auth(database: Database, settings: Settings, clock: HeldClock) -> AuthService:
    return AuthService(database, settings, clock=clock)


@pytest.fixture
async def desk(settings: Settings, clock: HeldClock) -> AsyncIterator[Desk]:
    """Its outbox does not run by itself."""
    async with open_desk(settings, clock) as desk:
        yield desk


@pytest.fixture
async def outbox(settings: Settings, database: Database, clock: HeldClock) -> AsyncIterator[Outbox]:
    """Over the fake Graph; sends what it is told to."""
    async with open_outbox(settings, database, clock) as outbox:
        yield outbox


@pytest.fixture
async def hotel(world: World) -> HotelWorld:
    """With Rita at its desk."""
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    return hotel


@pytest.fixture
def sending(
    desk: Desk, hotel: HotelWorld, ledger: Ledger, outbox: Outbox, fake_graph: FakeGraph, clock: HeldClock
) -> Sending:
    return Sending(desk, hotel, ledger, outbox, fake_graph, clock)


@pytest.fixture
async def business_hotel(hotel: HotelWorld, ledger: Ledger, world: World) -> HotelWorld:
    """The same, its channel with a business account, and with a guest who stays."""
    account = BUSINESS_ACCOUNT[SEA_VIEW_NUMBER]
    await ledger.change(Channel, Channel.id == hotel.channel_id, business_account=account)
    await world.guest(hotel)
    return hotel


@pytest.fixture
async def conversation(business_hotel: HotelWorld, desk: Desk, ledger: Ledger) -> int:
    """That guest has written to it, under the clock that is held."""
    await desk.say("Hello")
    conversation_id: int = (await ledger.conversation()).id
    return conversation_id


@pytest.fixture
def templates(desk: Desk) -> TemplateService:
    return desk.services.templates


@pytest.fixture
def handling(desk: Desk) -> HandlingService:
    return desk.services.handling


@pytest.fixture
def rita(hotel: HotelWorld) -> Principal:
    return principal(hotel)


@pytest.fixture
async def site(desk: Desk, hotel: HotelWorld, database: Database) -> Site:
    """That hotel's web chat."""
    return Site(desk.services, hotel, await open_web_chat(database, hotel))


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)
