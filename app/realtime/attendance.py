"""One hotel's presence as this process knows it: its own sockets, and what the other processes say they have.

Only state, no time of its own and no bus: ``presence.py`` brings both. Whoever is here is here by any process; what
has been told of that to the sockets of this process is kept, and ``news`` is the difference.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from app.core.presence import PresentUser
from app.core.signals import Signal, UserStatus, Viewing
from app.core.views import ConversationRef

MOST_VIEWED: Final = 20
"""Conversations that one socket looks at; the one that it has looked at longest gives way."""


class Here(msgspec.Struct, frozen=True):
    """A user of a process, and since when, by the clock of that process."""

    user: PresentUser
    since: float


class Look(msgspec.Struct, frozen=True):
    """A conversation, and who of a process looks at it: their ids, and since when."""

    conversation: ConversationRef
    viewers: tuple[tuple[int, float], ...]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All that one process has of a hotel, as it goes over the bus.

    ``number`` rises with each that the process sends. ``now`` is its own clock, which says nothing to others but how
    long ago a thing was. ``asks``: the others are to say at once what they have. ``is_last``: the process ends, and its
    clients are on their way to others.
    """

    process: str
    number: int
    now: float
    users: tuple[Here, ...]
    looks: tuple[Look, ...]
    asks: bool = False
    is_last: bool = False


@dataclass(slots=True)
class _Socket:
    user: PresentUser
    since: float
    viewed: dict[int, tuple[ConversationRef, float]] = field(default_factory=dict)
    left_at: float | None = None


@dataclass(slots=True)
class _Heard:
    snapshot: Snapshot
    at: float


class Attendance:
    def __init__(self, hotel_id: int) -> None:
        self.hotel_id = hotel_id
        self._sockets: dict[object, _Socket] = {}
        self._others: dict[str, _Heard] = {}
        self._users: dict[int, PresentUser] = {}
        self._viewing: dict[tuple[int, int], Viewing] = {}
        self._has_news = False

    @property
    def is_empty(self) -> bool:
        """Whether no socket of this process is here, nor has been a moment ago."""
        return not self._sockets

    # What is told of here

    def users(self) -> list[PresentUser]:
        return sorted(self._users.values(), key=lambda user: (user.name, user.user_id))

    def viewers(self, conversation_id: int) -> list[PresentUser]:
        looking = {user_id for viewed, user_id in self._viewing if viewed == conversation_id}
        return [user for user in self.users() if user.user_id in looking]

    def news(self) -> list[Signal]:
        """What has changed since it was last asked. Whoever asks tells it."""
        if not self._has_news:
            return []
        self._has_news = False
        looks = self._looks()
        same = {key for key, told in self._viewing.items() if key in looks and _is_same(told, looks[key][0])}
        ended = [
            msgspec.structs.replace(told, is_viewing=False) for key, told in self._viewing.items() if key not in same
        ]
        begun = {key: _looking(key, *look) for key, look in looks.items() if key not in same}
        gone, come = self._take_over(self._said())
        for each in ended:
            del self._viewing[each.conversation.id, each.user_id]
        self._viewing |= begun
        status = [*(_status(user, False) for user in gone), *(_status(user, True) for user in come)]
        return [*ended, *status, *begun.values()]

    # The sockets of this process

    def enter(self, key: object, user: PresentUser, now: float) -> None:
        self._sockets[key] = _Socket(user, now)
        self._has_news = True

    def renew(self, key: object, user: PresentUser, may_view: Callable[[ConversationRef], bool]) -> bool:
        """Whether that has changed anything: every socket is renewed twice a minute."""
        socket = self._sockets[key]
        viewed = {each: look for each, look in socket.viewed.items() if may_view(look[0])}
        if socket.user == user and len(socket.viewed) == len(viewed):
            return False
        socket.user, socket.viewed = user, viewed
        self._has_news = True
        return True

    def view(self, key: object, conversation: ConversationRef, now: float) -> None:
        viewed = self._sockets[key].viewed
        _, since = viewed.pop(conversation.id, (None, now))
        viewed[conversation.id] = _without_words(conversation), since
        if len(viewed) > MOST_VIEWED:
            del viewed[next(iter(viewed))]
        self._has_news = True

    def look_away(self, key: object, conversation_id: int) -> bool:
        """Whether it had looked."""
        looked = self._sockets[key].viewed.pop(conversation_id, None) is not None
        self._has_news |= looked
        return looked

    def move(self, conversation: ConversationRef) -> bool:
        """It is with this department now: those who see it there look on, the others no longer. Whether that changes
        anything."""
        moved = False
        for socket in self._sockets.values():
            ref, since = socket.viewed.get(conversation.id, (conversation, 0.0))
            if ref.department is conversation.department:
                continue
            moved = True
            if conversation.department in {None, *socket.user.departments}:
                socket.viewed[conversation.id] = _without_words(conversation), since
            else:
                del socket.viewed[conversation.id]
        self._has_news |= moved
        return moved

    def leave(self, key: object, now: float) -> None:
        """The socket has closed; it counts until ``forget_left``."""
        self._sockets[object()] = socket = self._sockets.pop(key)
        socket.left_at = now

    def forget_left(self, before: float) -> bool:
        """Sockets that had closed by then count no longer. Whether there were any."""
        left = [key for key, each in self._sockets.items() if each.left_at is not None and each.left_at <= before]
        for key in left:
            del self._sockets[key]
        self._has_news |= bool(left)
        return bool(left)

    # The other processes

    def hear(self, snapshot: Snapshot, now: float) -> bool:
        """Whether this process is heard of for the first time. What is older than what we know is passed over."""
        known = self._others.get(snapshot.process)
        if known is None or known.snapshot.number < snapshot.number:
            self._others[snapshot.process] = _Heard(snapshot, now)
            said = None if known is None else (known.snapshot.users, known.snapshot.looks)
            self._has_news |= (snapshot.users, snapshot.looks) != said
        return known is None

    def take_as_known(self, snapshot: Snapshot, seconds: float) -> None:
        """What was so in that process more than so many seconds ago is no news."""
        before = snapshot.now - seconds
        users = {here.user.user_id: here.user for here in snapshot.users}
        for here in snapshot.users:
            if here.since < before:
                self._users.setdefault(here.user.user_id, here.user)
        for look in snapshot.looks:
            for user_id, since in look.viewers:
                if since < before and user_id in users:
                    key = (look.conversation.id, user_id)
                    self._viewing.setdefault(key, _looking(key, look.conversation, users[user_id].name))

    def forget_silent(self, silent_since: float, ended_before: float) -> None:
        """Processes that were last heard by then are gone, those that had said that they end sooner."""
        for process, heard in list(self._others.items()):
            if heard.at <= (ended_before if heard.snapshot.is_last else silent_since):
                del self._others[process]
                self._has_news = True

    # What this process says

    def own_users(self) -> tuple[Here, ...]:
        users: dict[int, PresentUser] = {}
        since: dict[int, float] = {}
        for socket in sorted(self._sockets.values(), key=lambda each: each.left_at is None):
            user = socket.user
            users[user.user_id] = user  # as those that are still open know them
            since[user.user_id] = min(socket.since, since.get(user.user_id, socket.since))
        return tuple(Here(user, since[user_id]) for user_id, user in users.items())

    def own_looks(self) -> tuple[Look, ...]:
        refs: dict[int, ConversationRef] = {}
        viewers: dict[int, dict[int, float]] = {}
        for socket in self._sockets.values():
            for ref, began in socket.viewed.values():
                refs[ref.id] = ref
                since = viewers.setdefault(ref.id, {})
                since[socket.user.user_id] = min(began, since.get(socket.user.user_id, began))
        return tuple(Look(ref, tuple(viewers[ref.id].items())) for ref in refs.values())

    # All together

    def _take_over(self, said: dict[int, PresentUser]) -> tuple[list[PresentUser], list[PresentUser]]:
        """Who is gone, and who has come. Who changes departments is gone from the old ones and comes to the new."""
        gone = [told for user_id, told in self._users.items() if user_id not in said]
        come: list[PresentUser] = []
        for user_id, new in said.items():
            told = self._users.get(user_id)
            if told is None:
                come.append(new)
            elif (told.departments, told.own_departments) != (new.departments, new.own_departments):
                gone.append(told)
                come.append(new)
        self._users = said
        return gone, come

    def _said(self) -> dict[int, PresentUser]:
        """Rights change in one process after the other: of those that name a user our own counts, or the first."""
        said: dict[int, PresentUser] = {}
        for users, _ in self._parts():
            for here in users:
                said.setdefault(here.user.user_id, here.user)
        return said

    def _looks(self) -> dict[tuple[int, int], tuple[ConversationRef, str]]:
        """By conversation and user: the conversation, and the user's name."""
        looking: dict[tuple[int, int], tuple[ConversationRef, str]] = {}
        for users, looks in self._parts():
            names = {here.user.user_id: here.user.name for here in users}
            for look in looks:
                for user_id, _ in look.viewers:
                    looking.setdefault((look.conversation.id, user_id), (look.conversation, names.get(user_id, "")))
        return looking

    def _parts(self) -> Iterator[tuple[tuple[Here, ...], tuple[Look, ...]]]:
        yield self.own_users(), self.own_looks()
        for heard in self._others.values():
            yield heard.snapshot.users, heard.snapshot.looks


def _looking(key: tuple[int, int], conversation: ConversationRef, name: str) -> Viewing:
    return Viewing(conversation=conversation, user_id=key[1], user_name=name, is_viewing=True)


def _is_same(told: Viewing, conversation: ConversationRef) -> bool:
    """Whether the department has been told: where it is another one now, that is an end there, and a beginning here."""
    return told.conversation.department is conversation.department


def _without_words(conversation: ConversationRef) -> ConversationRef:
    """What the guest wrote is nobody's business here."""
    return msgspec.structs.replace(conversation, last_message_preview=None)


def _status(user: PresentUser, is_connected: bool) -> UserStatus:
    return UserStatus(
        user_id=user.user_id,
        user_name=user.name,
        own_departments=user.own_departments,
        departments=user.departments,
        is_connected=is_connected,
    )
