"""The hub of this process: brings every committed event to the sockets that may hear it.

It learns of events in three ways, any of which may fail alone: from a commit in this process, from the bus, and by
looking into the log, which it does whenever there is doubt (the bus was subscribed anew, a number is missing) and
every 15 s anyway, every second while the bus is away. The sequence makes doubles harmless and gaps visible.

A socket that comes back with ``since`` is first told what it missed, then lives on, without a double or a gap.

Signals (typing, looking, being here) go the same ways but the log: told to whoever is there, and gone.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from uuid import uuid4

import msgspec
import structlog

from app.core.errors import ResyncNeeded
from app.core.events import StoredEvent
from app.core.signals import Signal
from app.core.views import ConversationRef
from app.realtime.audiences import audiences_of
from app.realtime.bus import Bus
from app.realtime.room import PAGE, Broadcast, EventReader, Room, Subscriber
from app.realtime.typing import LASTS

log = structlog.get_logger(__name__)

POLL_EVERY = 15.0
POLL_EVERY_WITHOUT_BUS = 1.0
REPLAY_LIMIT = 500
REPLAY_DISTANCE = 50_000
OUTBOX_TOPIC = "outbox"
SIGNALS = "signals:"

own_commits: ContextVar[Callable[[Sequence[StoredEvent]], None] | None] = ContextVar("own_commits", default=None)
"""Whom the task that commits works for, if somebody wants to know what came of it: told before everybody else."""


class _Sent(msgspec.Struct, frozen=True):
    """A signal on the bus. Who sent it has told it already."""

    sender: str
    hotel_id: int
    signal: Signal


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[StoredEvent])
_signal_decoder = msgspec.json.Decoder(_Sent)


class Hub:
    """Rooms by hotel, and what keeps them whole. Also the commit listener of ``store.Database``."""

    def __init__(self, bus: Bus, reader: EventReader, *, typing_lasts: float = LASTS) -> None:
        self._bus = bus
        self._reader = reader
        self._typing_lasts = typing_lasts
        self._rooms: dict[int, Room] = {}
        self._on_deliveries: list[Callable[[], None]] = []
        self._on_change: list[Callable[[ConversationRef], None]] = []
        self._name = uuid4().hex
        self._polling: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._bus.start(self._heard, self._doubted)
        self._polling = asyncio.create_task(self._poll(), name="hub-poll")

    async def stop(self) -> None:
        """After this nothing of it reads the log any more."""
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)
        await self._bus.stop()  # first: its doubts make rooms read
        for room in self._rooms.values():
            self._end(room)
        await asyncio.gather(*self._ending, return_exceptions=True)

    def on_deliveries(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` whenever something was put into the outbox, here or in another process."""
        self._on_deliveries.append(wake)
        self._bus.subscribe(OUTBOX_TOPIC)

    def on_change(self, listener: Callable[[ConversationRef], None]) -> None:
        """Call ``listener`` with each conversation that has changed in a hotel of which a socket is here."""
        self._on_change.append(listener)

    def committed(self, events: Sequence[StoredEvent], *, has_deliveries: bool) -> None:
        """A transaction of this process has committed."""
        if (told := own_commits.get()) is not None:
            told(events)
        by_hotel: dict[int, list[StoredEvent]] = {}
        for stored in events:
            by_hotel.setdefault(stored.hotel_id, []).append(stored)
        for hotel_id, of_hotel in by_hotel.items():
            self._offer(hotel_id, of_hotel)
            self._bus.publish(_topic(hotel_id), _encoder.encode(of_hotel))
        if has_deliveries:
            self._wake_outbox()
            self._bus.publish(OUTBOX_TOPIC, b"")

    def signal(self, hotel_id: int, signal: Signal) -> None:
        """Tell everybody who is there and may hear it, in this process and in the others."""
        self.tell_here(hotel_id, signal)
        self._bus.publish(_signals(hotel_id), _encoder.encode(_Sent(self._name, hotel_id, signal)))

    def tell_here(self, hotel_id: int, signal: Signal) -> None:
        """Tell those who are in this process."""
        room = self._rooms.get(hotel_id)
        if room is not None:
            room.pass_on(signal)

    def position(self, hotel_id: int) -> int:
        """Everything up to this number has been told to the sockets that are here."""
        room = self._rooms.get(hotel_id)
        return room.position if room is not None else 0

    async def join(
        self, hotel_id: int, subscriber: Subscriber, audiences: Iterable[str], *, since: int | None = None
    ) -> None:
        """Hear these audiences from now on, and first what they were told after ``since``.

        Raises ResyncNeeded where that is more than 500 events for this subscriber, or no longer kept, and Unavailable
        where the log cannot be read.
        """
        wanted = set(audiences)
        room = self._room(hotel_id)
        room.joining += 1  # before the first wait: nobody else's leaving may close it
        try:
            await room.begun()
            if since is not None:
                await self._replay(room, subscriber, wanted, since)
            room.add(subscriber, wanted, room.position if since is None else since)
        finally:
            room.joining -= 1
            self._drop_if_empty(room)

    def add(self, hotel_id: int, subscriber: Subscriber, audiences: Iterable[str]) -> None:
        """Have one who has joined already hear these audiences too, from now on."""
        room = self._rooms.get(hotel_id)
        if room is not None:
            room.add(subscriber, audiences, room.position)

    def leave(self, hotel_id: int, subscriber: Subscriber, audiences: Iterable[str] | None = None) -> None:
        """Hear these audiences no longer, or none at all."""
        room = self._rooms.get(hotel_id)
        if room is not None:
            room.remove(subscriber, audiences)
            self._drop_if_empty(room)

    async def _replay(self, room: Room, subscriber: Subscriber, wanted: set[str], since: int) -> None:
        if since > room.position:  # the client was told by a process that is ahead of this one
            await room.caught_up()
        head, first = room.position, await self._reader.first(room.hotel_id)
        if since > head or (since < head and (first is None or since < first - 1)):
            raise ResyncNeeded("What happened since then is no longer kept.")
        if head - since > REPLAY_DISTANCE:
            raise ResyncNeeded("Too much has happened since then.")
        position, sent = since, 0
        while position < room.position:
            missed = await self._reader.between(room.hotel_id, position, room.position, limit=PAGE)
            for stored in missed:
                audience = _first_of(stored, wanted, subscriber)
                if audience is None or not subscriber.accepts(stored, audience):
                    continue
                sent += await subscriber.replay(Broadcast(stored), audience)
                if sent > REPLAY_LIMIT:
                    raise ResyncNeeded("Too much has happened since then.")
            position = missed[-1].seq if missed else room.position

    def _room(self, hotel_id: int) -> Room:
        room = self._rooms.get(hotel_id)
        if room is None:
            room = self._rooms[hotel_id] = Room(hotel_id, self._reader, self._changed, self._typing_lasts)
            self._bus.subscribe(_topic(hotel_id))
            self._bus.subscribe(_signals(hotel_id))
        return room

    def _drop_if_empty(self, room: Room) -> None:
        if room.is_empty and self._rooms.get(room.hotel_id) is room:
            self._close(room)

    def _close(self, room: Room) -> None:
        self._end(room)
        self._rooms.pop(room.hotel_id, None)
        self._bus.unsubscribe(_topic(room.hotel_id))
        self._bus.unsubscribe(_signals(room.hotel_id))

    def _end(self, room: Room) -> None:
        if (reading := room.close()) is not None and not reading.done():
            self._ending.add(reading)
            reading.add_done_callback(self._ending.discard)

    def _offer(self, hotel_id: int, events: Iterable[StoredEvent]) -> None:
        room = self._rooms.get(hotel_id)
        if room is not None:
            for stored in events:
                room.offer(stored)

    def _heard(self, topic: str, payload: bytes) -> None:
        if topic == OUTBOX_TOPIC:
            self._wake_outbox()
            return
        if topic.startswith(SIGNALS):
            self._heard_signal(payload)
            return
        try:
            events = _decoder.decode(payload)
        except msgspec.DecodeError as error:  # another release's, or a stranger's: the log has the truth
            log.warning("bus_message_unreadable", topic=topic, error=str(error))
            self._doubted(topic)
            return
        for stored in events:
            self._offer(stored.hotel_id, [stored])

    def _heard_signal(self, payload: bytes) -> None:
        try:
            sent = _signal_decoder.decode(payload)
        except msgspec.DecodeError:  # another release's
            return
        if sent.sender != self._name:
            self.tell_here(sent.hotel_id, sent.signal)

    def _doubted(self, topic: str) -> None:
        room = self._rooms.get(int(topic.removeprefix("hotel:"))) if topic.startswith("hotel:") else None
        if room is not None:
            room.catch_up()
        elif topic == OUTBOX_TOPIC:
            self._wake_outbox()

    def _changed(self, conversation: ConversationRef) -> None:
        for listener in self._on_change:
            listener(conversation)

    def _wake_outbox(self) -> None:
        for wake in self._on_deliveries:
            wake()

    async def _poll(self) -> None:
        waited = 0.0
        while True:
            await asyncio.sleep(POLL_EVERY_WITHOUT_BUS)
            waited += POLL_EVERY_WITHOUT_BUS
            if not self._rooms or (self._bus.healthy and waited < POLL_EVERY):
                continue
            waited = 0.0
            try:
                heads = await self._reader.heads(list(self._rooms))
            except Exception as error:
                log.warning("hub_poll_failed", error=repr(error))
                continue
            for hotel_id, head in heads.items():
                room = self._rooms.get(hotel_id)
                if room is not None and room.position < head:
                    room.catch_up()


def _topic(hotel_id: int) -> str:
    return f"hotel:{hotel_id}"


def _signals(hotel_id: int) -> str:
    return f"{SIGNALS}{hotel_id}"


def _first_of(stored: StoredEvent, wanted: set[str], subscriber: Subscriber) -> str | None:
    """The audience by which a new subscription hears of an event that the old ones have not told it, or not whole."""
    audiences, already = audiences_of(stored.event), subscriber.audiences
    if any(stored.seq > already[name] and subscriber.knows(stored, name) for name in audiences if name in already):
        return None
    return next((name for name in audiences if name in wanted), None)
