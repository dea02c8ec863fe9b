"""What a reader sees as one character, though it may be several code points: an accent, a flag, a family of emoji.

The rules of Unicode's annex 29 ("Text Segmentation"), as far as the standard library's data reach: marks, joiners,
skin tones, tags, flags, Hangul, and Indic conjuncts.
"""

import re
import unicodedata
from typing import Final

ZERO_WIDTH_JOINER: Final = "\u200d"

_MARKS: Final = frozenset({"Mn", "Me", "Mc"})
_CONTROLS: Final = frozenset({"Cc", "Zl", "Zp"})
# Skin tones, tags (flags of regions), the non-joiner, halfwidth sound marks, the Thai and Lao vowel "am".
_EXTENDING: Final = re.compile("[\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\u200c\u200d\uff9e\uff9f\u0e33\u0eb3]")
_FLAG_LETTER: Final = re.compile("[\U0001f1e6-\U0001f1ff]")
_VIRAMAS: Final = frozenset("\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d")
_PICTURE: Final = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935"
    "\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f004-\U0001faff]"
)
_EMOJI: Final = re.compile(
    f"[0-9#*]\ufe0f?\u20e3|{_FLAG_LETTER.pattern}{{2}}"
    f"|{_PICTURE}[\ufe0e\ufe0f]?[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
    f"(?:\u200d{_PICTURE}\ufe0f?[\U0001f3fb-\U0001f3ff]?)*"
)


def is_boundary(text: str, index: int) -> bool:
    """Whether the text may be cut before ``index``."""
    if index <= 0 or index >= len(text):
        return True
    before, after = text[index - 1], text[index]
    if before == "\r" and after == "\n":
        return False
    if unicodedata.category(before) in _CONTROLS or unicodedata.category(after) in _CONTROLS:
        return True
    if unicodedata.category(after) in _MARKS or _EXTENDING.match(after):
        return False
    if before == ZERO_WIDTH_JOINER or (before in _VIRAMAS and unicodedata.category(after) == "Lo"):
        return False
    if _FLAG_LETTER.match(before) and _FLAG_LETTER.match(after):
        return _flag_letters_before(text, index) % 2 == 0
    return not _hangul_joins(before, after)


def last_boundary(text: str, index: int) -> int:
    """The last place not after ``index`` where the text may be cut; 0 where the whole beginning is one character."""
    while not is_boundary(text, index):
        index -= 1
    return max(index, 0)


def is_emoji(text: str) -> bool:
    """Whether this is one emoji and nothing else: ``👍``, ``👍🏽``, ``👨‍👩‍👧``, ``🇵🇹``, ``1️⃣``."""
    return _EMOJI.fullmatch(text) is not None and not _FLAG_LETTER.fullmatch(text)


def _flag_letters_before(text: str, index: int) -> int:
    count = 0
    while count < index and _FLAG_LETTER.match(text[index - count - 1]):
        count += 1
    return count


def _hangul_joins(before: str, after: str) -> bool:
    """Korean syllables may be spelled as their letters: leading ones, vowels, trailing ones."""
    if "\u1100" <= before <= "\u115f":
        return "\u1100" <= after <= "\u11a7" or "\uac00" <= after <= "\ud7a3"
    syllable_is_open = "\uac00" <= before <= "\ud7a3" and (ord(before) - 0xAC00) % 28 == 0
    if syllable_is_open or "\u1160" <= before <= "\u11a7":
        return "\u1160" <= after <= "\u11ff"
    return ("\uac00" <= before <= "\ud7a3" or "\u11a8" <= before <= "\u11ff") and "\u11a8" <= after <= "\u11ff"
