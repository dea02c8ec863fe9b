"""Text and JSON from outside, made safe to keep.

PostgreSQL takes no NUL in a text and UTF-8 has no lone surrogate, yet both can be spelled in JSON. A guest's words are
never thrown away for it: what cannot be kept is replaced by U+FFFD, so that one sees where something stood.
"""

import json
import math
import re
import unicodedata
from typing import Any, Final

MAX_DEPTH: Final = 32
MAX_NESTING: Final = 200
"""How deep a body is read that the interpreter cannot follow to its depth."""
MAX_INTEGER: Final = 2**63

_UNKEEPABLE: Final = re.compile("[\\x00\\ud800-\\udfff]")
# A text to its end, escaped quotes within, or brackets in a row. Possessive, so that nothing is looked at twice; a text
# without an end reaches to the body's, or its escaped quotes would each begin another.
_STRUCTURE: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]+|[\]}]+', re.DOTALL)
_UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
# Letters and marks that show nothing either: fillers, the empty Braille cell, joiners, variation selectors.
_BLANK: Final = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def clean(text: str) -> str:
    """The text with every NUL and lone surrogate replaced by U+FFFD."""
    return _UNKEEPABLE.sub("\ufffd", text)


def is_blank(text: str) -> bool:
    """Whether a reader would see nothing: no character at all, or only spaces, controls and other invisible ones."""
    return all(unicodedata.category(each) in _UNSEEN or _BLANK.match(each) for each in text)


def clean_json(value: object, *, depth: int = MAX_DEPTH) -> Any:
    """A copy of a JSON value that any column, encoder and reader can take.

    Texts and keys are cleaned; whatever lies deeper than ``depth`` levels, or is no JSON value, is None.
    """
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth == 0:
        return None
    if isinstance(value, list):
        return [clean_json(each, depth=depth - 1) for each in value]
    if isinstance(value, dict):
        return {clean(str(key)): clean_json(each, depth=depth - 1) for key, each in value.items()}
    return None


def holds_nul(value: object) -> bool:
    """Whether a JSON value has the character NUL in any text of it."""
    waiting = [value]  # not by recursion: a reader may follow deeper nesting than this function could
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            if "\x00" in each:
                return True
        elif isinstance(each, dict):
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, list):
            waiting += each
    return False


def read_json(body: bytes) -> object:
    """The JSON value in ``body``, as tolerantly as can be: what somebody sent is worth more than its spelling.

    Bytes that are no UTF-8 are replaced, of equal keys the last wins, NaN and infinities are None, and an integer
    beyond 64 bits is its digits as text. Where the interpreter cannot follow the nesting, what lies deeper than
    ``MAX_NESTING`` levels is None. Texts are *not* cleaned: that is done where they are taken. Raises ValueError where
    the body is no JSON.
    """
    text = body.decode("utf-8-sig", errors="replace")
    try:
        return _DECODER.decode(text)
    except RecursionError:  # of one item perhaps, whose neighbours are good
        pass
    try:
        return _DECODER.decode(_cut_depths(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _cut_depths(text: str) -> str:
    """JSON with null for every list and object that stands within ``MAX_NESTING`` others. In linear time."""
    kept: list[str] = []
    kept_up_to = 0
    depth = 0
    for found in _STRUCTURE.finditer(text):
        start, end = found.span()
        before = depth
        if text[start] in "[{":
            depth += end - start
            if before <= MAX_NESTING < depth:
                kept += [text[kept_up_to : start + MAX_NESTING - before], "null"]
        elif text[start] != '"':
            depth -= end - start
            if depth <= MAX_NESTING < before:
                kept_up_to = start + before - MAX_NESTING
    if depth <= MAX_NESTING:  # else the body ends below, and what is kept is as incomplete as it is
        kept.append(text[kept_up_to:])
    return "".join(kept)


def _integer(digits: str) -> int | str:
    if len(digits) > 20:
        return digits
    value = int(digits)
    return value if -MAX_INTEGER <= value < MAX_INTEGER else digits


def _real(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


def _no_number(_: str) -> None:
    return None


_DECODER: Final = json.JSONDecoder(parse_int=_integer, parse_float=_real, parse_constant=_no_number)
