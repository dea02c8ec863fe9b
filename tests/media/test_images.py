"""Pictures come out as pixels of our own, upright, bounded, and with nothing beside them."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from app.media import webp
from app.media.images import MAX_PIXELS, SENT_AT_MOST, STICKER_AT_MOST, Picture, for_sending, remake
from app.media.sniff import NotAllowed
from tests import files

SECRETS = (b"SecretMaker", b"SecretComment", b"SecretProfile", b"Exif", b"ICC_PROFILE", b"EXIF")
Remake = Callable[..., Picture]


@pytest.fixture
def made(tmp_path: Path) -> Remake:
    """The picture that is made of these bytes."""

    def make(data: bytes, mime_type: str = "image/jpeg", how: Remake = remake, **options: bool) -> Picture:
        path = tmp_path / "came"
        path.write_bytes(data)
        return how(path, mime_type, tmp_path, **options)

    return make


def opened(path: Path) -> Image.Image:
    image = Image.open(io.BytesIO(path.read_bytes()))
    image.load()
    return image


def test_a_photo_stands_upright_and_tells_nothing_of_its_maker_or_place(made: Remake) -> None:
    photo = files.photo_from_a_phone()
    assert any(secret in photo for secret in SECRETS)

    picture = made(photo)

    assert (picture.width, picture.height) == (480, 640)
    image = opened(picture.path)
    assert image.getpixel((470, 320)) != image.getpixel((10, 320)), "red is right of blue now"
    assert not image.getexif()
    for path in (picture.path, picture.thumbnail):
        assert not [secret for secret in SECRETS if secret in path.read_bytes()]
    assert opened(picture.thumbnail).size == (360, 480)


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "image/webp"])
def test_what_hangs_behind_a_picture_or_inside_it_is_gone(made: Remake, kind: str) -> None:
    name = kind.partition("/")[2].upper()
    polyglot = files.encoded(files.drawing(), name) + files.HTML + files.zipped("run.exe")

    picture = made(polyglot, kind)

    assert b"<script" not in picture.path.read_bytes()
    assert b"PK\x03\x04" not in picture.path.read_bytes()
    assert picture.mime_type == kind


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_a_jpeg_of_any_colours_is_shown(made: Remake, mode: str) -> None:
    picture = made(files.encoded(files.drawing(mode=mode), "JPEG"))

    assert opened(picture.path).mode in {"RGB", "L"}
    assert (picture.width, picture.height) == (640, 480)


def test_sixteen_bits_become_eight_and_not_white(made: Remake) -> None:
    deep = Image.new("I;16", (256, 4))
    deep.putdata([column * 256 for column in range(256)] * 4)

    image = opened(made(files.encoded(deep, "PNG"), "image/png").path)

    assert [image.getpixel((column, 0)) for column in (0, 128, 255)] == [0, 128, 255]


def test_a_transparent_palette_stays_transparent(made: Remake) -> None:
    palette = files.encoded(files.drawing().quantize(4), "PNG", transparency=0)

    assert opened(made(palette, "image/png").path).mode == "RGBA"


def test_a_huge_png_becomes_webp(made: Remake) -> None:
    assert made(files.encoded(files.noise(1200, 900), "PNG"), "image/png").mime_type == "image/webp"


def test_a_picture_of_several_stays_one(made: Remake) -> None:
    several = files.encoded(files.drawing(), "MPO", save_all=True, append_images=[files.drawing()])

    assert getattr(opened(made(several).path), "n_frames", 1) == 1


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (files.png_that_claims(100_000, 100_000), "image/png"),
        (files.webp_that_claims(16_383, 16_383), "image/webp"),
    ],
    ids=["png", "webp"],
)
def test_a_bomb_is_refused_by_its_pixels_before_any_is_decoded(made: Remake, data: bytes, kind: str) -> None:
    with pytest.raises(NotAllowed, match="pixels"):
        made(data, kind)


def test_a_jpeg_of_more_pixels_than_are_taken_is_refused_by_its_header(made: Remake) -> None:
    tall = bytearray(files.encoded(files.drawing(16, 16), "JPEG"))
    at = tall.index(b"\xff\xc0")
    tall[at + 5 : at + 9] = b"\xff\xdc\xff\xdc"
    assert MAX_PIXELS < 0xFFDC**2

    with pytest.raises(NotAllowed, match="pixels"):
        made(bytes(tall))


@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
def test_a_picture_cut_short_is_refused(made: Remake, part: float) -> None:
    photo = files.encoded(files.noise(200, 200), "JPEG")

    with pytest.raises(NotAllowed, match="damaged"):
        made(photo[: int(len(photo) * part)])


def test_a_png_that_claims_more_than_it_holds_is_refused(made: Remake) -> None:
    with pytest.raises(NotAllowed, match="damaged"):
        made(files.png_that_claims(3000, 3000), "image/png")


def test_a_gif_named_jpeg_is_no_jpeg(made: Remake) -> None:
    with pytest.raises(NotAllowed, match="damaged"):
        made(files.animated("GIF"))


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_damaged_metadata_takes_no_picture_away(made: Remake) -> None:
    photo = bytearray(files.photo_from_a_phone())
    at = photo.index(b"Exif\x00\x00")
    photo[at + 14 : at + 60] = os.urandom(46)

    assert made(bytes(photo)).mime_type == "image/jpeg"


def test_an_animated_sticker_keeps_its_frames_and_nothing_else(made: Remake) -> None:
    picture = made(files.animated() + files.HTML, "image/webp", sticker=True)

    kept = picture.path.read_bytes()
    assert getattr(opened(picture.path), "n_frames", 1) == 2
    assert not [secret for secret in (*SECRETS, b"<script") if secret in kept]


def test_what_only_claims_to_be_webp_is_refused(made: Remake) -> None:
    for data in (b"RIFF", files.animated()[:40], b"RIFF\xff\xff\xff\xffWEBPVP8X" + bytes(40)):
        with pytest.raises(NotAllowed):
            made(data, "image/webp", sticker=True)


def test_sizes_of_webp_are_those_that_pillow_finds() -> None:
    for options in ({}, {"lossless": True}, {"exif": b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00"}):
        assert webp.size_of(files.encoded(files.drawing(123, 45), "WEBP", **options)) == (123, 45)


def test_a_photo_that_is_to_be_sent_is_scaled_down_to_what_whatsapp_takes(made: Remake) -> None:
    photo = files.encoded(files.noise(3000, 2400), "JPEG", quality=100)
    assert len(photo) > SENT_AT_MOST

    picture = made(photo, how=for_sending)

    assert picture.path.stat().st_size <= SENT_AT_MOST
    assert picture.mime_type == "image/jpeg"
    assert picture.width < 3000


def test_a_small_square_webp_goes_as_a_sticker_and_any_other_as_a_picture(made: Remake) -> None:
    sticker = made(files.encoded(files.drawing(512, 512), "WEBP"), "image/webp", how=for_sending)
    assert sticker.mime_type == "image/webp"
    assert sticker.path.stat().st_size <= STICKER_AT_MOST

    assert made(files.encoded(files.drawing(), "WEBP"), "image/webp", how=for_sending).mime_type == "image/jpeg"
    see_through = files.drawing(600, 512, "RGBA")
    see_through.putalpha(99)
    assert made(files.encoded(see_through, "WEBP"), "image/webp", how=for_sending).mime_type == "image/png"
    still = made(files.animated(), "image/webp", how=for_sending)
    assert getattr(opened(still.path), "n_frames", 1) == 1
