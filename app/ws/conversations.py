"""``/ws/chat/{conversation_id}/`` and ``/ws/conversations/`` (contract 4): one conversation, and the list of all.

The first is for one conversation alone, begins with its last messages, and ends when its user may see it no longer. The
second is silent until it is asked for the list; what happens to any conversation that its user sees comes unasked.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from starlette.convertors import Convertor, register_url_convertor
from starlette.websockets import WebSocket

from app.contracts import conversation_sockets as contract
from app.core.desk_views import DeskFilter, DeskStatus
from app.core.drafts import Draft
from app.core.errors import Invalid, LobbyError, NotFound
from app.core.events import MessageCreated
from app.core.links import MediaLinks
from app.core.principal import Caller
from app.core.signals import Passing, Told
from app.realtime import audiences
from app.services.access import check_access, departments_of
from app.services.container import Services
from app.services.desk import MESSAGES_AT_ONCE
from app.ws.commands import CommandTable
from app.ws.session import Session, SocketContract

AT_ONCE: Final = 100
"""Conversations in one list."""
_LISTED: Final = DeskFilter(statuses=(DeskStatus.ACTIVE, DeskStatus.CLOSED))
_FIELDS: Final = {"text": "content"}
"""What the document calls the fields of a draft."""
_MOST_DIGITS: Final = 18


class _Digits(Convertor[str]):
    """A path of digits, however many; ``int`` fails on thousands of them."""

    regex = "[0-9]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("digits", _Digits())


class ChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    content: str
    client_message_id: UUID | None = None


class Typing(msgspec.Struct, frozen=True, kw_only=True):
    is_typing: bool


class List(msgspec.Struct, frozen=True, kw_only=True):
    page: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1


class Nothing(msgspec.Struct, frozen=True):
    pass


conversation_commands: CommandTable[Session] = CommandTable("type")
list_commands: CommandTable[Session] = CommandTable("type")


@conversation_commands.command("chat_message", ChatMessage)
async def chat_message(session: Session, said: ChatMessage) -> None:
    """It comes back as all hear of it. One that was sent before is told to nobody again but to whoever sends it."""
    draft = Draft(text=said.content, client_message_id=said.client_message_id)
    try:
        sent = await session.services.sending.send(session.principal, _named(session), draft)
    except Invalid as error:
        details = error.details and {_FIELDS.get(name, name): each for name, each in error.details.items()}
        raise Invalid(error.message, code=error.code, details=details) from None
    if sent.repeated:
        assert session.conversation is not None
        seq, links = session.told_up_to(), session.services.links
        session.send(contract.sent_before(session.conversation, sent.message, sent.parts, links, seq=seq))


@conversation_commands.command("typing", Typing)
async def typing(session: Session, said: Typing) -> None:
    await session.services.receipts.typing(session.principal, _named(session), said.is_typing)


@conversation_commands.command("mark_read", Nothing)
async def mark_read(session: Session, _: Nothing) -> None:
    await session.services.receipts.read(session.principal, _named(session))


@list_commands.command("get_conversations", List)
@list_commands.command("refresh_conversations", List)
async def get_conversations(session: Session, asked: List) -> None:
    found = await session.services.desk.search(session.principal, _LISTED, page=asked.page, page_size=AT_ONCE)
    session.send(contract.conversations_list(found, seq=session.told_up_to()))


class ConversationSocket(SocketContract):
    """One conversation, whose id the path names."""

    name = "conversation"
    commands = conversation_commands

    def __init__(self, links: MediaLinks) -> None:
        self._links = links

    async def authenticate(self, websocket: WebSocket, services: Services) -> Caller:
        if len(websocket.path_params["conversation_id"]) > _MOST_DIGITS:
            raise NotFound("There is no such conversation.")
        return await super().authenticate(websocket, services)

    async def audiences(self, session: Session) -> Iterable[str]:
        found = await session.services.conversations.get(session.principal, _named(session))
        session.conversation = found.as_ref()
        return self.follow(session)

    def follow(self, session: Session) -> Iterable[str]:
        about = check_access(session.principal, session.conversation)
        return (audiences.staff(session.principal.user_id), audiences.conversation(about.id))

    async def opened(self, session: Session) -> None:
        """Who comes back with ``since`` has been told what they missed. It is looked at once more in any case: before
        it joined, nobody would have said that it has gone elsewhere."""
        known, limit = session.conversation, 0 if session.since is not None else MESSAGES_AT_ONCE
        about, messages = await session.services.desk.recent(session.principal, _named(session), limit=limit)
        if session.conversation is known:
            session.conversation = about  # else it has changed meanwhile, and that has been heeded
        if session.since is None:
            session.shown = frozenset(each.id for each in messages)
            session.send(contract.recent_messages(about, messages, self._links, seq=session.told_up_to()))

    def hears(self, session: Session, stored: Told, audience: str) -> bool:
        if isinstance(stored, Passing):
            return stored.event.user_id != session.principal.user_id
        return not isinstance(stored.event, MessageCreated) or stored.event.message.id not in session.shown

    def render(self, stored: Told, audience: str) -> dict[str, Any] | None:
        return contract.in_conversation(stored, self._links)

    def error(self, error: LobbyError) -> dict[str, Any]:
        return contract.error(error)

    def named_by(self, text: str | None) -> dict[str, Any]:
        return contract.named_by(text)


class ConversationListSocket(SocketContract):
    """All conversations that a staff user sees."""

    name = "conversation_list"
    commands = list_commands

    def __init__(self, links: MediaLinks) -> None:
        self._links = links

    async def audiences(self, session: Session) -> Iterable[str]:
        return self.follow(session)

    def follow(self, session: Session) -> Iterable[str]:
        user = session.principal
        departments = (audiences.department(each) for each in departments_of(user))
        return (audiences.staff(user.user_id), *departments, audiences.NO_DEPARTMENT)

    def render(self, stored: Told, audience: str) -> dict[str, Any] | None:
        return contract.in_list(stored, self._links)

    def error(self, error: LobbyError) -> dict[str, Any]:
        return contract.error(error)


def _named(session: Session) -> int:
    return int(session.path_params["conversation_id"])
