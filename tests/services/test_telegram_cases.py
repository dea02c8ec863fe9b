"""Every case of what Telegram may send, to the bot's own address and twice.

``LOBBY_TG_CASES`` may name a file with more of them: ``{"cases": [{name, channel, payload, expect}]}``.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.channels.items import Blocked, IdentityChanged
from app.channels.telegram.parse import parse
from app.core.types import Platform
from app.models import Account, Conversation, Correction, Media, Message
from app.services.inbound.intake import RawUpdate
from app.services.inbound.service import Receipt
from tests.channels.telegram_cases import CASES, Case, Says
from tests.channels.whatsapp_payloads import RECEIVED_AT
from tests.desk import Desk
from tests.fake_telegram import BOT_ID, BOT_TOKEN, SECRET
from tests.ledger import Ledger
from tests.world import World


def _named_cases() -> list[Case]:
    """Those of the file that the environment names."""
    path = os.environ.get("LOBBY_TG_CASES")
    cases = json.loads(Path(path).read_text())["cases"] if path else []
    return [_case(each) for each in cases if each["channel"] == "telegram"]


def _case(raw: dict[str, Any]) -> Case:
    expected = raw["expect"]
    return Case(
        raw["name"],
        raw["payload"],
        tuple(Says(e["type"], e["text_contains"], e["media"]) for e in expected["messages"]),
        tuple((each["kind"], True) for each in expected.get("events", [])),
        expected["ignored"],
    )


@pytest.fixture(autouse=True)
async def hotel(world: World) -> None:
    await world.telegram(await world.hotel(), BOT_TOKEN, SECRET)


@pytest.mark.parametrize("case", [*CASES, *_named_cases()], ids=lambda case: case.name)
async def test_case(desk: Desk, ledger: Ledger, case: Case) -> None:
    body = json.dumps(case.payload).encode()
    update = RawUpdate(
        platform=Platform.TELEGRAM,
        body=body,
        headers={"x-telegram-bot-api-secret-token": SECRET},
        account=BOT_ID,
    )

    receipt = await desk.services.inbound.receive(update)
    again = await desk.services.inbound.receive(update)

    assert (receipt, again) == ((Receipt.IGNORED if case.ignored else Receipt.PROCESSED),) * 2
    stored = await stored_messages(ledger)
    assert len(stored) == len(case.messages), stored
    for said, (kind, content, media, address) in zip(case.messages, stored, strict=True):
        assert kind == said.type
        assert media == said.media if isinstance(said.media, str) else (media is not None) is bool(said.media)
        assert (said.text or "") in content
        assert said.sender in {None, address}
    assert await changes(ledger, body) == list(case.changes)


async def stored_messages(ledger: Ledger) -> list[tuple[str, str, str | None, str]]:
    """What guests are known to have sent: ``(type, content, the provider's name of its file, address)``."""
    async with ledger.database.read() as work:
        rows = await work.connection.execute(
            select(Message.type, Message.content, Media.provider_id, Account.address)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .join(Account, Account.id == Conversation.account_id)
            .outerjoin(Media, Media.message_id == Message.id)
            .where(Message.sender_type == "guest")
            .order_by(Message.id)
        )
        return [(kind.value, content, file, address) for kind, content, file, address in rows]


async def changes(ledger: Ledger, body: bytes) -> list[tuple[str, Any]]:
    """What is no message: corrections as they are kept, the rest as it is read."""
    found: list[tuple[str, Any]] = [("edited", each.target) for each in await ledger.rows(Correction)]
    for item in parse(body, received_at=RECEIVED_AT):
        if isinstance(item, IdentityChanged):
            found.append(("identity", (item.old, item.new)))
        elif isinstance(item, Blocked):
            found.append(("blocked", item.is_blocked))
    return found
