"""What moves when an account of a web chat becomes another guest's, or a visitor's becomes a user's.

Everything here is called with the accounts, the guests and their conversations locked.
"""

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.types import Platform
from app.models import (
    Account,
    Channel,
    Chat,
    Conversation,
    Guest,
    GuestIdentity,
    GuestLink,
    GuestSession,
    Message,
    Request,
    Stay,
    User,
    VisitorSession,
)


class WebChannel(msgspec.Struct, frozen=True, kw_only=True):
    """A web chat of a hotel's, in use or not."""

    id: int
    is_active: bool


class OwnChat(msgspec.Struct, frozen=True, kw_only=True):
    """A chat with all that counts when it becomes another account's."""

    id: int
    channel_id: int
    account_id: int
    public_id: str
    former_ids: list[str]
    title: str | None
    is_archived: bool
    cleared_up_to: int | None

    @property
    def names(self) -> set[str]:
        """All that leads to it."""
        return {self.public_id, *self.former_ids}


class JoiningStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def web_channels(self, hotel_id: int) -> list[WebChannel]:
        """The hotel's web chats, the oldest first."""
        rows = await self._connection.execute(
            select(Channel.id, Channel.is_active)
            .where(Channel.hotel_id == hotel_id, Channel.platform == Platform.WEBCHAT)
            .order_by(Channel.id)
        )
        return [WebChannel(**row) for row in rows.mappings()]

    async def hotel_of(self, guest_id: int) -> int:
        found = await self._connection.execute(select(Guest.hotel_id).where(Guest.id == guest_id))
        return found.scalar_one()

    async def channels_with(self, address: str, channel_ids: Collection[int]) -> set[int]:
        """Those of these channels that have an account of this name. Not locked."""
        found = await self._connection.scalars(
            select(Account.channel_id).where(Account.channel_id.in_(list(channel_ids)), Account.address == address)
        )
        return set(found)

    async def end_session(self, key: str, *, user_id: int, at: datetime) -> None:
        """A visitor's session, which is held, opens nothing from then on: who they are is this user."""
        await self._connection.execute(
            update(VisitorSession).where(VisitorSession.key == key).values(user_id=user_id, ended_at=at)
        )

    # Chats

    async def chats_of(self, account_ids: Collection[int]) -> list[OwnChat]:
        """The oldest first."""
        rows = await self._connection.execute(
            select(*(getattr(Chat, name) for name in OwnChat.__struct_fields__))
            .where(Chat.account_id.in_(list(account_ids)))
            .order_by(Chat.id)
        )
        return [OwnChat(**row) for row in rows.mappings()]

    async def hand_chat(self, chat: OwnChat, account_id: int, public_id: str) -> None:
        """Have a chat be this account's, by this name; its old one leads to it."""
        former = sorted(chat.names - {public_id})
        await self._connection.execute(
            update(Chat)
            .where(Chat.id == chat.id)
            .values(account_id=account_id, public_id=public_id, former_ids=former, updated_at=func.now())
        )

    async def merge_chat(self, chat: OwnChat, into: OwnChat) -> None:
        """Have what stands in a chat stand in another one; no conversation goes on in it any more.

        What its visitor has cleared from either stands in no chat from then on: by one mark for both it would show
        again, or hide what was not cleared.
        """
        if chat.cleared_up_to is not None or into.cleared_up_to is not None:
            for each in (chat, into):
                await self._connection.execute(
                    update(Message)
                    .where(Message.chat_id == each.id, Message.id <= (each.cleared_up_to or 0))
                    .values(chat_id=None)
                )
        await self._connection.execute(update(Message).where(Message.chat_id == chat.id).values(chat_id=into.id))
        await self._connection.execute(delete(Chat).where(Chat.id == chat.id))
        known = await self._connection.scalar(select(Chat.former_ids).where(Chat.id == into.id))
        await self._connection.execute(
            update(Chat)
            .where(Chat.id == into.id)
            .values(
                former_ids=sorted({*(known or ()), *chat.names} - {into.public_id}),
                title=into.title or chat.title,
                is_archived=into.is_archived and chat.is_archived,
                cleared_up_to=None,
                updated_at=func.now(),
            )
        )

    # Accounts and guests

    async def hand_requests(self, chat_ids: Collection[int], conversation_ids: Collection[int], guest_id: int) -> None:
        """The requests of what was written in these chats are this guest's, and of what stands in these conversations
        and in no chat any more."""
        in_none = and_(Message.conversation_id.in_(list(conversation_ids)), Message.chat_id.is_(None))
        written = select(Message.id).where(or_(Message.chat_id.in_(list(chat_ids)), in_none))
        await self._connection.execute(
            update(Request).where(Request.message_id.in_(written)).values(guest_id=guest_id, updated_at=func.now())
        )

    async def remove_account(self, account_id: int, into_id: int) -> None:
        """An account that nothing belongs to any more: when its visitor last wrote counts for the other one."""
        gone = select(Account.last_inbound_at).where(Account.id == account_id).scalar_subquery()
        await self._connection.execute(
            update(Account)
            .where(Account.id == into_id)
            .values(last_inbound_at=func.greatest(Account.last_inbound_at, gone))
        )
        await self._connection.execute(delete(Account).where(Account.id == account_id))

    async def remove_guests(self, guest_ids: Collection[int]) -> None:
        """Those of these records that nothing refers to, and that know no more of anybody than a name."""
        refers = [
            exists().where(column == Guest.id)
            for column in (
                Account.guest_id,
                Conversation.guest_id,
                Request.guest_id,
                GuestIdentity.guest_id,
                Stay.guest_id,
                GuestLink.guest_id,
                GuestSession.guest_id,
                User.guest_id,
            )
        ]
        said = (Guest.phone, Guest.email, Guest.date_of_birth, Guest.nationality)
        knows = or_(*(column.is_not(None) for column in said))
        await self._connection.execute(delete(Guest).where(Guest.id.in_(list(guest_ids)), ~knows, ~or_(*refers)))
