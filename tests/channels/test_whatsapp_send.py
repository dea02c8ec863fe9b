"""A send says truly what became of it: over real HTTP, against a fake Meta that is as strict as the real one."""

import logging
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from app.channels.base import Credentials, SendOutcome, SendResult
from app.channels.whatsapp import WhatsApp
from app.channels.whatsapp.errors import explain
from tests.channels.conftest import CREDENTIALS, HOTEL_NUMBER, TOKEN, outgoing
from tests.channels.whatsapp_payloads import GUEST, GUEST_USER_ID
from tests.serving import serve

SHORT = httpx.Timeout(30, read=0.3)


async def send(channel: WhatsApp, **fields: Any) -> SendResult:
    return await channel.send(outgoing(**fields), account=HOTEL_NUMBER, credentials=CREDENTIALS)


async def sent(client: httpx.AsyncClient, graph: str) -> list[dict[str, Any]]:
    """What the fake has accepted, in order."""
    accepted: list[dict[str, Any]] = (await client.get(f"{graph}/_fake/sent")).json()
    return accepted


async def fail(client: httpx.AsyncClient, graph: str, **fault: Any) -> None:
    (await client.post(f"{graph}/_fake/faults", json=fault)).raise_for_status()


async def until_on_the_phone(client: httpx.AsyncClient, graph: str) -> None:
    """Wait until the guest's phone shows something."""
    answer = await client.get(f"{graph}/_fake/phone/{GUEST}/events", params={"wait": 25})
    assert answer.json()["events"]


async def test_a_text_goes_out_as_meta_wants_it(sender: WhatsApp, client: httpx.AsyncClient, graph: str) -> None:
    result = await send(sender)
    [accepted] = await sent(client, graph)
    assert result == SendResult(outcome=SendOutcome.ACCEPTED, external_id=accepted["id"])
    assert accepted["body"] == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": f"+{GUEST}",
        "type": "text",
        "text": {"preview_url": False, "body": "Breakfast is from seven."},
        "biz_opaque_callback_data": "4711",
    }


async def test_an_answer_names_what_it_answers(sender: WhatsApp, client: httpx.AsyncClient, graph: str) -> None:
    await send(sender, reply_to="wamid.A1")
    [accepted] = await sent(client, graph)
    assert accepted["body"]["context"] == {"message_id": "wamid.A1"}


async def test_a_guest_without_a_number_is_reached_by_user_id(
    sender: WhatsApp, client: httpx.AsyncClient, graph: str
) -> None:
    assert (await send(sender, to=GUEST_USER_ID)).outcome is SendOutcome.ACCEPTED
    [accepted] = await sent(client, graph)
    assert accepted["body"]["recipient"] == GUEST_USER_ID
    assert "to" not in accepted["body"]


@pytest.mark.parametrize(
    "text", ["Olá \U0001f6bf\n\tline two", "x" * 4096, 'a "quoted" \\ / line', "nul\x00 and \ud800 half"]
)
async def test_any_text_arrives_as_it_was_written(
    sender: WhatsApp, client: httpx.AsyncClient, graph: str, text: str
) -> None:
    assert (await send(sender, text=text)).outcome is SendOutcome.ACCEPTED
    [accepted] = await sent(client, graph)
    assert accepted["body"]["text"]["body"] == text.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")


@pytest.mark.parametrize("text", ["", " \n", "x" * 4097])
async def test_a_text_that_whatsapp_would_not_take_is_refused_without_asking(channel: WhatsApp, text: str) -> None:
    result = await send(channel, text=text)
    assert result.outcome is SendOutcome.REFUSED
    assert result.detail is not None


@pytest.mark.parametrize("address", ["", "front desk", "../../x", "351-912", "pt.123"])
async def test_an_address_that_is_none_is_refused_without_asking(channel: WhatsApp, address: str) -> None:
    assert (await send(channel, to=address)).outcome is SendOutcome.REFUSED


@pytest.mark.parametrize("token", ["", "  ", "två", "a\nb", "\ud800"])
async def test_a_token_that_cannot_be_one_pauses_the_channel_without_asking(channel: WhatsApp, token: str) -> None:
    result = await channel.send(outgoing(), account=HOTEL_NUMBER, credentials=Credentials(access_token=token))
    assert result.outcome is SendOutcome.PAUSE


@pytest.mark.parametrize("account", ["", "../1", "your_phone_number_id", "7\n"])
async def test_a_number_id_that_cannot_be_one_pauses_the_channel_without_asking(
    channel: WhatsApp, account: str
) -> None:
    assert (await channel.send(outgoing(), account=account, credentials=CREDENTIALS)).outcome is SendOutcome.PAUSE


async def test_a_token_that_meta_does_not_know_pauses_the_channel(sender: WhatsApp) -> None:
    result = await sender.send(outgoing(), account=HOTEL_NUMBER, credentials=Credentials(access_token="EAAG-stale"))
    assert (result.outcome, result.code) == (SendOutcome.PAUSE, 190)


async def test_a_number_that_is_not_the_tokens_is_refused(sender: WhatsApp) -> None:
    result = await sender.send(outgoing(), account="799999999999999", credentials=CREDENTIALS)
    assert (result.outcome, result.code) == (SendOutcome.MALFORMED, 100)


async def test_where_nobody_listens_nothing_was_sent(channel: WhatsApp) -> None:
    assert (await send(channel)).outcome is SendOutcome.RETRY


@pytest.mark.parametrize("status", [500, 502, 503, 504, 404, 302])
async def test_an_answer_that_is_not_metas_is_tried_again(
    sender: WhatsApp, client: httpx.AsyncClient, graph: str, status: int
) -> None:
    await fail(client, graph, status=status)
    assert (await send(sender)).outcome is SendOutcome.RETRY
    assert await sent(client, graph) == []
    assert (await send(sender)).outcome is SendOutcome.ACCEPTED


async def test_too_many_requests_without_a_code_wait_for_the_whole_number(
    sender: WhatsApp, client: httpx.AsyncClient, graph: str
) -> None:
    await fail(client, graph, status=429, retry_after=7)
    result = await send(sender)
    assert (result.outcome, result.retry_after) == (SendOutcome.THROTTLED, 7.0)


async def test_a_connection_lost_after_sending_is_ambiguous_for_the_message_was_taken(
    sender: WhatsApp, client: httpx.AsyncClient, graph: str
) -> None:
    await fail(client, graph, drop=True)
    assert (await send(sender)).outcome is SendOutcome.AMBIGUOUS
    assert len(await sent(client, graph)) == 1


async def test_a_connection_lost_is_ambiguous_also_where_the_message_was_not_taken(
    sender: WhatsApp, client: httpx.AsyncClient, graph: str
) -> None:
    await fail(client, graph, down=True)
    assert (await send(sender)).outcome is SendOutcome.AMBIGUOUS
    assert await sent(client, graph) == []


async def test_an_answer_that_comes_too_late_is_ambiguous_for_the_message_was_taken(
    client: httpx.AsyncClient, graph: str
) -> None:
    await fail(client, graph, delay=20)
    async with httpx.AsyncClient(timeout=SHORT, trust_env=False) as impatient:
        result = await send(WhatsApp(impatient, base_url=graph, version="v23.0"))
    assert result.outcome is SendOutcome.AMBIGUOUS
    await until_on_the_phone(client, graph)
    assert len(await sent(client, graph)) == 1


def answering(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> ASGIApp:
    """A server that answers everything so."""

    async def answer(request: Request) -> Response:
        return Response(body, status_code=status, headers=headers)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ok",
        b"[]",
        b"{}",
        b'{"messages": []}',
        b'{"messages": {}}',
        b'{"messages": [null]}',
        b'{"messages": [{}]}',
    ],
)
async def test_a_success_that_names_no_message_is_ambiguous(client: httpx.AsyncClient, body: bytes) -> None:
    async with serve(answering(body)) as url:
        assert (await send(WhatsApp(client, base_url=url, version="v23.0"))).outcome is SendOutcome.AMBIGUOUS


async def test_an_error_says_what_meta_said(client: httpx.AsyncClient) -> None:
    body = b'{"error": {"message": "(#131026) x", "code": 131026, "error_data": {"details": "No such user."}}}'
    async with serve(answering(body, 400)) as url:
        result = await send(WhatsApp(client, base_url=f"{url}/", version="v23.0"))
    assert result == SendResult(
        outcome=SendOutcome.REFUSED, code=131026, detail=explain(131026, "No such user.", http_status=400)
    )


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("0", 0.0), ("120", 120.0), ("999999999", 86_400.0), ("-1", None), ("soon", None), ("1e9", None), ("", None)],
)
async def test_how_long_to_wait_is_taken_from_the_answer(
    client: httpx.AsyncClient, header: str, seconds: float | None
) -> None:
    async with serve(answering(b'{"error": {"code": 131056}}', 429, {"Retry-After": header})) as url:
        result = await send(WhatsApp(client, base_url=url, version="v23.0"))
    assert (result.outcome, result.retry_after) == (SendOutcome.PAIR_RATE, seconds)


async def test_the_token_follows_no_redirect() -> None:
    asked: list[str | None] = []

    async def elsewhere(request: Request) -> Response:
        asked.append(request.headers.get("authorization"))
        return Response(b"{}")

    async with serve(Starlette(routes=[Route("/{path:path}", elsewhere, methods=["GET", "POST"])])) as other:

        async def away(request: Request) -> Response:
            return RedirectResponse(f"{other}/messages")

        meta = Starlette(routes=[Route("/{path:path}", away, methods=["POST"])])
        async with serve(meta) as url, httpx.AsyncClient(follow_redirects=True, trust_env=False) as follower:
            result = await send(WhatsApp(follower, base_url=url, version="v23.0"))
    assert result.outcome is SendOutcome.RETRY
    assert asked == []


async def test_the_token_is_in_no_log_and_no_picture(
    sender: WhatsApp, client: httpx.AsyncClient, graph: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await send(sender)
    await fail(client, graph, drop=True)
    await send(sender)
    assert "messages" in caplog.text
    assert TOKEN not in caplog.text
    assert TOKEN not in f"{CREDENTIALS!r} {CREDENTIALS} {CREDENTIALS.__rich_repr__()} {vars(sender)}"
