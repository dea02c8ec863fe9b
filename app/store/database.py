"""The engine, and how a transaction begins, ends and is tried again."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import asyncpg
import msgspec
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.core.errors import Unavailable
from app.core.events import StoredEvent
from app.store.unit_of_work import UnitOfWork

P = ParamSpec("P")
T = TypeVar("T")

DEADLOCK = "40P01"
OPEN_CONVERSATION = "uq_conversations_open"
DEADLOCK_TRIES = 5


class CommitListener(Protocol):
    """Who is told after a commit. Must neither block nor raise: the transaction is done."""

    def committed(self, events: Sequence[StoredEvent], *, has_deliveries: bool) -> None: ...


class Database:
    """Transactions over one engine. ``listener`` hears of every commit that changed something visible."""

    def __init__(self, engine: AsyncEngine, listener: CommitListener | None = None) -> None:
        self.engine = engine
        self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._listener = listener

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[UnitOfWork]:
        """A unit of work that commits at the end. Raises Unavailable where the database is away."""
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
        opened a conversation that ours did not see: at the second try it does."""
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

    async def dispose(self) -> None:
        await self.engine.dispose()


def create_engine(url: str, *, pool_size: int = 10, application_name: str = "lobby") -> AsyncEngine:
    """An engine whose waits are all bounded: 5 s to connect or to get a connection, 30 s a statement."""
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=5,
        pool_timeout=5,
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
    return getattr(cause, "constraint_name", None) == OPEN_CONVERSATION


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
        if error is not None and is_away(error):
            raise Unavailable("The database is away. Please send the same request again.") from error
