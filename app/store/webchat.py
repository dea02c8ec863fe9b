"""Visitors' sessions, their accounts and chats: how they are found, made, and locked."""

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.views import ChatRef
from app.models import Account, Chat, VisitorSession


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
