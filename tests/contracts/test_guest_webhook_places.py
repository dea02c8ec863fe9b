"""Document 2's guest webhook: in which conversation a message stands."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import insert, update

from app.core.clock import utc_now
from app.core.events import Change, ConversationChanged
from app.core.types import ConversationStatus, Department, IdentityKind, Platform
from app.models import Account, Channel, Conversation, Delivery, Guest, Message
from app.store.database import Database
from app.store.guests import Address
from tests.contracts.desk import JOHN as JOHNS_PHONE
from tests.contracts.desk import Desk, assert_error
from tests.contracts.guest_app import JOHN, GuestApp
from tests.eventually import eventually
from tests.ledger import Ledger
from tests.world import HotelWorld, World

AT_ONCE = 10
CLOSED, ACTIVE, RELAY = ConversationStatus.CLOSED, ConversationStatus.ACTIVE, ConversationStatus.RELAY


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture
async def guests(client: httpx.AsyncClient) -> GuestApp:
    return GuestApp(client)


@pytest.fixture
async def staying(world: World, hotel: HotelWorld) -> int | None:
    """The stay of John Doe, who has not written yet."""
    return await world.guest(hotel, "John Doe", JOHNS_PHONE)


async def changes(ledger: Ledger, hotel: HotelWorld) -> list[tuple[int, Change]]:
    found = await ledger.events(hotel.id)
    return [(each.conversation.id, each.change) for each in found if isinstance(each, ConversationChanged)]


async def test_it_goes_on_in_a_relay_of_another_channel_that_can_be_answered(
    guests: GuestApp, johns: int, ledger: Ledger, hotel: HotelWorld
) -> None:
    told = await changes(ledger, hotel)
    opened = (await ledger.row(Account, Account.channel_id == hotel.channel_id)).last_inbound_at

    received = await guests.say("By the app now")

    assert received["conversation_id"] == johns
    assert await changes(ledger, hotel) == told
    stored = await ledger.row(Message, Message.id == received["message_id"])
    assert (stored.channel_id, stored.external_id, stored.sender_name) == (hotel.channel_id, None, "John Doe")
    after = await ledger.row(Account, Account.channel_id == hotel.channel_id)
    assert after.last_inbound_at == opened, "the provider opens no window for what it has not seen"


async def test_staffs_answer_then_leaves_by_that_other_channel(
    guests: GuestApp, johns: int, desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await guests.say("By the app now")

    sent = await desk.send(johns, "Of course")

    delivery = await ledger.row(Delivery, Delivery.message_id == sent["id"])
    assert (delivery.channel_id, delivery.address) == (hotel.channel_id, JOHNS_PHONE)


@pytest.mark.parametrize(
    "trouble", ["the window has closed", "no window was ever open", "it is paused", "it is not in use"]
)
async def test_where_no_answer_would_reach_the_guest_the_conversation_comes_to_the_hotels_own_channel(
    guests: GuestApp, johns: int, ledger: Ledger, hotel: HotelWorld, trouble: str
) -> None:
    told = await changes(ledger, hotel)
    if "window" in trouble:
        opened = utc_now() - timedelta(hours=24) if "closed" in trouble else None
        await ledger.change(Account, last_inbound_at=opened)
    elif trouble == "it is paused":
        await ledger.change(Channel, paused_at=utc_now())
    else:
        await ledger.change(Channel, is_active=False)

    received = await guests.say("Hello?")

    assert received["conversation_id"] == johns
    assert (await ledger.conversation(Conversation.id == johns)).channel_id != hotel.channel_id
    assert await changes(ledger, hotel) == [*told, (johns, Change.MOVED)]


async def test_another_departments_and_the_bots_conversations_are_left_alone(
    guests: GuestApp, johns: int, ledger: Ledger
) -> None:
    for change in ({"department": Department.HOUSEKEEPING}, {"department": None, "status": ACTIVE}):
        await ledger.change(Conversation, Conversation.id == johns, **change)
        assert (await guests.say("Hello"))["conversation_id"] != johns


async def test_a_relay_by_phone_brings_the_conversation_there_and_the_next_post_goes_on_in_it(
    guests: GuestApp, desk: Desk, ledger: Ledger, hotel: HotelWorld, staying: int
) -> None:
    own = (await guests.say("By the app"))["conversation_id"]
    await desk.hear(JOHNS_PHONE, "services", "3", "By phone")

    assert (await guests.say("By the app again"))["conversation_id"] == own
    assert (await ledger.conversation(Conversation.id == own)).channel_id == hotel.channel_id


async def test_of_several_that_can_be_answered_the_last_active_is_taken(
    guests: GuestApp, johns: int, ledger: Ledger, hotel: HotelWorld, database: Database
) -> None:
    first = await ledger.conversation()
    async with database.transaction() as work:
        other = await work.connection.scalar(
            insert(Channel)
            .values(hotel_id=hotel.id, platform=Platform.TELEGRAM, name="Bot", account="bot")
            .returning(Channel.id)
        )
        assert other is not None
        made, _ = await work.conversations.open(
            hotel_id=hotel.id,
            guest_id=first.guest_id,
            channel_id=other,
            account_id=first.account_id,
            stay_id=first.stay_id,
            status=RELAY,
            department=Department.RECEPTION,
        )
    assert (await guests.say("To the newer"))["conversation_id"] == made.id
    await ledger.change(Conversation, Conversation.id == johns, last_message_at=utc_now() + timedelta(minutes=1))
    assert (await guests.say("To the last active"))["conversation_id"] == johns


async def test_a_closed_conversation_is_not_reopened(
    guests: GuestApp, ledger: Ledger, hotel: HotelWorld, staying: int
) -> None:
    closed = (await guests.say("Hello"))["conversation_id"]
    await ledger.change(Conversation, status=CLOSED, closed_at=utc_now())

    new = (await guests.say("Hello again"))["conversation_id"]

    assert new != closed
    assert (await ledger.conversation(Conversation.id == closed)).status is CLOSED
    assert len(await ledger.rows(Channel, Channel.hotel_id == hotel.id)) == 2, "and its channel is made once"


async def test_a_relay_that_staff_have_ended_begins_anew_in_the_same_conversation(
    guests: GuestApp, desk: Desk, ledger: Ledger, hotel: HotelWorld, staying: int
) -> None:
    here = (await guests.say("Hello"))["conversation_id"]
    await desk.end_relay(here)

    again = await guests.say("One thing more")

    assert again["conversation_id"] == here
    conversation = await ledger.conversation()
    assert (conversation.status, conversation.department) == (RELAY, Department.RECEPTION)
    assert conversation.relayed_at == conversation.waiting_since == conversation.last_message_at
    assert (await changes(ledger, hotel))[-1] == (here, Change.RELAY_STARTED)


async def test_what_staff_opened_again_after_they_had_given_it_back_is_receptions_with_the_next_message(
    guests: GuestApp, desk: Desk, ledger: Ledger, hotel: HotelWorld, staying: int
) -> None:
    here = (await guests.say("Hello"))["conversation_id"]
    await desk.end_relay(here)
    await ledger.change(Conversation, status=CLOSED, closed_at=utc_now())
    await desk.send(here, "One thing more from us")
    assert (await ledger.conversation()).department is None

    assert (await guests.say("Thank you"))["conversation_id"] == here

    conversation = await ledger.conversation()
    assert (conversation.status, conversation.department) == (RELAY, Department.RECEPTION)
    assert (await changes(ledger, hotel))[-1] == (here, Change.RELAY_STARTED)


async def test_what_is_nobodys_takes_no_message_that_reception_is_there_for(
    guests: GuestApp, desk: Desk, johns: int, ledger: Ledger
) -> None:
    await ledger.change(Conversation, Conversation.id == johns, department=Department.HOUSEKEEPING)
    here = (await guests.say("Hello"))["conversation_id"]
    await ledger.change(Conversation, Conversation.id == here, department=None)
    await ledger.change(Conversation, Conversation.id == johns, department=Department.RECEPTION)

    assert (await guests.say("Hello again"))["conversation_id"] == johns


async def test_many_messages_of_a_guest_at_once_make_one_conversation(
    guests: GuestApp, ledger: Ledger, hotel: HotelWorld, staying: int
) -> None:
    answers = await asyncio.gather(*(guests.say(f"Message {n}") for n in range(AT_ONCE)))

    conversation = await ledger.conversation()
    assert {each["conversation_id"] for each in answers} == {conversation.id}
    assert len({each["message_id"] for each in answers}) == AT_ONCE
    stored = await ledger.rows(Message)
    assert [each.created_at for each in stored] == sorted(each.created_at for each in stored)
    assert conversation.last_message_id == stored[-1].id
    assert await changes(ledger, hotel) == [
        (conversation.id, Change.CREATED),
        (conversation.id, Change.RELAY_STARTED),
    ]


async def test_many_guests_who_are_the_hotels_first_at_once_share_one_channel(
    guests: GuestApp, ledger: Ledger, world: World, hotel: HotelWorld
) -> None:
    numbers = [f"49151000000{n:02}" for n in range(AT_ONCE)]
    for number in numbers:
        await world.guest(hotel, f"Guest {number}", number)

    await asyncio.gather(*(guests.say("Hello", number) for number in numbers))

    own = await ledger.row(Channel, Channel.id != hotel.channel_id)
    assert {each.channel_id for each in await ledger.rows(Conversation)} == {own.id}
    assert len(await ledger.rows(Conversation)) == AT_ONCE


async def test_a_message_with_the_same_clients_id_is_kept_once(guests: GuestApp, ledger: Ledger, staying: int) -> None:
    mine = str(uuid4())

    first = await guests.say("Once", client_message_id=mine)
    second = await guests.say("Once", client_message_id=mine.upper())

    assert first == second
    assert str((await ledger.row(Message)).client_message_id) == mine


async def test_of_ten_at_once_with_the_same_clients_id_one_is_kept(
    guests: GuestApp, ledger: Ledger, staying: int
) -> None:
    mine = str(uuid4())

    answers = await asyncio.gather(*(guests.say("Once", client_message_id=mine) for _ in range(AT_ONCE)))

    assert {each["message_id"] for each in answers} == {(await ledger.row(Message)).id}


async def test_a_clients_id_of_another_guest_is_a_conflict_also_at_once(
    guests: GuestApp, ledger: Ledger, world: World, hotel: HotelWorld, staying: int
) -> None:
    await world.guest(hotel, "Jane Smith", "12025550102", room="102")
    body = {"message": "Mine", "client_message_id": str(uuid4())}

    answers = await asyncio.gather(
        *(guests.post(json={"whatsapp_number": number, **body}) for number in (JOHN, "+12025550102") * (AT_ONCE // 2))
    )

    kept = await ledger.row(Message)
    taken = [each for each in answers if each.status_code == 201]
    assert {each.json()["message_id"] for each in taken} == {kept.id}
    refused = [each for each in answers if each.status_code != 201]
    assert len(taken) == len(refused) == AT_ONCE // 2
    for each in refused:
        assert assert_error(each, 409, "client_message_id_used") == {"client_message_id": [body["client_message_id"]]}


async def test_a_clients_id_that_another_guest_takes_in_this_moment_is_a_conflict(
    guests: GuestApp, ledger: Ledger, world: World, hotel: HotelWorld, staying: int, database: Database
) -> None:
    await world.guest(hotel, "Jane Smith", "12025550102", room="102")
    await guests.say("Hello", "+12025550102")
    first, mine = await ledger.row(Message), uuid4()
    async with database.transaction() as work:
        await work.connection.execute(update(Message).where(Message.id == first.id).values(client_message_id=mine))
        body = {"whatsapp_number": JOHN, "message": "Mine", "client_message_id": str(mine)}
        posting = asyncio.create_task(guests.post(json=body))
        await eventually(ledger.is_somebody_waiting)

    assert_error(await posting, 409, "client_message_id_used")
    assert (await ledger.row(Message)).id == first.id


async def test_two_hotels_and_staff_may_choose_the_same_clients_id(
    guests: GuestApp, desk: Desk, ledger: Ledger, world: World, staying: int
) -> None:
    other = await world.hotel("alpine-lodge", "700000000000002")
    await world.guest(other, "Anna Keller", "41790000011")
    mine = str(uuid4())

    here = await guests.say("Here", client_message_id=mine)
    there = await guests.say("There", "+41790000011", client_message_id=mine)
    sent = await desk.send(here["conversation_id"], "Ours", client_message_id=mine)

    assert len({here["message_id"], there["message_id"], sent["id"]}) == 3


async def test_a_number_that_is_somebody_elses_by_now_begins_their_own_conversation(
    guests: GuestApp, ledger: Ledger, world: World, hotel: HotelWorld, staying: int, database: Database
) -> None:
    first = await guests.say("Hello")
    async with database.transaction() as work:
        was = (await ledger.conversation()).guest_id
        await work.guests.forget(was, [(kind, JOHNS_PHONE) for kind in IdentityKind])
    await world.guest(hotel, "Maria Doe", JOHNS_PHONE, room="102")

    second = await guests.say("Good evening")

    assert second["conversation_id"] != first["conversation_id"]
    new = await ledger.conversation(Conversation.id == second["conversation_id"])
    account = await ledger.row(Account)
    assert account.guest_id == new.guest_id != was


async def test_of_two_guests_of_one_line_the_one_known_by_this_very_spelling_is_meant(
    guests: GuestApp, ledger: Ledger, world: World, hotel: HotelWorld
) -> None:
    stays = {number: await world.guest(hotel, "Ana Souza", number) for number in ("5511987654321", "551187654321")}

    for number, stay_id in stays.items():
        received = await guests.say("Olá", f"+{number}")
        assert (await ledger.conversation(Conversation.id == received["conversation_id"])).stay_id == stay_id


async def test_of_staff_and_a_guest_who_begin_at_once_the_second_sees_the_firsts_conversation(
    guests: GuestApp, ledger: Ledger, hotel: HotelWorld, staying: int, database: Database
) -> None:
    guest = await ledger.row(Guest)
    async with database.transaction() as work:
        await work.guests.lock(guest.id)  # as whoever begins a conversation does first
        posting = asyncio.create_task(guests.say("Hello"))
        await eventually(ledger.is_somebody_waiting)
        (account,) = await work.guests.lock_accounts(
            [Address(hotel_id=hotel.id, channel_id=hotel.channel_id, address=JOHNS_PHONE)]
        )
        await work.guests.attach([(account.id, guest.id, None)])
        await work.guests.open_windows({account.id: utc_now()})
        begun, _ = await work.conversations.open(
            hotel_id=hotel.id,
            guest_id=guest.id,
            channel_id=hotel.channel_id,
            account_id=account.id,
            stay_id=staying,
            status=RELAY,
            department=Department.RECEPTION,
        )

    assert (await posting)["conversation_id"] == begun.id == (await ledger.conversation()).id
