"""One body that moves a conversation to another of the hotel's numbers, and goes on at the old one."""

from typing import Any

import pytest

from app.core.types import ConversationStatus, Department
from app.models import Conversation, Message
from tests.desk import GUEST, Desk
from tests.fake_graph import APP_SECRET, SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.services.test_inbound_at_once import SECOND_NUMBER, add_channel
from tests.world import HotelWorld, World, text_message, webhook_body

OLD, NEW = SEA_VIEW_NUMBER, SECOND_NUMBER


@pytest.fixture
async def spa(ledger: Ledger, hotel: HotelWorld, world: World) -> int:
    """The channel of the hotel's second number; its guest stays."""
    await world.guest(hotel)
    return await add_channel(ledger, hotel)


def says(*texts: str) -> list[dict[str, Any]]:
    return [text_message(text, GUEST) for text in texts]


async def take(desk: Desk, *batches: tuple[str, list[dict[str, Any]]]) -> None:
    await desk.take(webhook_body(*batches), secret=APP_SECRET[OLD])


def reaction(**about: object) -> dict[str, Any]:
    raw = {key: value for key, value in text_message("", GUEST).items() if key != "text"}
    return raw | {"type": "reaction", "reaction": {"emoji": "👍", **about}}


async def with_reception(ledger: Ledger) -> Any:
    return await ledger.conversation(Conversation.department == Department.RECEPTION)


async def test_what_follows_at_the_old_number_is_a_conversation_of_its_own(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, spa: int
) -> None:
    await take(desk, (OLD, says("services", "3")), (NEW, says("services", "3", "By the spa")), (OLD, says("And here")))

    moved = await with_reception(ledger)
    assert (moved.channel_id, moved.status, moved.last_message_preview) == (
        spa,
        ConversationStatus.RELAY,
        "By the spa",
    )
    newest = await ledger.row(Message, Message.content == "By the spa")
    assert (newest.conversation_id, moved.last_message_id) == (moved.id, newest.id)
    here = await ledger.row(Message, Message.content == "And here")
    new = await ledger.conversation(Conversation.id == here.conversation_id)
    assert (new.channel_id, new.department) == (hotel.channel_id, None)
    assert new.id != moved.id


async def test_a_reaction_that_follows_at_the_old_number_leaves_what_has_moved_where_it_is(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, spa: int
) -> None:
    await take(desk, (OLD, says("services", "3")))

    await take(desk, (NEW, says("services", "3")), (OLD, [reaction(message_id="wamid.UNKNOWN")]))

    moved = await with_reception(ledger)
    assert moved.channel_id == spa
    kept = await ledger.row(Message, Message.type == "reaction")
    where = await ledger.conversation(Conversation.id == kept.conversation_id)
    assert (kept.channel_id, where.channel_id, where.status) == (
        hotel.channel_id,
        hotel.channel_id,
        ConversationStatus.CLOSED,
    )
