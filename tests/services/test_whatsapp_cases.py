"""Every case of what WhatsApp may send, signed as Meta signs it: alone, and the odd ones among good neighbours.

``LOBBY_WA_CASES`` may name a file with more of them (``tests/inbound_cases.py``).
"""

import json
from typing import Any

import pytest

from app.channels.items import AccountFault, IdentityChanged
from app.channels.whatsapp.parse import parse
from app.models import Channel, Message
from app.services.inbound.service import Receipt
from tests.channels.whatsapp_other_cases import CASES
from tests.channels.whatsapp_payloads import RECEIVED_AT, change, text
from tests.desk import Desk
from tests.fake_graph import SEA_VIEW_NUMBER
from tests.inbound_cases import NEIGHBOUR, Case, Change, assert_messages, assert_statuses, corrections, named_cases
from tests.ledger import Ledger
from tests.world import World

_KINDS = {"identity_change": "identity", "edit": "edited", "revoke": "revoked", "account_error": "fault"}


def _named(event: dict[str, Any]) -> Change:
    kind = _KINDS[event["kind"]]
    told = {"identity": (event.get("old"), event.get("new")), "fault": event.get("code")}
    return kind, told.get(kind, event.get("target"))


ALL = [*CASES, *named_cases("LOBBY_WA_CASES", "whatsapp", _named)]
ODD = [case for case in ALL if case.odd]


@pytest.fixture(autouse=True)
async def hotels(world: World, ledger: Ledger) -> None:
    """Two, which share a secret: each body is signed once."""
    sea_view, alpine = await world.two_hotels()
    sealed = (await ledger.row(Channel, Channel.id == sea_view.channel_id)).credentials
    await ledger.change(Channel, Channel.id == alpine.channel_id, credentials=sealed)


def encode(payload: Any) -> bytes:
    """As Meta does: everything beyond ASCII is escaped."""
    return json.dumps(payload).encode()


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
async def test_alone(desk: Desk, ledger: Ledger, case: Case) -> None:
    body = encode(case.payload)

    assert (await desk.take(body), await desk.take(body)) == case.receipts
    await assert_holds(ledger, case)


@pytest.mark.parametrize("case", ODD, ids=lambda case: case.name)
async def test_among_good_neighbours(desk: Desk, ledger: Ledger, case: Case) -> None:
    before, after = (
        change(text(f"Good {place}", id=f"wamid.{place}") | {"from": NEIGHBOUR}, number=SEA_VIEW_NUMBER)
        for place in ("before", "after")
    )
    entries = [{"id": "1", "changes": [before]}, *case.payload["entry"], {"id": "1", "changes": [after]}]

    assert await desk.take(encode(case.payload | {"entry": entries})) is Receipt.PROCESSED

    good = await ledger.texts(Message.external_id.in_(["wamid.before", "wamid.after"]))
    assert good == ["Good before", "Good after"]
    await assert_holds(ledger, case)


async def assert_holds(ledger: Ledger, case: Case) -> None:
    await assert_messages(ledger, case)
    await assert_statuses(ledger, case)
    assert await changes(ledger, case) == list(case.changes)


async def changes(ledger: Ledger, case: Case) -> list[Change]:
    """What is no message: corrections as they are kept, the rest as it is read."""
    found = await corrections(ledger)
    if isinstance(case.payload, dict):
        for item in parse(encode(case.payload), received_at=RECEIVED_AT):
            if isinstance(item, IdentityChanged):
                found.append(("identity", (item.old, item.new)))
            elif isinstance(item, AccountFault):
                found.append(("fault", item.code))
    return found
