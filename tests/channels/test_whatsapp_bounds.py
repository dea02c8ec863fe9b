"""However much a guest sends in one message: what is shown and passed on of it is bounded, and says what is missing."""

from typing import Any

import msgspec
import pytest

from app.channels.items import Echo, Edited, InboundMessage
from app.core.bounds import LARGEST_DETAILS, LONGEST_TEXT
from tests.channels.whatsapp_payloads import Json, change, message, read, read_message, text

LARGE = "y" * 2_900_000
CARDS = [{"name": {"formatted_name": f"Guide {n}"}, "phones": [{"phone": f"+351 9{n:05}"}]} for n in range(15_000)]
PLACE = {"latitude": 1.5, "longitude": 2, "name": LARGE, "address": LARGE}
MESSAGES: dict[str, Json] = {
    "text": text(LARGE),
    "caption": message("image", {"id": "1", "caption": LARGE}),
    "hologram": message("hologram", {"x": LARGE}),
    "kind": message(LARGE, {"x": 1}),
    "place": message("location", PLACE),
    "cards": message("contacts", CARDS),
    "card": message("contacts", [{"name": {"formatted_name": LARGE}, "phones": [{"phone": LARGE}] * 50}]),
    "order": message("order", {"text": LARGE, "product_items": [{"quantity": 2, "name": "x" * 90}] * 20_000}),
    "button": message("button", {"payload": LARGE, "text": LARGE}),
    "row": message("interactive", {"list_reply": {"id": LARGE, "title": LARGE, "description": LARGE}}),
    "form": message("interactive", {"nfm_reply": {"body": LARGE, "response_json": f'{{"when": "{LARGE}"}}'}}),
    "reaction": message("reaction", {"message_id": "x", "emoji": LARGE}),
    "referral": text("hi", referral={"source_url": "https://example.com", "body": LARGE}),
    "context": text("hi", context={"id": "wamid.OUT1", "referred_product": {LARGE: LARGE}}),
    "errors": text("hi", errors=[{"code": 131051, "title": LARGE}] * 2),
    "everything": message("contacts", CARDS, referral=PLACE, context={"x": CARDS}, errors=[PLACE]),
}


def size(value: object) -> int:
    return len(msgspec.json.encode(value))


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_never_large(name: str) -> None:
    item = read_message(MESSAGES[name])
    assert 0 < len(item.text) <= LONGEST_TEXT + 1
    assert size(item.extra) <= LARGEST_DETAILS < 16 * 1024


@pytest.mark.parametrize("name", ["text", "caption"])
def test_a_long_text_keeps_its_beginning(name: str) -> None:
    assert read_message(MESSAGES[name]).text == "y" * LONGEST_TEXT + "…"


def test_a_text_of_the_longest_kind_is_kept_whole() -> None:
    assert read_message(text("y" * LONGEST_TEXT)).text == "y" * LONGEST_TEXT


def test_what_is_too_large_to_be_kept_says_how_large_it_was() -> None:
    assert read_message(MESSAGES["hologram"]).extra == {"type": "hologram", "content": {"x": {"left_out": "2.9 MB"}}}
    place = read_message(MESSAGES["place"]).extra["location"]
    assert (place["latitude"], place["longitude"], place["name"]) == (1.5, 2, {"left_out": "2.9 MB"})
    assert read_message(MESSAGES["referral"]).extra["referral"]["source_url"] == "https://example.com"
    form = read_message(MESSAGES["form"]).extra
    assert form["interactive"]["nfm_reply"]["response_json"] == {"left_out": "2.9 MB"}
    assert form["form"] == {"when": {"left_out": "2.9 MB"}}


def test_of_many_cards_the_first_are_kept_and_named() -> None:
    item = read_message(MESSAGES["cards"])
    *kept, rest = item.extra["contacts"]
    assert kept == CARDS[: len(kept)]
    assert len(kept) > 100
    assert rest == {"left_out": f"{15_000 - len(kept):,} more"}
    named, _, more = item.text.rpartition(" and ")
    assert named.startswith("Guide 0 (+351 900000), Guide 1 (")
    assert more == f"{15_000 - named.count('Guide'):,} more"
    assert len(item.text) < 1_100


@pytest.mark.parametrize("changed", [MESSAGES["text"], MESSAGES["caption"], MESSAGES["form"]])
def test_an_edit_is_never_large(changed: Json) -> None:
    [item] = read(change(message("edit", {"original_message_id": "x", "message": changed})))
    assert isinstance(item, Edited)
    assert item.text == "y" * LONGEST_TEXT + "…"


def test_what_the_hotels_phone_sends_is_never_large() -> None:
    echo = MESSAGES["everything"] | {"from": "351210000000", "to": "351912000111"}
    [item] = read(change(field="smb_message_echoes", message_echoes=[echo]))
    assert isinstance(item, Echo)
    assert size(item.message.extra) <= LARGEST_DETAILS


def test_errors_of_a_change_are_never_large_in_any_message_of_it() -> None:
    errors: list[Any] = [{"code": 131060, "title": "Gone"}, *({"title": "x" * 500} for _ in range(5_000))]
    items = read(change(*(message("image", id=f"m{n}") for n in range(1_000)), errors=errors))
    assert len(items) == 1_000
    for item in items:
        assert isinstance(item, InboundMessage)
        assert item.text == "A message of the kind “image” that cannot be shown here: Gone"
        assert item.extra["errors"][0] == errors[0]
        assert size(item.extra) <= LARGEST_DETAILS


def test_an_edit_that_cannot_be_read_does_not_replace_what_was_said() -> None:
    [item] = read(change(message("edit", {"original_message_id": "x", "message": {"type": "text", "text": "y"}})))
    assert not isinstance(item, Edited)


def test_a_caption_may_be_taken_away() -> None:
    [item] = read(change(message("edit", {"original_message_id": "x", "message": {"type": "image", "image": {}}})))
    assert isinstance(item, Edited)
    assert item.text == ""
