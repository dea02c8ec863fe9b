"""What staff upload: sent by whoever uploaded it and nobody else, handed to the provider once, and fetched again."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from pydantic import SecretStr

from app.bootstrap import media_links
from app.channels.base import Credentials, SendOutcome, UploadResult
from app.channels.registry import ChannelRegistry
from app.channels.whatsapp import WhatsApp
from app.core.errors import Conflict, NotFound
from app.core.settings import Settings
from app.core.types import MediaState
from app.core.vault import Vault
from app.media.incoming import Porter
from app.media.storage import MediaStorage
from app.models import Channel, Conversation, Media, Message
from app.services.files.service import MediaService
from app.store.channels import ChannelRecord
from app.store.database import Database
from tests import files
from tests.desk import GUEST, Desk, photo, principal
from tests.fake_graph import FakeGraph
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World

Upload = Callable[[], Awaitable[int]]


@pytest.fixture
def upload(desk: Desk, hotel: HotelWorld, tmp_path: Path) -> Upload:
    """Rita uploads a document; its id."""

    async def upload() -> int:
        path = tmp_path / "upload.pdf"
        path.write_bytes(files.PDF)
        media = desk.services.media
        return (await media.upload(principal(hotel), path, declared="application/pdf", filename="map.pdf")).id

    return upload


@pytest.fixture
async def channel(desk: Desk, hotel: HotelWorld) -> ChannelRecord:
    async with desk.services.database.read() as work:
        return (await work.channels.by_ids([hotel.channel_id]))[0]


async def two_messages(desk: Desk, hotel: HotelWorld, ledger: Ledger) -> list[int]:
    await desk.say("Hello")
    conversation = await ledger.row(Conversation)
    return await desk.answer(hotel, conversation.id, "One", "Two")


async def test_an_upload_becomes_the_file_of_its_uploaders_message_once(
    desk: Desk, hotel: HotelWorld, ledger: Ledger, upload: Upload, clock: HeldClock
) -> None:
    media_id = await upload()
    first, second = await two_messages(desk, hotel, ledger)
    whose = {"hotel_id": hotel.id, "user_id": hotel.staff["rita"]}

    async with desk.services.database.transaction() as work:
        await work.media.attach(media_id, first, channel_id=hotel.channel_id, **whose)
        message = await work.messages.get(first)
    assert message is not None
    assert message.media is not None
    assert (message.media.id, message.media.state) == (media_id, MediaState.STORED)

    async with desk.services.database.transaction() as work:
        with pytest.raises(Conflict):
            await work.media.attach(media_id, second, channel_id=hotel.channel_id, **whose)
        again = await work.media.copy(media_id, at=clock.now, **whose)
        await work.media.attach(again, second, channel_id=hotel.channel_id, **whose)
    rows = await ledger.rows(Media)
    assert [each.message_id for each in rows] == [first, second]
    assert rows[0].original_key == rows[1].original_key


async def test_nobody_sends_what_somebody_else_uploaded(
    desk: Desk, hotel: HotelWorld, world: World, ledger: Ledger, upload: Upload
) -> None:
    media_id = await upload()
    sam = await world.user(hotel, "sam")
    first, _ = await two_messages(desk, hotel, ledger)
    rita = hotel.staff["rita"]

    async with desk.services.database.transaction() as work:
        for wrong in (
            {"hotel_id": hotel.id, "user_id": sam},
            {"hotel_id": hotel.id + 1, "user_id": rita},
        ):
            with pytest.raises(NotFound):
                await work.media.attach(media_id, first, channel_id=hotel.channel_id, **wrong)
        with pytest.raises(NotFound):
            await work.media.attach(999, first, channel_id=hotel.channel_id, hotel_id=hotel.id, user_id=rita)


async def test_a_file_goes_up_once_while_its_id_is_good(
    desk: Desk, hotel: HotelWorld, upload: Upload, channel: ChannelRecord, clock: HeldClock, fake_graph: FakeGraph
) -> None:
    media_id = await upload()
    first = await desk.services.media.upload_id(media_id, channel)
    second = await desk.services.media.upload_id(media_id, channel)
    clock.now += timedelta(days=29)
    third = await desk.services.media.upload_id(media_id, channel)

    assert first.outcome is second.outcome is third.outcome is SendOutcome.ACCEPTED
    assert first.upload_id == second.upload_id != third.upload_id
    held = await fake_graph.client.get(f"/_fake/media/{first.upload_id}")
    assert held.content == files.PDF


async def test_an_upload_that_takes_longer_than_a_send_may_goes_on_for_the_next_try(
    settings: Settings, database: Database, upload: Upload, channel: ChannelRecord, clock: HeldClock
) -> None:
    begun, end = asyncio.Event(), asyncio.Event()

    class Slow(WhatsApp):
        uploads = 0

        def __init__(self) -> None:
            pass

        async def upload(
            self, *, mime_type: str, filename: str, content: Path, account: str, credentials: Credentials
        ) -> UploadResult:
            self.uploads += 1
            begun.set()
            await end.wait()
            return UploadResult(outcome=SendOutcome.ACCEPTED, upload_id=f"upload-{self.uploads}")

    whatsapp, storage, vault = Slow(), MediaStorage(settings), Vault(settings.secret_key.get_secret_value())
    media = MediaService(
        database=database,
        storage=storage,
        porter=Porter(storage),
        links=media_links(settings),
        channels=ChannelRegistry([whatsapp]),
        vault=vault,
        clock=clock,
    )
    media_id = await upload()

    first = asyncio.create_task(media.upload_id(media_id, channel))
    await begun.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    second = asyncio.create_task(media.upload_id(media_id, channel))
    end.set()

    assert (await second).upload_id == "upload-1"
    assert (await media.upload_id(media_id, channel)).upload_id == "upload-1", "which is on record"
    await media.stop()


async def test_a_store_that_does_not_answer_in_time_is_tried_again_and_nothing_was_sent(
    settings: Settings, database: Database, upload: Upload, clock: HeldClock
) -> None:
    media_id = await upload()
    async with await asyncio.start_server(_never_answers, "127.0.0.1") as silent:
        port = silent.sockets[0].getsockname()[1]
        bucket = {
            "media_url": "s3://bucket",
            "media_endpoint": f"http://127.0.0.1:{port}",
            "media_access_key_id": "key",
            "media_secret_access_key": SecretStr("secret"),
        }
        storage = MediaStorage(settings.model_copy(update=bucket))
        media = MediaService(
            database=database,
            storage=storage,
            porter=Porter(storage),
            links=media_links(settings),
            channels=ChannelRegistry([]),
            vault=Vault(settings.secret_key.get_secret_value()),
            clock=clock,
            local_within=0.1,
        )

        async with asyncio.timeout(5), media.local(media_id) as found:
            assert isinstance(found, UploadResult)
            assert found.outcome is SendOutcome.RETRY


async def _never_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def test_what_goes_wrong_with_an_upload_is_never_ambiguous(
    desk: Desk, hotel: HotelWorld, ledger: Ledger, upload: Upload, channel: ChannelRecord
) -> None:
    media_id = await upload()
    media = desk.services.media

    unreadable = msgspec.structs.replace(channel, credentials=b"x")
    assert (await media.upload_id(media_id, unreadable)).outcome is SendOutcome.PAUSE
    assert (await media.upload_id(999, channel)).outcome is SendOutcome.REFUSED
    await ledger.change(Media, original_key="ab/" + "0" * 38)
    assert (await media.upload_id(media_id, channel)).outcome is SendOutcome.REFUSED


async def test_a_failed_download_is_fetched_again_when_staff_say_so(
    desk: Desk, hotel: HotelWorld, ledger: Ledger, fake_graph: FakeGraph
) -> None:
    kept = await fake_graph.register_media(files.photo_bytes())
    message = photo(GUEST, kept["id"])
    message["image"]["sha256"] = kept["sha256"]
    await desk.take_messages(message)
    await ledger.change(Media, state=MediaState.FAILED, attempts=6, error="Not there.")
    media_id = (await ledger.row(Media)).id

    await desk.services.media.retry(principal(hotel), media_id)

    row = await ledger.row(Media)
    assert (row.state, row.attempts, row.error) == (MediaState.PENDING, 0, None)
    with pytest.raises(Conflict) as raised:
        await desk.services.media.retry(principal(hotel), media_id)
    assert raised.value.code == "not_failed"
    [claimed] = await desk.services.media_fetcher.claim(4)
    await desk.services.media_fetcher.fetch(claimed)
    assert (await ledger.row(Media)).state is MediaState.STORED
    assert len(await ledger.rows(Message)) == 2
    assert (await ledger.row(Channel)).paused_at is None
