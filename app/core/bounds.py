"""How much of what somebody sent is kept beside the raw body, shown, and passed on to every socket.

A guest may send megabytes in one message. What people read of it ends somewhere, and of the rest as much is kept as
fits; where something is missing a marker, ``{"left_out": "2.9 MB"}`` or ``{"left_out": "14,950 more"}``, says so.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from app.core.text import MAX_DEPTH, clean, clean_json

LONGEST_TEXT: Final = 16_384  # characters
LARGEST_DETAILS: Final = 14 * 1024  # bytes of JSON: with who wrote it in a group, which comes later, 16 KiB
LEFT_OUT: Final = "left_out"

_MARKER: Final = 40  # bytes, no marker is longer
_ENDLESS: Final = 2**62


def cut(text: str, limit: int = LONGEST_TEXT) -> str:
    """The text, of which no more than ``limit`` characters and then an ellipsis are left."""
    return text if len(text) <= limit else text[:limit] + "…"


def size_of(value: object) -> int:
    """The bytes that a JSON value takes, cleaned, without spaces."""
    return _weigh(value, _ENDLESS, MAX_DEPTH)


def fitting(value: Mapping[str, Any], room: int = LARGEST_DETAILS) -> dict[str, Any]:
    """As much of a JSON object as fits into ``room`` bytes (of which there are at least 100), cleaned as by
    ``clean_json``.

    Small values are kept before large ones, the first entries of a list before the rest, and a text whole or not at
    all. The work grows with what is there, not with its square.
    """
    kept: dict[str, Any] = _fit(dict(value), room, MAX_DEPTH)
    return kept


def _fit(value: object, room: int, depth: int) -> Any:
    weight = _weigh(value, room, depth)
    if weight <= room:
        return clean_json(value, depth=depth)
    if isinstance(value, dict) and room > 2 * _MARKER:
        return _some_of(value, room - 2 - _MARKER, depth - 1)
    if isinstance(value, list) and room > 2 * _MARKER:
        return _first_of(value, room - 2 - _MARKER, depth - 1)
    return {LEFT_OUT: _in_words(_weigh(value, _ENDLESS, depth))}


def _some_of(value: dict[str, Any], left: int, depth: int) -> dict[str, Any]:
    """The smallest entries whole, of each larger one an even share of what is left then."""
    weights = {key: _weigh(key, left, depth) + 2 + _weigh(each, left, depth) for key, each in value.items()}
    kept: dict[str, Any] = {}
    for place, key in enumerate(sorted(weights, key=weights.__getitem__)):
        share = left if weights[key] <= left else left // (len(weights) - place)
        room = share - _weigh(key, left, depth) - 2
        if weights[key] > left and room < _MARKER:
            break
        kept[key] = _fit(value[key], room, depth)
        left -= _weigh(key, left, depth) + 2 + _weigh(kept[key], left, depth)
    more = len(value) - len(kept)
    some = {clean(str(key)): kept[key] for key in value if key in kept}
    return some | {LEFT_OUT: f"{more:,} more"} if more else some


def _first_of(values: list[Any], left: int, depth: int) -> list[Any]:
    """The first entries; where not even one fits, what does of that."""
    kept: list[Any] = []
    for each in values:
        weight = _weigh(each, left, depth) + 1
        if weight > left:
            break
        kept.append(clean_json(each, depth=depth))
        left -= weight
    if not kept:
        kept.append(_fit(values[0], left - 1, depth))
    more = len(values) - len(kept)
    return [*kept, {LEFT_OUT: f"{more:,} more"}] if more else kept


def _weigh(value: object, most: int, depth: int) -> int:
    """The bytes that a value takes; where they are more than ``most``, some number above that, found out sooner."""
    if isinstance(value, str):
        return len(value) + 2 if most < len(value) else len(msgspec.json.encode(clean(value)))
    if not isinstance(value, dict | list):
        return len(msgspec.json.encode(clean_json(value)))
    if depth == 0:
        return len("null")
    weight = 2
    for part in _parts(value):
        weight += 1 + _weigh(part, most - weight, depth - 1)
        if weight > most:
            break
    return weight


def _parts(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    if isinstance(value, list):
        yield from value
        return
    for key, each in value.items():
        yield str(key)
        yield each


def _in_words(size: int) -> str:
    """``2.9 MB``, or ``14 kB``."""
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(1, round(size / 1_000))} kB"
