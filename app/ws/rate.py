"""How fast a client may send: a bucket that fills again."""

import time
from typing import Final

from app.core.errors import TooManyRequests

BURST: Final = 100.0
PER_SECOND: Final = 20.0


class RateLimit:
    """Messages of one socket. Typing fast never meets it; a loop that has run away does."""

    __slots__ = ("_at", "_left")

    def __init__(self) -> None:
        self._left = BURST
        self._at = time.monotonic()

    def count(self) -> None:
        """One more message. Raises TooManyRequests."""
        now = time.monotonic()
        self._left = min(BURST, self._left + (now - self._at) * PER_SECOND) - 1
        self._at = now
        if self._left < 0:
            raise TooManyRequests("Too many messages.", retry_after=1)
