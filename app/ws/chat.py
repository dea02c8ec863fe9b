"""``/ws/chat/`` and ``/ws/chat/{department_name}/`` (contract 3): the staff's chat.

The first hears of all departments that its user is joined to, in short, and in full of the conversations that it has
subscribed to. The second hears of its one department, all in full. What a user does comes back to the socket by which
they did it as an acknowledgement, and as an event only where that socket hears of the conversation in full.
"""

from collections.abc import Iterable
from typing import Any, Final

from starlette.websockets import WebSocket

from app.contracts import chat_answers as answers
from app.contracts import chat_socket as contract
from app.core.errors import Forbidden, LobbyError
from app.core.events import ConversationChanged
from app.core.links import MediaLinks
from app.core.principal import Caller
from app.core.signals import Passing, Told
from app.core.types import Department
from app.core.views import ConversationRef
from app.realtime import audiences
from app.services.access import departments_of
from app.services.container import Services
from app.ws.chat_commands import commands, named
from app.ws.session import Session, SocketContract

_DEPARTMENTS: Final = {audiences.department(each): each for each in Department}
"""By the audiences in which their members are."""


class _ChatContract(SocketContract):
    commands = commands

    def __init__(self, links: MediaLinks) -> None:
        self._links = links

    def error(self, error: LobbyError) -> dict[str, Any]:
        return answers.error(error)

    def named_by(self, text: str | None) -> dict[str, Any]:
        return answers.named_by(text)


class ChatSocket(_ChatContract):
    """All departments of a staff user."""

    name = "chat"

    async def audiences(self, session: Session) -> Iterable[str]:
        return self.follow(session)

    def follow(self, session: Session) -> Iterable[str]:
        user = session.principal
        return (audiences.staff(user.user_id), *(audiences.department(each) for each in departments_of(user)))

    def hears(self, session: Session, stored: Told, audience: str) -> bool:
        if isinstance(stored, Passing):
            return stored.event.user_id != session.principal.user_id
        return audience not in _DEPARTMENTS or not session.deeds.hold(stored)

    def knows(self, stored: Told, audience: str) -> bool:
        return audience not in _DEPARTMENTS or contract.is_whole_for_department(stored)

    def render(self, stored: Told, audience: str) -> dict[str, Any] | None:
        department = _DEPARTMENTS.get(audience)
        if department is None:
            return contract.to_subscriber(stored, self._links)
        return contract.to_department(stored, department)


class DepartmentSocket(_ChatContract):
    """One department, named in the path in any form of its name."""

    name = "department_chat"

    async def authenticate(self, websocket: WebSocket, services: Services) -> Caller:
        named(websocket.path_params)
        return await super().authenticate(websocket, services)

    async def audiences(self, session: Session) -> Iterable[str]:
        return self.follow(session)

    def follow(self, session: Session) -> Iterable[str]:
        user, department = session.principal, named(session.path_params)
        if department not in departments_of(user):
            raise Forbidden("This is another department's.")
        return (audiences.staff(user.user_id), audiences.department(department))

    def hears(self, session: Session, stored: Told, audience: str) -> bool:
        if isinstance(stored, Passing) and stored.event.user_id == session.principal.user_id:
            return False
        return audience in _DEPARTMENTS or _concerns(stored, named(session.path_params))

    def render(self, stored: Told, audience: str) -> dict[str, Any] | None:
        return contract.on_department_socket(stored, _DEPARTMENTS.get(audience), self._links)


def _concerns(stored: Told, department: Department) -> bool:
    """Whether it is about a conversation of this department or of none, to which the socket has subscribed; another
    may have taken that since, which is the last that it hears of it."""
    if isinstance(stored.event, ConversationChanged) and stored.event.was_nobodys:
        return True
    about = getattr(stored.event, "conversation", None)
    return not isinstance(about, ConversationRef) or about.department in {None, department}
