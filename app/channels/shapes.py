"""Reading JSON that may have any shape: each function gives what it is asked for, or the empty value of its kind."""

from datetime import UTC, datetime
from typing import Any

from app.core.bounds import LONGEST_TEXT, cut
from app.core.text import clean

Json = dict[str, Any]


def as_object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def as_text(value: object, limit: int | None = None) -> str:
    """The text, cleaned and cut to ``limit`` characters."""
    return clean(value[:limit]) if isinstance(value, str) else ""


def as_words(value: object, limit: int = LONGEST_TEXT) -> str:
    """The text for people, cleaned; one that is longer than ``limit`` characters ends there in an ellipsis."""
    return cut(as_text(value, limit + 1), limit)


def as_id(value: object, limit: int = 512) -> str:
    """A text, or the digits of an integer. Longer than ``limit``: "", for a cut id would be another's."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = as_text(value, limit + 1)
    return text if len(text) <= limit else ""


def as_digits(value: object) -> str:
    """A telephone number as digits alone, of at most 20; "" where it is none."""
    digits = as_id(value, limit=21).removeprefix("+")
    return digits if digits.isascii() and digits.isdigit() and len(digits) <= 20 else ""


def as_integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def as_time(value: object, *, latest: datetime) -> datetime | None:
    """Seconds since 1970, mostly spelled as text. What lies after ``latest`` is ``latest``: clocks differ."""
    digits = as_id(value, limit=12)
    if not (digits.isascii() and digits.isdigit()) or int(digits) == 0:
        return None
    seconds = int(digits)
    return latest if seconds >= latest.timestamp() else datetime.fromtimestamp(seconds, UTC)
