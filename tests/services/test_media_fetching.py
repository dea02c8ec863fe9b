"""Guests' files are fetched, made safe and told of; what cannot be had says so, once and for all."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.core.clock import utc_now
from app.core.events import ChannelChanged, MessageUpdated
from app.core.settings import Settings
from app.core.types import MediaState
from app.models import Channel, Media
from app.services.channels import pause, resume
from app.services.files.fetching import LEASE, MAX_ATTEMPTS, MediaFetcher
from app.services.files.worker import MediaWorker
from tests import files
from tests.desk import GUEST, Desk
from tests.eventually import eventually
from tests.fake_graph import FakeGraph
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World, text_message

OUTDATED = "EAAG-of-last-year"


class Mailbox:
    """A guest who sends files, and a fetcher that fetches when it is told to."""

    def __init__(self, desk: Desk, graph: FakeGraph, ledger: Ledger, folder: Path, hotel: HotelWorld) -> None:
        self.desk = desk
        self.graph = graph
        self.ledger = ledger
        self.folder = folder
        self.hotel = hotel

    @property
    def fetcher(self) -> MediaFetcher:
        return self.desk.services.media_fetcher

    async def send(self, data: bytes, mime_type: str = "image/jpeg", kind: str = "image", **fields: Any) -> str:
        """A guest's message with this file; answers the provider's id of the file."""
        media = await self.graph.register_media(data, mime_type)
        message = {key: value for key, value in text_message("", GUEST).items() if key != "text"}
        file = {"id": media["id"], "mime_type": mime_type, "sha256": media["sha256"]} | fields
        await self.desk.take_messages(message | {"type": kind, kind: file})
        return str(media["id"])

    async def fetch(self) -> Any:
        """Fetch what is due; the row of the only file."""
        for claimed in await self.fetcher.claim(16):
            await self.fetcher.fetch(claimed)
        return await self.row()

    async def row(self) -> Any:
        return await self.ledger.row(Media)

    async def told(self) -> list[MediaState]:
        """What was said of files, in order."""
        events = await self.ledger.events(self.hotel.id)
        return [each.message.media.state for each in events if isinstance(each, MessageUpdated) and each.message.media]

    @property
    def kept(self) -> list[Path]:
        return files.stored_under(self.folder)


@pytest.fixture
def mailbox(desk: Desk, fake_graph: FakeGraph, ledger: Ledger, settings: Settings, hotel: HotelWorld) -> Mailbox:
    return Mailbox(desk, fake_graph, ledger, Path(settings.media_dir), hotel)


async def test_a_photo_is_stored_anew_with_its_thumbnail_and_told(mailbox: Mailbox) -> None:
    await mailbox.send(files.photo_from_a_phone())

    row = await mailbox.fetch()

    assert (row.state, row.mime_type, row.width, row.height) == (MediaState.STORED, "image/jpeg", 480, 640)
    assert (row.error, row.lease_token, row.attempts) == (None, None, 1)
    assert len(mailbox.kept) == 2
    assert not [each for each in mailbox.kept if b"SecretMaker" in each.read_bytes()]
    assert await mailbox.told() == [MediaState.STORED]


async def test_a_voice_note_keeps_its_bytes(mailbox: Mailbox) -> None:
    await mailbox.send(files.VOICE, "audio/ogg; codecs=opus", "audio", voice=True)

    row = await mailbox.fetch()

    assert (row.state, row.mime_type, row.voice, row.size) == (MediaState.STORED, "audio/ogg", True, len(files.VOICE))
    assert [each.read_bytes() for each in mailbox.kept] == [files.VOICE]


async def test_a_document_keeps_its_bytes_and_gets_a_name_that_harms_nobody(mailbox: Mailbox) -> None:
    await mailbox.send(files.PDF, "application/pdf", "document", filename="../../\u202efdp.exe")

    row = await mailbox.fetch()

    assert (row.state, row.mime_type, row.filename) == (MediaState.STORED, "application/pdf", "fdp.exe.pdf")


async def test_an_animated_sticker_is_kept_moving(mailbox: Mailbox) -> None:
    await mailbox.send(files.animated(), "image/webp", "sticker", animated=True)

    row = await mailbox.fetch()

    assert (row.state, row.mime_type) == (MediaState.STORED, "image/webp")


@pytest.mark.parametrize(
    ("data", "mime_type", "kind"),
    [
        (files.HTML, "image/jpeg", "image"),
        (files.SVG, "image/svg+xml", "document"),
        (files.PROGRAM, "application/pdf", "document"),
        (files.ELF, "application/octet-stream", "document"),
        (files.MACROS, "application/msword", "document"),
        (files.zipped("x.exe"), "application/zip", "document"),
        (files.PDF, "image/jpeg", "image"),
        (files.animated("GIF"), "image/jpeg", "image"),
        (files.photo_bytes()[:900], "image/jpeg", "image"),
        (files.png_that_claims(90_000, 90_000), "image/png", "image"),
        (files.webp_that_claims(16_383, 16_383), "image/webp", "sticker"),
    ],
    ids=["html", "svg", "exe", "elf", "macros", "zip", "pdf", "gif", "cut", "bomb", "webp_bomb"],
)
async def test_what_lies_or_is_not_let_in_is_refused_and_not_kept(
    mailbox: Mailbox, data: bytes, mime_type: str, kind: str
) -> None:
    await mailbox.send(data, mime_type, kind)

    row = await mailbox.fetch()

    assert row.state is MediaState.REFUSED
    assert row.error.endswith(".")
    assert (row.original_key, row.thumbnail_key, mailbox.kept) == (None, None, [])
    assert await mailbox.told() == [MediaState.REFUSED]


async def test_a_byte_more_than_five_megabytes_is_refused_unread(mailbox: Mailbox) -> None:
    await mailbox.send(files.photo_bytes() + bytes(5 * files.MEGABYTE + 1 - len(files.photo_bytes())))

    row = await mailbox.fetch()

    assert (row.state, row.error) == (MediaState.REFUSED, "The file is larger than the 5 MB that are taken.")


async def test_an_empty_file_is_refused(mailbox: Mailbox) -> None:
    await mailbox.send(b"", "application/pdf", "document")

    assert (await mailbox.fetch()).state in {MediaState.REFUSED, MediaState.FAILED}


@pytest.mark.parametrize(
    ("fault", "more"),
    [
        ("wrong_sha256", {}),
        ("cut", {}),
        ("status", {"status": 500}),
        ("status", {"status": 503, "at": "lookup"}),
        ("longer", {"extra": 10}),
    ],
)
async def test_what_fails_in_passing_is_tried_again(
    mailbox: Mailbox, clock: HeldClock, fault: str, more: dict[str, Any]
) -> None:
    await mailbox.send(files.photo_bytes())
    await mailbox.graph.fail_media(fault, **more)

    failed = await mailbox.fetch()
    assert (failed.state, failed.attempts, mailbox.kept) == (MediaState.PENDING, 1, [])
    assert failed.error
    assert (await mailbox.fetch()).attempts == 1, "not before its time"
    clock.now += timedelta(seconds=4 * 1.2)

    assert (await mailbox.fetch()).state is MediaState.STORED


async def test_an_expired_address_is_asked_for_again_at_once(mailbox: Mailbox) -> None:
    await mailbox.send(files.photo_bytes())
    await mailbox.graph.fail_media("expired")

    assert (await mailbox.fetch()).state is MediaState.STORED


async def test_six_tries_are_all(mailbox: Mailbox, clock: HeldClock) -> None:
    await mailbox.send(files.photo_bytes())
    await mailbox.graph.fail_media("status", status=500, times=0)

    for _ in range(MAX_ATTEMPTS):
        assert (await mailbox.row()).state is MediaState.PENDING
        row = await mailbox.fetch()
        clock.now += timedelta(seconds=720)

    assert (row.state, row.attempts) == (MediaState.FAILED, MAX_ATTEMPTS)
    assert await mailbox.told() == [MediaState.FAILED]


async def test_a_file_that_whatsapp_no_longer_has_is_failed_for_good(mailbox: Mailbox) -> None:
    await mailbox.send(files.photo_bytes())
    await mailbox.graph.fail_media("status", status=404, at="lookup")

    row = await mailbox.fetch()

    assert (row.state, row.attempts) == (MediaState.FAILED, 1)
    assert "week" in row.error


async def test_after_a_week_nobody_asks_any_more(mailbox: Mailbox, clock: HeldClock, ledger: Ledger) -> None:
    await mailbox.send(files.photo_bytes())
    await ledger.change(Media, created_at=clock.now - timedelta(days=8))

    assert await mailbox.fetcher.expire() == 1

    assert (await mailbox.row()).state is MediaState.FAILED
    assert await mailbox.told() == [MediaState.FAILED]


async def test_an_address_outside_meta_is_not_asked(mailbox: Mailbox) -> None:
    await mailbox.send(files.photo_bytes())
    await mailbox.graph.fail_media("other_host", url="http://127.0.0.1:1/x")

    row = await mailbox.fetch()

    assert (row.state, "outside Meta" in row.error) == (MediaState.FAILED, True)


async def test_a_bad_token_pauses_the_channel_and_the_file_waits(
    mailbox: Mailbox, ledger: Ledger, world: World, hotel: HotelWorld, clock: HeldClock
) -> None:
    await mailbox.send(files.photo_bytes())
    await world.seal_anew(hotel, access_token=OUTDATED)

    row = await mailbox.fetch()
    assert (row.state, row.attempts) == (MediaState.PENDING, 0)
    assert (await ledger.row(Channel)).paused_at is not None
    assert [each for each in await ledger.events(hotel.id) if isinstance(each, ChannelChanged)]
    assert not await mailbox.fetcher.claim(16), "it is not asked again and again"

    await world.seal_anew(hotel)
    async with mailbox.desk.services.database.transaction() as work:
        await resume(work, hotel.channel_id)
    clock.now = utc_now() + timedelta(minutes=1)  # due since the file came, which the database dates by its own clock
    assert (await mailbox.fetch()).state is MediaState.STORED


async def test_a_number_that_may_not_send_still_gets_its_guests_files(mailbox: Mailbox, hotel: HotelWorld) -> None:
    async with mailbox.desk.services.database.transaction() as work:
        await pause(work, hotel.channel_id, "WhatsApp has restricted this number.", code=368)
    await mailbox.send(files.photo_bytes())

    assert (await mailbox.fetch()).state is MediaState.STORED


async def test_a_refusal_of_a_token_that_was_mended_meanwhile_pauses_nothing(
    mailbox: Mailbox, ledger: Ledger, world: World, hotel: HotelWorld
) -> None:
    await mailbox.send(files.photo_from_a_phone())
    await world.seal_anew(hotel, access_token=OUTDATED)
    [claimed] = await mailbox.fetcher.claim(1)
    await world.seal_anew(hotel, access_token=OUTDATED)  # sealed, no two are alike

    await mailbox.fetcher.fetch(claimed)

    assert (await ledger.row(Channel)).paused_at is None
    assert (await mailbox.row()).state is MediaState.PENDING


async def test_two_workers_never_fetch_the_same(mailbox: Mailbox) -> None:
    for _ in range(6):
        await mailbox.send(files.photo_bytes())

    claims = await asyncio.gather(*(mailbox.fetcher.claim(4) for _ in range(4)))

    taken = [each.id for claim in claims for each in claim]
    assert len(taken) == len(set(taken)) == 6


async def test_what_a_dead_worker_left_is_taken_up_when_its_lease_ends(mailbox: Mailbox, clock: HeldClock) -> None:
    await mailbox.send(files.photo_bytes())
    [lost] = await mailbox.fetcher.claim(16)
    assert not await mailbox.fetcher.claim(16)
    clock.now += LEASE + timedelta(seconds=1)

    assert (await mailbox.fetch()).state is MediaState.STORED
    before = mailbox.kept
    await mailbox.fetcher.fetch(lost)

    assert mailbox.kept == before, "what comes too late is not kept beside"
    assert await mailbox.told() == [MediaState.STORED]


async def test_a_file_that_kills_every_worker_is_given_up(mailbox: Mailbox, clock: HeldClock) -> None:
    await mailbox.send(files.photo_bytes())
    for _ in range(MAX_ATTEMPTS):
        assert await mailbox.fetcher.claim(16)
        clock.now += LEASE + timedelta(seconds=1)

    assert await mailbox.fetcher.expire() == 1
    assert (await mailbox.row()).state is MediaState.FAILED


async def test_what_its_guest_took_back_meanwhile_is_not_kept(mailbox: Mailbox, ledger: Ledger) -> None:
    await mailbox.send(files.photo_bytes())
    [claimed] = await mailbox.fetcher.claim(16)
    await ledger.change(Media, state=MediaState.DELETED)

    await mailbox.fetcher.fetch(claimed)

    assert (await mailbox.row()).state is MediaState.DELETED
    assert mailbox.kept == []


async def test_a_store_that_is_away_is_a_passing_error(mailbox: Mailbox, clock: HeldClock) -> None:
    await mailbox.send(files.photo_bytes())
    mailbox.folder.write_text("in the way")

    assert (await mailbox.fetch()).state is MediaState.PENDING

    mailbox.folder.unlink()
    clock.now += timedelta(seconds=5)
    assert (await mailbox.fetch()).state is MediaState.STORED


async def test_a_worker_that_is_woken_fetches_at_once_and_ends_when_told(mailbox: Mailbox) -> None:
    worker = MediaWorker(mailbox.fetcher, idle=600.0)
    worker.start()
    try:
        await mailbox.send(files.photo_bytes())
        worker.wake()
        await eventually(lambda: mailbox.told())
    finally:
        await worker.stop()
    assert await mailbox.told() == [MediaState.STORED]


async def test_a_worker_that_is_ended_leaves_its_file_to_the_next_one_at_once(mailbox: Mailbox) -> None:
    await mailbox.send(files.photo_bytes())
    await mailbox.graph.fail_media("slow", seconds=30)
    worker = MediaWorker(mailbox.fetcher, idle=600.0)
    worker.start()

    async def is_claimed() -> bool:
        return (await mailbox.row()).lease_token is not None

    await eventually(is_claimed)
    await worker.stop(patience=0.1)
    await mailbox.graph.mend()

    assert (await mailbox.row()).attempts == 0
    assert (await mailbox.fetch()).state is MediaState.STORED
