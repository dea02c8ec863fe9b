"""One hotel's events inside this process: in order, without gaps, each to whoever is here to hear it.

A room knows the last number that it has told. The next one is told at once; an older one is dropped; one that comes
too early waits a moment for its elders (two commits of one process may report in either order), and then the missing
ones are read from the table. Telling never awaits, so a socket that joins between two events misses neither.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import structlog

from app.core.events import ConversationChanged, MessageCreated, StoredEvent
from app.core.signals import Passing, Signal, Told, Typing
from app.core.views import ConversationRef
from app.realtime.audiences import audiences_of
from app.realtime.typing import LASTS, Typists

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

    def __init__(self, stored: Told) -> None:
        self.stored = stored
        self._rendered: dict[tuple[str, str], Any] = {}

    def rendered(self, key: tuple[str, str], render: Callable[[], T]) -> T:
        """What ``render`` makes of it, made once for each ``key``: a contract, and an audience."""
        if key not in self._rendered:
            self._rendered[key] = render()
        made: T = self._rendered[key]
        return made


class Subscriber(Protocol):
    """A socket, as the hub sees it. ``audiences`` is the room's to keep: from which number on each was heard."""

    audiences: dict[str, int]

    def accepts(self, stored: Told, audience: str) -> bool:
        """Whether whoever is behind this socket may hear this event by this audience, as things stand now."""
        ...

    def knows(self, stored: Told, audience: str) -> bool:
        """Whether one who was told of this event by this audience has been told all of it."""
        ...

    def tell(self, broadcast: Broadcast, audience: str) -> None:
        """An event that this socket accepts. Must not block."""
        ...

    async def replay(self, broadcast: Broadcast, audience: str) -> bool:
        """One that it missed; may wait for the reader. Whether it was told at all."""
        ...


class Room:
    """``on_change`` is called with a conversation that has changed, once that has been told."""

    def __init__(
        self,
        hotel_id: int,
        reader: EventReader,
        on_change: Callable[[ConversationRef], None],
        typing_lasts: float = LASTS,
    ) -> None:
        self.hotel_id = hotel_id
        self.position = 0
        self.joining = 0
        self._reader = reader
        self._on_change = on_change
        self._members: dict[str, dict[Subscriber, None]] = {}
        self._early: dict[int, StoredEvent] = {}
        self._catching_up: asyncio.Task[None] | None = None
        self._in_doubt = False
        self._is_closed = False
        self._gap: asyncio.TimerHandle | None = None
        self._is_ready = False
        self._beginning = asyncio.Lock()
        self._typists = Typists(self._pass, typing_lasts)

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

    def close(self) -> asyncio.Task[None] | None:
        """Read no more. What is given back has still to let go of its connection."""
        self._is_closed = True
        self._typists.close()
        if self._gap is not None:
            self._gap.cancel()
        if self._catching_up is not None:
            self._catching_up.cancel()
        return self._catching_up

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

    def pass_on(self, signal: Signal) -> None:
        """Tell what is not kept to whoever is here."""
        if not isinstance(signal, Typing) or self._typists.take(signal):
            self._pass(signal)

    def _pass(self, signal: Signal) -> None:
        self._tell(Passing(self.hotel_id, self.position, datetime.now(UTC), signal))

    def catch_up(self) -> None:
        """Read from the log whatever has not been told yet; one read at a time, and none where the room is closed."""
        self._in_doubt = True
        if self._is_closed:
            return
        if self._catching_up is None or self._catching_up.done():
            self._catching_up = asyncio.create_task(self._catch_up(), name=f"catch-up-{self.hotel_id}")

    async def caught_up(self) -> None:
        """Wait until whatever the log holds now has been told."""
        self.catch_up()
        if self._catching_up is not None:
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
            if isinstance(stored.event, MessageCreated):
                self._typists.written(stored.event)
            elif isinstance(stored.event, ConversationChanged):
                self._on_change(stored.event.conversation)

    def _tell(self, stored: Told) -> None:
        broadcast = Broadcast(stored)
        told: set[Subscriber] = set()
        for audience in audiences_of(stored.event):
            for subscriber in list(self._members.get(audience, ())):
                try:
                    if subscriber not in told and subscriber.accepts(stored, audience):
                        told.add(subscriber)
                        subscriber.tell(broadcast, audience)
                except Exception:  # one socket's fault keeps nothing from the others
                    log.exception("telling_failed", hotel_id=self.hotel_id, seq=stored.seq)
