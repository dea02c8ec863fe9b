"""Who of the staff takes care of a conversation."""

import asyncio

import pytest

from app.core.errors import Conflict
from app.core.events import Change
from app.core.principal import Principal
from app.core.types import Department, UserType
from app.models import Participant, User
from app.services.handling.service import HandlingService
from tests.colleagues import changes, hired, refusal
from tests.desk import GUEST
from tests.eventually import eventually
from tests.fake_graph import ALPINE_NUMBER
from tests.ledger import Ledger
from tests.world import HotelWorld, World

HOLDER = ("assignee_id", "assignee_name")
CAFE, ROOMS = Department.CAFE, Department.HOUSEKEEPING


@pytest.fixture
async def with_cafe(handling: HandlingService, world: World, hotel: HotelWorld, rita: Principal) -> int:
    """A conversation between the hotel's guest and the café."""
    await world.guest(hotel)
    return (await handling.create(rita, f"+{GUEST}", CAFE)).id


@pytest.fixture
async def carla(world: World, hotel: HotelWorld, with_cafe: int) -> Principal:
    """Of the café."""
    return await hired(world, hotel, "carla", CAFE)


@pytest.fixture
async def carlos(world: World, hotel: HotelWorld, carla: Principal) -> Principal:
    """Of the café."""
    return await hired(world, hotel, "carlos", CAFE)


async def assigned(ledger: Ledger, hotel: HotelWorld) -> list[tuple[int | None, str | None]]:
    """To whom it went, time after time."""
    told = [each for each in await changes(ledger, hotel) if each.change is Change.ASSIGNED]
    return [(each.conversation.assignee_id, each.conversation.assignee_name) for each in told]


async def test_who_takes_a_conversation_has_it_takes_part_and_is_told_of(
    handling: HandlingService, ledger: Ledger, hotel: HotelWorld, carla: Principal, with_cafe: int
) -> None:
    ref = await handling.assign(carla, with_cafe, carla.user_id)

    assert (ref.assignee_id, ref.assignee_name) == (carla.user_id, "Carla Staff")
    assert (await ledger.conversation()).assignee_id == carla.user_id
    event = (await changes(ledger, hotel))[-1]
    assert (event.change, event.actor_id, event.actor_name) == (Change.ASSIGNED, carla.user_id, "Carla Staff")
    assert event.conversation == ref
    part = await ledger.row(Participant)
    assert (part.user_id, part.is_active, part.last_read_message_id) == (carla.user_id, True, None)


async def test_what_somebody_has_already_changes_nothing(
    handling: HandlingService, ledger: Ledger, hotel: HotelWorld, rita: Principal, carla: Principal, with_cafe: int
) -> None:
    await handling.assign(carla, with_cafe, carla.user_id)

    again = [await handling.assign(each, with_cafe, carla.user_id) for each in (carla, rita)]

    assert {each.assignee_id for each in again} == {carla.user_id}
    assert len(await assigned(ledger, hotel)) == 1


async def test_nobody_takes_what_a_colleague_has(
    handling: HandlingService,
    ledger: Ledger,
    hotel: HotelWorld,
    rita: Principal,
    carla: Principal,
    carlos: Principal,
    with_cafe: int,
) -> None:
    await handling.assign(carla, with_cafe, carla.user_id)

    for caller in (carlos, rita):
        held = (409, "already_assigned", {"assignee_id": carla.user_id, "assignee_name": "Carla Staff"})
        assert await refusal(handling.assign(caller, with_cafe, caller.user_id)) == held
    assert await assigned(ledger, hotel) == [(carla.user_id, "Carla Staff")]


async def test_who_sees_the_whole_hotel_takes_over_from_whom_they_name(
    handling: HandlingService,
    ledger: Ledger,
    hotel: HotelWorld,
    rita: Principal,
    carla: Principal,
    carlos: Principal,
    with_cafe: int,
) -> None:
    await handling.assign(carla, with_cafe, carla.user_id)

    taking_over = handling.assign(carlos, with_cafe, carlos.user_id, replaces=carla.user_id)
    assert (await refusal(taking_over))[1] == "already_assigned"
    taken = await handling.assign(rita, with_cafe, rita.user_id, replaces=carla.user_id)

    assert taken.assignee_id == rita.user_id
    assert await assigned(ledger, hotel) == [(carla.user_id, "Carla Staff"), (rita.user_id, rita.name)]


async def test_what_nobody_has_may_be_given_to_a_colleague(
    handling: HandlingService, carla: Principal, carlos: Principal, with_cafe: int
) -> None:
    assert (await handling.assign(carla, with_cafe, carlos.user_id)).assignee_id == carlos.user_id


async def test_who_has_it_passes_it_on_and_nobody_else_does_but_who_sees_the_whole_hotel(
    handling: HandlingService, rita: Principal, carla: Principal, carlos: Principal, with_cafe: int
) -> None:
    await handling.assign(carla, with_cafe, carla.user_id)
    held = (409, "already_assigned", {"assignee_id": carla.user_id, "assignee_name": "Carla Staff"})

    assert await refusal(handling.assign(carlos, with_cafe, rita.user_id)) == held
    assert (await handling.assign(carla, with_cafe, carlos.user_id)).assignee_id == carlos.user_id
    assert (await handling.assign(rita, with_cafe, carla.user_id)).assignee_id == carla.user_id


async def test_who_has_it_lets_it_go_and_nobody_else_does_but_who_sees_the_whole_hotel(
    handling: HandlingService,
    ledger: Ledger,
    hotel: HotelWorld,
    rita: Principal,
    carla: Principal,
    carlos: Principal,
    with_cafe: int,
) -> None:
    await handling.assign(carla, with_cafe, None)
    await handling.assign(carla, with_cafe, carla.user_id)

    assert (await refusal(handling.assign(carlos, with_cafe, None)))[1] == "already_assigned"
    released = await handling.assign(carla, with_cafe, None)

    assert (released.assignee_id, released.assignee_name) == (None, None)
    await handling.assign(carla, with_cafe, carla.user_id)
    await handling.assign(rita, with_cafe, None)
    carlas = (carla.user_id, "Carla Staff")
    assert await assigned(ledger, hotel) == [carlas, (None, None), carlas, (None, None)]


async def test_whoever_is_replaced_must_have_it(
    handling: HandlingService, rita: Principal, carla: Principal, carlos: Principal, with_cafe: int
) -> None:
    nobody = (409, "already_assigned", {"assignee_id": None, "assignee_name": None})
    assert await refusal(handling.assign(rita, with_cafe, carla.user_id, replaces=carlos.user_id)) == nobody

    await handling.assign(carla, with_cafe, carla.user_id)

    held = (409, "already_assigned", {"assignee_id": carla.user_id, "assignee_name": "Carla Staff"})
    assert await refusal(handling.assign(rita, with_cafe, rita.user_id, replaces=carlos.user_id)) == held
    passed_on = await handling.assign(rita, with_cafe, carlos.user_id, replaces=carla.user_id)
    assert passed_on.assignee_id == carlos.user_id


async def test_of_two_who_give_it_to_different_colleagues_the_second_is_told_who_has_it(
    handling: HandlingService,
    world: World,
    ledger: Ledger,
    hotel: HotelWorld,
    rita: Principal,
    carla: Principal,
    carlos: Principal,
    with_cafe: int,
) -> None:
    """Both saw that nobody has it, and both may give it to whom they like."""
    otto = await hired(world, hotel, "otto")

    async with ledger.database.transaction() as work:
        await work.conversations.lock(with_cafe)
        giving = [
            asyncio.create_task(handling.assign(rita, with_cafe, carla.user_id)),
            asyncio.create_task(handling.assign(otto, with_cafe, carlos.user_id)),
        ]
        await eventually(lambda: ledger.are_waiting(2))
    answers = await asyncio.gather(*giving, return_exceptions=True)

    (now,) = await assigned(ledger, hotel)
    (refused,) = [each for each in answers if isinstance(each, Conflict)]
    assert (refused.code, refused.details) == ("already_assigned", dict(zip(HOLDER, now, strict=True)))


async def test_only_active_staff_who_see_it_can_have_it(
    handling: HandlingService, world: World, ledger: Ledger, hotel: HotelWorld, rita: Principal, with_cafe: int
) -> None:
    alpine = await world.hotel("alpine-lodge", ALPINE_NUMBER)
    refused = [
        (await hired(world, hotel, "hugo", ROOMS)).user_id,
        (await hired(world, hotel, "tess", user_type=UserType.DEPARTMENT_STAFF)).user_id,
        (await hired(world, hotel, "gone", CAFE, is_active=False)).user_id,
        (await hired(world, hotel, "john", user_type=UserType.GUEST)).user_id,
        (await hired(world, alpine, "alma")).user_id,
        999_999,
    ]

    for user_id in refused:
        status, code, details = await refusal(handling.assign(rita, with_cafe, user_id))
        assert (status, code, list(details)) == (400, "no_such_user", ["user_id"])

    assert await assigned(ledger, hotel) == []
    assert await ledger.rows(Participant) == []
    manager = await hired(world, hotel, "mona", user_type=UserType.MANAGER)
    assert (await handling.assign(rita, with_cafe, manager.user_id)).assignee_id == manager.user_id


async def test_a_closed_conversation_is_nobodys_to_take(
    handling: HandlingService, rita: Principal, with_cafe: int
) -> None:
    await handling.close(rita, with_cafe)

    refused = await refusal(handling.assign(rita, with_cafe, rita.user_id))

    assert refused == (409, "conversation_closed", {"status": "closed"})


async def test_who_had_left_takes_part_again(
    handling: HandlingService, ledger: Ledger, carla: Principal, with_cafe: int
) -> None:
    await handling.assign(carla, with_cafe, carla.user_id)
    await handling.assign(carla, with_cafe, None)
    await ledger.change(Participant, is_active=False)

    await handling.assign(carla, with_cafe, carla.user_id)

    assert (await ledger.row(Participant)).is_active


async def test_who_has_no_name_is_called_by_their_user_name(
    handling: HandlingService, ledger: Ledger, carla: Principal, with_cafe: int
) -> None:
    await ledger.change(User, User.id == carla.user_id, first_name="", last_name="")

    assert (await handling.assign(carla, with_cafe, carla.user_id)).assignee_name == "carla"
