"""What leaves for Instagram is what Meta takes, and its answer says truly what became of it: over real HTTP, against a
fake Meta that is as strict as the real one."""

from typing import Any

import httpx
import pytest
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.channels.base import (
    Choice,
    Credentials,
    LocationOut,
    MediaOut,
    MenuOut,
    NotSendable,
    Outgoing,
    OutgoingContent,
    ReactionOut,
    SendOutcome,
    SendResult,
    TemplateOut,
    TextOut,
)
from app.channels.instagram import Instagram
from app.core.types import MessageType
from app.dev.fake_graph import FakeGraphConfig, InstagramAccount, create_fake_graph
from tests.channels.instagram_payloads import ACCOUNT, GUEST
from tests.channels.ports import closed_port
from tests.recording import recorded
from tests.serving import serve

CREDENTIALS = Credentials(access_token="IGQV-token", app_secret="app-secret")
LATE = MenuOut(text="Late check-out?", choices=(Choice(id="yes", title="Yes"), Choice(id="no", title="No")), opens="…")


@pytest.fixture
async def graph() -> Any:
    account = InstagramAccount(account_id=ACCOUNT, access_token=CREDENTIALS.access_token, app_secret="x")
    config = FakeGraphConfig(webhook_url="http://127.0.0.1:1/", instagram=(account,), echoes=False)
    async with serve(recorded(create_fake_graph(config))) as url:
        yield url


@pytest.fixture
def instagram(client: httpx.AsyncClient, graph: str) -> Instagram:
    return Instagram(client, base_url=graph, version="v23.0")


async def send(channel: Instagram, content: OutgoingContent, to: str = GUEST, **more: Any) -> SendResult:
    message = Outgoing(delivery_id=7, to=to, content=content, **more)
    return await channel.send(message, account=ACCOUNT, credentials=CREDENTIALS)


async def sent(client: httpx.AsyncClient, graph: str) -> list[dict[str, Any]]:
    accepted: list[dict[str, Any]] = (await client.get(f"{graph}/_fake/sent")).json()
    return accepted


CONTENTS: list[tuple[OutgoingContent, dict[str, Any]]] = [
    (TextOut(text="Olá \U0001f6bf\n\tline two"), {"message": {"text": "Olá \U0001f6bf\n\tline two"}}),
    (
        LATE,
        {
            "message": {
                "text": "Late check-out?",
                "quick_replies": [
                    {"content_type": "text", "title": "Yes", "payload": "yes"},
                    {"content_type": "text", "title": "No", "payload": "no"},
                ],
            }
        },
    ),
    (
        MediaOut(type=MessageType.IMAGE, upload_id="https://lobby.example/api/media/1/original/"),
        {
            "message": {
                "attachment": {"type": "image", "payload": {"url": "https://lobby.example/api/media/1/original/"}}
            }
        },
    ),
    (
        MediaOut(type=MessageType.DOCUMENT, upload_id="https://lobby.example/2", filename="menu.pdf"),
        {"message": {"attachment": {"type": "file", "payload": {"url": "https://lobby.example/2"}}}},
    ),
]


@pytest.mark.parametrize(("content", "expected"), CONTENTS, ids=["text", "menu", "image", "document"])
async def test_a_message_goes_out_as_meta_wants_it(
    instagram: Instagram, client: httpx.AsyncClient, graph: str, content: OutgoingContent, expected: dict[str, Any]
) -> None:
    result = await send(instagram, content)
    [accepted] = await sent(client, graph)
    assert result == SendResult(outcome=SendOutcome.ACCEPTED, external_id=accepted["id"])
    assert accepted["body"] == {"recipient": {"id": GUEST}, "messaging_type": "RESPONSE"} | expected


async def test_what_people_write_late_is_tagged(instagram: Instagram, client: httpx.AsyncClient, graph: str) -> None:
    await send(instagram, TextOut(text="Found it."), by_person_late=True)
    [accepted] = await sent(client, graph)
    assert (accepted["body"]["messaging_type"], accepted["body"]["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")


async def test_a_heart_is_put_and_taken_back(instagram: Instagram, client: httpx.AsyncClient, graph: str) -> None:
    put = await send(instagram, ReactionOut(target="mid.a1", emoji="❤️"))
    taken = await send(instagram, ReactionOut(target="mid.a1", emoji=""))
    assert (put.outcome, put.external_id, taken.outcome) == (SendOutcome.ACCEPTED, "reaction-7", SendOutcome.ACCEPTED)
    to = {"recipient": {"id": GUEST}}
    assert [each["body"] for each in await sent(client, graph)] == [
        {**to, "sender_action": "react", "payload": {"message_id": "mid.a1", "reaction": "love"}},
        {**to, "sender_action": "unreact", "payload": {"message_id": "mid.a1"}},
    ]


@pytest.mark.parametrize(("typing", "actions"), [(False, ["mark_seen"]), (True, ["mark_seen", "typing_on"])])
async def test_a_guest_sees_that_the_hotel_has_read_and_is_writing(
    instagram: Instagram, client: httpx.AsyncClient, graph: str, typing: bool, actions: list[str]
) -> None:
    result = await instagram.mark_read("mid.a1", to=GUEST, typing=typing, account=ACCOUNT, credentials=CREDENTIALS)
    assert result == SendResult(outcome=SendOutcome.ACCEPTED, external_id="mid.a1")
    asked = (await client.get(f"{graph}/_fake/requests")).json()
    assert [each["body"]["sender_action"] for each in asked] == actions


MENUS = [
    MenuOut(text="Which?", choices=tuple(Choice(id=str(n), title=str(n)) for n in range(14)), opens="…"),
    MenuOut(text="Which?", choices=(Choice(id="a", title="x" * 21),), opens="…"),
    MenuOut(text="Which?", choices=(Choice(id="a", title="A"), Choice(id="a", title="B")), opens="…"),
    MenuOut(text="Which?", choices=(Choice(id="a" * 1001, title="A"),), opens="…"),
]


@pytest.mark.parametrize("menu", MENUS, ids=["fourteen", "long title", "same id", "long id"])
async def test_a_menu_that_cannot_be_buttons_goes_out_as_its_words(
    instagram: Instagram, client: httpx.AsyncClient, graph: str, menu: MenuOut
) -> None:
    assert (await send(instagram, menu)).outcome is SendOutcome.ACCEPTED
    [accepted] = await sent(client, graph)
    assert accepted["body"]["message"] == {"text": "Which?"}


UNSENDABLE: list[tuple[OutgoingContent, str]] = [
    (TextOut(text=" \n"), "empty_text"),
    (TextOut(text="é" * 501), "text_too_long"),
    (MediaOut(type=MessageType.STICKER, upload_id="https://x.example"), "bad_media_type"),
    (MediaOut(type=MessageType.IMAGE, upload_id="https://x.example", caption="Our pool"), "no_caption"),
    (MediaOut(type=MessageType.DOCUMENT, upload_id="https://x.example", mime_type="text/plain"), "bad_media_type"),
    (MediaOut(type=MessageType.AUDIO, upload_id="https://x.example", mime_type="audio/ogg"), "bad_media_type"),
    (MediaOut(type=MessageType.VIDEO, upload_id="https://x.example", size=25 * 1024 * 1024 + 1), "file_too_big"),
    (MediaOut(type=MessageType.IMAGE, upload_id="https://x.example", size=8 * 1024 * 1024 + 1), "file_too_big"),
    (LocationOut(latitude=1, longitude=2), "no_location"),
    (ReactionOut(target="mid.a1", emoji="👍"), "bad_emoji"),
    (TemplateOut(name="wifi", language="en"), "no_template"),
]


@pytest.mark.parametrize(("content", "code"), UNSENDABLE, ids=[code for _, code in UNSENDABLE])
async def test_what_meta_would_refuse_is_said_before_and_not_sent(
    instagram: Instagram, client: httpx.AsyncClient, graph: str, content: OutgoingContent, code: str
) -> None:
    with pytest.raises(NotSendable) as refused:
        instagram.check(content)
    assert refused.value.code == code
    assert (await send(instagram, content)).outcome is SendOutcome.REFUSED
    assert (await client.get(f"{graph}/_fake/requests")).json() == []


async def test_no_other_address_is_written_to(instagram: Instagram) -> None:
    for to in ("+351912000111", "../me", "", "8" * 65):
        assert (await send(instagram, TextOut(text="x"), to=to)).outcome is SendOutcome.REFUSED


@pytest.mark.parametrize("text", ["a" * 1_000, "é" * 2_400 + "x", "👩‍👩‍👧‍👦" * 200, "word " * 900, "日本語。" * 700])
async def test_a_long_text_is_cut_by_its_bytes_and_through_no_character(
    instagram: Instagram, client: httpx.AsyncClient, graph: str, text: str
) -> None:
    parts = instagram.split(text)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")
    assert all(0 < len(part.encode()) <= 1_000 for part in parts)
    assert not any(part.startswith(("\u200d", "\u0301")) or part.endswith("\u200d") for part in parts)
    for part in parts:
        assert (await send(instagram, TextOut(text=part))).outcome is SendOutcome.ACCEPTED


def test_a_text_of_more_than_sixteen_messages_is_refused(client: httpx.AsyncClient) -> None:
    with pytest.raises(NotSendable) as refused:
        Instagram(client, base_url="http://127.0.0.1:1", version="v23.0").split("x" * 16_001)
    assert refused.value.code == "text_too_long"


ANSWERS: list[tuple[int, Any, SendOutcome]] = [
    (200, {"recipient_id": GUEST}, SendOutcome.AMBIGUOUS),
    (200, "<html>", SendOutcome.AMBIGUOUS),
    (
        400,
        {"error": {"code": 10, "error_subcode": 2534022, "message": "outside of allowed window"}},
        SendOutcome.WINDOW,
    ),
    (400, {"error": {"code": 10, "message": "permission"}}, SendOutcome.PAUSE),
    (401, {"error": {"code": 190, "message": "expired"}}, SendOutcome.PAUSE),
    (400, {"error": {"code": 100, "error_subcode": 2534014}}, SendOutcome.REFUSED),
    (400, {"error": {"code": 551, "message": "unavailable"}}, SendOutcome.REFUSED),
    (400, {"error": {"code": 100, "message": "bad"}}, SendOutcome.MALFORMED),
    (400, {"error": {"code": 613}}, SendOutcome.THROTTLED),
    (400, {"error": {"code": 1200}}, SendOutcome.RETRY),
    (500, {"error": {"code": 2}}, SendOutcome.RETRY),
    (500, {"error": {"code": 98765}}, SendOutcome.RETRY),
    (400, {"error": {"code": 98765}}, SendOutcome.REFUSED),
    (429, "slow down", SendOutcome.THROTTLED),
    (502, "<html>", SendOutcome.RETRY),
]


@pytest.mark.parametrize(("status", "answer", "outcome"), ANSWERS)
async def test_each_answer_has_its_meaning(
    client: httpx.AsyncClient, status: int, answer: Any, outcome: SendOutcome
) -> None:
    async def respond(_: Request) -> Response:
        return JSONResponse(answer, status) if isinstance(answer, dict) else Response(answer, status)

    async with serve(Starlette(routes=[Route("/{path:path}", respond, methods=["POST"])])) as url:
        result = await send(Instagram(client, base_url=url, version="v23.0"), TextOut(text="x"))
    assert result.outcome is outcome
    assert result.detail


async def test_a_right_that_is_missing_for_late_answers_stops_no_others(client: httpx.AsyncClient) -> None:
    async def respond(_: Request) -> Response:
        return JSONResponse({"error": {"code": 10, "message": "not approved for HUMAN_AGENT"}}, 403)

    async with serve(Starlette(routes=[Route("/{path:path}", respond, methods=["POST"])])) as url:
        result = await send(Instagram(client, base_url=url, version="v23.0"), TextOut(text="x"), by_person_late=True)
    assert result.outcome is SendOutcome.WINDOW


async def test_where_nobody_answers_nothing_was_sent(client: httpx.AsyncClient) -> None:
    channel = Instagram(client, base_url=f"http://127.0.0.1:{closed_port()}", version="v23.0")
    assert (await send(channel, TextOut(text="x"))).outcome is SendOutcome.RETRY


async def test_no_error_shows_the_token(instagram: Instagram) -> None:
    with structlog.testing.capture_logs() as logs:
        wrong = Credentials(access_token="IGQV-wrong")
        message = Outgoing(delivery_id=7, to=GUEST, content=TextOut(text="x"))
        result = await instagram.send(message, account=ACCOUNT, credentials=wrong)
    assert result.outcome is SendOutcome.PAUSE
    assert "IGQV" not in repr((result, logs))
