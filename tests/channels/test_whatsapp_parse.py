"""A webhook body becomes its items: all of them, in order, and nothing odd takes its neighbours along."""

import hashlib
import json

import pytest

from app.channels.base import Malformed
from app.channels.items import AccountFault, Edited, IdentityChanged, InboundMessage, InboundStatus, Revoked, Unreadable
from app.channels.whatsapp.parse import parse
from tests.channels.whatsapp_payloads import (
    GUEST,
    GUEST_USER_ID,
    NUMBER,
    RECEIVED_AT,
    WRITTEN_AT,
    Json,
    change,
    document,
    encode,
    message,
    read,
    read_message,
    read_status,
    status,
    text,
)


def test_a_text_message_is_read_whole() -> None:
    item = read_message(text("Could we have two more towels?", context={"from": "351210000000", "id": "wamid.OUT9"}))
    assert item == InboundMessage(
        account=NUMBER,
        external_id="wamid.A1",
        sender=item.sender,
        type=item.type,
        text="Could we have two more towels?",
        reply_to="wamid.OUT9",
        sent_at=WRITTEN_AT,
    )
    assert item.type == "text"


def test_every_entry_change_message_and_status_is_read_in_order() -> None:
    payload = {
        "entry": [
            {"changes": [change(text("one", id="m1"), text("two", id="m2")), change(text("three", id="m3"))]},
            {"changes": [change(text("four", id="m4"), number="700000000000032", statuses=[status(id="s1")])]},
        ]
    }
    items = parse(encode(payload), received_at=RECEIVED_AT)
    read_ids = [item.external_id for item in items if isinstance(item, InboundMessage | InboundStatus)]
    assert read_ids == ["m1", "m2", "m3", "m4", "s1"]
    assert [item.account for item in items] == [NUMBER] * 3 + ["700000000000032"] * 2


@pytest.mark.parametrize(
    "field",
    ["history", "calls", "group_participants_update", "something_new", "", None, ["messages"], 7, {"messages": 1}],
)
def test_a_change_of_another_field_is_not_read_whatever_arrays_it_carries(field: object) -> None:
    other = change(text("old"), statuses=[status()]) | {"field": field}
    [item] = read(other, change(text("new", id="m2")))
    assert isinstance(item, InboundMessage)
    assert item.text == "new"


@pytest.mark.parametrize("odd", [None, "garbage", 7, [], {}, {"from": GUEST}, {"id": ""}, {"id": {"a": 1}}])
def test_an_odd_message_is_unreadable_and_its_neighbours_are_read(odd: object) -> None:
    first, second, third = read(change(text("before", id="m1"), odd, text("after", id="m3")))
    assert isinstance(first, InboundMessage)
    assert second == Unreadable(account=NUMBER, reason="a message without an id")
    assert isinstance(third, InboundMessage)


@pytest.mark.parametrize(
    "odd", [None, "delivered", {}, {"id": "wamid.OUT1"}, {"status": "read"}, {"id": 1, "status": []}]
)
def test_an_odd_status_is_unreadable_and_its_neighbours_are_read(odd: object) -> None:
    first, second = read(change(statuses=[odd, status("read")]))
    assert isinstance(first, Unreadable)
    assert isinstance(second, InboundStatus)


def test_messages_that_are_no_list_are_one_odd_message() -> None:
    assert read(change(messages={"id": "wamid.A1"})) == [Unreadable(account=NUMBER, reason="a message without an id")]


def test_a_message_of_nobody_is_unreadable() -> None:
    nobody = text("hello") | {"from": "not a number"}
    assert read(change(nobody)) == [Unreadable(account=NUMBER, reason="a message without a sender")]


@pytest.mark.parametrize("body", [b"", b"{", b"hello", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse(body, received_at=RECEIVED_AT)


@pytest.mark.parametrize("body", [b"[1, 2]", b'"text"', b"null", b"7", b"true"])
def test_json_of_another_shape_holds_nothing_for_us(body: bytes) -> None:
    assert parse(body, received_at=RECEIVED_AT) == []


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"entry": None},
        {"entry": {"changes": []}},
        {"entry": [None, 1, "x", []]},
        {"entry": [{"id": "1"}]},
        {"entry": [{"changes": {}}]},
        {"entry": [{"changes": [None, {"field": "messages"}, {"field": "messages", "value": []}]}]},
        document(change()),
    ],
)
def test_a_body_with_nothing_for_us_gives_no_item(payload: object) -> None:
    assert parse(encode(payload), received_at=RECEIVED_AT) == []


def test_of_equal_keys_the_last_wins() -> None:
    body = encode(document(change(text("first")))).replace(b'"body": "first"', b'"body": "first", "body": "last"')
    [item] = parse(body, received_at=RECEIVED_AT)
    assert isinstance(item, InboundMessage)
    assert item.text == "last"


def test_what_no_database_can_keep_is_replaced_and_the_rest_stays() -> None:
    body = encode(document(change(text("room@ 214 # \U0001f6bf", id="wamid.@A"))))
    [item] = parse(body.replace(b"@", rb"\u0000").replace(b"#", rb"\ud83d"), received_at=RECEIVED_AT)
    assert isinstance(item, InboundMessage)
    assert item.text == "room\ufffd 214 \ufffd \U0001f6bf"
    assert item.external_id == "wamid.\ufffdA"


def test_bytes_that_are_no_utf8_are_replaced_and_the_message_is_read() -> None:
    body = encode(document(change(text("caf@")))).replace(b"@", b"\xe9")
    [item] = parse(body, received_at=RECEIVED_AT)
    assert isinstance(item, InboundMessage)
    assert item.text == "caf\ufffd"


def test_numbers_beyond_reason_do_no_harm() -> None:
    location = message("location", {"latitude": 1, "longitude": 2, "odd": 3})
    body = encode(document(change(location))).replace(b'"longitude": 2', b'"longitude": NaN')
    [item] = parse(body.replace(b'"odd": 3', b'"odd": ' + b"9" * 5000), received_at=RECEIVED_AT)
    assert isinstance(item, InboundMessage)
    assert item.extra["location"] == {"latitude": 1, "longitude": None, "odd": "9" * 5000}


def test_what_is_nested_too_deeply_to_keep_is_cut() -> None:
    nested = encode({"a": 1}).decode()
    for _ in range(100):
        nested = f"[{nested}]"
    body = encode(document(change(message("hologram", "@")))).replace(b'"@"', nested.encode())
    [item] = parse(body, received_at=RECEIVED_AT)
    assert isinstance(item, InboundMessage)
    assert json.dumps(item.extra).count("[") < 40


@pytest.mark.parametrize("timestamp", [None, "", "soon", "-5", 0, "0", 1.5, True, "1" * 40, {"s": 1}, "1795132801000"])
def test_a_message_without_a_usable_time_was_sent_when_it_was_received(timestamp: object) -> None:
    assert read_message(text("hello") | {"timestamp": timestamp}).sent_at == RECEIVED_AT


def test_a_message_from_the_future_was_sent_when_it_was_received() -> None:
    assert read_message(text("hello", timestamp="1999999999")).sent_at == RECEIVED_AT


def test_a_message_without_an_id_is_taken_under_a_hash_of_itself_where_that_is_allowed() -> None:
    raw = text("hello")
    del raw["id"]
    reordered = dict(reversed(raw.items()))
    first, second, third = read(change(raw), change(reordered), change(raw | {"text": {"body": "other"}}), lenient=True)
    assert isinstance(first, InboundMessage)
    assert isinstance(second, InboundMessage)
    assert isinstance(third, InboundMessage)
    canonical = json.dumps(raw, sort_keys=True, separators=(",", ":")).encode()
    assert first.external_id == f"sha256:{hashlib.sha256(canonical).hexdigest()}"
    assert second.external_id == first.external_id
    assert third.external_id != first.external_id


def test_an_id_that_a_document_cut_short_counts_as_none_where_that_is_allowed() -> None:
    cut = text("hello", id="wamid.HBgLMTY0MDk5NTIwMDAwE...")
    [strict] = read(change(cut))
    [lenient] = read(change(cut), lenient=True)
    assert isinstance(strict, InboundMessage)
    assert isinstance(lenient, InboundMessage)
    assert strict.external_id == "wamid.HBgLMTY0MDk5NTIwMDAwE..."
    assert lenient.external_id.startswith("sha256:")


def test_a_whole_id_stays_what_it_is_where_hashes_are_allowed() -> None:
    [item] = read(change(text("hello")), lenient=True)
    assert isinstance(item, InboundMessage)
    assert item.external_id == "wamid.A1"


def test_a_number_of_our_own_may_be_spelled_as_an_integer() -> None:
    raw = change(text("hello"))
    raw["value"]["metadata"]["phone_number_id"] = int(NUMBER)
    [item] = read(raw)
    assert item.account == NUMBER


def test_a_change_without_a_number_has_no_account() -> None:
    raw = change(text("hello"))
    del raw["value"]["metadata"]
    [item] = read(raw)
    assert item.account == ""


def test_a_status_is_read_with_the_delivery_it_carries_back() -> None:
    assert read_status(status("read", biz_opaque_callback_data="4711")) == InboundStatus(
        account=NUMBER, external_id="wamid.OUT1", status="read", delivery_id=4711, at=WRITTEN_AT
    )


@pytest.mark.parametrize("foreign", ["outbox-42", "", "-1", "٤٢", "9" * 19, None, ["4711"]])
def test_an_opaque_word_that_is_not_ours_names_no_delivery(foreign: object) -> None:
    assert read_status(status(biz_opaque_callback_data=foreign)).delivery_id is None


def test_a_failed_status_says_why() -> None:
    failed = read_status(status("failed", errors=[{"code": 131047, "title": "Re-engagement message"}, {"code": 1}]))
    assert (failed.error_code, failed.error_title) == (131047, "Re-engagement message")


@pytest.mark.parametrize("errors", [None, [], {}, ["x"], [{}], [{"code": "131047", "title": 5}]])
def test_a_failed_status_may_say_nothing(errors: object) -> None:
    failed = read_status(status("failed", errors=errors))
    assert (failed.status, failed.error_code, failed.error_title) == ("failed", None, None)


def test_a_status_of_an_unknown_word_is_kept() -> None:
    assert read_status(status("snoozed")).status == "snoozed"


def test_statuses_of_a_guest_without_a_number_are_no_message() -> None:
    person = {"profile": {"name": "Lio"}, "user_id": GUEST_USER_ID}
    raw = status(recipient_user_id=GUEST_USER_ID)
    del raw["recipient_id"]
    [item] = read(change(contacts=[person], statuses=[raw]))
    assert isinstance(item, InboundStatus)


def test_an_error_of_the_number_itself_is_reported_once() -> None:
    errors = [{"code": 130429, "title": "Rate limit hit"}]
    assert read(change(errors=errors)) == [AccountFault(account=NUMBER, code=130429, title="Rate limit hit")]


def test_an_edit_names_its_original_and_says_what_it_says_now() -> None:
    edit = {
        "original_message_id": "wamid.A0",
        "message": {"type": "image", "image": {"id": "1", "caption": "the sink"}},
    }
    [item] = read(change(message("edit", edit)))
    assert isinstance(item, Edited)
    assert (item.external_id, item.target, item.text) == ("wamid.A1", "wamid.A0", "the sink")


def test_a_revocation_names_its_original() -> None:
    [item] = read(change(message("revoke", {"original_message_id": "wamid.A0"})))
    assert isinstance(item, Revoked)
    assert (item.sender.address, item.target) == (GUEST, "wamid.A0")


@pytest.mark.parametrize("kind", ["edit", "revoke"])
def test_a_correction_of_nothing_is_unreadable(kind: str) -> None:
    [item] = read(change(message(kind, {})))
    assert isinstance(item, Unreadable)


@pytest.mark.parametrize(
    "note",
    [
        {"type": "user_changed_number", "wa_id": "351912000222"},
        {"type": "user_changed_number", "new_wa_id": "351912000222"},
        {"type": "customer_changed_number", "wa_id": "351912000222"},
    ],
)
def test_a_changed_number_is_a_changed_identity(note: Json) -> None:
    [item] = read(change(messages=[message("system", note)]))
    assert item == IdentityChanged(account=NUMBER, external_id="wamid.A1", old=GUEST, new="351912000222")


def test_a_changed_user_id_may_come_without_the_old_one() -> None:
    note = message("system", {"type": "user_changed_user_id", "user_id": GUEST_USER_ID})
    del note["from"]
    assert read(change(messages=[note])) == [IdentityChanged(account=NUMBER, external_id="wamid.A1", new=GUEST_USER_ID)]


def test_an_updated_user_id_comes_under_a_field_of_its_own() -> None:
    update = {"user_id": {"previous": "PT.71", "current": "PT.72"}}
    items = read(change(field="user_id_update", user_id_update=[update, {"user_id": None}]))
    assert isinstance(items[0], IdentityChanged)
    assert (items[0].account, items[0].old, items[0].new) == (NUMBER, "PT.71", "PT.72")
    assert items[0].external_id == "user_id_update:PT.71:PT.72:"
    assert isinstance(items[1], Unreadable)


def test_new_keys_are_a_change_from_somebody_to_the_same() -> None:
    [item] = read(change(message("system", {"type": "customer_identity_changed", "body": "new keys"})))
    assert item == IdentityChanged(account=NUMBER, external_id="wamid.A1", old=GUEST, new=GUEST)


def test_new_keys_are_also_of_whom_the_note_alone_names() -> None:
    raw = message("system", {"type": "customer_identity_changed", "customer": GUEST}) | {"from": None}
    assert read(change(raw)) == [IdentityChanged(account=NUMBER, external_id="wamid.A1", old=GUEST, new=GUEST)]


@pytest.mark.parametrize("note", [{"type": "group_created"}, {}, None, "text"])
def test_other_notes_of_the_system_concern_nobody(note: object) -> None:
    assert read(change(message("system", note))) == []


def test_the_same_body_gives_the_same_items() -> None:
    body = encode(document(change(text("hello"), None, statuses=[status()])))
    assert parse(body, received_at=RECEIVED_AT) == parse(body, received_at=RECEIVED_AT)
