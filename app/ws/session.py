"""One socket from its opening to its end: the same loop for every contract.

Accept, find out who it is, join the audiences, replay what was missed, then carry out commands one after the other
while events are told. An endpoint gives the loop its contract: audiences, commands, and how events and errors look.

A refused socket is accepted and closed at once, so that a browser can read why. While a command runs, events for this
socket wait, so that its answer always comes first; they wait too while the rights of its user are looked up anew.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import msgspec
import structlog
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.core.close_codes import CloseCode
from app.core.errors import LobbyError, ResyncNeeded, Unauthenticated
from app.core.events import AccountChanged, StayChanged, UserChanged
from app.core.principal import Caller, Principal
from app.core.signals import Passing, Told
from app.core.views import ConversationRef, OpenChat
from app.realtime.hub import own_commits
from app.realtime.room import Broadcast
from app.services.access import may_hear
from app.services.container import Services
from app.ws.authentication import authenticate, chosen_subprotocol
from app.ws.closing import close, close_code
from app.ws.commands import CommandTable
from app.ws.deeds import OwnDeeds
from app.ws.rate import RateLimit
from app.ws.writer import TooSlow, Writer, framed, writer_for

log = structlog.get_logger(__name__)

HEARTBEAT_EVERY: Final = 25.0
MOST_HELD: Final = 5000
LONGEST_LIFE: Final = timedelta(hours=24)
ABOUT_RIGHTS: Final = (UserChanged, StayChanged, AccountChanged)
"""What is not told, but has the rights of whoever hears of it looked up anew."""


class SocketContract(Protocol):
    """What a contract says of one of its sockets. Those that are of one kind share one: what differs is the session."""

    name: str
    commands: CommandTable["Session"]

    async def authenticate(self, websocket: WebSocket, services: Services) -> Caller:
        """Whoever has opened it. Raises Unauthenticated, Forbidden, NotFound."""
        return await authenticate(websocket, services)

    async def audiences(self, session: "Session") -> Iterable[str]:
        """What a new socket hears. Raises Forbidden or NotFound to refuse it."""
        ...

    async def opened(self, session: "Session") -> None:
        """A new socket has joined its audiences, and has been told what it missed: tell it what else comes first. What
        happens meanwhile waits. Raises Forbidden or NotFound to refuse it."""
        return

    def hears(self, session: "Session", stored: Told, audience: str) -> bool:
        """Whether this socket is one to tell, whose caller may hear it."""
        return True

    def knows(self, stored: Told, audience: str) -> bool:
        """Whether by this audience all of an event is told, and not only that it happened."""
        return True

    def render(self, stored: Told, audience: str) -> dict[str, Any] | None:
        """An event in the contract's words, None where it has none for it. The same for all whom it is told by this
        audience."""
        ...

    def error(self, error: LobbyError) -> dict[str, Any]: ...

    def named_by(self, text: str | None) -> dict[str, Any]:
        """What the error of a refused command, given as it came, repeats of it."""
        return {}

    def follow(self, session: "Session") -> Iterable[str] | None:
        """What ``audiences`` would say now that the rights of the caller are others; None where that is all the same.
        Raises Forbidden where the socket is not for them any more."""
        return None


class Session:
    """A socket that is open. Also the hub's subscriber."""

    def __init__(
        self,
        websocket: WebSocket,
        services: Services,
        contract: SocketContract,
        caller: Caller,
        since: int | None,
    ) -> None:
        self.services = services
        self.contract = contract
        self.caller = caller
        self.audiences: dict[str, int] = {}
        self.deeds = OwnDeeds()
        self.conversation: ConversationRef | None = None
        """The one that it is for, where its contract says so, as it stands."""
        self.shown: frozenset[int] = frozenset()
        """Messages that it was told of when it opened."""
        self.chat: OpenChat | None = None
        """The visitor's chat that it is for, where its contract says so, as it stood when the socket opened."""
        self.opened_at = datetime.now(UTC)
        self._websocket = websocket
        self._since = since
        self._writer: Writer = writer_for(websocket.scope, websocket.send)
        self._held: list[tuple[Broadcast, str]] = []
        self._busy = True
        self._doubtful = False
        self._ended: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self._heartbeat: asyncio.TimerHandle | None = None
        self._rate = RateLimit()
        self._joined: frozenset[str] | None = None

    @property
    def principal(self) -> Principal:
        """The user who opened it, on the sockets that are for users."""
        assert isinstance(self.caller, Principal)
        return self.caller

    @property
    def since(self) -> int | None:
        """Where it was opened to go on; None where it has nothing to be told first."""
        return self._since

    @property
    def path_params(self) -> dict[str, Any]:
        return self._websocket.path_params

    # What the hub calls

    def accepts(self, stored: Told, audience: str) -> bool:
        return may_hear(self.caller, stored.event, audience) and self.contract.hears(self, stored, audience)

    def knows(self, stored: Told, audience: str) -> bool:
        return self.contract.knows(stored, audience)

    def tell(self, broadcast: Broadcast, audience: str) -> None:
        if isinstance(broadcast.stored, Passing) and self._writer.is_behind:
            return  # of no use to somebody who reads what was said long ago
        if isinstance(broadcast.stored.event, ABOUT_RIGHTS):
            self._doubtful = True
            self.services.sockets.look_again(self)
        elif self._busy or self._doubtful:
            self._hold(broadcast, audience)
        else:
            self._write_event(broadcast, audience)

    async def replay(self, broadcast: Broadcast, audience: str) -> bool:
        if isinstance(broadcast.stored.event, ABOUT_RIGHTS):
            self.services.sockets.look_again(self)  # perhaps it came after the sign-in
            return False
        await self._writer.drained()
        return self._write_event(broadcast, audience)

    # What the registry of open sockets calls

    def renew(self, caller: Caller) -> None:
        """The rights of the caller as they stand now; what has waited for this is told, where it still may be."""
        self.caller = caller
        try:
            self._follow()
        except LobbyError as error:
            self.end(close_code(error), error.message)
            return
        self.services.presence.renew(self, caller)
        self._doubtful = False
        self._release()

    def heed(self, conversation: ConversationRef) -> None:
        """How the conversation that it is for stands now; told after that has happened."""
        self.conversation = conversation
        try:
            self._follow()
        except LobbyError as error:
            self.end(close_code(error), error.message)

    # What commands call

    def send(self, message: dict[str, Any]) -> None:
        """Answer the client."""
        text = msgspec.json.encode(message).decode()
        self._write(framed(text), text)

    async def join(self, audiences: Iterable[str], since: int | None = None) -> None:
        """Hear more, and first what these audiences were told after ``since``."""
        await self.services.hub.join(self.caller.hotel_id, self, audiences, since=since)

    def leave(self, audiences: Iterable[str]) -> None:
        self.services.hub.leave(self.caller.hotel_id, self, audiences)

    def told_up_to(self) -> int:
        """Everything up to this number that concerns this socket has been written to it."""
        waiting = (each.stored.seq for each, audience in self._held if self.accepts(each.stored, audience))
        first = next(waiting, None)
        return self.services.hub.position(self.caller.hotel_id) if first is None else first - 1

    def end(self, code: int, reason: str) -> None:
        """Close this socket, from wherever; the first reason counts."""
        if not self._ended.done():
            self._ended.set_result((code, reason))

    @property
    def expires_at(self) -> datetime:
        return min(self.opened_at + LONGEST_LIFE, self.caller.session_expires_at)

    # The loop

    async def run(self) -> None:
        self.services.sockets.add(self)
        reading = asyncio.create_task(self._live(), name="socket")
        try:
            either: list[asyncio.Future[Any]] = [reading, self._ended]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
        except LobbyError as error:
            self.end(close_code(error), error.message)
        except Exception:
            log.exception("socket_failed", contract=self.contract.name)
            self.end(CloseCode.RESTARTING, "Something went wrong here. Please connect again.")
        finally:
            reading.cancel()
            await asyncio.wait([reading])
            self._let_go()
        if self._ended.done():
            await self._close(*self._ended.result())

    async def _live(self) -> None:
        own_commits.set(self.deeds.committed)  # for this task alone, which carries out the commands
        joined = frozenset(await self.contract.audiences(self))
        if self.conversation is not None:
            self.services.sockets.follow(self, self.conversation.id)
        await self.join(joined, self._since)
        self._joined = joined
        self._follow()
        await self.contract.opened(self)
        self.services.presence.enter(self, self.caller)
        self._busy = False
        self._release()
        if self._since is not None:
            self._beat()
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            self._rate.count()
            await self._carry_out(message.get("text"))

    async def _carry_out(self, text: str | None) -> None:
        self._busy = True
        try:
            await self.contract.commands.run(self, text)
        except (ResyncNeeded, Unauthenticated):
            raise
        except LobbyError as error:
            self.send({**self.contract.error(error), **self.contract.named_by(text)})
        except Exception as error:
            log.exception("command_failed", contract=self.contract.name)
            self.send({**self.contract.error(_unexpected(error)), **self.contract.named_by(text)})
        finally:
            self._busy = False
            self._release()

    def _follow(self) -> None:
        """Hear what the caller's rights let them hear, as they stand now, and no more. Raises Forbidden."""
        if self._joined is None:
            return  # not open yet: what it joins is looked at again once it is
        wanted = self.contract.follow(self)
        if wanted is None:
            return
        now = frozenset(wanted)
        self.services.hub.add(self.caller.hotel_id, self, now - self._joined)
        self.leave(self._joined - now)
        self._joined = now

    def _hold(self, broadcast: Broadcast, audience: str) -> None:
        self._held.append((broadcast, audience))
        if len(self._held) > MOST_HELD:
            self.end(CloseCode.TOO_SLOW, "Too much is unread.")

    def _release(self) -> None:
        if self._busy or self._doubtful:
            return
        held, self._held = self._held, []
        for broadcast, audience in held:
            if self.accepts(broadcast.stored, audience):
                self._write_event(broadcast, audience)

    def _write_event(self, broadcast: Broadcast, audience: str) -> bool:
        """Whether this contract has words for it."""
        frame = broadcast.rendered((self.contract.name, audience), lambda: self._frame(broadcast.stored, audience))
        if frame is not None:
            self._write(*frame)
        return frame is not None

    def _frame(self, stored: Told, audience: str) -> tuple[bytes, str] | None:
        message = self.contract.render(stored, audience)
        if message is None:
            return None
        text = msgspec.json.encode({**message, "seq": stored.seq}).decode()
        return framed(text), text

    def _write(self, frame: bytes, text: str) -> None:
        try:
            self._writer.write(frame, text)
        except TooSlow:
            self.end(CloseCode.TOO_SLOW, "Too much is unread.")

    def _beat(self) -> None:
        self.send({"type": "heartbeat", "seq": self.told_up_to()})
        self._heartbeat = asyncio.get_running_loop().call_later(HEARTBEAT_EVERY, self._beat)

    def _let_go(self) -> None:
        self.services.hub.leave(self.caller.hotel_id, self)
        self.services.presence.leave(self)
        self.services.sockets.remove(self)
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        self._writer.close()

    async def _close(self, code: int, reason: str) -> None:
        if code == CloseCode.TOO_SLOW:
            self._writer.abort()  # armed first: a close frame would wait for the reader
        await close(self._websocket, code, reason)


class SocketEndpoint:
    """The ASGI endpoint of one contract's socket."""

    def __init__(self, contract: SocketContract) -> None:
        self.contract = contract

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        services: Services = scope["app"].state.services
        try:
            await websocket.accept(subprotocol=chosen_subprotocol(websocket))
            if services.sockets.draining:
                await close(websocket, CloseCode.RESTARTING, "The server is restarting.")
                return
            caller = await self.contract.authenticate(websocket, services)
            session = Session(websocket, services, self.contract, caller, _since(websocket))
        except LobbyError as error:
            await close(websocket, close_code(error), error.message)
        except WebSocketDisconnect:
            return
        else:
            await session.run()


async def no_such_socket(websocket: WebSocket) -> None:
    """A path that names no socket: accepted, and closed with the reason."""
    await websocket.accept(subprotocol=chosen_subprotocol(websocket))
    await close(websocket, CloseCode.NOT_FOUND, "There is no such socket.")


def _since(websocket: WebSocket) -> int | None:
    """Where the client wants to resume. Raises ResyncNeeded for what is no position."""
    given = websocket.query_params.get("since")
    if given is None:
        return None
    if not (given.isascii() and given.isdecimal() and len(given) <= 18):
        raise ResyncNeeded("That is no position.")
    return int(given)


def _unexpected(_: Exception) -> LobbyError:
    return LobbyError("Something went wrong here. It has been logged.")
