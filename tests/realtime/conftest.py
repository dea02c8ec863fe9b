"""Two processes' worth of hub in one: each with a bus and a database of its own, over the same Redis and PostgreSQL."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.pool import QueuePool

from app.bootstrap import EventLog
from app.core.events import UserChanged
from app.core.signals import Told
from app.dev.embedded.valkey import Valkey
from app.models import Hotel, HotelSequence
from app.realtime.bus import Bus
from app.realtime.hub import Hub
from app.realtime.presence import Pace, Presence
from app.realtime.room import Broadcast
from app.store.database import Database, create_engine
from tests.eventually import eventually

EVERYBODY = "staff_7"
QUICK = Pace(beat=0.2, silence=3.0, linger=0.4, settle=2.0, tick=0.05, gap=0.02)
TYPING_LASTS = 0.5


@dataclass(eq=False)
class Listener:
    """A subscriber that writes down what it is told."""

    audiences: dict[str, int] = field(default_factory=dict)
    told: list[int] = field(default_factory=list)

    def accepts(self, stored: Told, audience: str) -> bool:
        return True

    def knows(self, stored: Told, audience: str) -> bool:
        return True

    def tell(self, broadcast: Broadcast, audience: str) -> None:
        self.told.append(broadcast.stored.seq)

    async def replay(self, broadcast: Broadcast, audience: str) -> bool:
        self.told.append(broadcast.stored.seq)
        return True

    async def until(self, count: int) -> list[int]:
        await eventually(lambda: len(self.told) >= count)
        return self.told


class HubProcess:
    """What a worker process has of the hub."""

    def __init__(
        self,
        database_url: str,
        redis_url: str,
        prefix: str,
        *,
        pace: Pace = QUICK,
        typing_lasts: float = TYPING_LASTS,
    ) -> None:
        self.slept = 0.0
        """How many seconds its clock has leapt ahead."""
        self._engine = create_engine(database_url, pool_size=3)
        self.bus = Bus(redis_url, prefix)
        self.hub = Hub(self.bus, EventLog(Database(self._engine)), typing_lasts=typing_lasts)
        self.presence = Presence(self.hub, self.bus, pace=pace, now=lambda: time.monotonic() + self.slept)
        self.database = Database(self._engine, self.hub)
        self.silent = Database(self._engine)
        """The same database, of a process that dies before it can tell anybody."""

    async def __aenter__(self) -> "HubProcess":
        await self.hub.start()
        self.presence.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.presence.stop()
        await self.hub.stop()
        await self._engine.dispose()

    async def die(self) -> None:
        """No other process hears anything from it any more, not even a goodbye."""
        await self.bus.stop()

    async def happen(self, hotel_id: int, times: int = 1, *, silently: bool = False) -> None:
        """Commit that many events, each in a transaction of its own."""
        for _ in range(times):
            async with (self.silent if silently else self.database).transaction() as work:
                work.emit(hotel_id, UserChanged(user_id=7))

    @property
    def connections_in_use(self) -> int:
        """How many of its database connections somebody has taken and not given back."""
        pool = self._engine.pool
        assert isinstance(pool, QueuePool)
        return pool.checkedout()

    async def is_hearing(self) -> None:
        await eventually(lambda: self.bus.healthy)


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey that the test may stop, start and break. Its address stays the same."""
    valkey = Valkey(tmp_path)
    valkey.start()
    yield valkey
    valkey.stop()


@pytest.fixture
async def hotel_id(empty_database: str) -> int:
    engine = create_engine(empty_database, pool_size=1)
    async with engine.begin() as connection:
        hotel_id: int | None = await connection.scalar(
            insert(Hotel).values(slug="sea-view", name="Sea View").returning(Hotel.id)
        )
        assert hotel_id is not None
        await connection.execute(insert(HotelSequence).values(hotel_id=hotel_id))
    await engine.dispose()
    return hotel_id


@pytest.fixture
async def two(empty_database: str, own_valkey: Valkey) -> AsyncIterator[tuple[HubProcess, HubProcess]]:
    async with AsyncExitStack() as stack:
        here, there = [
            await stack.enter_async_context(HubProcess(empty_database, own_valkey.url, "test")) for _ in range(2)
        ]
        await here.is_hearing()
        await there.is_hearing()
        yield here, there
