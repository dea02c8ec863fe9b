"""Every case of what Telegram may send, to the bot's own address and twice.

``LOBBY_TG_CASES`` may name a file with more of them (``tests/inbound_cases.py``).
"""

import json
from typing import Any

import pytest

from app.channels.items import Blocked, IdentityChanged
from app.channels.telegram.parse import parse
from app.core.types import Platform
from app.services.inbound.intake import RawUpdate
from tests.channels.telegram_cases import CASES
from tests.channels.whatsapp_payloads import RECEIVED_AT
from tests.desk import Desk
from tests.fake_telegram import BOT_ID, BOT_TOKEN, SECRET
from tests.inbound_cases import Case, Change, assert_messages, corrections, named_cases
from tests.ledger import Ledger
from tests.world import World


def _named(event: dict[str, Any]) -> Change:
    return event["kind"], True


@pytest.fixture(autouse=True)
async def hotel(world: World) -> None:
    await world.telegram(await world.hotel(), BOT_TOKEN, SECRET)


@pytest.mark.parametrize(
    "case", [*CASES, *named_cases("LOBBY_TG_CASES", "telegram", _named)], ids=lambda case: case.name
)
async def test_case(desk: Desk, ledger: Ledger, case: Case) -> None:
    body = json.dumps(case.payload).encode()
    update = RawUpdate(
        platform=Platform.TELEGRAM,
        body=body,
        headers={"x-telegram-bot-api-secret-token": SECRET},
        account=BOT_ID,
    )

    receive = desk.services.inbound.receive
    assert (await receive(update), await receive(update)) == case.receipts
    await assert_messages(ledger, case)
    assert await changes(ledger, body) == list(case.changes)


async def changes(ledger: Ledger, body: bytes) -> list[Change]:
    """What is no message: corrections as they are kept, the rest as it is read."""
    found = await corrections(ledger)
    for item in parse(body, received_at=RECEIVED_AT):
        if isinstance(item, IdentityChanged):
            found.append(("identity", (item.old, item.new)))
        elif isinstance(item, Blocked):
            found.append(("blocked", item.is_blocked))
    return found
