"""The sockets of this process: looked at again when rights may have changed, and let go when the process ends."""

import asyncio
import contextlib
from datetime import datetime
from typing import Final, Protocol

import structlog

from app.core.clock import Clock, utc_now
from app.core.close_codes import CloseCode
from app.core.errors import TooManyRequests, Unavailable
from app.core.principal import Caller, GuestPrincipal, Principal, VisitorPrincipal
from app.core.views import ConversationRef
from app.services.auth import AuthService
from app.services.guest_sessions import GuestSessionService
from app.services.webchat.visitors import VisitorService

log = structlog.get_logger(__name__)

LOOK_AGAIN_EVERY: Final = 30.0
TRY_AGAIN_AFTER: Final = 1.0
SOONEST: Final = 0.05  # seconds; clocks differ a little
DRAIN_BATCHES: Final = 10
MOST_OF_A_VISITOR: Final = 50
"""Sockets that a visitor may have open in one process: some for each of their chats, on each of their devices."""


class Socket(Protocol):
    @property
    def caller(self) -> Caller: ...

    @property
    def expires_at(self) -> datetime: ...

    def renew(self, caller: Caller) -> None: ...

    def heed(self, conversation: ConversationRef) -> None: ...

    def end(self, code: int, reason: str) -> None: ...


class OpenSockets:
    """Every open socket stands here from its sign-in to its end.

    A socket is worth what its session is: the session is looked up again at once when an event says that its user
    changed, or its guest's stay; when it was to end by what was known; and every 30 s anyway.
    """

    def __init__(
        self, auth: AuthService, guests: GuestSessionService, visitors: VisitorService, clock: Clock = utc_now
    ) -> None:
        self.draining = False
        self._auth = auth
        self._guests = guests
        self._visitors = visitors
        self._clock = clock
        self._sockets: dict[Socket, None] = {}
        self._groups: dict[int | str, dict[Socket, None]] = {}  # for one conversation, or of one visitor's account
        self._group_of: dict[Socket, int | str] = {}
        self._alarms: dict[Socket, asyncio.TimerHandle] = {}
        self._doubtful: dict[Socket, None] = {}
        self._doubt = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._sockets)

    def start(self) -> None:
        self._task = asyncio.create_task(self._watch(), name="open-sockets")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def add(self, socket: Socket) -> None:
        self._sockets[socket] = None
        if isinstance(socket.caller, VisitorPrincipal):
            self._group(socket, socket.caller.account)
        self._set_alarm(socket)

    def check_visitor(self, visitor: VisitorPrincipal) -> None:
        """Raises TooManyRequests where a visitor has opened too many."""
        if len(self._groups.get(visitor.account, ())) > MOST_OF_A_VISITOR:
            raise TooManyRequests("You have too many of these open. Please close some.", retry_after=1)

    def follow(self, socket: Socket, conversation_id: int) -> None:
        """The socket is for this conversation alone."""
        self._group(socket, conversation_id)

    def remove(self, socket: Socket) -> None:
        self._sockets.pop(socket, None)
        if (name := self._group_of.pop(socket, None)) is not None:
            del self._groups[name][socket]
            if not self._groups[name]:
                del self._groups[name]
        self._doubtful.pop(socket, None)
        if (alarm := self._alarms.pop(socket, None)) is not None:
            alarm.cancel()

    def look_again(self, socket: Socket) -> None:
        """What this socket's user may do has changed, perhaps."""
        self._doubtful[socket] = None
        self._doubt.set()

    def changed(self, conversation: ConversationRef) -> None:
        """A conversation stands otherwise now: a socket that is for it alone may have lost it."""
        for socket in list(self._groups.get(conversation.id, ())):
            socket.heed(conversation)

    async def drain(self, seconds: float) -> None:
        """Ask every client to come back, a batch at a time, so that they do not all come at once."""
        self.draining = True
        sockets = list(self._sockets)
        size = max(1, -(-len(sockets) // DRAIN_BATCHES))
        for start in range(0, len(sockets), size):
            if start:
                await asyncio.sleep(seconds / DRAIN_BATCHES)
            for socket in sockets[start : start + size]:
                socket.end(CloseCode.RESTARTING, "The server is restarting.")

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        next_round = loop.time() + LOOK_AGAIN_EVERY
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._doubt.wait(), max(0.0, next_round - loop.time()))
            self._doubt.clear()
            if loop.time() >= next_round:
                next_round = loop.time() + LOOK_AGAIN_EVERY
                self._doubtful |= self._sockets
            doubtful, self._doubtful = self._doubtful, {}
            if not await self._check_surely(list(doubtful)):
                await asyncio.sleep(TRY_AGAIN_AFTER)
                self._doubt.set()

    async def _check_surely(self, sockets: list[Socket]) -> bool:
        """Whether all could be checked. For the others rights stand as they were, and are looked up again later."""
        try:
            await self._check(sockets)
        except Exception as error:
            if len(sockets) > 1 and not isinstance(error, Unavailable):  # one is at fault, and keeps nobody else in
                half = len(sockets) // 2
                return all([await self._check_surely(part) for part in (sockets[:half], sockets[half:])])
            log.warning("rights_not_checked", sockets=len(sockets), error=repr(error))
            self._doubtful |= {socket: None for socket in sockets if socket in self._sockets}
            return False
        return True

    async def _check(self, sockets: list[Socket]) -> None:
        present = await self._still([each.caller for each in sockets])
        now = self._clock()
        for socket in sockets:
            if socket not in self._sockets or socket in self._doubtful:
                continue  # gone, or doubtful again since we asked
            caller = present.get(socket.caller)
            if caller is not None:
                socket.renew(caller)
            if caller is None or socket.expires_at <= now:
                socket.end(CloseCode.UNAUTHENTICATED, "The session is over.")
            else:
                self._set_alarm(socket)

    async def _still(self, callers: list[Caller]) -> dict[Caller, Caller]:
        """Those whose session runs, each with what counts now."""
        sessions = {each.session_id for each in callers if isinstance(each, Principal)}
        guests = {each for each in callers if isinstance(each, GuestPrincipal)}
        visitors = {each for each in callers if isinstance(each, VisitorPrincipal)}
        users = await self._auth.principals_of_sessions(sessions) if sessions else {}
        found: dict[Caller, Caller] = {}
        for each in callers:
            if isinstance(each, Principal) and each.session_id in users:
                found[each] = users[each.session_id]
        found.update((await self._guests.still(guests)).items() if guests else ())
        found.update((await self._visitors.still(visitors)).items() if visitors else ())
        return found

    def _group(self, socket: Socket, name: int | str) -> None:
        self._groups.setdefault(name, {})[socket] = None
        self._group_of[socket] = name

    def _set_alarm(self, socket: Socket) -> None:
        """Look again when it is to end. Its session may be found to have been lengthened by then."""
        if (alarm := self._alarms.pop(socket, None)) is not None:
            alarm.cancel()
        left = (socket.expires_at - self._clock()).total_seconds()
        loop = asyncio.get_running_loop()
        self._alarms[socket] = loop.call_later(max(left, SOONEST), self.look_again, socket)
