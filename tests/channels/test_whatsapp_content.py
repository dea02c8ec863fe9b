"""Each type of message says what it says, in our words, and keeps what has no field in Meta's."""

import pytest

from app.channels.items import InboundMedia
from app.core.types import MessageType
from tests.channels.whatsapp_payloads import message, read_message, text


@pytest.mark.parametrize("kind", ["image", "video", "document", "sticker", "audio"])
def test_a_file_is_read_with_its_caption(kind: str) -> None:
    item = read_message(message(kind, {"id": "4100", "mime_type": "x/y", "sha256": "q+0=", "caption": "The lift"}))
    assert item.type == kind
    assert item.text == "The lift"
    assert item.media == InboundMedia(provider_id="4100", mime_type="x/y", sha256="q+0=")


def test_a_voice_note_is_told_from_a_sound_file() -> None:
    item = read_message(message("audio", {"id": "4100", "mime_type": "audio/ogg; codecs=opus", "voice": True}))
    assert item.media is not None
    assert item.media.voice
    assert item.media.mime_type == "audio/ogg; codecs=opus"


def test_a_documents_name_is_kept_as_it_is_and_cut() -> None:
    item = read_message(message("document", {"id": "4100", "filename": "../../a\u202efdp.exe" + "x" * 400}))
    assert item.media is not None
    assert item.media.filename is not None
    assert item.media.filename.startswith("../../a\u202efdp.exe")
    assert len(item.media.filename) == 255


@pytest.mark.parametrize("content", [None, {}, {"caption": "no file"}, {"id": None}, {"id": ["1"]}, {"id": "9" * 600}])
def test_a_file_without_a_usable_id_is_still_a_message(content: object) -> None:
    item = read_message(message("image", content))
    assert item.type is MessageType.IMAGE
    assert item.media is None


UNREADABLE: dict[str, list[object]] = {
    "text": [None, {}, {"body": None}, {"body": 7}, {"body": ""}, "plain"],
    "image": [None, {}, {"id": None}, ["1"]],
    "location": [None, {}, {"latitude": "x"}, {"latitude": "x", "longitude": 2}, "here"],
    "contacts": [None, [], [{}], "x"],
    "button": [None, {}, "pressed"],
    "order": [None, {}, {"catalog_id": "5"}, "two beers"],
    "reaction": [{}, "heart"],
    "interactive": [None, {}, "pressed"],
}


@pytest.mark.parametrize(
    ("kind", "content"), [(kind, content) for kind, each in UNREADABLE.items() for content in each]
)
def test_what_cannot_be_read_says_so(kind: str, content: object) -> None:
    item = read_message(message(kind, content))
    assert item.type == kind
    assert item.text == f"A message of the kind “{kind}” that cannot be shown here."
    assert (item.wordless, item.unreadable) == (True, True)
    assert list(item.extra.values()) == ([content] if content else [])


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("image", {"id": "1"}),
        ("text", {"body": " "}),
        ("reaction", {"message_id": "x"}),
        ("location", {"name": "Pier"}),
    ],
)
def test_what_has_no_words_may_still_be_read(kind: str, content: object) -> None:
    item = read_message(message(kind, content))
    assert not item.unreadable
    assert "cannot be shown" not in item.text


def test_a_place_keeps_its_coordinates_also_where_they_are_nought() -> None:
    item = read_message(message("location", {"latitude": 0, "longitude": 0}))
    assert (item.type, item.text) == (MessageType.LOCATION, "0, 0")
    assert item.extra == {"location": {"latitude": 0, "longitude": 0}}


def test_a_place_with_a_name_reads_as_one() -> None:
    place = {"latitude": 38.7, "longitude": -9.1, "name": "Miradouro", "address": "Rua da Graça 3"}
    assert read_message(message("location", place)).text == "Miradouro, Rua da Graça 3"


def test_cards_read_as_their_names() -> None:
    cards = [{"name": {"formatted_name": "Rui Taxi"}}, {"phones": []}, None, {"name": {"formatted_name": "Ana Guide"}}]
    item = read_message(message("contacts", cards))
    assert (item.type, item.text) == (MessageType.CONTACTS, "Rui Taxi, Ana Guide")
    assert item.extra["contacts"] == cards


def test_a_place_spelled_as_text_is_one() -> None:
    assert read_message(message("location", {"latitude": "38.7", "longitude": -9})).text == "38.7, -9"


@pytest.mark.parametrize("kind", ["button_reply", "list_reply"])
def test_a_pressed_button_or_row_is_a_choice(kind: str) -> None:
    pressed = {"id": "room_service", "title": "Room Service", "description": "Until midnight"}
    item = read_message(message("interactive", {"type": kind, kind: pressed}, context={"id": "wamid.OUT2"}))
    assert item.type is MessageType.INTERACTIVE
    assert (item.text, item.choice, item.reply_to) == ("Room Service", "room_service", "wamid.OUT2")
    assert item.extra["choice"] == pressed


def test_a_form_is_kept_as_it_came() -> None:
    reply = {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": "{not json"}}
    item = read_message(message("interactive", reply))
    assert (item.text, item.choice) == ("Sent", None)
    assert item.extra == {"interactive": reply}


def test_an_unknown_way_to_press_is_kept_as_it_came() -> None:
    reply = {"type": "slider_reply", "slider_reply": {"value": 3}}
    item = read_message(message("interactive", reply))
    assert item.type is MessageType.INTERACTIVE
    assert item.text == "A message of the kind “slider_reply” that cannot be shown here."
    assert (item.wordless, item.extra) == (True, {"interactive": reply})


def test_where_a_reply_is_missing_the_changes_error_says_why() -> None:
    errors = [{"code": 131060, "title": "This message is unavailable"}]
    item = read_message(message("interactive"), errors=errors)
    assert item.type is MessageType.INTERACTIVE
    assert item.extra == {"errors": errors}


def test_a_form_of_good_json_is_read_too() -> None:
    reply = {"type": "nfm_reply", "nfm_reply": {"body": "Sent", "response_json": '{"when": "10:00"}'}}
    item = read_message(message("interactive", reply))
    assert (item.text, item.extra) == ("Sent", {"interactive": reply, "form": {"when": "10:00"}})


def test_a_place_without_a_name_reads_as_its_coordinates() -> None:
    item = read_message(message("location", {"latitude": 51.5007, "longitude": -0.1246}))
    assert item.text == "51.5007, -0.1246"


def test_cards_read_their_numbers_too() -> None:
    cards = [{"name": {"first_name": "Rui", "last_name": "Taxi"}, "phones": [{"phone": "+351 9"}, {"wa_id": "3519"}]}]
    assert read_message(message("contacts", cards)).text == "Rui Taxi (+351 9, 3519)"


def test_a_file_that_was_kept_back_for_its_size_says_so() -> None:
    error = {"code": 131052, "title": "Media file too big", "error_data": {"details": "At most 100 MB."}}
    item = read_message(message("unsupported", errors=[error]))
    assert (item.too_big, item.wordless) == (True, True)
    assert item.text == "A message that cannot be shown here: At most 100 MB."
    assert item.extra["errors"] == [error]


def test_a_templates_quick_reply_is_a_choice() -> None:
    item = read_message(message("button", {"payload": "LATE_YES", "text": "Yes, please"}))
    assert (item.type, item.text, item.choice) == (MessageType.BUTTON, "Yes, please", "LATE_YES")
    assert item.extra == {"choice": {"id": "LATE_YES", "title": "Yes, please"}}


def test_a_quick_reply_without_a_text_reads_as_its_payload() -> None:
    assert read_message(message("button", {"payload": "LATE_YES"})).text == "LATE_YES"


def test_a_reaction_names_what_it_reacts_to() -> None:
    item = read_message(message("reaction", {"message_id": "wamid.OUT1", "emoji": "\U0001f44d"}))
    assert (item.type, item.text, item.reply_to) == (MessageType.REACTION, "\U0001f44d", "wamid.OUT1")


@pytest.mark.parametrize("reaction", [{"message_id": "wamid.OUT1"}, {"message_id": "wamid.OUT1", "emoji": ""}])
def test_a_reaction_taken_back_has_no_text(reaction: object) -> None:
    item = read_message(message("reaction", reaction))
    assert (item.type, item.text, item.reply_to) == (MessageType.REACTION, "", "wamid.OUT1")


def test_an_order_is_kept_with_its_text() -> None:
    order = {"catalog_id": "5", "text": "for tonight", "product_items": []}
    item = read_message(message("order", order))
    assert (item.type, item.extra) == (MessageType.ORDER, {"order": order})
    assert item.text == "Order of 0 items: for tonight"


@pytest.mark.parametrize("kind", ["hologram", "request_welcome", "unknown", "unsupported", ""])
def test_a_type_that_nobody_knows_is_unsupported_and_kept(kind: str) -> None:
    errors = [{"code": 131051, "title": "Message type unknown"}]
    item = read_message(message(kind, {"x": 1}, errors=errors))
    assert item.type is MessageType.UNSUPPORTED
    assert item.extra == {"type": kind, "content": {"x": 1}, "errors": errors}


@pytest.mark.parametrize("kind", [None, 5, ["text"], {"text": 1}])
def test_a_type_that_is_no_word_is_unsupported(kind: object) -> None:
    assert read_message(text("hello") | {"type": kind}).type is MessageType.UNSUPPORTED


def test_a_forward_is_no_answer_and_says_so() -> None:
    item = read_message(text("look", context={"forwarded": True}))
    assert item.reply_to is None
    assert item.extra == {"context": {"forwarded": True}}


def test_the_advertisement_that_a_guest_came_from_is_kept() -> None:
    referral = {"source_url": "https://example.com/ad", "headline": "Winter weekends"}
    assert read_message(text("hello", referral=referral)).extra == {"referral": referral}
