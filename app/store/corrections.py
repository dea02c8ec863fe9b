"""Edits and revocations as they were told, and the messages that they are about."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.types import MediaState, SenderType
from app.models import Conversation, Media, Message
from app.models import Correction as CorrectionRow


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """``target`` reads ``text`` from ``at`` on; no ``text``: it was taken back. ``sender`` is an address."""

    channel_id: int
    external_id: str
    target: str
    sender: str
    text: str | None
    at: datetime


class Original(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is to be corrected, its row locked."""

    id: int
    conversation_id: int
    guest_id: int
    sender_type: SenderType
    staff_user_id: int | None
    content: str
    extra: dict[str, Any]
    created_at: datetime
    edited_at: datetime | None
    revoked_at: datetime | None


_CORRECTION = tuple(getattr(CorrectionRow, name) for name in Correction.__struct_fields__)


class CorrectionStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, correction: Correction) -> bool:
        """Keep one; False where it was known."""
        done = await self._connection.execute(
            upsert(CorrectionRow).values(**msgspec.structs.asdict(correction)).on_conflict_do_nothing()
        )
        return done.rowcount == 1

    async def of_targets(self, channel_id: int, targets: Collection[str]) -> dict[str, list[Correction]]:
        """What has been told of these messages, by theirs ids."""
        rows = await self._connection.execute(
            select(*_CORRECTION).where(CorrectionRow.channel_id == channel_id, CorrectionRow.target.in_(list(targets)))
        )
        found: dict[str, list[Correction]] = {}
        for row in rows.mappings():
            found.setdefault(row["target"], []).append(Correction(**row))
        return found

    async def lock_original(self, channel_id: int, target: str) -> Original | None:
        """The message that a provider's id names. Its conversation is locked before it, as everybody does."""
        rows = await self._connection.execute(
            select(
                Message.id,
                Message.conversation_id,
                Conversation.guest_id,
                Message.sender_type,
                Message.staff_user_id,
                Message.content,
                Message.extra,
                Message.created_at,
                Message.edited_at,
                Message.revoked_at,
            )
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(Message.channel_id == channel_id, Message.external_id == target)
            .with_for_update(of=Message)
        )
        row = rows.mappings().one_or_none()
        return Original(**row) if row else None

    async def write(
        self,
        message_id: int,
        *,
        content: str,
        extra: dict[str, Any],
        edited_at: datetime | None,
        revoked_at: datetime | None,
    ) -> None:
        """How the message reads now. With ``revoked_at`` its file is gone, too: what is stored of it is removed later,
        by the keys that stay."""
        await self._connection.execute(
            update(Message)
            .where(Message.id == message_id)
            .values(content=content, extra=extra, edited_at=edited_at, revoked_at=revoked_at)
        )
        if revoked_at is not None:
            await self._connection.execute(
                update(Media)
                .where(Media.message_id == message_id, Media.state != MediaState.DELETED)
                .values(state=MediaState.DELETED, deleted_at=revoked_at)
            )
