"""Instagram's webhook: what Meta is answered, by whose secret, and after what."""

from typing import Any

import httpx
import pytest

from app.core.settings import Environment, Settings
from app.main import create_app
from app.models import InboundUpdate
from app.store.database import Database
from tests.channels.instagram_payloads import document, encode, text
from tests.instagram import SECRET, VERIFY_TOKEN, WEBHOOK, open_account
from tests.ledger import Ledger
from tests.serving import PLAIN, serve
from tests.world import World, signature

RIGHT = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1158201444"}


@pytest.fixture(autouse=True)
async def account(database: Database, settings: Settings, world: World) -> None:
    await open_account(database, settings, await world.hotel())


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


async def post(client: httpx.AsyncClient, payload: object, secret: str | None = SECRET) -> httpx.Response:
    body = encode(payload)
    headers = signature(body, secret) if secret is not None else {"Content-Type": "application/json"}
    return await client.post(WEBHOOK, content=body, headers=headers)


async def test_the_right_token_gets_the_bare_challenge(client: httpx.AsyncClient) -> None:
    answer = await client.get(WEBHOOK, params=RIGHT)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "wrong", [{"hub.verify_token": "verify-sea-view"}, {"hub.verify_token": ""}, {"hub.mode": "x"}]
)
async def test_a_wrong_token_or_mode_is_forbidden_and_so_is_whatsapps(
    client: httpx.AsyncClient, wrong: dict[str, str]
) -> None:
    answer = await client.get(WEBHOOK, params=RIGHT | wrong)
    assert (answer.status_code, answer.json()["code"]) == (403, "bad_verify_token")


async def test_a_signed_message_is_stored_before_it_is_answered(client: httpx.AsyncClient, ledger: Ledger) -> None:
    payload = document(text("Ärger"))
    answer = await post(client, payload)
    assert (answer.status_code, answer.json()) == (200, {"status": "processed"})
    update = await ledger.row(InboundUpdate)
    assert (update.platform, update.signed, bytes(update.body)) == ("Instagram", True, encode(payload))


@pytest.mark.parametrize("secret", ["sea-view-app-secret", ""])
async def test_another_secret_than_the_accounts_own_is_refused(
    client: httpx.AsyncClient, ledger: Ledger, secret: str
) -> None:
    answer = await post(client, document(text("forged")), secret)
    assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature")
    assert await ledger.rows(InboundUpdate) == []


async def test_production_takes_nothing_unsigned(settings: Settings, ledger: Ledger) -> None:
    production: dict[str, Any] = {
        "environment": Environment.PRODUCTION,
        "public_url": "https://lobby.example",
        "run_outbox": False,
    }
    async with (
        serve(create_app(settings.model_copy(update=production))) as url,
        httpx.AsyncClient(base_url=url, verify=PLAIN) as client,
    ):
        refused = await post(client, document(text("x")), None)
        taken = await post(client, document(text("x")))
    assert (refused.status_code, taken.json()) == (403, {"status": "processed"})


@pytest.mark.parametrize(
    ("payload", "status"), [([], "ignored"), ({"object": "instagram"}, "ignored"), ("x", "ignored")]
)
async def test_what_holds_nothing_for_us_is_answered_all_the_same(
    client: httpx.AsyncClient, payload: object, status: str
) -> None:
    answer = await post(client, payload)
    assert (answer.status_code, answer.json()) == (200, {"status": status})
