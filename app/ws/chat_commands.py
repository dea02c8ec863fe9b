"""The commands of the staff's chat (contract 3): what a client says, which service does it, and what is acknowledged.

An acknowledgement goes to this socket alone and before all news of what the command has brought about; ``typing`` and
``ping`` have none. On the socket of one department a command is about its conversations, or about those of nobody yet.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from app.contracts import chat_answers as answers
from app.core.clock import utc_now
from app.core.drafts import Draft
from app.core.errors import Forbidden, Invalid, NotFound
from app.core.types import Department
from app.core.views import ConversationView
from app.realtime import audiences
from app.ws.commands import CommandTable
from app.ws.session import Session

Id = Annotated[int, msgspec.Meta(ge=1, lt=10**18)]
Position = Annotated[int, msgspec.Meta(ge=0, lt=10**18)]
MostIds = Annotated[list[Id], msgspec.Meta(max_length=1000)]


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What nearly every command is about."""

    conversation_id: Id


class Subscribe(About, frozen=True, kw_only=True):
    """``since``: first tell what subscribers were told after that number."""

    since: Position | None = None


class Text(About, frozen=True, kw_only=True):
    content: str
    message_type: Literal["text"] = "text"
    client_message_id: UUID | None = None
    reply_to_message_id: Id | None = None
    hold: bool = False


class Media(About, frozen=True, kw_only=True):
    """A file of the caller's, by the address that its upload was answered with, or by its id. What it is called and
    what it is was settled then: ``filename`` and ``file_type`` are taken and change nothing."""

    file_url: str | None = None
    media_id: Id | None = None
    filename: str | None = None
    file_type: str | None = None
    caption: str | None = None
    client_message_id: UUID | None = None
    reply_to_message_id: Id | None = None
    hold: bool = False


class MarkRead(About, frozen=True, kw_only=True):
    """All that stands there, or these messages of the guest's."""

    message_ids: MostIds | None = None


class Typing(About, frozen=True, kw_only=True):
    is_typing: bool


class Transfer(About, frozen=True, kw_only=True):
    """``from_department``: only if it is still there."""

    department: str
    from_department: str | None = None


class Assign(About, frozen=True, kw_only=True):
    """To a user, or to nobody. ``replaces``: only if it is still theirs."""

    user_id: Id | None
    replaces: Id | None = None


class Priority(About, frozen=True, kw_only=True):
    """1 normal, 2 high, 3 urgent."""

    priority: Annotated[int, msgspec.Meta(ge=1, le=3)]


class Note(About, frozen=True, kw_only=True):
    content: str
    client_message_id: UUID | None = None


class Viewing(About, frozen=True, kw_only=True):
    is_viewing: bool = True


class React(msgspec.Struct, frozen=True, kw_only=True):
    """One emoji, or ``""`` to take it back."""

    message_id: Id
    emoji: str


class Nothing(msgspec.Struct, frozen=True):
    pass


commands: CommandTable[Session] = CommandTable("type")


def named(path_params: Mapping[str, Any]) -> Department:
    """The department that a socket's path names. Raises NotFound."""
    department = Department.named(path_params["department_name"])
    if department is None:
        raise NotFound("There is no such department.")
    return department


@commands.command("subscribe_conversation", Subscribe)
async def subscribe(session: Session, about: Subscribe) -> None:
    await _visible(session, about.conversation_id)
    audience = audiences.conversation(about.conversation_id)
    await session.join([audience])
    session.send(answers.acknowledgment("subscribed", about.conversation_id, utc_now()))
    if about.since is not None:
        await session.join([audience], about.since)


@commands.command("unsubscribe_conversation", About)
async def unsubscribe(session: Session, about: About) -> None:
    session.leave([audiences.conversation(about.conversation_id)])
    session.services.presence.look_away(session, about.conversation_id)
    session.send(answers.acknowledgment("unsubscribed", about.conversation_id, utc_now()))


@commands.command("text", Text)
async def text(session: Session, about: Text) -> None:
    draft = Draft(
        text=about.content,
        reply_to_message_id=about.reply_to_message_id,
        hold=about.hold,
        client_message_id=about.client_message_id,
    )
    await _send(session, about.conversation_id, draft, {"text": "content"})


@commands.command("media", Media)
async def media(session: Session, about: Media) -> None:
    draft = Draft(
        text=about.caption,
        media_id=_file(session, about),
        reply_to_message_id=about.reply_to_message_id,
        hold=about.hold,
        client_message_id=about.client_message_id,
    )
    file = "file_url" if about.media_id is None else "media_id"
    await _send(session, about.conversation_id, draft, {"text": "caption", "media_id": file})


@commands.command("mark_read", MarkRead)
async def mark_read(session: Session, about: MarkRead) -> None:
    await _check(session, about.conversation_id)
    count = await session.services.receipts.read(session.principal, about.conversation_id, about.message_ids)
    session.send(answers.acknowledgment("marked_read", about.conversation_id, utc_now(), messages_marked_read=count))


@commands.command("typing", Typing)
async def typing(session: Session, about: Typing) -> None:
    await _check(session, about.conversation_id)
    await session.services.receipts.typing(session.principal, about.conversation_id, about.is_typing)


@commands.command("close_conversation", About)
async def close_conversation(session: Session, about: About) -> None:
    await _check(session, about.conversation_id)
    await session.services.handling.close(session.principal, about.conversation_id)
    session.send(answers.acknowledgment("conversation_closed", about.conversation_id, utc_now()))


@commands.command("transfer", Transfer)
async def transfer(session: Session, about: Transfer) -> None:
    await _check(session, about.conversation_id)
    department = _department("department", about.department)
    from_department = about.from_department and _department("from_department", about.from_department)
    await session.services.handling.transfer(
        session.principal, about.conversation_id, department, from_department=from_department or None
    )
    session.send(answers.acknowledgment("transferred", about.conversation_id, utc_now(), department=department.group))


@commands.command("assign", Assign)
async def assign(session: Session, about: Assign) -> None:
    await _check(session, about.conversation_id)
    ref = await session.services.handling.assign(
        session.principal, about.conversation_id, about.user_id, replaces=about.replaces
    )
    session.send(
        answers.acknowledgment(
            "assigned",
            about.conversation_id,
            utc_now(),
            assignee_id=ref.assignee_id,
            assignee_name=ref.assignee_name,
        )
    )


@commands.command("priority", Priority)
async def priority(session: Session, about: Priority) -> None:
    await _check(session, about.conversation_id)
    ref = await session.services.handling.prioritise(session.principal, about.conversation_id, about.priority)
    session.send(answers.acknowledgment("prioritised", about.conversation_id, utc_now(), priority=ref.priority))


@commands.command("note", Note)
async def note(session: Session, about: Note) -> None:
    await _check(session, about.conversation_id)
    noted = await session.services.handling.note(
        session.principal, about.conversation_id, about.content, client_message_id=about.client_message_id
    )
    session.send(answers.written("noted", noted))


@commands.command("reopen", About)
async def reopen(session: Session, about: About) -> None:
    await _check(session, about.conversation_id)
    await session.services.handling.reopen(session.principal, about.conversation_id)
    session.send(answers.acknowledgment("reopened", about.conversation_id, utc_now()))


@commands.command("viewing", Viewing)
async def viewing(session: Session, about: Viewing) -> None:
    present, more = session.services.presence, {}
    if about.is_viewing:
        conversation = await _visible(session, about.conversation_id)
        viewers = present.view(session, session.principal, conversation.as_ref())
        more = {"viewers": answers.users(viewers)}
    else:
        present.look_away(session, about.conversation_id)
    session.send(
        answers.acknowledgment("viewing", about.conversation_id, utc_now(), is_viewing=about.is_viewing, **more)
    )


@commands.command("presence", Nothing)
async def presence(session: Session, _: Nothing) -> None:
    session.send(answers.presence(session.services.presence.colleagues(session.principal)))


@commands.command("react", React)
async def react(session: Session, about: React) -> None:
    if "department_name" in session.path_params:
        _check_department(session, await session.services.conversations.of_message(session.principal, about.message_id))
    reaction = await session.services.sending.react(session.principal, about.message_id, about.emoji)
    session.send(
        answers.acknowledgment(
            "reacted",
            reaction.conversation_id,
            reaction.created_at,
            message_id=about.message_id,
            emoji=reaction.content,
        )
    )


@commands.command("ping", Nothing)
async def ping(session: Session, _: Nothing) -> None:
    session.send(answers.PONG)


async def _send(session: Session, conversation_id: int, draft: Draft, fields: Mapping[str, str]) -> None:
    """``fields``: what the command calls the fields of its draft."""
    await _check(session, conversation_id)
    try:
        sent = await session.services.sending.send(session.principal, conversation_id, draft)
    except Invalid as error:
        details = error.details and {fields.get(name, name): said for name, said in error.details.items()}
        raise Invalid(error.message, code=error.code, details=details) from None
    session.send(answers.written("received", sent.message, parts=sent.parts))


async def _visible(session: Session, conversation_id: int) -> ConversationView:
    """The conversation, where this socket is for it. Raises NotFound and Forbidden."""
    found = await session.services.conversations.get(session.principal, conversation_id)
    _check_department(session, found)
    return found


async def _check(session: Session, conversation_id: int) -> None:
    """Whether a department's socket is for it; whether the caller is, the services decide. Raises as ``_visible``."""
    if "department_name" in session.path_params:
        await _visible(session, conversation_id)


def _check_department(session: Session, conversation: ConversationView) -> None:
    """Raises Forbidden where this is the socket of a department, and the conversation another one's."""
    if "department_name" in session.path_params and conversation.department not in {None, named(session.path_params)}:
        raise Forbidden("This socket is for another department.", code="another_department")


def _file(session: Session, about: Media) -> int:
    """The file that a command names. Raises Invalid."""
    if (about.file_url is None) == (about.media_id is None):
        raise Invalid(
            "media: name the file by its file_url, or by its media_id.",
            code="bad_fields",
            details={"file_url": ["One of file_url and media_id."]},
        )
    if about.media_id is not None:
        return about.media_id
    found = session.services.links.media_id(about.file_url or "")
    if found is None:
        raise Invalid(
            "There is no such file to send.",
            code="no_such_file",
            details={"file_url": ["No address of an uploaded file."]},
        )
    return found


def _department(field: str, name: str) -> Department:
    department = Department.named(name)
    if department is None:
        raise Invalid("There is no such department.", code="bad_fields", details={field: ["No department."]})
    return department
