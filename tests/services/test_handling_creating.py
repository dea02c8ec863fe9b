"""Staff begin a conversation with a guest whom the hotel knows."""

import asyncio
from datetime import timedelta

import pytest

from app.core.events import Change
from app.core.principal import Principal
from app.core.types import ConversationStatus, Department, IdentityKind, Platform, StayStatus, UserType
from app.models import Account, Channel, Conversation, Guest, GuestIdentity
from app.services.handling.service import HandlingService
from app.store.guests import Address
from tests.addresses import account, channel
from tests.colleagues import changes, hired, refusal
from tests.desk import GUEST, Desk
from tests.eventually import eventually
from tests.fake_graph import ALPINE_NUMBER
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World

NUMBER = f"+{GUEST}"
RECEPTION, CAFE = Department.RECEPTION, Department.CAFE


async def test_a_new_conversation_is_in_relay_with_the_department_and_told_of(
    handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, rita: Principal, clock: HeldClock
) -> None:
    stay_id = await world.guest(hotel)

    made = await handling.create(rita, NUMBER, CAFE)

    assert (made.department, made.status, made.stay_id) == (CAFE, ConversationStatus.RELAY, stay_id)
    assert (made.guest_name, made.room_number, made.conversation_type) == ("John Doe", "101", "general")
    assert (made.assignee_id, made.last_message) == (None, None)
    row = await ledger.conversation()
    assert (row.id, row.relayed_at, row.waiting_since) == (made.id, clock.now, None)
    told = await changes(ledger, hotel)
    assert [each.change for each in told] == [Change.CREATED, Change.RELAY_STARTED]
    for each in told:
        assert each.conversation == made.as_ref()
        assert (each.actor_id, each.actor_name) == (rita.user_id, rita.name)


async def test_what_the_guest_answers_is_in_it(
    desk: Desk, handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, rita: Principal
) -> None:
    await world.guest(hotel)
    made = await handling.create(rita, NUMBER, CAFE)

    await desk.say("Is my cake ready?")

    row = await ledger.conversation()
    assert (row.id, row.last_message_preview) == (made.id, "Is my cake ready?")
    assert await ledger.transcript() == [("guest", "Is my cake ready?")]


async def test_a_guest_without_a_stay_can_be_written_to(
    handling: HandlingService, world: World, hotel: HotelWorld, rita: Principal
) -> None:
    await world.guest(hotel, stay=StayStatus.COMPLETED)

    assert (await handling.create(rita, NUMBER, CAFE)).stay_id is None


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        ("1234567890", "+1234567890"),
        ("1234567890", "001 (234) 567-890"),
        ("5511987654321", "+55 11 8765-4321"),
        ("551187654321", "5511987654321"),
    ],
)
async def test_a_number_is_known_by_its_digits_in_any_spelling(
    handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, rita: Principal, known: str, asked: str
) -> None:
    await world.guest(hotel, phone=known)

    await handling.create(rita, asked, CAFE)

    assert (await ledger.row(Account)).address == known


@pytest.mark.parametrize("asked", ["", "reception", "+0123456", "1234", "+1234567890123456"])
async def test_what_is_no_number_is_refused(handling: HandlingService, rita: Principal, asked: str) -> None:
    status, code, details = await refusal(handling.create(rita, asked, CAFE))

    assert (status, code, list(details)) == (400, "bad_phone", ["guest_whatsapp_number"])


async def test_a_guest_of_another_hotel_is_nobody_here(
    handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, rita: Principal
) -> None:
    await world.guest(await world.hotel("alpine-lodge", ALPINE_NUMBER))

    assert await refusal(handling.create(rita, NUMBER, CAFE)) == (404, "no_such_guest", None)
    assert await ledger.rows(Conversation) == []


async def test_department_staff_begin_conversations_of_their_own_departments(
    handling: HandlingService, world: World, hotel: HotelWorld
) -> None:
    await world.guest(hotel)
    carla = await hired(world, hotel, "carla", CAFE)

    assert (await refusal(handling.create(carla, NUMBER, RECEPTION)))[:2] == (403, "forbidden")
    assert (await handling.create(carla, NUMBER, CAFE)).department is CAFE


async def test_a_registered_guest_begins_none(handling: HandlingService, world: World, hotel: HotelWorld) -> None:
    await world.guest(hotel)
    john = await hired(world, hotel, "john", user_type=UserType.GUEST)

    assert (await refusal(handling.create(john, NUMBER, CAFE)))[:2] == (403, "forbidden")


async def test_an_open_conversation_with_that_department_is_named_whatever_its_channel(
    handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, rita: Principal
) -> None:
    await world.guest(hotel)
    made = await handling.create(rita, NUMBER, CAFE)
    telegram = await channel(ledger, hotel, Platform.TELEGRAM, "bot")
    elsewhere = await account(ledger, hotel, telegram, "4711")
    await ledger.change(Conversation, channel_id=telegram, account_id=elsewhere)

    taken = (409, "conversation_open", {"conversation_id": made.id})
    assert await refusal(handling.create(rita, NUMBER, CAFE)) == taken
    assert (await handling.create(rita, NUMBER, RECEPTION)).id != made.id
    await handling.close(rita, made.id)
    again = await handling.create(rita, NUMBER, CAFE)
    assert again.id != made.id
    assert len(await ledger.rows(Conversation)) == 3


async def test_the_account_from_which_the_guest_last_wrote_is_written_to(
    handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, rita: Principal, clock: HeldClock
) -> None:
    await world.guest(hotel)
    second = await channel(ledger, hotel, Platform.WHATSAPP, "second")
    retired = await channel(ledger, hotel, Platform.WHATSAPP, "retired", is_active=False)
    last = await account(ledger, hotel, second, "PT.4711", last_inbound_at=clock.now - timedelta(days=1))
    await account(ledger, hotel, hotel.channel_id, GUEST, last_inbound_at=clock.now - timedelta(days=2))
    await account(ledger, hotel, retired, GUEST, last_inbound_at=clock.now)

    await handling.create(rita, NUMBER, CAFE)

    row = await ledger.conversation()
    assert (row.channel_id, row.account_id) == (second, last)


async def test_a_hotel_without_whatsapp_writes_by_its_own_channel(
    handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, rita: Principal
) -> None:
    await world.guest(hotel)
    await ledger.change(Channel, is_active=False)
    assert await refusal(handling.create(rita, NUMBER, CAFE)) == (409, "no_channel", None)
    own = await channel(ledger, hotel, Platform.INTERNAL, f"hotel-{hotel.id}")

    made = await handling.create(rita, NUMBER, CAFE)

    assert made.platform is Platform.INTERNAL
    reached = await ledger.row(Account)
    assert (reached.channel_id, reached.address) == (own, GUEST)
    assert reached.guest_id == made.guest_id


async def test_an_address_that_is_another_guests_by_now_leads_nowhere(
    handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, rita: Principal
) -> None:
    await world.guest(hotel, "Ana Alves", "351900000001")
    await world.guest(hotel)
    await account(ledger, hotel, hotel.channel_id, GUEST)

    assert await refusal(handling.create(rita, NUMBER, CAFE)) == (409, "no_channel", None)


async def test_an_address_that_comes_to_somebody_else_in_this_moment_leads_nowhere(
    handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, rita: Principal
) -> None:
    await world.guest(hotel)
    await world.guest(hotel, "Ana Alves", "351900000001")
    address = Address(channel_id=hotel.channel_id, address=GUEST, hotel_id=hotel.id)
    await account(ledger, hotel, hotel.channel_id, GUEST)
    ana = max(each.id for each in await ledger.rows(Guest))

    async with ledger.database.transaction() as work:
        (johns,) = await work.guests.lock_accounts([address])
        await work.guests.attach([(johns.id, ana, None)])
        begun = asyncio.create_task(refusal(handling.create(rita, NUMBER, CAFE)))
        await eventually(ledger.is_somebody_waiting)

    assert await begun == (409, "no_channel", None)
    assert await ledger.rows(Conversation) == []


async def test_the_wish_for_silence_holds_for_a_new_account(
    handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, rita: Principal, clock: HeldClock
) -> None:
    await world.guest(hotel)
    telegram = await channel(ledger, hotel, Platform.TELEGRAM, "bot")
    await account(ledger, hotel, telegram, "4711", opted_out_at=clock.now)

    await handling.create(rita, NUMBER, CAFE)

    reached = await ledger.row(Account, Account.channel_id == hotel.channel_id)
    assert (reached.address, reached.opted_out_at) == (GUEST, clock.now)


async def test_a_guest_known_by_whatsapp_alone_is_found(
    handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, rita: Principal
) -> None:
    await world.guest(hotel)
    await ledger.remove(GuestIdentity, GuestIdentity.kind == IdentityKind.PHONE)

    assert (await handling.create(rita, NUMBER, CAFE)).guest_name == "John Doe"


async def test_two_who_would_begin_it_on_different_channels_meet(
    handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, rita: Principal, clock: HeldClock
) -> None:
    """The guest writes from a second account just when the first colleague has chosen the first."""
    otto = await hired(world, hotel, "otto")
    await world.guest(hotel)
    second = await channel(ledger, hotel, Platform.WHATSAPP, "second")
    await account(ledger, hotel, hotel.channel_id, GUEST)
    await account(ledger, hotel, second, GUEST)
    blocking = await handling.create(rita, NUMBER, RECEPTION)

    async with ledger.database.transaction() as work:
        await work.conversations.lock(blocking.id)
        first = asyncio.create_task(handling.create(rita, NUMBER, CAFE))
        await eventually(ledger.is_somebody_waiting)
        unused = Account.id != (await ledger.conversation()).account_id
        await ledger.change(Account, unused, last_inbound_at=clock.now)
        other = asyncio.create_task(handling.create(otto, NUMBER, CAFE))
        await eventually(lambda: ledger.are_waiting(2))

    made = await first
    assert await refusal(other) == (409, "conversation_open", {"conversation_id": made.id})
    assert len(await ledger.rows(Conversation, Conversation.department == CAFE)) == 1
