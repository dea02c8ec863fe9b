"""Files: their rows from the webhook to their deletion. All their SQL, but for what is deleted in time."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.errors import Conflict, NotFound
from app.core.types import MediaState, MessageType, StayStatus
from app.models import Channel, Media, Message, Stay

UPLOAD_ID_KEPT = timedelta(days=29)  # the provider's 30, with a day to spare


class ClaimedMedia(msgspec.Struct, frozen=True, kw_only=True):
    """A file that this worker may fetch until its lease ends. ``attempts`` counts this one; ``credentials`` are the
    channel's, sealed, as they were at the claim."""

    id: int
    hotel_id: int
    channel_id: int
    message_id: int
    conversation_id: int
    type: MessageType
    provider_id: str
    mime_type: str | None
    filename: str | None
    sha256: str | None
    voice: bool
    attempts: int
    lease_token: UUID
    created_at: datetime
    credentials: bytes


class DueMedia(msgspec.Struct, frozen=True, kw_only=True):
    """A file whose turn it is."""

    id: int
    conversation_id: int
    channel_id: int


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it stands. ``upload_id`` is the provider's for ``channel_id``, good until ``upload_expires_at``."""

    id: int
    hotel_id: int
    channel_id: int | None
    message_id: int | None
    stay_id: int | None
    uploaded_by: int | None
    state: MediaState
    mime_type: str | None
    filename: str | None
    voice: bool
    size: int | None
    width: int | None
    height: int | None
    original_key: str | None
    thumbnail_key: str | None
    upload_id: str | None
    upload_expires_at: datetime | None
    error: str | None
    created_at: datetime


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a file, and what it really is. Sizes in bytes and pixels."""

    mime_type: str
    size: int
    original_key: str
    thumbnail_key: str | None = None
    width: int | None = None
    height: int | None = None
    filename: str | None = None


class DocumentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A guest's document, as a stay lists it."""

    id: int
    created_at: datetime
    mime_type: str | None
    size: int | None
    state: MediaState
    message_id: int | None


class StayDates(msgspec.Struct, frozen=True, kw_only=True):
    """What a stay's documents are kept by."""

    id: int
    hotel_id: int
    status: StayStatus
    check_out: date
    updated_at: datetime


_RECORD = tuple(Media.__table__.c[name] for name in FileRecord.__struct_fields__)
_NO_LEASE: dict[str, Any] = {"lease_token": None, "leased_until": None}


class MediaStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock_due(
        self, *, now: datetime, limit: int, full_conversations: Collection[int], full_channels: Collection[int]
    ) -> list[DueMedia]:
        """Up to ``limit`` files whose turn it is, the oldest first, and those that a worker left when its lease ran
        out; but none of these conversations and channels. Locked until the transaction ends; nobody waits for that."""
        rows = await self._connection.execute(
            select(Media.id, Message.conversation_id, Media.channel_id)
            .join(Channel, Channel.id == Media.channel_id)
            .join(Message, Message.id == Media.message_id)
            .where(
                Media.state == MediaState.PENDING,
                Media.next_attempt_at <= now,
                or_(Media.leased_until.is_(None), Media.leased_until < now),
                Media.provider_id.is_not(None),
                Channel.is_active,
                Message.conversation_id.not_in(full_conversations),
                Media.channel_id.not_in(full_channels),
            )
            .order_by(Media.next_attempt_at, Media.id)
            .limit(limit)
            .with_for_update(of=Media, skip_locked=True)
        )
        return [DueMedia(**row) for row in rows.mappings()]

    async def claim(self, ids: Collection[int], token: UUID, *, leased_until: datetime) -> list[ClaimedMedia]:
        """Take these, which this transaction has locked, in the order in which they were due."""
        others = {"conversation_id", "type", "credentials"}
        names = [each for each in ClaimedMedia.__struct_fields__ if each not in others]
        claimed = (
            update(Media)
            .where(Media.id.in_(ids))
            .values(attempts=Media.attempts + 1, lease_token=token, leased_until=leased_until)
            .returning(*(Media.__table__.c[name] for name in names), Media.next_attempt_at)
            .cte("claimed")
        )
        rows = await self._connection.execute(
            select(*(claimed.c[name] for name in names), Message.conversation_id, Message.type, Channel.credentials)
            .join(Message, Message.id == claimed.c.message_id)
            .join(Channel, Channel.id == claimed.c.channel_id)
            .order_by(claimed.c.next_attempt_at, claimed.c.id)
        )
        return [ClaimedMedia(**row) for row in rows.mappings()]

    async def renew(self, claimed: ClaimedMedia, *, leased_until: datetime) -> bool:
        """It is still being fetched. False where the claim is no longer ours, or the file is wanted no more."""
        return await self._set(claimed, leased_until=leased_until)

    async def keep(self, claimed: ClaimedMedia, file: StoredFile) -> bool:
        """It is here. False where the claim is no longer ours, or the file is wanted no more (its guest took it
        back): then nobody knows of these keys."""
        return await self._settle(claimed, state=MediaState.STORED, error=None, **msgspec.structs.asdict(file))

    async def end(self, claimed: ClaimedMedia, state: MediaState, error: str) -> bool:
        """It is not to be had, or not taken: FAILED or REFUSED. False as with ``keep``."""
        return await self._settle(claimed, state=state, error=error[:500])

    async def put_back(
        self, claimed: ClaimedMedia, *, at: datetime, error: str | None, attempts: int | None = None
    ) -> bool:
        """Try again later; ``attempts`` where this one does not count."""
        return await self._settle(
            claimed,
            next_attempt_at=at,
            error=error[:500] if error else None,
            attempts=claimed.attempts if attempts is None else attempts,
        )

    async def hasten(self, channel_id: int) -> None:
        """What waits on this channel is due at once."""
        await self._connection.execute(
            update(Media)
            .where(Media.channel_id == channel_id, Media.state == MediaState.PENDING)
            .values(next_attempt_at=Media.created_at)
        )

    async def give_up(self, *, now: datetime, tries: int, older_than: datetime, error: str) -> list[int]:
        """End those whose tries are used up or that have waited since before ``older_than``; their messages' ids."""
        rows = await self._connection.scalars(
            update(Media)
            .where(
                Media.state == MediaState.PENDING,
                or_(Media.leased_until.is_(None), Media.leased_until < now),
                or_(Media.attempts >= tries, Media.created_at < older_than),
                Media.message_id.is_not(None),
            )
            .values(state=MediaState.FAILED, error=error, **_NO_LEASE)
            .returning(Media.message_id)
        )
        return [each for each in rows if each is not None]

    async def try_again(self, media_id: int, at: datetime) -> bool:
        """A failed download begins anew; False where it is not failed, or was no download."""
        done = await self._connection.execute(
            update(Media)
            .where(Media.id == media_id, Media.state == MediaState.FAILED, Media.provider_id.is_not(None))
            .values(state=MediaState.PENDING, attempts=0, next_attempt_at=at, error=None, **_NO_LEASE)
        )
        return done.rowcount == 1

    async def get(self, media_id: int) -> FileRecord | None:
        rows = await self._connection.execute(select(*_RECORD).where(Media.id == media_id))
        return _record(rows.mappings().one_or_none())

    async def conversation_of(self, media_id: int) -> int | None:
        """Where the file's message stands; None while it has none."""
        found: int | None = await self._connection.scalar(
            select(Message.conversation_id).join(Media, Media.message_id == Message.id).where(Media.id == media_id)
        )
        return found

    async def add_upload(self, *, hotel_id: int, user_id: int | None, file: StoredFile, at: datetime) -> int:
        """A file of staff, or by no user one of a web chat's visitor, stored and not sent yet."""
        media_id: int | None = await self._connection.scalar(
            insert(Media)
            .values(
                hotel_id=hotel_id,
                uploaded_by=user_id,
                state=MediaState.STORED,
                created_at=at,
                **msgspec.structs.asdict(file),
            )
            .returning(Media.id)
        )
        assert media_id is not None
        return media_id

    async def lock_upload(self, media_id: int, *, hotel_id: int, user_id: int) -> FileRecord:
        """An upload of this user's, locked until the transaction ends. Raises NotFound for everybody else's, and where
        it has been deleted."""
        rows = await self._connection.execute(
            select(*_RECORD)
            .where(
                Media.id == media_id,
                Media.hotel_id == hotel_id,
                Media.uploaded_by == user_id,
                Media.state == MediaState.STORED,
            )
            .with_for_update()
        )
        found = _record(rows.mappings().one_or_none())
        if found is None:
            raise NotFound("There is no such upload of yours.", code="no_such_upload")
        return found

    async def attach(self, media_id: int, message_id: int, *, hotel_id: int, user_id: int, channel_id: int) -> None:
        """The upload becomes the file of this message. Raises NotFound where it is not this user's, and Conflict
        where it was sent already: send a ``copy`` then."""
        upload = await self.lock_upload(media_id, hotel_id=hotel_id, user_id=user_id)
        if upload.message_id is not None:
            raise Conflict("This upload was sent already.", code="upload_sent", details={"media_id": media_id})
        await self._connection.execute(
            update(Media).where(Media.id == media_id).values(message_id=message_id, channel_id=channel_id)
        )

    async def lock_kept(self, media_id: int, hotel_id: int) -> FileRecord:
        """A file that was kept for a guest's message to come, locked until the transaction ends. Raises NotFound for
        every other."""
        rows = await self._connection.execute(
            select(*_RECORD)
            .where(
                Media.id == media_id,
                Media.hotel_id == hotel_id,
                Media.uploaded_by.is_(None),
                Media.message_id.is_(None),
                Media.state == MediaState.STORED,
            )
            .with_for_update()
        )
        found = _record(rows.mappings().one_or_none())
        if found is None:
            raise NotFound("There is no such file.", code="no_such_upload")
        return found

    async def give(self, media_id: int, message_id: int, *, channel_id: int, stay_id: int | None) -> None:
        """Such a file becomes the message's; with a ``stay_id`` it is a document of that stay."""
        await self._connection.execute(
            update(Media)
            .where(Media.id == media_id)
            .values(message_id=message_id, channel_id=channel_id, stay_id=stay_id)
        )

    async def copy(self, media_id: int, *, hotel_id: int, user_id: int, at: datetime) -> int:
        """The same upload once more, to be sent again: another row over the same bytes. Raises NotFound."""
        upload = await self.lock_upload(media_id, hotel_id=hotel_id, user_id=user_id)
        file = StoredFile(**{name: getattr(upload, name) for name in StoredFile.__struct_fields__})
        return await self.add_upload(hotel_id=hotel_id, user_id=user_id, file=file, at=at)

    async def set_upload_id(self, media_id: int, channel_id: int, upload_id: str, at: datetime) -> None:
        """The provider holds these bytes under this id."""
        await self._connection.execute(
            update(Media)
            .where(Media.id == media_id)
            .values(channel_id=channel_id, upload_id=upload_id, upload_expires_at=at + UPLOAD_ID_KEPT)
        )

    async def forget_upload_id(self, message_id: int) -> None:
        """What the provider called this message's file may be what it did not take: the next send uploads it anew."""
        await self._connection.execute(
            update(Media).where(Media.message_id == message_id).values(upload_id=None, upload_expires_at=None)
        )

    async def stay(self, stay_id: int) -> StayDates | None:
        rows = await self._connection.execute(
            select(*(Stay.__table__.c[name] for name in StayDates.__struct_fields__)).where(Stay.id == stay_id)
        )
        row = rows.mappings().one_or_none()
        return StayDates(**row) if row else None

    async def of_stay(self, stay_id: int) -> list[DocumentRecord]:
        """A stay's documents, the oldest first, those that were deleted too."""
        rows = await self._connection.execute(
            select(*(Media.__table__.c[name] for name in DocumentRecord.__struct_fields__))
            .where(Media.stay_id == stay_id)
            .order_by(Media.id)
        )
        return [DocumentRecord(**row) for row in rows.mappings()]

    async def _settle(self, claimed: ClaimedMedia, **values: object) -> bool:
        return await self._set(claimed, **values, **_NO_LEASE)

    async def _set(self, claimed: ClaimedMedia, **values: object) -> bool:
        """Write what only this claim may write."""
        done = await self._connection.execute(
            update(Media)
            .where(Media.id == claimed.id, Media.lease_token == claimed.lease_token, Media.state == MediaState.PENDING)
            .values(**values)
        )
        return done.rowcount == 1


def _record(row: RowMapping | None) -> FileRecord | None:
    return FileRecord(**row) if row else None
