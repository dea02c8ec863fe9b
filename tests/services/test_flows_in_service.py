"""The flows at the hotel's desk: what a guest's messages bring about in the conversation, the stay and the outbox."""

import pytest

from app.core.events import Change, ConversationChanged, MessageCreated
from app.core.types import CheckinState, ConversationStatus, Department, StayStatus
from app.models import Media, Message, Stay
from app.services.inbound.service import Receipt
from tests.desk import GUEST, STRANGER, WELCOME, Desk, photo
from tests.ledger import Ledger
from tests.world import HotelWorld, World

MENU = "How can we assist you today? 1. Room Service 2. Housekeeping 3. Reception 4. Other"
ASK_NAME = "Welcome to Sea View! To check you in, please tell us your full name as it stands on your booking."
ASK_DOCUMENT = "Please upload a photo of your ID document."
SUBMITTED = "Thank you, John Doe. Our front desk will confirm your check-in shortly."


async def said_by_the_flow(ledger: Ledger) -> list[str]:
    return await ledger.texts(Message.sender_type == "system")


async def changes(ledger: Ledger, hotel: HotelWorld) -> list[Change]:
    return [each.change for each in await ledger.events(hotel.id) if isinstance(each, ConversationChanged)]


async def test_a_stranger_gets_the_demo(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await desk.say("Hello", "services", "banana", sender=STRANGER)

    first, second, third = await said_by_the_flow(ledger)
    assert (first, second) == (WELCOME, MENU)
    assert third.endswith(MENU)
    conversation = await ledger.conversation()
    assert (conversation.status, conversation.stay_id) == (ConversationStatus.DEMO, None)
    assert await changes(ledger, hotel) == [Change.CREATED]


async def test_a_demo_relays_and_is_marked_as_one(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await desk.say("services", "1", sender=STRANGER)

    assert (await said_by_the_flow(ledger))[-1] == "Connecting you to Room Service..."
    started = [each for each in await ledger.events(hotel.id) if isinstance(each, ConversationChanged)][-1]
    assert (started.change, started.conversation.is_demo) == (Change.RELAY_STARTED, True)


async def test_a_guest_who_stays_gets_the_services_menu(
    desk: Desk, world: World, ledger: Ledger, hotel: HotelWorld
) -> None:
    stay_id = await world.guest(hotel)

    await desk.say("Good evening")

    assert await said_by_the_flow(ledger) == [MENU]
    conversation = await ledger.conversation()
    assert (conversation.status, conversation.stay_id) == (ConversationStatus.ACTIVE, stay_id)


@pytest.mark.parametrize(("answer", "department"), [("1", Department.ROOM_SERVICE), ("4. Other", Department.RECEPTION)])
async def test_a_choice_relays_to_its_department(
    desk: Desk, world: World, ledger: Ledger, hotel: HotelWorld, answer: str, department: Department
) -> None:
    stay_id = await world.guest(hotel)

    await desk.say("services", answer)

    conversation = await ledger.conversation()
    assert (conversation.status, conversation.department) == (ConversationStatus.RELAY, department)
    assert conversation.relayed_at is not None
    assert conversation.waiting_since is not None
    started = [each for each in await ledger.events(hotel.id) if isinstance(each, ConversationChanged)][-1]
    assert started.change is Change.RELAY_STARTED
    assert started.actor_id is None
    assert started.conversation.status is ConversationStatus.RELAY
    assert (started.conversation.department, started.conversation.stay_id) == (department, stay_id)
    assert (started.conversation.room_number, started.conversation.is_demo) == ("101", False)


async def test_in_relay_the_flow_keeps_silent(desk: Desk, world: World, ledger: Ledger, hotel: HotelWorld) -> None:
    await world.guest(hotel)
    await desk.say("services", "1")
    told = len(await said_by_the_flow(ledger))

    await desk.say("A bottle of water, please", "services", "1")
    await desk.take_messages(photo(GUEST))

    assert len(await said_by_the_flow(ledger)) == told
    conversation = await ledger.conversation()
    assert (conversation.status, conversation.department) == (ConversationStatus.RELAY, Department.ROOM_SERVICE)
    assert conversation.last_message_preview == "[image]"


async def test_check_in_by_chat(desk: Desk, world: World, ledger: Ledger, hotel: HotelWorld) -> None:
    stay_id = await world.guest(hotel, stay=StayStatus.PENDING)

    await desk.say("Hello", "doe, JOHN")
    assert (await ledger.conversation()).status is ConversationStatus.CHECKIN
    await desk.take_messages(photo(GUEST, "media-7"))

    assert await said_by_the_flow(ledger) == [ASK_NAME, ASK_DOCUMENT, SUBMITTED.replace("John Doe", "doe, JOHN")]
    document = await ledger.row(Media)
    assert (document.stay_id, document.provider_id, document.state) == (stay_id, "media-7", "pending")
    assert document.message_id == (await ledger.rows(Message, Message.type == "image"))[0].id
    assert (await ledger.row(Stay)).checkin_state is CheckinState.SUBMITTED
    assert (await ledger.conversation()).status is ConversationStatus.ACTIVE

    await desk.say("Thanks!")
    assert (await said_by_the_flow(ledger))[-1] == MENU


async def test_a_photo_that_no_document_was_asked_for_belongs_to_no_stay(
    desk: Desk, world: World, ledger: Ledger, hotel: HotelWorld
) -> None:
    await world.guest(hotel)

    await desk.take_messages(photo(GUEST))

    assert (await ledger.row(Media)).stay_id is None


@pytest.mark.parametrize("same_body", [True, False], ids=["at_once", "later"])
async def test_the_other_side_of_a_document_is_a_document_too(
    desk: Desk, world: World, ledger: Ledger, hotel: HotelWorld, *, same_body: bool
) -> None:
    stay_id = await world.guest(hotel, stay=StayStatus.PENDING)
    await desk.say("Hello", "John Doe")
    sides = [photo(GUEST, "front"), photo(GUEST, "back")]

    for body in [sides] if same_body else [[each] for each in sides]:
        await desk.take_messages(*body)

    assert [each.stay_id for each in await ledger.rows(Media)] == [stay_id, stay_id]
    shown = [each.message for each in await ledger.events(hotel.id) if isinstance(each, MessageCreated)]
    assert [each.media.restricted for each in shown if each.media] == [True, True]
    assert (await said_by_the_flow(ledger))[-1] == SUBMITTED, "and the guest is offered nothing for it"


async def test_who_was_asked_for_a_file_is_answered_also_when_the_check_in_is_done(
    desk: Desk, world: World, ledger: Ledger, hotel: HotelWorld
) -> None:
    await world.guest(hotel, stay=StayStatus.PENDING)
    await desk.say("Hello", "John Doe")
    await ledger.change(Stay, checkin_state=CheckinState.SUBMITTED)

    await desk.take_messages(photo(GUEST))

    assert await said_by_the_flow(ledger) == [ASK_NAME, ASK_DOCUMENT, MENU]


UNREADABLE = [
    ("image", {}),
    ("text", "words"),
    ("text", {"body": ""}),
    ("contacts", "x"),
    ("order", None),
    ("button", None),
]


@pytest.mark.parametrize(("kind", "content"), UNREADABLE)
async def test_what_cannot_be_read_is_told_to_staff_and_not_to_the_flow(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, kind: str, content: object
) -> None:
    await desk.say("services", sender=STRANGER)
    odd = {"from": STRANGER, "id": "wamid.ODD", "timestamp": "1795166998", "type": kind, kind: content}

    assert await desk.take_messages(odd) is Receipt.PROCESSED

    told = f"A message of the kind “{kind}” that cannot be shown here."
    assert (await ledger.transcript())[-2:] == [("system", MENU), ("guest", told)]
    assert (await ledger.conversation()).last_message_preview == told


async def test_a_document_that_comes_before_it_is_asked_for_is_no_picture_for_everybody(
    desk: Desk, world: World, ledger: Ledger, hotel: HotelWorld
) -> None:
    stay_id = await world.guest(hotel, stay=StayStatus.PENDING)
    await desk.say("Hello")

    await desk.take_messages(photo(GUEST, "passport"))

    assert (await said_by_the_flow(ledger))[-1].startswith("We could not match that to the booking.")
    assert (await ledger.row(Media)).stay_id == stay_id
    shown = [each.message for each in await ledger.events(hotel.id) if isinstance(each, MessageCreated)]
    assert [each.media.restricted for each in shown if each.media] == [True]


async def test_a_photo_for_staff_or_after_they_confirmed_is_a_photo(
    desk: Desk, world: World, ledger: Ledger, hotel: HotelWorld
) -> None:
    await world.guest(hotel, stay=StayStatus.PENDING)
    await desk.say("Hello", "John Doe")
    await desk.take_messages(photo(GUEST, "front"))

    await desk.answer(hotel, (await ledger.conversation()).id, "Rita here")
    await desk.take_messages(photo(GUEST, "broken lamp"))
    await desk.end_relay(hotel, (await ledger.conversation()).id)
    await ledger.change(Stay, checkin_state=CheckinState.CONFIRMED)
    await desk.take_messages(photo(GUEST, "the view"))

    assert [each.stay_id is None for each in await ledger.rows(Media)] == [False, True, True]


async def test_a_name_that_is_wrong_three_times_goes_to_reception(
    desk: Desk, world: World, ledger: Ledger, hotel: HotelWorld
) -> None:
    await world.guest(hotel, stay=StayStatus.PENDING)

    await desk.say("Hello", "Jane Roe", "Jane Roe", "Jane Roe")

    conversation = await ledger.conversation()
    assert (conversation.status, conversation.department) == (ConversationStatus.RELAY, Department.RECEPTION)
    assert (await ledger.row(Stay)).checkin_state is CheckinState.NONE
    assert (await changes(ledger, hotel))[-1] is Change.RELAY_STARTED
    told = len(await said_by_the_flow(ledger))
    await desk.say("John Doe")
    assert len(await said_by_the_flow(ledger)) == told


async def test_a_guest_who_books_after_a_demo_moves_to_the_stay(
    desk: Desk, world: World, ledger: Ledger, hotel: HotelWorld
) -> None:
    await world.guest(hotel, stay=None)
    await desk.say("services")
    assert (await ledger.conversation()).status is ConversationStatus.DEMO
    stay_id = await add_stay(world, ledger, hotel, StayStatus.PENDING)

    await desk.say("1")

    assert (await said_by_the_flow(ledger))[-1] == ASK_NAME
    conversation = await ledger.conversation()
    assert (conversation.status, conversation.stay_id) == (ConversationStatus.CHECKIN, stay_id)


async def test_a_check_in_that_the_desk_has_confirmed_asks_for_no_name(
    desk: Desk, world: World, ledger: Ledger, hotel: HotelWorld
) -> None:
    await world.guest(hotel, stay=StayStatus.PENDING)
    await desk.say("Hello")
    await ledger.change(Stay, status=StayStatus.ACTIVE)

    await desk.say("John Doe")

    assert (await said_by_the_flow(ledger))[-1] == MENU
    assert (await ledger.conversation()).status is ConversationStatus.ACTIVE


async def test_after_check_out_the_demo_is_back(desk: Desk, world: World, ledger: Ledger, hotel: HotelWorld) -> None:
    await world.guest(hotel)
    await desk.say("Hello")
    await ledger.change(Stay, status=StayStatus.COMPLETED)

    await desk.say("Hello again")

    assert await said_by_the_flow(ledger) == [MENU, WELCOME]
    conversation = await ledger.conversation()
    assert (conversation.status, conversation.stay_id) == (ConversationStatus.DEMO, None)


async def test_staff_who_write_take_over_from_the_flow_and_give_back_to_its_beginning(
    desk: Desk, world: World, ledger: Ledger, hotel: HotelWorld
) -> None:
    await world.guest(hotel)
    await desk.say("services")
    conversation_id = (await ledger.conversation()).id

    await desk.answer(hotel, conversation_id, "Rita here. How can I help?")
    await desk.say("1")
    taken_over = await ledger.conversation()
    await desk.end_relay(hotel, conversation_id)
    given_back = await ledger.conversation()
    await desk.say("1")

    assert (taken_over.status, taken_over.department) == (ConversationStatus.RELAY, None)
    assert (given_back.status, given_back.department) == (ConversationStatus.ACTIVE, None)
    assert await ledger.transcript() == [
        ("guest", "services"),
        ("system", MENU),
        ("staff", "Rita here. How can I help?"),
        ("guest", "1"),
        ("guest", "1"),
        ("system", MENU),
    ]
    assert await changes(ledger, hotel) == [Change.CREATED, Change.RELAY_STARTED, Change.RELAY_ENDED]


async def add_stay(world: World, ledger: Ledger, hotel: HotelWorld, status: StayStatus) -> int:
    """The hotel's only guest books."""
    conversation = await ledger.conversation()
    lent = await world.guest(hotel, "Somebody Else", "4915199999999", stay=status)
    assert lent is not None
    await ledger.change(Stay, Stay.id == lent, guest_id=conversation.guest_id)
    return lent
