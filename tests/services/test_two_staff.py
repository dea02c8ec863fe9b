"""Two at the same conversation in the same moment: one is first, and the other one is told so."""

import asyncio

import httpx
import pytest

from app.core.errors import Conflict
from app.core.events import Change, ConversationChanged
from app.core.types import ConversationStatus
from app.models import Conversation, Message
from tests.desk import STRANGER, Desk
from tests.eventually import eventually
from tests.ledger import Ledger
from tests.world import HotelWorld, World, guest_writes, signed_in

CONVERSATIONS = "/api/message_manager/conversations"
ROUNDS = 30
OPEN = Conversation.status != ConversationStatus.CLOSED


async def test_an_answer_in_a_closed_conversation_that_meets_a_new_one_is_told_which(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await desk.say("Hello", sender=STRANGER)
    closed = await ledger.conversation()
    await ledger.change(Conversation, status=ConversationStatus.CLOSED)

    async with ledger.database.transaction() as work:
        new, _ = await work.conversations.open(
            hotel_id=hotel.id,
            guest_id=closed.guest_id,
            channel_id=closed.channel_id,
            account_id=closed.account_id,
            stay_id=None,
            status=ConversationStatus.DEMO,
        )
        answering = asyncio.create_task(desk.answer(hotel, closed.id, "Good morning"))
        await eventually(ledger.is_somebody_waiting)
    with pytest.raises(Conflict) as refused:
        await answering

    assert refused.value.details == {"conversation_id": new.id}
    assert (await ledger.conversation(OPEN)).id == new.id
    assert await ledger.rows(Message, Message.sender_type == "staff") == []


async def test_a_guest_and_staff_who_begin_at_once_meet_in_one_conversation(
    client: httpx.AsyncClient, ledger: Ledger, hotel: HotelWorld
) -> None:
    rita = await signed_in(client, "rita")
    await guest_writes(client, "Hello", STRANGER)
    for number in range(ROUNDS):
        closed = await ledger.conversation(OPEN)
        await ledger.change(Conversation, OPEN, status=ConversationStatus.CLOSED)

        answer, _ = await asyncio.gather(
            client.post(f"{CONVERSATIONS}/{closed.id}/send_message/", json={"text": "Good morning"}, headers=rita),
            guest_writes(client, f"Hello {number}", STRANGER),
        )

        now_open = await ledger.conversation(OPEN)
        if answer.status_code == 201:
            assert now_open.id == closed.id
        else:
            assert (answer.status_code, answer.json()["code"]) == (409, "conversation_open"), answer.text
            assert answer.json()["details"] == {"conversation_id": now_open.id}
            assert now_open.id != closed.id
    assert len(await ledger.texts(Message.sender_type == "guest")) == ROUNDS + 1


async def test_of_two_who_end_a_relay_at_once_one_does(
    client: httpx.AsyncClient, world: World, ledger: Ledger, hotel: HotelWorld
) -> None:
    await world.user(hotel, "otto")
    staff = [await signed_in(client, name) for name in ("rita", "otto")]
    await world.guest(hotel, phone=STRANGER)
    await guest_writes(client, "services", STRANGER)
    path = f"{CONVERSATIONS}/{(await ledger.conversation()).id}/end_relay/"
    for _ in range(ROUNDS):
        await ledger.change(Conversation, status=ConversationStatus.RELAY, stay_id=None)

        answers = await asyncio.gather(*(client.post(path, headers=headers) for headers in staff))

        assert sorted(each.status_code for each in answers) == [200, 409], [each.text for each in answers]

    told = [each for each in await ledger.events(hotel.id) if isinstance(each, ConversationChanged)]
    assert len([each for each in told if each.change is Change.RELAY_ENDED]) == ROUNDS
