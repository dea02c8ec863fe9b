"""A guest has one open conversation with a department, whatever the channel: staff who would have a second are told of
the first."""

import asyncio

import pytest

from app.core.errors import Conflict
from app.core.principal import Principal
from app.core.types import ConversationStatus, Department, Platform
from app.models import Conversation
from app.services.handling.service import HandlingService
from tests.addresses import account, channel
from tests.colleagues import hired, refusal
from tests.desk import GUEST, Desk
from tests.eventually import eventually
from tests.ledger import Ledger
from tests.world import HotelWorld, World

NUMBER = f"+{GUEST}"
CAFE, ROOMS = Department.CAFE, Department.HOUSEKEEPING
CLOSED = ConversationStatus.CLOSED


@pytest.fixture
async def with_cafe(handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, rita: Principal) -> int:
    """A conversation between the hotel's guest and the café, on Telegram."""
    await world.guest(hotel)
    made = await handling.create(rita, NUMBER, CAFE)
    telegram = await channel(ledger, hotel, Platform.TELEGRAM, "bot")
    elsewhere = await account(ledger, hotel, telegram, "4711")
    await ledger.change(Conversation, channel_id=telegram, account_id=elsewhere)
    return made.id


@pytest.fixture
async def closed(handling: HandlingService, ledger: Ledger, rita: Principal, with_cafe: int) -> int:
    """An earlier one with the café, on WhatsApp."""
    await ledger.change(Conversation, status=CLOSED)
    earlier = (await handling.create(rita, NUMBER, CAFE)).id
    await handling.close(rita, earlier)
    await ledger.change(Conversation, Conversation.id == with_cafe, status=ConversationStatus.RELAY)
    return earlier


async def test_a_transfer_meets_the_conversation_on_another_channel(
    handling: HandlingService, ledger: Ledger, rita: Principal, with_cafe: int
) -> None:
    here = (await handling.create(rita, NUMBER, ROOMS)).id

    refused = await refusal(handling.transfer(rita, here, CAFE))

    assert refused == (409, "conversation_open", {"conversation_id": with_cafe})
    assert (await ledger.conversation(Conversation.id == here)).department is ROOMS


async def test_reopening_meets_the_conversation_on_another_channel(
    handling: HandlingService, ledger: Ledger, rita: Principal, with_cafe: int, closed: int
) -> None:
    assert await refusal(handling.reopen(rita, closed)) == (409, "conversation_open", {"conversation_id": with_cafe})
    assert (await ledger.conversation(Conversation.id == closed)).status is CLOSED


async def test_sending_into_a_closed_one_meets_the_conversation_on_another_channel(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, with_cafe: int, closed: int
) -> None:
    await desk.say("Thank you!")

    refused = await refusal(desk.answer(hotel, closed, "One thing more."))

    assert refused == (409, "conversation_open", {"conversation_id": with_cafe})
    assert (await ledger.conversation(Conversation.id == closed)).status is CLOSED
    assert "One thing more." not in await ledger.texts()


async def test_the_flow_speaks_on_every_channel(
    desk: Desk, handling: HandlingService, ledger: Ledger, rita: Principal, with_cafe: int
) -> None:
    """Its conversations are with no department: those of two channels are two."""
    await handling.end_relay(rita, with_cafe)
    await desk.say("Hello")
    here = (await ledger.conversation(Conversation.id != with_cafe)).id
    await handling.close(rita, here)

    assert (await handling.reopen(rita, here)).department is None


@pytest.mark.parametrize("deed", ["reopen", "answer"])
async def test_of_two_who_open_those_of_two_channels_at_once_one_does(
    desk: Desk,
    handling: HandlingService,
    world: World,
    ledger: Ledger,
    hotel: HotelWorld,
    rita: Principal,
    with_cafe: int,
    closed: int,
    deed: str,
) -> None:
    otto = await hired(world, hotel, "otto")
    await desk.say("Thank you!")
    await ledger.change(Conversation, status=CLOSED)

    async with ledger.database.transaction() as work:
        await work.conversations.lock_many([with_cafe, closed])
        opening = [
            asyncio.create_task(handling.reopen(rita, with_cafe)),
            asyncio.create_task(
                handling.reopen(otto, closed) if deed == "reopen" else desk.answer(hotel, closed, "One thing more.")
            ),
        ]
        await eventually(lambda: ledger.are_waiting(2))
    answers = await asyncio.gather(*opening, return_exceptions=True)

    (winner,) = await ledger.rows(Conversation, Conversation.status != CLOSED)
    (refused,) = [each for each in answers if isinstance(each, Conflict)]
    assert (refused.code, refused.details) == ("conversation_open", {"conversation_id": winner.id})


async def test_an_answer_to_what_is_closed_in_this_moment_meets_the_one_begun_instead(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, with_cafe: int
) -> None:
    here = await account(ledger, hotel, hotel.channel_id, "351900000001")
    async with ledger.database.transaction() as work:
        await work.guests.lock_of(with_cafe)
        (left,) = await work.conversations.lock_many([with_cafe])
        answering = asyncio.create_task(desk.answer(hotel, with_cafe, "One thing more."))
        await eventually(lambda: ledger.are_waiting(1))
        left.status = CLOSED
        await work.conversations.save(left)
        begun, _ = await work.conversations.open(
            hotel_id=hotel.id,
            guest_id=left.guest_id,
            channel_id=hotel.channel_id,
            account_id=here,
            stay_id=None,
            status=ConversationStatus.RELAY,
            department=CAFE,
        )

    assert await refusal(answering) == (409, "conversation_open", {"conversation_id": begun.id})
