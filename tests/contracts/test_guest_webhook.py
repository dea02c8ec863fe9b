"""Document 2's guest webhook: what a program posts, what it is answered, and what staff then have."""

from typing import Any

import httpx
import pytest

from app.core.events import Change, ConversationChanged, MessageCreated
from app.core.types import ConversationStatus, Department, Platform, StayStatus
from app.models import Channel, Conversation, Delivery, Guest, Message, Stay
from app.store.database import Database
from tests.contracts.desk import Desk, assert_error
from tests.contracts.guest_app import JOHN, PRINTED, GuestApp
from tests.ledger import Ledger
from tests.pinned import assert_json_pinned
from tests.world import HotelWorld, World

DIGITS = JOHN.removeprefix("+")


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture
def app_of_guests(client: httpx.AsyncClient) -> GuestApp:
    return GuestApp(client)


@pytest.fixture
async def stay_id(world: World, hotel: HotelWorld) -> int | None:
    """John Doe's, in room 101."""
    return await world.guest(hotel, "John Doe", DIGITS)


@pytest.mark.usefixtures("stay_id")
async def test_the_printed_body_is_answered_with_where_it_stands(
    app_of_guests: GuestApp, desk: Desk, ledger: Ledger
) -> None:
    answer = await app_of_guests.post(json=PRINTED)

    assert answer.status_code == 201, answer.text
    assert_json_pinned("guest_webhook/received.json", answer.json())
    stored = await ledger.row(Message)
    assert answer.json() == {
        "status": "received",
        "message_id": stored.id,
        "conversation_id": stored.conversation_id,
    }
    assert_json_pinned("guest_webhook/messages.json", await desk.get(f"{stored.conversation_id}/messages/"))


@pytest.mark.usefixtures("stay_id")
async def test_the_documents_python_sample_posts_a_form(app_of_guests: GuestApp, ledger: Ledger) -> None:
    form = {"whatsapp_number": "+1234567890", "message": "I need room service", "message_type": "text"}

    answer = await app_of_guests.post(data=form)

    assert answer.status_code == 201, answer.text
    assert (await ledger.row(Message)).content == "I need room service"


async def test_a_first_message_begins_a_conversation_with_reception_without_the_bot(
    app_of_guests: GuestApp, ledger: Ledger, hotel: HotelWorld, stay_id: int
) -> None:
    await app_of_guests.say("I need help with my room")

    conversation, channel = await ledger.conversation(), await ledger.row(Channel, Channel.id != hotel.channel_id)
    assert (conversation.status, conversation.department) == (ConversationStatus.RELAY, Department.RECEPTION)
    assert (conversation.stay_id, conversation.channel_id) == (stay_id, channel.id)
    assert conversation.waiting_since == conversation.relayed_at == conversation.last_message_at is not None
    assert (conversation.last_message_preview, conversation.flow_name) == ("I need help with my room", None)
    assert (channel.platform, channel.account, channel.name) == (Platform.INTERNAL, f"hotel-{hotel.id}", "Guest app")
    assert await ledger.rows(Delivery) == [], "no flow answers"


@pytest.mark.usefixtures("stay_id")
async def test_all_staff_hear_of_it_in_order_and_at_once_what_it_is_about(
    app_of_guests: GuestApp, ledger: Ledger, hotel: HotelWorld
) -> None:
    received = await app_of_guests.say("I need help")
    await app_of_guests.say("And a towel")

    created, started, first, second = await ledger.events(hotel.id)
    assert isinstance(created, ConversationChanged)
    assert isinstance(started, ConversationChanged)
    assert (created.change, started.change) == (Change.CREATED, Change.RELAY_STARTED)
    assert started.conversation.last_message_preview == "I need help"
    assert isinstance(first, MessageCreated)
    assert (first.message.id, first.message.sender_name) == (received["message_id"], "John Doe")
    assert isinstance(second, MessageCreated)
    assert second.message.content == "And a towel"


@pytest.mark.usefixtures("stay_id")
async def test_the_next_message_continues_the_conversation_and_leaves_its_assignee_and_its_waiting(
    app_of_guests: GuestApp, ledger: Ledger, hotel: HotelWorld
) -> None:
    first = await app_of_guests.say("I need help")
    await ledger.change(Conversation, assignee_id=hotel.staff["reception"])
    before = await ledger.conversation()

    second = await app_of_guests.say("It is urgent")

    now = await ledger.conversation()
    assert second["conversation_id"] == first["conversation_id"] == now.id
    assert (now.assignee_id, now.waiting_since) == (before.assignee_id, before.waiting_since)
    assert (now.last_message_id, now.last_message_preview) == (second["message_id"], "It is urgent")


async def test_after_an_answer_the_guest_waits_from_their_next_message_on(
    app_of_guests: GuestApp, desk: Desk, ledger: Ledger, stay_id: int
) -> None:
    here = (await app_of_guests.say("I need help"))["conversation_id"]
    await desk.send(here, "Which room?")
    assert (await ledger.conversation()).waiting_since is None

    await app_of_guests.say("101")

    conversation = await ledger.conversation()
    assert (conversation.waiting_since, conversation.stay_id) == (conversation.last_message_at, stay_id)


async def test_numbers_are_compared_by_their_digits_and_as_each_line_may_be_spelled(
    app_of_guests: GuestApp, ledger: Ledger, world: World, hotel: HotelWorld
) -> None:
    await world.guest(hotel, "Ana Souza", "5511987654321")

    spellings = ("+5511987654321", "5511987654321", "00 55 (11) 98765-4321", "+55 11 8765.4321")
    answers = [await app_of_guests.say("Olá", number) for number in spellings]

    assert len({each["conversation_id"] for each in answers}) == 1
    assert len(await ledger.rows(Message)) == len(spellings)


@pytest.mark.parametrize("stay", [None, StayStatus.PENDING, StayStatus.COMPLETED, StayStatus.CANCELLED])
async def test_who_has_no_active_stay_is_refused(
    app_of_guests: GuestApp, ledger: Ledger, world: World, hotel: HotelWorld, stay: StayStatus | None
) -> None:
    await world.guest(hotel, "John Doe", DIGITS, stay=stay)

    answer = await app_of_guests.post(json=PRINTED)

    assert_error(answer, 403, "no_active_stay")
    assert_json_pinned("guest_webhook/no_active_stay.json", answer.json())
    assert await ledger.rows(Conversation) == await ledger.rows(Message) == []


async def test_a_number_that_nobody_has_is_refused_likewise(app_of_guests: GuestApp, hotel: HotelWorld) -> None:
    assert_error(await app_of_guests.post(json={**PRINTED, "whatsapp_number": "+49151000000"}), 403, "no_active_stay")


async def test_of_active_stays_in_several_hotels_the_one_that_began_last_counts(
    app_of_guests: GuestApp, ledger: Ledger, world: World, hotel: HotelWorld
) -> None:
    other = await world.hotel("alpine-lodge", "700000000000002")
    await world.guest(hotel, "John Doe", DIGITS)
    later = await world.guest(other, "John Doe", DIGITS)
    await ledger.change(Stay, Stay.id == later, check_in=world.today)

    there = await app_of_guests.say("Hello")
    await ledger.change(Stay, Stay.id == later, status=StayStatus.COMPLETED)
    here = await app_of_guests.say("Hello")

    hotels = {each.id: each.hotel_id for each in await ledger.rows(Conversation)}
    assert (hotels[there["conversation_id"]], hotels[here["conversation_id"]]) == (other.id, hotel.id)


@pytest.mark.usefixtures("stay_id")
async def test_what_may_be_long_is_kept_whole(app_of_guests: GuestApp, desk: Desk) -> None:
    text, url, name = "é" * 16_384, "javascript:" + "x" * 2_037, "n" * 255

    received = await app_of_guests.say(text, message_type="document", media_url=url, media_filename=name)

    (shown,) = await desk.get(f"{received['conversation_id']}/messages/")
    assert (shown["content"], shown["message_type"], shown["media"]) == (text, "document", None)
    assert shown["details"] == {"media_url": url, "media_filename": name}


@pytest.mark.usefixtures("stay_id")
@pytest.mark.parametrize(
    ("body", "preview"),
    [
        ({"message_type": "image", "media_url": "photo.jpg"}, "[image]"),
        ({"message": "", "message_type": "document", "media_url": "x"}, "[document]"),
        ({"message": None, "media_url": "https://example.com/menu"}, "https://example.com/menu"),
        ({"message": "Look", "message_type": "image", "media_url": "photo.jpg", "media_filename": None}, "Look"),
    ],
)
async def test_a_message_with_an_address_needs_no_words(
    app_of_guests: GuestApp, ledger: Ledger, body: dict[str, Any], preview: str
) -> None:
    answer = await app_of_guests.post(json={"whatsapp_number": JOHN, **body})

    assert answer.status_code == 201, answer.text
    stored = await ledger.row(Message)
    assert (stored.content, stored.extra) == (body.get("message") or "", {"media_url": body["media_url"]})
    assert (await ledger.conversation()).last_message_preview == preview


@pytest.mark.usefixtures("stay_id")
async def test_stop_has_no_meaning_by_this_way(app_of_guests: GuestApp, desk: Desk, ledger: Ledger) -> None:
    here = (await app_of_guests.say("STOP"))["conversation_id"]

    assert [each["content"] for each in await desk.get(f"{here}/messages/")] == ["STOP"], "no answer, and no note"


async def test_a_guest_without_a_number_that_people_see_is_found_by_what_they_are_known_as(
    app_of_guests: GuestApp, ledger: Ledger, stay_id: int
) -> None:
    await ledger.change(Guest, phone=None)

    assert (await app_of_guests.say("Hello"))["status"] == "received"


@pytest.mark.usefixtures("stay_id")
async def test_the_staffs_chat_shows_it_with_its_address(app_of_guests: GuestApp, desk: Desk) -> None:
    received = await app_of_guests.post(json={**PRINTED, "message_type": "image"})

    path = f"/api/chat/conversations/{received.json()['conversation_id']}/"
    shown = (await desk.client.get(path, headers=desk.headers)).json()
    assert_json_pinned("guest_webhook/chat.json", shown)
    (message,) = shown["messages"]
    assert {name: message[name] for name in PRINTED if name not in {"whatsapp_number", "message"}} == {
        "message_type": "image",
        "media_url": "optional_url",
        "media_filename": "optional_filename",
    }
    assert (message["sender_type"], message["sender"], message["is_read"]) == ("guest", None, False)
    assert (shown["conversation"]["status"], shown["conversation"]["unread_count"]) == ("active", 1)
