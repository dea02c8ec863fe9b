"""How fast Meta takes messages, and for how long after a guest's own: pair rate, throughput, and the 24-hour window.

All are off unless the configuration names them.
"""

import time
from collections.abc import Callable
from typing import Final

from app.dev.fake_graph.config import DAY, FakeGraphConfig
from app.dev.fake_graph.errors import GraphError

# An answer to a template opens the window; these are no answers.
OPENS_NOTHING: Final = frozenset({"reaction", "edit", "revoke", "system"})


class Bucket:
    """``burst`` at once, then one every ``seconds``."""

    def __init__(self, seconds: float, burst: float, now: float) -> None:
        self._seconds, self._burst = seconds, burst
        self._left, self._at = burst, now

    def take(self, now: float) -> bool:
        self._left = min(self._burst, self._left + (now - self._at) / self._seconds)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Limits:
    """Who has sent how much. ``clock`` is in seconds; another configuration begins anew."""

    def __init__(self, config: FakeGraphConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self._pair_rate, self._throughput = config.pair_rate, config.throughput
        self._clock = clock
        self._numbers: dict[str, Bucket] = {}
        self._pairs: dict[tuple[str, str], Bucket] = {}

    def take(self, number: str, guest: str) -> None:
        """Count one message. Raises GraphError where it is one too many."""
        now = self._clock()
        if rate := self._throughput:
            bucket = self._numbers.get(number) or Bucket(1 / rate, max(1.0, rate), now)
            self._numbers[number] = bucket
            if not bucket.take(now):
                raise GraphError(130429, details="Message failed to send because there were too many messages.")
        if pair := self._pair_rate:
            key = number, guest
            bucket = self._pairs.get(key) or Bucket(pair.seconds, pair.burst, now)
            self._pairs[key] = bucket
            if not bucket.take(now):
                raise GraphError(
                    131056, details="Message failed to send because there were too many messages to this guest."
                )


class Windows:
    """Until when free text may go from a number to a guest."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._until: dict[tuple[str, str], float] = {}

    def heard(self, number: str, guest: str, at: float) -> None:
        """The guest wrote at that time, which is the message's own."""
        key = number, guest
        self._until[key] = max(self._until.get(key, 0.0), at + DAY)

    def set(self, number: str, guest: str, *, is_open: bool) -> None:
        self._until[number, guest] = self._clock() + DAY if is_open else 0.0

    def is_open(self, number: str, guest: str, *, unheard: bool) -> bool:
        """``unheard`` is the answer for a guest of whom nothing is known."""
        until = self._until.get((number, guest))
        return unheard if until is None else self._clock() < until
