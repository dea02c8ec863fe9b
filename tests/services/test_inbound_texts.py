"""What guests write arrives as they wrote it, as far as a database can keep it."""

import json

from app.models import Conversation, Guest, InboundItem, InboundUpdate, Message
from tests.desk import STRANGER, Desk
from tests.fake_graph import SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.world import World, text_message, webhook_body

KEPT = {
    "a\x00b": "a\ufffdb",
    "a\ud800b": "a\ufffdb",
    "\udc00\ud83d": "\ufffd\ufffd",
    "\U0001f3e8 שלום é\u0301\r\n": "\U0001f3e8 שלום é\u0301\r\n",
    "x" * 16_384: "x" * 16_384,
    "x" * 65_536: "x" * 16_384 + "…",
    " ": " ",
}


async def test_texts_and_names_are_kept_as_they_were_written(desk: Desk, world: World, ledger: Ledger) -> None:
    """NUL and lone surrogates, which no database keeps, leave a mark where they stood."""
    await world.hotel()
    senders = [f"49151123456{number:02}" for number in range(len(KEPT))]

    await desk.take_messages(
        *(text_message(text, sender, name=text) for text, sender in zip(KEPT, senders, strict=True))
    )

    assert await ledger.texts(Message.sender_type == "guest") == list(KEPT.values())
    assert [each.full_name for each in await ledger.rows(Guest)] == [
        kept.strip()[:200] or f"+{sender}" for kept, sender in zip(KEPT.values(), senders, strict=True)
    ]
    assert await ledger.rows(InboundItem) == []


async def test_a_body_is_kept_byte_for_byte(desk: Desk, world: World, ledger: Ledger) -> None:
    await world.hotel()
    body = webhook_body((SEA_VIEW_NUMBER, [text_message("ä/\x00", STRANGER)])) + b" \r\n\t"

    await desk.take(body)

    assert (await ledger.row(InboundUpdate)).body == body


async def test_the_same_body_with_other_spellings_is_the_same_message(desk: Desk, world: World, ledger: Ledger) -> None:
    await world.hotel()
    body = webhook_body((SEA_VIEW_NUMBER, [text_message("ä", STRANGER)]))

    await desk.take(body)
    await desk.take(json.dumps(json.loads(body), ensure_ascii=False, indent=1).encode())

    assert await ledger.texts(Message.sender_type == "guest") == ["ä"]


async def test_in_a_group_the_flow_keeps_silent(desk: Desk, world: World, ledger: Ledger) -> None:
    await world.hotel()

    await desk.take_messages(text_message("services", STRANGER) | {"group_id": "120363000000000000"})

    assert await ledger.transcript() == [("guest", "services")]
    assert (await ledger.row(Conversation)).last_message_sender == "guest"
