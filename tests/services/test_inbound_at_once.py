"""Doubles and neighbours in time: whatever arrives at once, or again, is taken once."""

import asyncio

import httpx
import pytest
from sqlalchemy import insert

from app.core.events import Change, ConversationChanged
from app.core.types import ConversationStatus, IdentityKind, Platform
from app.models import (
    Account,
    Channel,
    Conversation,
    Delivery,
    Guest,
    GuestIdentity,
    InboundItem,
    InboundUpdate,
    Message,
)
from app.services.inbound.service import Receipt
from tests.desk import GUEST, STRANGER, Desk
from tests.eventually import eventually
from tests.fake_graph import ALPINE_NUMBER, SEA_VIEW_NUMBER, FakeGraph
from tests.ledger import Ledger
from tests.world import HotelWorld, World, post_signed, text_message, webhook_body

TIMES = 12
SECOND_NUMBER = "700000000000003"


async def add_channel(ledger: Ledger, hotel: HotelWorld, number: str = SECOND_NUMBER) -> int:
    """A second number of the hotel, with the same secret."""
    first = await ledger.row(Channel, Channel.id == hotel.channel_id)
    async with ledger.database.transaction() as work:
        channel_id: int | None = await work.connection.scalar(
            insert(Channel)
            .values(
                hotel_id=hotel.id,
                platform=Platform.WHATSAPP,
                name="Spa",
                account=number,
                credentials=first.credentials,
            )
            .returning(Channel.id)
        )
    assert channel_id is not None
    return channel_id


async def add_number(ledger: Ledger, hotel: HotelWorld, number: str) -> None:
    """The hotel's only guest has another number, too."""
    guest = await ledger.row(Guest)
    async with ledger.database.transaction() as work:
        await work.connection.execute(
            insert(GuestIdentity).values(hotel_id=hotel.id, guest_id=guest.id, kind=IdentityKind.WHATSAPP, value=number)
        )


@pytest.mark.parametrize("known", [True, False], ids=["of_a_guest", "of_a_stranger"])
async def test_a_message_that_arrives_twelve_times_at_once_is_one(
    client: httpx.AsyncClient, world: World, fake_graph: FakeGraph, ledger: Ledger, *, known: bool
) -> None:
    hotel = await world.hotel()
    if known:
        await world.guest(hotel, phone=STRANGER)
    body = webhook_body((SEA_VIEW_NUMBER, [text_message("Hello", STRANGER)]))

    answers = await asyncio.gather(*(post_signed(client, body) for _ in range(TIMES)))

    assert [(each.status_code, each.json()) for each in answers] == [(200, {"status": "processed"})] * TIMES
    assert len(await ledger.rows(InboundUpdate)) == TIMES
    assert [who for who, _ in await ledger.transcript()] == ["guest", "system"]
    for only in (Guest, Account, Conversation):
        await ledger.row(only)
    await eventually(lambda: ledger.rows(Delivery, Delivery.state == "sent"))
    assert len(await fake_graph.texts(STRANGER)) == len(await ledger.rows(Delivery)) == 1
    assert await ledger.rows(InboundItem) == []


async def test_two_different_first_messages_of_a_stranger_meet_one_guest(
    desk: Desk, world: World, ledger: Ledger
) -> None:
    await world.hotel()
    said = [f"Hello {number}" for number in range(6)]

    await asyncio.gather(*(desk.say(text, sender=STRANGER) for text in said))

    for only in (Guest, Account, Conversation):
        await ledger.row(only)
    assert sorted(await ledger.texts(Message.sender_type == "guest")) == said
    assert len(await ledger.rows(Delivery)) == len(said)


async def test_a_stranger_who_writes_to_two_numbers_of_a_hotel_at_once_is_one_guest(
    desk: Desk, world: World, ledger: Ledger
) -> None:
    hotel = await world.hotel()
    await add_channel(ledger, hotel)

    def body(number: str, text: str) -> bytes:
        return webhook_body((number, [text_message(text, STRANGER)]))

    await asyncio.gather(
        *(desk.take(body(number, f"{number} {n}")) for n in range(3) for number in (SEA_VIEW_NUMBER, SECOND_NUMBER))
    )

    guest = await ledger.row(Guest)
    conversations = await ledger.rows(Conversation)
    assert sorted(each.channel_id for each in conversations) == sorted(each.id for each in await ledger.rows(Channel))
    assert {each.guest_id for each in conversations} == {guest.id}
    for conversation in conversations:
        texts = await ledger.texts(Message.conversation_id == conversation.id, Message.sender_type == "guest")
        assert len(texts) == 3


async def test_a_guest_who_writes_from_two_numbers_at_once_begins_one_conversation(
    desk: Desk, world: World, ledger: Ledger
) -> None:
    hotel = await world.hotel()
    await world.guest(hotel)
    await add_number(ledger, hotel, STRANGER)
    for sender in (GUEST, STRANGER):
        await desk.say("Hello", sender=sender)
    await ledger.change(Conversation, status=ConversationStatus.CLOSED)
    before = len(await ledger.events(hotel.id))

    await asyncio.gather(*(desk.say("services", sender=sender) for _ in range(3) for sender in (GUEST, STRANGER)))

    await ledger.row(Guest)
    conversation = await ledger.conversation(Conversation.status != ConversationStatus.CLOSED)
    assert (conversation.status, conversation.current_step) == (ConversationStatus.ACTIVE, "start")
    assert await ledger.texts(Message.conversation_id == conversation.id, Message.sender_type == "guest") == (
        ["services"] * 6
    )
    begun = [each for each in (await ledger.events(hotel.id))[before:] if isinstance(each, ConversationChanged)]
    assert [each.change for each in begun] == [Change.CREATED]


async def test_an_answer_goes_to_the_number_that_the_guest_wrote_from_last(
    desk: Desk, world: World, ledger: Ledger
) -> None:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    await world.guest(hotel)
    await add_number(ledger, hotel, STRANGER)

    await desk.say("services", sender=GUEST)
    await desk.say("services", sender=STRANGER)
    await desk.answer(hotel, (await ledger.conversation()).id, "Here I am.")
    await desk.say("Thank you", sender=GUEST)
    await desk.answer(hotel, (await ledger.conversation()).id, "You are welcome.")

    assert [each.address for each in await ledger.rows(Delivery)] == [GUEST, STRANGER, STRANGER, GUEST]


async def test_what_comes_again_in_the_same_body_and_in_later_ones_is_taken_once(
    desk: Desk, world: World, ledger: Ledger
) -> None:
    await world.hotel()
    first, second = text_message("First", STRANGER), text_message("Second", STRANGER)

    assert await desk.take_messages(first, first, second, first) is Receipt.PROCESSED
    assert await desk.take_messages(second, first) is Receipt.PROCESSED

    assert await ledger.texts(Message.sender_type == "guest") == ["First", "Second"]
    assert len(await ledger.rows(Delivery)) == 2


async def test_a_double_of_a_closed_conversation_opens_no_new_one(desk: Desk, world: World, ledger: Ledger) -> None:
    hotel = await world.hotel()
    message = text_message("Hello", STRANGER)
    await desk.take_messages(message)
    await ledger.change(Conversation, status=ConversationStatus.CLOSED)
    told = await ledger.events(hotel.id)

    assert await desk.take_messages(message) is Receipt.PROCESSED

    assert (await ledger.conversation()).status is ConversationStatus.CLOSED
    assert await ledger.events(hotel.id) == told


async def test_the_same_message_id_at_two_hotels_is_two_messages(desk: Desk, world: World, ledger: Ledger) -> None:
    await world.two_hotels()
    message = text_message("Hello", STRANGER)

    await desk.take_messages(message)
    await desk.take_messages(message, number=ALPINE_NUMBER)

    assert await ledger.texts(Message.sender_type == "guest") == ["Hello", "Hello"]
    assert len(await ledger.rows(Guest)) == 2


async def test_the_twentieth_stranger_is_met_like_the_first(desk: Desk, world: World, ledger: Ledger) -> None:
    """PostgreSQL plans a statement anew after a connection has run it a few times: that must change nothing."""
    await world.hotel()
    senders = [f"49151123456{number:02}" for number in range(20)]

    await desk.take_messages(*(text_message("Hello", sender) for sender in senders))

    assert await ledger.rows(InboundItem) == []
    assert len(await ledger.rows(Guest)) == len(await ledger.rows(Conversation)) == len(senders)


async def test_batches_about_the_same_strangers_in_any_order_are_all_taken(
    desk: Desk, world: World, ledger: Ledger
) -> None:
    await world.hotel()
    senders = [f"49151123456{number:02}" for number in range(6)]
    bodies = []
    for turn in range(6):
        order = senders[turn:] + senders[:turn]
        bodies.append([text_message(f"{turn}", sender) for sender in order[:: 1 if turn % 2 else -1]])

    answers = await asyncio.gather(*(desk.take_messages(*messages) for messages in bodies))

    assert answers == [Receipt.PROCESSED] * len(bodies)
    assert len(await ledger.rows(Guest)) == len(await ledger.rows(Conversation)) == len(senders)
    for conversation in await ledger.rows(Conversation):
        texts = await ledger.texts(Message.conversation_id == conversation.id, Message.sender_type == "guest")
        assert sorted(texts) == [str(turn) for turn in range(6)]
