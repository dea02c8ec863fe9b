"""Guests with a personal link at contract 5's REST interface: their stay is known, as long as it lasts."""

import httpx
import pytest

from app.core.settings import Settings
from app.core.types import StayStatus
from app.models import Conversation, Stay
from tests.contracts.webchat import Browser, OpenBrowser, refused
from tests.fake_graph import ALPINE_NUMBER, FakeGraph
from tests.guests import conversation_of, session_of, staying
from tests.ledger import Ledger
from tests.webchats import open_web_chat
from tests.world import HotelWorld, World, signed_in


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Links leave for guests' phones."""
    return settings.model_copy(update={"run_outbox": True})


@pytest.fixture
async def john(
    site: int,
    hotel: HotelWorld,
    world: World,
    client: httpx.AsyncClient,
    fake_graph: FakeGraph,
    open_browser: OpenBrowser,
) -> Browser:
    """A guest in room 101 who has opened his personal link."""
    await staying(world, hotel)
    rita = await signed_in(client, "reception")
    session = await session_of(client, fake_graph, rita, await conversation_of(client, rita))
    return await open_browser(token=session["guest_token"])


async def test_a_guest_by_their_personal_link_writes_as_who_they_are(john: Browser, site: int, ledger: Ledger) -> None:
    sent = await john.send("Is breakfast included?")

    assert sent["sender_name"] == "John Doe"
    assert sent["chat_id"].startswith("webchat_guest_")
    assert "Is breakfast included?" in await john.texts()
    (conversation,) = await ledger.rows(Conversation, Conversation.channel_id == site)
    assert conversation.stay_id is not None


async def test_the_link_opens_only_chats_of_the_hotel_of_the_stay(john: Browser, world: World, ledger: Ledger) -> None:
    lodge = await world.hotel("alpine-lodge", ALPINE_NUMBER)
    elsewhere = await open_web_chat(ledger.database, lodge)

    body = {"text": "Hello", "channel_id": elsewhere}
    refused(await john.call("POST", "send/", json=body), 404, "no_such_channel")
    for path in ("messages/", "chats/"):
        refused(await john.call("GET", path, params={"channel_id": elsewhere}), 404, "no_such_channel")


async def test_after_the_check_out_the_token_opens_nothing(john: Browser, ledger: Ledger) -> None:
    await john.send("Hello")
    await ledger.change(Stay, status=StayStatus.COMPLETED)

    refused(await john.call("GET", "messages/"), 401, "unauthenticated")
    refused(await john.call("POST", "send/", json={"text": "Still here"}), 401, "unauthenticated")
