"""What else WhatsApp may send: people of every kind, corrections, batches, statuses, and what concerns nobody.

``CASES`` are all, those of ``whatsapp_cases.py`` among them.
"""

from typing import Any

from tests.channels.whatsapp_cases import FILE, MESSAGES, SENT, here, one, without
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
from tests.fake_graph import ALPINE_NUMBER
from tests.inbound_cases import Case, Says


def field_of(name: str, field_name: str, *, ignored: bool = True, **value: Any) -> Case:
    return Case(name, document(here(field=field_name, **value)), ignored=ignored, odd=True)


def report(name: str, *reports: object, told: tuple[tuple[str, str, int | None], ...], odd: bool = False) -> Case:
    return Case(name, document(here(statuses=list(reports))), statuses=told, odd=odd)


def failed(code: int, title: str) -> Json:
    return status("failed", id=SENT, errors=[{"code": code, "title": title, "message": title}])


PEOPLE = [
    one(
        "brazil",
        text("bom dia") | {"from": "5511987654321"},
        Says("text", "bom dia", sender="5511987654321"),
        contacts=[contact("Caio", "551187654321")],
    ),
    one(
        "mexico",
        text("hola") | {"from": "5215512345678"},
        Says("text", "hola", sender="5215512345678"),
        contacts=[contact("Luz", "525512345678")],
    ),
    one(
        "argentina",
        text("buen día") | {"from": "541112345678"},
        Says("text", "buen día", sender="541112345678"),
        contacts=[contact("Eva", "5491112345678")],
    ),
    one(
        "user_id_alone",
        without(text("no number", from_user_id=GUEST_USER_ID), "from"),
        Says("text", "no number", sender=GUEST_USER_ID),
        contacts=[{"profile": {"username": "ines"}, "user_id": GUEST_USER_ID}],
    ),
    one("user_id_beside_a_number", text("both", from_user_id=GUEST_USER_ID), Says("text", "both", sender=GUEST)),
    one("from_as_a_number", text("digits") | {"from": int(GUEST)}, Says("text", "digits", sender=GUEST)),
    one("from_with_a_plus", text("plus") | {"from": f"+{GUEST}"}, Says("text", "plus", sender=GUEST)),
    one("group", text("to all", group_id="GRP-77"), Says("text", "to all", sender="GRP-77")),
    Case("nobody", document(here(without(text("who?"), "from"))), ignored=True, odd=True),
    Case(
        "number_changed",
        document(
            here(
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
            here(messages=[without(message("system", {"type": "user_changed_user_id", "user_id": "PT.72"}), "from")])
        ),
        changes=(("identity", (None, "PT.72")),),
        odd=True,
    ),
    Case(
        "user_id_updated",
        document(here(field="user_id_update", user_id_update=[{"user_id": {"previous": "PT.71", "current": "PT.72"}}])),
        changes=(("identity", ("PT.71", "PT.72")),),
        odd=True,
    ),
    Case(
        "user_id_updated_to_nothing",
        document(here(field="user_id_update", user_id_update=[{"user_id": 7}, None])),
        ignored=True,
        odd=True,
    ),
    Case(
        "keys_changed",
        document(here(messages=[message("system", {"type": "customer_identity_changed"})])),
        changes=(("identity", (GUEST, GUEST)),),
        odd=True,
    ),
    Case(
        "note_of_the_system",
        document(here(messages=[message("system", {"type": "something_else"})])),
        ignored=True,
        odd=True,
    ),
    field_of(
        "preference",
        "user_preferences",
        user_preferences=[{"wa_id": GUEST, "category": "marketing_messages", "value": "stop"}],
    ),
    field_of("preference_of_an_odd_shape", "user_preferences", user_preferences={"wa_id": GUEST}),
]

CORRECTIONS = [
    Case(
        "edit",
        document(
            here(
                message(
                    "edit",
                    {
                        "original_message_id": "wamid.EARLIER",
                        "message": {"type": "image", "image": FILE | {"caption": "mended"}},
                    },
                )
            )
        ),
        changes=(("edited", "wamid.EARLIER"),),
        odd=True,
    ),
    Case(
        "edit_without_a_text",
        document(here(message("edit", {"original_message_id": "wamid.EARLIER"}))),
        ignored=True,
        odd=True,
    ),
    Case(
        "revoke",
        document(here(message("revoke", {"original_message_id": "wamid.NEVER"}))),
        changes=(("revoked", "wamid.NEVER"),),
        odd=True,
    ),
    Case("revoke_of_nothing", document(here(message("revoke", "wamid.NEVER"))), ignored=True, odd=True),
]

BATCHES = [
    Case(
        "two_changes",
        document(here(text("one", id="b1")), here(text("two", id="b2"))),
        (Says("text", "one"), Says("text", "two")),
    ),
    Case(
        "two_numbers",
        document(here(text("to the sea")), change(text("to the hills"), number=ALPINE_NUMBER)),
        (Says("text", "to the sea"), Says("text", "to the hills")),
    ),
    Case(
        "odd_neighbours",
        document(here({"from": GUEST}, text("good"), "garbage", None, 7, [])),
        (Says("text", "good"),),
    ),
    Case(
        "thirty",
        document(here(*(text(f"no. {n}", id=f"b{n}") for n in range(30)))),
        tuple(Says("text", f"no. {n}") for n in range(30)),
    ),
    Case("the_same_id_twice", document(here(text("first"), text("second"))), (Says("text", "first"),)),
    Case(
        "messages_beside_statuses",
        document(here(text("hello"), statuses=[status("read", id=SENT)])),
        (Says("text", "hello"),),
        ((SENT, "read", None),),
    ),
    Case(
        "messages_beside_administration",
        document(here(field="message_template_status_update", event="APPROVED"), here(text("mixed"))),
        (Says("text", "mixed"),),
    ),
]

STATUSES = [
    report("sent", status("sent", id=SENT, pricing={"billable": True}), told=((SENT, "sent", None),)),
    report(
        "out_of_order",
        *(status(word, id=SENT) for word in ("read", "delivered", "sent")),
        told=((SENT, "read", None), (SENT, "delivered", None), (SENT, "sent", None)),
    ),
    report("twice", status(id=SENT), status(id=SENT), told=((SENT, "delivered", None),)),
    report("failed_at_the_guest", failed(131026, "Undeliverable"), told=((SENT, "failed", 131026),)),
    report("failed_for_the_window", failed(131047, "Re-engagement"), told=((SENT, "failed", 131047),)),
    report("failed_without_a_word", status("failed", id=SENT), told=((SENT, "failed", None),)),
    report(
        "failed_with_odd_errors",
        status("failed", id=SENT, errors={"code": 1}),
        told=((SENT, "failed", None),),
        odd=True,
    ),
    report(
        "with_foreign_data", status("sent", id=SENT, biz_opaque_callback_data="task-9"), told=((SENT, "sent", None),)
    ),
    report(
        "of_a_user_id",
        without(status(id=SENT, recipient_user_id=GUEST_USER_ID), "recipient_id"),
        told=((SENT, "delivered", None),),
    ),
    report("played", status("played", id=SENT), told=((SENT, "played", None),)),
    report("deleted", status("deleted", id=SENT), told=((SENT, "deleted", None),), odd=True),
    report("of_the_future", status("snoozed", id=SENT), told=((SENT, "snoozed", None),), odd=True),
    report(
        "beside_odd_ones", None, "x", {"id": "a"}, {"status": []}, status("read", id=SENT), told=((SENT, "read", None),)
    ),
    Case(
        "fault_of_the_number",
        document(here(errors=[{"code": 130429, "title": "Too fast"}])),
        changes=(("fault", 130429),),
        odd=True,
    ),
]

OF_NO_CONCERN = [
    field_of("template_quality", "message_template_quality_update", new_quality_score="YELLOW"),
    field_of("template_status", "message_template_status_update", event="REJECTED", message_template_name="arrival"),
    field_of("number_quality", "phone_number_quality_update", event="DOWNGRADE"),
    field_of("account_restricted", "account_update", event="ACCOUNT_RESTRICTION", restriction_info=[{}]),
    field_of("account_alert", "account_alerts", alert_info={}),
    field_of("security", "security", event="PIN_CHANGED"),
    field_of("username", "business_username_update", status="approved"),
    field_of("history", "history", history=[{"threads": [{"messages": [text("old")]}]}], messages=[text("old")]),
    field_of("calls", "calls", calls=[{"id": "c1"}], statuses=[status("sent")], messages=[text("ring")]),
    field_of("group_members", "group_participants_update", groups=[{"group_id": "GRP-77"}]),
    field_of("unknown_field", "weather_update", messages=[text("rain")]),
    Case("unknown_number", document(change(text("not ours"), number="799000000000000")), ignored=True, odd=True),
    Case("no_value", document(here()), ignored=True, odd=True),
    Case("no_changes", {"object": "whatsapp_business_account", "entry": [{"id": "1"}]}, ignored=True),
    Case("entry_is_no_list", {"entry": {"changes": []}}, ignored=True),
    Case("root_is_a_list", [1, 2], ignored=True),
    Case("root_is_a_text", "text", ignored=True),
    Case("message_without_id", document(here(without(text("no id"), "id"))), ignored=True, odd=True),
    Case("message_with_an_object_as_id", document(here(text("odd id") | {"id": {"a": 1}})), ignored=True, odd=True),
]

CASES = [*MESSAGES, *PEOPLE, *CORRECTIONS, *BATCHES, *STATUSES, *OF_NO_CONCERN]
