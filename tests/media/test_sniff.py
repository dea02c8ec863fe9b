"""What a file really is decides, and not what it says."""

import codecs
from pathlib import Path

import pytest

from app.core.types import MessageType
from app.media.sniff import NotAllowed, Sniffed, check_fits, sniff
from tests import files

OOXML = "application/vnd.openxmlformats-officedocument."
KNOWN = {
    "image/jpeg": files.photo_bytes(),
    "image/png": files.encoded(files.drawing(), "PNG"),
    "image/webp": files.encoded(files.drawing(), "WEBP"),
    "audio/ogg": files.VOICE,
    "audio/amr": files.AMR,
    "audio/mpeg": files.MP3,
    "audio/aac": files.AAC,
    "audio/mp4": b"\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00",
    "video/mp4": files.FILM,
    "video/3gpp": b"\x00\x00\x00\x18ftyp3gp5\x00\x00\x00\x00",
    "application/pdf": files.PDF,
    "application/msword": files.ole("WordDocument"),
    "application/vnd.ms-excel": files.ole("Workbook"),
    "application/vnd.ms-powerpoint": files.ole("PowerPoint Document"),
    f"{OOXML}wordprocessingml.document": files.DOCX,
    f"{OOXML}spreadsheetml.sheet": files.XLSX,
    f"{OOXML}presentationml.presentation": files.PPTX,
    "application/vnd.oasis.opendocument.text": files.ODT,
    "text/plain": "Olá, the key is under the mat.\n".encode(),
}
STRANGE = {
    "nothing": b"",
    "html": files.HTML,
    "html_behind_space_and_mark": codecs.BOM_UTF8 + b" \r\n\t" + files.HTML,
    "html_in_utf16": files.HTML.decode().encode("utf-16"),
    "svg": files.SVG,
    "windows_program": files.PROGRAM,
    "linux_program": files.ELF,
    "script": b"#!/bin/sh\nrm -rf /\n",
    "rtf": b"{\\rtf1\\ansi hello}",
    "zip": files.zipped("holiday.jpg", "run.exe"),
    "zip_that_claims_to_be_office": files.zipped("[Content_Types].xml", "run.exe"),
    "office_with_macros": files.MACROS,
    "template_of_opendocument": files.zipped("mimetype", mimetype=b"application/vnd.oasis.opendocument.text-template"),
    "zip_cut_short": files.DOCX[: len(files.DOCX) // 2],
    "ole_installer": files.ole("SummaryInformation"),
    "ole_cut_short": files.ole("WordDocument")[:100],
    "gif": files.encoded(files.drawing(), "GIF"),
    "bmp": files.encoded(files.drawing(), "BMP"),
    "tiff": files.encoded(files.drawing(), "TIFF"),
    "quicktime": b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00",
    "heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
    "avif": b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00",
    "binary": bytes(range(256)),
    "eleven_bits_that_look_like_sound": b"\xff\xfb\xff\xff" + bytes(50),
    "text_with_nul": b"hello\x00world",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


@pytest.mark.parametrize("mime_type", KNOWN)
def test_what_is_let_in_is_known_by_its_bytes(path: Path, mime_type: str) -> None:
    path.write_bytes(KNOWN[mime_type])

    assert sniff(path, declared="application/x-lie", name="lie.html").mime_type == mime_type


@pytest.mark.parametrize("name", STRANGE)
def test_everything_else_is_refused_with_a_sentence(path: Path, name: str) -> None:
    path.write_bytes(STRANGE[name])

    with pytest.raises(NotAllowed, match=r"^[A-Z].*\.$"):
        sniff(path, declared="image/jpeg", name="holiday.jpg")


def test_a_table_is_a_text_that_says_so(path: Path) -> None:
    path.write_bytes(b"room,guest\n101,Doe\n")

    assert sniff(path, declared="text/csv").mime_type == "text/csv"
    assert sniff(path, name="guests.CSV").mime_type == "text/csv"
    assert sniff(path).mime_type == "text/plain"


def test_only_opus_makes_a_voice_note(path: Path) -> None:
    path.write_bytes(files.VOICE)
    assert sniff(path).opus
    path.write_bytes(files.VORBIS)
    assert not sniff(path).opus


def test_a_list_of_names_longer_than_any_documents_is_not_read(path: Path) -> None:
    path.write_bytes(files.zipped("[Content_Types].xml", "word/document.xml", *(f"{n:0>4000}" for n in range(1100))))

    with pytest.raises(NotAllowed):
        sniff(path)


@pytest.mark.parametrize(
    ("mime_type", "kind", "announced"),
    [
        ("application/pdf", MessageType.DOCUMENT, MessageType.IMAGE),
        ("text/plain", MessageType.DOCUMENT, MessageType.IMAGE),
        ("image/jpeg", MessageType.IMAGE, MessageType.STICKER),
        ("image/jpeg", MessageType.IMAGE, MessageType.AUDIO),
        ("video/mp4", MessageType.VIDEO, MessageType.IMAGE),
        ("audio/ogg", MessageType.AUDIO, MessageType.VIDEO),
    ],
)
def test_what_was_announced_as_something_else_has_lied(
    mime_type: str, kind: MessageType, announced: MessageType
) -> None:
    with pytest.raises(NotAllowed, match="announced"):
        check_fits(Sniffed(mime_type=mime_type, type=kind), announced)


def test_a_document_may_be_anything_that_is_let_in() -> None:
    photo = Sniffed(mime_type="image/jpeg", type=MessageType.IMAGE)

    assert check_fits(photo, MessageType.DOCUMENT) is photo


def test_mp4_that_was_announced_as_sound_is_sound() -> None:
    film = Sniffed(mime_type="video/mp4", type=MessageType.VIDEO)

    assert check_fits(film, MessageType.AUDIO).mime_type == "audio/mp4"


@pytest.mark.parametrize(("mime_type", "kind"), [("image/jpeg", MessageType.IMAGE), ("video/mp4", MessageType.VIDEO)])
def test_a_story_is_a_picture_or_a_film(mime_type: str, kind: MessageType) -> None:
    found = Sniffed(mime_type=mime_type, type=kind)

    assert check_fits(found, MessageType.STORY_MENTION) is found
    with pytest.raises(NotAllowed, match="a story"):
        check_fits(Sniffed(mime_type="application/pdf", type=MessageType.DOCUMENT), MessageType.STORY_MENTION)
