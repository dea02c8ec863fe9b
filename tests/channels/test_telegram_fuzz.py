"""Whatever arrives, the parser neither falls nor gives out what cannot be kept."""

import copy
import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.channels.base import Malformed
from app.channels.items import InboundMessage, Item
from app.channels.telegram.parse import parse
from app.core.bounds import LARGEST_DETAILS, LONGEST_TEXT, size_of
from tests.channels.telegram_cases import CASES
from tests.channels.test_whatsapp_fuzz import spoil, values
from tests.channels.whatsapp_payloads import RECEIVED_AT
from tests.fake_telegram import message

MODELS = [case.payload for case in CASES if isinstance(case.payload, dict) and case.payload]


def check(items: list[Item]) -> None:
    """All of it can be kept: UTF-8, no NUL, numbers that JSON has, nothing longer than may be."""
    kept = msgspec.json.encode(items)
    assert b"\\u0000" not in kept
    for item in items:
        if isinstance(item, InboundMessage):
            assert 0 < len(item.external_id) <= 512
            assert 0 < len(item.sender.address) <= 254
            assert len(item.text) <= LONGEST_TEXT + 1
            assert size_of(item.extra) <= LARGEST_DETAILS


@given(st.binary(max_size=200) | values.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_read_or_malformed(body: bytes) -> None:
    try:
        check(parse(body, received_at=RECEIVED_AT))
    except Malformed:
        return


@given(st.data())
def test_an_update_with_anything_anywhere_is_read(data: st.DataObject) -> None:
    odd: Any = copy.deepcopy(data.draw(st.sampled_from(MODELS)))
    for _ in range(data.draw(st.integers(1, 4))):
        spoil(odd, data)

    check(parse(json.dumps(odd).encode(), received_at=RECEIVED_AT))


def test_endless_values_are_bounded() -> None:
    endless = "x" * 300_000
    models: list[dict[str, Any]] = [
        {"text": endless, "entities": [{"type": "text_link", "offset": 0, "length": 9, "url": endless}] * 5_000},
        {"text": "a", "quote": {"text": endless}, "forward_origin": {"sender_user_name": endless}},
        {"contact": {"first_name": endless, "last_name": endless, "phone_number": endless}},
        {"venue": {"title": endless, "address": endless, "location": {"latitude": 1, "longitude": 2, "x": endless}}},
        {"document": {"file_id": endless, "file_name": endless, "mime_type": endless}, "caption": endless},
        {"sticker": {"file_id": "s", "emoji": endless}},
        {"hologram": {"x": [endless] * 3}},
        {endless: 1},
        {"text": "a", "from": {"id": 1, "first_name": endless, "last_name": endless}},
    ]
    for model in models:
        items = parse(json.dumps({"update_id": 1, "message": message(5) | model}).encode(), received_at=RECEIVED_AT)
        check(items)
        assert len(items) == 1
        assert len(msgspec.json.encode(items)) < 64 * 1024
