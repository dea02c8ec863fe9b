"""Contract 5, who is calling: cookies and CSRF, bearer tokens, and which of them counts."""

import httpx
import pytest

from app.core.clock import utc_now
from app.core.settings import Environment, Settings
from app.main import create_app
from app.models import VisitorSession
from tests.contracts.webchat import WEBCHAT, Browser, OpenBrowser, refused
from tests.ledger import Ledger
from tests.serving import PLAIN, serve
from tests.world import HotelWorld, token_of


async def test_a_first_get_gives_a_visitor_both_cookies_and_an_empty_default_chat(
    site: int, open_browser: OpenBrowser
) -> None:
    answer = await (await open_browser()).call("GET", "messages/")

    assert answer.status_code == 200
    body = answer.json()
    assert body == {
        "success": True,
        "chat_id": body["chat_id"],
        "messages": [],
        "has_more": False,
        "next_cursor": None,
    }
    key = body["chat_id"].removeprefix("webchat_guest_")
    given = {each.partition("=")[0]: each for each in answer.headers.get_list("set-cookie")}
    assert given.keys() == {"lobby_session", "csrftoken"}
    assert given["lobby_session"].startswith(f"lobby_session={key}.")
    assert "HttpOnly" in given["lobby_session"]
    assert "HttpOnly" not in given["csrftoken"]
    assert all("SameSite=lax" in each for each in given.values())


async def test_the_cookies_are_given_once(ann: Browser) -> None:
    account = await ann.arrive()
    again = await ann.call("GET", "messages/")

    assert again.json()["chat_id"] == account
    assert "set-cookie" not in again.headers


async def test_a_first_post_without_cookies_is_refused_and_gives_both(site: int, open_browser: OpenBrowser) -> None:
    """The page sends it again, with what it was given."""
    browser = await open_browser()

    refused(await browser.call("POST", "send/", json={"text": "Hello"}), 403, "csrf_failed")

    assert {"lobby_session", "csrftoken"} <= set(browser.client.cookies)
    assert (await browser.send("Hello"))["text"] == "Hello"


@pytest.mark.parametrize("method_and_path", [("POST", "send/"), ("PATCH", "chat/x/"), ("DELETE", "chat/x/delete/")])
async def test_by_cookie_nothing_is_changed_without_the_csrf_token(
    ann: Browser, bob: Browser, ledger: Ledger, method_and_path: tuple[str, str]
) -> None:
    method, path = method_and_path
    body = {} if method == "DELETE" else {"json": {"text": "Hello"}}
    for wrong in ("", "x", bob.client.cookies["csrftoken"]):
        refused(await ann.call(method, path, headers={"X-CSRFToken": wrong}, **body), 403, "csrf_failed")
    assert not await ledger.rows(VisitorSession)


async def test_a_page_that_has_lost_its_csrf_token_is_given_it_again(ann: Browser) -> None:
    account = await ann.arrive()
    token = ann.client.cookies["csrftoken"]
    ann.client.cookies.delete("csrftoken")

    assert await ann.arrive() == account
    assert ann.client.cookies["csrftoken"] == token


async def test_a_page_of_somebody_else_is_given_no_cookies(site: int, open_browser: OpenBrowser) -> None:
    """It sends none of ours, and new ones would replace the visitor's own."""
    browser = await open_browser()
    for method in ("GET", "POST"):
        path = "messages/" if method == "GET" else "send/"
        answer = await browser.call(method, path, headers={"Origin": "https://evil.example"})
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("forged", ["", "x", "0" * 32, "0" * 32 + "." + "0" * 64])
async def test_a_cookie_that_is_none_of_ours_counts_as_none(site: int, open_browser: OpenBrowser, forged: str) -> None:
    browser = await open_browser()
    browser.client.cookies.set("lobby_session", forged, domain="127.0.0.1")

    account = await browser.arrive()

    assert account != f"webchat_guest_{'0' * 32}"


async def test_somebody_elses_key_is_not_enough(ann: Browser, open_browser: OpenBrowser) -> None:
    """It stands in the account's id, which is no secret."""
    await ann.send("Mine")
    key = (await ann.arrive()).removeprefix("webchat_guest_")
    cookie = ann.client.cookies["lobby_session"]
    for forged in (key, f"{key}.", f"{key}.{'0' * 64}", cookie[:-1] + ("0" if cookie[-1] != "0" else "1")):
        thief = await open_browser(token=forged)
        refused(await thief.call("GET", "messages/"), 401, "unauthenticated")


async def test_in_production_the_cookies_go_over_https_only(settings: Settings, site: int) -> None:
    production = create_app(settings.model_copy(update={"environment": Environment.PRODUCTION}))
    async with serve(production) as url, httpx.AsyncClient(base_url=url, verify=PLAIN) as client:
        given = (await client.get(f"{WEBCHAT}messages/")).headers.get_list("set-cookie")

    assert len(given) == 2
    assert all("Secure" in each for each in given)


async def test_a_visitors_token_needs_no_csrf_token_and_gives_no_cookies(site: int, open_browser: OpenBrowser) -> None:
    begun = await (await open_browser()).call("POST", "session/", json={"channel_id": site})

    assert begun.status_code == 201
    body = begun.json()
    assert "set-cookie" not in begun.headers
    assert begun.headers["cache-control"] == "no-store"
    assert body.keys() == {"success", "guest_token", "account_id", "chat_id", "channel_id"}
    assert (body["success"], body["channel_id"], body["chat_id"]) == (True, site, body["account_id"])
    widget = await open_browser(token=body["guest_token"])
    sent = await widget.call("POST", "send/", json={"text": "From a widget"})
    assert (sent.status_code, sent.json()["message"]["chat_id"]) == (201, body["account_id"])
    assert "set-cookie" not in sent.headers
    assert "From a widget" in await widget.texts()


async def test_a_session_is_begun_without_a_body_and_never_on_a_channel_that_is_none(
    hotel: HotelWorld, site: int, client: httpx.AsyncClient
) -> None:
    assert (await client.post(f"{WEBCHAT}session/")).json()["channel_id"] == site
    for wrong in (site + 1, hotel.channel_id):
        answer = await client.post(f"{WEBCHAT}session/", json={"channel_id": wrong})
        refused(answer, 404, "no_such_channel")
    refused(await client.post(f"{WEBCHAT}session/", json={"channel_id": "x"}), 400, "bad_fields")


async def test_a_user_who_has_signed_in_writes_in_their_own_name_by_token_and_by_cookie(
    site: int, hotel: HotelWorld, client: httpx.AsyncClient, open_browser: OpenBrowser
) -> None:
    account = f"webchat_user_{hotel.staff['reception']}"
    by_token = await open_browser(token=await token_of(client, "reception"))
    assert (await by_token.send("By token"))["chat_id"] == account

    by_cookie = await open_browser()
    await token_of(by_cookie.client, "reception")
    assert (await by_cookie.send("By cookie"))["chat_id"] == account
    answer = await by_cookie.call("POST", "send/", json={"text": "x"}, headers={"X-CSRFToken": ""})
    refused(answer, 403, "csrf_failed")
    assert {"By token", "By cookie"} <= set(await by_token.texts())


async def test_a_bad_token_is_refused_whatever_the_cookies_say(ann: Browser) -> None:
    for bad in ("x", "a.b.c", "a.b", "0" * 32 + "." + "0" * 64):
        answer = await ann.call("GET", "messages/", headers={"Authorization": f"Bearer {bad}"})
        refused(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
    refused(await ann.call("GET", "chats/", headers={"Authorization": "Basic x"}), 401, "unauthenticated")


async def test_a_users_session_that_is_over_leaves_the_visitor(site: int, ann: Browser, hotel: HotelWorld) -> None:
    account = await ann.arrive()
    ann.client.cookies.set("lobby_auth", "long-gone", domain="127.0.0.1")

    assert await ann.arrive() == account


async def test_a_visitors_session_that_has_ended_is_nobodys_by_cookie_and_refused_as_token(
    ann: Browser, open_browser: OpenBrowser, ledger: Ledger, settings: Settings
) -> None:
    """As when its visitor has signed in: what was theirs is the user's."""
    await ann.send("Hello")
    account, token = await ann.arrive(), ann.client.cookies["lobby_session"]
    await ledger.change(VisitorSession, ended_at=utc_now())

    refused(await (await open_browser(token=token)).call("GET", "messages/"), 401, "unauthenticated")
    refused(await ann.call("POST", "send/", json={"text": "Still me?"}), 403, "csrf_failed")
    assert ann.client.cookies["lobby_session"] != token
    assert await ann.arrive() != account
    assert await ann.texts() == []


async def test_without_a_channel_the_first_one_in_use_serves_and_one_that_is_none_is_not_found(
    site: int, ann: Browser, hotel: HotelWorld
) -> None:
    for path in ("messages/", "chats/"):
        refused(await ann.call("GET", path, params={"channel_id": hotel.channel_id}), 404, "no_such_channel")
        refused(await ann.call("GET", path, params={"channel_id": "first"}), 400, "bad_fields")
    answer = await ann.call("POST", "send/", json={"text": "Hello", "channel_id": site + 999})
    refused(answer, 404, "no_such_channel")
    assert (await ann.send("Hello", channel_id=str(site)))["text"] == "Hello"


async def test_where_no_web_chat_is_in_use_there_is_none(hotel: HotelWorld, open_browser: OpenBrowser) -> None:
    browser = await open_browser()

    refused(await browser.call("GET", "messages/"), 404, "no_such_channel")
    assert {"lobby_session", "csrftoken"} <= set(browser.client.cookies)
