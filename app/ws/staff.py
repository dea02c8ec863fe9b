"""``/ws/staff/`` (contract 1): every relay of the hotel, and the messages of the stays one has subscribed to."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from app.contracts import message_manager as contract
from app.core.drafts import Draft
from app.core.errors import Invalid, LobbyError
from app.core.links import MediaLinks
from app.core.signals import Told
from app.realtime import audiences
from app.services.access import require_staff
from app.ws.commands import CommandTable
from app.ws.session import Session, SocketContract

Id = Annotated[int, msgspec.Meta(ge=1, lt=10**18)]


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a command is about: a stay, or a conversation where there is no stay (a demo)."""

    stay_id: Id | None = None
    conversation_id: Id | None = None


class Subscribe(About, frozen=True, kw_only=True):
    """``since``: first tell what this stay was told after that number."""

    since: Annotated[int, msgspec.Meta(ge=0, lt=10**18)] | None = None


class SendMessage(Draft, frozen=True, kw_only=True):
    """A draft, and what it is about. ``media_id`` and ``reply_to_message_id`` as by REST."""

    stay_id: Id | None = None
    conversation_id: Id | None = None
    media_id: Id | None = None
    reply_to_message_id: Id | None = None


class Typing(About, frozen=True, kw_only=True):
    is_typing: bool = True


commands: CommandTable[Session] = CommandTable("command")


@commands.command("subscribe_to_conversation", Subscribe)
async def subscribe(session: Session, about: Subscribe) -> None:
    await session.services.conversations.check_subscription(
        session.principal, stay_id=about.stay_id, conversation_id=about.conversation_id
    )
    await session.join([_audience(about)], about.since)


@commands.command("unsubscribe_from_conversation", About)
async def unsubscribe(session: Session, about: About) -> None:
    session.leave([_audience(about)])


@commands.command("send_message", SendMessage)
async def send_message(session: Session, about: SendMessage) -> None:
    _audience(about)
    sent = await session.services.sending.send_about(
        session.principal, about, stay_id=about.stay_id, conversation_id=about.conversation_id
    )
    if about.client_message_id is not None:
        session.send(contract.acknowledgment(sent.message))


@commands.command("mark_read", About)
async def mark_read(session: Session, about: About) -> None:
    await session.services.receipts.read(session.principal, await _named(session, about))


@commands.command("typing", Typing)
async def typing(session: Session, about: Typing) -> None:
    await session.services.receipts.typing(session.principal, await _named(session, about), about.is_typing)


async def _named(session: Session, about: About) -> int:
    """The conversation that a command is about."""
    _audience(about)
    return await session.services.conversations.named(
        session.principal, stay_id=about.stay_id, conversation_id=about.conversation_id
    )


def _audience(about: About | SendMessage) -> str:
    if about.conversation_id is not None:
        return audiences.conversation(about.conversation_id)
    if about.stay_id is not None:
        return audiences.stay(about.stay_id)
    sentence = "Name the stay_id, or the conversation_id where there is no stay."
    raise Invalid(sentence, code="bad_fields", details={"stay_id": [sentence]})


class StaffSocket(SocketContract):
    name = "message_manager"
    commands = commands

    def __init__(self, links: MediaLinks) -> None:
        self._links = links

    async def audiences(self, session: Session) -> Iterable[str]:
        require_staff(session.principal)
        return (audiences.staff(session.principal.user_id), audiences.ALL_STAFF)

    def follow(self, session: Session) -> None:
        require_staff(session.principal)

    def render(self, stored: Told, audience: str) -> dict[str, Any] | None:
        return contract.staff_event(stored, self._links)

    def error(self, error: LobbyError) -> dict[str, Any]:
        return contract.staff_error(error)
