"""What WhatsApp may send, one case each, and what a correct receiver makes of it.

Written after Meta's webhook reference of the Cloud API; all people and numbers are invented.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.channels.whatsapp_payloads import (
    GUEST,
    GUEST_USER_ID,
    Json,
    change,
    contact,
    document,
    message,
    status,
    text,
)
from tests.fake_graph import ALPINE_NUMBER, SEA_VIEW_NUMBER

SENT = "wamid.SENT1"
OUR_NUMBER = "12025550100"


@dataclass(frozen=True)
class Says:
    """A message that is stored: its type, a part of what it reads, and where it is answered where that matters."""

    type: str
    text: str | None = None
    media: bool = False
    sender: str | None = None


@dataclass(frozen=True)
class Case:
    """``changes`` are the kinds of items that are no messages, each with what it names. ``odd`` ones are also tried in
    the middle of a body that is otherwise fine."""

    name: str
    payload: Any
    messages: tuple[Says, ...] = ()
    statuses: tuple[tuple[str, str, int | None], ...] = ()
    changes: tuple[tuple[str, Any], ...] = ()
    ignored: bool = False
    odd: bool = field(default=False)


def _one(name: str, raw: Json, *says: Says, odd: bool = False, **more: Any) -> Case:
    """A case of one message to Sea View."""
    return Case(name, document(_here(raw, **more)), messages=says, odd=odd)


def _here(*messages: object, **more: Any) -> Json:
    return change(*messages, number=SEA_VIEW_NUMBER, **more)


def _field(name: str, field_name: str, *, ignored: bool = True, **value: Any) -> Case:
    return Case(name, document(_here(field=field_name, **value)), ignored=ignored, odd=True)


def _report(name: str, *reports: Json, told: tuple[tuple[str, str, int | None], ...], odd: bool = False) -> Case:
    return Case(name, document(_here(statuses=list(reports))), statuses=told, odd=odd)


def _without(raw: Json, *names: str) -> Json:
    return {name: value for name, value in raw.items() if name not in names}


def _failed(code: int, title: str) -> Json:
    return status("failed", id=SENT, errors=[{"code": code, "title": title, "message": title}])


_FILE = {"id": "520000000000007", "sha256": "q83vASNFZ4k=", "mime_type": "image/jpeg"}
_PRESSED = {"from": OUR_NUMBER, "id": SENT}

TEXTS = [
    _one("text", text("Is the pool heated in November?"), Says("text", "pool heated", sender=GUEST)),
    _one("text_before_its_type", dict(reversed(text("Order of keys").items())), Says("text", "Order of keys")),
    _one("text_with_nul", text("bed\x00 and breakfast"), Says("text", "and breakfast"), odd=True),
    _one("text_with_a_lone_surrogate", text("half \ud83d a smile"), Says("text", "a smile"), odd=True),
    _one("text_of_spaces", text(" \n\t "), Says("text"), odd=True),
    _one("text_without_body", message("text", {}), Says("text"), odd=True),
    _one("text_as_a_list", message("text", [{"body": "x"}]), Says("text"), odd=True),
    _one("text_whose_body_is_a_number", message("text", {"body": 214}), Says("text"), odd=True),
    _one("text_of_markup", text("<script>alert(1)</script> {{7*7}} '; --"), Says("text", "alert(1)")),
    _one("text_of_emoji", text("👩‍👩‍👧‍👦🏳️‍🌈👍🏽"), Says("text", "👩‍👩‍👧‍👦🏳️‍🌈👍🏽")),
    _one("text_from_right_to_left", text("מגבות בבקשה"), Says("text", "מגבות")),
    _one("text_very_long", text("a" * 60_000 + "z"), Says("text", "az")),
    _one("text_with_unknown_siblings", text("new keys", mood={"a": [1, {"b": None}]}), Says("text", "new keys")),
    _one("text_without_contacts", text("nobody named"), Says("text", "nobody named"), contacts=None),
    _one("text_with_empty_contacts", text("empty list"), Says("text", "empty list"), contacts=[]),
    _one("text_without_profile", text("no name"), Says("text", "no name"), contacts=[{"wa_id": GUEST}]),
    _one("text_with_contacts_as_object", text("odd list"), Says("text", "odd list"), contacts={"0": {}}, odd=True),
    _one("text_with_other_contacts_first", text("hi"), Says("text", "hi"), contacts=[contact("Bo", "49"), contact()]),
    _one("text_without_time", _without(text("no time"), "timestamp"), Says("text", "no time")),
    *(
        _one(f"text_at_{at}", text("odd time", timestamp=at), Says("text", "odd time"), odd=True)
        for at in ("0", "-62135596800", "1795132801000", "99999999999999999999", "soon", 1795132801, 1.5, None, {})
    ),
]

FILES = [
    _one("image", message("image", _FILE | {"caption": "The tap drips"}), Says("image", "tap drips", media=True)),
    _one("video", message("video", _FILE | {"caption": "This noise"}), Says("video", "This noise", media=True)),
    _one(
        "voice_note",
        message("audio", _FILE | {"mime_type": "audio/ogg; codecs=opus", "voice": True}),
        Says("audio", media=True),
    ),
    _one("sticker", message("sticker", _FILE | {"animated": True}), Says("sticker", media=True)),
    _one(
        "document",
        message("document", _FILE | {"filename": "../../passwd\u202egpj.exe"}),
        Says("document", media=True),
        odd=True,
    ),
    _one(
        "document_with_a_long_name",
        message("document", _FILE | {"filename": "n" * 999 + ".pdf"}),
        Says("document", media=True),
        odd=True,
    ),
    _one(
        "image_with_a_long_caption",
        message("image", _FILE | {"caption": "c" * 9_000}),
        Says("image", "ccc", media=True),
    ),
    _one("image_without_id", message("image", {"caption": "nothing here"}), Says("image", "nothing here"), odd=True),
    _one("image_as_a_list", message("image", [_FILE]), Says("image"), odd=True),
    _one("image_with_a_number_as_id", message("image", _FILE | {"id": 52}), Says("image", media=True)),
    _one(
        "image_with_endless_values",
        message("image", _FILE | {"mime_type": "x" * 999, "sha256": "y" * 999}),
        Says("image", media=True),
        odd=True,
    ),
    _one(
        "file_too_big",
        _without(
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
    _one("place", message("location", {"latitude": -33.45, "longitude": 151.2}), Says("location", "-33.45, 151.2")),
    _one("place_at_nought", message("location", {"latitude": 0, "longitude": 0}), Says("location", "0, 0")),
    _one(
        "place_with_a_name",
        message("location", {"latitude": 1, "longitude": 2, "name": "Pier 4"}),
        Says("location", "Pier 4"),
    ),
    _one("place_nowhere", message("location", {"latitude": "north"}), Says("location"), odd=True),
    _one(
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
    _one("cards_of_nothing", message("contacts", [None, 5, {"name": "x"}, {"phones": {}}]), Says("contacts"), odd=True),
    _one(
        "order",
        message("order", {"catalog_id": "5", "product_items": [{"quantity": 2}, {"quantity": 1}]}),
        Says("order", "3 items"),
    ),
    _one("order_of_nothing", message("order", {"product_items": {"a": 1}}), Says("order", "0 items"), odd=True),
    _one("reaction", message("reaction", {"message_id": SENT, "emoji": "🙏"}), Says("reaction", "🙏")),
    _one("reaction_taken_back", message("reaction", {"message_id": SENT}), Says("reaction")),
    _one("reaction_with_empty_emoji", message("reaction", {"message_id": SENT, "emoji": ""}), Says("reaction")),
    _one("reaction_to_nothing", message("reaction", ["x"]), Says("reaction"), odd=True),
    _one(
        "button",
        message(
            "interactive",
            {"type": "button_reply", "button_reply": {"id": "early", "title": "Early please"}},
            context=_PRESSED,
        ),
        Says("interactive", "Early please"),
    ),
    _one(
        "list_row",
        message(
            "interactive",
            {"type": "list_reply", "list_reply": {"id": "r2", "title": "Garden room", "description": "Quiet"}},
            context=_PRESSED,
        ),
        Says("interactive", "Garden room"),
    ),
    _one(
        "list_row_without_description",
        message("interactive", {"type": "list_reply", "list_reply": {"id": "r3", "title": "Attic"}}),
        Says("interactive", "Attic"),
    ),
    _one(
        "form",
        message(
            "interactive",
            {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": '{"when": "10:00"}'}},
        ),
        Says("interactive", "Sent"),
    ),
    _one(
        "form_of_bad_json",
        message("interactive", {"type": "nfm_reply", "nfm_reply": {"body": "Sent", "response_json": "{oops"}}),
        Says("interactive", "Sent"),
        odd=True,
    ),
    _one(
        "pressed_some_other_way",
        message("interactive", {"type": "dial_reply", "dial_reply": {"value": 3}}),
        Says("interactive", "dial_reply"),
        odd=True,
    ),
    _one(
        "pressed_but_missing",
        message("interactive"),
        Says("interactive", "no longer there"),
        errors=[{"code": 131060, "title": "It is no longer there"}],
        odd=True,
    ),
    _one(
        "quick_reply_without_context",
        message("button", {"payload": "LATE", "text": "Late check-out"}),
        Says("button", "Late check-out"),
    ),
    _one("quick_reply_stop", message("button", {"payload": "STOP", "text": "Stop"}), Says("button", "Stop")),
    _one("welcome_asked_for", message("request_welcome"), Says("unsupported", "opened the chat")),
    _one(
        "unsupported_first_message",
        message("unsupported", errors=[{"code": 131060, "title": "This message is unavailable"}]),
        Says("unsupported", "This message is unavailable"),
    ),
    _one(
        "unsupported_of_a_kind",
        message("unsupported", {"type": "video_note"}, errors=[{"code": 131051}]),
        Says("unsupported", "video_note"),
    ),
    _one(
        "unknown",
        message(
            "unknown", errors=[{"code": 131051, "message": "Unknown", "error_data": {"details": "Not supported yet"}}]
        ),
        Says("unsupported", "Not supported yet"),
    ),
    _one("kind_of_the_future", message("hologram", {"id": "9"}), Says("unsupported", "hologram"), odd=True),
    _one("kind_that_is_a_list", text("x") | {"type": ["text"]}, Says("unsupported"), odd=True),
    _one("kind_missing", _without(text("x"), "type"), Says("unsupported"), odd=True),
    _one("answer", text("this one", context=_PRESSED), Says("text", "this one")),
    _one("answer_to_the_unknown", text("that one", context={"id": "wamid.NEVER", "from": 5}), Says("text", "that one")),
    _one("answer_of_an_odd_shape", text("odd one", context=["x"]), Says("text", "odd one"), odd=True),
    _one(
        "forward",
        text("look at this", context={"forwarded": True, "frequently_forwarded": True}),
        Says("text", "look at this"),
    ),
    _one(
        "about_a_product",
        text("in stock?", context=_PRESSED | {"referred_product": {"catalog_id": "5"}}),
        Says("text", "in stock?"),
    ),
    _one(
        "from_an_advertisement",
        text("saw your ad", referral={"source_url": "https://example.com", "headline": "Winter"}),
        Says("text", "saw your ad"),
    ),
]

PEOPLE = [
    _one(
        "brazil",
        text("bom dia") | {"from": "5511987654321"},
        Says("text", "bom dia", sender="5511987654321"),
        contacts=[contact("Caio", "551187654321")],
    ),
    _one(
        "mexico",
        text("hola") | {"from": "5215512345678"},
        Says("text", "hola", sender="5215512345678"),
        contacts=[contact("Luz", "525512345678")],
    ),
    _one(
        "argentina",
        text("buen día") | {"from": "541112345678"},
        Says("text", "buen día", sender="541112345678"),
        contacts=[contact("Eva", "5491112345678")],
    ),
    _one(
        "user_id_alone",
        _without(text("no number", from_user_id=GUEST_USER_ID), "from"),
        Says("text", "no number", sender=GUEST_USER_ID),
        contacts=[{"profile": {"username": "ines"}, "user_id": GUEST_USER_ID}],
    ),
    _one("user_id_beside_a_number", text("both", from_user_id=GUEST_USER_ID), Says("text", "both", sender=GUEST)),
    _one("from_as_a_number", text("digits") | {"from": int(GUEST)}, Says("text", "digits", sender=GUEST)),
    _one("from_with_a_plus", text("plus") | {"from": f"+{GUEST}"}, Says("text", "plus", sender=GUEST)),
    _one("group", text("to all", group_id="GRP-77"), Says("text", "to all", sender="GRP-77")),
    Case("nobody", document(_here(_without(text("who?"), "from"))), ignored=True, odd=True),
    Case(
        "number_changed",
        document(
            _here(
                messages=[
                    message("system", {"type": "user_changed_number", "wa_id": "351912000222", "body": "changed"})
                ]
            )
        ),
        changes=(("identity", (GUEST, "351912000222")),),
        odd=True,
    ),
    Case(
        "user_id_changed",
        document(
            _here(messages=[_without(message("system", {"type": "user_changed_user_id", "user_id": "PT.72"}), "from")])
        ),
        changes=(("identity", (None, "PT.72")),),
        odd=True,
    ),
    Case(
        "user_id_updated",
        document(
            _here(field="user_id_update", user_id_update=[{"user_id": {"previous": "PT.71", "current": "PT.72"}}])
        ),
        changes=(("identity", ("PT.71", "PT.72")),),
        odd=True,
    ),
    Case(
        "user_id_updated_to_nothing",
        document(_here(field="user_id_update", user_id_update=[{"user_id": 7}, None])),
        ignored=True,
        odd=True,
    ),
    Case(
        "keys_changed",
        document(_here(messages=[message("system", {"type": "customer_identity_changed"})])),
        changes=(("identity", (GUEST, GUEST)),),
        odd=True,
    ),
    Case(
        "note_of_the_system",
        document(_here(messages=[message("system", {"type": "something_else"})])),
        ignored=True,
        odd=True,
    ),
    _field(
        "preference",
        "user_preferences",
        user_preferences=[{"wa_id": GUEST, "category": "marketing_messages", "value": "stop"}],
    ),
    _field("preference_of_an_odd_shape", "user_preferences", user_preferences={"wa_id": GUEST}),
]

CORRECTIONS = [
    Case(
        "edit",
        document(
            _here(
                message(
                    "edit",
                    {
                        "original_message_id": "wamid.EARLIER",
                        "message": {"type": "image", "image": _FILE | {"caption": "mended"}},
                    },
                )
            )
        ),
        changes=(("edited", "wamid.EARLIER"),),
        odd=True,
    ),
    Case(
        "edit_without_a_text",
        document(_here(message("edit", {"original_message_id": "wamid.EARLIER"}))),
        ignored=True,
        odd=True,
    ),
    Case(
        "revoke",
        document(_here(message("revoke", {"original_message_id": "wamid.NEVER"}))),
        changes=(("revoked", "wamid.NEVER"),),
        odd=True,
    ),
    Case("revoke_of_nothing", document(_here(message("revoke", "wamid.NEVER"))), ignored=True, odd=True),
]

BATCHES = [
    Case(
        "two_changes",
        document(_here(text("one", id="b1")), _here(text("two", id="b2"))),
        (Says("text", "one"), Says("text", "two")),
    ),
    Case(
        "two_numbers",
        document(_here(text("to the sea")), change(text("to the hills"), number=ALPINE_NUMBER)),
        (Says("text", "to the sea"), Says("text", "to the hills")),
    ),
    Case(
        "odd_neighbours",
        document(_here({"from": GUEST}, text("good"), "garbage", None, 7, [])),
        (Says("text", "good"),),
    ),
    Case(
        "thirty",
        document(_here(*(text(f"no. {n}", id=f"b{n}") for n in range(30)))),
        tuple(Says("text", f"no. {n}") for n in range(30)),
    ),
    Case("the_same_id_twice", document(_here(text("first"), text("second"))), (Says("text", "first"),)),
    Case(
        "messages_beside_statuses",
        document(_here(text("hello"), statuses=[status("read", id=SENT)])),
        (Says("text", "hello"),),
        ((SENT, "read", None),),
    ),
    Case(
        "messages_beside_administration",
        document(_here(field="message_template_status_update", event="APPROVED"), _here(text("mixed"))),
        (Says("text", "mixed"),),
    ),
]

STATUSES = [
    _report("sent", status("sent", id=SENT, pricing={"billable": True}), told=((SENT, "sent", None),)),
    _report(
        "out_of_order",
        *(status(word, id=SENT) for word in ("read", "delivered", "sent")),
        told=((SENT, "read", None), (SENT, "delivered", None), (SENT, "sent", None)),
    ),
    _report("twice", status(id=SENT), status(id=SENT), told=((SENT, "delivered", None),)),
    _report("failed_at_the_guest", _failed(131026, "Undeliverable"), told=((SENT, "failed", 131026),)),
    _report("failed_for_the_window", _failed(131047, "Re-engagement"), told=((SENT, "failed", 131047),)),
    _report("failed_without_a_word", status("failed", id=SENT), told=((SENT, "failed", None),)),
    _report(
        "failed_with_odd_errors",
        status("failed", id=SENT, errors={"code": 1}),
        told=((SENT, "failed", None),),
        odd=True,
    ),
    _report(
        "with_foreign_data", status("sent", id=SENT, biz_opaque_callback_data="task-9"), told=((SENT, "sent", None),)
    ),
    _report(
        "of_a_user_id",
        _without(status(id=SENT, recipient_user_id=GUEST_USER_ID), "recipient_id"),
        told=((SENT, "delivered", None),),
    ),
    _report("played", status("played", id=SENT), told=((SENT, "played", None),)),
    _report("deleted", status("deleted", id=SENT), told=((SENT, "deleted", None),), odd=True),
    _report("of_the_future", status("snoozed", id=SENT), told=((SENT, "snoozed", None),), odd=True),
    _report(
        "beside_odd_ones", None, "x", {"id": "a"}, {"status": []}, status("read", id=SENT), told=((SENT, "read", None),)
    ),
    Case(
        "fault_of_the_number",
        document(_here(errors=[{"code": 130429, "title": "Too fast"}])),
        changes=(("fault", 130429),),
        odd=True,
    ),
]

OF_NO_CONCERN = [
    _field("template_quality", "message_template_quality_update", new_quality_score="YELLOW"),
    _field("template_status", "message_template_status_update", event="REJECTED", message_template_name="arrival"),
    _field("number_quality", "phone_number_quality_update", event="DOWNGRADE"),
    _field("account_restricted", "account_update", event="ACCOUNT_RESTRICTION", restriction_info=[{}]),
    _field("account_alert", "account_alerts", alert_info={}),
    _field("security", "security", event="PIN_CHANGED"),
    _field("username", "business_username_update", status="approved"),
    _field("history", "history", history=[{"threads": [{"messages": [text("old")]}]}], messages=[text("old")]),
    _field("calls", "calls", calls=[{"id": "c1"}], statuses=[status("sent")], messages=[text("ring")]),
    _field("group_members", "group_participants_update", groups=[{"group_id": "GRP-77"}]),
    _field("unknown_field", "weather_update", messages=[text("rain")]),
    Case("unknown_number", document(change(text("not ours"), number="799000000000000")), ignored=True, odd=True),
    Case("no_value", document(_here()), ignored=True, odd=True),
    Case("no_changes", {"object": "whatsapp_business_account", "entry": [{"id": "1"}]}, ignored=True),
    Case("entry_is_no_list", {"entry": {"changes": []}}, ignored=True),
    Case("root_is_a_list", [1, 2], ignored=True),
    Case("root_is_a_text", "text", ignored=True),
    Case("message_without_id", document(_here(_without(text("no id"), "id"))), ignored=True, odd=True),
    Case("message_with_an_object_as_id", document(_here(text("odd id") | {"id": {"a": 1}})), ignored=True, odd=True),
]

CASES = [*TEXTS, *FILES, *KINDS, *PEOPLE, *CORRECTIONS, *BATCHES, *STATUSES, *OF_NO_CONCERN]
