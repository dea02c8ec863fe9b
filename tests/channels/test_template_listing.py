"""Templates are listed whole or not at all, and the token goes to the Graph host alone."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app.channels.base import Credentials, SendOutcome, TemplateListing
from app.channels.whatsapp import WhatsApp
from app.channels.whatsapp.templates import MAX_PAGES
from tests.channels.conftest import CREDENTIALS
from tests.serving import serve

ACCOUNT = "900000000000000"
BAD_TOKEN = {"error": {"message": "Error validating access token", "type": "OAuthException", "code": 190}}


async def listed(channel: WhatsApp, account: str = ACCOUNT, token: str = "") -> TemplateListing:
    credentials = Credentials(access_token=token) if token else CREDENTIALS
    return await channel.list_templates(business_account=account, credentials=credentials)


class Meta:
    """Answers page after page; ``asked`` are the requests that came."""

    def __init__(self, *pages: Any, status: int = 200) -> None:
        self.pages, self.status = pages, status
        self.asked: list[Request] = []
        self.app = Starlette(routes=[Route("/{path:path}", self.answer)])

    async def answer(self, request: Request) -> Response:
        page = self.pages[min(len(self.asked), len(self.pages) - 1)]
        self.asked.append(request)
        if isinstance(page, Response):
            return page
        return JSONResponse(page(request) if callable(page) else page, self.status)

    async def listed(self, client: httpx.AsyncClient) -> TemplateListing:
        async with serve(self.app) as url:
            return await listed(WhatsApp(client, base_url=url, version="v23.0"))


def entry(name: str, **more: Any) -> dict[str, Any]:
    body = {"type": "BODY", "text": "Hello", "grown": [1]}
    return {"id": "1", "name": name, "language": "en", "status": "APPROVED", "category": "UTILITY"} | {
        "components": [body],
        **more,
    }


def more_at(after: str, url: str = "https://elsewhere.example/next?access_token=x") -> dict[str, Any]:
    return {"cursors": {"before": "b", "after": after}, "next": url}


async def test_the_templates_of_an_account_are_listed_with_all_their_parts(sender: WhatsApp) -> None:
    listing = await listed(sender)

    assert listing.outcome is SendOutcome.ACCEPTED
    found = {(each.name, each.language): each for each in listing.templates}
    assert found["room_ready", "en"].parameter_format == "NAMED"
    assert found["spring_offer", "en"].category == "MARKETING"
    assert found["pool_closed", "en"].status == "PENDING"
    assert found["arrival_welcome", "en"].components[0]["format"] == "IMAGE"
    assert found["checkout_reminder", "pt_PT"].provider_id == "910000000000002"


async def test_pages_are_followed_by_their_cursor_and_never_by_their_address(client: httpx.AsyncClient) -> None:
    second = {"data": [entry("b")], "paging": more_at("two")}
    meta = Meta({"data": [entry("a")], "paging": more_at("one")}, second, {"data": [entry("c")], "paging": {}})

    listing = await meta.listed(client)

    assert [each.name for each in listing.templates] == ["a", "b", "c"]
    assert [each.query_params.get("after") for each in meta.asked] == [None, "one", "two"]
    assert {each.url.path for each in meta.asked} == {f"/v23.0/{ACCOUNT}/message_templates"}
    assert {each.headers["authorization"] for each in meta.asked} == {f"Bearer {CREDENTIALS.access_token}"}
    assert all("access_token" not in each.query_params for each in meta.asked)


async def test_where_only_an_address_names_the_next_page_its_cursor_is_taken_from_it(
    client: httpx.AsyncClient,
) -> None:
    first = {"data": [entry("a")], "paging": {"next": "https://elsewhere.example/x?limit=1&after=QVF%3D"}}
    meta = Meta(first, {"data": [entry("b")]})

    listing = await meta.listed(client)

    assert [each.name for each in listing.templates] == ["a", "b"]
    assert meta.asked[1].query_params["after"] == "QVF="


async def test_the_last_page_has_cursors_too_and_ends_the_list(client: httpx.AsyncClient) -> None:
    meta = Meta({"data": [entry("a")], "paging": {"cursors": {"after": "MjQZD", "before": "MAZDZD"}}})
    assert len((await meta.listed(client)).templates) == 1
    assert len(meta.asked) == 1


async def test_what_is_not_known_of_a_component_is_kept(client: httpx.AsyncClient) -> None:
    listing = await Meta({"data": [entry("a", quality_score={"score": "GREEN"})]}).listed(client)
    assert listing.templates[0].components == ({"type": "BODY", "text": "Hello", "grown": [1]},)


async def test_an_entry_that_cannot_be_sent_by_name_is_passed_over(client: httpx.AsyncClient) -> None:
    nameless = [entry(""), entry("x", language="much-too-long-for-a-language"), 7, None, entry("b", components="?")]
    listing = await Meta({"data": [*nameless, entry("c")]}).listed(client)
    assert [(each.name, len(each.components)) for each in listing.templates] == [("b", 0), ("c", 1)]


@pytest.mark.parametrize("paging", [more_at("same"), {"next": "https://graph.example/no-cursor"}, {"next": "http://["}])
async def test_pages_that_lead_nowhere_are_no_list(client: httpx.AsyncClient, paging: dict[str, Any]) -> None:
    listing = await Meta({"data": [entry("a")], "paging": paging}).listed(client)
    assert (listing.outcome, listing.templates) == (SendOutcome.RETRY, ())


async def test_a_list_without_an_end_is_none(client: httpx.AsyncClient) -> None:
    meta = Meta(lambda request: {"data": [], "paging": more_at(request.query_params.get("after", "") + "x")})
    assert (await meta.listed(client)).outcome is SendOutcome.REFUSED
    assert len(meta.asked) == MAX_PAGES


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (401, 190, SendOutcome.PAUSE),
        (403, 10, SendOutcome.REFUSED),
        (403, 200, SendOutcome.REFUSED),
        (400, 100, SendOutcome.MALFORMED),
        (429, 4, SendOutcome.THROTTLED),
        (500, 1, SendOutcome.RETRY),
    ],
)
async def test_an_error_says_what_to_do(
    client: httpx.AsyncClient, status: int, code: int, outcome: SendOutcome
) -> None:
    error = {"error": {"message": "No.", "type": "OAuthException", "code": code}}
    listing = await Meta(error, status=status).listed(client)
    assert (listing.outcome, listing.code, listing.detail) == (outcome, code, "No.")


async def test_an_error_on_a_later_page_leaves_no_half_list(client: httpx.AsyncClient) -> None:
    listing = await Meta({"data": [entry("a")], "paging": more_at("one")}, BAD_TOKEN).listed(client)
    assert (listing.outcome, listing.templates) == (SendOutcome.PAUSE, ())


@pytest.mark.parametrize(
    "page", [Response("<html>"), Response("[1, 2", 500), Response(b"\xff\xfe"), {"data": {}}, {}, [], Response("", 502)]
)
async def test_an_answer_that_is_none_is_tried_again_later(client: httpx.AsyncClient, page: Any) -> None:
    assert (await Meta(page).listed(client)).outcome is SendOutcome.RETRY


async def test_a_redirect_is_not_followed(client: httpx.AsyncClient) -> None:
    elsewhere = Meta({"data": [entry("a")]})
    async with serve(elsewhere.app) as url:
        listing = await Meta(RedirectResponse(f"{url}/x")).listed(client)
    assert listing.outcome is SendOutcome.RETRY
    assert elsewhere.asked == []


async def test_silence_ends_in_time() -> None:
    over = asyncio.Event()

    async def keep_silent(_: Request) -> Response:
        await over.wait()
        return Response()

    short = httpx.Timeout(30, read=0.2)
    async with (
        serve(Starlette(routes=[Route("/{path:path}", keep_silent)])) as url,
        httpx.AsyncClient(timeout=short, trust_env=False) as client,
    ):
        listing = await listed(WhatsApp(client, base_url=url, version="v23.0"))
        over.set()
    assert listing.outcome is SendOutcome.RETRY


async def test_where_nobody_listens_it_is_tried_again_later(channel: WhatsApp) -> None:
    assert (await listed(channel)).outcome is SendOutcome.RETRY


@pytest.mark.parametrize("account", ["", "../1", "900 1", "me"])
async def test_an_account_id_that_cannot_be_one_is_refused_without_asking(channel: WhatsApp, account: str) -> None:
    assert (await listed(channel, account)).outcome is SendOutcome.REFUSED


@pytest.mark.parametrize("token", ["två", "a\nb", " "])
async def test_a_token_that_cannot_be_one_is_not_sent(channel: WhatsApp, token: str) -> None:
    assert (await listed(channel, token=token)).outcome is SendOutcome.PAUSE


async def test_a_token_that_meta_does_not_know_pauses_the_channel(sender: WhatsApp) -> None:
    listing = await listed(sender, token="EAAG-stale")
    assert (listing.outcome, listing.code) == (SendOutcome.PAUSE, 190)


async def test_an_account_that_is_not_the_tokens_is_refused(sender: WhatsApp) -> None:
    assert (await listed(sender, "999")).outcome is SendOutcome.MALFORMED
