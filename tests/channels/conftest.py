"""The channel under test, and a fake Meta for it to talk to."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.channels.base import Credentials, Outgoing, TextOut
from app.channels.whatsapp import WhatsApp
from app.dev.fake_graph import FakeGraphConfig, Number, create_fake_graph
from tests.channels.ports import closed_port
from tests.recording import recorded
from tests.serving import serve

HOTEL_NUMBER = "700000000000031"
TOKEN = "EAAG-token-of-the-sea-view"
CREDENTIALS = Credentials(access_token=TOKEN, app_secret="app-secret-of-the-sea-view")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture
def channel(client: httpx.AsyncClient) -> WhatsApp:
    """A channel whose Graph API nobody serves."""
    return WhatsApp(client, base_url=f"http://127.0.0.1:{closed_port()}", version="v23.0")


@pytest.fixture
async def graph() -> AsyncIterator[str]:
    """The URL of a fake Graph API that knows one number and reports no statuses."""
    number = Number(
        phone_number_id=HOTEL_NUMBER,
        display_phone_number="+351210000000",
        access_token=TOKEN,
        app_secret=CREDENTIALS.app_secret,
        hotel_name="Sea View",
    )
    config = FakeGraphConfig(webhook_url=f"http://127.0.0.1:{closed_port()}/", numbers=(number,), statuses=False)
    async with serve(recorded(create_fake_graph(config))) as url:
        yield url


@pytest.fixture
def sender(client: httpx.AsyncClient, graph: str) -> WhatsApp:
    """The channel, with the fake Graph API."""
    return WhatsApp(client, base_url=graph, version="v23.0")


def outgoing(
    text: str = "Breakfast is from seven.", *, to: str = "351912000111", reply_to: str | None = None
) -> Outgoing:
    return Outgoing(delivery_id=4711, to=to, content=TextOut(text=text), reply_to=reply_to)
