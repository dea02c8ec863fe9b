"""What WhatsApp takes and how much of it: checked before anything is stored, and once more before it is sent.

Source: Meta's Cloud API reference, "Messages". Lengths are in characters (code points).
"""

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
from app.core.graphemes import is_emoji
from app.core.text import is_blank
from app.core.types import MessageType

MAX_TEXT: Final = 4096
MAX_PARTS: Final = 8
MAX_CAPTION: Final = 1024
MAX_MENU_TEXT: Final = 1024
MAX_BUTTONS: Final = 3
MAX_BUTTON_TITLE: Final = 20
MAX_ROWS: Final = 10
MAX_ROW_TITLE: Final = 24
MAX_ROW_DESCRIPTION: Final = 72
MAX_ROW_ID: Final = 200
MAX_FILENAME: Final = 240
MAX_PLACE_NAME: Final = 1000

CAPTIONED: Final = frozenset({MessageType.IMAGE, MessageType.VIDEO, MessageType.DOCUMENT})
FILES: Final = CAPTIONED | {MessageType.AUDIO, MessageType.STICKER}


def check(content: OutgoingContent) -> None:
    """Raises NotSendable for what WhatsApp would refuse."""
    match content:
        case TextOut():
            _check_text(content.text)
        case MenuOut():
            _check_menu(content)
        case MediaOut():
            _check_file(content)
        case LocationOut():
            _check_location(content)
        case ReactionOut():
            if content.emoji and not is_emoji(content.emoji):
                raise NotSendable("A reaction is one emoji.", code="bad_emoji", field="emoji")
        case TemplateOut():
            if not content.name or not content.language:
                raise NotSendable("A template has a name and a language.", code="empty_template", field="template")


def split(text: str) -> list[str]:
    """A text as WhatsApp takes it: itself, or up to 8 parts. Raises NotSendable as ``splitting.split`` does."""
    return splitting.split(text, MAX_TEXT, MAX_PARTS)


def _check_text(text: str) -> None:
    if is_blank(text):
        raise NotSendable("The text is empty.", code="empty_text", field="text")
    if len(text) > MAX_TEXT:
        raise NotSendable(
            f"The text has {len(text)} characters; WhatsApp takes {MAX_TEXT}.", code="text_too_long", field="text"
        )


def _check_menu(menu: MenuOut) -> None:
    _check_text(menu.text)
    if len(menu.choices) > MAX_ROWS:
        raise NotSendable(f"A menu has at most {MAX_ROWS} choices.", code="too_many_choices", field="choices")
    for choice in menu.choices:
        if is_blank(choice.title):
            raise NotSendable("A choice of the menu has no title.", code="empty_title", field="choices")
        if len(choice.title) > MAX_ROW_TITLE:
            raise NotSendable(
                f"A choice's title has at most {MAX_ROW_TITLE} characters.", code="title_too_long", field="choices"
            )


def _check_file(file: MediaOut) -> None:
    if file.type not in FILES:
        raise NotSendable(f"WhatsApp has no file of the type {file.type}.", code="bad_media_type", field="media_id")
    if file.caption and file.type not in CAPTIONED:
        raise NotSendable(f"WhatsApp shows no text beside {file.type}.", code="no_caption", field="text")
    if len(file.caption) > MAX_CAPTION:
        raise NotSendable(
            f"The caption has {len(file.caption)} characters; WhatsApp takes {MAX_CAPTION}.",
            code="caption_too_long",
            field="text",
        )


def _check_location(place: LocationOut) -> None:
    """Raises also for NaN, which no comparison holds for."""
    if not (abs(place.latitude) <= 90 and abs(place.longitude) <= 180) or not math.isfinite(place.longitude):
        raise NotSendable(
            "The latitude lies between -90 and 90 degrees, the longitude between -180 and 180.",
            code="bad_coordinates",
            field="location",
        )
    if max(len(place.name), len(place.address)) > MAX_PLACE_NAME:
        raise NotSendable(
            f"Name and address of a place have at most {MAX_PLACE_NAME} characters each.",
            code="text_too_long",
            field="location",
        )
