"""Staff close, reopen, hand over and give back a conversation."""

import asyncio

import pytest

from app.core.errors import Conflict
from app.core.events import Change
from app.core.principal import Principal
from app.core.types import ConversationStatus, Department
from app.models import Channel, Conversation, Message
from app.services.handling.service import HandlingService
from tests.colleagues import changes, done, hired, refusal
from tests.desk import GUEST, Desk
from tests.eventually import eventually
from tests.fake_graph import ALPINE_NUMBER
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World

NUMBER = f"+{GUEST}"
RECEPTION, CAFE, ROOMS = Department.RECEPTION, Department.CAFE, Department.HOUSEKEEPING
RELAY, CLOSED = ConversationStatus.RELAY, ConversationStatus.CLOSED


@pytest.fixture
async def with_cafe(handling: HandlingService, world: World, hotel: HotelWorld, rita: Principal) -> int:
    """A conversation between the hotel's guest and the café."""
    await world.guest(hotel)
    return (await handling.create(rita, NUMBER, CAFE)).id


async def told(ledger: Ledger, hotel: HotelWorld) -> list[Change]:
    """What was done after the conversation was made."""
    return [each.change for each in (await changes(ledger, hotel))[2:]]


async def test_a_closed_conversation_keeps_who_took_care_of_it_and_nobody_waits(
    desk: Desk,
    handling: HandlingService,
    ledger: Ledger,
    hotel: HotelWorld,
    rita: Principal,
    clock: HeldClock,
    with_cafe: int,
) -> None:
    await handling.assign(rita, with_cafe, rita.user_id)
    await desk.say("Thank you!")
    assert (await ledger.conversation()).waiting_since == clock.now
    clock.move(minutes=5)

    closed = await handling.close(rita, with_cafe)

    assert (closed.status, closed.department) == (CLOSED, CAFE)
    row = await ledger.conversation()
    assert (row.status, row.closed_at, row.waiting_since) == (CLOSED, clock.now, None)
    assert row.assignee_id == rita.user_id
    event = (await changes(ledger, hotel))[-1]
    assert event.conversation == closed
    assert (event.change, event.actor_id, event.actor_name) == (Change.CLOSED, rita.user_id, rita.name)


async def test_a_closed_one_is_closed_no_second_time(
    handling: HandlingService, ledger: Ledger, hotel: HotelWorld, rita: Principal, with_cafe: int
) -> None:
    await handling.close(rita, with_cafe)

    assert await refusal(handling.close(rita, with_cafe)) == (409, "already_closed", {"status": "closed"})
    assert await told(ledger, hotel) == [Change.CLOSED]


async def test_the_bots_conversation_can_be_closed_and_the_flow_begins_anew(
    desk: Desk, handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, rita: Principal
) -> None:
    await world.guest(hotel)
    await desk.say("services")
    menu = (await ledger.texts())[-1]
    first = (await ledger.conversation()).id
    await handling.close(rita, first)

    await desk.say("services")

    second = await ledger.conversation(Conversation.status != CLOSED)
    assert second.id != first
    assert await ledger.texts(Message.conversation_id == second.id) == ["services", menu]


async def test_a_reopened_conversation_is_staffs(
    handling: HandlingService, ledger: Ledger, hotel: HotelWorld, rita: Principal, clock: HeldClock, with_cafe: int
) -> None:
    await handling.close(rita, with_cafe)
    clock.move(hours=1)

    reopened = await handling.reopen(rita, with_cafe)

    assert reopened.status is RELAY
    row = await ledger.conversation()
    assert (row.status, row.closed_at, row.relayed_at) == (RELAY, None, clock.now)
    assert (await done(ledger, hotel))[-1] == (Change.REOPENED, rita.user_id, rita.name)


async def test_only_a_closed_conversation_is_reopened(
    handling: HandlingService, ledger: Ledger, hotel: HotelWorld, rita: Principal, with_cafe: int
) -> None:
    assert await refusal(handling.reopen(rita, with_cafe)) == (409, "not_closed", {"status": "relay"})
    assert await told(ledger, hotel) == []


async def test_reopening_meets_the_conversation_that_the_guest_has_by_now(
    handling: HandlingService, ledger: Ledger, rita: Principal, with_cafe: int
) -> None:
    await handling.close(rita, with_cafe)
    newer = (await handling.create(rita, NUMBER, CAFE)).id

    refused = await refusal(handling.reopen(rita, with_cafe))

    assert refused == (409, "conversation_open", {"conversation_id": newer})
    assert (await ledger.conversation(Conversation.id == with_cafe)).status is CLOSED


async def test_an_answer_reopens_and_names_who_did(
    desk: Desk, handling: HandlingService, ledger: Ledger, hotel: HotelWorld, rita: Principal, with_cafe: int
) -> None:
    await desk.say("Thank you!")
    await handling.close(rita, with_cafe)

    await desk.answer(hotel, with_cafe, "You are welcome.")

    assert (await done(ledger, hotel))[-1] == (Change.REOPENED, rita.user_id, rita.name)


async def test_the_new_department_has_it_and_the_old_one_hears_of_its_loss(
    desk: Desk,
    handling: HandlingService,
    ledger: Ledger,
    hotel: HotelWorld,
    rita: Principal,
    clock: HeldClock,
    with_cafe: int,
) -> None:
    await handling.assign(rita, with_cafe, rita.user_id)
    await desk.say("And towels?")
    waiting_since = clock.now
    clock.move(minutes=3)

    moved = await handling.transfer(rita, with_cafe, ROOMS)

    assert (moved.department, moved.assignee_id, moved.assignee_name) == (ROOMS, None, None)
    row = await ledger.conversation()
    assert (row.department, row.assignee_id, row.status) == (ROOMS, None, RELAY)
    assert (row.relayed_at, row.waiting_since) == (clock.now, waiting_since)
    event = (await changes(ledger, hotel))[-1]
    assert (event.change, event.previous_department, event.conversation) == (Change.TRANSFERRED, CAFE, moved)
    assert (event.actor_id, event.actor_name) == (rita.user_id, rita.name)


async def test_an_answered_conversation_that_is_handed_over_waits_from_then_on(
    handling: HandlingService, ledger: Ledger, rita: Principal, clock: HeldClock, with_cafe: int
) -> None:
    assert (await ledger.conversation()).waiting_since is None
    clock.move(minutes=3)

    await handling.transfer(rita, with_cafe, ROOMS)

    assert (await ledger.conversation()).waiting_since == clock.now


async def test_the_bots_conversation_is_handed_over_and_the_flow_falls_silent(
    desk: Desk, handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, rita: Principal
) -> None:
    await world.guest(hotel)
    await desk.say("services")
    bots = (await ledger.conversation()).id

    await handling.transfer(rita, bots, CAFE)
    await desk.say("1")

    row = await ledger.conversation()
    assert (row.id, row.status, row.department) == (bots, RELAY, CAFE)
    assert [sender for sender, _ in await ledger.transcript()] == ["guest", "system", "guest"]
    assert [each.previous_department for each in await changes(ledger, hotel)] == [None]


async def test_a_transfer_to_where_it_is_already_is_refused(
    handling: HandlingService, ledger: Ledger, hotel: HotelWorld, rita: Principal, with_cafe: int
) -> None:
    assert await refusal(handling.transfer(rita, with_cafe, CAFE)) == (409, "already_there", {"department": "Café"})
    assert await told(ledger, hotel) == []


async def test_a_transfer_from_where_it_no_longer_is_is_refused(
    handling: HandlingService, ledger: Ledger, hotel: HotelWorld, rita: Principal, with_cafe: int
) -> None:
    call = handling.transfer(rita, with_cafe, ROOMS, from_department=RECEPTION)
    assert await refusal(call) == (409, "moved_meanwhile", {"department": "Café"})
    assert await told(ledger, hotel) == []

    await handling.transfer(rita, with_cafe, ROOMS, from_department=CAFE)
    assert await told(ledger, hotel) == [Change.TRANSFERRED]


async def test_a_transfer_meets_the_conversation_that_the_guest_has_there(
    handling: HandlingService, ledger: Ledger, rita: Principal, with_cafe: int
) -> None:
    there = (await handling.create(rita, NUMBER, ROOMS)).id

    refused = await refusal(handling.transfer(rita, with_cafe, ROOMS))

    assert refused == (409, "conversation_open", {"conversation_id": there})
    assert (await ledger.conversation(Conversation.id == with_cafe)).department is CAFE


async def test_a_closed_conversation_is_not_handed_over(
    handling: HandlingService, rita: Principal, with_cafe: int
) -> None:
    await handling.close(rita, with_cafe)

    refused = await refusal(handling.transfer(rita, with_cafe, ROOMS))

    assert refused == (409, "conversation_closed", {"status": "closed"})


async def test_department_staff_hand_over_what_they_see_to_any_department(
    handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, with_cafe: int
) -> None:
    carla = await hired(world, hotel, "carla", CAFE)
    hugo = await hired(world, hotel, "hugo", ROOMS)

    assert (await refusal(handling.transfer(hugo, with_cafe, ROOMS)))[:2] == (403, "forbidden")
    moved = await handling.transfer(carla, with_cafe, ROOMS)

    assert moved.department is ROOMS
    assert (await refusal(handling.transfer(carla, with_cafe, CAFE)))[:2] == (403, "forbidden")


async def test_of_two_who_saw_it_in_one_place_and_move_it_elsewhere_the_second_is_told_where_it_is(
    handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, with_cafe: int
) -> None:
    """Neither says from where: what they saw when they called counts, also for whoever sees it no more."""
    carla = await hired(world, hotel, "carla", CAFE)
    carlos = await hired(world, hotel, "carlos", CAFE)

    async with ledger.database.transaction() as work:
        await work.conversations.lock(with_cafe)
        moving = [
            asyncio.create_task(handling.transfer(carla, with_cafe, ROOMS)),
            asyncio.create_task(handling.transfer(carlos, with_cafe, RECEPTION)),
        ]
        await eventually(lambda: ledger.are_waiting(2))
    answers = await asyncio.gather(*moving, return_exceptions=True)

    now_in = (await ledger.conversation()).department
    assert now_in in {ROOMS, RECEPTION}
    refused = [each for each in answers if isinstance(each, Conflict)]
    assert [(each.code, each.details) for each in refused] == [("moved_meanwhile", {"department": now_in})]
    assert await told(ledger, hotel) == [Change.TRANSFERRED]


async def test_the_department_that_loses_a_guest_to_the_flow_hears_of_it(
    handling: HandlingService, ledger: Ledger, hotel: HotelWorld, rita: Principal, with_cafe: int
) -> None:
    await handling.assign(rita, with_cafe, rita.user_id)

    await handling.end_relay(rita, with_cafe)

    event = (await changes(ledger, hotel))[-1]
    assert (event.change, event.previous_department) == (Change.RELAY_ENDED, CAFE)
    assert (event.conversation.department, event.conversation.assignee_name) == (None, None)
    assert (event.actor_id, event.actor_name) == (rita.user_id, rita.name)


async def test_where_the_flow_goes_on_elsewhere_the_department_keeps_what_is_closed(
    desk: Desk, handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, rita: Principal
) -> None:
    await world.guest(hotel)
    await desk.say("Hello")
    with_cafe = (await handling.create(rita, NUMBER, CAFE)).id

    await handling.end_relay(rita, with_cafe)

    event = (await changes(ledger, hotel))[-1]
    assert (event.change, event.previous_department) == (Change.RELAY_ENDED, None)
    assert (event.conversation.department, event.conversation.status) == (CAFE, CLOSED)


async def test_a_relay_on_a_channel_that_is_no_longer_in_use_ends(
    handling: HandlingService, ledger: Ledger, rita: Principal, with_cafe: int
) -> None:
    await ledger.change(Channel, is_active=False)

    await handling.end_relay(rita, with_cafe)

    assert (await ledger.conversation()).status is CLOSED


@pytest.mark.parametrize("deed", ["close", "reopen", "transfer", "assign", "note", "end_relay"])
async def test_nobody_handles_what_they_do_not_see(
    handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, with_cafe: int, deed: str
) -> None:
    alpine = await world.hotel("alpine-lodge", ALPINE_NUMBER)
    hugo, alma = await hired(world, hotel, "hugo", ROOMS), await hired(world, alpine, "alma")
    more = {"transfer": (RECEPTION,), "assign": (hugo.user_id,), "note": ("Allergic to nuts",)}.get(deed, ())

    for caller, conversation_id, told in ((hugo, with_cafe, 403), (alma, with_cafe, 404), (hugo, 999_999, 404)):
        assert (await refusal(getattr(handling, deed)(caller, conversation_id, *more)))[0] == told

    assert len(await changes(ledger, hotel)) == 2
    assert await ledger.rows(Message) == []
