"""What failed, and when it is tried again: of messages that came in, and of visitors' requests."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import DBAPIError

from app.core.text import clean
from app.store.database import is_away, is_deadlock

MAX_ATTEMPTS: Final = 10
LONGEST_PAUSE: Final = 600  # seconds


def own_fault(error: Exception) -> Exception:
    """The error, if it is the item's own. A deadlock or an absent database is the whole transaction's."""
    if is_away(error) or (isinstance(error, DBAPIError) and is_deadlock(error)):
        raise error
    return error


def next_attempt(now: datetime, attempts: int) -> datetime:
    """After so many that failed."""
    return now + timedelta(seconds=min(2**attempts, LONGEST_PAUSE))


def in_words(error: Exception) -> str:
    """The error itself, without the statement that met it, whose values would fill the page."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return clean(f"{type(error).__name__}: {cause}")
