"""A file is fetched by one worker at a time: by who lives, as long as it takes; and soon by another where one died."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, BinaryIO
from uuid import uuid4

import pytest

from app.channels.base import FetchOutcome, FetchResult
from app.core.settings import Settings
from app.core.types import MediaState
from app.models import Media
from app.services.files.fetching import LEASE, MediaFetcher
from app.store.database import Database
from tests import files
from tests.desk import GUEST, Desk, photo
from tests.eventually import PATIENCE, eventually
from tests.fetchers import scripted_fetcher
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import HotelWorld


class SlowFile:
    """A guest's photo, whose download ends when the test lets it."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.let_go = asyncio.Event()
        self.broken_off = asyncio.Event()

    async def download(self, _: str, into: BinaryIO) -> FetchResult:
        self.begun.set()
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            self.broken_off.set()
            raise
        into.write(files.photo_bytes())
        into.flush()
        return FetchResult(outcome=FetchOutcome.FETCHED)


@pytest.fixture
async def slow(desk: Desk, hotel: HotelWorld) -> SlowFile:
    await desk.take_messages(photo(GUEST))
    return SlowFile()


@pytest.fixture
def fetcher(slow: SlowFile, settings: Settings, database: Database, clock: HeldClock) -> MediaFetcher:
    """Renews often: waits are the clock's, which is held."""
    return scripted_fetcher(settings, database, clock, slow.download, renew_every=0.01)


@asynccontextmanager
async def fetching(fetcher: MediaFetcher) -> AsyncIterator[asyncio.Task[None]]:
    [claimed] = await fetcher.claim(1)
    task = asyncio.create_task(fetcher.fetch(claimed))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def is_leased_until(ledger: Ledger, at: Any) -> Callable[[], Any]:
    async def ask() -> bool:
        return bool((await ledger.row(Media)).leased_until == at)

    return ask


async def test_a_download_keeps_its_claim_as_long_as_it_takes(
    slow: SlowFile, fetcher: MediaFetcher, clock: HeldClock, ledger: Ledger
) -> None:
    async with fetching(fetcher) as task:
        for _ in range(4):
            clock.now += LEASE * 0.75
            await eventually(is_leased_until(ledger, clock.now + LEASE))
            assert not await fetcher.claim(1)
        slow.let_go.set()
        await asyncio.wait_for(task, PATIENCE)

    assert (await ledger.row(Media)).state is MediaState.STORED
    assert (await ledger.row(Media)).attempts == 1


async def test_what_a_killed_worker_was_fetching_is_another_s_within_about_a_minute(
    slow: SlowFile, fetcher: MediaFetcher, clock: HeldClock, ledger: Ledger
) -> None:
    assert await fetcher.claim(1)

    clock.now += timedelta(seconds=61)
    slow.let_go.set()
    [claimed] = await fetcher.claim(1)
    await fetcher.fetch(claimed)

    assert (await ledger.row(Media)).state is MediaState.STORED


async def test_a_download_whose_claim_is_another_s_is_broken_off_and_writes_nothing(
    slow: SlowFile, fetcher: MediaFetcher, ledger: Ledger
) -> None:
    token = uuid4()
    async with fetching(fetcher) as task:
        await asyncio.wait_for(slow.begun.wait(), PATIENCE)
        await ledger.change(Media, lease_token=token)
        await asyncio.wait_for(slow.broken_off.wait(), PATIENCE)
        await asyncio.wait_for(task, PATIENCE)

    row = await ledger.row(Media)
    assert (row.state, row.lease_token, row.attempts) == (MediaState.PENDING, token, 1)


async def test_a_download_of_what_its_guest_took_back_is_broken_off(
    slow: SlowFile, fetcher: MediaFetcher, ledger: Ledger
) -> None:
    async with fetching(fetcher) as task:
        await asyncio.wait_for(slow.begun.wait(), PATIENCE)
        await ledger.change(Media, state=MediaState.DELETED)
        await asyncio.wait_for(slow.broken_off.wait(), PATIENCE)
        await asyncio.wait_for(task, PATIENCE)

    assert (await ledger.row(Media)).state is MediaState.DELETED
