"""``/ws/unicom/webchat/{chat_id}/`` (contract 5): a visitor hears what is written in one of their own chats.

``chat_id`` is what the chat is, or once was, called. The visitor's default chat opens before it has begun; all others
that are not theirs are told apart by nothing: 4404. It ends with the visitor's session.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from starlette.websockets import WebSocket

from app.contracts import webchat_socket as contract
from app.core.errors import LobbyError, NotFound
from app.core.events import MessageCreated, MessageUpdated
from app.core.links import MediaLinks
from app.core.principal import Caller, VisitorPrincipal
from app.core.signals import Told, Typing
from app.realtime import audiences
from app.services.container import Services
from app.ws.authentication import authenticate_visitor
from app.ws.commands import CommandTable
from app.ws.session import Session, SocketContract

_MOST_DIGITS: Final = 18

commands: CommandTable[Session] = CommandTable("action")


class Ping(msgspec.Struct, frozen=True):
    """Whether the connection still works."""


@commands.command("ping", Ping)
async def ping(session: Session, _: Ping) -> None:
    session.send({"type": "pong"})


class WebChatSocket(SocketContract):
    name = "webchat"
    commands = commands

    def __init__(self, links: MediaLinks) -> None:
        self._links = links

    async def authenticate(self, websocket: WebSocket, services: Services) -> Caller:
        """The visitor, on the channel that the query names. Raises NotFound for one that is none, Unauthenticated."""
        who = await authenticate_visitor(websocket, services)
        return await services.visitors.on(who, _channel_id(websocket))

    async def audiences(self, session: Session) -> Iterable[str]:
        visitor = _visitor(session)
        session.services.sockets.check_visitor(visitor)
        session.chat = await session.services.webchat_reading.open(visitor, session.path_params["chat_id"])
        if session.since is not None:
            self._begin(session)  # before what was missed, which tells what comes meanwhile too
        names = [
            audiences.chat(visitor.channel_id, visitor.account, session.chat.public_id),
            audiences.account(visitor.channel_id, visitor.account),
        ]
        if visitor.user is not None:
            names.append(audiences.staff(visitor.user.user_id))
        if visitor.guest is not None:
            names.append(audiences.guest(visitor.guest.number))
        return names

    async def opened(self, session: Session) -> None:
        if session.since is None:
            self._begin(session)  # not before it has joined: whoever is told so may write at once
        else:
            await session.services.webchat_reading.check_since(_visitor(session), session.since)

    def hears(self, session: Session, stored: Told, audience: str) -> bool:
        """What is about the visitor, and of what is written what stands in this chat and was not cleared away."""
        chat, event = session.chat, stored.event
        assert chat is not None
        match event:
            case MessageCreated(message=written) | MessageUpdated(message=written):
                where, is_left = written.chat, written.id > chat.cleared_up_to
            case Typing(conversation=conversation):
                where, is_left = conversation.chat, True
            case _:
                return True
        return where is not None and where.public_id == chat.public_id and is_left

    def render(self, stored: Told, audience: str) -> dict[str, Any] | None:
        return contract.webchat_event(stored, self._links)

    def error(self, error: LobbyError) -> dict[str, Any]:
        return contract.webchat_error(error)

    def _begin(self, session: Session) -> None:
        assert session.chat is not None
        session.send(contract.ready(session.chat.public_id))


def _visitor(session: Session) -> VisitorPrincipal:
    assert isinstance(session.caller, VisitorPrincipal)
    return session.caller


def _channel_id(websocket: WebSocket) -> int | None:
    """Raises NotFound for what is no id."""
    given = websocket.query_params.get("channel_id")
    if given is None:
        return None
    if not (given.isascii() and given.isdecimal() and len(given) <= _MOST_DIGITS):
        raise NotFound("There is no such web chat.", code="no_such_channel")
    return int(given)
