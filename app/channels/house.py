"""Channels of our own: no provider stands between the hotel and its guest.

The guest's own socket hears of every message by its event. So a message has arrived as soon as it is committed: sending
accepts, and there is nobody to tell of our reading and typing. Guests see texts, menus, files by our own address of
them, and places in words.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from app.channels.base import (
    Credentials,
    FetchOutcome,
    FetchResult,
    LocationOut,
    Malformed,
    MediaSource,
    MenuOut,
    NotSendable,
    Outgoing,
    OutgoingContent,
    ReactionOut,
    SendOutcome,
    SendResult,
    TemplateOut,
    TextOut,
    UploadResult,
)
from app.channels.items import Item
from app.channels.plain import NO_TEMPLATES, Plain
from app.core.bounds import LONGEST_TEXT
from app.core.graphemes import is_emoji, last_boundary
from app.core.text import is_blank

MAX_TEXT: Final = 2 * LONGEST_TEXT
MAX_PLACE_NAME: Final = 1000

_SPACE: Final = re.compile(r"(?<=\S)(?=\s)")


class House(Plain):
    """What such channels have in common."""

    has_provider = False
    uploads_first = True

    def verify(self, body: bytes, headers: Mapping[str, str], credentials: Credentials) -> bool:
        """Nothing signed comes in this way."""
        return False

    def is_signed(self, headers: Mapping[str, str]) -> bool:
        return False

    def accounts_in(self, body: bytes) -> set[str]:
        return set()

    def parse(self, body: bytes, *, received_at: datetime, lenient: bool = False) -> list[Item]:
        raise Malformed("No provider sends anything by this channel.")

    async def send(self, message: Outgoing, *, account: str, credentials: Credentials) -> SendResult:
        """The event of the message was the sending; what is left is to say so."""
        return SendResult(outcome=SendOutcome.ACCEPTED, external_id=f"internal-{message.delivery_id}")

    def check(self, content: OutgoingContent) -> None:
        """Raises NotSendable for what a guest's socket cannot show."""
        match content:
            case TextOut() | MenuOut():
                _check_length(content.text, LONGEST_TEXT)
                if is_blank(content.text):
                    raise _empty()
            case ReactionOut():
                if content.emoji and not is_emoji(content.emoji):
                    raise NotSendable("A reaction is one emoji.", code="bad_emoji", field="emoji")
            case LocationOut():
                if not (abs(content.latitude) <= 90 and abs(content.longitude) <= 180):  # NaN neither
                    raise NotSendable("There is no such place on earth.", code="bad_coordinates", field="location")
                for words in (content.name, content.address):
                    _check_length(words, MAX_PLACE_NAME, field="location")
            case TemplateOut():
                raise NotSendable(NO_TEMPLATES, code="no_template", field="template")
            case _:
                _check_length(content.caption, LONGEST_TEXT, code="caption_too_long")

    def split(self, text: str) -> list[str]:
        """The text as it is, or in few parts where it is longer than any that is kept. Raises NotSendable."""
        text = text.strip()
        if is_blank(text):
            raise _empty()
        _check_length(text, MAX_TEXT)
        parts = []
        while len(text) > LONGEST_TEXT:
            cut = _cut(text)
            parts.append(text[:cut].rstrip())
            text = text[cut:].lstrip()
        return [*parts, text]

    async def mark_read(
        self, external_id: str, *, to: str, typing: bool, account: str, credentials: Credentials
    ) -> SendResult:
        """Nobody has to be told."""
        return SendResult(outcome=SendOutcome.ACCEPTED, external_id=external_id)

    async def fetch(
        self, file: MediaSource, *, account: str, credentials: Credentials, into: BinaryIO, limit: int
    ) -> FetchResult:
        """What guests send is here already, or an address that is shown and never fetched."""
        return FetchResult(outcome=FetchOutcome.FAILED, detail="Nobody holds files of this channel for us.")

    async def upload(
        self, *, mime_type: str, filename: str, content: Path, account: str, credentials: Credentials
    ) -> UploadResult:
        """The file's name stands for it: guests are shown our own address of it."""
        return UploadResult(outcome=SendOutcome.ACCEPTED, upload_id=filename)


def _empty() -> NotSendable:
    return NotSendable("The text is empty.", code="empty_text", field="text")


def _check_length(text: str, most: int, *, code: str = "text_too_long", field: str = "text") -> None:
    if len(text) > most:
        raise NotSendable(f"The text has {len(text)} characters; at most {most} can be sent.", code=code, field=field)


def _cut(text: str) -> int:
    """Before the last space of what fits, else between two characters."""
    places = [found.start() for found in _SPACE.finditer(text, LONGEST_TEXT // 2, LONGEST_TEXT + 1)]
    return places[-1] if places else last_boundary(text, LONGEST_TEXT) or LONGEST_TEXT
