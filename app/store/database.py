"""The engine, and how a transaction begins, ends and is tried again.

Transactions wait for their turn in a line, first come, first served, and take no more connections than the pool keeps;
what it may open besides is left to readers, so that these do not wait behind a crowd of writers. Whoever waits too long
is told so: that is overload, and another thing than a database that is away.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

import asyncpg
import msgspec
from sqlalchemy import URL, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from app.core.errors import Unavailable
from app.core.events import StoredEvent
from app.store.unit_of_work import UnitOfWork

P = ParamSpec("P")
T = TypeVar("T")

DEADLOCK = "40P01"
SEEN_AT_THE_NEXT_TRY = frozenset({"uq_conversations_open", "uq_messages_guest_client"})
DEADLOCK_TRIES = 5

LONGEST_WAIT: Final = 15.0
"""Seconds in the line. A provider repeats what it was not answered to, but only after a while."""
MOST_WAITING: Final = 1000
ANSWERS_WITHIN: Final = 1.0

AWAY: Final = "The database is away. Please send the same request again."


class CommitListener(Protocol):
    """Who is told after a commit. Must neither block nor raise: the transaction is done."""

    def committed(self, events: Sequence[StoredEvent], *, has_deliveries: bool) -> None: ...


class Database:
    """Transactions over one engine. ``listener`` hears of every commit that changed something visible.

    Whatever finds the database away raises Unavailable, and ``overloaded`` where it waited too long for its turn.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        listener: CommitListener | None = None,
        *,
        longest_wait: float = LONGEST_WAIT,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.engine = engine
        self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._listener = listener
        assert isinstance(engine.pool, QueuePool)
        self._line = _Line(engine.pool.size(), most_waiting, longest_wait)
        self._probe = _Probe(engine)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[UnitOfWork]:
        """A unit of work that commits at the end. Never to be opened inside another: both would wait in the line."""
        async with self._line.turn():
            with _away_is_unavailable():
                async with self.engine.connect() as connection, connection.begin():
                    work = UnitOfWork(connection)
                    yield work
                    await work.write_events()
        if self._listener is not None and (work.stored or work.has_deliveries):
            self._listener.committed(work.stored, has_deliveries=work.has_deliveries)

    async def run(
        self, work: Callable[Concatenate[UnitOfWork, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``work`` in a transaction; again where PostgreSQL broke a deadlock by ending ours, and where another one
        opened a conversation, or took a guest's client's id, that ours did not see: at the second try it does."""
        for tries_left in reversed(range(DEADLOCK_TRIES)):
            try:
                async with self.transaction() as unit:
                    return await work(unit, *args, **kwargs)
            except DBAPIError as error:
                if not is_deadlock(error) and not _lost_race(error):
                    raise
                if not tries_left:
                    raise Unavailable("The database is busy. Please send the same request again.") from error
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[UnitOfWork]:
        """Stores for reading: every statement stands alone, nothing is begun or committed."""
        with _away_is_unavailable():
            async with self._reader.connect() as connection:
                yield UnitOfWork(connection)

    async def check(self) -> None:
        """Raises Unavailable where the database does not answer, on a connection of its own, however full the pool."""
        if not await self._probe.answers():
            raise Unavailable(AWAY)

    async def dispose(self) -> None:
        await self.engine.dispose()


class _Line:
    """So many at once; the others wait, first come, first served."""

    def __init__(self, at_once: int, most_waiting: int, longest_wait: float) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._most_waiting = most_waiting
        self._longest_wait = longest_wait
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        if self._waiting >= self._most_waiting:
            raise _overloaded()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._longest_wait):
                await self._turns.acquire()
        except TimeoutError:
            raise _overloaded() from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turns.release()


class _Probe:
    """Asks the database whether it is there, one question at a time: whoever asks meanwhile shares the answer."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._asked = engine
        self._engine: AsyncEngine | None = None
        self._asking: asyncio.Task[bool] | None = None

    async def answers(self) -> bool:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="database-check")
        return await asyncio.shield(self._asking)

    async def _ask(self) -> bool:
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                try:
                    await self._look()
                except Exception as error:
                    if not is_away(error):
                        raise
                    await self._own().dispose()  # perhaps it is its connection that is of another time
                    await self._look()
        except Exception as error:
            if not is_away(error):
                raise
            return False
        return True

    async def _look(self) -> None:
        async with self._own().connect() as connection:
            await UnitOfWork(connection).events.heads([])

    def _own(self) -> AsyncEngine:
        """Made when first needed, and disposed of with the engine that it speaks for."""
        if self._engine is None:
            own = create_engine(self._asked.url, pool_size=1, max_overflow=0, application_name="lobby-check")
            event.listen(self._asked.sync_engine, "engine_disposed", lambda _: own.sync_engine.dispose())
            self._engine = own.execution_options(isolation_level="AUTOCOMMIT")
        return self._engine


def create_engine(
    url: str | URL,
    *,
    pool_size: int = 10,
    max_overflow: int = 5,
    pool_timeout: float = 5,
    application_name: str = "lobby",
) -> AsyncEngine:
    """An engine whose waits are all bounded: 5 s to connect or to get a connection, 30 s a statement."""
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=pool_timeout,
        hide_parameters=True,  # errors are logged, and guests' words are not for logs
        json_serializer=lambda value: msgspec.json.encode(value).decode(),
        json_deserializer=msgspec.json.decode,
        connect_args={
            "timeout": 5,
            "command_timeout": 30,
            "server_settings": {"application_name": application_name, "jit": "off"},
        },
    )


def is_deadlock(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) == DEADLOCK


def _lost_race(error: DBAPIError) -> bool:
    cause = error.orig.__cause__ if error.orig is not None else None
    return getattr(cause, "constraint_name", None) in SEEN_AT_THE_NEXT_TRY


def is_away(error: BaseException) -> bool:
    """Whether the database, not the statement, is at fault."""
    if isinstance(error, DBAPIError):
        cause = error.orig.__cause__ if error.orig is not None else None
        return error.connection_invalidated or (cause is not None and is_away(cause))
    if isinstance(error, asyncpg.InterfaceError):
        return "connection" in str(error)  # of its other complaints the caller is the cause
    return isinstance(
        error,
        (
            OSError,
            PoolTimeout,
            asyncpg.PostgresConnectionError,
            asyncpg.OperatorInterventionError,
            asyncpg.InsufficientResourcesError,
        ),
    )


class _away_is_unavailable:  # noqa: N801 -- reads as a statement where it is used
    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, PoolTimeout):
            raise _overloaded() from error
        if error is not None and is_away(error):
            raise Unavailable(AWAY) from error


def _overloaded() -> Unavailable:
    return Unavailable("Too much is going on right now. Please send the same request again.", code="overloaded")
