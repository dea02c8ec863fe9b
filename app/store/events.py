"""The event log: a hotel's own sequence, written once per transaction and read by position."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, TEXT
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.events import Event, StoredEvent, decode, encode
from app.models import EventRow, HotelSequence

_APPEND = text(
    """
    WITH n AS (UPDATE hotel_sequences SET seq = seq + :count WHERE hotel_id = :hotel_id RETURNING seq)
    INSERT INTO events (hotel_id, seq, payload)
    SELECT :hotel_id, n.seq - :count + e.ordinal, e.payload::jsonb
    FROM n, unnest(:payloads) WITH ORDINALITY AS e(payload, ordinal)
    RETURNING seq, created_at
    """
).bindparams(
    bindparam("payloads", type_=ARRAY(TEXT)), bindparam("count", type_=BIGINT), bindparam("hotel_id", type_=BIGINT)
)


class EventStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def append(self, hotel_id: int, events: Sequence[Event]) -> list[StoredEvent]:
        """Take the hotel's next numbers and write the events under them, in order."""
        rows = await self._connection.execute(
            _APPEND,
            {"hotel_id": hotel_id, "count": len(events), "payloads": [encode(event).decode() for event in events]},
        )
        written = sorted((row.seq, row.created_at) for row in rows)
        if len(written) != len(events):
            raise RuntimeError(f"hotel {hotel_id} has no sequence: its events cannot be numbered")
        return [StoredEvent(hotel_id, seq, at, event) for (seq, at), event in zip(written, events, strict=True)]

    async def head(self, hotel_id: int) -> int:
        """The last number that the hotel's events have taken; 0 before the first."""
        found = await self._connection.scalar(select(HotelSequence.seq).where(HotelSequence.hotel_id == hotel_id))
        return found or 0

    async def heads(self, hotel_ids: Iterable[int]) -> dict[int, int]:
        rows = await self._connection.execute(
            select(HotelSequence.hotel_id, HotelSequence.seq).where(HotelSequence.hotel_id.in_(list(hotel_ids)))
        )
        return {row.hotel_id: row.seq for row in rows}

    async def first(self, hotel_id: int) -> int | None:
        """The lowest number that is still kept."""
        found: int | None = await self._connection.scalar(
            select(func.min(EventRow.seq)).where(EventRow.hotel_id == hotel_id)
        )
        return found

    async def between(self, hotel_id: int, after: int, upto: int, *, limit: int) -> list[StoredEvent]:
        """The events with ``after < seq <= upto``, in order, ``limit`` at most."""
        rows = await self._connection.execute(
            select(EventRow.seq, EventRow.created_at, EventRow.payload.cast(TEXT).label("payload"))
            .where(EventRow.hotel_id == hotel_id, EventRow.seq > after, EventRow.seq <= upto)
            .order_by(EventRow.seq)
            .limit(limit)
        )
        return [StoredEvent(hotel_id, row.seq, row.created_at, decode(row.payload)) for row in rows]

    async def forget(self, before: datetime) -> int:
        """Delete what is older than ``before``; answers how many."""
        done = await self._connection.execute(delete(EventRow).where(EventRow.created_at < before))
        return done.rowcount
