"""Reactions stand beside what they are about, and ask for nothing."""

from typing import Any

import pytest

from app.core.events import ConversationChanged
from app.models import Conversation, Message
from app.services.inbound.service import Receipt
from tests.channels.whatsapp_payloads import GUEST, Json, change, document, encode, message
from tests.desk import Desk
from tests.fake_graph import SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.world import HotelWorld

ANSWER = "wamid.ANSWER"


async def react(desk: Desk, emoji: str = "👍", target: str = ANSWER, **more: Any) -> None:
    raw: Json = message("reaction", {"message_id": target, "emoji": emoji}, id=f"wamid.{emoji}{target}", **more)
    assert await desk.take(encode(document(change(raw, number=SEA_VIEW_NUMBER)))) is Receipt.PROCESSED


async def answered(desk: Desk, ledger: Ledger) -> int:
    """The guest has got an answer, which is the last message; its id."""
    await desk.say("Hello", sender=GUEST)
    message = await ledger.row(Message, Message.sender_type == "system")
    await ledger.change(Message, Message.id == message.id, external_id=ANSWER)
    message_id: int = message.id
    return message_id


async def test_a_reaction_is_kept_and_nothing_answers_it(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    answer = await answered(desk, ledger)
    before = await ledger.conversation()

    await react(desk)
    await react(desk, "")

    *_, added, removed = await ledger.rows(Message)
    assert (added.type, added.content, added.reply_to_id) == ("reaction", "👍", answer)
    assert (removed.type, removed.content, removed.reply_to_id) == ("reaction", "", answer)
    assert len(await ledger.rows(Message)) == 4
    after = await ledger.conversation()
    assert (
        (after.last_message_id, after.waiting_since) == (before.last_message_id, before.waiting_since) == (answer, None)
    )


@pytest.mark.parametrize("target", [ANSWER, "wamid.NEVER"], ids=["of_a_message_there", "of_one_that_nobody_knows"])
async def test_a_reaction_in_a_closed_conversation_opens_nothing(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, target: str
) -> None:
    await answered(desk, ledger)
    await ledger.change(Conversation, status="closed")

    await react(desk, target=target)

    closed = await ledger.conversation()
    assert closed.status == "closed"
    assert (await ledger.row(Message, Message.type == "reaction")).conversation_id == closed.id


async def test_a_reaction_to_what_nobody_knows_stands_in_the_open_conversation(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await answered(desk, ledger)
    await ledger.change(Conversation, status="closed")
    await desk.say("Hello again", sender=GUEST)
    _, opened = await ledger.rows(Conversation)

    await react(desk, target="wamid.NEVER")

    reaction = await ledger.row(Message, Message.type == "reaction")
    assert (reaction.conversation_id, reaction.reply_to_id) == (opened.id, None)


async def test_of_somebody_without_a_conversation_it_is_kept_in_one_that_is_closed(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await react(desk)
    await react(desk, "❤️")

    kept = await ledger.conversation()
    assert (kept.status, kept.waiting_since) == ("closed", None)
    assert [each for each in await ledger.events(hotel.id) if isinstance(each, ConversationChanged)] == []
    assert len(await ledger.rows(Message)) == 2


async def test_a_reaction_to_another_guests_message_stays_with_who_reacts(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await answered(desk, ledger)

    await react(desk, **{"from": "351912000999"})

    first, second = await ledger.rows(Conversation)
    assert (first.status, second.status) == ("demo", "closed")
    assert (await ledger.row(Message, Message.type == "reaction")).conversation_id == second.id
