"""What Telegram takes and how much of it. Lengths are in UTF-16 units, as Telegram counts."""

import math
from typing import Final

from app.channels import splitting
from app.channels.base import (
    LocationOut,
    MediaOut,
    MenuOut,
    NotSendable,
    OutgoingContent,
    ReactionOut,
    TemplateOut,
    TextOut,
)
from app.channels.plain import NO_TEMPLATES
from app.channels.splitting import utf16_units
from app.core.text import is_blank
from app.core.types import MessageType

MAX_TEXT: Final = 4096
MAX_PARTS: Final = 8
MAX_CAPTION: Final = 1024
MAX_CALLBACK: Final = 64  # bytes
MAX_BUTTONS: Final = 100
MAX_PLACE_NAME: Final = 1000
LARGEST_PHOTO: Final = 10 * 1024 * 1024
LARGEST_FILE: Final = 50 * 1024 * 1024

FILES: Final = frozenset(
    {MessageType.IMAGE, MessageType.VIDEO, MessageType.AUDIO, MessageType.DOCUMENT, MessageType.STICKER}
)
REACTIONS: Final = frozenset(
    {
        *("❤", "👍", "👎", "🔥", "🥰", "👏", "😁", "🤔", "🤯", "😱", "🤬", "😢", "🎉", "🤩"),
        *("🤮", "💩", "🙏", "👌", "🕊", "🤡", "🥱", "🥴", "😍", "🐳", "❤\u200d🔥", "🌚", "🌭", "💯"),
        *("🤣", "⚡", "🍌", "🏆", "💔", "🤨", "😐", "🍓", "🍾", "💋", "🖕", "😈", "😴", "😭"),
        *("🤓", "👻", "👨\u200d💻", "👀", "🎃", "🙈", "😇", "😨", "🤝", "✍", "🤗", "🫡", "🎅", "🎄"),
        *("☃", "💅", "🤪", "🗿", "🆒", "💘", "🙉", "🦄", "😘", "💊", "🙊", "😎", "👾", "🤷\u200d♂"),
        *("🤷", "🤷\u200d♀", "😡"),
    }
)
"""The emoji that Telegram takes as reactions (ReactionTypeEmoji)."""


def reaction(emoji: str) -> str:
    """The emoji as Telegram spells it: without the selector that asks for a picture."""
    return emoji.replace("\ufe0f", "")


def check(content: OutgoingContent) -> None:
    """Raises NotSendable for what Telegram would refuse."""
    match content:
        case TextOut() | MenuOut():
            _check_text(content.text)
        case MediaOut():
            _check_file(content)
        case LocationOut():
            _check_location(content)
        case ReactionOut():
            if content.emoji and reaction(content.emoji) not in REACTIONS:
                raise NotSendable("Telegram does not take this emoji as a reaction.", code="bad_emoji", field="emoji")
        case TemplateOut():
            raise NotSendable(NO_TEMPLATES, code="no_template", field="template")


def split(text: str) -> list[str]:
    """A text as Telegram takes it: itself, or up to 8 parts. Raises NotSendable as ``splitting.split`` does."""
    return splitting.split(text, MAX_TEXT, MAX_PARTS, utf16_units)


def can_be_pressed(choice_id: str, title: str) -> bool:
    """Whether a choice can be a button; where one cannot, the text of the menu has to do."""
    return 0 < len(choice_id.encode()) <= MAX_CALLBACK and not is_blank(title)


def _check_text(text: str) -> None:
    if is_blank(text):
        raise NotSendable("The text is empty.", code="empty_text", field="text")
    if (length := utf16_units(text)) > MAX_TEXT:
        raise NotSendable(
            f"The text has {length} characters; Telegram takes {MAX_TEXT}.", code="text_too_long", field="text"
        )


def _check_file(file: MediaOut) -> None:
    if file.type not in FILES:
        raise NotSendable(f"Telegram has no file of the type {file.type}.", code="bad_media_type", field="media_id")
    if file.size is not None and file.size > LARGEST_FILE:
        raise NotSendable("Telegram takes files of 50 MB at most.", code="file_too_big", field="media_id")
    if file.caption and file.type is MessageType.STICKER:
        raise NotSendable("Telegram shows no text beside a sticker.", code="no_caption", field="text")
    if (length := utf16_units(file.caption)) > MAX_CAPTION:
        raise NotSendable(
            f"The caption has {length} characters; Telegram takes {MAX_CAPTION}.", code="caption_too_long", field="text"
        )


def _check_location(place: LocationOut) -> None:
    """Raises also for NaN, which no comparison holds for."""
    if not (abs(place.latitude) <= 90 and abs(place.longitude) <= 180) or not math.isfinite(place.longitude):
        raise NotSendable("There is no such place on earth.", code="bad_coordinates", field="location")
    if max(utf16_units(place.name), utf16_units(place.address)) > MAX_PLACE_NAME:
        raise NotSendable(
            f"Name and address of a place have at most {MAX_PLACE_NAME} characters each.",
            code="text_too_long",
            field="location",
        )
