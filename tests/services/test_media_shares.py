"""Slow downloads of one guest, or of one channel, hold up nobody else; a free place goes to the oldest at once."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import BinaryIO

import pytest

from app.channels.base import FetchOutcome, FetchResult
from app.core.settings import Settings
from app.services.files.fetching import MediaFetcher
from app.services.files.shares import AT_ONCE, OF_A_CHANNEL, OF_A_CONVERSATION
from app.services.files.worker import MediaWorker
from app.store.database import Database
from tests.desk import GUEST, STRANGER, Desk, photo
from tests.eventually import eventually
from tests.fake_graph import ALPINE_NUMBER, SEA_VIEW_NUMBER
from tests.fetchers import scripted_fetcher
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World


class Downloads:
    """Downloads that end when the test lets them. ``begun`` are the files, in order."""

    def __init__(self, desk: Desk) -> None:
        self.begun: list[str] = []
        self._desk = desk
        self._ends: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def announce(self, sender: str, *names: str, number: str = SEA_VIEW_NUMBER) -> None:
        """A guest sends these files."""
        for name in names:
            await self._desk.take_messages(photo(sender, name), number=number)

    def end(self, name: str) -> None:
        self._ends[name].set()

    async def download(self, name: str, _: BinaryIO) -> FetchResult:
        self.begun.append(name)
        await self._ends[name].wait()
        return FetchResult(outcome=FetchOutcome.FAILED, detail="It is gone.")

    async def until_begun(self, *names: str) -> None:
        await eventually(lambda: set(names) <= set(self.begun))


@pytest.fixture
def downloads(desk: Desk, hotel: HotelWorld) -> Downloads:
    return Downloads(desk)


@pytest.fixture
def fetcher(downloads: Downloads, settings: Settings, database: Database, clock: HeldClock) -> MediaFetcher:
    return scripted_fetcher(settings, database, clock, downloads.download)


@pytest.fixture
async def worker(fetcher: MediaFetcher) -> AsyncIterator[MediaWorker]:
    """Looks only when it is woken: it idles longer than any test."""
    worker = MediaWorker(fetcher, idle=600.0)
    worker.start()
    yield worker
    await worker.stop(patience=0.0)


def named(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{n}" for n in range(count)]


async def test_slow_files_of_one_guest_hold_up_nobody_else(downloads: Downloads, worker: MediaWorker) -> None:
    slow = named("slow", AT_ONCE + 2)
    await downloads.announce(GUEST, *slow)
    await downloads.announce(STRANGER, "quick")

    worker.wake()
    await downloads.until_begun("quick")

    assert sorted(downloads.begun) == [*["quick"], *slow[:OF_A_CONVERSATION]]


async def test_slow_files_of_one_channel_hold_up_no_other(
    downloads: Downloads, worker: MediaWorker, world: World
) -> None:
    await world.hotel("alpine-lodge", ALPINE_NUMBER)
    for n in range(AT_ONCE):
        await downloads.announce(f"35191000{n:04}", f"slow{n}")
    worker.wake()
    await downloads.until_begun(*named("slow", OF_A_CHANNEL))

    await downloads.announce(STRANGER, "quick", number=ALPINE_NUMBER)
    worker.wake()
    await downloads.until_begun("quick")

    assert len(downloads.begun) == OF_A_CHANNEL + 1


async def test_a_place_that_becomes_free_goes_to_the_oldest_at_once(downloads: Downloads, worker: MediaWorker) -> None:
    mine = named("mine", OF_A_CONVERSATION + 2)
    await downloads.announce(GUEST, *mine)
    worker.wake()
    await downloads.until_begun(*mine[:OF_A_CONVERSATION])
    assert len(downloads.begun) == OF_A_CONVERSATION

    downloads.end(mine[2])
    await downloads.until_begun(mine[OF_A_CONVERSATION])
    assert len(downloads.begun) == OF_A_CONVERSATION + 1

    downloads.end(mine[OF_A_CONVERSATION])
    await downloads.until_begun(mine[-1])


async def test_what_is_claimed_comes_oldest_first_beyond_those_who_have_their_share(
    downloads: Downloads, fetcher: MediaFetcher
) -> None:
    await downloads.announce(GUEST, *named("a", 6))
    await downloads.announce(STRANGER, *named("b", 6))

    first = await fetcher.claim(2)
    more = await fetcher.claim(AT_ONCE, under_way=first)

    assert [each.provider_id for each in first] == ["a0", "a1"]
    assert [each.provider_id for each in more] == ["a2", "a3", "b0", "b1", "b2", "b3"]
    assert not await fetcher.claim(AT_ONCE, under_way=[*first, *more])
