"""How transactions wait for each other, and what is said when there are too many of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from sqlalchemy import text

from app.core.errors import Unavailable
from app.store.database import Database, create_engine
from tests.eventually import eventually

NOBODY_THERE = "postgresql+asyncpg://nobody@127.0.0.1:1/none"


@asynccontextmanager
async def small(url: str, *, longest_wait: float = 60, most_waiting: int = 100) -> AsyncIterator[Database]:
    """One transaction at a time, and one connection more for readers."""
    engine = create_engine(url, pool_size=1, max_overflow=1, pool_timeout=0.05)
    database = Database(engine, longest_wait=longest_wait, most_waiting=most_waiting)
    yield database
    await database.dispose()


async def code_of(database: Database) -> str:
    """What a transaction is refused with."""
    with pytest.raises(Unavailable) as caught:
        async with database.transaction():
            pass
    return caught.value.code


async def test_transactions_wait_for_their_turn_in_the_order_in_which_they_came(empty_database: str) -> None:
    done: list[int] = []

    async def write(number: int) -> None:
        async with database.transaction() as work:
            await work.connection.execute(text("SELECT 1"))
            done.append(number)

    async with small(empty_database) as database:
        async with database.transaction():
            waiting = [asyncio.create_task(write(number)) for number in range(20)]
            await asyncio.wait(waiting, timeout=0.1)  # longer than anybody waits for a connection
            assert done == []
        await asyncio.gather(*waiting)

    assert done == list(range(20))


async def test_whoever_waited_too_long_is_told_of_overload_and_not_of_an_absent_database(empty_database: str) -> None:
    async with small(empty_database, longest_wait=0.05) as database:
        async with database.transaction():
            assert await code_of(database) == "overloaded"

        async with database.transaction():
            pass


async def test_a_line_that_is_full_turns_away_at_once(empty_database: str) -> None:
    async def write() -> None:
        async with database.transaction():
            pass

    async with small(empty_database, most_waiting=1) as database:
        async with database.transaction():
            waiting = asyncio.create_task(write())
            await asyncio.sleep(0)  # it stands in the line
            assert await code_of(database) == "overloaded"
        await waiting


async def test_readers_do_not_wait_behind_the_line(empty_database: str) -> None:
    async def write() -> None:
        async with database.transaction():
            pass

    async with small(empty_database) as database:
        async with database.transaction():
            waiting = [asyncio.create_task(write()) for _ in range(20)]
            async with database.read() as work:
                assert await work.connection.scalar(text("SELECT 1")) == 1
            assert not any(each.done() for each in waiting)
        await asyncio.gather(*waiting)


async def test_a_reader_that_finds_no_connection_free_is_told_of_overload(empty_database: str) -> None:
    async with small(empty_database) as database, AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(database.read())

        with pytest.raises(Unavailable) as caught:
            async with database.read():
                pass
    assert caught.value.code == "overloaded"


async def test_the_database_is_seen_to_be_there_however_full_the_pool(empty_database: str) -> None:
    async with small(empty_database) as database, AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(database.read())

        await asyncio.gather(*(database.check() for _ in range(50)))


async def test_all_who_ask_at_once_share_one_connection_that_goes_with_the_pool(empty_database: str) -> None:
    async def checking() -> int:
        async with watching.read() as work:
            count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lobby-check'"
            found: int | None = await work.connection.scalar(text(count + " AND datname = current_database()"))
            assert found is not None
            return found

    async def nobody() -> bool:
        return await checking() == 0

    async with small(empty_database) as watching:
        async with small(empty_database) as asked:
            await asyncio.gather(*(asked.check() for _ in range(50)))
            assert await checking() == 1
        await eventually(nobody)


async def test_a_database_that_is_away_is_said_to_be() -> None:
    async with small(NOBODY_THERE) as database:
        with pytest.raises(Unavailable) as caught:
            await database.check()

        assert (caught.value.code, await code_of(database)) == ("unavailable", "unavailable")
