"""What Instagram may send, one case each, and what a correct receiver makes of it.

Written after Meta's webhook reference of Instagram messaging; all people and accounts are invented.
"""

from typing import Any

from tests.channels.instagram_payloads import (
    ACCOUNT,
    CDN,
    GUEST,
    Json,
    attachment,
    document,
    echo,
    event,
    message,
    text,
)
from tests.inbound_cases import Case, Says

SENT = "mid.sent1"
ODD_TIMES: tuple[Any, ...] = (0, -5, "1795132801000", "9" * 30, "soon", 1.5, None, {}, 10**40)


def one(name: str, raw: object, *says: Says, odd: bool = False, **more: Any) -> Case:
    """A case of one event."""
    return Case(name, document(raw), messages=says, odd=odd, **more)


def nothing(name: str, raw: object) -> Case:
    """An event that brings about nothing."""
    return one(name, raw, ignored=True, odd=True)


def without(raw: Json, *names: str) -> Json:
    return {name: value for name, value in raw.items() if name not in names}


MESSAGES = [
    one("text", text("Is there a cot?"), Says("text", "a cot", sender=GUEST)),
    one("text_with_nul", text("bed\x00 and breakfast"), Says("text", "and breakfast"), odd=True),
    one("text_with_a_lone_surrogate", text("half \ud83d a smile"), Says("text", "a smile"), odd=True),
    one("text_of_spaces", text(" \n "), Says("text"), odd=True),
    one("text_of_emoji", text("👩‍👩‍👧‍👦👍🏽"), Says("text", "👩‍👩‍👧‍👦👍🏽")),
    one("text_very_long", text("a" * 16_383 + "z" + "b" * 60_000), Says("text", "az…")),
    one("text_empty", text(""), Says("unsupported", "cannot be shown"), odd=True),
    one("text_as_a_list", message(text=["x"]), Says("unsupported", "cannot be shown"), odd=True),
    *(
        one(f"text_at_{at}", text("odd time") | {"timestamp": at}, Says("text", "odd time"), odd=True)
        for at in ODD_TIMES
    ),
    one("text_without_time", without(text("no time"), "timestamp"), Says("text", "no time"), odd=True),
    one("text_without_recipient", without(text("to whom"), "recipient"), Says("text", "to whom"), odd=True),
    one("text_with_unknown_siblings", text("new keys", mood={"a": [1]}), Says("text", "new keys"), odd=True),
    one("quick_reply", text("Late", quick_reply={"payload": "LATE"}), Says("text", "Late")),
    one("quick_reply_of_an_odd_shape", text("Late", quick_reply=["LATE"]), Says("text", "Late"), odd=True),
    one("answer", text("this one", reply_to={"mid": SENT}), Says("text", "this one")),
    one("answer_to_a_story", text("nice!", reply_to={"story": {"id": "5", "url": CDN}}), Says("text", "nice!")),
    one("answer_of_an_odd_shape", text("odd", reply_to=[SENT]), Says("text", "odd"), odd=True),
    one("from_an_advertisement", text("saw it", referral={"ref": "winter", "source": "ADS"}), Says("text", "saw it")),
    one("image", message(attachments=[attachment("image")]), Says("image", media=True)),
    one("video", message(attachments=[attachment("video")]), Says("video", media=True)),
    one("audio", message(attachments=[attachment("audio")]), Says("audio", media=True)),
    one("file", message(attachments=[attachment("file")]), Says("document", media=True)),
    one(
        "image_with_a_text",
        message(text="The tap drips", attachments=[attachment("image")]),
        Says("image", "tap drips", media=True),
    ),
    one(
        "three_images",
        message(attachments=[attachment("image", f"{CDN}{n}") for n in range(3)]),
        *[Says("image", media=True)] * 3,
    ),
    one(
        "story_mention", message(attachments=[attachment("story_mention")]), Says("story_mention", "story", media=True)
    ),
    one(
        "image_without_address", message(attachments=[attachment("image", None)]), Says("image", "cannot be"), odd=True
    ),
    one(
        "image_with_an_endless_address",
        message(attachments=[attachment("image", "https://example.com/" + "x" * 4_000)]),
        Says("image", "cannot be shown"),
        odd=True,
    ),
    one("image_as_a_text", message(attachments=["image"]), Says("unsupported", "cannot be shown"), odd=True),
    one("attachments_as_an_object", message(attachments={"0": 1}), Says("unsupported", "cannot be shown"), odd=True),
    one(
        "shared_post",
        message(attachments=[attachment("share", title="Sunset deck")]),
        Says("unsupported", f"The guest shared a post: Sunset deck {CDN}"),
    ),
    one("shared_reel", message(attachments=[attachment("ig_reel")]), Says("unsupported", "The guest shared a reel")),
    one("kind_of_the_future", message(attachments=[attachment("hologram")]), Says("unsupported", "hologram"), odd=True),
    one("unsupported", message(is_unsupported=True), Says("unsupported", "cannot be shown")),
]

PRESSED = [
    one("postback", event({"postback": {"mid": "mid.p1", "title": "Menu", "payload": "MENU"}}), Says("button", "Menu")),
    one("postback_without_id", event({"postback": {"title": "Menu", "payload": "MENU"}}), Says("button", "Menu")),
    one("postback_without_title", event({"postback": {"payload": "MENU"}}), Says("button", "MENU"), odd=True),
    one("postback_of_nothing", event({"postback": {}}), Says("unsupported", "cannot be shown"), odd=True),
    one(
        "referral", event({"referral": {"ref": "pool", "source": "SHORTLINK"}}), Says("unsupported", "by a link: pool")
    ),
    one("reaction", event({"reaction": {"mid": SENT, "action": "react", "emoji": "❤️"}}), Says("reaction", "❤️")),
    one("reaction_by_name", event({"reaction": {"mid": SENT, "reaction": "wow"}}), Says("reaction", "wow")),
    one("reaction_taken_back", event({"reaction": {"mid": SENT, "action": "unreact"}}), Says("reaction")),
]

REPORTS = [
    one("seen", event({"read": {"mid": SENT}}), statuses=((SENT, "read", None),)),
    one(
        "delivered",
        event({"delivery": {"mids": [SENT, "mid.sent2", 5, None]}}),
        statuses=((SENT, "delivered", None), ("mid.sent2", "delivered", None), ("5", "delivered", None)),
    ),
]

CHANGES = [
    one("deleted", message(is_deleted=True), changes=(("revoked", "mid.a1"),)),
    one(
        "edited",
        event({"message_edit": {"mid": "mid.a1", "text": "two cots", "num_edit": 1}}),
        changes=(("edited", "mid.a1"),),
    ),
]

IGNORED = [
    nothing("echo_to_a_stranger", echo(text="We do.")),
    nothing(
        "echo_without_the_word", event({"message": {"mid": "m", "text": "We do."}}, sender=ACCOUNT, recipient=GUEST)
    ),
    nothing("reaction_to_nothing", event({"reaction": {"action": "react"}})),
    nothing("reaction_of_the_hotel", event({"reaction": {"mid": SENT}}, sender=ACCOUNT, recipient=GUEST)),
    nothing("seen_by_the_hotel", event({"read": {"mid": "mid.a1"}}, sender=ACCOUNT, recipient=GUEST)),
    nothing("seen_nothing", event({"read": {"watermark": 1795132800000}})),
    nothing("edited_to_nothing", event({"message_edit": {"mid": "mid.a1"}})),
    nothing("message_without_id", event({"message": {"text": "x"}})),
    nothing("message_as_a_list", event({"message": ["x"]})),
    nothing("message_of_nobody", without(text("x"), "sender")),
    nothing("message_to_oneself", event({"message": {"mid": "m", "text": "x"}}, sender=ACCOUNT)),
    nothing("event_of_the_future", event({"hologram": {"mid": "x"}})),
    nothing("event_of_nothing", {}),
    nothing("event_as_a_text", "message"),
    Case(
        "comment", {"object": "instagram", "entry": [{"id": ACCOUNT, "changes": [{"field": "comments"}]}]}, ignored=True
    ),
    Case("standby", {"object": "instagram", "entry": [{"id": ACCOUNT, "standby": [text("x")]}]}, ignored=True),
    Case("strange_account", document(text("lost"), account="17849999999999999"), ignored=True),
    Case("no_entries", {"object": "instagram"}, ignored=True),
    Case("entries_as_an_object", {"object": "instagram", "entry": {"id": ACCOUNT}}, ignored=True),
    Case("an_array", [text("x")], ignored=True),
    Case("a_text", "instagram", ignored=True),
]

MANY = [
    Case(
        "many",
        document(text("one", mid="m1"), text("two", mid="m2"), event({"read": {"mid": SENT}}), text("one", mid="m1")),
        messages=(Says("text", "one"), Says("text", "two")),
        statuses=((SENT, "read", None),),
    )
]

CASES = [*MESSAGES, *PRESSED, *REPORTS, *CHANGES, *IGNORED, *MANY]
