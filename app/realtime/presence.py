"""Who is here and who looks at which conversation, right across all processes, and after one of them dies.

Each process keeps its own sockets and says all that it has of a hotel, whole, on the topic ``presence:{hotel_id}``: at
every change, and every 2 s while it has any. The others keep the newest of each. One that has been silent for 7 s while
the bus is well is dead, and its users are gone. While the bus is away nobody is given up: we know no better.

Every process finds out for itself what has changed, and tells its own sockets: a user comes with the first socket and
goes with the last, however many tabs and processes. A socket that has closed counts for 2 s more, so that a page that
is loaded again is no coming and going; so do those of a process that ends. What was so before a process listened to a
hotel, it is nobody's to tell: it takes that as known when it first hears of it.

A hotel is listened to as long as a socket of its staff is here; elsewhere nobody is known.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from uuid import uuid4

import msgspec
import structlog

from app.core.presence import PresentUser
from app.core.views import ConversationRef
from app.realtime.attendance import Attendance, Snapshot
from app.realtime.bus import Bus
from app.realtime.hub import Hub

log = structlog.get_logger(__name__)

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Snapshot)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """All in seconds but the last.

    ``beat``: how often a process says what it has. ``silence``: after which it is dead; more than a beat and the time
    in which the bus notices that it is away. ``linger``: how long a closed socket counts. ``settle``: after how long
    all others have been heard of. ``tick``: how often all this is looked at.

    Changes follow each other at ``gap`` at least, and later where a snapshot is large: so much that a process sends
    no more than ``rate`` bytes a second for a hotel, or a snapshot a beat where it has grown beyond that.
    """

    beat: float = 2.0
    silence: float = 7.0
    linger: float = 2.0
    settle: float = 2.5
    tick: float = 0.25
    gap: float = 0.1
    rate: int = 65_536


class _Hotel(Attendance):
    """With what this process has to say, and when."""

    def __init__(self, hotel_id: int, began: float, settled_at: float) -> None:
        super().__init__(hotel_id)
        self.began = began
        self.settled_at = settled_at
        self.is_confirmed = False
        self.has_changed = False
        self.asks = True
        self.said_at = float("-inf")
        self.next_at = float("-inf")


class Presence:
    """All hotels of this process. A socket is known by a key of the caller's, such as itself."""

    def __init__(
        self, hub: Hub, bus: Bus, *, pace: Pace | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._hub = hub
        self._bus = bus
        self._pace = pace or Pace()
        self._now = now
        self._name = uuid4().hex
        self._numbers = count(1)
        self._hotels: dict[int, _Hotel] = {}
        self._hotel_of: dict[object, _Hotel] = {}
        self._looked_at = self._sure_since = now()
        self._task: asyncio.Task[None] | None = None
        hub.on_change(self._moved)

    def start(self) -> None:
        self._task = asyncio.create_task(self._watch(), name="presence")

    async def stop(self) -> None:
        """Say goodbye; the bus must still run. Clients that come to another process soon have never been away."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for hotel in self._hotels.values():
            self._say(hotel, is_last=True)
            self._bus.unsubscribe(_topic(hotel.hotel_id))
        self._hotels.clear()
        self._hotel_of.clear()

    # What sockets call

    def enter(self, key: object, hotel_id: int, user: PresentUser) -> None:
        """A socket of this user has opened, and joined its audiences."""
        hotel, now = self._hotels.get(hotel_id), self._now()
        if hotel is None:
            hotel = self._hotels[hotel_id] = _Hotel(hotel_id, now, now + self._pace.settle)
            self._bus.subscribe(_topic(hotel_id), (self._heard, self._doubted))
        self._hotel_of[key] = hotel
        hotel.enter(key, user, now)
        self._changed(hotel)

    def renew(self, key: object, user: PresentUser, may_view: Callable[[ConversationRef], bool]) -> None:
        """Its user's name and departments as they stand now; what they no longer ``may_view`` they look at no more."""
        hotel = self._hotel_of.get(key)
        if hotel is not None and hotel.renew(key, user, may_view):
            self._changed(hotel)

    def leave(self, key: object) -> None:
        """It has closed."""
        if (hotel := self._hotel_of.pop(key, None)) is not None:
            hotel.leave(key, self._now())

    def view(self, key: object, conversation: ConversationRef) -> list[PresentUser]:
        """It shows this conversation. Answers who looks at it now, by name."""
        if (hotel := self._hotel_of.get(key)) is None:
            return []
        hotel.view(key, conversation, self._now())
        self._changed(hotel)
        return hotel.viewers(conversation.id)

    def look_away(self, key: object, conversation_id: int) -> None:
        """It shows this conversation no longer, if it did."""
        if (hotel := self._hotel_of.get(key)) is not None and hotel.look_away(key, conversation_id):
            self._changed(hotel)

    def _moved(self, conversation: ConversationRef) -> None:
        """A conversation has changed hands, perhaps."""
        hotel = self._hotels.get(conversation.hotel_id)
        if hotel is not None and hotel.move(conversation):
            self._changed(hotel)

    # What anybody may ask

    def users(self, hotel_id: int) -> list[PresentUser]:
        """Who is here, by name. Of hotels that have a socket in this process."""
        hotel = self._hotels.get(hotel_id)
        return [] if hotel is None else hotel.users()

    def viewers(self, hotel_id: int, conversation_id: int) -> list[PresentUser]:
        """Who looks at a conversation, by name. Of hotels that have a socket in this process."""
        hotel = self._hotels.get(hotel_id)
        return [] if hotel is None else hotel.viewers(conversation_id)

    # What is said and heard

    def _changed(self, hotel: _Hotel) -> None:
        """Something of our own: told here at once, and said to the others as soon as it may be."""
        self._tell(hotel)
        self._say_soon(hotel)

    def _tell(self, hotel: _Hotel) -> None:
        for signal in hotel.news():
            self._hub.tell_here(hotel.hotel_id, signal)

    def _say_soon(self, hotel: _Hotel) -> None:
        hotel.has_changed = True
        if self._now() >= hotel.next_at:
            self._say(hotel)

    def _say(self, hotel: _Hotel, *, is_last: bool = False) -> None:
        snapshot = Snapshot(
            process=self._name,
            number=next(self._numbers),
            now=self._now(),
            users=hotel.own_users(),
            looks=hotel.own_looks(),
            asks=hotel.asks and not is_last,
            is_last=is_last,
        )
        payload = _encoder.encode(snapshot)
        self._bus.publish(_topic(hotel.hotel_id), payload)
        hotel.has_changed = hotel.asks = False
        hotel.said_at = self._now()
        hotel.next_at = hotel.said_at + min(max(self._pace.gap, len(payload) / self._pace.rate), self._pace.beat)

    def _heard(self, topic: str, payload: bytes) -> None:
        hotel = self._hotels.get(int(topic.removeprefix("presence:")))
        try:
            snapshot = _decoder.decode(payload)
        except msgspec.DecodeError:  # another release's: its users are as good as unknown here
            return
        if hotel is None or snapshot.process == self._name:
            return
        now = self._now()
        is_first = hotel.hear(snapshot, now)
        if is_first and now < hotel.settled_at:
            hotel.take_as_known(snapshot, now - hotel.began)
        self._tell(hotel)
        if snapshot.asks:
            self._say_soon(hotel)

    def _doubted(self, topic: str) -> None:
        """From here on this topic is heard; what was said before is not known."""
        hotel = self._hotels.get(int(topic.removeprefix("presence:")))
        if hotel is None:
            return
        if not hotel.is_confirmed:
            hotel.is_confirmed = True
            hotel.settled_at = self._now() + self._pace.settle
        hotel.asks = True
        self._say_soon(hotel)

    # What time brings

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._pace.tick)
            try:
                self._look()
            except Exception:
                log.exception("presence_failed")

    def _look(self) -> None:
        now, pace = self._now(), self._pace
        # Whoever has slept, or is cut off, cannot tell who has fallen silent meanwhile.
        if not self._bus.healthy or now - self._looked_at > pace.beat:
            self._sure_since = now
        self._looked_at = now
        for hotel in list(self._hotels.values()):
            hotel.has_changed |= hotel.forget_left(now - pace.linger)
            silent, ended = now - pace.silence, now - pace.linger
            if self._sure_since <= ended:
                hotel.forget_silent(silent if self._sure_since <= silent else float("-inf"), ended)
            self._tell(hotel)
            if hotel.is_empty:
                self._close(hotel)
            elif now >= hotel.said_at + pace.beat or (hotel.has_changed and now >= hotel.next_at):
                self._say(hotel)

    def _close(self, hotel: _Hotel) -> None:
        self._say(hotel)
        self._bus.unsubscribe(_topic(hotel.hotel_id))
        del self._hotels[hotel.hotel_id]


def _topic(hotel_id: int) -> str:
    return f"presence:{hotel_id}"
