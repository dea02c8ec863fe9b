"""The one source of the time, so that a test can hold it still. All times are aware and UTC."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]

_LAST_DAY: Final = date(9000, 1, 1)  # what lies behind it has no moment that Python can name


def utc_now() -> datetime:
    return datetime.now(UTC)


def end_of(day: date, timezone: str) -> datetime:
    """The midnight after ``day`` in a time zone of IANA's names, such as ``Europe/Lisbon``."""
    after = min(day, _LAST_DAY) + timedelta(days=1)
    return datetime.combine(after, time(), ZoneInfo(timezone)).astimezone(UTC)
