"""Files that have to go: first nobody reaches them, then their bytes are deleted, also where a process dies between.

The row is the word: a file that is DELETED and still has keys is deleted again, until its keys are gone.
"""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from app.core.clock import Clock
from app.core.errors import Unavailable
from app.media.incoming import forget_scratch
from app.media.storage import MediaStorage
from app.services.files.fetching import tell_message
from app.store.database import Database
from app.store.retention import DeletedFile
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

UNSENT_KEPT: Final = timedelta(days=1)
STRAY_KEPT: Final = timedelta(days=1)
STRAYS_TAKEN: Final = 100  # so many may be unknown also in a store that is nearly empty
SCRATCH_KEPT: Final = timedelta(hours=1)  # longer than any fetch or upload works on its files
BATCH: Final = 100
FAILURES_TAKEN: Final = 10


class MediaKeeping:
    """``document_days``: how long after check-out, or after a cancellation, documents are kept."""

    def __init__(self, *, database: Database, storage: MediaStorage, document_days: int, clock: Clock) -> None:
        self._database = database
        self._storage = storage
        self._kept_for = timedelta(days=document_days)
        self._clock = clock

    async def tidy(self) -> int:
        """Delete documents in time, uploads that were never sent, and what guests took back; how many files.

        Bytes that cannot be deleted hold up no others. Raises Unavailable at the end where there were any, and at once
        where the store seems to be away.
        """
        while len(await self._database.run(self._end_documents)) == BATCH:
            pass
        while len(await self._database.run(self._end_unsent)) == BATCH:
            pass
        deleted, last_id, failed = 0, 0, list[Unavailable]()
        while found := await self._with_bytes(last_id):
            for each in found:
                try:
                    await self._delete(each)
                    deleted += 1
                except Unavailable as error:
                    log.error("file_not_deleted", media_id=each.id, reason=getattr(error, "__notes__", error.message))
                    failed.append(error)
                    if len(failed) == FAILURES_TAKEN:
                        raise
            last_id = found[-1].id
        if failed:
            raise failed[0]
        return deleted

    async def clear_scratch(self) -> int:
        """Delete what processes that died left in this machine's temporary folder; how many folders."""
        return await asyncio.to_thread(forget_scratch, SCRATCH_KEPT)

    async def sweep(self) -> int:
        """Delete what lies in the store for a day and no row names: a process died before it could; how many.

        Processes die seldom. Where most of a store is unknown it is somebody else's, or the database is not the one
        that belongs to it: then nothing is deleted.
        """
        before = self._clock() - STRAY_KEPT
        swept = await self._storage.forget_unfinished(before)
        ours, strays = 0, list[str]()
        async for keys in self._storage.older_than(before):
            async with self._database.read() as work:
                known = await work.retention.known_keys(keys)
            ours += len(known)
            strays += [key for key in keys if key not in known]
        if len(strays) > max(STRAYS_TAKEN, ours):
            log.error("store_of_files_is_not_ours", known=ours, unknown=len(strays))
            return swept
        await self._storage.delete(strays)
        return swept + len(strays)

    async def _with_bytes(self, after: int) -> list[DeletedFile]:
        async with self._database.read() as work:
            return await work.retention.with_bytes_left(BATCH, after=after)

    async def _delete(self, file: DeletedFile) -> None:
        await self._storage.delete(file.keys)
        async with self._database.transaction() as work:
            await work.retention.bytes_are_gone(file.id)

    async def _end_documents(self, work: UnitOfWork) -> list[DeletedFile]:
        now = self._clock()
        until = now - self._kept_for
        ended = await work.retention.delete_documents(left=until.date(), cancelled=until, at=now, limit=BATCH)
        return await self._tell(work, ended)

    async def _end_unsent(self, work: UnitOfWork) -> list[DeletedFile]:
        now = self._clock()
        return await work.retention.delete_unsent(now - UNSENT_KEPT, at=now, limit=BATCH)

    async def _tell(self, work: UnitOfWork, ended: list[DeletedFile]) -> list[DeletedFile]:
        for each in ended:
            if each.message_id is not None:
                await tell_message(work, each.message_id)
        return ended
