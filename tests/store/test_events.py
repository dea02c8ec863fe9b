"""A hotel's own sequence of events: no holes, in the order of commits, whatever is rolled back around it."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from app.core.events import StoredEvent, UserChanged
from app.models import EventRow, Hotel, HotelSequence
from app.store.database import Database, create_engine
from app.store.unit_of_work import UnitOfWork
from tests.ledger import Ledger
from tests.world import HotelWorld, World

WRITERS = 16
TURNS = 12


class GivenUp(Exception):
    """A transaction that has second thoughts."""


class Heard:
    """A commit listener that writes down what it is told."""

    def __init__(self) -> None:
        self.events: list[StoredEvent] = []

    def committed(self, events: Sequence[StoredEvent], *, has_deliveries: bool) -> None:
        self.events += events


@pytest.fixture
async def hotel(world: World) -> HotelWorld:
    return await world.hotel()


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


def named(number: int) -> UserChanged:
    """Events are told apart by the user that they name."""
    return UserChanged(user_id=number)


async def test_writers_at_once_leave_no_holes_and_whoever_reads_on_misses_nothing(
    database: Database, world: World, hotel: HotelWorld, ledger: Ledger
) -> None:
    other = await world.hotel("alpine-lodge", "700000000000002")
    url = database.engine.url.render_as_string(hide_password=False)
    heard = Heard()
    writers = Database(create_engine(url, pool_size=WRITERS), heard)
    dice = random.Random(7)  # noqa: S311 -- no secret

    async def write(writer: int) -> None:
        for turn in range(TURNS):
            try:
                async with writers.transaction() as work:
                    for each in range(dice.randint(1, 3)):
                        work.emit(hotel.id, named(writer * 1000 + turn * 10 + each))
                    if dice.random() < 0.5:
                        work.emit(other.id, named(writer))
                    await _think_twice(work, dice)
            except GivenUp:
                continue

    read: list[StoredEvent] = []

    async def read_on() -> None:
        async with database.read() as work:
            read.extend(await work.events.between(hotel.id, read[-1].seq if read else 0, 10**9, limit=10**6))

    writing = asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    while not writing.done():
        await read_on()
    await writing
    await read_on()
    await writers.dispose()

    kept = await ledger.events(hotel.id)
    assert [each.seq for each in read] == list(range(1, len(kept) + 1))
    assert [each.event for each in read] == kept
    told = sorted((each for each in heard.events if each.hotel_id == hotel.id), key=lambda each: each.seq)
    assert told == read
    assert (await ledger.row(HotelSequence, HotelSequence.hotel_id == hotel.id)).seq == len(kept)


async def _think_twice(work: UnitOfWork, dice: random.Random) -> None:
    """Give up before the events are written, or after, or not at all."""
    chance = dice.random()
    if chance < 0.4:
        if chance < 0.2:
            await work.write_events()
        raise GivenUp


async def test_the_events_of_a_savepoint_that_fails_are_gone_with_it(
    database: Database, hotel: HotelWorld, ledger: Ledger
) -> None:
    async with database.transaction() as work:
        work.emit(hotel.id, named(1))
        with suppress(GivenUp):
            async with work.savepoint():
                work.emit(hotel.id, named(2))
                async with work.savepoint():
                    work.emit(hotel.id, named(3))
                raise GivenUp
        async with work.savepoint():
            work.emit(hotel.id, named(4))

    assert await ledger.events(hotel.id) == [named(1), named(4)]


async def test_a_transaction_that_fails_takes_no_number_and_tells_nobody(
    database: Database, hotel: HotelWorld, ledger: Ledger
) -> None:
    heard = Heard()
    telling = Database(database.engine, heard)

    with suppress(GivenUp):
        async with telling.transaction() as work:
            work.emit(hotel.id, named(1))
            await work.write_events()
            raise GivenUp
    async with telling.transaction() as work:
        work.emit(hotel.id, named(2))

    assert [(each.seq, each.event) for each in heard.events] == [(1, named(2))]
    assert await ledger.events(hotel.id) == [named(2)]


async def test_each_hotel_counts_for_itself(
    database: Database, world: World, hotel: HotelWorld, ledger: Ledger
) -> None:
    other = await world.hotel("alpine-lodge", "700000000000002")

    async with database.transaction() as work:
        for hotel_id, number in ((other.id, 1), (hotel.id, 2), (other.id, 3)):
            work.emit(hotel_id, named(number))

    assert [(each.hotel_id, each.seq, each.event) for each in work.stored] == [
        (hotel.id, 1, named(2)),
        (other.id, 1, named(1)),
        (other.id, 2, named(3)),
    ]


async def test_a_hotel_without_a_sequence_is_an_error_and_not_silence(
    database: Database, hotel: HotelWorld, ledger: Ledger
) -> None:
    await ledger.remove(HotelSequence)

    async def rename(work: UnitOfWork) -> None:
        await work.connection.execute(update(Hotel).values(name="Renamed"))
        work.emit(hotel.id, named(1))

    with pytest.raises(RuntimeError, match="no sequence"):
        await database.run(rename)

    assert (await ledger.row(Hotel)).name != "Renamed"


async def test_old_events_are_forgotten_and_the_numbers_go_on(
    database: Database, hotel: HotelWorld, ledger: Ledger
) -> None:
    async with database.transaction() as work:
        for number in range(1, 5):
            work.emit(hotel.id, named(number))
    week_ago = datetime.now(UTC) - timedelta(days=7)
    await ledger.change(EventRow, EventRow.seq <= 2, created_at=week_ago - timedelta(minutes=1))

    async with database.transaction() as work:
        assert await work.events.forget(week_ago) == 2
        work.emit(hotel.id, named(5))

    async with database.read() as reading:
        assert await reading.events.first(hotel.id) == 3
        assert await reading.events.head(hotel.id) == 5
    assert await ledger.events(hotel.id) == [named(3), named(4), named(5)]


async def test_what_is_read_is_what_was_written(database: Database, hotel: HotelWorld) -> None:
    async with database.transaction() as work:
        for number in range(1, 8):
            work.emit(hotel.id, named(number))
    written = work.stored

    async with database.read() as reading:
        assert await reading.events.between(hotel.id, 2, 6, limit=3) == written[2:5]
        assert await reading.events.between(hotel.id, 7, 10**9, limit=3) == []
        assert await reading.events.heads([hotel.id, hotel.id + 1]) == {hotel.id: 7}
