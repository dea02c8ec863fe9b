"""Notes: what staff write for one another."""

import asyncio
from uuid import uuid4

import pytest

from app.core.drafts import Draft
from app.core.events import MessageCreated
from app.core.principal import Principal
from app.core.types import Department, MessageOrigin, SenderType
from app.models import Conversation, Delivery, Message, Participant
from app.services.handling.service import HandlingService
from tests.colleagues import hired, refusal
from tests.desk import GUEST, STRANGER, Desk
from tests.eventually import eventually
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World

CAFE = Department.CAFE


@pytest.fixture
async def waiting(desk: Desk, handling: HandlingService, world: World, hotel: HotelWorld, rita: Principal) -> int:
    """A guest waits for the café's answer."""
    await world.guest(hotel)
    conversation_id = (await handling.create(rita, f"+{GUEST}", CAFE)).id
    await desk.say("Is my cake ready?")
    return conversation_id


async def test_a_note_stands_among_the_messages_and_goes_to_nobody(
    handling: HandlingService, ledger: Ledger, hotel: HotelWorld, rita: Principal, waiting: int
) -> None:
    before = await ledger.conversation()

    noted = await handling.note(rita, waiting, "  Allergic to nuts\n")

    assert (noted.content, noted.is_note, noted.delivery_status) == ("Allergic to nuts", True, None)
    assert (noted.sender_type, noted.origin) == (SenderType.STAFF, MessageOrigin.STAFF)
    assert (noted.staff_user_id, noted.sender_name) == (rita.user_id, rita.name)
    assert await ledger.conversation() == before
    assert await ledger.rows(Delivery) == []
    event = (await ledger.events(hotel.id))[-1]
    assert isinstance(event, MessageCreated)
    assert event.message == noted
    assert event.conversation.last_message_preview == "Is my cake ready?"


@pytest.mark.parametrize("deed", ["note", "close", "transfer"])
async def test_who_waits_for_another_comes_after_them(
    handling: HandlingService, ledger: Ledger, rita: Principal, clock: HeldClock, waiting: int, deed: str
) -> None:
    """Not at the moment at which they called: what they waited for has happened since."""
    more = {"note": ("Allergic to nuts",), "transfer": (Department.RECEPTION,)}.get(deed, ())

    async with ledger.database.transaction() as work:
        await work.conversations.lock(waiting)
        call = asyncio.create_task(getattr(handling, deed)(rita, waiting, *more))
        await eventually(ledger.is_somebody_waiting)
        clock.move(seconds=3)
    await call

    row = await ledger.conversation()
    moments = {"note": (await ledger.rows(Message))[-1].created_at, "close": row.closed_at, "transfer": row.relayed_at}
    assert moments[deed] == clock.now


async def test_who_writes_a_note_takes_part(
    handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, waiting: int
) -> None:
    carla = await hired(world, hotel, "carla", CAFE)

    noted = await handling.note(carla, waiting, "Allergic to nuts")

    part = await ledger.row(Participant)
    assert (part.user_id, part.is_active, part.last_read_message_id) == (carla.user_id, True, noted.id)


async def test_a_note_reads_nothing_for_the_guest(
    handling: HandlingService, ledger: Ledger, rita: Principal, waiting: int
) -> None:
    await handling.note(rita, waiting, "Allergic to nuts")

    assert (await ledger.row(Message, Message.sender_type == SenderType.GUEST)).read_at is None


async def test_a_closed_conversation_takes_notes_and_stays_closed(
    handling: HandlingService, ledger: Ledger, rita: Principal, waiting: int
) -> None:
    await handling.close(rita, waiting)
    before = await ledger.conversation()

    await handling.note(rita, waiting, "Paid in cash")

    assert await ledger.conversation() == before
    assert (await ledger.texts())[-1] == "Paid in cash"


@pytest.mark.parametrize(
    ("content", "code"),
    [("", "empty_text"), (" \n", "empty_text"), ("\u200b", "empty_text"), ("é" * 4097, "text_too_long")],
)
async def test_a_note_shows_something_and_is_no_longer_than_a_message(
    handling: HandlingService, ledger: Ledger, rita: Principal, waiting: int, content: str, code: str
) -> None:
    status, refused, details = await refusal(handling.note(rita, waiting, content))

    assert (status, refused, list(details)) == (400, code, ["content"])
    assert await ledger.rows(Message, Message.is_note.is_(True)) == []


async def test_a_note_of_4096_characters_is_taken(handling: HandlingService, rita: Principal, waiting: int) -> None:
    assert (await handling.note(rita, waiting, "é" * 4096)).content == "é" * 4096


async def test_a_note_that_arrives_twice_is_written_once(
    handling: HandlingService, ledger: Ledger, hotel: HotelWorld, rita: Principal, waiting: int, clock: HeldClock
) -> None:
    once = uuid4()
    first = await handling.note(rita, waiting, "Allergic to nuts", client_message_id=once)
    told = len(await ledger.events(hotel.id))
    clock.move(minutes=1)

    second = await handling.note(rita, waiting, "Allergic to nuts", client_message_id=once)

    assert second == first
    assert first.client_message_id == once
    assert len(await ledger.rows(Message, Message.is_note.is_(True))) == 1
    assert len(await ledger.events(hotel.id)) == told


async def test_a_note_that_arrives_ten_times_at_once_is_written_once(
    handling: HandlingService, ledger: Ledger, rita: Principal, waiting: int
) -> None:
    once = uuid4()

    noted = await asyncio.gather(
        *(handling.note(rita, waiting, "Allergic to nuts", client_message_id=once) for _ in range(10))
    )

    assert len({each.id for each in noted}) == 1
    assert len(await ledger.rows(Message, Message.is_note.is_(True))) == 1


async def test_a_clients_id_is_for_one_conversation(
    desk: Desk, handling: HandlingService, ledger: Ledger, rita: Principal, waiting: int
) -> None:
    await desk.say("Hello", sender=STRANGER)
    strangers = (await ledger.conversation(Conversation.id != waiting)).id
    once = uuid4()
    await desk.services.sending.send(rita, strangers, Draft(text="Good morning", client_message_id=once))

    refused = await refusal(handling.note(rita, waiting, "Allergic to nuts", client_message_id=once))

    assert refused == (409, "client_message_id_used", {"client_message_id": [str(once)]})
    assert await ledger.rows(Message, Message.is_note.is_(True)) == []
