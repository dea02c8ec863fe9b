"""What is deleted in time, in batches: files, finished deliveries with their reports, raw bodies, corrections."""

from collections.abc import Collection
from datetime import date, datetime

import msgspec
from sqlalchemy import and_, delete, exists, or_, select, tuple_, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.core.types import MediaState, OutboxState, StayStatus
from app.models import Correction, Delivery, InboundItem, InboundUpdate, Media, MessageStatus, Stay

WITH_BYTES = (MediaState.PENDING, MediaState.STORED)
_UPLOADED = (Media.provider_id.is_(None), Media.stay_id.is_(None))
"""What came here by itself, and from no provider."""


class DeletedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that nobody reaches any more. ``keys`` are those of its bytes that no other row shares."""

    id: int
    hotel_id: int
    message_id: int | None
    keys: tuple[str, ...] = ()


class RetentionStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def delete_documents(self, *, left: date, cancelled: datetime, at: datetime, limit: int) -> list[DeletedFile]:
        """Make documents unreachable whose guests left before ``left``, or cancelled before ``cancelled``."""
        due = (
            select(Media.id)
            .join(Stay, Stay.id == Media.stay_id)
            .where(
                Media.state.in_(WITH_BYTES),
                or_(
                    and_(Stay.status != StayStatus.CANCELLED, Stay.check_out < left),
                    and_(Stay.status == StayStatus.CANCELLED, Stay.updated_at < cancelled),
                ),
            )
            .limit(limit)
            .with_for_update(of=Media, skip_locked=True)
        )
        return await self._mark_deleted(due.scalar_subquery(), at)

    async def delete_unsent(self, before: datetime, *, at: datetime, limit: int) -> list[DeletedFile]:
        """Make uploads unreachable that staff or a web chat's visitors made before then and never sent."""
        due = (
            select(Media.id)
            .where(
                *_UPLOADED,
                Media.message_id.is_(None),
                Media.state == MediaState.STORED,
                Media.created_at < before,
            )
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return await self._mark_deleted(due.scalar_subquery(), at)

    async def with_bytes_left(self, limit: int, *, after: int = 0) -> list[DeletedFile]:
        """Deleted files of which something is still stored, by their ids from behind ``after``."""
        rows = await self._connection.execute(
            select(Media.id, Media.hotel_id, Media.message_id, Media.original_key, Media.thumbnail_key)
            .where(
                Media.state == MediaState.DELETED,
                Media.id > after,
                or_(Media.original_key.is_not(None), Media.thumbnail_key.is_not(None)),
            )
            .order_by(Media.id)
            .limit(limit)
        )
        found = rows.all()
        shared = await self.known_keys(
            {key for row in found for key in (row.original_key, row.thumbnail_key) if key}, living=True
        )
        return [
            DeletedFile(
                id=row.id,
                hotel_id=row.hotel_id,
                message_id=row.message_id,
                keys=tuple(key for key in (row.original_key, row.thumbnail_key) if key and key not in shared),
            )
            for row in found
        ]

    async def bytes_are_gone(self, media_id: int) -> None:
        """An upload that was never sent leaves nothing; what a message shows stays, as deleted."""
        unsent = (*_UPLOADED, Media.message_id.is_(None))
        await self._connection.execute(
            delete(Media).where(Media.id == media_id, Media.state == MediaState.DELETED, *unsent)
        )
        await self._connection.execute(
            update(Media)
            .where(Media.id == media_id, Media.state == MediaState.DELETED)
            .values(original_key=None, thumbnail_key=None)
        )

    async def known_keys(self, keys: Collection[str], *, living: bool = False) -> set[str]:
        """Those of ``keys`` that some row names; with ``living``, that a row names whose file is not deleted."""
        if not keys:
            return set()
        wanted = list(keys)
        state = Media.state != MediaState.DELETED if living else Media.id.is_not(None)
        rows = await self._connection.scalars(
            union_all(
                select(Media.original_key).where(Media.original_key.in_(wanted), state),
                select(Media.thumbnail_key).where(Media.thumbnail_key.in_(wanted), state),
            )
        )
        return {each for each in rows if each is not None}

    async def forget_deliveries(self, before: datetime, limit: int) -> int:
        """Finished ones; answers how many."""
        due = (
            select(Delivery.id)
            .where(Delivery.state.in_([OutboxState.SENT, OutboxState.DEAD]), Delivery.finished_at < before)
            .limit(limit)
        )
        done = await self._connection.execute(delete(Delivery).where(Delivery.id.in_(due.scalar_subquery())))
        return done.rowcount

    async def forget_statuses(self, before: datetime, limit: int) -> int:
        """Reports of deliveries, but for one that an unfinished delivery may still wait for; answers how many."""
        waiting = aliased(Delivery)
        key = (MessageStatus.channel_id, MessageStatus.external_id, MessageStatus.status)
        due = (
            select(*key)
            .where(
                MessageStatus.received_at < before,
                ~exists().where(waiting.id == MessageStatus.delivery_id, waiting.finished_at.is_(None)),
            )
            .limit(limit)
        )
        done = await self._connection.execute(delete(MessageStatus).where(tuple_(*key).in_(due)))
        return done.rowcount

    async def forget_bodies(self, before: datetime, limit: int) -> int:
        """Raw bodies, with the items of them that failed; answers how many."""
        due = list(
            await self._connection.scalars(
                select(InboundUpdate.id)
                .where(InboundUpdate.received_at < before)
                .order_by(InboundUpdate.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
        )
        if due:
            await self._connection.execute(delete(InboundItem).where(InboundItem.update_id.in_(due)))
            await self._connection.execute(delete(InboundUpdate).where(InboundUpdate.id.in_(due)))
        return len(due)

    async def forget_corrections(self, before: datetime, limit: int) -> int:
        """Edits and revocations as they were told: what they change says so itself by then. Answers how many."""
        key = (Correction.channel_id, Correction.external_id)
        due = select(*key).where(Correction.received_at < before).limit(limit)
        done = await self._connection.execute(delete(Correction).where(tuple_(*key).in_(due)))
        return done.rowcount

    async def _mark_deleted(self, ids: object, at: datetime) -> list[DeletedFile]:
        rows = await self._connection.execute(
            update(Media)
            .where(Media.id.in_(ids))  # type: ignore[arg-type]  # a subquery
            .values(state=MediaState.DELETED, deleted_at=at, error=None, lease_token=None, leased_until=None)
            .returning(Media.id, Media.hotel_id, Media.message_id)
        )
        return [DeletedFile(**row) for row in rows.mappings()]
