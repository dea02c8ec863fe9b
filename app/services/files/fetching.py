"""Guests' files are fetched from the provider: soon, whole, and safe, or they are shown as failed.

A message names its file; the row waits. It is claimed under a lease, downloaded into a temporary file, looked at, made
safe and stored, and only then does anybody see it. The lease is short and renewed while the work goes on, so that what
a dead worker left is soon another's. What fails in passing is tried again, what cannot be had or is not let in says so
in its message. Each outcome is told live.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import structlog

from app.channels.base import Credentials, FetchOutcome, FetchResult
from app.channels.registry import ChannelRegistry
from app.core.clock import Clock
from app.core.digests import sha256_in_hex
from app.core.errors import Unavailable
from app.core.events import MessageUpdated
from app.core.types import MediaState
from app.core.vault import SealBroken, Vault
from app.media.incoming import Accepted, Porter, scratch_folder
from app.media.sniff import SIZES, NotAllowed
from app.services import channels
from app.services.files.shares import Shares
from app.store.database import Database
from app.store.media import ClaimedMedia, StoredFile
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
RENEW_EVERY = 15.0  # seconds; a renewal may fail twice before the lease ends
RENEWALS = 20  # what takes longer than these hangs, and is another's when the lease ends
FETCH_WITHIN = 180.0  # seconds
MAX_ATTEMPTS = 6
MAX_BACKOFF = 600.0
KEPT_BY_PROVIDER = timedelta(days=7)
NO_LONGER_THERE = "The file could not be fetched in time: the provider keeps it for a week."
BROKE_OFF = "The file could not be fetched."


class _ClaimLost(Exception):
    """Somebody else fetches it by now, or nobody shall."""


class MediaFetcher:
    """Fetches what is due. ``jitter`` answers a factor around 1 for waits; tests hold it still. A claim is renewed
    every ``renew_every`` seconds.

    ``strict``: a SHA-256 that is none fails a download; outside production samples announce such ones.
    """

    def __init__(
        self,
        *,
        database: Database,
        channels: ChannelRegistry,
        vault: Vault,
        porter: Porter,
        clock: Clock,
        strict: bool = True,
        renew_every: float = RENEW_EVERY,
        jitter: Callable[[], float] = lambda: random.uniform(0.8, 1.2),  # noqa: S311 -- no secret
    ) -> None:
        self._database = database
        self._channels = channels
        self._vault = vault
        self._porter = porter
        self._clock = clock
        self._strict = strict
        self._renew_every = renew_every
        self._jitter = jitter

    async def claim(self, limit: int, *, under_way: Iterable[ClaimedMedia] = ()) -> list[ClaimedMedia]:
        """Take up to ``limit`` files whose turn it is; nobody else fetches them while the lease lasts. Together with
        what this process has ``under_way`` no guest and no channel gets more than its share."""
        return await self._database.run(self._claim, limit, list(under_way))

    async def expire(self) -> int:
        """Give up what has used up its tries without an end, or is older than the provider keeps it; how many."""
        return await self._database.run(self._expire)

    async def fetch(self, claimed: ClaimedMedia) -> None:
        """Fetch a claimed file, and note what became of it. Where it is cancelled, the next one may begin at once."""
        try:
            await self._fetch(claimed)
        except asyncio.CancelledError:
            await self._database.run(self._release, claimed)
            raise

    async def _fetch(self, claimed: ClaimedMedia) -> None:
        try:
            async with self._while_ours(claimed):
                result, accepted, refusal = await self._bring(claimed)
        except _ClaimLost:
            log.warning("media_claim_lost", media_id=claimed.id)
            return
        log.info("media_fetched", media_id=claimed.id, outcome=result.outcome, refusal=refusal, detail=result.detail)
        if accepted is not None:
            await self._keep_or_take_back(claimed, accepted)
        else:
            await self._database.run(self._note, claimed, result, refusal)

    async def _bring(self, claimed: ClaimedMedia) -> tuple[FetchResult, Accepted | None, str | None]:
        """How the download went, what was stored of it, and why it was not let in."""
        async with scratch_folder() as folder:
            path = folder / "original"
            result = await self._download(claimed, path)
            accepted: Accepted | None = None
            refusal: str | None = None
            if result.outcome is FetchOutcome.FETCHED:
                try:
                    accepted = await self._porter.from_guest(
                        path, claimed.type, declared=claimed.mime_type or result.mime_type, filename=claimed.filename
                    )
                except NotAllowed as error:
                    refusal = str(error)
                except Unavailable as error:
                    log.warning("media_not_stored", media_id=claimed.id, reason=error.__notes__)
                    result = FetchResult(outcome=FetchOutcome.RETRY, detail=error.message)
        return result, accepted, refusal

    @asynccontextmanager
    async def _while_ours(self, claimed: ClaimedMedia) -> AsyncIterator[None]:
        """Renews the claim beside what is done inside, and ends that by _ClaimLost where the claim is ours no more: it
        was taken over, the file is no longer wanted, or its lease has run out unrenewed."""
        lease = asyncio.timeout(LEASE.total_seconds())
        try:
            async with lease:
                renewing = asyncio.create_task(self._renew(claimed, lease), name=f"lease-{claimed.id}")
                try:
                    yield
                finally:
                    renewing.cancel()
                    await asyncio.gather(renewing, return_exceptions=True)
        except TimeoutError:
            if not lease.expired():
                raise
            raise _ClaimLost from None

    async def _renew(self, claimed: ClaimedMedia, lease: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(RENEWALS):
            await asyncio.sleep(self._renew_every)
            began = loop.time()
            try:
                is_ours = await self._database.run(self._extend, claimed)
            except Exception as error:  # the next one may come in time
                log.warning("media_lease_not_renewed", media_id=claimed.id, error=repr(error))
                continue
            lease.reschedule(began + LEASE.total_seconds() if is_ours else began)
            if not is_ours:
                return

    async def _keep_or_take_back(self, claimed: ClaimedMedia, accepted: Accepted) -> None:
        """Bytes that no row names would lie there until housekeeping finds them."""
        try:
            kept = await self._database.run(self._keep, claimed, accepted)
        except Exception:
            await self._porter.take_back(accepted)
            raise
        if not kept:
            await self._porter.take_back(accepted)

    async def _download(self, claimed: ClaimedMedia, path: Path) -> FetchResult:
        try:
            async with self._database.read() as work:
                found = await work.channels.by_ids([claimed.channel_id])
            if not found:
                return FetchResult(outcome=FetchOutcome.RETRY, detail="The channel is not in use.")
            credentials = self._vault.open(found[0].credentials, Credentials)
        except Unavailable as error:
            return FetchResult(outcome=FetchOutcome.RETRY, detail=error.message)
        except SealBroken as error:
            return FetchResult(outcome=FetchOutcome.PAUSE, detail=str(error))
        if not self._strict and claimed.sha256 is not None and sha256_in_hex(claimed.sha256) is None:
            claimed = msgspec.structs.replace(claimed, sha256=None)
        channel = self._channels.get(found[0].platform)
        with await asyncio.to_thread(path.open, "wb") as file:
            try:
                async with asyncio.timeout(FETCH_WITHIN):
                    return await channel.fetch(
                        claimed,
                        account=found[0].account,
                        credentials=credentials,
                        into=file,
                        limit=SIZES[claimed.type],
                    )
            except TimeoutError:
                return FetchResult(outcome=FetchOutcome.RETRY, detail="The download took too long.")

    async def _claim(self, work: UnitOfWork, limit: int, under_way: list[ClaimedMedia]) -> list[ClaimedMedia]:
        """Whoever has more waiting than their share is left out of the next look; few can hold a full share."""
        now, token, shares = self._clock(), uuid4(), Shares(under_way)
        claimed: list[ClaimedMedia] = []
        while wanted := limit - len(claimed):
            due = await work.media.lock_due(
                now=now,
                limit=wanted,
                full_conversations=shares.full_conversations,
                full_channels=shares.full_channels,
            )
            taken = [each.id for each in due if shares.take(each)]
            claimed += await work.media.claim(taken, token, leased_until=now + LEASE)
            if len(due) < wanted:
                break
        return claimed

    async def _extend(self, work: UnitOfWork, claimed: ClaimedMedia) -> bool:
        return await work.media.renew(claimed, leased_until=self._clock() + LEASE)

    async def _release(self, work: UnitOfWork, claimed: ClaimedMedia) -> None:
        await work.media.put_back(claimed, at=self._clock(), error=None, attempts=claimed.attempts - 1)

    async def _expire(self, work: UnitOfWork) -> int:
        now = self._clock()
        lost = await work.media.give_up(
            now=now, tries=MAX_ATTEMPTS, older_than=now - KEPT_BY_PROVIDER, error=NO_LONGER_THERE
        )
        for message_id in lost:
            await tell_message(work, message_id)
        return len(lost)

    async def _keep(self, work: UnitOfWork, claimed: ClaimedMedia, accepted: Accepted) -> bool:
        fields = {name: getattr(accepted, name) for name in StoredFile.__struct_fields__}
        kept = await work.media.keep(claimed, StoredFile(**fields))
        if kept:
            await tell_message(work, claimed.message_id)
        return kept

    async def _note(self, work: UnitOfWork, claimed: ClaimedMedia, result: FetchResult, refusal: str | None) -> None:
        """What became of a file that is not here."""
        detail = result.detail or BROKE_OFF
        match result.outcome:
            case FetchOutcome.FETCHED:
                changed = await work.media.end(claimed, MediaState.REFUSED, refusal or BROKE_OFF)
            case FetchOutcome.TOO_BIG:
                changed = await work.media.end(claimed, MediaState.REFUSED, detail)
            case FetchOutcome.FAILED:
                changed = await work.media.end(claimed, MediaState.FAILED, detail)
            case FetchOutcome.PAUSE:
                changed = await self._pause(work, claimed, detail)
            case FetchOutcome.RETRY:
                changed = await self._retry(work, claimed, result, detail)
        if changed:
            await tell_message(work, claimed.message_id)

    async def _retry(self, work: UnitOfWork, claimed: ClaimedMedia, result: FetchResult, detail: str) -> bool:
        if claimed.attempts >= MAX_ATTEMPTS:
            return await work.media.end(claimed, MediaState.FAILED, detail)
        wait = min(4.0**claimed.attempts, MAX_BACKOFF) * self._jitter()
        wait = max(wait, min(result.retry_after or 0.0, MAX_BACKOFF))
        await work.media.put_back(claimed, at=self._clock() + timedelta(seconds=wait), error=detail)
        return False

    async def _pause(self, work: UnitOfWork, claimed: ClaimedMedia, detail: str) -> bool:
        """The channel's token is at fault. Until that is mended it is asked now and then, and no try counts: a channel
        that is paused for its standing alone may still fetch."""
        await channels.pause(work, claimed.channel_id, detail, refused=claimed.credentials)
        later = self._clock() + timedelta(seconds=MAX_BACKOFF)
        await work.media.put_back(claimed, at=later, error=detail, attempts=claimed.attempts - 1)
        return False


async def tell_message(work: UnitOfWork, message_id: int) -> None:
    """Tell whoever sees a message that its file is another than before."""
    message = await work.messages.get(message_id)
    assert message is not None, "messages stay"
    conversation = await work.views.get(message.conversation_id)
    assert conversation is not None, "a message stands in a conversation"
    work.emit(conversation.hotel_id, MessageUpdated(conversation=conversation.as_ref(), message=message))
