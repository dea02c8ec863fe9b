"""Being told to fail, so that the sender's way of bearing it can be seen."""

import random
from typing import Final

import msgspec

_DICE: Final = random.Random()  # noqa: S311 -- which request fails is no secret

_CODE_STATUS: Final = {
    **dict.fromkeys((0, 190), 401),
    **dict.fromkeys((4, 80007, 130429, 131056), 429),
    131000: 500,
    131016: 503,
}


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One way to fail.

    ``status`` answers with that HTTP status and no JSON; ``code`` with Meta's error of that code. ``down`` closes the
    connection and accepts nothing. ``drop`` accepts and closes the connection instead of answering; ``delay`` accepts
    and answers so many seconds later. It happens ``times`` times (0: until cleared), to messages ``to`` one guest
    only if given, and only to that ``share`` of them.
    """

    status: int | None = None
    code: int | None = None
    down: bool = False
    drop: bool = False
    delay: float = 0.0
    retry_after: int | None = None
    times: int = 1
    share: float = 1.0
    to: str | None = None

    def __post_init__(self) -> None:
        kinds = (self.status is not None, self.code is not None, self.down, self.drop, self.delay > 0)
        if sum(kinds) != 1:
            raise ValueError("a fault is exactly one of status, code, down, drop and delay")

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}

    @property
    def code_status(self) -> int:
        """The HTTP status that Meta sends with this code."""
        return _CODE_STATUS.get(self.code or 0, 400)


class Faults:
    """The faults that wait, in order. Each request meets at most one; shares of several add up."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def take(self, address: str) -> Fault | None:
        """The fault that this message meets."""
        roll = _DICE.random()
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
