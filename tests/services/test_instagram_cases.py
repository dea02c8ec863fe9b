"""Every case of what Instagram may send, signed as Meta signs it: alone, and the odd ones among good neighbours.

``LOBBY_IG_CASES`` may name a file with more of them (``tests/inbound_cases.py``).
"""

from typing import Any

import pytest

from app.core.settings import Settings
from app.models import Message
from app.services.inbound.service import Receipt
from app.store.database import Database
from tests.channels.instagram_cases import CASES
from tests.channels.instagram_payloads import event
from tests.desk import Desk
from tests.inbound_cases import NEIGHBOUR, Case, Change, assert_messages, assert_statuses, corrections, named_cases
from tests.instagram import open_account, take
from tests.ledger import Ledger
from tests.world import World

_KINDS = {"edit": "edited", "revoke": "revoked"}


def _named(told: dict[str, Any]) -> Change:
    return _KINDS[told["kind"]], told["target"]


ALL = [*CASES, *named_cases("LOBBY_IG_CASES", "instagram", _named)]
ODD = [case for case in ALL if case.odd]


@pytest.fixture(autouse=True)
async def account(database: Database, settings: Settings, world: World) -> None:
    await open_account(database, settings, await world.hotel())


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
async def test_alone(desk: Desk, ledger: Ledger, case: Case) -> None:
    assert (await take(desk, case.payload), await take(desk, case.payload)) == case.receipts
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
    await assert_messages(ledger, case)
    await assert_statuses(ledger, case)
    assert await corrections(ledger) == list(case.changes)
