"""Strangers' pictures are opened in a process that may take so much memory and time, and no more."""

import asyncio
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from app.core.errors import Unavailable
from app.media.pictures import TOO_MUCH, Pictures
from app.media.sniff import MEGABYTE, NotAllowed
from tests.eventually import eventually
from tests.processes import children_of

SIZE = 6000, 6000
START_OF_SCAN = b"\xff\xda"
END_OF_IMAGE = b"\xff\xd9"


def flat(kind: str, **how: object) -> bytes:
    data = BytesIO()
    Image.new("RGB", SIZE, "white").save(data, kind, **how)
    return data.getvalue()


def written(folder: Path, data: bytes) -> Path:
    path = folder / "original"
    path.write_bytes(data)
    return path


async def test_a_picture_is_made_anew(tmp_path: Path) -> None:
    picture = written(tmp_path, flat("PNG"))

    made = await Pictures().remake(picture, "image/png", tmp_path)

    assert (made.width, made.height, made.mime_type) == (4096, 4096, "image/png")
    assert made.path != picture != made.thumbnail


async def test_one_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    picture = written(tmp_path, flat("PNG"))

    with pytest.raises(NotAllowed, match=TOO_MUCH):
        await Pictures(memory=200 * MEGABYTE).remake(picture, "image/png", tmp_path)


async def test_one_whose_scans_have_no_end_is_refused(tmp_path: Path) -> None:
    """A progressive JPEG may repeat a scan of a few bytes as often as it likes; each looks at every pixel."""
    data = flat("JPEG", progressive=True)
    last = data.rindex(START_OF_SCAN)
    scan = data[last:].removesuffix(END_OF_IMAGE)
    picture = written(tmp_path, data[:last] + scan * 2000 + END_OF_IMAGE)

    with pytest.raises(NotAllowed, match=TOO_MUCH):
        await Pictures(seconds=1).remake(picture, "image/jpeg", tmp_path)


async def test_what_is_no_fault_of_the_picture_does_not_refuse_it(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await Pictures().remake(tmp_path / "gone", "image/png", tmp_path)


# On a machine that is short of something


@contextmanager
def no_more_files() -> Iterator[None]:
    """This process may open none: a pipe to another process neither."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def small() -> bytes:
    data = BytesIO()
    Image.new("RGB", (64, 64), "white").save(data, "PNG")
    return data.getvalue()


async def test_where_no_process_can_be_started_just_then_the_picture_is_made_a_moment_later(tmp_path: Path) -> None:
    picture = written(tmp_path, small())
    with no_more_files():
        making = asyncio.create_task(Pictures().remake(picture, "image/png", tmp_path))
        await asyncio.wait([making], timeout=0.1)

    assert (await making).width == 64


async def test_where_none_can_be_started_at_all_it_may_be_sent_again(tmp_path: Path) -> None:
    picture = written(tmp_path, small())
    with no_more_files(), pytest.raises(Unavailable, match="try again"):
        await Pictures().remake(picture, "image/png", tmp_path)


async def test_where_the_machine_kills_one_the_picture_is_made_by_another(tmp_path: Path) -> None:
    ready, picture = written(tmp_path, small()), tmp_path / "picture-that-comes-late"
    os.mkfifo(picture)  # whoever opens it waits
    others = set(await children_of(os.getpid()))
    making = asyncio.create_task(Pictures().remake(picture, "image/png", tmp_path))

    async def opening() -> set[int]:
        return set(await children_of(os.getpid())) - others

    [killed] = await eventually(opening)
    ready.replace(picture)
    os.kill(killed, signal.SIGKILL)

    assert (await making).width == 64
