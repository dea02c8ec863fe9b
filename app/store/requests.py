"""Visitors' requests: how far the processing of each message has come, and which is to be tried again."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import RowMapping, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.types import RequestStatus
from app.core.views import Page, RequestView, Stage
from app.models import Account, Chat, Conversation, Guest, Message, Request
from app.store.guests import Address

LONGEST_ERROR = 500


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a try has made of a request."""

    guest_id: int
    status: RequestStatus
    category: str | None
    attempts: int
    error: str | None
    history: Sequence[Stage]
    next_attempt_at: datetime | None


class DueRequest(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    attempts: int


class RequestStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, hotel_id: int, message_id: int, standing: Standing, at: datetime) -> None:
        await self._connection.execute(
            insert(Request).values(
                hotel_id=hotel_id, message_id=message_id, created_at=at, updated_at=at, **_values(standing)
            )
        )

    async def get(self, request_id: int) -> RequestView | None:
        rows = await self._connection.execute(_viewed().where(Request.id == request_id))
        row = rows.mappings().one_or_none()
        return _to_view(row) if row else None

    async def lock(self, request_id: int) -> RequestView | None:
        """The same, its row locked until the transaction ends."""
        rows = await self._connection.execute(
            _viewed().where(Request.id == request_id).with_for_update(of=Request, key_share=True)
        )
        row = rows.mappings().one_or_none()
        return _to_view(row) if row else None

    async def lock_caller(self, message_id: int) -> Address | None:
        """Whose chat this message stands in, or where they have cleared it away by whose account its conversation goes
        on; the account locked. None where it became another's in this moment."""
        rows = await self._connection.execute(
            select(Account.channel_id, Account.address, Account.hotel_id)
            .select_from(Message)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .outerjoin(Chat, Chat.id == Message.chat_id)
            .join(Account, Account.id == func.coalesce(Chat.account_id, Conversation.account_id))
            .where(Message.id == message_id)
            .with_for_update(of=Account)
        )
        row = rows.one_or_none()
        return Address(channel_id=row.channel_id, address=row.address, hotel_id=row.hotel_id) if row else None

    async def is_passed(self, conversation_id: int, message_id: int) -> bool:
        """Whether a later message of the visitor in this conversation has been processed already."""
        later = (
            select(Request.id)
            .join(Message, Message.id == Request.message_id)
            .where(
                Message.conversation_id == conversation_id,
                Message.id > message_id,
                Request.status == RequestStatus.COMPLETED,
            )
        )
        return bool(await self._connection.scalar(select(later.exists())))

    async def save(self, request_id: int, standing: Standing, at: datetime) -> None:
        await self._connection.execute(
            update(Request).where(Request.id == request_id).values(updated_at=at, **_values(standing))
        )

    async def next_due(self, now: datetime) -> DueRequest | None:
        """The failed one that has waited longest for another try, locked; another worker passes it by."""
        rows = await self._connection.execute(
            select(Request.id, Request.attempts)
            .where(Request.next_attempt_at <= now)
            .order_by(Request.next_attempt_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = rows.mappings().one_or_none()
        return DueRequest(**row) if row else None

    async def postpone(self, request_id: int, *, attempts: int, next_attempt_at: datetime | None) -> None:
        """It is being tried for the so-maniest time. None: no more."""
        await self._connection.execute(
            update(Request).where(Request.id == request_id).values(attempts=attempts, next_attempt_at=next_attempt_at)
        )

    async def page(
        self, hotel_id: int, statuses: Collection[RequestStatus], *, limit: int, offset: int
    ) -> Page[RequestView]:
        """A hotel's, in these statuses or in any, the newest first."""
        where = [Request.hotel_id == hotel_id]
        if statuses:
            where.append(Request.status.in_(sorted(statuses)))
        count = select(func.count()).select_from(Request).where(*where).scalar_subquery()
        rows = await self._connection.execute(
            _viewed(count.label("count")).where(*where).order_by(Request.id.desc()).limit(limit).offset(offset)
        )
        found = rows.mappings().all()
        return Page([_to_view(row) for row in found], found[0]["count"] if found else 0)


def _viewed(*more: Any) -> Select[*tuple[Any, ...]]:
    elsewhere = {"conversation_id", "chat", "guest_name"}
    own = [Request.__table__.c[name] for name in RequestView.__struct_fields__ if name not in elsewhere]
    found: Select[*tuple[Any, ...]] = select(
        *own, Message.conversation_id, Chat.public_id.label("chat"), Guest.full_name.label("guest_name"), *more
    )
    return (
        found.join(Message, Message.id == Request.message_id)
        .outerjoin(Chat, Chat.id == Message.chat_id)
        .outerjoin(Guest, Guest.id == Request.guest_id)
    )


def _to_view(row: RowMapping) -> RequestView:
    fields = {name: row[name] for name in RequestView.__struct_fields__}
    return RequestView(**{**fields, "history": msgspec.convert(fields["history"], tuple[Stage, ...])})


def _values(standing: Standing) -> dict[str, Any]:
    fields = {name: getattr(standing, name) for name in Standing.__struct_fields__}
    error = standing.error[:LONGEST_ERROR] if standing.error else None
    return {**fields, "error": error, "history": [msgspec.to_builtins(each) for each in standing.history]}
