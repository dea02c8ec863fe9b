"""Strangers' pictures are opened in a process that may take so much memory and time, and no more."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from app.core.errors import Unavailable
from app.media.pictures import TOO_MUCH, Pictures
from app.media.sniff import MEGABYTE, NotAllowed

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
