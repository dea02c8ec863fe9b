"""The words of a rich message, without their form: a block a line. What a block shows beside words is named."""

from collections.abc import Iterator
from typing import Any, Final

from app.channels.shapes import Json, as_list, as_object, as_text, as_words

_DEEPEST: Final = 32
_INLINE: Final = ("text", "alternative_text", "expression")
_SHOWN: Final = frozenset({"animation", "audio", "map", "photo", "video", "voice_note"})


def words_of(message: Json) -> str:
    """What people read of a ``RichMessage``; "" where it has no words."""
    return as_words("\n".join(filter(None, _blocks(message.get("blocks"), 0))))


def _blocks(value: object, depth: int) -> Iterator[str]:
    for block in map(as_object, as_list(value) if depth < _DEEPEST else []):
        yield from _block(block, depth + 1)


def _block(block: Json, depth: int) -> Iterator[str]:
    kind = as_text(block.get("type"), 32)
    if kind in _SHOWN:
        yield f"[{kind}]"
    yield _inline(block.get("summary"), depth) or _inline(block, depth)
    yield from _blocks(block.get("blocks"), depth)
    for item in map(as_object, as_list(block.get("items"))):
        label = as_text(item.get("label"), 32)
        yield " ".join(filter(None, (label, *_blocks(item.get("blocks"), depth))))
    for row in as_list(block.get("cells")):
        yield " | ".join(_inline(cell, depth) for cell in as_list(row))
    yield _inline(block.get("caption"), depth)


def _inline(value: Any, depth: int) -> str:
    """A text, several of them, or what holds one."""
    if isinstance(value, str):
        return as_text(value)
    if isinstance(value, list) and depth < _DEEPEST:
        return "".join(_inline(each, depth + 1) for each in value)
    if isinstance(value, dict) and depth < _DEEPEST:
        return next((_inline(value[name], depth + 1) for name in _INLINE if name in value), "")
    return ""
