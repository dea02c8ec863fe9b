"""The store: random keys, nothing overwritten, what is missing said, what is away told as such."""

import datetime
import os
from pathlib import Path

import pytest

from app.core.errors import Unavailable
from app.core.settings import Settings
from app.media.storage import CHUNK, MediaStorage, NotStored
from tests.channels.ports import closed_port
from tests.files import stored_under

NOBODYS = "ab/" + "0" * 38
CONTENT = bytes(range(256)) * 4000


def settings(**given: str) -> Settings:
    return Settings(_env_file=None, **given)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "media"


@pytest.fixture
def storage(folder: Path) -> MediaStorage:
    return MediaStorage(settings(media_dir=str(folder)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


async def test_what_is_put_is_got_piece_by_piece(storage: MediaStorage, file: Path) -> None:
    key = await storage.put(file)

    stored = await storage.get(key)
    chunks = [chunk async for chunk in stored.chunks]

    assert b"".join(chunks) == CONTENT
    assert stored.size == await storage.size(key) == len(CONTENT)
    assert len(chunks) > 1
    assert max(map(len, chunks)) <= 4 * CHUNK


async def test_a_range_is_read_and_no_more(storage: MediaStorage, file: Path) -> None:
    stored = await storage.get(await storage.put(file), start=250, end=260)

    assert b"".join([chunk async for chunk in stored.chunks]) == CONTENT[250:260]
    assert stored.size == 10


async def test_keys_are_random_and_of_our_own_making(storage: MediaStorage, file: Path, folder: Path) -> None:
    keys = {await storage.put(file) for _ in range(3)}

    assert len(keys) == 3
    assert {str(each.relative_to(folder)) for each in stored_under(folder)} == keys


async def test_others_on_the_machine_may_not_look(storage: MediaStorage, file: Path, folder: Path) -> None:
    await storage.put(file)

    assert os.stat(folder).st_mode & 0o077 == 0


async def test_what_is_not_there_is_not_stored(storage: MediaStorage) -> None:
    for attempt in (storage.get(NOBODYS), storage.size(NOBODYS)):
        with pytest.raises(NotStored):
            await attempt


async def test_deleting_twice_is_deleting(storage: MediaStorage, file: Path, folder: Path) -> None:
    keys = [await storage.put(file), await storage.put(file)]

    await storage.delete(keys)
    await storage.delete([*keys, NOBODYS])

    assert not stored_under(folder)


async def test_only_keys_of_ours_are_listed(storage: MediaStorage, file: Path, folder: Path) -> None:
    key = await storage.put(file)
    (folder / "somebody-elses.txt").write_text("x")
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    yesterday = tomorrow - datetime.timedelta(days=2)

    assert [each async for keys in storage.older_than(tomorrow) for each in keys] == [key]
    assert [each async for keys in storage.older_than(yesterday) for each in keys] == []


async def test_a_folder_that_cannot_be_made_is_a_store_that_is_away(tmp_path: Path, file: Path) -> None:
    (tmp_path / "in-the-way").write_text("x")
    storage = MediaStorage(settings(media_dir=str(tmp_path / "in-the-way" / "media")))

    with pytest.raises(Unavailable, match="files"):
        await storage.put(file)


async def test_a_bucket_that_does_not_answer_is_a_store_that_is_away(file: Path) -> None:
    storage = MediaStorage(
        settings(
            media_url="s3://bucket/hotels/",
            media_endpoint=f"http://127.0.0.1:{closed_port()}",
            media_access_key_id="key",
            media_secret_access_key="secret",
        )
    )

    for attempt in (storage.put(file), storage.get(NOBODYS)):
        with pytest.raises(Unavailable) as raised:
            await attempt
        assert "secret" not in str(raised.value) + "".join(raised.value.__notes__)


@pytest.fixture(autouse=True)
def _no_variables_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
