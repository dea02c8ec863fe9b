"""How urgent a conversation is, as staff say."""

import asyncio

import pytest
from sqlalchemy import update

from app.core.errors import Conflict
from app.core.events import Change
from app.core.principal import Principal
from app.core.types import Department
from app.models import Conversation
from app.services.handling.service import HandlingService
from tests.colleagues import changes, done, hired, refusal
from tests.desk import GUEST
from tests.eventually import eventually
from tests.fake_graph import ALPINE_NUMBER
from tests.ledger import Ledger
from tests.world import HotelWorld, World


@pytest.fixture
async def with_cafe(handling: HandlingService, world: World, hotel: HotelWorld, rita: Principal) -> int:
    """A conversation between the hotel's guest and the café."""
    await world.guest(hotel)
    return (await handling.create(rita, f"+{GUEST}", Department.CAFE)).id


async def test_a_priority_is_kept_and_told_with_who_has_set_it(
    handling: HandlingService, ledger: Ledger, hotel: HotelWorld, world: World, with_cafe: int
) -> None:
    carla = await hired(world, hotel, "carla", Department.CAFE)

    ref = await handling.prioritise(carla, with_cafe, 3)

    assert ref.priority == 3
    assert (await ledger.conversation()).priority == 3
    event = (await changes(ledger, hotel))[-1]
    assert (event.change, event.actor_name, event.conversation) == (Change.PRIORITISED, "Carla Staff", ref)


async def test_a_priority_that_it_has_already_changes_nothing(
    handling: HandlingService, ledger: Ledger, hotel: HotelWorld, rita: Principal, with_cafe: int
) -> None:
    before = await done(ledger, hotel)

    assert (await handling.prioritise(rita, with_cafe, 1)).priority == 1

    assert await done(ledger, hotel) == before


async def test_it_stays_with_the_conversation_wherever_that_goes(
    handling: HandlingService, ledger: Ledger, rita: Principal, with_cafe: int
) -> None:
    await handling.prioritise(rita, with_cafe, 2)

    await handling.transfer(rita, with_cafe, Department.HOUSEKEEPING)
    await handling.close(rita, with_cafe)
    assert await refusal(handling.prioritise(rita, with_cafe, 1)) == (409, "conversation_closed", {"status": "closed"})
    await handling.reopen(rita, with_cafe)

    assert (await ledger.conversation()).priority == 2


async def test_only_whoever_sees_the_conversation_sets_it(
    handling: HandlingService, world: World, hotel: HotelWorld, with_cafe: int
) -> None:
    harry = await hired(world, hotel, "harry", Department.HOUSEKEEPING)
    anna = await hired(world, await world.hotel("alpine-lodge", ALPINE_NUMBER), "anna")

    assert (await refusal(handling.prioritise(harry, with_cafe, 3)))[:2] == (403, "forbidden")
    assert (await refusal(handling.prioritise(anna, with_cafe, 3)))[:2] == (404, "not_found")


async def test_whoever_waited_for_another_priority_is_told_what_it_is(
    handling: HandlingService, ledger: Ledger, rita: Principal, with_cafe: int
) -> None:
    async with ledger.database.transaction() as work:
        await work.connection.execute(update(Conversation).values(priority=3))
        waiting = asyncio.create_task(handling.prioritise(rita, with_cafe, 2))
        await eventually(ledger.is_somebody_waiting)
    with pytest.raises(Conflict) as refused:
        await waiting

    assert (refused.value.code, refused.value.details) == ("prioritised_meanwhile", {"priority": 3})
    assert (await ledger.conversation()).priority == 3
