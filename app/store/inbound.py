"""Raw updates as they came in, and the items of them that have to be tried again."""

from datetime import datetime

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.types import Platform, UpdateState
from app.models import InboundItem, InboundUpdate


class DueItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item to try again, with the body that it stands in: by ``external_id``, where it has one, else by place."""

    update_id: int
    position: int
    external_id: str | None
    channel_id: int | None
    attempts: int
    platform: Platform
    body: bytes
    signed: bool
    received_at: datetime


class InboundStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self,
        platform: Platform,
        body: bytes,
        *,
        signed: bool,
        state: UpdateState,
        error: str | None,
        received_at: datetime,
    ) -> int:
        update_id: int | None = await self._connection.scalar(
            insert(InboundUpdate)
            .values(
                platform=platform,
                body=body,
                signed=signed,
                state=state,
                error=error[:1000] if error else None,
                received_at=received_at,
            )
            .returning(InboundUpdate.id)
        )
        assert update_id is not None
        return update_id

    async def put_aside(
        self,
        update_id: int,
        position: int,
        *,
        channel_id: int | None,
        external_id: str | None,
        state: UpdateState,
        error: str,
        attempts: int,
        next_attempt_at: datetime,
    ) -> None:
        """Keep an item that failed, with its error, for another try or for eyes."""
        values = {
            "state": state,
            "error": error[:1000],
            "attempts": attempts,
            "next_attempt_at": next_attempt_at,
        }
        await self._connection.execute(
            upsert(InboundItem)
            .values(
                update_id=update_id,
                position=position,
                channel_id=channel_id,
                external_id=external_id[:512] if external_id else None,
                **values,
            )
            .on_conflict_do_update(index_elements=[InboundItem.update_id, InboundItem.position], set_=values)
        )

    async def next_due(self, now: datetime) -> DueItem | None:
        """The item that has waited longest for another try, locked; another worker passes it by."""
        rows = await self._connection.execute(
            select(
                InboundItem.update_id,
                InboundItem.position,
                InboundItem.external_id,
                InboundItem.channel_id,
                InboundItem.attempts,
                InboundUpdate.platform,
                InboundUpdate.body,
                InboundUpdate.signed,
                InboundUpdate.received_at,
            )
            .join(InboundUpdate, InboundUpdate.id == InboundItem.update_id)
            .where(InboundItem.state == UpdateState.PENDING, InboundItem.next_attempt_at <= now)
            .order_by(InboundItem.next_attempt_at)
            .limit(1)
            .with_for_update(of=InboundItem, skip_locked=True)
        )
        row = rows.mappings().one_or_none()
        return DueItem(**row) if row else None

    async def postpone(self, update_id: int, position: int, *, attempts: int, next_attempt_at: datetime) -> None:
        await self._connection.execute(
            update(InboundItem)
            .where(InboundItem.update_id == update_id, InboundItem.position == position)
            .values(attempts=attempts, next_attempt_at=next_attempt_at)
        )

    async def mark_processed(self, update_id: int, position: int) -> None:
        await self._connection.execute(
            update(InboundItem)
            .where(InboundItem.update_id == update_id, InboundItem.position == position)
            .values(state=UpdateState.PROCESSED)
        )
