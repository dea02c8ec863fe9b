"""A filled template is what Meta takes and what the guest reads; every bad value is refused by its name."""

from typing import Any

import pytest

from app.channels.base import BadValues
from app.channels.whatsapp.template_fill import fill
from app.core.drafts import Place
from app.core.templates import HeaderFile, StoredTemplate, TemplateValues
from tests.templates import (
    CONFIRMATION,
    COUPON,
    MEETING,
    PLAIN,
    PROMOTION,
    ROOM_READY,
    TOUR,
    WELCOME,
    template,
)

SALE = {"1": "the end of August", "2": "25OFF", "3": "25%"}
PDF = HeaderFile(id=7, mime_type="application/pdf", filename="booking.pdf")
JPEG = HeaderFile(id=8, mime_type="image/jpeg")
DOCK = Place(latitude=38.7, longitude=-9.1, name="Dock", address="1 Quay Street")


def faults(stored: StoredTemplate, **values: Any) -> dict[str, list[str]]:
    with pytest.raises(BadValues) as refused:
        fill(stored, TemplateValues(**values))
    return refused.value.faults


def test_a_template_without_gaps_goes_out_by_its_name_alone() -> None:
    filled = fill(template(PLAIN), TemplateValues())
    assert (filled.content.name, filled.content.language, filled.content.components) == ("welcome", "en", ())
    assert filled.text == "Hello World\n\nWelcome and congratulations!\n\nThe hotel's team"


def test_gaps_by_position_are_filled_in_their_order() -> None:
    filled = fill(template(PROMOTION, "sale"), TemplateValues(header={"1": "Sale"}, body=SALE))
    assert filled.content.components == (
        {"type": "header", "parameters": [{"type": "text", "text": "Sale"}]},
        {"type": "body", "parameters": [{"type": "text", "text": text} for text in SALE.values()]},
        {
            "type": "button",
            "sub_type": "quick_reply",
            "index": "0",
            "parameters": [{"type": "payload", "payload": "template:sale:0"}],
        },
        {
            "type": "button",
            "sub_type": "quick_reply",
            "index": "1",
            "parameters": [{"type": "payload", "payload": "template:sale:1"}],
        },
    )
    assert filled.text == (
        "Our Sale is on!\n\nBook through the end of August and use code 25OFF to get 25% off.\n\nUse the buttons below"
    )
    assert [each["text"] for each in filled.buttons] == ["Unsubscribe from Promos", "Unsubscribe from All"]


def test_gaps_by_word_go_out_with_their_words() -> None:
    filled = fill(
        template(ROOM_READY, named=True),
        TemplateValues(header={"room_number": "101"}, body={"room": "101", "guest_name": "Inês"}),
    )
    assert filled.content.components == (
        {"type": "header", "parameters": [{"type": "text", "parameter_name": "room_number", "text": "101"}]},
        {
            "type": "body",
            "parameters": [
                {"type": "text", "parameter_name": "guest_name", "text": "Inês"},
                {"type": "text", "parameter_name": "room", "text": "101"},
            ],
        },
    )
    assert filled.text == "Room 101\n\nDear Inês, room 101 is ready, Inês."


def test_a_value_that_looks_like_a_gap_stays_as_it_is() -> None:
    filled = fill(template(PROMOTION), TemplateValues(header={"1": "{{1}}"}, body=SALE | {"1": "{{2}}"}))
    assert "Book through {{2}} and use code 25OFF" in filled.text


def test_a_document_and_an_address_are_filled() -> None:
    values = TemplateValues(file=PDF, body={"1": "Mark", "2": "860198"}, buttons={"1": "4711?guest=1"})
    filled = fill(template(CONFIRMATION), values)
    header, _, button = filled.content.components
    assert header == {
        "type": "header",
        "parameters": [{"type": "document", "document": {"filename": "booking.pdf"}}],
    }
    assert button == {
        "type": "button",
        "sub_type": "url",
        "index": "1",
        "parameters": [{"type": "text", "text": "4711?guest=1"}],
    }
    assert filled.buttons[1]["url"] == "https://hotel.example/bookings/4711?guest=1"
    assert filled.text == "Thanks, Mark! Your booking is 860198."


def test_a_place_is_filled() -> None:
    header, _ = fill(template(MEETING), TemplateValues(place=DOCK, body={"1": "you"})).content.components
    place = {"latitude": 38.7, "longitude": -9.1, "name": "Dock", "address": "1 Quay Street"}
    assert header == {"type": "header", "parameters": [{"type": "location", "location": place}]}


def test_a_code_to_copy_is_filled() -> None:
    [_, button] = fill(template(COUPON), TemplateValues(body={"1": "Inês"}, buttons={"0": "25OFF"})).content.components
    assert button["sub_type"] == "copy_code"
    assert button["parameters"] == [{"type": "coupon_code", "coupon_code": "25OFF"}]


def test_a_long_name_gives_way_to_the_buttons_own_words() -> None:
    filled = fill(template(PROMOTION, "n" * 200), TemplateValues(header={"1": "Sale"}, body=SALE))
    assert filled.content.components[-1]["parameters"] == [{"type": "payload", "payload": "Unsubscribe from All"}]


def test_every_value_that_is_missing_or_surplus_is_named() -> None:
    assert faults(template(PROMOTION), body={"1": "August", "9": "?"}, buttons={"0": "x", "7": "y"}) == {
        "header.1": ["It is missing."],
        "body.9": ["This template has no such variable."],
        "body.2": ["It is missing."],
        "body.3": ["It is missing."],
        "buttons.0": ["This template has no button there that takes a value."],
        "buttons.7": ["This template has no button there that takes a value."],
    }


@pytest.mark.parametrize(
    "value", ["", "  ", "\u200b", "two\nlines", "a\ttab", "five     spaces", "a\rreturn", "a\u2028break"]
)
def test_a_text_that_meta_would_not_take_for_a_gap_is_refused(value: str) -> None:
    assert faults(template(WELCOME), file=JPEG, body={"1": value}).keys() == {"body.1"}


def test_four_spaces_in_a_row_are_taken() -> None:
    assert fill(template(WELCOME), TemplateValues(file=JPEG, body={"1": "a    b"})).text == "Welcome, a    b!"


def test_texts_that_come_out_too_long_are_refused() -> None:
    assert faults(template(PROMOTION), header={"1": "x" * 50}, body=SALE).keys() == {"header"}
    assert faults(template(PROMOTION), header={"1": "x"}, body=SALE | {"1": "x" * 1024}).keys() == {"body"}
    fill(template(WELCOME), TemplateValues(file=JPEG, body={"1": "x" * (1024 - len("Welcome, !"))}))


@pytest.mark.parametrize(
    ("components", "file"),
    [
        (WELCOME, None),
        (WELCOME, PDF),
        (WELCOME, HeaderFile(id=1, mime_type="image/webp")),
        (WELCOME, HeaderFile(id=1, mime_type=None)),
        (TOUR, JPEG),
        (CONFIRMATION, JPEG),
        (PLAIN, JPEG),
    ],
)
def test_a_file_that_does_not_fit_the_header_is_refused(components: Any, file: HeaderFile | None) -> None:
    assert "header.media_id" in faults(template(components), file=file)


def test_a_place_that_is_missing_surplus_or_nameless_is_refused() -> None:
    assert "header.location" in faults(template(MEETING), body={"1": "you"})
    assert "header.location" in faults(template(PLAIN), place=DOCK)
    nameless = Place(latitude=1.0, longitude=2.0, name="", address="x\ny")
    assert faults(template(MEETING), place=nameless, body={"1": "you"}).keys() == {
        "header.location.name",
        "header.location.address",
    }


@pytest.mark.parametrize("suffix", ["", "a b", "x" * 2001, "a\nb"])
def test_an_end_of_an_address_that_meta_would_not_take_is_refused(suffix: str) -> None:
    values: dict[str, Any] = {"file": PDF, "body": {"1": "Mark", "2": "8"}, "buttons": {"1": suffix}}
    assert faults(template(CONFIRMATION), **values).keys() == {"buttons.1"}


@pytest.mark.parametrize("code", ["", "25 OFF", "25-OFF", "x" * 16])
def test_a_code_that_meta_would_not_take_is_refused(code: str) -> None:
    assert faults(template(COUPON), body={"1": "Inês"}, buttons={"0": code}).keys() == {"buttons.0"}


def test_a_template_that_cannot_be_filled_here_is_refused_with_the_reason() -> None:
    stored = template([{"type": "BODY", "text": "Look"}, {"type": "CAROUSEL"}])
    assert "carousel" in faults(stored)["template"][0]
