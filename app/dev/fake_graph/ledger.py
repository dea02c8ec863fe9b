"""Every request that was POSTed to /messages, and what became of it: for tests that check what was really sent."""

from collections import deque
from typing import Any, Final, Literal

import msgspec

KEPT: Final = 100_000


class Asked(msgspec.Struct, kw_only=True):
    """One request. ``body`` is its JSON, or its text where it was none.

    ``outcome``: accepted, read (a read-back, taken), refused with ``status`` and perhaps ``code``, or lost: neither
    accepted nor answered. ``answered`` tells whether the sender could see what became of it.
    """

    phone_number_id: str
    body: Any
    outcome: Literal["open", "accepted", "read", "refused", "lost"] = "open"
    answered: bool = False
    status: int | None = None
    code: int | None = None
    id: str | None = None
    fault: str | None = None

    @property
    def to(self) -> str:
        body = self.body if isinstance(self.body, dict) else {}
        recipient = body.get("recipient")
        named = recipient.get("id") if isinstance(recipient, dict) else recipient  # Instagram's is an object
        return str(body.get("to") or named or "").removeprefix("+")

    def refused(self, status: int, code: int | None = None) -> None:
        self.outcome, self.status, self.code, self.answered = "refused", status, code, True

    def lost(self) -> None:
        self.outcome = "lost"

    def accepted(self, message_id: str) -> None:
        self.outcome, self.id = "accepted", message_id

    def read(self) -> None:
        self.outcome = "read"
        self.saw_answer()

    def saw_answer(self) -> None:
        self.answered, self.status = True, 200


class Ledger:
    """In the order in which they came; of very many the last."""

    def __init__(self) -> None:
        self.requests: deque[Asked] = deque(maxlen=KEPT)

    def open(self, phone_number_id: str, body: object) -> Asked:
        asked = Asked(phone_number_id=phone_number_id, body=body)
        self.requests.append(asked)
        return asked
