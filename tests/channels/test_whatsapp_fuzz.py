"""Whatever arrives, the parser neither falls nor gives out what cannot be kept, and good neighbours are read."""

import copy
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.channels.base import Malformed
from app.channels.items import InboundMessage, Item
from app.channels.whatsapp.parse import parse
from tests.channels.whatsapp_payloads import RECEIVED_AT, change, contact, document, encode, message, status, text

texts = st.text(st.characters(categories=None), max_size=12) | st.sampled_from(["\x00", "\ud800", "text", "...", "0"])
leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
MODELS = [
    text("hello", context={"id": "wamid.OUT1", "forwarded": True}, referral={"headline": "x"}),
    message("image", {"id": "1", "caption": "x", "mime_type": "image/png"}),
    message("location", {"latitude": 1.5, "longitude": 2, "name": "x"}),
    message("contacts", [{"name": {"formatted_name": "x"}}]),
    message("interactive", {"list_reply": {"id": "x", "title": "y"}}),
    message("button", {"payload": "x", "text": "y"}),
    message("reaction", {"message_id": "x", "emoji": "y"}),
    message("edit", {"original_message_id": "x", "message": {"type": "text", "text": {"body": "y"}}}),
    message("system", {"type": "user_changed_number", "wa_id": "351912000222"}),
    message("hologram", {"x": 1}, errors=[{"code": 1}], group_id="g"),
]


def check(items: list[Item]) -> None:
    """All of it can be kept: UTF-8, no NUL, numbers that JSON has, ids that fit their columns."""
    kept = msgspec.json.encode(items)
    assert b"\\u0000" not in kept
    assert all(len(item.external_id) <= 512 for item in items if isinstance(item, InboundMessage))


@given(st.binary(max_size=200) | values.map(encode), st.booleans())
def test_any_body_is_read_or_malformed(body: bytes, lenient: bool) -> None:
    try:
        check(parse(body, received_at=RECEIVED_AT, lenient=lenient))
    except Malformed:
        return


@given(st.data())
def test_a_message_with_anything_anywhere_leaves_its_neighbours_alone(data: st.DataObject) -> None:
    odd = copy.deepcopy(data.draw(st.sampled_from(MODELS)))
    for _ in range(data.draw(st.integers(1, 3))):
        spoil(odd, data)
    body = document(
        change(text("before", id="m1"), odd, text("after", id="m2"), contacts=[contact(), data.draw(values)]),
        change(statuses=[data.draw(values), status(), {"id": "s", "status": "x", "errors": data.draw(values)}]),
    )
    items = parse(encode(body), received_at=RECEIVED_AT, lenient=data.draw(st.booleans()))
    check(items)
    read = [item.text for item in items if isinstance(item, InboundMessage)]
    assert read[0] == "before"
    assert "after" in read


def spoil(node: Any, data: st.DataObject) -> None:
    """Replace something somewhere in the node by anything."""
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if isinstance(node[key], dict | list) and node[key] and data.draw(st.booleans()):
            node = node[key]
        else:
            node[key] = data.draw(values)
            return
