"""What one message of Telegram's says. It has no type: the name of what it holds is its type."""

import math
from collections.abc import Callable
from typing import Any, Final

import msgspec

from app.channels.items import InboundMedia
from app.channels.shapes import Json, as_id, as_integer, as_list, as_object, as_text, as_words
from app.channels.telegram.rich import words_of
from app.core.types import MessageType

LARGEST_FILE: Final = 20 * 1024 * 1024
"""Bytes. Telegram hands no larger file to a bot."""
MOST_LINKS: Final = 20
LONGEST_NAMES: Final = 1_000

_ENVELOPE: Final = frozenset(
    {
        *("message_id", "message_thread_id", "direct_messages_topic", "from", "sender_chat", "sender_boost_count"),
        *("sender_business_bot", "sender_tag", "date", "guest_query_id", "business_connection_id", "chat"),
        *("forward_origin", "is_topic_message", "is_automatic_forward", "reply_to_message", "external_reply", "quote"),
        *("reply_to_story", "reply_to_checklist_task_id", "reply_to_poll_option_id", "via_bot", "edit_date"),
        *("has_protected_content", "is_from_offline", "is_paid_post", "media_group_id", "author_signature"),
        *("paid_star_count", "effect_id", "reply_markup", "caption", "caption_entities", "has_media_spoiler"),
        *("show_caption_above_media", "link_preview_options", "entities", "guest_bot_caller_user"),
        *("guest_bot_caller_chat", "suggested_post_info"),
    }
)
_SERVICE: Final = frozenset(
    {
        *("new_chat_members", "left_chat_member", "chat_owner_left", "chat_owner_changed", "new_chat_title"),
        *("new_chat_photo", "delete_chat_photo", "group_chat_created", "supergroup_chat_created"),
        *("channel_chat_created", "message_auto_delete_timer_changed", "migrate_from_chat_id", "pinned_message"),
        *("connected_website", "write_access_allowed", "proximity_alert_triggered", "boost_added"),
        *("chat_background_set", "forum_topic_created", "forum_topic_edited", "forum_topic_closed"),
        *("forum_topic_reopened", "general_forum_topic_hidden", "general_forum_topic_unhidden"),
        *("video_chat_scheduled", "video_chat_started", "video_chat_ended", "video_chat_participants_invited"),
    }
)
"""What Telegram says of a chat itself: nobody has written anything."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """As the fields of the same names in ``InboundMessage``."""

    type: MessageType
    text: str = ""
    wordless: bool = False
    unreadable: bool = False
    too_big: bool = False
    media: InboundMedia | None = None
    extra: dict[str, Any] = {}


def is_service(message: Json) -> bool:
    return not _SERVICE.isdisjoint(message)


def read_content(message: Json) -> Content:
    """The content of a message, by the first name of those that we know."""
    for name, read in _READERS.items():
        if name in message:
            content = read(message)
            return msgspec.structs.replace(content, extra=content.extra | _links(message))
    kind = next((name for name in message if name not in _ENVELOPE), "")
    what = f"A message of the kind “{as_text(kind, 64)}”" if kind else "A message"
    return Content(
        type=MessageType.UNSUPPORTED,
        text=f"{what} that cannot be shown here.",
        wordless=True,
        extra={"content": {kind: message[kind]}} if kind else {},
    )


def _text(message: Json) -> Content:
    text = as_words(message.get("text"))
    return Content(type=MessageType.TEXT, text=text) if text else _hidden(MessageType.TEXT)


def _rich(message: Json) -> Content:
    rich = as_object(message.get("rich_message"))
    text = words_of(rich)
    return (
        Content(type=MessageType.TEXT, text=text, extra={"rich_message": rich}) if text else _hidden(MessageType.TEXT)
    )


def _hidden(kind: MessageType) -> Content:
    return Content(
        type=kind,
        text=f"A message of the kind “{kind}” that cannot be shown here.",
        wordless=True,
        unreadable=True,
    )


def _file(kind: MessageType, name: str, *, voice: bool = False) -> Callable[[Json], Content]:
    def read(message: Json) -> Content:
        return _content_of_file(kind, as_object(message.get(name)), as_words(message.get("caption")), voice=voice)

    return read


def _photo(message: Json) -> Content:
    """One picture in several sizes, of which the largest is taken."""
    sizes = [as_object(each) for each in as_list(message.get("photo"))]
    largest = max(sizes, key=lambda each: _area(each), default={})
    return _content_of_file(MessageType.IMAGE, largest, as_words(message.get("caption")))


def _area(size: Json) -> int:
    return (as_integer(size.get("width")) or 0) * (as_integer(size.get("height")) or 0)


def _sticker(message: Json) -> Content:
    """One that moves is none that we show: its still picture stands for it."""
    sticker = as_object(message.get("sticker"))
    moves = sticker.get("is_animated") is True or sticker.get("is_video") is True
    still = as_object(sticker.get("thumbnail")) if moves else sticker
    return _content_of_file(MessageType.STICKER, still, as_text(sticker.get("emoji"), 64))


def _content_of_file(kind: MessageType, file: Json, caption: str, *, voice: bool = False) -> Content:
    file_id = as_id(file.get("file_id"))
    size = as_integer(file.get("file_size")) or 0
    if size > LARGEST_FILE:
        text = caption or f"A file of {size / 1_000_000:.0f} MB: Telegram hands over none above 20 MB."
        return Content(type=kind, text=text, wordless=not caption, too_big=True)
    if not file_id:
        return Content(type=kind, text=caption) if caption else _hidden(kind)
    media = InboundMedia(
        provider_id=file_id,
        mime_type=as_text(file.get("mime_type"), 128) or None,
        filename=as_text(file.get("file_name"), 255) or None,
        voice=voice,
    )
    return Content(type=kind, text=caption, media=media)


def _location(message: Json) -> Content:
    venue = as_object(message.get("venue"))
    place = as_object(venue.get("location")) or as_object(message.get("location"))
    degrees = [_degrees(place.get(axis)) for axis in ("latitude", "longitude")]
    named = ", ".join(filter(None, (as_words(venue.get(name), LONGEST_NAMES) for name in ("title", "address"))))
    text = named or (", ".join(degrees) if all(degrees) else "")
    if not text:
        return _hidden(MessageType.LOCATION)
    words = {ours: venue[theirs] for ours, theirs in (("name", "title"), ("address", "address")) if venue.get(theirs)}
    return Content(type=MessageType.LOCATION, text=text, wordless=True, extra={"location": place | words})


def _degrees(value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value}" if is_number and math.isfinite(float(str(value))) else ""


def _contact(message: Json) -> Content:
    card = as_object(message.get("contact"))
    name = " ".join(filter(None, (as_words(card.get(each), LONGEST_NAMES) for each in ("first_name", "last_name"))))
    phone = as_text(card.get("phone_number"), 64)
    text = f"{name} ({phone})" if name and phone else name or phone
    if not text:
        return _hidden(MessageType.CONTACTS)
    shown = {"name": {"formatted_name": name}, "phones": [{"phone": phone}] if phone else []}
    return Content(type=MessageType.CONTACTS, text=text, wordless=True, extra={"contacts": [shown]})


def _dice(message: Json) -> Content:
    dice = as_object(message.get("dice"))
    emoji = as_text(dice.get("emoji"), 64)
    return Content(type=MessageType.TEXT, text=emoji, wordless=True) if emoji else _hidden(MessageType.UNSUPPORTED)


def _links(message: Json) -> dict[str, Any]:
    """Addresses that stand behind words: ``{links: [{text, url}]}``. Places are counted in UTF-16 units."""
    found = []
    for words, entities in (("text", "entities"), ("caption", "caption_entities")):
        written = message.get(words)
        units = written.encode("utf-16-le", "surrogatepass") if isinstance(written, str) else b""
        for entity in map(as_object, as_list(message.get(entities))):
            start, length = as_integer(entity.get("offset")), as_integer(entity.get("length"))
            if entity.get("type") == "text_link" and start is not None and length is not None and start >= 0:
                text = units[2 * start : 2 * (start + max(length, 0))].decode("utf-16-le", "replace")
                found.append({"text": as_text(text, 256), "url": as_text(entity.get("url"), 2048)})
    return {"links": found[:MOST_LINKS]} if found else {}


_READERS: Final[dict[str, Callable[[Json], Content]]] = {
    "text": _text,
    "rich_message": _rich,
    "photo": _photo,
    "voice": _file(MessageType.AUDIO, "voice", voice=True),
    "audio": _file(MessageType.AUDIO, "audio"),
    "animation": _file(MessageType.VIDEO, "animation"),  # before the document that comes with it
    "video": _file(MessageType.VIDEO, "video"),
    "video_note": _file(MessageType.VIDEO, "video_note"),
    "sticker": _sticker,
    "document": _file(MessageType.DOCUMENT, "document"),
    "venue": _location,  # before the location that comes with it
    "location": _location,
    "contact": _contact,
    "dice": _dice,
}
