"""``/ws/guest/{whatsapp_number}/`` (contract 2): a guest hears what the hotel writes to them, as long as they stay.

Who it is stands in the address alone: the number, and ``?token=`` with the token of a guest session. Without a token it
opens only where ``GUEST_SOCKET`` is open.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from starlette.websockets import WebSocket

from app.contracts import guest_socket as contract
from app.core.errors import LobbyError
from app.core.links import MediaLinks
from app.core.principal import Caller, GuestPrincipal
from app.core.signals import Told
from app.realtime import audiences
from app.services.container import Services
from app.ws.commands import CommandTable
from app.ws.session import Session, SocketContract

commands: CommandTable[Session] = CommandTable("type")


class Ping(msgspec.Struct, frozen=True):
    """Whether the connection still works."""


@commands.command("ping", Ping)
async def ping(session: Session, _: Ping) -> None:
    session.send({"type": "pong"})


class GuestSocket(SocketContract):
    name = "guest"
    commands = commands

    def __init__(self, links: MediaLinks) -> None:
        self._links = links

    async def authenticate(self, websocket: WebSocket, services: Services) -> Caller:
        """The guest of this number. Raises Unauthenticated, always in the same words, and Forbidden where a number
        alone would be enough."""
        number: str = websocket.path_params["whatsapp_number"]
        token = websocket.query_params.get("token")
        if token is None and not services.settings.guests_need_tokens:
            return await services.guest_sessions.by_number(number)
        return await services.guest_sessions.authenticate(token or "", number)

    async def audiences(self, session: Session) -> Iterable[str]:
        assert isinstance(session.caller, GuestPrincipal)
        return (audiences.guest(session.caller.number),)

    def render(self, stored: Told, audience: str) -> dict[str, Any] | None:
        return contract.guest_event(stored, self._links)

    def error(self, error: LobbyError) -> dict[str, Any]:
        return contract.guest_error(error)
