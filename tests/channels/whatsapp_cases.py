"""What WhatsApp may send, one case each, and what a correct receiver makes of it.

Written after Meta's webhook reference of the Cloud API; all people and numbers are invented.
"""

from typing import Any

from tests.channels.whatsapp_payloads import (
    GUEST,
    Json,
    change,
    contact,
    document,
    message,
    text,
)
from tests.fake_graph import SEA_VIEW_NUMBER
from tests.inbound_cases import Case, Says

SENT = "wamid.SENT1"
OUR_NUMBER = "12025550100"
ODD_TIMES: tuple[Any, ...] = ("0", "-62135596800", "1795132801000", "9" * 20, "soon", 1795132801, 1.5, None, {})


def one(name: str, raw: Json, *says: Says, odd: bool = False, **more: Any) -> Case:
    """A case of one message to Sea View."""
    return Case(name, document(here(raw, **more)), messages=says, odd=odd)


def here(*messages: object, **more: Any) -> Json:
    return change(*messages, number=SEA_VIEW_NUMBER, **more)


def without(raw: Json, *names: str) -> Json:
    return {name: value for name, value in raw.items() if name not in names}


FILE = {"id": "520000000000007", "sha256": "q83vASNFZ4k=", "mime_type": "image/jpeg"}
PRESSED = {"from": OUR_NUMBER, "id": SENT}

TEXTS = [
    one("text", text("Is the pool heated in November?"), Says("text", "pool heated", sender=GUEST)),
    one("text_before_its_type", dict(reversed(text("Order of keys").items())), Says("text", "Order of keys")),
    one("text_with_nul", text("bed\x00 and breakfast"), Says("text", "and breakfast"), odd=True),
    one("text_with_a_lone_surrogate", text("half \ud83d a smile"), Says("text", "a smile"), odd=True),
    one("text_of_spaces", text(" \n\t "), Says("text"), odd=True),
    one("text_without_body", message("text", {}), Says("text", "cannot be shown"), odd=True),
    one("text_as_a_list", message("text", [{"body": "x"}]), Says("text", "cannot be shown"), odd=True),
    one("text_whose_body_is_a_number", message("text", {"body": 214}), Says("text", "cannot be shown"), odd=True),
    one("text_of_markup", text("<script>alert(1)</script> {{7*7}} '; --"), Says("text", "alert(1)")),
    one("text_of_emoji", text("👩‍👩‍👧‍👦🏳️‍🌈👍🏽"), Says("text", "👩‍👩‍👧‍👦🏳️‍🌈👍🏽")),
    one("text_from_right_to_left", text("מגבות בבקשה"), Says("text", "מגבות")),
    one("text_very_long", text("a" * 16_383 + "z" + "b" * 60_000), Says("text", "az…")),
    one("text_with_unknown_siblings", text("new keys", mood={"a": [1, {"b": None}]}), Says("text", "new keys")),
    one("text_without_contacts", text("nobody named"), Says("text", "nobody named"), contacts=None),
    one("text_with_empty_contacts", text("empty list"), Says("text", "empty list"), contacts=[]),
    one("text_without_profile", text("no name"), Says("text", "no name"), contacts=[{"wa_id": GUEST}]),
    one("text_with_contacts_as_object", text("odd list"), Says("text", "odd list"), contacts={"0": {}}, odd=True),
    one("text_with_other_contacts_first", text("hi"), Says("text", "hi"), contacts=[contact("Bo", "49"), contact()]),
    one("text_without_time", without(text("no time"), "timestamp"), Says("text", "no time")),
    *(one(f"text_at_{at}", text("odd time", timestamp=at), Says("text", "odd time"), odd=True) for at in ODD_TIMES),
]

FILES = [
    one("image", message("image", FILE | {"caption": "The tap drips"}), Says("image", "tap drips", media=True)),
    one("video", message("video", FILE | {"caption": "This noise"}), Says("video", "This noise", media=True)),
    one(
        "voice_note",
        message("audio", FILE | {"mime_type": "audio/ogg; codecs=opus", "voice": True}),
        Says("audio", media=True),
    ),
    one("sticker", message("sticker", FILE | {"animated": True}), Says("sticker", media=True)),
    one(
        "document",
        message("document", FILE | {"filename": "../../passwd\u202egpj.exe"}),
        Says("document", media=True),
        odd=True,
    ),
    one(
        "document_with_a_long_name",
        message("document", FILE | {"filename": "n" * 999 + ".pdf"}),
        Says("document", media=True),
        odd=True,
    ),
    one(
        "image_with_a_long_caption",
        message("image", FILE | {"caption": "c" * 9_000}),
        Says("image", "ccc", media=True),
    ),
    one("image_without_id", message("image", {"caption": "nothing here"}), Says("image", "nothing here"), odd=True),
    one("image_as_a_list", message("image", [FILE]), Says("image", "cannot be shown"), odd=True),
    one("image_with_a_number_as_id", message("image", FILE | {"id": 52}), Says("image", media=True)),
    one(
        "image_with_endless_values",
        message("image", FILE | {"mime_type": "x" * 999, "sha256": "y" * 999}),
        Says("image", media=True),
        odd=True,
    ),
    one(
        "file_too_big",
        without(
            message(
                "unsupported",
                errors=[{"code": 131052, "title": "Too big", "error_data": {"details": "At most 100 MB."}}],
            ),
            "unsupported",
        ),
        Says("unsupported", "At most 100 MB."),
        odd=True,
    ),
]

KINDS = [
    one("place", message("location", {"latitude": -33.45, "longitude": 151.2}), Says("location", "-33.45, 151.2")),
    one("place_at_nought", message("location", {"latitude": 0, "longitude": 0}), Says("location", "0, 0")),
    one(
        "place_with_a_name",
        message("location", {"latitude": 1, "longitude": 2, "name": "Pier 4"}),
        Says("location", "Pier 4"),
    ),
    one("place_nowhere", message("location", {"latitude": "north"}), Says("location", "cannot be shown"), odd=True),
    one(
        "cards",
        message(
            "contacts",
            [
                {"name": {"formatted_name": "Rui Taxi"}, "phones": [{"phone": "+351 912 000 333"}]},
                {"org": {"company": "Boats"}},
            ],
        ),
        Says("contacts", "Rui Taxi (+351 912 000 333), Boats"),
    ),
    one(
        "cards_of_nothing",
        message("contacts", [None, 5, {"name": "x"}, {"phones": {}}]),
        Says("contacts", "cannot be shown"),
        odd=True,
    ),
    one(
        "order",
        message("order", {"catalog_id": "5", "product_items": [{"quantity": 2}, {"quantity": 1}]}),
        Says("order", "3 items"),
    ),
    one(
        "order_of_nothing",
        message("order", {"product_items": {"a": 1}}),
        Says("order", "cannot be shown"),
        odd=True,
    ),
    one("reaction", message("reaction", {"message_id": SENT, "emoji": "🙏"}), Says("reaction", "🙏")),
    one("reaction_taken_back", message("reaction", {"message_id": SENT}), Says("reaction")),
    one("reaction_with_empty_emoji", message("reaction", {"message_id": SENT, "emoji": ""}), Says("reaction")),
    one("reaction_to_nothing", message("reaction", ["x"]), Says("reaction"), odd=True),
    one(
        "button",
        message(
            "interactive",
            {"type": "button_reply", "button_reply": {"id": "early", "title": "Early please"}},
            context=PRESSED,
        ),
        Says("interactive", "Early please"),
    ),
    one(
        "list_row",
        message(
            "interactive",
            {"type": "list_reply", "list_reply": {"id": "r2", "title": "Garden room", "description": "Quiet"}},
            context=PRESSED,
        ),
        Says("interactive", "Garden room"),
    ),
    one(
        "list_row_without_description",
        message("interactive", {"type": "list_reply", "list_reply": {"id": "r3", "title": "Attic"}}),
        Says("interactive", "Attic"),
    ),
    one(
        "form",
        message(
            "interactive",
            {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": '{"when": "10:00"}'}},
        ),
        Says("interactive", "Sent"),
    ),
    one(
        "form_of_bad_json",
        message("interactive", {"type": "nfm_reply", "nfm_reply": {"body": "Sent", "response_json": "{oops"}}),
        Says("interactive", "Sent"),
        odd=True,
    ),
    one(
        "pressed_some_other_way",
        message("interactive", {"type": "dial_reply", "dial_reply": {"value": 3}}),
        Says("interactive", "dial_reply"),
        odd=True,
    ),
    one(
        "pressed_but_missing",
        message("interactive"),
        Says("interactive", "no longer there"),
        errors=[{"code": 131060, "title": "It is no longer there"}],
        odd=True,
    ),
    one(
        "quick_reply_without_context",
        message("button", {"payload": "LATE", "text": "Late check-out"}),
        Says("button", "Late check-out"),
    ),
    one("quick_reply_stop", message("button", {"payload": "STOP", "text": "Stop"}), Says("button", "Stop")),
    one("welcome_asked_for", message("request_welcome"), Says("unsupported", "opened the chat")),
    one(
        "unsupported_first_message",
        message("unsupported", errors=[{"code": 131060, "title": "This message is unavailable"}]),
        Says("unsupported", "This message is unavailable"),
    ),
    one(
        "unsupported_of_a_kind",
        message("unsupported", {"type": "video_note"}, errors=[{"code": 131051}]),
        Says("unsupported", "video_note"),
    ),
    one(
        "unknown",
        message(
            "unknown", errors=[{"code": 131051, "message": "Unknown", "error_data": {"details": "Not supported yet"}}]
        ),
        Says("unsupported", "Not supported yet"),
    ),
    one("kind_of_the_future", message("hologram", {"id": "9"}), Says("unsupported", "hologram"), odd=True),
    one("kind_that_is_a_list", text("x") | {"type": ["text"]}, Says("unsupported"), odd=True),
    one("kind_missing", without(text("x"), "type"), Says("unsupported"), odd=True),
    one("answer", text("this one", context=PRESSED), Says("text", "this one")),
    one("answer_to_the_unknown", text("that one", context={"id": "wamid.NEVER", "from": 5}), Says("text", "that one")),
    one("answer_of_an_odd_shape", text("odd one", context=["x"]), Says("text", "odd one"), odd=True),
    one(
        "forward",
        text("look at this", context={"forwarded": True, "frequently_forwarded": True}),
        Says("text", "look at this"),
    ),
    one(
        "about_a_product",
        text("in stock?", context=PRESSED | {"referred_product": {"catalog_id": "5"}}),
        Says("text", "in stock?"),
    ),
    one(
        "from_an_advertisement",
        text("saw your ad", referral={"source_url": "https://example.com", "headline": "Winter"}),
        Says("text", "saw your ad"),
    ),
]

MESSAGES = [*TEXTS, *FILES, *KINDS]
