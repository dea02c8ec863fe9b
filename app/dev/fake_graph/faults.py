"""Being told to fail, so that the sender's way of bearing it can be seen."""

import hashlib
import random
from collections import Counter
from typing import Final, Literal

import msgspec

_DICE: Final = random.Random()  # noqa: S311 -- which request fails is no secret

REFUSALS: Final = ("status", "code", "down", "stall")


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One way to fail. These accept nothing: ``status`` answers with that HTTP status and no JSON; ``code`` with Meta's
    error of that code; ``down`` begins an answer and closes the connection; ``stall`` says nothing for so many seconds,
    then closes it; ``reset="before"`` resets it.

    These accept: ``failed`` answers 200 and then reports the message as failed with that code; ``delay`` answers so
    many seconds later; ``drop`` begins an answer and closes the connection; ``reset="after"`` resets it.

    It happens ``times`` times (0: until cleared), to messages ``to`` one guest only if given, and only to that
    ``share`` of them.
    """

    status: int | None = None
    code: int | None = None
    failed: int | None = None
    down: bool = False
    drop: bool = False
    delay: float = 0.0
    stall: float = 0.0
    reset: Literal["before", "after"] | None = None
    retry_after: int | None = None
    times: int = 1
    share: float = 1.0
    to: str | None = None

    def __post_init__(self) -> None:
        if len(self._kinds) != 1:
            raise ValueError("a fault is exactly one of status, code, failed, down, drop, delay, stall and reset")

    @property
    def _kinds(self) -> list[str]:
        given = {
            "status": self.status is not None,
            "code": self.code is not None,
            "failed": self.failed is not None,
            "down": self.down,
            "drop": self.drop,
            "delay": self.delay > 0,
            "stall": self.stall > 0,
            "reset": self.reset is not None,
        }
        return [name for name, is_given in given.items() if is_given]

    @property
    def kind(self) -> str:
        return self._kinds[0]

    @property
    def accepts(self) -> bool:
        return self.kind not in REFUSALS and self.reset != "before"

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


class Faults:
    """The faults that wait, in order. Each request meets at most one; shares of several add up.

    With a seed the fate of a message's n-th try depends on the seed, the message and n alone: on no order of arrival.
    """

    def __init__(self) -> None:
        self.waiting: list[Fault] = []
        self._tries: Counter[str] = Counter()

    def clear(self) -> None:
        self.waiting.clear()
        self._tries.clear()

    def take(self, address: str, *, message: str = "", seed: int | None = None) -> Fault | None:
        """The fault that this message meets. ``message`` is what all tries of it have in common."""
        roll = self._roll(message, seed)
        for fault in self.waiting:
            if fault.to is not None and fault.to.removeprefix("+") != address:
                continue
            if roll >= fault.share:
                roll -= fault.share
                continue
            if fault.times == 1:
                self.waiting.remove(fault)
            elif fault.times:
                fault.times -= 1
            return fault
        return None

    def _roll(self, message: str, seed: int | None) -> float:
        if seed is None:
            return _DICE.random()
        self._tries[message] += 1
        digest = hashlib.sha256(f"{seed} {self._tries[message]} {message}".encode()).digest()
        return int.from_bytes(digest[:7]) / 256**7
