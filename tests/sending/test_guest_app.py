"""What staff do in a conversation of the hotel's own channel: it has arrived as soon as it is there."""

from typing import Any

import httpx
import pytest

from app.bootstrap import open_services
from app.core.settings import Environment, Settings
from app.core.types import DeliveryStatus, OutboxState, Platform
from app.models import Channel, Delivery, Media, Message
from tests.contracts.guest_app import GuestApp
from tests.eventually import eventually
from tests.fake_graph import FakeGraph
from tests.ledger import Ledger
from tests.sending.conftest import Desk
from tests.sending.test_files import PDF, upload
from tests.world import HotelWorld, World, signed_in

GUEST = "351912345678"


@pytest.fixture
async def desk(client: httpx.AsyncClient, hotel: HotelWorld, world: World, phones: FakeGraph) -> Desk:
    """With a guest who wrote "Hello" by the guest app."""
    await world.guest(hotel)
    received = await GuestApp(client).say("Hello", GUEST)
    headers = await signed_in(client, "rita")
    return Desk(client, headers, phones, received["conversation_id"], received["message_id"], "")


async def became_sent(ledger: Ledger, count: int) -> list[Any]:
    """The deliveries, once so many have left."""

    async def all_sent() -> list[Any] | None:
        found = await ledger.rows(Delivery, Delivery.state == OutboxState.SENT)
        return found if len(found) == count else None

    return await eventually(all_sent)


async def test_texts_files_places_quotes_and_reactions_become_sent_in_order_and_meta_hears_nothing(
    desk: Desk, ledger: Ledger
) -> None:
    file = await upload(desk, PDF, "Dinner menu.pdf", "application/pdf")
    await desk.send(text="Good evening!", reply_to_message_id=desk.guests_message_id)
    await desk.send(media_id=file, text="Tonight")
    await desk.send(location={"latitude": 38.69, "longitude": -9.21, "name": "Torre de Belém"})
    assert (await desk.react("👍")).status_code == 201

    deliveries = await became_sent(ledger, 4)

    messages = {each.id: each for each in await ledger.rows(Message)}
    left = [messages[each.message_id] for each in deliveries]
    assert [(each.type, each.content) for each in left] == [
        ("text", "Good evening!"),
        ("document", "Tonight"),
        ("location", "Torre de Belém"),
        ("reaction", "👍"),
    ]
    assert {each.delivery_status for each in left} == {DeliveryStatus.SENT}
    assert [each.external_id for each in left] == [f"internal-{each.id}" for each in deliveries]
    assert (await ledger.row(Media)).upload_id is None, "nobody was handed the file"
    assert await desk.graph.requests() == []


async def test_a_text_may_be_much_longer_than_a_phone_takes(desk: Desk, ledger: Ledger) -> None:
    sent = await desk.send(text="x" * 16_384)

    assert "parts" not in sent
    assert (await desk.refused(422, text="x" * 32_769))["code"] == "text_too_long"


async def test_reading_and_typing_are_kept_and_told_to_nobody(desk: Desk, ledger: Ledger) -> None:
    assert (await desk.post("read")).status_code == 204
    assert (await desk.post("typing", {"is_typing": True})).status_code == 204

    assert (await ledger.row(Message)).read_at is not None
    assert await desk.graph.requests() == []


async def test_it_has_no_templates_and_needs_none(desk: Desk, ledger: Ledger) -> None:
    own = await ledger.row(Channel, Channel.platform == Platform.INTERNAL)

    offered = await desk.client.get(f"/api/conversations/{desk.conversation_id}/templates/", headers=desk.headers)
    sent = await desk.post("templates", {"name": "hello_world", "language": "en_US"})
    refreshed = await desk.client.post(f"/api/channels/{own.id}/templates/refresh/", headers=desk.headers)

    assert offered.json()["templates"] == []
    assert (sent.status_code, sent.json()["code"]) == (404, "no_such_template")
    assert (refreshed.status_code, refreshed.json()["code"]) == (409, "no_business_account")
    assert "at any time" in refreshed.json()["error"]
    assert "business_account_id" not in refreshed.json()["error"], "which no file could give"


async def test_the_hotels_channels_list_it(desk: Desk) -> None:
    listed = (await desk.client.get("/api/channels/", headers=desk.headers)).json()

    assert [(each["platform"], each["name"], each["state"]) for each in listed] == [
        ("WhatsApp", "Front desk", "active"),
        ("Internal", "Guest app", "active"),
    ]


@pytest.mark.usefixtures("desk")
async def test_production_starts_though_it_has_no_secret(settings: Settings) -> None:
    production = settings.model_copy(update={"environment": Environment.PRODUCTION, "run_outbox": False})

    async with open_services(production) as services:
        assert services.settings.is_production
