"""The guest webhook with hotels' API keys: needed in production, and right wherever one is given."""

import logging
from collections.abc import AsyncIterator

import httpx
import pytest

from app.core.settings import Environment, Settings
from app.main import create_app
from app.models import ApiKey, Conversation
from app.services.api_keys import create_key, revoke_key
from app.store.database import Database
from tests.contracts.desk import assert_error
from tests.contracts.guest_app import GUEST_WEBHOOK, JOHN, PRINTED, GuestApp
from tests.ledger import Ledger
from tests.pinned import assert_json_pinned
from tests.serving import PLAIN, serve
from tests.world import HotelWorld, World

DIGITS = JOHN.removeprefix("+")


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture
async def production(settings: Settings, hotel: HotelWorld, world: World) -> AsyncIterator[GuestApp]:
    """A served Lobby in production; John Doe stays at Sea View."""
    await world.guest(hotel, "John Doe", DIGITS)
    app = create_app(settings.model_copy(update={"environment": Environment.PRODUCTION}))
    async with serve(app) as url, httpx.AsyncClient(base_url=url, verify=PLAIN) as client:
        yield GuestApp(client)


@pytest.fixture
async def key(database: Database, hotel: HotelWorld) -> str:
    return await create_key(database, hotel.slug, "property system")


async def test_in_production_a_key_of_the_hotels_is_needed(
    production: GuestApp, key: str, ledger: Ledger, database: Database, hotel: HotelWorld
) -> None:
    answer = await production.post(json=PRINTED)
    assert_error(answer, 401, "unauthenticated")
    assert_json_pinned("guest_webhook/no_key.json", answer.json())
    assert "www-authenticate" not in answer.headers, "a key is no Bearer token"
    for wrong in ("", "x", key[:-1], key.upper(), f"Bearer {key}", "lobby_\udcff"):
        answer = await production.post(json=PRINTED, headers={"X-Api-Key": wrong.encode(errors="surrogateescape")})
        assert_error(answer, 401, "unauthenticated")
        assert "www-authenticate" not in answer.headers
    assert await ledger.rows(Conversation) == []

    assert (await production.post(json=PRINTED, key=key)).status_code == 201
    assert (await production.post(data=PRINTED, key=key)).status_code == 201

    await revoke_key(database, hotel.slug, "property system")
    assert_error(await production.post(json=PRINTED, key=key), 401, "unauthenticated")


async def test_who_shows_no_key_is_told_nothing_of_their_body(production: GuestApp) -> None:
    for body in ({}, {"whatsapp_number": "x"}, {**PRINTED, "whatsapp_number": "+49151000000"}):
        assert_error(await production.post(json=body), 401, "unauthenticated")
    assert_error(await production.post(content=b"{"), 401, "unauthenticated")


async def test_with_a_key_only_guests_of_its_hotel_are_meant(
    production: GuestApp, key: str, world: World, database: Database, ledger: Ledger, hotel: HotelWorld
) -> None:
    other = await world.hotel("alpine-lodge", "700000000000002")
    await world.guest(other, "Anna Keller", "41790000011")
    theirs = await create_key(database, "alpine-lodge", "property system")

    assert_error(
        await production.post(json={**PRINTED, "whatsapp_number": "+41790000011"}, key=key), 403, "no_active_stay"
    )
    assert_error(await production.post(json=PRINTED, key=theirs), 403, "no_active_stay")
    await world.guest(other, "John Doe", DIGITS)
    assert (await production.post(json=PRINTED, key=key)).status_code == 201
    assert (await ledger.conversation()).hotel_id == hotel.id


async def test_outside_production_a_key_that_is_given_counts_too(
    client: httpx.AsyncClient, key: str, world: World, hotel: HotelWorld
) -> None:
    guests = GuestApp(client)
    await world.guest(hotel, "John Doe", DIGITS)
    other = await world.hotel("alpine-lodge", "700000000000002")
    await world.guest(other, "Anna Keller", "41790000011")

    assert (await guests.post(json=PRINTED)).status_code == 201
    assert (await guests.post(json=PRINTED, key=key)).status_code == 201
    assert_error(await guests.post(json=PRINTED, key="lobby_wrong"), 401, "unauthenticated")
    assert_error(await guests.post(json={**PRINTED, "whatsapp_number": "+41790000011"}, key=key), 403, "no_active_stay")


async def test_a_key_is_neither_kept_nor_logged(
    production: GuestApp, key: str, ledger: Ledger, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        await production.post(json=PRINTED, key=key)
        await production.post(json={}, key=key)

    kept = await ledger.row(ApiKey)
    assert key.encode() not in kept.key_hash
    assert key.startswith("lobby_")
    assert len(key) == len("lobby_") + 43
    said = capsys.readouterr()
    assert key not in caplog.text + said.out + said.err


async def test_the_apis_description_tells_of_the_key(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/openapi.json")).json()

    scheme = schema["components"]["securitySchemes"]["API key"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "X-Api-Key")
    operation = schema["paths"]["/api/chat/guest-webhook/"]["post"]
    assert operation["security"] == [{"API key": []}]
    assert operation["requestBody"]["content"].keys() == {
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    }


async def test_of_two_keys_nobody_knows_which_is_meant(production: GuestApp, key: str) -> None:
    for both in ((key, "wrong"), ("wrong", key)):
        headers = [("X-Api-Key", each) for each in both]
        assert_error(await production.client.post(GUEST_WEBHOOK, json=PRINTED, headers=headers), 401, "unauthenticated")
