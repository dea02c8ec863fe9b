"""Conversations as they are read: by one, by stay, in lists. Nothing here is locked."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.principal import Scope
from app.core.types import ConversationStatus
from app.core.views import ConversationRef, ConversationView, LastMessage, Page
from app.models import Conversation
from app.store.conversations import closing, columns, with_chat


class ConversationViews:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, conversation_id: int) -> ConversationView | None:
        found = await self._connection.execute(viewed().where(Conversation.id == conversation_id))
        row = found.mappings().one_or_none()
        return _to_view(dict(row)) if row else None

    async def of_stay(self, hotel_id: int, stay_id: int) -> list[ConversationView]:
        """Every conversation of a stay, closed ones too, the newest first."""
        rows = await self._connection.execute(
            viewed()
            .where(Conversation.hotel_id == hotel_id, Conversation.stay_id == stay_id)
            .order_by(Conversation.id.desc())
        )
        return [_to_view(dict(row)) for row in rows.mappings()]

    async def refs(self, conversation_ids: Collection[int]) -> dict[int, ConversationRef]:
        """How events carry these conversations, by id."""
        found = await self._connection.execute(viewed().where(Conversation.id.in_(list(conversation_ids))))
        return {row["id"]: _to_view(dict(row)).as_ref() for row in found.mappings()}

    async def list_page(
        self, scope: Scope, statuses: Sequence[ConversationStatus], *, limit: int, offset: int
    ) -> Page[ConversationView]:
        """What ``scope`` sees in these statuses, the last active first: one statement, whatever its length."""
        where = and_(in_scope(scope), Conversation.status.in_(statuses))
        count = select(func.count()).select_from(Conversation).where(where).scalar_subquery()
        rows = await self._connection.execute(
            viewed()
            .add_columns(count.label("count"))
            .where(where)
            .order_by(Conversation.last_activity_at.desc(), Conversation.id.desc())
            .limit(limit)
            .offset(offset)
        )
        found = [dict(row) for row in rows.mappings()]
        total = found[0]["count"] if found else 0
        return Page([_to_view(row) for row in found], total)


def in_scope(scope: Scope) -> ColumnElement[bool]:
    """The SQL of ``Scope.covers``."""
    mine = Conversation.hotel_id == scope.hotel_id
    if scope.departments is None:
        return mine
    return and_(mine, or_(Conversation.department.is_(None), Conversation.department.in_(sorted(scope.departments))))


def viewed(*more: Any) -> Select[*tuple[Any, ...]]:
    """The columns of a view, and these."""
    return columns(Conversation.updated_at, *more)


def view_fields(row: dict[str, Any]) -> dict[str, Any]:
    """The fields of a view, of a row by ``viewed``; what it has besides stays as it is."""
    last_id = row.pop("last_message_id")
    content, sender, at = (row.pop(f"last_message_{part}") for part in ("preview", "sender", "at"))
    last = None if last_id is None else LastMessage(id=last_id, content=content, sender_type=sender, at=at)
    closes_at = closing(row["platform"], row.pop("window_opened_at"))
    return {**with_chat(row), "last_message": last, "last_message_preview": content, "window_closes_at": closes_at}


def _to_view(row: dict[str, Any]) -> ConversationView:
    row.pop("count", None)
    return ConversationView(**view_fields(row))
