"""One hotel's events inside this process: in order, without gaps, each to whoever is here to hear it.

A room knows the last number that it has told. The next one is told at once; an older one is dropped; one that comes
too early waits a moment for its elders (two commits of one process may report in either order), and then the missing
ones are read from the table. Telling never awaits, so a socket that joins between two events misses neither.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

import structlog

from app.core.events import StoredEvent
from app.realtime.audiences import audiences_of

T = TypeVar("T")

log = structlog.get_logger(__name__)

GRACE = 0.025
PAGE = 500


class EventReader(Protocol):
    """Where the log of events is read."""

    async def head(self, hotel_id: int) -> int: ...

    async def heads(self, hotel_ids: Iterable[int]) -> dict[int, int]: ...

    async def first(self, hotel_id: int) -> int | None: ...

    async def between(self, hotel_id: int, after: int, upto: int, *, limit: int) -> list[StoredEvent]: ...


class Broadcast:
    """An event on its way to many: what is rendered once for one of them is kept for the others."""

    __slots__ = ("_rendered", "stored")

    def __init__(self, stored: StoredEvent) -> None:
        self.stored = stored
        self._rendered: dict[tuple[str, str], Any] = {}

    def rendered(self, key: tuple[str, str], render: Callable[[], T]) -> T:
        """What ``render`` makes of it, made once for each ``key``: a contract, and a kind of audience."""
        if key not in self._rendered:
            self._rendered[key] = render()
        made: T = self._rendered[key]
        return made


class Subscriber(Protocol):
    """A socket, as the hub sees it. ``audiences`` is the room's to keep: from which number on each was heard."""

    audiences: dict[str, int]

    def accepts(self, stored: StoredEvent, audience: str) -> bool:
        """Whether whoever is behind this socket may hear this event by this audience, as things stand now."""
        ...

    def tell(self, broadcast: Broadcast, audience: str) -> None:
        """An event that this socket accepts. Must not block."""
        ...

    async def replay(self, broadcast: Broadcast, audience: str) -> bool:
        """One that it missed; may wait for the reader. Whether it was told at all."""
        ...


class Room:
    def __init__(self, hotel_id: int, reader: EventReader) -> None:
        self.hotel_id = hotel_id
        self.position = 0
        self.joining = 0
        self._reader = reader
        self._members: dict[str, dict[Subscriber, None]] = {}
        self._early: dict[int, StoredEvent] = {}
        self._catching_up: asyncio.Task[None] | None = None
        self._in_doubt = False
        self._gap: asyncio.TimerHandle | None = None
        self._is_ready = False
        self._beginning = asyncio.Lock()

    @property
    def is_empty(self) -> bool:
        return not self._members and not self.joining

    async def begun(self) -> None:
        """Start at the head of the log, once. Raises Unavailable where it cannot be read; the next one tries again."""
        async with self._beginning:
            if not self._is_ready:
                self.position = await self._reader.head(self.hotel_id)
                self._is_ready = True
                self._early = {seq: stored for seq, stored in self._early.items() if seq > self.position}
                self._tell_ready()

    def close(self) -> None:
        if self._gap is not None:
            self._gap.cancel()
        if self._catching_up is not None:
            self._catching_up.cancel()

    def add(self, subscriber: Subscriber, audiences: Iterable[str], since: int) -> None:
        """Take a subscriber in, who has been told everything of these audiences after ``since``."""
        for name in audiences:
            self._members.setdefault(name, {})[subscriber] = None
            subscriber.audiences[name] = min(since, subscriber.audiences.get(name, since))

    def remove(self, subscriber: Subscriber, audiences: Iterable[str] | None = None) -> None:
        """Take a subscriber out of these audiences, or of all."""
        for name in list(subscriber.audiences if audiences is None else audiences):
            subscriber.audiences.pop(name, None)
            members = self._members.get(name)
            if members is not None:
                members.pop(subscriber, None)
                if not members:
                    del self._members[name]

    def offer(self, stored: StoredEvent) -> None:
        """An event has been heard of, in whatever order."""
        if stored.seq <= self.position:
            return
        self._early[stored.seq] = stored
        if not self._is_ready:
            return
        self._tell_ready()
        if self._early and self._gap is None:
            self._gap = asyncio.get_running_loop().call_later(GRACE, self._close_gap)

    def catch_up(self) -> None:
        """Read from the log whatever has not been told yet; one read at a time."""
        self._in_doubt = True
        if self._catching_up is None or self._catching_up.done():
            self._catching_up = asyncio.create_task(self._catch_up(), name=f"catch-up-{self.hotel_id}")

    async def caught_up(self) -> None:
        """Wait until whatever the log holds now has been told."""
        self.catch_up()
        assert self._catching_up is not None
        await asyncio.shield(self._catching_up)

    def _close_gap(self) -> None:
        self._gap = None
        if self._early:
            self.catch_up()

    async def _catch_up(self) -> None:
        while self._in_doubt:
            self._in_doubt = False
            try:
                await self.begun()
                await self._read_missing()
            except Exception as error:  # the hub's poll tries again
                log.warning("catch_up_failed", hotel_id=self.hotel_id, error=repr(error))
                return

    async def _read_missing(self) -> None:
        head = await self._reader.head(self.hotel_id)
        while self.position < head:
            missing = await self._reader.between(self.hotel_id, self.position, head, limit=PAGE)
            for stored in missing:
                self._early.setdefault(stored.seq, stored)
            self._tell_ready()
            if missing and self.position < missing[-1].seq:
                self.position = missing[-1].seq  # only where the log was cut: there are no holes
            if len(missing) < PAGE:
                self.position = max(self.position, head)
        self._early = {seq: stored for seq, stored in self._early.items() if seq > self.position}

    def _tell_ready(self) -> None:
        while (stored := self._early.pop(self.position + 1, None)) is not None:
            self.position = stored.seq
            self._tell(stored)

    def _tell(self, stored: StoredEvent) -> None:
        broadcast = Broadcast(stored)
        told: set[Subscriber] = set()
        for audience in audiences_of(stored.event):
            for subscriber in list(self._members.get(audience, ())):
                if subscriber in told or not subscriber.accepts(stored, audience):
                    continue
                told.add(subscriber)
                try:
                    subscriber.tell(broadcast, audience)
                except Exception:  # one socket's fault keeps nothing from the others
                    log.exception("telling_failed", hotel_id=self.hotel_id, seq=stored.seq)
