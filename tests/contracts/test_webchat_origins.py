"""Whose pages may call the web chat from elsewhere: those of origins that a channel allows, and never with cookies."""

import httpx
import pytest
from sqlalchemy import update

from app.models import Channel
from tests.contracts.webchat import WEBCHAT, Browser
from tests.ledger import Ledger

HOTELS = "https://sea-view.example"
OTHERS = "https://evil.example"


@pytest.fixture(autouse=True)
async def allowed(site: int, ledger: Ledger) -> None:
    await ledger.change(Channel, Channel.id == site, config={"allowed_origins": [HOTELS]})


def headers_of(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


async def preflight(client: httpx.AsyncClient, origin: str, path: str = "send/") -> httpx.Response:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return await client.options(f"{WEBCHAT}{path}", headers=asked)


async def test_a_page_of_the_hotels_site_may_call_with_a_token(client: httpx.AsyncClient) -> None:
    asked = await preflight(client, HOTELS)

    assert asked.status_code == 204
    assert headers_of(asked) == {
        "access-control-allow-origin": HOTELS,
        "access-control-allow-methods": "GET, POST, PATCH, DELETE",
        "access-control-allow-headers": "Authorization, Content-Type",
        "access-control-max-age": "600",
    }
    begun = await client.post(f"{WEBCHAT}session/", headers={"Origin": HOTELS})
    token = {"Authorization": f"Bearer {begun.json()['guest_token']}", "Origin": HOTELS}
    sent = await client.post(f"{WEBCHAT}send/", json={"text": "Hello"}, headers=token)
    assert sent.status_code == 201
    for answer in (begun, sent):
        assert headers_of(answer) == {
            "access-control-allow-origin": HOTELS,
            "access-control-expose-headers": "Retry-After",
        }
        assert "Origin" in answer.headers["vary"]


async def test_an_error_can_be_read_there_too(client: httpx.AsyncClient) -> None:
    for answer in (
        await client.post(f"{WEBCHAT}send/", headers={"Origin": HOTELS}),
        await client.get(f"{WEBCHAT}messages/?chat_id=%00", headers={"Origin": HOTELS}),
        await client.get(f"{WEBCHAT}nothing/", headers={"Origin": HOTELS}),
    ):
        assert answer.status_code >= 400
        assert answer.headers["access-control-allow-origin"] == HOTELS


@pytest.mark.parametrize("origin", [OTHERS, "null", "http://sea-view.example", "https://sea-view.example.evil.example"])
async def test_a_page_of_somebody_else_may_not(client: httpx.AsyncClient, origin: str) -> None:
    asked = await preflight(client, origin)
    answered = await client.get(f"{WEBCHAT}messages/", headers={"Origin": origin})

    assert asked.status_code == 403
    assert not headers_of(asked)
    assert not headers_of(answered)
    assert "Origin" in answered.headers["vary"], "no cache may answer others with it"


async def test_cookies_are_never_allowed_from_elsewhere(client: httpx.AsyncClient) -> None:
    for answer in (await preflight(client, HOTELS), await client.get(f"{WEBCHAT}chats/", headers={"Origin": HOTELS})):
        assert "access-control-allow-credentials" not in answer.headers
        assert "set-cookie" not in answer.headers


async def test_our_own_page_needs_no_listing(ann: Browser, server: str) -> None:
    answer = await ann.call("POST", "send/", json={"text": "Hello"}, headers={"Origin": server})

    assert answer.status_code == 201
    assert answer.headers["access-control-allow-origin"] == server


async def test_a_channel_that_is_out_of_use_allows_nobody(client: httpx.AsyncClient, site: int, ledger: Ledger) -> None:
    async with ledger.database.transaction() as work:
        await work.connection.execute(update(Channel).where(Channel.id == site).values(is_active=False))

    assert (await preflight(client, HOTELS)).status_code == 403


async def test_no_other_path_answers_pages_from_elsewhere(client: httpx.AsyncClient) -> None:
    for path in ("/api/auth/me/", "/api/chat/conversations/", "/health/live/"):
        assert not headers_of(await client.get(path, headers={"Origin": HOTELS})), path
