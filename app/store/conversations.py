"""Conversations as a transaction changes them: locked, in the order of their ids. Reading is in
``conversation_views.py``."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Result,
    RowMapping,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.core.types import ConversationStatus, Department, Platform, SenderType
from app.core.views import ChatRef, ConversationRef
from app.models import Account, Channel, Chat, Conversation, Guest, Stay, User
from app.store.saving import told

PREVIEW_LENGTH = 200

name_of_user = func.coalesce(func.nullif(func.trim(User.first_name + " " + User.last_name), ""), User.username)
"""The SQL of ``core/profile.py`` ``full_name``."""


ChatAccount = aliased(Account)
_CHAT = "chat_"
chat_columns = (
    Chat.id.label(f"{_CHAT}id"),
    Chat.channel_id.label(f"{_CHAT}channel_id"),
    ChatAccount.address.label(f"{_CHAT}account"),
    Chat.public_id.label(f"{_CHAT}public_id"),
)
"""Of a statement that joins Chat and ChatAccount: what ``with_chat`` makes a chat of."""


class ConversationState(msgspec.Struct, kw_only=True):
    """A conversation whose row this transaction has locked. Change the fields, then ``save`` it."""

    id: int
    hotel_id: int
    guest_id: int
    guest_name: str
    guest_phone: str | None
    guest_language: str | None
    stay_id: int | None
    room_number: str | None
    floor: int | None
    channel_id: int
    platform: Platform
    account_id: int
    address: str
    chat: ChatRef | None
    is_group: bool
    window_opened_at: datetime | None
    status: ConversationStatus
    department: Department | None
    assignee_id: int | None
    assignee_name: str | None
    conversation_type: str
    priority: int
    is_archived: bool
    created_at: datetime
    flow_name: str | None
    current_step: str | None
    context_data: dict[str, Any]
    last_message_id: int | None
    last_message_preview: str | None
    last_message_sender: SenderType | None
    last_message_at: datetime | None
    last_staff_message_at: datetime | None
    relayed_at: datetime | None
    waiting_since: datetime | None
    closed_at: datetime | None

    @property
    def window_closes_at(self) -> datetime | None:
        return closing(self.platform, self.window_opened_at)

    @property
    def chat_id(self) -> int | None:
        return None if self.chat is None else self.chat.id

    @property
    def place(self) -> tuple[int, int | None]:
        """Where its guest writes and reads: the channel, and which chat of a web chat's."""
        return self.channel_id, self.chat_id

    def move_to(
        self, channel_id: int, platform: Platform, account_id: int, address: str, chat: ChatRef | None = None
    ) -> None:
        """Have it go on by another account of its guest's, which is locked, on another channel, or in another chat.
        When they last wrote from there is for the caller to say."""
        self.channel_id, self.platform = channel_id, platform
        self.account_id, self.address, self.chat = account_id, address, chat
        self.window_opened_at = None

    def ref(self) -> ConversationRef:
        """How events carry it, as it stands at this moment."""
        return ConversationRef(**{name: getattr(self, name) for name in ConversationRef.__struct_fields__})

    def note_message(self, message_id: int, content: str, sender: SenderType, at: datetime) -> bool:
        """Keep the newest message on the row, and answer whether this is it: one that is taken late, at another try,
        is not."""
        if self.last_message_at is not None and at < self.last_message_at:
            return False
        self.last_message_id = message_id
        self.last_message_preview = content[:PREVIEW_LENGTH]
        self.last_message_sender = sender
        self.last_message_at = at
        return True

    def note_correction(self, content: str) -> None:
        """The newest message reads otherwise now."""
        self.last_message_preview = content[:PREVIEW_LENGTH]


_SAVED = (
    "guest_id",
    "stay_id",
    "channel_id",
    "account_id",
    "chat_id",
    "status",
    "department",
    "assignee_id",
    "priority",
    "flow_name",
    "current_step",
    "context_data",
    "last_message_id",
    "last_message_preview",
    "last_message_sender",
    "last_message_at",
    "is_archived",
    "last_staff_message_at",
    "relayed_at",
    "waiting_since",
    "closed_at",
)


def _saved(name: str) -> BindParameter[Any]:
    return bindparam(f"saved_{name}", type_=Conversation.__table__.c[name].type)


_SAVE = (
    update(Conversation)
    .where(Conversation.id == _saved("id"))
    .values(
        **{name: _saved(name) for name in _SAVED},
        last_activity_at=func.coalesce(_saved("last_message_at"), Conversation.last_activity_at),
        updated_at=func.now(),
    )
)


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation to be had: the guest's open one for this department, or a new one."""

    hotel_id: int
    guest_id: int
    channel_id: int
    account_id: int
    chat_id: int | None = None
    stay_id: int | None
    status: ConversationStatus
    department: Department | None = None


class ConversationStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self, conversation_id: int) -> ConversationState | None:
        """One conversation, its row locked until the transaction ends."""
        found = await self._lock(Conversation.id == conversation_id)
        return found[0] if found else None

    async def lock_with_open(self, conversation_id: int) -> list[ConversationState]:
        """One conversation and all open ones of its guest, locked in id order, as everybody locks them."""
        guest = select(Conversation.guest_id).where(Conversation.id == conversation_id).scalar_subquery()
        return await self._lock(
            or_(
                Conversation.id == conversation_id,
                and_(Conversation.guest_id == guest, Conversation.status != ConversationStatus.CLOSED),
            )
        )

    async def lock_open(self, guest_ids: Collection[int]) -> list[ConversationState]:
        """All open conversations of these guests, locked in id order."""
        return await self._lock(
            Conversation.guest_id.in_(list(guest_ids)), Conversation.status != ConversationStatus.CLOSED
        )

    async def lock_many(self, conversation_ids: Collection[int]) -> list[ConversationState]:
        """These conversations, open or closed, locked in id order."""
        return await self._lock(Conversation.id.in_(list(conversation_ids)))

    async def lock_of(self, account_ids: Collection[int], guest_ids: Collection[int]) -> list[ConversationState]:
        """Every conversation of these accounts, and the open ones of these guests, locked in id order."""
        return await self._lock(
            or_(
                Conversation.account_id.in_(list(account_ids)),
                and_(Conversation.guest_id.in_(list(guest_ids)), Conversation.status != ConversationStatus.CLOSED),
            )
        )

    async def newest_of(self, guest_id: int, channel_id: int) -> ConversationState | None:
        """The guest's last conversation on a channel, open or closed, locked."""
        newest = (
            select(func.max(Conversation.id))
            .where(Conversation.guest_id == guest_id, Conversation.channel_id == channel_id)
            .scalar_subquery()
        )
        found = await self._lock(Conversation.id == newest)
        return found[0] if found else None

    async def move_account(self, old_id: int, new_id: int) -> None:
        """Have a guest's conversations go on by another account of theirs; closed ones may be opened again."""
        await self._connection.execute(
            update(Conversation)
            .where(Conversation.account_id == old_id)
            .values(account_id=new_id, updated_at=func.now())
        )

    async def open(
        self,
        *,
        hotel_id: int,
        guest_id: int,
        channel_id: int,
        account_id: int,
        stay_id: int | None,
        status: ConversationStatus,
        department: Department | None = None,
    ) -> tuple[ConversationState, bool]:
        """The guest's open conversation on this channel for this department, locked; True where it was made now."""
        wanted = Opening(
            hotel_id=hotel_id,
            guest_id=guest_id,
            channel_id=channel_id,
            account_id=account_id,
            stay_id=stay_id,
            status=status,
            department=department,
        )
        return (await self.open_many([wanted]))[0]

    async def open_many(self, openings: Sequence[Opening]) -> list[tuple[ConversationState, bool]]:
        """The same for several guests, in id order."""
        columns = {name: getattr(Conversation, name) for name in Opening.__struct_fields__}
        wanted = told(columns, [msgspec.structs.astuple(each) for each in openings])
        statement = upsert(Conversation).from_select(list(columns), select(*wanted.c))
        found: Result[int, bool] = await self._connection.execute(
            statement.on_conflict_do_update(
                # In the index's own words: parameters match it no more once PostgreSQL plans for any values of them.
                index_elements=[
                    Conversation.guest_id,
                    Conversation.channel_id,
                    text("coalesce(chat_id, 0)"),
                    text("coalesce(department, '')"),
                ],
                index_where=text("status <> 'closed'"),
                set_={"updated_at": func.now()},
            ).returning(Conversation.id, literal_column("xmax = 0").label("is_new"))
        )
        is_new = {row[0]: row[1] for row in found}
        return [(state, is_new[state.id]) for state in await self.lock_many(is_new)]

    async def save(self, state: ConversationState) -> None:
        """Write back what may have changed."""
        await self.save_many([state])

    async def save_many(self, states: Sequence[ConversationState]) -> None:
        """The same for several."""
        await self._connection.execute(
            _SAVE, [{f"saved_{name}": getattr(each, name) for name in ("id", *_SAVED)} for each in states]
        )

    async def claim_typing(self, conversation_id: int, at: datetime, *, every: timedelta) -> bool:
        """Whether the guest may be shown now that staff are typing; the next time only after ``every``."""
        done = await self._connection.execute(
            update(Conversation)
            .where(
                Conversation.id == conversation_id,
                or_(Conversation.typing_shown_at.is_(None), Conversation.typing_shown_at <= at - every),
            )
            .values(typing_shown_at=at)
        )
        return done.rowcount == 1

    async def _lock(self, *where: ColumnElement[bool]) -> list[ConversationState]:
        # First the rows, then what they refer to. In one statement PostgreSQL would look at accounts, channels and
        # stays as they were when it began to wait for the lock: one that was made, or changed, meanwhile is not seen.
        ids = (
            await self._connection.scalars(
                select(Conversation.id).where(*where).order_by(Conversation.id).with_for_update()
            )
        ).all()
        if not ids:
            return []
        rows = await self._connection.execute(
            columns(
                Guest.language.label("guest_language"),
                Conversation.channel_id,
                Conversation.account_id,
                Account.address,
                Account.is_group,
                Conversation.flow_name,
                Conversation.last_staff_message_at,
                Conversation.relayed_at,
                Conversation.waiting_since,
                Conversation.closed_at,
            )
            .where(Conversation.id.in_(ids))
            .order_by(Conversation.id)
        )
        return [ConversationState(**with_chat(row)) for row in rows.mappings()]


def columns(*more: Any) -> Select[*tuple[Any, ...]]:
    """What a locked conversation and a view of one have in common, and these."""
    found: Select[*tuple[Any, ...]] = select(
        Conversation.id,
        Conversation.hotel_id,
        Conversation.stay_id,
        Conversation.guest_id,
        Guest.full_name.label("guest_name"),
        Guest.phone.label("guest_phone"),
        Channel.platform,
        Conversation.status,
        Conversation.department,
        Conversation.assignee_id,
        select(name_of_user).where(User.id == Conversation.assignee_id).scalar_subquery().label("assignee_name"),
        Conversation.conversation_type,
        Conversation.priority,
        Conversation.is_archived,
        Conversation.current_step,
        Conversation.context_data,
        Conversation.created_at,
        Conversation.last_message_id,
        Conversation.last_message_preview,
        Conversation.last_message_sender,
        Conversation.last_message_at,
        Stay.room_number,
        Stay.floor,
        Account.last_inbound_at.label("window_opened_at"),
        *chat_columns,
        *more,
    )
    return (
        found.join(Guest, Guest.id == Conversation.guest_id)
        .join(Channel, Channel.id == Conversation.channel_id)
        .join(Account, Account.id == Conversation.account_id)
        .outerjoin(Chat, Chat.id == Conversation.chat_id)
        .outerjoin(ChatAccount, ChatAccount.id == Chat.account_id)
        .outerjoin(Stay, Stay.id == Conversation.stay_id)
    )


def with_chat(row: Mapping[str, Any] | RowMapping) -> dict[str, Any]:
    """A row by ``chat_columns``, with the chat made of them."""
    fields = dict(row)
    named = {name: fields.pop(f"{_CHAT}{name}") for name in ChatRef.__struct_fields__}
    return {**fields, "chat": None if named["id"] is None else ChatRef(**named)}


def closing(platform: Platform, opened_at: datetime | None) -> datetime | None:
    return None if platform.window is None or opened_at is None else opened_at + platform.window
