"""Staff react to a guest's message, and take it back."""

import pytest

from app.core.events import MessageCreated
from app.core.types import ConversationStatus, MessageType
from app.models import Conversation, Message
from tests.ledger import Ledger
from tests.sending.conftest import Desk
from tests.world import HotelWorld


async def test_a_reaction_arrives_and_is_taken_back(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    before = await ledger.conversation()

    given = await desk.react("👩🏽‍🍳")
    taken_back = await desk.react("")

    assert (given.status_code, taken_back.status_code) == (201, 201)
    target = {"message_id": desk.guests_external_id}
    bodies = await desk.arrived(2)
    assert [body["reaction"] for body in bodies] == [{**target, "emoji": "👩🏽‍🍳"}, {**target, "emoji": ""}]
    assert not any("context" in body for body in bodies)
    shown = given.json()
    assert (shown["message_type"], shown["content"]) == ("reaction", "👩🏽‍🍳")
    assert shown["reply_to_message_id"] == desk.guests_message_id
    after = await ledger.conversation()
    assert (after.status, after.last_message_id) == (before.status, before.last_message_id)
    told = [each.message for each in await ledger.events(hotel.id) if isinstance(each, MessageCreated)]
    assert [each.content for each in told if each.type is MessageType.REACTION] == ["👩🏽‍🍳", ""]


async def test_a_reaction_leaves_a_closed_conversation_closed(desk: Desk, ledger: Ledger) -> None:
    await ledger.change(Conversation, status=ConversationStatus.CLOSED)

    assert (await desk.react("👍")).status_code == 201

    assert (await ledger.conversation()).status is ConversationStatus.CLOSED


@pytest.mark.parametrize("emoji", ["no", "👍👍", "1", ":)", "👍 👍"])
async def test_a_reaction_is_one_emoji(desk: Desk, ledger: Ledger, emoji: str) -> None:
    answer = await desk.react(emoji)

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_emoji")
    assert answer.json()["details"].keys() == {"emoji"}
    assert await ledger.rows(Message, Message.sender_type == "staff") == []


async def test_only_a_guests_message_that_is_there_is_reacted_to(desk: Desk, ledger: Ledger) -> None:
    mine = await desk.send(text="Good evening!")
    await desk.arrived(1)
    reaction = (await desk.react("👍")).json()

    for message_id in (mine["id"], reaction["id"]):
        answer = await desk.react("👍", message_id)
        assert (answer.status_code, answer.json()["code"]) == (409, "no_reaction")
    assert (await desk.react("👍", 999_999)).status_code == 404
    await ledger.change(Message, Message.id == desk.guests_message_id, revoked_at=Message.created_at)
    assert (await desk.react("👍")).status_code == 409
