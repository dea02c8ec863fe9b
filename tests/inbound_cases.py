"""What a provider may send, case by case, and what has to stand in the database after it.

A file with more of them, ``{"cases": [{name, channel, payload, expect}]}``, is named by the environment, one variable a
channel.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.models import Account, Conversation, Correction, Media, Message, MessageStatus
from app.services.inbound.service import Receipt
from tests.ledger import Ledger

NEIGHBOUR = "351912000777"
"""Who writes before and after an odd one, and is no part of the case."""

Change = tuple[str, Any]
"""What is no message: its kind, and what it names."""


@dataclass(frozen=True)
class Says:
    """A message that is stored: its type, a part of what it reads, whether it has a file (or the provider's name of
    that), and where it is answered where that matters."""

    type: str
    text: str | None = None
    media: str | bool | None = False
    sender: str | None = None


@dataclass(frozen=True)
class Case:
    """``statuses`` are ``(external id, word, error code)``. ``odd`` ones are also tried in the middle of a body that is
    otherwise fine."""

    name: str
    payload: Any
    messages: tuple[Says, ...] = ()
    statuses: tuple[tuple[str, str, int | None], ...] = ()
    changes: tuple[Change, ...] = ()
    ignored: bool = False
    odd: bool = False

    @property
    def receipts(self) -> tuple[Receipt, Receipt]:
        """What the provider is told, and again the second time."""
        return ((Receipt.IGNORED if self.ignored else Receipt.PROCESSED),) * 2


def named_cases(variable: str, channel: str, change: Callable[[dict[str, Any]], Change]) -> list[Case]:
    """Those of a channel in the file that this variable names; ``change`` reads one of its events."""
    path = os.environ.get(variable)
    raw_cases = json.loads(Path(path).read_text())["cases"] if path else []
    return [_case(raw, change) for raw in raw_cases if raw["channel"] == channel]


async def assert_messages(ledger: Ledger, case: Case) -> None:
    stored = await _messages_of_guests(ledger)
    assert len(stored) == len(case.messages), stored
    for said, (kind, content, file, address) in zip(case.messages, stored, strict=True):
        assert kind == said.type
        assert file == said.media if isinstance(said.media, str) else (file is not None) is bool(said.media)
        assert (said.text or "") in content
        assert said.sender in {None, address}


async def assert_statuses(ledger: Ledger, case: Case) -> None:
    reports = await ledger.rows(MessageStatus)
    assert sorted((each.external_id, each.status, each.error_code or 0) for each in reports) == sorted(
        (external_id, word, code or 0) for external_id, word, code in case.statuses
    )


async def corrections(ledger: Ledger) -> list[Change]:
    """The edits and revocations that are kept."""
    return [("revoked" if each.text is None else "edited", each.target) for each in await ledger.rows(Correction)]


def _case(raw: dict[str, Any], change: Callable[[dict[str, Any]], Change]) -> Case:
    expected = raw["expect"]
    return Case(
        raw["name"],
        raw["payload"],
        tuple(Says(e["type"], e["text_contains"], e["media"], e.get("sender")) for e in expected["messages"]),
        tuple((e["id"], e["status"], e["error_code"]) for e in expected["statuses"]),
        tuple(change(each) for each in expected.get("events", [])),
        expected["ignored"],
        odd=isinstance(raw["payload"], dict) and isinstance(raw["payload"].get("entry"), list),
    )


async def _messages_of_guests(ledger: Ledger) -> Sequence[tuple[str, str, str | None, str]]:
    """What guests are known to have sent: ``(type, content, the provider's name of its file, address)``."""
    async with ledger.database.read() as work:
        rows = await work.connection.execute(
            select(Message.type, Message.content, Media.provider_id, Account.address)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .join(Account, Account.id == Conversation.account_id)
            .outerjoin(Media, Media.message_id == Message.id)
            .where(Message.sender_type == "guest", Account.address != NEIGHBOUR)
            .order_by(Message.id)
        )
        return [(kind.value, content, file, address) for kind, content, file, address in rows]
