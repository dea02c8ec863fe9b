"""What Telegram may send, one case each, and what a correct receiver makes of it.

Written after the Bot API's reference; all people and ids are invented.
"""

from typing import Any

from tests.fake_telegram import GUEST, Json, message, person, pressing, private
from tests.inbound_cases import Case, Says

GROUP = -1002300000007
PHOTO = [
    {"file_id": "ph-small", "file_unique_id": "a", "width": 90, "height": 67, "file_size": 900},
    {"file_id": "ph-large", "file_unique_id": "c", "width": 1280, "height": 960, "file_size": 140_000},
    {"file_id": "ph-middle", "file_unique_id": "b", "width": 320, "height": 240, "file_size": 9_000},
]
DEEP: Any = "x"
for _ in range(200):
    DEEP = {"type": "bold", "text": DEEP}
HUGE = 21 * 1024 * 1024


def one(name: str, says: Says, **content: Any) -> Case:
    return Case(name, update(message=message(5) | content), (says,))


def update(**holds: Any) -> Json:
    return {"update_id": 700000001, **holds}


def in_group(**content: Any) -> Json:
    return message(5, **content) | {"chat": {"id": GROUP, "title": "The wedding", "type": "supergroup"}}


def member(before: str, now: str, chat: Json | None = None) -> Json:
    bot = {"id": 1, "is_bot": True, "first_name": "B"}
    return {
        "chat": chat or private(),
        "from": person(),
        "date": 1795132800,
        "old_chat_member": {"user": bot, "status": before},
        "new_chat_member": {"user": bot, "status": now},
    }


def file(file_id: str, **more: Any) -> Json:
    return {"file_id": file_id, "file_unique_id": f"u-{file_id}", **more}


TEXTS = [
    one("text", Says("text", "late checkout", sender=str(GUEST)), text="Is a late checkout possible?"),
    one("text_of_a_start_link", Says("text", "/start spa"), text="/start spa"),
    one("text_with_nul", Says("text", "and towels"), text="soap\x00 and towels"),
    one("text_with_a_lone_surrogate", Says("text", "a smile"), text="half \ud83d a smile"),
    one("text_very_long", Says("text", "az…"), text="a" * 16_383 + "z" + "b" * 9_000),
    one("text_that_is_a_number", Says("text", "cannot be shown"), text=214),
    one("text_that_answers", Says("text", "that one"), text="that one", reply_to_message={"message_id": 3}),
    one("text_without_a_date", Says("text", "when"), text="when", date=None),
    one("text_of_a_far_future", Says("text", "when"), text="when", date=10**11),
    one("text_of_a_forward", Says("text", "look"), text="look", forward_origin={"type": "user", "date": 1}),
    one("text_with_odd_siblings", Says("text", "odd"), text="odd", entities={"a": 1}, reply_to_message="x", quote=[]),
    one("text_of_a_nameless", Says("text", "who"), text="who", **{"from": {"id": GUEST}}),
    one("text_without_a_writer", Says("text", "me", sender=str(GUEST)), text="me", **{"from": None}),
]

FILES = [
    one("photo", Says("image", "The tap drips", "ph-large"), caption="The tap drips", photo=PHOTO),
    one("photo_of_no_size", Says("image", "cannot be shown"), photo=[]),
    one("photo_of_an_album", Says("image", None, "ph-large"), photo=PHOTO, media_group_id="99"),
    one("voice", Says("audio", "", "vo"), voice=file("vo", duration=2, mime_type="audio/ogg")),
    one("audio", Says("audio", "", "au"), audio=file("au", mime_type="audio/mpeg", file_name="song.mp3")),
    one("video", Says("video", "Noise", "vi"), video=file("vi", mime_type="video/mp4"), caption="Noise"),
    one("round_video", Says("video", "", "vn"), video_note=file("vn", length=240)),
    one("moving_picture", Says("video", "", "an"), animation=file("an"), document=file("an")),
    one("document", Says("document", "", "do"), document=file("do", file_name="../../a\u202egpj.exe")),
    one("document_without_id", Says("document", "cannot be shown"), document={"file_name": "a.pdf"}),
    one("document_too_big", Says("document", "22 MB"), document=file("do", file_size=HUGE)),
    one("sticker", Says("sticker", "👋", "st"), sticker=file("st", emoji="👋", is_animated=False, is_video=False)),
    one(
        "sticker_that_moves",
        Says("sticker", "👋", "still"),
        sticker=file("st", emoji="👋", is_animated=True, thumbnail=file("still")),
    ),
]

KINDS = [
    one("place", Says("location", "-33.45, 151.2"), location={"latitude": -33.45, "longitude": 151.2}),
    one("place_at_nought", Says("location", "0, 0"), location={"latitude": 0, "longitude": 0}),
    one("place_nowhere", Says("location", "cannot be shown"), location={"latitude": "north"}),
    one(
        "place_with_a_name",
        Says("location", "Pier 4, Harbour Road"),
        venue={"location": {"latitude": 1.5, "longitude": 2}, "title": "Pier 4", "address": "Harbour Road"},
        location={"latitude": 1.5, "longitude": 2},
    ),
    one(
        "card",
        Says("contacts", "Rui Taxi (+351912000333)"),
        contact={"phone_number": "+351912000333", "first_name": "Rui", "last_name": "Taxi"},
    ),
    one("card_of_nothing", Says("contacts", "cannot be shown"), contact=["x"]),
    one("dice", Says("text", "🎲"), dice={"emoji": "🎲", "value": 4}),
    one(
        "rich_text",
        Says("text", "Arrival\nWe come late, by the night train.\n1. two towels\n[photo]\nThe platform"),
        rich_message={
            "blocks": [
                {"type": "section_heading", "text": "Arrival", "size": 1},
                {
                    "type": "paragraph",
                    "text": ["We come ", {"type": "bold", "text": ["late", ", "]}, "by the night train."],
                },
                {
                    "type": "list",
                    "items": [{"label": "1.", "blocks": [{"type": "paragraph", "text": "two towels"}]}],
                },
                {"type": "divider"},
                {"type": "photo", "photo": PHOTO, "caption": {"text": "The platform"}},
            ]
        },
    ),
    one("rich_text_of_nothing", Says("text", "cannot be shown"), rich_message={"blocks": [{"type": "divider"}, 7, []]}),
    one("rich_text_too_deep", Says("text", "cannot be shown"), rich_message={"blocks": [{"text": DEEP}]}),
    one("kind_of_the_future", Says("unsupported", "hologram"), hologram={"x": 1}),
    one("kind_missing", Says("unsupported", "cannot be shown")),
]

PRESSED = [
    Case("button", update(**pressing("late")), (Says("callback_query", "late", sender=str(GUEST)),)),
    Case(
        "button_with_its_title",
        update(**pressing("2", reply_markup={"inline_keyboard": [[{"text": "Towels", "callback_data": "2"}]]})),
        (Says("callback_query", "Towels"),),
    ),
    Case("button_of_an_old_message", update(**pressing("late", date=0)), (Says("callback_query", "late"),)),
    Case(
        "button_of_no_message",
        update(callback_query={"id": "9", "from": person(), "inline_message_id": "x", "data": "yes"}),
        (Says("callback_query", "yes", sender=str(GUEST)),),
    ),
    Case(
        "button_of_a_game",
        update(callback_query={"id": "9", "from": person(), "game_short_name": "chess"}),
        (Says("callback_query", "cannot be shown"),),
    ),
    Case("button_of_nobody", update(callback_query={"id": "9", "data": "x"}), ignored=True),
]

GROUPS = [
    Case("group", update(message=in_group(text="When is dinner?")), (Says("text", "dinner", sender=str(GROUP)),)),
    Case("group_service", update(message=in_group(new_chat_members=[person()])), ignored=True),
    Case("channel_post", update(channel_post=message(5, text="News")), ignored=True),
    Case(
        "group_moves",
        update(message=in_group(migrate_to_chat_id=-1009)),
        changes=(("identity", (str(GROUP), "-1009")),),
    ),
]

CHANGES = [
    Case(
        "edited",
        update(edited_message=message(5, text="two towels", edit_date=1795132900)),
        changes=(("edited", f"{GUEST}:5"),),
    ),
    Case("blocked", update(my_chat_member=member("member", "kicked")), changes=(("blocked", True),)),
    Case("unblocked", update(my_chat_member=member("kicked", "member")), changes=(("blocked", False),)),
    Case("neither", update(my_chat_member=member("member", "administrator")), ignored=True),
    Case(
        "reaction",
        update(
            message_reaction={
                "chat": private(),
                "message_id": 12,
                "user": person(),
                "date": 1795132800,
                "old_reaction": [],
                "new_reaction": [{"type": "emoji", "emoji": "🙏"}],
            }
        ),
        (Says("reaction", "🙏"),),
    ),
]

OTHERS = [
    Case("update_of_the_future", update(new_kind={"a": 1}), ignored=True),
    Case("update_of_nothing", {}, ignored=True),
    Case("message_that_is_a_list", update(message=[1]), ignored=True),
    Case("message_without_id", update(message={"from": person(), "chat": private(), "text": "x"}), ignored=True),
    Case("message_without_chat", update(message={"message_id": 5, "text": "x"}), ignored=True),
    Case(
        "chat_of_an_odd_kind",
        update(message=message(5, text="x") | {"chat": {"id": GUEST, "type": ["private"]}}),
        (Says("text", "x", sender=str(GUEST)),),
    ),
    Case("array_at_the_root", [update(message=message(5, text="x"))], ignored=True),
    Case("text_at_the_root", "hello", ignored=True),
]

CASES = [*TEXTS, *FILES, *KINDS, *PRESSED, *GROUPS, *CHANGES, *OTHERS]
