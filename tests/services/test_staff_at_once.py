"""Two staff at once, through two processes' worth of services, two hundred times each: one does it, the other is told
what is, and nothing is there twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select, update

from app.core.clock import utc_now
from app.core.errors import Conflict
from app.core.events import Change
from app.core.principal import Principal
from app.core.settings import Settings
from app.core.types import ConversationStatus, Department
from app.models import Conversation, EventRow, Participant
from app.services.handling.service import HandlingService
from tests.colleagues import changes, hired
from tests.desk import GUEST, open_desk
from tests.ledger import Ledger
from tests.world import HotelWorld, World

ROUNDS = 200
NUMBER = f"+{GUEST}"
RECEPTION, CAFE, ROOMS = Department.RECEPTION, Department.CAFE, Department.HOUSEKEEPING
OPEN = Conversation.status != ConversationStatus.CLOSED


@dataclass(frozen=True)
class Colleague:
    """Somebody at the desk, in a process of their own."""

    principal: Principal
    handling: HandlingService


@dataclass
class Pair:
    """Two receptionists, and a guest of their hotel's who stays."""

    hotel: HotelWorld
    ruth: Colleague
    otto: Colleague
    ledger: Ledger

    async def race(
        self, ruths: Coroutine[Any, Any, Any], ottos: Coroutine[Any, Any, Any]
    ) -> tuple[Colleague, Any, Conflict]:
        """Both at once: who won, with what, and what the other one was told."""
        answers = await asyncio.gather(ruths, ottos, return_exceptions=True)
        for each in answers:
            if isinstance(each, BaseException) and not isinstance(each, Conflict):
                raise each
        won = [not isinstance(each, Conflict) for each in answers]
        assert sorted(won) == [False, True], answers
        place = won.index(True)
        refused = answers[1 - place]
        assert isinstance(refused, Conflict)
        return (self.ruth, self.otto)[place], answers[place], refused

    async def again(self, conversation_id: int, **values: object) -> None:
        """The conversation as before the round."""
        await self.ledger.change(Conversation, Conversation.id == conversation_id, **values)

    async def assert_nothing_doubled(self, *rounds: Change) -> None:
        """Each round was told once, by numbers without holes, and the row tells of nobody twice."""
        told = Counter(each.change for each in await changes(self.ledger, self.hotel))
        assert {change: told[change] for change in rounds} == dict.fromkeys(rounds, ROUNDS)
        async with self.ledger.database.read() as work:
            numbers = list(await work.connection.scalars(select(EventRow.seq).order_by(EventRow.seq)))
        assert numbers == list(range(1, len(numbers) + 1))
        places = Counter((row.conversation_id, row.user_id) for row in await self.ledger.rows(Participant))
        assert set(places.values()) <= {1}


@pytest.fixture
async def pair(settings: Settings, world: World, hotel: HotelWorld, ledger: Ledger) -> AsyncIterator[Pair]:
    await world.guest(hotel)
    async with open_desk(settings, utc_now) as one, open_desk(settings, utc_now) as other:
        yield Pair(
            hotel,
            Colleague(await hired(world, hotel, "ruth"), one.services.handling),
            Colleague(await hired(world, hotel, "otto"), other.services.handling),
            ledger,
        )


@pytest.fixture
async def conversation_id(pair: Pair) -> int:
    """The guest's with Reception."""
    return (await pair.ruth.handling.create(pair.ruth.principal, NUMBER, RECEPTION)).id


async def test_of_two_who_take_a_conversation_one_has_it(pair: Pair, conversation_id: int) -> None:
    for _ in range(ROUNDS):
        winner, ref, refused = await pair.race(
            *(
                each.handling.assign(each.principal, conversation_id, each.principal.user_id)
                for each in (pair.ruth, pair.otto)
            )
        )

        holder = {"assignee_id": winner.principal.user_id, "assignee_name": winner.principal.name}
        assert (refused.code, refused.details) == ("already_assigned", holder)
        assert (ref.assignee_id, ref.assignee_name) == tuple(holder.values())
        assert (await pair.ledger.conversation()).assignee_id == winner.principal.user_id
        await pair.again(conversation_id, assignee_id=None)

    await pair.assert_nothing_doubled(Change.ASSIGNED)


async def test_of_two_who_close_a_conversation_one_does(pair: Pair, conversation_id: int) -> None:
    for _ in range(ROUNDS):
        _, ref, refused = await pair.race(
            *(each.handling.close(each.principal, conversation_id) for each in (pair.ruth, pair.otto))
        )

        assert (refused.code, refused.details) == ("already_closed", {"status": "closed"})
        assert ref.status is ConversationStatus.CLOSED
        await pair.again(conversation_id, status=ConversationStatus.RELAY, closed_at=None)

    await pair.assert_nothing_doubled(Change.CLOSED)


async def test_of_two_who_begin_a_conversation_one_does(pair: Pair) -> None:
    for _ in range(ROUNDS):
        _, view, refused = await pair.race(
            *(each.handling.create(each.principal, NUMBER, CAFE) for each in (pair.ruth, pair.otto))
        )

        assert (refused.code, refused.details) == ("conversation_open", {"conversation_id": view.id})
        assert (await pair.ledger.conversation(OPEN)).id == view.id
        await pair.again(view.id, status=ConversationStatus.CLOSED)

    assert len(await pair.ledger.rows(Conversation)) == ROUNDS
    await pair.assert_nothing_doubled(Change.CREATED, Change.RELAY_STARTED)


async def test_of_two_who_move_a_conversation_to_one_department_one_does(pair: Pair, conversation_id: int) -> None:
    for _ in range(ROUNDS):
        _, ref, refused = await pair.race(
            *(each.handling.transfer(each.principal, conversation_id, CAFE) for each in (pair.ruth, pair.otto))
        )

        assert (refused.code, refused.details) == ("already_there", {"department": "Café"})
        assert ref.department is CAFE
        await pair.again(conversation_id, department=RECEPTION)

    await pair.assert_nothing_doubled(Change.TRANSFERRED)


async def test_of_two_who_move_a_conversation_to_different_departments_one_does(
    pair: Pair, conversation_id: int
) -> None:
    """Both say from where: else the second could call when the first is done, and move it on rightly."""
    for _ in range(ROUNDS):
        _, ref, refused = await pair.race(
            *(
                each.handling.transfer(each.principal, conversation_id, department, from_department=RECEPTION)
                for each, department in ((pair.ruth, CAFE), (pair.otto, ROOMS))
            )
        )

        assert (refused.code, refused.details) == ("moved_meanwhile", {"department": ref.department})
        assert (await pair.ledger.conversation()).department is ref.department
        await pair.again(conversation_id, department=RECEPTION)

    await pair.assert_nothing_doubled(Change.TRANSFERRED)


async def test_of_two_who_move_two_conversations_of_a_guest_to_one_department_one_does(
    pair: Pair, conversation_id: int
) -> None:
    other_id = (await pair.ruth.handling.create(pair.ruth.principal, NUMBER, ROOMS)).id
    places = {conversation_id: RECEPTION, other_id: ROOMS}
    for _ in range(ROUNDS):
        _, ref, refused = await pair.race(
            *(
                each.handling.transfer(each.principal, about, CAFE)
                for each, about in ((pair.ruth, conversation_id), (pair.otto, other_id))
            )
        )

        assert (refused.code, refused.details) == ("conversation_open", {"conversation_id": ref.id})
        await pair.again(ref.id, department=places[ref.id])

    await pair.assert_nothing_doubled(Change.TRANSFERRED)


async def test_of_one_who_begins_and_one_who_reopens_a_conversation_one_does(pair: Pair, conversation_id: int) -> None:
    for _ in range(ROUNDS):
        await pair.again(conversation_id, status=ConversationStatus.CLOSED)
        _, ref, refused = await pair.race(
            pair.ruth.handling.create(pair.ruth.principal, NUMBER, RECEPTION),
            pair.otto.handling.reopen(pair.otto.principal, conversation_id),
        )

        assert (refused.code, refused.details) == ("conversation_open", {"conversation_id": ref.id})
        assert (await pair.ledger.conversation(OPEN)).id == ref.id
        async with pair.ledger.database.transaction() as work:
            await work.connection.execute(update(Conversation).values(status=ConversationStatus.CLOSED))

    told = Counter(each.change for each in await changes(pair.ledger, pair.hotel))
    assert told[Change.CREATED] - 1 + told[Change.REOPENED] == ROUNDS
    await pair.assert_nothing_doubled()
