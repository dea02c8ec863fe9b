"""Every case of what WhatsApp may send, signed as Meta signs it: alone, and the odd ones among good neighbours.

``LOBBY_WA_CASES`` may name a file with more of them: ``{"cases": [{name, channel, payload, expect}]}``.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.channels.items import AccountFault, IdentityChanged
from app.channels.whatsapp.parse import parse
from app.models import Account, Channel, Conversation, Correction, Media, Message, MessageStatus
from app.services.inbound.service import Receipt
from tests.channels.whatsapp_cases import Case, Says
from tests.channels.whatsapp_other_cases import CASES
from tests.channels.whatsapp_payloads import RECEIVED_AT, change, text
from tests.desk import Desk
from tests.fake_graph import SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.world import World

NEIGHBOUR = "351912000777"
_KINDS = {"identity_change": "identity", "edit": "edited", "revoke": "revoked", "account_error": "fault"}


def _named_cases() -> list[Case]:
    """Those of the file that the environment names."""
    path = os.environ.get("LOBBY_WA_CASES")
    cases = json.loads(Path(path).read_text())["cases"] if path else []
    return [_case(each) for each in cases if each["channel"] == "whatsapp"]


def _case(raw: dict[str, Any]) -> Case:
    expected = raw["expect"]
    return Case(
        raw["name"],
        raw["payload"],
        tuple(Says(e["type"], e["text_contains"], e["media"], e.get("sender")) for e in expected["messages"]),
        tuple((e["id"], e["status"], e["error_code"]) for e in expected["statuses"]),
        tuple(_named(each) for each in expected.get("events", [])),
        expected["ignored"],
        odd=isinstance(raw["payload"], dict) and isinstance(raw["payload"].get("entry"), list),
    )


def _named(event: dict[str, Any]) -> tuple[str, Any]:
    kind = _KINDS[event["kind"]]
    return kind, {"identity": (event.get("old"), event.get("new")), "fault": event.get("code")}.get(
        kind, event.get("target")
    )


ALL = [*CASES, *_named_cases()]
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

    receipt = await desk.take(body)
    again = await desk.take(body)

    assert (receipt, again) == ((Receipt.IGNORED if case.ignored else Receipt.PROCESSED),) * 2
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
    stored = await stored_messages(ledger)
    assert len(stored) == len(case.messages), stored
    for said, (kind, content, media, address) in zip(case.messages, stored, strict=True):
        assert (kind, media) == (said.type, said.media)
        assert (said.text or "") in content
        assert said.sender in {None, address}
    reports = await ledger.rows(MessageStatus)
    assert sorted((each.external_id, each.status, each.error_code or 0) for each in reports) == sorted(
        (external_id, word, code or 0) for external_id, word, code in case.statuses
    )
    assert await changes(ledger, case) == list(case.changes)


async def stored_messages(ledger: Ledger) -> list[tuple[str, str, bool, str]]:
    """What guests are known to have sent: ``(type, content, has a file, address)``."""
    async with ledger.database.read() as work:
        rows = await work.connection.execute(
            select(Message.type, Message.content, Media.id, Account.address)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .join(Account, Account.id == Conversation.account_id)
            .outerjoin(Media, Media.message_id == Message.id)
            .where(Message.sender_type == "guest", Account.address != NEIGHBOUR)
            .order_by(Message.id)
        )
        return [(kind.value, content, media is not None, address) for kind, content, media, address in rows]


async def changes(ledger: Ledger, case: Case) -> list[tuple[str, Any]]:
    """What is no message: corrections as they are kept, the rest as it is read."""
    kept = [("revoked" if each.text is None else "edited", each.target) for each in await ledger.rows(Correction)]
    found: list[tuple[str, Any]] = list(kept)
    if isinstance(case.payload, dict):
        for item in parse(encode(case.payload), received_at=RECEIVED_AT):
            if isinstance(item, IdentityChanged):
                found.append(("identity", (item.old, item.new)))
            elif isinstance(item, AccountFault):
                found.append(("fault", item.code))
    return found
