"""Instagram's bodies are read as they are meant: who wrote what, when, in answer to what."""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels.base import Malformed
from app.channels.instagram.parse import parse
from app.channels.items import Echo, Edited, InboundMessage, InboundStatus, Item, Revoked, Sender, Unreadable
from app.core.bounds import LARGEST_DETAILS, LONGEST_TEXT
from app.core.types import MessageType
from tests.channels.instagram_payloads import (
    ACCOUNT,
    CDN,
    GUEST,
    RECEIVED_AT,
    WRITTEN_AT,
    Json,
    attachment,
    document,
    echo,
    encode,
    event,
    message,
    read,
    read_message,
    text,
)
from tests.channels.test_whatsapp_fuzz import spoil, values

LARGE = "y" * 900_000


def test_a_text_names_its_writer_its_time_and_what_it_answers() -> None:
    assert read_message(text("A cot?", reply_to={"mid": "mid.s1"})) == InboundMessage(
        account=ACCOUNT,
        external_id="mid.a1",
        sender=Sender(address=GUEST),
        type=MessageType.TEXT,
        text="A cot?",
        reply_to="mid.s1",
        sent_at=WRITTEN_AT,
    )


def test_a_pressed_quick_reply_carries_its_payload() -> None:
    item = read_message(text("Late", quick_reply={"payload": "LATE"}))
    assert (item.type, item.choice, item.extra) == (
        MessageType.TEXT,
        "LATE",
        {"choice": {"id": "LATE", "title": "Late"}},
    )


def test_a_pressed_button_carries_its_payload_and_where_the_guest_came_from() -> None:
    referral = {"ref": "winter"}
    item = read_message(event({"postback": {"mid": "p", "title": "Menu", "payload": "MENU", "referral": referral}}))
    assert (item.external_id, item.type, item.choice) == ("p", MessageType.BUTTON, "MENU")
    assert item.extra["referral"] == referral


def test_an_answer_to_a_story_keeps_the_story() -> None:
    assert read_message(text("nice", reply_to={"story": {"id": "5"}})).extra == {"story": {"id": "5"}}


def test_each_of_several_files_is_a_message_of_its_own() -> None:
    items = read(message(text="Look", attachments=[attachment("image", f"{CDN}{n}") for n in range(12)]))
    messages = [item for item in items if isinstance(item, InboundMessage)]
    assert [each.external_id for each in messages[:3]] == ["mid.a1", "mid.a1#2", "mid.a1#3"]
    assert [each.text for each in messages[:2]] == ["Look", ""]
    assert [each.media.provider_id for each in messages if each.media] == [f"{CDN}{n}" for n in range(10)]


def test_a_deletion_is_no_double_of_its_message_and_names_its_parts() -> None:
    [item] = read(message(is_deleted=True))
    assert isinstance(item, Revoked)
    assert (item.external_id, item.target, item.sender.address) == ("mid.a1#deleted", "mid.a1", GUEST)
    assert item.parts[0] == "mid.a1#2"
    assert (item.by_hotel, len(item.parts)) == (False, 9)


def test_an_edit_is_the_same_however_often_it_is_told() -> None:
    raw = event({"message_edit": {"mid": "mid.a1", "text": "two cots", "num_edit": 1}})
    first, again = read(raw, copy.deepcopy(raw))
    [later] = read(raw | {"message_edit": {"mid": "mid.a1", "text": "three cots", "num_edit": 2}})
    assert isinstance(first, Edited)
    assert isinstance(later, Edited)
    assert first == again
    assert (first.target, first.text, later.external_id != first.external_id) == ("mid.a1", "two cots", True)


def test_a_reaction_names_what_it_is_about_and_can_be_taken_back() -> None:
    given_ = read_message(event({"reaction": {"mid": "mid.s1", "action": "react", "emoji": "❤️"}}))
    taken = read_message(event({"reaction": {"mid": "mid.s1", "action": "unreact"}}))
    assert (given_.type, given_.text, given_.reply_to) == (MessageType.REACTION, "❤️", "mid.s1")
    assert (taken.text, taken.external_id != given_.external_id) == ("", True)


def test_what_the_hotel_sends_comes_back_as_an_echo_to_its_guest() -> None:
    for raw in (
        echo(text="We do."),
        event({"message": {"mid": "mid.e1", "text": "We do."}}, sender=ACCOUNT, recipient=GUEST),
    ):
        [item] = read(raw)
        assert isinstance(item, Echo)
        assert (item.account, item.external_id, item.message.sender.address) == (ACCOUNT, "mid.e1", GUEST)
        assert item.of_all


def test_what_was_seen_and_delivered_is_told_of_each_message() -> None:
    items = read(event({"read": {"mid": "mid.s1"}}), event({"delivery": {"mids": ["mid.s1", "mid.s2"]}}))
    assert [(each.external_id, each.status) for each in items if isinstance(each, InboundStatus)] == [
        ("mid.s1", "read"),
        ("mid.s1", "delivered"),
        ("mid.s2", "delivered"),
    ]


@pytest.mark.parametrize("at", [int((RECEIVED_AT + timedelta(days=1)).timestamp() * 1000), "1" * 15])
def test_no_message_comes_from_the_future(at: object) -> None:
    assert read_message(text("x") | {"timestamp": at}).sent_at == RECEIVED_AT


def test_a_time_in_words_is_read() -> None:
    assert read_message(text("x") | {"timestamp": "1763600000123"}).sent_at == datetime.fromtimestamp(
        1763600000.123, UTC
    )


def test_without_an_id_a_message_is_read_leniently_alone() -> None:
    raw = event({"message": {"text": "hello"}})
    [strict], [lenient], [again] = read(raw), read(raw, lenient=True), read(raw, lenient=True)
    assert isinstance(strict, Unreadable)
    assert isinstance(lenient, InboundMessage)
    assert lenient.external_id.startswith("sha256:")
    assert lenient == again


def test_the_entry_says_whose_account_it_is() -> None:
    [item] = parse(encode(document(text("x"), account="99")), received_at=RECEIVED_AT)
    assert item.account == "99"
    [item] = parse(encode({"entry": [{"messaging": [text("x")]}]}), received_at=RECEIVED_AT)
    assert item.account == ACCOUNT


LARGE_ONES: dict[str, Json] = {
    "text": text(LARGE),
    "quick_reply": text(LARGE, quick_reply={"payload": LARGE}),
    "story": text("hi", reply_to={"story": {"url": LARGE}}),
    "share": message(attachments=[attachment("share", "https://example.com", title=LARGE, more=LARGE)]),
    "hologram": message(attachments=[{"type": LARGE, "payload": {"x": LARGE}}]),
    "referral": event({"referral": {"ref": LARGE, "ads_context_data": {LARGE: LARGE}}}),
    "postback": event({"postback": {"mid": "x", "title": LARGE, "payload": LARGE}}),
    "reaction": event({"reaction": {"mid": "x", "action": "react", "emoji": LARGE}}),
}


@pytest.mark.parametrize("name", LARGE_ONES)
def test_a_message_is_never_large(name: str) -> None:
    item = read_message(LARGE_ONES[name])
    assert 0 < len(item.text) <= LONGEST_TEXT + 1
    assert len(msgspec.json.encode(item.extra)) <= LARGEST_DETAILS


MODELS: list[Json] = [
    text("hello", reply_to={"mid": "x"}, quick_reply={"payload": "y"}),
    message(attachments=[attachment("image"), attachment("share")]),
    message(is_deleted=True),
    echo(text="hello"),
    event({"postback": {"title": "x", "payload": "y"}}),
    event({"reaction": {"mid": "x", "action": "react", "emoji": "y"}}),
    event({"read": {"mid": "x"}}),
    event({"delivery": {"mids": ["x"]}}),
    event({"message_edit": {"mid": "x", "text": "y"}}),
    event({"referral": {"ref": "x"}}),
]


def check(items: list[Item]) -> None:
    """All of it can be kept: UTF-8, no NUL, ids that fit their columns."""
    assert b"\\u0000" not in msgspec.json.encode(items)
    assert all(len(getattr(item, "external_id", None) or "") <= 512 for item in items)


@given(st.binary(max_size=200) | values.map(encode), st.booleans())
def test_any_body_is_read_or_malformed(body: bytes, lenient: bool) -> None:
    try:
        check(parse(body, received_at=RECEIVED_AT, lenient=lenient))
    except Malformed:
        return


@given(st.data())
def test_an_event_with_anything_anywhere_leaves_its_neighbours_alone(data: st.DataObject) -> None:
    odd: Any = copy.deepcopy(data.draw(st.sampled_from(MODELS)))
    for _ in range(data.draw(st.integers(1, 3))):
        spoil(odd, data)
    items = read(text("before", mid="m1"), odd, text("after", mid="m2"), lenient=data.draw(st.booleans()))
    check(items)
    words = [item.text for item in items if isinstance(item, InboundMessage)]
    assert (words[0], words[-1]) == ("before", "after")
