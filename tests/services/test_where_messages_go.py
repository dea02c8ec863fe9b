"""A guest with several open conversations: to which of them a message goes."""

import pytest

from app.core.events import Change, ConversationChanged
from app.core.types import ConversationStatus, Department
from app.models import Conversation, Message
from tests.desk import GUEST, Desk, replying
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World, text_message


@pytest.fixture
async def hotel(hotel: HotelWorld, world: World) -> HotelWorld:
    """With a guest who stays."""
    await world.guest(hotel)
    return hotel


async def relayed(desk: Desk, ledger: Ledger, hotel: HotelWorld, department: Department) -> int:
    """A conversation that the guest is having with a department, beside the bot's."""
    bots = await ledger.conversation(Conversation.department.is_(None))
    async with ledger.database.transaction() as work:
        conversation, _ = await work.conversations.open(
            hotel_id=hotel.id,
            guest_id=bots.guest_id,
            channel_id=bots.channel_id,
            account_id=bots.account_id,
            stay_id=bots.stay_id,
            status=ConversationStatus.RELAY,
            department=department,
        )
    return conversation.id


async def place_of(ledger: Ledger, text: str) -> int:
    found: int = (await ledger.row(Message, Message.content == text)).conversation_id
    return found


async def sent_as(ledger: Ledger, message_id: int, external_id: str) -> None:
    await ledger.change(Message, Message.id == message_id, external_id=external_id)


async def test_a_message_goes_where_staff_wrote_last_before_it_goes_to_the_bot(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await desk.say("Hello")
    kitchen = await relayed(desk, ledger, hotel, Department.ROOM_SERVICE)
    rooms = await relayed(desk, ledger, hotel, Department.HOUSEKEEPING)

    await desk.answer(hotel, rooms, "Clean at ten?")
    clock.move(minutes=1)
    await desk.answer(hotel, kitchen, "Your soup is on its way.")
    await desk.say("Thank you!")
    clock.move(minutes=1)
    await desk.answer(hotel, rooms, "And towels?")
    await desk.say("Yes please!")

    assert await place_of(ledger, "Thank you!") == kitchen
    assert await place_of(ledger, "Yes please!") == rooms


async def test_a_message_goes_to_the_conversation_that_it_replies_to(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await desk.say("Hello")
    menu = await ledger.row(Message, Message.sender_type == "system")
    kitchen = await relayed(desk, ledger, hotel, Department.ROOM_SERVICE)
    rooms = await relayed(desk, ledger, hotel, Department.HOUSEKEEPING)
    (asked,) = await desk.answer(hotel, rooms, "Clean at ten?")
    clock.move(minutes=1)
    await desk.answer(hotel, kitchen, "Your soup is on its way.")
    await sent_as(ledger, asked, "wamid.ASKED")
    await sent_as(ledger, menu.id, "wamid.MENU")

    await desk.take_messages(replying(text_message("At eleven.", GUEST), "wamid.ASKED"))
    await desk.take_messages(replying(text_message("banana", GUEST), "wamid.MENU"))
    await desk.take_messages(replying(text_message("What is this?", GUEST), "wamid.NOBODYS"))

    answered = await ledger.row(Message, Message.content == "At eleven.")
    assert (answered.conversation_id, answered.reply_to_id) == (rooms, asked)
    assert await place_of(ledger, "banana") == menu.conversation_id
    assert await place_of(ledger, "What is this?") == kitchen


async def test_a_reply_to_a_closed_conversation_goes_where_any_message_would(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await desk.say("Hello")
    bots = (await ledger.conversation()).id
    kitchen = await relayed(desk, ledger, hotel, Department.ROOM_SERVICE)
    (asked,) = await desk.answer(hotel, kitchen, "Was the soup good?")
    await sent_as(ledger, asked, "wamid.SOUP")
    await ledger.change(Conversation, Conversation.id == kitchen, status=ConversationStatus.CLOSED)

    await desk.take_messages(replying(text_message("It was.", GUEST), "wamid.SOUP"))

    assert await place_of(ledger, "It was.") == bots


async def test_a_reply_to_another_guests_message_stays_with_ones_own(
    desk: Desk, world: World, ledger: Ledger, hotel: HotelWorld
) -> None:
    await world.guest(hotel, "Jane Roe", "351900000000")
    await desk.say("Hello from Jane", sender="351900000000")
    janes = await ledger.row(Message, Message.sender_type == "system")
    await sent_as(ledger, janes.id, "wamid.JANES")

    await desk.take_messages(replying(text_message("Hello from John", GUEST), "wamid.JANES"))

    assert await place_of(ledger, "Hello from John") != janes.conversation_id


async def test_a_relay_goes_on_in_the_open_conversation_with_the_same_department(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await desk.say("Hello")
    bots = (await ledger.conversation()).id
    kitchen = await relayed(desk, ledger, hotel, Department.ROOM_SERVICE)
    menu = await ledger.row(Message, Message.sender_type == "system")
    await sent_as(ledger, menu.id, "wamid.MENU")
    clock.move(minutes=1)

    await desk.take_messages(replying(text_message("1", GUEST), "wamid.MENU"))
    await desk.say("A club sandwich, please")

    assert len(await ledger.rows(Conversation)) == 2
    bot = await ledger.conversation(Conversation.id == bots)
    assert (bot.status, bot.department, bot.current_step) == (ConversationStatus.ACTIVE, None, None)
    relay = await ledger.conversation(Conversation.id == kitchen)
    assert (relay.status, relay.relayed_at) == (ConversationStatus.RELAY, clock.now)
    assert await place_of(ledger, "A club sandwich, please") == kitchen
    started = [each for each in await ledger.events(hotel.id) if isinstance(each, ConversationChanged)][-1]
    assert (started.change, started.conversation.id) == (Change.RELAY_STARTED, kitchen)
    assert (await ledger.row(Message, Message.content == "Connecting you to Room Service...")).sender_type == "system"


async def test_a_relay_to_another_department_is_a_conversation_of_its_own(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await desk.say("Hello")
    bots = (await ledger.conversation()).id
    kitchen = await relayed(desk, ledger, hotel, Department.ROOM_SERVICE)
    await sent_as(ledger, (await ledger.row(Message, Message.sender_type == "system")).id, "wamid.MENU")

    await desk.take_messages(replying(text_message("2", GUEST), "wamid.MENU"))

    departments = {each.id: each.department for each in await ledger.rows(Conversation)}
    assert departments == {bots: Department.HOUSEKEEPING, kitchen: Department.ROOM_SERVICE}


async def test_ending_a_relay_where_the_bot_has_a_conversation_already_closes_it(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await desk.say("Hello")
    bots = (await ledger.conversation()).id
    kitchen = await relayed(desk, ledger, hotel, Department.ROOM_SERVICE)
    await desk.answer(hotel, kitchen, "Your soup is on its way.")

    await desk.end_relay(hotel, kitchen)
    await desk.say("services")

    assert (await ledger.conversation(Conversation.id == kitchen)).status is ConversationStatus.CLOSED
    assert await place_of(ledger, "services") == bots
