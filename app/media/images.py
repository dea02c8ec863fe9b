"""Pictures made anew: what is kept is pixels that we have written ourselves, upright and without metadata.

Nothing of the bytes that came survives (EXIF with the place where it was taken, profiles, comments, what hangs behind
the picture's end), but for animated stickers, which keep their frames and lose the rest. Pixels are counted before any
is decoded. The functions block, and take memory and time: ``pictures.py`` has processes for them.
"""

from pathlib import Path
from typing import Final

import msgspec
from PIL import ExifTags, Image

from app.media import webp
from app.media.sniff import IMAGES, MEGABYTE, NotAllowed

MAX_PIXELS: Final = 50_000_000
LONGEST_EDGE: Final = 4096
THUMBNAIL_EDGE: Final = 480
THUMBNAIL_TYPE: Final = "image/webp"
HUGE_PNG: Final = 2 * MEGABYTE
SENT_AT_MOST: Final = 5 * MEGABYTE
STICKER_AT_MOST: Final = 100 * 1024
STICKER_EDGE: Final = 512

_FORMATS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_SAVING: Final[dict[str, dict[str, object]]] = {
    "image/jpeg": {"quality": 88},
    "image/png": {"compress_level": 6},
    "image/webp": {"quality": 88, "method": 3},
}

Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit first warns, and looks too late at a WebP; ours is in _open


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that is safe to show: its file, and a thumbnail of ``THUMBNAIL_TYPE``. Sizes in pixels."""

    path: Path
    thumbnail: Path
    mime_type: str
    width: int
    height: int


def remake(path: Path, mime_type: str, folder: Path, *, sticker: bool = False) -> Picture:
    """As a guest sent it; the files are written into ``folder``. Raises NotAllowed, and OSError for what is no fault of
    the picture."""
    data = path.read_bytes() if mime_type == "image/webp" and path.stat().st_size <= MEGABYTE else b""
    image = _open(path, mime_type)
    if sticker and data and webp.is_animated(data):
        kept = folder / "picture"
        kept.write_bytes(webp.bare(data))
        return _picture(image, kept, mime_type, folder)
    return _save(image, mime_type, folder)


def for_sending(path: Path, mime_type: str, folder: Path) -> Picture:
    """As WhatsApp takes it. Raises as ``remake``."""
    image = _open(path, mime_type)
    if mime_type == "image/webp":
        if image.size == (STICKER_EDGE, STICKER_EDGE) and path.stat().st_size <= STICKER_AT_MOST:
            picture = _save(image, mime_type, folder)
            if picture.path.stat().st_size <= STICKER_AT_MOST:
                return picture
        mime_type = "image/png" if _has_alpha(image) else "image/jpeg"
    picture = _save(image, mime_type, folder, huge_png="image/jpeg")
    while picture.path.stat().st_size > SENT_AT_MOST:
        image.thumbnail((max(1, image.width * 3 // 4), max(1, image.height * 3 // 4)))
        picture = _save(image, picture.mime_type, folder)
    return picture


def _open(path: Path, mime_type: str) -> Image.Image:
    """Decoded, upright, of 4,096 pixels at most either way, in RGB, RGBA or grey, with nothing beside its pixels."""
    assert mime_type in IMAGES
    try:
        if mime_type == "image/webp":
            with path.open("rb") as file:
                _count(webp.size_of(file.read(100 * MEGABYTE)))
        with Image.open(path, formats=(_FORMATS[mime_type],)) as image:
            _count(image.size)
            turned = _orientation(image)
            image.draft(None, (LONGEST_EDGE, LONGEST_EDGE))  # a JPEG is decoded no larger than it is kept
            image.load()
            upright = _plain(image)
    except NotAllowed:
        raise
    except MemoryError:
        raise
    except OSError as error:
        if error.errno is not None:  # the disk's, not the picture's
            raise
        raise NotAllowed("The picture is damaged.") from error
    except Exception as error:  # Pillow's readers raise whatever comes: SyntaxError, struct.error, ValueError
        raise NotAllowed("The picture is damaged.") from error
    upright.info.clear()  # saving would take comments and profiles from here
    upright.thumbnail((LONGEST_EDGE, LONGEST_EDGE), reducing_gap=2.0)
    return upright.transpose(turned) if turned is not None else upright


def _count(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise NotAllowed(f"The picture has {size[0]} by {size[1]} pixels, more than are taken.")


def _orientation(image: Image.Image) -> Image.Transpose | None:
    """How to turn the picture upright; damaged metadata turns nothing."""
    try:
        told = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:
        return None
    return {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(told)


def _plain(image: Image.Image) -> Image.Image:
    """In a mode that every format of ours can be written in."""
    if image.mode in {"RGB", "RGBA", "L"} and "transparency" not in image.info:
        return image.copy()
    if image.mode.startswith("I"):  # 16 bits a pixel: the upper 8 are what a screen shows
        return image.point(lambda value: value / 256).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _has_alpha(image: Image.Image) -> bool:
    return image.mode == "RGBA" and image.getchannel("A").getextrema() != (255, 255)


def _save(image: Image.Image, mime_type: str, folder: Path, *, huge_png: str = "image/webp") -> Picture:
    path = folder / "picture"
    _write(image, path, mime_type)
    if mime_type == "image/png" and path.stat().st_size > HUGE_PNG:
        mime_type = huge_png
        _write(image, path, mime_type)
    return _picture(image, path, mime_type, folder)


def _write(image: Image.Image, path: Path, mime_type: str) -> None:
    if mime_type == "image/jpeg" and image.mode == "RGBA":
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        image = white
    image.save(path, _FORMATS[mime_type], **_SAVING[mime_type])


def _picture(image: Image.Image, path: Path, mime_type: str, folder: Path) -> Picture:
    """The picture, and its thumbnail beside it."""
    small = image.copy()
    small.thumbnail((THUMBNAIL_EDGE, THUMBNAIL_EDGE), reducing_gap=2.0)
    thumbnail = folder / "thumbnail"
    small.save(thumbnail, "WEBP", quality=78, method=3)
    return Picture(path=path, thumbnail=thumbnail, mime_type=mime_type, width=image.width, height=image.height)
