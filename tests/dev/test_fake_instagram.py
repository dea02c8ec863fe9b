"""The fake Instagram is as strict as Meta where our sender could go wrong, and sends what Meta sends."""

from typing import Any

import httpx
import pytest

from tests.channels.instagram_payloads import ACCOUNT, GUEST
from tests.fake_graph import ACCESS_TOKEN, SEA_VIEW_NUMBER, FakeGraph
from tests.instagram import TOKEN, Instagram

HELLO: dict[str, Any] = {"recipient": {"id": GUEST}, "message": {"text": "Hello"}}
URL = "https://lobby.example/1"


@pytest.fixture(autouse=True)
async def instagram(fake_graph: FakeGraph) -> Instagram:
    instagram = Instagram(fake_graph)
    await instagram.serve(echoes=False, window="refuse")
    await instagram.wrote_before(0)
    return instagram


async def post(graph: FakeGraph, body: object, token: str = TOKEN) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return await graph.client.post(f"/v23.0/{ACCOUNT}/messages", json=body, headers=headers)


async def refused(graph: FakeGraph, body: object, token: str = TOKEN) -> tuple[int, int | None]:
    answer = await post(graph, body, token)
    assert answer.status_code >= 400, answer.text
    error = answer.json()["error"]
    return error["code"], error.get("error_subcode")


async def test_a_text_is_accepted_and_known(fake_graph: FakeGraph) -> None:
    answer = await post(fake_graph, HELLO)
    [sent] = await fake_graph.accepted(GUEST)
    assert answer.json() == {"recipient_id": GUEST, "message_id": sent["id"]}
    assert (sent["phone_number_id"], sent["body"]) == (ACCOUNT, HELLO)


WRONG: list[dict[str, Any]] = [
    {},
    {"recipient": {"id": GUEST}},
    {"message": {"text": "Hello"}},
    HELLO | {"recipient": {"id": "+351"}},
    HELLO | {"messaging_product": "whatsapp"},
    HELLO | {"message": {"text": "é" * 501}},
    HELLO | {"message": {"text": ""}},
    HELLO | {"message": {"text": "x", "attachment": {"type": "image", "payload": {"url": URL}}}},
    HELLO | {"message": {"attachment": {"type": "sticker", "payload": {"url": URL}}}},
    HELLO | {"message": {"text": "x", "quick_replies": [{"content_type": "text", "title": "x" * 21, "payload": "x"}]}},
    HELLO | {"message": {"text": "x", "quick_replies": [{"content_type": "text", "title": "x", "payload": "x"}] * 14}},
    HELLO | {"tag": "HUMAN_AGENT"},
    HELLO | {"messaging_type": "MESSAGE_TAG"},
    {"recipient": {"id": GUEST}, "sender_action": "react"},
]


@pytest.mark.parametrize("body", WRONG)
async def test_what_meta_would_not_understand_is_refused(fake_graph: FakeGraph, body: dict[str, Any]) -> None:
    assert await refused(fake_graph, body) == (100, None)
    assert await fake_graph.accepted() == []


async def test_another_token_opens_nothing(fake_graph: FakeGraph) -> None:
    assert await refused(fake_graph, HELLO, ACCESS_TOKEN[SEA_VIEW_NUMBER]) == (190, None)


@pytest.mark.parametrize(
    ("hours", "tagged", "taken"), [(23.9, False, True), (24.1, False, False), (24.1, True, True), (169, True, False)]
)
async def test_the_window_is_a_day_and_for_people_a_week(
    fake_graph: FakeGraph, instagram: Instagram, hours: float, tagged: bool, taken: bool
) -> None:
    await instagram.wrote_before(hours)
    tag = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"} if tagged else {}
    answer = await post(fake_graph, HELLO | tag)
    assert answer.is_success is taken
    if not taken:
        assert await refused(fake_graph, HELLO | tag) == (10, 2534022)
