"""Every case of what Instagram may send, signed as Meta signs it: alone, and the odd ones among good neighbours.

``LOBBY_IG_CASES`` may name a file with more of them: ``{"cases": [{name, channel, payload, expect}]}``.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from app.core.settings import Settings
from app.models import Correction, Message, MessageStatus
from app.services.inbound.service import Receipt
from app.store.database import Database
from tests.channels.instagram_cases import CASES
from tests.channels.instagram_payloads import event
from tests.channels.whatsapp_cases import Case, Says
from tests.desk import Desk
from tests.instagram import open_account, take
from tests.ledger import Ledger
from tests.services.test_whatsapp_cases import NEIGHBOUR, stored_messages
from tests.world import World

_KINDS = {"edit": "edited", "revoke": "revoked"}


def _named_cases() -> list[Case]:
    """Those of the file that the environment names."""
    path = os.environ.get("LOBBY_IG_CASES")
    cases = json.loads(Path(path).read_text())["cases"] if path else []
    return [_case(each) for each in cases if each["channel"] == "instagram"]


def _case(raw: dict[str, Any]) -> Case:
    expected = raw["expect"]
    return Case(
        raw["name"],
        raw["payload"],
        tuple(Says(e["type"], e["text_contains"], e["media"], e.get("sender")) for e in expected["messages"]),
        tuple((e["id"], e["status"], e["error_code"]) for e in expected["statuses"]),
        tuple((_KINDS[each["kind"]], each["target"]) for each in expected.get("events", [])),
        expected["ignored"],
        odd=isinstance(raw["payload"], dict) and isinstance(raw["payload"].get("entry"), list),
    )


ALL = [*CASES, *_named_cases()]
ODD = [case for case in ALL if case.odd]


@pytest.fixture(autouse=True)
async def account(database: Database, settings: Settings, world: World) -> None:
    await open_account(database, settings, await world.hotel())


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
async def test_alone(desk: Desk, ledger: Ledger, case: Case) -> None:
    receipt = await take(desk, case.payload)
    again = await take(desk, case.payload)

    assert (receipt, again) == ((Receipt.IGNORED if case.ignored else Receipt.PROCESSED),) * 2
    await assert_holds(ledger, case)


@pytest.mark.parametrize("case", ODD, ids=lambda case: case.name)
async def test_among_good_neighbours(desk: Desk, ledger: Ledger, case: Case) -> None:
    before, after = (
        event({"message": {"mid": f"mid.{place}", "text": f"Good {place}"}}, sender=NEIGHBOUR)
        for place in ("before", "after")
    )
    (entry,) = case.payload["entry"]
    own = {"id": entry["id"], "time": 1, "messaging": [before, *entry.get("messaging", []), after]}

    assert await take(desk, case.payload | {"entry": [own]}) is Receipt.PROCESSED

    good = await ledger.texts(Message.external_id.in_(["mid.before", "mid.after"]))
    assert good == ["Good before", "Good after"]
    await assert_holds(ledger, case)


async def assert_holds(ledger: Ledger, case: Case) -> None:
    stored = await stored_messages(ledger)
    assert len(stored) == len(case.messages), stored
    for said, (kind, content, media, address) in zip(case.messages, stored, strict=True):
        assert (kind, media) == (said.type, said.media)
        assert (said.text or "") in content
        assert said.sender in {None, address}
    reports = await ledger.rows(MessageStatus)
    assert sorted((each.external_id, each.status, each.error_code) for each in reports) == sorted(case.statuses)
    corrections = await ledger.rows(Correction)
    assert [("revoked" if each.text is None else "edited", each.target) for each in corrections] == list(case.changes)
