"""Who has read what: guests' messages that the hotel has read, and the staff who take part in a conversation.

Whoever writes here has locked the conversation's row.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, ScalarSelect, any_, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.types import MessageType, SenderType
from app.models import Message, Participant
from app.store.messages import is_of_channel

# In the index's own words: parameters match it no more once PostgreSQL plans for any values of them.
_UNREAD = text("sender_type = 'guest' AND read_at IS NULL")


class NewlyRead(msgspec.Struct, frozen=True, kw_only=True):
    """Guests' messages that nobody of the hotel had read, and the provider's id of the newest of them that it knows,
    on the channel of the conversation."""

    ids: tuple[int, ...]
    external_id: str | None = None


class ReadingStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def mark_read(
        self, conversation_id: int, at: datetime, message_ids: Collection[int] | None = None
    ) -> NewlyRead:
        """Note that the hotel has read a guest's messages, all or these. What nobody had read, in order; reactions are
        noted with the rest and not counted, as nobody waits for them to be read."""
        statement = update(Message).where(Message.conversation_id == conversation_id, _UNREAD)
        if message_ids is not None:
            statement = statement.where(Message.id == _any(message_ids))
        rows = await self._connection.execute(
            statement.values(read_at=at).returning(
                Message.id, Message.external_id, Message.type, is_of_channel().label("here")
            )
        )
        found = sorted((row for row in rows if row.type is not MessageType.REACTION), key=lambda row: row.id)
        known = [row.external_id for row in found if row.external_id is not None and row.here]
        return NewlyRead(ids=tuple(row.id for row in found), external_id=known[-1] if known else None)

    async def guests_messages(self, conversation_id: int, message_ids: Collection[int]) -> set[int]:
        """Which of these are messages of the guest in this conversation."""
        return set(
            await self._connection.scalars(
                select(Message.id).where(
                    Message.conversation_id == conversation_id,
                    Message.sender_type == SenderType.GUEST,
                    Message.id == _any(message_ids),
                )
            )
        )

    async def note_reader(
        self, conversation_id: int, user_id: int, at: datetime, *, up_to_id: int | None = None
    ) -> None:
        """Keep that a staff user takes part, and has read up to a message, or everything that stands there now."""
        newest = select(func.max(Message.id)).where(Message.conversation_id == conversation_id).scalar_subquery()
        await self._take_part(conversation_id, user_id, newest if up_to_id is None else up_to_id, at)

    async def join(self, conversation_id: int, user_id: int) -> None:
        """Keep that a staff user takes part, whatever they have read."""
        await self._take_part(conversation_id, user_id, None, None)

    async def _take_part(
        self, conversation_id: int, user_id: int, read_up_to: int | ScalarSelect[Any] | None, at: datetime | None
    ) -> None:
        statement = upsert(Participant).values(
            conversation_id=conversation_id, user_id=user_id, last_read_message_id=read_up_to, last_read_at=at
        )
        read = statement.excluded
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[Participant.conversation_id, Participant.user_id],
                set_={
                    "is_active": True,
                    "last_read_message_id": func.greatest(Participant.last_read_message_id, read.last_read_message_id),
                    "last_read_at": func.greatest(Participant.last_read_at, read.last_read_at),
                },
            )
        )


def _any(ids: Collection[int]) -> ColumnElement[Any]:
    return any_(literal(list(ids), ARRAY(BIGINT)))
