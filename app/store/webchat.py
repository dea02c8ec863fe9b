"""Visitors' sessions, their accounts and chats: how they are found, made, and locked."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, RowMapping, case, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.desk_views import DeskStatus
from app.core.types import ConversationStatus, Platform
from app.core.views import ChatRef, LastMessage
from app.core.webchat_views import ChatFilter, ChatItem
from app.models import Account, Channel, Chat, Conversation, EventRow, Message, VisitorSession
from app.store.messages import is_said
from app.store.statuses import is_unread

DEFAULT_NAME: Final = "My Chat"
"""Of the default chat, until its visitor names it; another's is its id."""


class ChatRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A chat as it stands. ``account`` is the account's id in contract 5."""

    id: int
    channel_id: int
    account_id: int
    account: str
    public_id: str
    title: str | None
    is_archived: bool
    cleared_up_to: int | None
    created_at: datetime

    @property
    def ref(self) -> ChatRef:
        return ChatRef(id=self.id, channel_id=self.channel_id, account=self.account, public_id=self.public_id)


class WebChatStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def running(self, keys: Collection[str]) -> set[str]:
        """Those of these visitors' sessions that have not ended; one of which nothing is known has not, either."""
        ended = select(VisitorSession.key).where(
            VisitorSession.key.in_(list(keys)), VisitorSession.ended_at.is_not(None)
        )
        return set(keys) - set(await self._connection.scalars(ended))

    async def hold_session(self, key: str) -> bool:
        """Note a visitor's session, and keep it from ending until the transaction does; False where it has ended."""
        new = upsert(VisitorSession).values(key=key)
        held = await self._connection.scalar(
            new.on_conflict_do_update(index_elements=[VisitorSession.key], set_={"key": new.excluded.key}).returning(
                VisitorSession.ended_at.is_(None)
            )
        )
        return bool(held)

    async def has_become(self, key: str, user_id: int) -> bool:
        """Whether the visitor of this key is this user, as whom they have signed in."""
        became = select(VisitorSession.key).where(VisitorSession.key == key, VisitorSession.user_id == user_id)
        return await self._connection.scalar(became) is not None

    async def has_signed_in(self, hotel_id: int, user_id: int, *, after: int) -> bool:
        """Whether a visitor has become this user after that number of the hotel's events."""
        key = func.split_part(EventRow.payload["account"].astext, "_", 3)  # webchat_guest_{key}
        became = (
            select(EventRow.seq)
            .join(VisitorSession, VisitorSession.key == key)
            .where(
                EventRow.hotel_id == hotel_id,
                EventRow.seq > after,
                EventRow.payload["type"].astext == "account.changed",
                VisitorSession.user_id == user_id,
            )
        )
        return bool(await self._connection.scalar(select(became.exists())))

    async def account(self, channel_id: int, address: str) -> int | None:
        """The id of the account of this name."""
        found: int | None = await self._connection.scalar(
            select(Account.id).where(Account.channel_id == channel_id, Account.address == address)
        )
        return found

    async def chat(self, channel_id: int, account: str, public_id: str) -> ChatRecord | None:
        """The account's chat that is, or once was, called so."""
        rows = await self._connection.execute(
            select(*_CHAT)
            .join(Account, Account.id == Chat.account_id)
            .where(
                Account.channel_id == channel_id,
                Account.address == account,
                or_(Chat.public_id == public_id, Chat.former_ids.contains([public_id])),
            )
            .order_by((Chat.public_id == public_id).desc())
            .limit(1)
        )
        row = rows.mappings().one_or_none()
        return ChatRecord(**row) if row else None

    async def chats(
        self, account: str, channel_ids: Collection[int], wanted: ChatFilter, *, limit: int, offset: int = 0
    ) -> list[ChatItem]:
        """The chats of an account on these channels that hold something which their visitor may read, the last active
        first: one statement."""
        rows = await self._connection.execute(
            _ITEMS.where(Account.address == account, Account.channel_id.in_(list(channel_ids)), *_wanted(wanted))
            .order_by(_last.c.id.desc())
            .limit(limit)
            .offset(offset)
        )
        return [_to_item(row) for row in rows.mappings()]

    async def item(self, chat_id: int) -> ChatItem:
        """One chat, as the list shows it, also where it holds nothing any more."""
        rows = await self._connection.execute(_ANY_ITEM.where(Chat.id == chat_id))
        return _to_item(rows.mappings().one())

    async def change(self, chat_id: int, at: datetime, **values: object) -> None:
        await self._connection.execute(update(Chat).where(Chat.id == chat_id).values(updated_at=at, **values))

    async def conversations_in(self, chat_id: int) -> list[int]:
        """The conversations that go on in a chat."""
        return list(await self._connection.scalars(select(Conversation.id).where(Conversation.chat_id == chat_id)))

    async def clear(self, chat_id: int, at: datetime) -> None:
        """Hide all that stands in a chat. Whoever writes there is locked."""
        newest = select(func.max(Message.id)).where(Message.chat_id == chat_id).scalar_subquery()
        await self.change(chat_id, at, cleared_up_to=func.greatest(Chat.cleared_up_to, newest))

    async def allows_origin(self, origin: str) -> bool:
        """Whether pages of this origin may show one of the web chats that are in use."""
        listed = Channel.config["allowed_origins"].contains([origin])
        found = select(Channel.id).where(Channel.platform == Platform.WEBCHAT, Channel.is_active, listed).limit(1)
        return await self._connection.scalar(found) is not None

    async def open_chat(self, hotel_id: int, channel_id: int, account_id: int, public_id: str) -> None:
        """Have the account have a chat of this name; of several at once one makes it. The account is locked."""
        new = upsert(Chat).values(
            hotel_id=hotel_id, channel_id=channel_id, account_id=account_id, public_id=public_id, created_at=func.now()
        )
        await self._connection.execute(new.on_conflict_do_nothing())


_CHAT = (
    Chat.id,
    Chat.channel_id,
    Chat.account_id,
    Account.address.label("account"),
    Chat.public_id,
    Chat.title,
    Chat.is_archived,
    Chat.cleared_up_to,
    Chat.created_at,
)

_shown = (*is_said(), Message.id > func.coalesce(Chat.cleared_up_to, 0))
_last = (
    select(
        Message.id,
        Message.content,
        Message.sender_type,
        Message.created_at,
        Conversation.status,
        Conversation.department,
    )
    .join(Conversation, Conversation.id == Message.conversation_id)
    .where(Message.chat_id == Chat.id, *_shown)
    .order_by(Message.id.desc())
    .limit(1)
    .correlate(Chat)
    .lateral("last")
)
_unread = (
    select(func.count())
    .select_from(Message)
    .where(Message.chat_id == Chat.id, *_shown, is_unread())
    .correlate(Chat)
    .scalar_subquery()
)
_name = func.coalesce(Chat.title, case((Chat.public_id == Account.address, DEFAULT_NAME), else_=Chat.public_id))
_status = case(
    (Chat.is_archived, DeskStatus.ARCHIVED.value),
    (_last.c.status == ConversationStatus.CLOSED, DeskStatus.CLOSED.value),
    else_=DeskStatus.ACTIVE.value,
)
_COLUMNS = (
    Chat.id,
    Chat.public_id,
    _name.label("name"),
    Chat.channel_id,
    _status.label("status"),
    _last.c.department,
    _unread.label("unread_count"),
    Chat.is_archived,
    Chat.created_at,
    _last.c.id.label("last_id"),
    _last.c.content,
    _last.c.sender_type,
    _last.c.created_at.label("at"),
)
_ITEMS = select(*_COLUMNS).join(Account, Account.id == Chat.account_id).join(_last, true())
_ANY_ITEM = select(*_COLUMNS).join(Account, Account.id == Chat.account_id).outerjoin(_last, true())


def _wanted(wanted: ChatFilter) -> list[ColumnElement[bool]]:
    """What a chat must be."""
    given = (
        (_status, wanted.status),
        (Chat.is_archived, wanted.is_archived),
        (_last.c.department, wanted.department),
        (_name, wanted.name),
    )
    return [column == value for column, value in given if value is not None]


def _to_item(row: RowMapping) -> ChatItem:
    fields = dict(row)
    last_id, content, sender, at = (fields.pop(name) for name in ("last_id", "content", "sender_type", "at"))
    last = None if last_id is None else LastMessage(id=last_id, content=content, sender_type=sender, at=at)
    return ChatItem(**fields | {"status": DeskStatus(fields["status"]), "last_message": last})
