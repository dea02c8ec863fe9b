"""What the fake knows: bots, what was called, which messages there are, files, and how it is to fail."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

Json = dict[str, Any]


class ApiError(Exception):
    """A refusal in Telegram's words. ``parameters`` may hold ``retry_after`` or ``migrate_to_chat_id``."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One way to fail, ``times`` times (0: until cleared), of calls of one ``method`` only if given.

    ``code`` answers with Telegram's error of that code, ``description`` and ``parameters``; ``status`` with that HTTP
    status and no JSON; ``drop`` does what was asked, and then closes the connection without an answer.
    """

    code: int | None = None
    description: str = "Told to fail."
    parameters: dict[str, int] = {}
    status: int | None = None
    drop: bool = False
    times: int = 1
    method: str | None = None


@dataclass
class Held:
    """A file of a guest's, or one that a bot has sent."""

    data: bytes
    path: str
    field: str


@dataclass
class Bot:
    """A bot by its token. ``url`` and ``secret`` are those of its webhook, as it was set."""

    token: str
    username: str = "sea_view_bot"
    url: str = ""
    secret: str = ""
    calls: list[Json] = field(default_factory=list)
    files: dict[str, Held] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    blocked_by: set[int] = field(default_factory=set)
    queries: set[str] = field(default_factory=set)
    messages: int = 1000
    updates: int = 500_000_000

    @property
    def id(self) -> int:
        return int(self.token.partition(":")[0])

    def next_message(self) -> int:
        self.messages += 1
        return self.messages

    def fault(self, method: str) -> Fault | None:
        """The first fault that this call meets."""
        for fault in self.faults:
            if fault.method in {None, method}:
                if fault.times == 1:
                    self.faults.remove(fault)
                elif fault.times:
                    fault.times -= 1
                return fault
        return None

    def keep(self, data: bytes, name: str, field_name: str) -> str:
        """Hold a file; its id."""
        file_id = f"{field_name}-{len(self.files) + 1}"
        self.files[file_id] = Held(data=data, path=f"{field_name}s/{file_id}_{name}", field=field_name)
        return file_id
