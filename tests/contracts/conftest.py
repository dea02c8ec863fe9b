from collections.abc import AsyncIterator

import httpx
import pytest

from app.core.settings import Settings
from app.store.database import Database
from tests.contracts.chat import Chat
from tests.contracts.desk import JOHN, Desk
from tests.contracts.webchat import Browser, OpenBrowser, browsers
from tests.ledger import Ledger
from tests.webchats import open_web_chat
from tests.world import HotelWorld, World, signed_in


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nothing leaves for guests, so that no delivery's progress shows in an answer."""
    return settings.model_copy(update={"run_outbox": False})


@pytest.fixture
async def hotel(world: World) -> HotelWorld:
    """Sea View, and at its reception somebody whose name is Reception Staff."""
    hotel = await world.hotel()
    await world.user(hotel, "reception")
    return hotel


@pytest.fixture
async def desk(client: httpx.AsyncClient, hotel: HotelWorld) -> Desk:
    return Desk(client, await signed_in(client, "reception"))


@pytest.fixture
async def johns(desk: Desk, world: World, hotel: HotelWorld) -> int:
    """The conversation of John Doe in room 101, relayed to Reception."""
    await world.guest(hotel, "John Doe", JOHN)
    await desk.hear(JOHN, "services", "3", "Hello, I need help with...")
    found = await desk.get()
    assert len(found["results"]) == 1
    conversation_id: int = found["results"][0]["id"]
    return conversation_id


@pytest.fixture
def chat(desk: Desk) -> Chat:
    """The same user at contract 2's REST interface."""
    return Chat(desk.client, desk.headers)


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture
async def site(database: Database, hotel: HotelWorld) -> int:
    """Sea View's web chat; its channel's id."""
    return await open_web_chat(database, hotel)


@pytest.fixture
async def open_browser(server: str) -> AsyncIterator[OpenBrowser]:
    async with browsers(server) as opened:
        yield opened


@pytest.fixture
async def ann(site: int, open_browser: OpenBrowser) -> Browser:
    """A visitor who has just arrived."""
    browser = await open_browser()
    await browser.arrive()
    return browser


@pytest.fixture
async def bob(site: int, open_browser: OpenBrowser) -> Browser:
    """Another one."""
    browser = await open_browser()
    await browser.arrive()
    return browser
