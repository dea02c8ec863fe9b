"""Messages as they are written and read; what became of those that left is in ``statuses.py``."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    RowMapping,
    Select,
    any_,
    case,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.types import DeliveryStatus, MediaState, MessageOrigin, MessageType, SenderType
from app.core.views import ChatRef, MediaView, MessageView
from app.models import Chat, Conversation, Media, Message
from app.store.conversations import ChatAccount, chat_columns, with_chat
from app.store.saving import reserve, told


class NewMedia(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the provider still holds. ``stay_id`` marks it as a document of that stay."""

    provider_id: str
    stay_id: int | None = None
    state: MediaState = MediaState.PENDING
    deleted_at: datetime | None = None
    mime_type: str | None = None
    filename: str | None = None
    sha256: str | None = None
    voice: bool = False


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    hotel_id: int
    conversation_id: int
    channel_id: int
    chat: ChatRef | None = None
    sender_type: SenderType
    origin: MessageOrigin
    sender_name: str
    content: str
    type: MessageType = MessageType.TEXT
    media: NewMedia | None = None
    staff_user_id: int | None = None
    external_id: str | None = None
    client_message_id: UUID | None = None
    reply_to_id: int | None = None
    is_note: bool = False
    extra: dict[str, Any] = {}
    delivery_status: DeliveryStatus | None = None
    delivery_error: str | None = None
    delivery_error_code: int | None = None
    edited_at: datetime | None = None
    revoked_at: datetime | None = None
    provider_timestamp: datetime | None = None
    created_at: datetime


_MESSAGE = (
    Message.id,
    Message.conversation_id,
    Message.sender_type,
    Message.sender_name,
    Message.staff_user_id,
    Message.origin,
    Message.type,
    Message.content,
    Message.delivery_status,
    Message.delivery_error,
    Message.delivery_error_code,
    Message.extra.label("details"),
    Message.reply_to_id,
    Message.is_note,
    Message.edited_at,
    Message.revoked_at,
    Message.read_at,
    Message.client_message_id,
    Message.created_at,
    Message.provider_timestamp,
)
_MEDIA = (
    Media.id,
    Media.state,
    Media.mime_type,
    Media.filename,
    Media.size,
    Media.width,
    Media.height,
    Media.voice,
    Media.thumbnail_key.is_not(None).label("has_thumbnail"),
    Media.stay_id.is_not(None).label("restricted"),
    Media.error,
)
_FILE = "file_"


class MessageStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, message: NewMessage) -> MessageView | None:
        """The stored message, with its file; None where the provider's or the client's id is already taken."""
        values = _row(message)
        file = message.media
        rows = await self._connection.execute(
            upsert(Message).values(**values).on_conflict_do_nothing().returning(*_MESSAGE)
        )
        row = rows.mappings().one_or_none()
        if row is None:
            return None
        media = await self._add_media(message, file, row["id"]) if file else None
        return MessageView(**row, chat=message.chat, media=media)

    async def reserve(self, messages: int, files: int) -> tuple[list[int], list[int]]:
        """The ids of so many messages and files to come."""
        return await reserve(self._connection, Message, messages), await reserve(self._connection, Media, files)

    async def add_many(self, messages: Sequence[tuple[MessageView, NewMessage]]) -> None:
        """Store messages under the ids that their views have. An id of the provider that is taken is an error."""
        rows = []
        files = []
        for view, message in messages:
            row, file = _row(message), message.media
            rows.append({"id": view.id, **row})
            if file is not None and view.media is not None:
                owner = {name: row[name] for name in ("hotel_id", "channel_id")}
                due = {"message_id": view.id, "next_attempt_at": message.created_at}
                files.append({"id": view.media.id, **owner, **due, **msgspec.structs.asdict(file)})
        await self._connection.execute(insert(Message), rows)
        if files:
            await self._connection.execute(insert(Media), files)

    async def get(self, message_id: int) -> MessageView | None:
        return await self._one(Message.id == message_id)

    async def _add_media(self, message: NewMessage, file: NewMedia, message_id: int) -> MediaView:
        rows = await self._connection.execute(
            insert(Media)
            .values(
                hotel_id=message.hotel_id,
                channel_id=message.channel_id,
                message_id=message_id,
                next_attempt_at=message.created_at,
                **msgspec.structs.asdict(file),
            )
            .returning(*_MEDIA)
        )
        return MediaView(**rows.mappings().one())

    async def by_client_id(self, staff_user_id: int, client_message_id: UUID) -> MessageView | None:
        return await self._one(Message.staff_user_id == staff_user_id, Message.client_message_id == client_message_id)

    async def by_guests_client_id(self, hotel_id: int, client_message_id: UUID) -> MessageView | None:
        """The message that a guest's client has named so, of whichever guest of the hotel."""
        return await self._one(
            Message.hotel_id == hotel_id,
            Message.client_message_id == client_message_id,
            Message.staff_user_id.is_(None),
        )

    async def parts_of(self, first: MessageView) -> list[int]:
        """The ids of the messages that a long text of staff was sent as, this first one's included."""
        rows = await self._connection.scalars(
            select(Message.id)
            .where(
                Message.conversation_id == first.conversation_id,
                Message.id >= first.id,
                or_(Message.id == first.id, Message.extra["part_of"].astext == str(first.id)),
            )
            .order_by(Message.id)
        )
        return list(rows)

    async def is_known_outside(self, message_id: int) -> bool:
        """Whether the provider of the conversation's channel knows this message: it can be quoted, and reacted to."""
        known = select(Message.id).where(Message.id == message_id, Message.external_id.is_not(None), is_of_channel())
        return await self._connection.scalar(known) is not None

    async def newest_of_guest(self, conversation_id: int) -> str | None:
        """The id of the guest's newest message that the provider of the conversation's channel knows."""
        external_id: str | None = await self._connection.scalar(_newest_of_guest(conversation_id))
        return external_id

    async def places(self, channel_id: int, external_ids: Collection[str]) -> dict[str, tuple[int, int]]:
        """Where these provider ids stand: ``{external id: (message id, conversation id)}``."""
        rows = await self._connection.execute(
            select(Message.external_id, Message.id, Message.conversation_id).where(
                Message.channel_id == channel_id, Message.external_id == any_(_texts(external_ids))
            )
        )
        return {row.external_id: (row.id, row.conversation_id) for row in rows}

    async def last_home(self, channel_id: int, conversation_ids: Collection[int]) -> int | None:
        """In which of these conversations the newest message stands that came or left by this channel."""
        found: int | None = await self._connection.scalar(
            select(Message.conversation_id)
            .where(
                Message.conversation_id.in_(list(conversation_ids)),
                Message.channel_id == channel_id,
                Message.is_note.is_(False),
            )
            .order_by(Message.id.desc())
            .limit(1)
        )
        return found

    async def of_conversation(
        self, conversation_id: int, *, before: int | None = None, limit: int, said: bool = False
    ) -> list[MessageView]:
        """The newest ``limit`` messages, those older than ``before`` where given; the oldest of them first. ``said``:
        only what guest and hotel have said to each other, neither notes nor reactions."""
        statement = _view().where(Message.conversation_id == conversation_id)
        if said:
            statement = statement.where(*is_said())
        if before is not None:
            statement = statement.where(Message.id < before)
        rows = await self._connection.execute(statement.order_by(Message.id.desc()).limit(limit))
        return [_to_view(row) for row in reversed(rows.mappings().all())]

    async def of_chat(
        self, chat_id: int, *, above: int, before: int | None, after: int | None, limit: int
    ) -> list[MessageView]:
        """The newest ``limit`` messages that a visitor reads in their chat, of those between ``after`` and ``before``
        where these are given, and behind ``above``; the newest first."""
        statement = _view().where(Message.chat_id == chat_id, *is_said(), Message.id > max(above, after or 0))
        if before is not None:
            statement = statement.where(Message.id < before)
        rows = await self._connection.execute(statement.order_by(Message.id.desc()).limit(limit))
        return [_to_view(row) for row in rows.mappings()]

    async def set_external_id(self, message_id: int, external_id: str) -> None:
        await self._connection.execute(update(Message).where(Message.id == message_id).values(external_id=external_id))

    async def set_external_ids(self, external_ids: Mapping[int, str]) -> None:
        """The provider's ids of messages, by ours: it has taken them, so what kept them back counts no longer."""
        new = told({"id": Message.id, "external_id": Message.external_id}, sorted(external_ids.items()))
        waits = Message.delivery_status == DeliveryStatus.QUEUED
        await self._connection.execute(
            update(Message)
            .where(Message.id == new.c.id)
            .values(
                external_id=new.c.external_id,
                delivery_error=case((waits, None), else_=Message.delivery_error),
                delivery_error_code=case((waits, None), else_=Message.delivery_error_code),
            )
        )

    async def _one(self, *where: Any) -> MessageView | None:
        rows = await self._connection.execute(_view().where(*where))
        row = rows.mappings().one_or_none()
        return _to_view(row) if row else None


def is_said() -> tuple[ColumnElement[bool], ...]:
    """The SQL of ``MessageView.is_said``."""
    return Message.is_note.is_(False), Message.type != MessageType.REACTION


def is_of_channel() -> ColumnElement[bool]:
    """The message came or left by the channel that its conversation is on now."""
    now = select(Conversation.channel_id).where(Conversation.id == Message.conversation_id).scalar_subquery()
    return Message.channel_id == now


def _newest_of_guest(conversation_id: int) -> Select[str | None]:
    return (
        select(Message.external_id)
        .where(
            Message.conversation_id == conversation_id,
            Message.sender_type == SenderType.GUEST,
            Message.type != MessageType.REACTION,
            Message.external_id.is_not(None),
            is_of_channel(),
        )
        .order_by(Message.id.desc())
        .limit(1)
    )


def _row(message: NewMessage) -> dict[str, Any]:
    """The message's own columns."""
    row = msgspec.structs.asdict(message)
    del row["media"], row["chat"]
    return {**row, "chat_id": None if message.chat is None else message.chat.id}


def _view() -> Select[*tuple[Any, ...]]:
    files = [column.label(f"{_FILE}{column.key}") for column in _MEDIA]
    return (
        select(*_MESSAGE, *files, *chat_columns)
        .outerjoin(Media, Media.message_id == Message.id)
        .outerjoin(Chat, Chat.id == Message.chat_id)
        .outerjoin(ChatAccount, ChatAccount.id == Chat.account_id)
    )


def _to_view(row: RowMapping) -> MessageView:
    fields = with_chat({name: value for name, value in row.items() if not name.startswith(_FILE)})
    file = {name.removeprefix(_FILE): value for name, value in row.items() if name.startswith(_FILE)}
    return MessageView(**fields, media=MediaView(**file) if file["id"] is not None else None)


def _texts(external_ids: Collection[str]) -> BindParameter[list[str]]:
    return literal(list(external_ids), ARRAY(TEXT))
