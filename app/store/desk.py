"""Conversations as the staff's desk lists, finds and shows them. Nothing here is locked."""

import re
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, literal_column, not_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.desk_views import DeskFilter, DeskItem, DeskStatus, ParticipantView
from app.core.phones import digits
from app.core.principal import Scope
from app.core.types import ConversationStatus, MessageType
from app.core.views import Page
from app.models import Conversation, Guest, Hotel, Message, Participant, Stay, User
from app.store.conversation_views import in_scope, view_fields, viewed
from app.store.conversations import PREVIEW_LENGTH, name_of_user
from app.store.searching import pattern_of

_BETWEEN: Final = "\x1f"  # parts one place from the next: no search has it, nor is it a space to PostgreSQL
_LIKE_A_NUMBER: Final = re.compile(r"[\s().+\-/]*\d[\d\s().+\-/]*")
_TRUNK: Final = re.compile(r"\A0+(?=[0-9]{5})")  # as one dials it


class DeskStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def page(self, scope: Scope, wanted: DeskFilter, *, limit: int, offset: int) -> Page[DeskItem]:
        """What ``scope`` sees of what is wanted, the last active first: one statement, whatever its length."""
        chosen = (
            select(Conversation.id, func.count().over().label("count"))
            .where(in_scope(scope), *_where(wanted))
            .order_by(*_NEWEST_FIRST)
            .limit(limit)
            .offset(offset)
        )
        if wanted.search.strip():
            chosen = _found(chosen, wanted.search)
        page = chosen.subquery()
        rows = await self._connection.execute(
            _items(page.c.count).join(page, page.c.id == Conversation.id).order_by(*_NEWEST_FIRST)
        )
        found = [dict(row) for row in rows.mappings()]
        counts = [row.pop("count") for row in found]
        return Page([_to_item(row) for row in found], counts[0] if counts else 0)

    async def item(self, conversation_id: int) -> DeskItem | None:
        rows = await self._connection.execute(_items().where(Conversation.id == conversation_id))
        row = rows.mappings().one_or_none()
        return _to_item(dict(row)) if row else None

    async def participants(self, conversation_id: int) -> list[ParticipantView]:
        """In the order in which they joined."""
        rows = await self._connection.execute(
            select(
                Participant.user_id,
                name_of_user.label("name"),
                Participant.is_active,
                Participant.last_read_message_id,
                Participant.last_read_at,
            )
            .join(User, User.id == Participant.user_id)
            .where(Participant.conversation_id == conversation_id)
            .order_by(Participant.id)
        )
        return [ParticipantView(**row) for row in rows.mappings()]


_NEWEST_FIRST: Final = Conversation.last_activity_at.desc(), Conversation.id.desc()


def _items(*more: Any) -> Select[*tuple[Any, ...]]:
    # In the partial index's own words: parameters match it no more once PostgreSQL plans for any values of them.
    unread = (
        select(func.count())
        .select_from(Message)
        .where(
            Message.conversation_id == Conversation.id,
            Message.sender_type == literal_column("'guest'"),
            Message.read_at.is_(None),
            Message.type != MessageType.REACTION,
        )
        .scalar_subquery()
    )
    return viewed(
        Hotel.name.label("hotel_name"),
        Hotel.reply_minutes,
        Guest.email.label("guest_email"),
        Guest.date_of_birth,
        Guest.nationality,
        Stay.status.label("stay_status"),
        Conversation.waiting_since,
        unread.label("unread_count"),
        *more,
    ).join(Hotel, Hotel.id == Conversation.hotel_id)


def _to_item(row: dict[str, Any]) -> DeskItem:
    within, since = timedelta(minutes=row.pop("reply_minutes")), row["waiting_since"]
    return DeskItem(**view_fields(row), reply_due_at=since and since + within)


def _where(wanted: DeskFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if wanted.statuses:
        where.append(or_(*(_IN_STATUS[each] for each in wanted.statuses)))
    if wanted.department is not None:
        where.append(Conversation.department == wanted.department)
    return where


_IS_CLOSED: Final = Conversation.status == ConversationStatus.CLOSED
_IN_STATUS: Final = {
    DeskStatus.ACTIVE: and_(not_(_IS_CLOSED), not_(Conversation.is_archived)),
    DeskStatus.CLOSED: and_(_IS_CLOSED, not_(Conversation.is_archived)),
    DeskStatus.ARCHIVED: Conversation.is_archived.is_(true()),
}


def _found(chosen: Select[*tuple[Any, ...]], search: str) -> Select[*tuple[Any, ...]]:
    """Those in whose guest's name, room, mail, number or last message this stands; a number however it is written."""
    whole = select(Message.content).where(Message.id == Conversation.last_message_id).scalar_subquery()
    text = func.concat_ws(
        _BETWEEN,
        Guest.full_name,
        Stay.room_number,
        Guest.email,
        Guest.phone,
        Conversation.last_message_preview,
        case((func.length(Conversation.last_message_preview) == PREVIEW_LENGTH, whole)),
    )
    places = [text.regexp_match(pattern_of(search))]
    if _LIKE_A_NUMBER.fullmatch(search):
        places.append(Guest.phone.contains(_TRUNK.sub("", digits(search))))
    return (
        chosen.join(Guest, Guest.id == Conversation.guest_id)
        .outerjoin(Stay, Stay.id == Conversation.stay_id)
        .where(or_(*places))
    )
