"""How fast a client may send: a bucket that fills again."""

import time
from typing import Final

from app.core.errors import TooManyRequests

BURST: Final = 100.0
PER_SECOND: Final = 20.0


class RateLimit:
    """Messages of one socket, unless told otherwise. Typing fast never meets it; a loop that has run away does."""

    __slots__ = ("_at", "_burst", "_left", "_per_second")

    def __init__(self, burst: float = BURST, per_second: float = PER_SECOND) -> None:
        self._burst = self._left = burst
        self._per_second = per_second
        self._at = time.monotonic()

    def count(self, number: int = 1) -> None:
        """So many more. Raises TooManyRequests."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second) - number
        self._at = now
        if self._left < 0:
            raise TooManyRequests("Too many messages.", retry_after=1)
