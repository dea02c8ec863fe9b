"""Long texts, cut into messages that a provider takes: at the best break, and never through what a reader sees as one
character. How long a text is, each provider counts in its own way.
"""

import re
from collections.abc import Callable
from typing import Final

from app.channels.base import NotSendable
from app.core.graphemes import is_boundary, last_boundary
from app.core.text import is_blank

Measure = Callable[[str], int]

# Where a long text is best cut, the best first: after a paragraph, a line, a sentence, a word.
_BREAKS: Final = (
    re.compile(r"(?<=\S)(?=[^\S\n]*\n\s*\n)"),
    re.compile(r"(?<=\S)(?=[^\S\n]*\n)"),
    re.compile("(?<=[.!?\u2026])(?=\\s)|(?<=[.!?\u2026][\"')\\]\u201d\u2019\u00bb])(?=\\s)|(?<=[\u3002\uff01\uff1f])"),
    re.compile(r"(?<=\S)(?=\s)"),
)


def utf16_units(text: str) -> int:
    """What is beyond the first 65,536 characters counts twice."""
    return len(text) + sum(each > "\uffff" for each in text)


def utf8_bytes(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


def split(text: str, limit: int, most: int, measure: Measure = len) -> list[str]:
    """The text itself, or up to ``most`` parts of at most ``limit``. Nothing but the space around a cut is lost.

    Raises NotSendable for one that is empty, or too long for so many parts.
    """
    text = text.strip()
    if is_blank(text):
        raise NotSendable("The text is empty.", code="empty_text", field="text")
    for share in (4, 7, 8):  # in eighths: tidy cuts, but not at the price of one part too many
        parts = _parts(text, limit, share, measure)
        if len(parts) <= most:
            return parts
    raise NotSendable(
        f"The text has {measure(text)} characters; at most {most} messages of {limit} can be sent.",
        code="text_too_long",
        field="text",
    )


def _parts(text: str, limit: int, share: int, measure: Measure) -> list[str]:
    parts = []
    while len(text) > limit or measure(text) > limit:
        room = _room(text, limit, measure)
        cut = _cut(text, room * share // 8, room)
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [part for part in (*parts, text) if not is_blank(part)]


def _room(text: str, limit: int, measure: Measure) -> int:
    """How many characters of the text's beginning are no longer than ``limit``."""
    fits, too_many = 1, min(len(text), limit) + 1
    while too_many - fits > 1:
        half = (fits + too_many) // 2
        fits, too_many = (half, too_many) if measure(text[:half]) <= limit else (fits, half)
    return fits


def _cut(text: str, earliest: int, room: int) -> int:
    """Where a text that is too long is cut: at the last of the best breaks that lie after ``earliest``."""
    for pattern in _BREAKS:
        found = pattern.finditer(text, earliest, room + 2)
        places = [each.start() for each in found if each.start() <= room and is_boundary(text, each.start())]
        if places and places[-1] > 0:
            return places[-1]
    return last_boundary(text, room) or room  # no writing has a character of so many code points
