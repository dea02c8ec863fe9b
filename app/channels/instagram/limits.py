"""What Instagram takes and how much of it: checked before anything is stored, and once more before it is sent.

Source: Meta's Instagram messaging reference, and "Upload media" there. A text's length is in bytes of UTF-8, a
title's in characters.
"""

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
from app.core.text import is_blank
from app.core.types import MessageType

MAX_TEXT: Final = 1_000
MAX_PARTS: Final = 16
MAX_QUICK_REPLIES: Final = 13
MAX_TITLE: Final = 20
MAX_PAYLOAD: Final = 1_000
HEARTS: Final = frozenset({"❤️", "❤"})

ATTACHMENTS: Final = {
    MessageType.IMAGE: "image",
    MessageType.VIDEO: "video",
    MessageType.AUDIO: "audio",
    MessageType.DOCUMENT: "file",
}

FORMATS: Final = {
    MessageType.IMAGE: frozenset({"image/png", "image/jpeg", "image/gif"}),
    MessageType.VIDEO: frozenset({"video/mp4", "video/ogg", "video/x-msvideo", "video/quicktime", "video/webm"}),
    MessageType.AUDIO: frozenset({"audio/aac", "audio/mp4", "audio/wav"}),
    MessageType.DOCUMENT: frozenset({"application/pdf"}),
}
MEGABYTE: Final = 1024 * 1024
LARGEST_IMAGE: Final = 8 * MEGABYTE
LARGEST_FILE: Final = 25 * MEGABYTE


def split(text: str) -> list[str]:
    """A text as Instagram takes it: itself, or up to 16 parts. Raises NotSendable as ``splitting.split`` does."""
    return splitting.split(text, MAX_TEXT, MAX_PARTS, splitting.utf8_bytes)


def check(content: OutgoingContent) -> None:
    """Raises NotSendable for what Instagram would refuse."""
    match content:
        case TextOut() | MenuOut():
            _check_text(content.text)
        case MediaOut():
            _check_file(content)
        case ReactionOut():
            if content.emoji and content.emoji not in HEARTS:
                raise NotSendable("On Instagram the only reaction is ❤️.", code="bad_emoji", field="emoji")
        case LocationOut():
            raise NotSendable(
                "Instagram has no places; an address can be written.", code="no_location", field="location"
            )
        case TemplateOut():
            raise NotSendable("Instagram has no templates.", code="no_template", field="template")


def shows_menu(menu: MenuOut) -> bool:
    """Whether its choices can be buttons. Where not, its words can be answered too."""
    titles = [choice.title for choice in menu.choices]
    ids = [choice.id for choice in menu.choices]
    return (
        0 < len(titles) <= MAX_QUICK_REPLIES
        and all(not is_blank(title) and len(title) <= MAX_TITLE for title in titles)
        and all(0 < len(each) <= MAX_PAYLOAD for each in ids)
        and len(set(ids)) == len(ids)
    )


def _check_text(text: str) -> None:
    if is_blank(text):
        raise NotSendable("The text is empty.", code="empty_text", field="text")
    size = splitting.utf8_bytes(text)
    if size > MAX_TEXT:
        raise NotSendable(f"The text has {size} bytes; Instagram takes {MAX_TEXT}.", code="text_too_long", field="text")


def _check_file(file: MediaOut) -> None:
    if file.type not in ATTACHMENTS:
        raise NotSendable(f"Instagram takes no file of the type {file.type}.", code="bad_media_type", field="media_id")
    if file.mime_type is not None and file.mime_type not in FORMATS[file.type]:
        raise NotSendable(f"Instagram takes no {file.mime_type}.", code="bad_media_type", field="media_id")
    largest = LARGEST_IMAGE if file.type is MessageType.IMAGE else LARGEST_FILE
    if file.size is not None and file.size > largest:
        raise NotSendable(
            f"Instagram takes {largest // MEGABYTE} MB of {file.type} at most.", code="file_too_big", field="media_id"
        )
    if file.caption:
        raise NotSendable(
            "Instagram shows no text beside a file; it can be sent by itself.", code="no_caption", field="text"
        )
