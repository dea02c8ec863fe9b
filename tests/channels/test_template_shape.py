"""A template's components say what has to be filled, and whether that can be done here."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels.whatsapp.template_shape import describe
from app.core.templates import HeaderFormat, Variable
from tests.templates import CONFIRMATION, COUPON, MEETING, PLAIN, PROMOTION, ROOM_READY, WELCOME

LEAVES = st.sampled_from([None, True, 7, "", "x", "{{1}}", "{{a}}", "{{", "BODY", "URL", "HEADER", "COPY_CODE", "TEXT"])
FIELDS = st.sampled_from(["type", "format", "text", "buttons", "example", "url", "body_text", "param_name"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=8,
)
PARTS = st.builds(
    lambda kind, rest: rest | {"type": kind},
    st.sampled_from(["HEADER", "BODY", "FOOTER", "BUTTONS", "body", ""]),
    st.dictionaries(FIELDS, VALUES, max_size=5),
)


def test_a_template_without_gaps_needs_nothing() -> None:
    shape = describe(PLAIN)
    assert (shape.header.format, shape.header.text) == (HeaderFormat.TEXT, "Hello World")
    assert shape.body.text == "Welcome and congratulations!"
    assert shape.footer == "The hotel's team"
    assert not any([shape.header.variables, shape.body.variables, shape.buttons])
    assert shape.unsendable is None


def test_gaps_by_position_are_named_with_what_meta_was_shown() -> None:
    shape = describe(PROMOTION)
    assert shape.header.variables == (Variable(name="1", example="Summer Sale"),)
    assert shape.body.variables == (
        Variable(name="1", example="the end of August"),
        Variable(name="2", example="25OFF"),
        Variable(name="3", example="25%"),
    )
    assert [(each.index, each.type, each.variable) for each in shape.buttons] == [
        (0, "QUICK_REPLY", None),
        (1, "QUICK_REPLY", None),
    ]


def test_positions_come_in_their_own_order_whatever_the_texts() -> None:
    text = "{{10}} {{2}} {{ 1 }} {{2}}"
    examples = {"body_text": [["one", "two"]]}
    variables = describe([{"type": "BODY", "text": text, "example": examples}]).body.variables
    assert [(each.name, each.example) for each in variables] == [("1", "one"), ("2", "two"), ("10", None)]


def test_gaps_by_word_are_named_once_each() -> None:
    shape = describe(ROOM_READY)
    assert shape.header.variables == (Variable(name="room_number", example="101"),)
    assert shape.body.variables == (Variable(name="guest_name", example="Inês"), Variable(name="room"))


def test_an_address_with_a_gap_needs_its_end_and_one_without_needs_nothing() -> None:
    shape = describe(CONFIRMATION)
    assert shape.header.format is HeaderFormat.DOCUMENT
    call, booking, contact = shape.buttons
    assert (call.phone_number, call.variable) == ("16467043595", None)
    assert booking.variable == Variable(name="1", example="https://hotel.example/bookings/4711")
    assert (contact.url, contact.variable) == ("https://hotel.example/contact", None)


def test_a_code_to_copy_has_to_be_given() -> None:
    [button] = describe(COUPON).buttons
    assert button.variable == Variable(name="code", example="25OFF")


@pytest.mark.parametrize(("components", "kind"), [(WELCOME, HeaderFormat.IMAGE), (MEETING, HeaderFormat.LOCATION)])
def test_a_header_that_is_no_text_says_what_it_is(components: list[dict[str, Any]], kind: HeaderFormat) -> None:
    assert describe(components).header.format is kind
    assert describe(components).unsendable is None


@pytest.mark.parametrize(
    "part",
    [
        {"type": "CAROUSEL", "cards": []},
        {"type": "LIMITED_TIME_OFFER"},
        {"type": "SOMETHING_NEW"},
        {"type": "HEADER", "format": "GIF"},
        {"type": "HEADER", "format": "none"},
        {"type": "BUTTONS", "buttons": [{"type": "FLOW", "text": "Open"}]},
        {"type": "BUTTONS", "buttons": [{"type": "CATALOG", "text": "View"}]},
        {"type": "BUTTONS", "buttons": [{"type": "MPM", "text": "View"}]},
        {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]},
        {"type": "BUTTONS", "buttons": [{}]},
    ],
)
def test_what_cannot_be_filled_here_says_why(part: dict[str, Any]) -> None:
    why = describe([{"type": "BODY", "text": "Hello"}, part]).unsendable
    assert why is not None
    assert why.endswith(".")


def test_a_template_without_a_text_cannot_be_sent() -> None:
    assert describe([{"type": "BODY", "add_security_recommendation": True}]).unsendable is not None
    assert describe([]).unsendable is not None


@given(st.lists(PARTS, max_size=4))
def test_components_of_any_shape_are_read_and_can_be_shown(components: list[dict[str, Any]]) -> None:
    assert msgspec.json.encode(describe(components))
