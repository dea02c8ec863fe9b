"""Whoever of the town listens on a socket: opened at once, subscribed, and what they are told, read off the frames."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from app.core.events import Event
from app.core.signals import Signal, UserStatus
from app.core.types import Department
from app.core.views import ConversationRef
from tests.access.declarations import JOINED, SEES, Caller
from tests.access.happenings import NOBODY_HERE
from tests.access.listening import By, DeclaredSocket
from tests.access.town import Person, Thread, Town, thread_of
from tests.sockets import Socket, open_socket

DEPARTMENT = "{department_name}"
NUMBER = "{whatsapp_number}"
CONVERSATION = "{conversation_id:digits}"
CHAT = "{chat_id}"

Frame = dict[str, Any]


@dataclass(frozen=True)
class Listener:
    """Somebody who has a socket: of a department, of a conversation, or as a guest or visitor, where its path names
    one."""

    declared: DeclaredSocket
    person: Person
    department: Department | None = None
    guest_of: Thread | None = None
    own: Thread | None = None

    @property
    def path(self) -> str:
        named = self.declared.path.replace(DEPARTMENT, self.department.group if self.department else "")
        named = named.replace(CONVERSATION, str(self.own.id) if self.own else "")
        if self.guest_of is not None:
            named = named.replace(NUMBER, self.guest_of.number).replace(CHAT, self.guest_of.chat.account)
        return quote(named)

    @property
    def query(self) -> dict[str, object]:
        """What belongs to the path."""
        return {"channel_id": self.guest_of.chat.channel_id} if self.guest_of and CHAT in self.declared.path else {}

    @property
    def sees(self) -> tuple[Department | None, ...]:
        return SEES.get(self.person.caller, ())

    @property
    def joined(self) -> tuple[Department, ...]:
        """The departments of which this socket hears."""
        return JOINED.get(self.person.caller, ()) if self.department is None else (self.department,)

    def may_name(self, threads: list[Thread]) -> list[Thread]:
        """About which of these it may be asked for anything: all, but where the path says about which."""
        return threads if self.own is None else [self.own]

    def refused(self, thread: Thread) -> str | None:
        """The code of the error with which a command about this conversation is refused; None where it is not."""
        if thread.hotel != self.person.hotel:
            return "not_found"
        if thread.place not in self.sees:
            return "forbidden"
        return None if thread.place in self._taken_here else "another_department"

    def ways(self, event: Event | Signal, thread: Thread, *, subscribed: bool) -> list[By]:
        """How this one comes to hear of an event about this conversation, the first that applies first."""
        if self.guest_of is not None:
            return [By.OWN] if thread == self.guest_of else []
        if self.own is not None:
            return [By.ITS_OWN] if thread == self.own else []
        if thread.hotel != self.person.hotel:
            return []
        conversation: ConversationRef | None = getattr(event, "conversation", None)
        place = conversation.department if conversation else None
        places = event.departments if isinstance(event, UserStatus) else (place,)
        may_follow = conversation is not None and place in self.sees and place in self._taken_here
        applies = {
            By.HOTEL: True,
            By.SUBSCRIPTION: subscribed and may_follow,
            By.DEPARTMENT: not {*places}.isdisjoint(self.joined),
            By.NOBODYS: conversation is not None and place is None,
            By.LOSS: getattr(event, "previous_department", None) in self.joined,
        }
        return [way for way, it_does in applies.items() if it_does]

    @property
    def _taken_here(self) -> tuple[Department | None, ...]:
        """Whose conversations this socket is for."""
        return (*Department, None) if self.department is None else (self.department, None)

    def __str__(self) -> str:
        return f"{self.guest_of or self.person} on {self.path}"


Opened = list[tuple[Listener, Socket]]


def listeners(declared: DeclaredSocket, town: Town) -> list[Listener]:
    """Everybody who may open such a socket, on each that they may."""
    if NUMBER in declared.path:
        return [Listener(declared, Person(Caller.NOBODY, each.hotel), guest_of=each) for each in town.relayed]
    if CHAT in declared.path:
        return [Listener(declared, each.visitor, guest_of=each) for each in town.relayed]
    if DEPARTMENT in declared.path:
        return [Listener(declared, each, name) for each in town.staff for name in JOINED[each.caller]]
    if CONVERSATION in declared.path:
        own = ((each, thread) for each in town.staff for thread in town.relayed if thread.hotel == each.hotel)
        return [Listener(declared, each, own=thread) for each, thread in own if thread.place in SEES[each.caller]]
    return [Listener(declared, each) for each in town.staff]


@asynccontextmanager
async def all_open(server: str, who: Iterable[Listener], **query: object) -> AsyncIterator[Opened]:
    """Their sockets, opened at once."""
    async with AsyncExitStack() as stack:

        async def opened(listener: Listener) -> tuple[Listener, Socket]:
            path = f"{listener.path}?{urlencode(listener.query | query)}"
            return listener, await stack.enter_async_context(
                open_socket(server, path, token=listener.person.token, reports=True, comings=True)
            )

        yield await asyncio.gather(*map(opened, who))


def about(frame: Frame) -> int | None:
    """The id of what a frame is about: a conversation's, or where it is about none, its channel's, or of the
    conversation whose department somebody has come to; None for what nobody has let happen."""
    while isinstance(frame.get("data"), dict):
        frame = frame["data"]
    if "departments" in frame:
        return frame["user_id"] - NOBODY_HERE if frame["user_id"] > NOBODY_HERE else None
    if frame.get("is_typing") is False:  # it ends by itself
        return None
    if "chat_id" in frame:
        return thread_of(frame["chat_id"])
    return next((int(frame[name]) for name in ("conversation_id", "channel_id") if name in frame), None)


def word(frame: Frame) -> str:
    """``conversation_update/closed`` for a frame that holds another one's type."""
    inner = frame.get("data")
    return f"{frame['type']}/{inner['type']}" if isinstance(inner, dict) and "data" in inner else str(frame["type"])
