"""What a file really is, whatever it says, and whether such a one is let in.

The bytes decide; a name or a declared type only tells a table of comma-separated values from another text. Sizes are
WhatsApp's (Cloud API, "Media": supported types), in bytes.
"""

import codecs
from pathlib import Path
from typing import BinaryIO, Final

import filetype
import msgspec

from app.core.types import MessageType
from app.media import office
from app.media.names import EXTENSIONS

MEGABYTE: Final = 1024 * 1024
SIZES: Final[dict[MessageType, int]] = {
    MessageType.IMAGE: 5 * MEGABYTE,
    MessageType.AUDIO: 16 * MEGABYTE,
    MessageType.VIDEO: 16 * MEGABYTE,
    MessageType.DOCUMENT: 100 * MEGABYTE,
    MessageType.STICKER: MEGABYTE // 2,
    MessageType.STORY_MENTION: 16 * MEGABYTE,
}
IMAGES: Final = frozenset({"image/jpeg", "image/png", "image/webp"})
AUDIO: Final = frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"})
VIDEO: Final = frozenset({"video/mp4", "video/3gpp"})
TEXTS: Final = frozenset({"text/plain", "text/csv"})

_HEAD: Final = 8192
_TEXT: Final = 256 * 1024
_ISO_AUDIO: Final = (b"M4A ", b"M4B ", b"F4A ")
_ISO_MP4: Final = (b"mp4", b"iso", b"avc1", b"M4V ", b"MSNV", b"dash", b"f4v ")
_ISO_3GP: Final = (b"3gp", b"3g2")
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PROGRAMS: Final = ("<", "#!", "{\\rtf", "%!")
"""How texts begin that something would run or render: HTML, SVG and any XML, scripts, RTF, PostScript."""


class NotAllowed(ValueError):
    """A file that is not let in. The message is a sentence for people."""


class Sniffed(msgspec.Struct, frozen=True, kw_only=True):
    """``type`` is what kind of message carries such a file by itself; ``opus``: a voice note may be made of it."""

    mime_type: str
    type: MessageType
    opus: bool = False


def sniff(path: Path, *, declared: str | None = None, name: str | None = None) -> Sniffed:
    """What the file is. Raises NotAllowed where that is nothing that is let in, and where it is empty. Blocks."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if not head:
            raise NotAllowed("The file is empty.")
        mime_type = _by_bytes(file, head) or _text(file, declared, name)
    if mime_type is None:
        raise NotAllowed("Files of this kind are not taken.")
    assert mime_type in EXTENSIONS, "every type that is let in has its ending"
    return Sniffed(
        mime_type=mime_type, type=_type_of(mime_type), opus=mime_type == "audio/ogg" and b"OpusHead" in head[:64]
    )


def check_fits(found: Sniffed, announced: MessageType) -> Sniffed:
    """What it is, where a message of type ``announced`` may carry that. Raises NotAllowed where it lied.

    A document may be anything that is let in, a story a picture or a film. MP4 holds sound as well as pictures: the
    message says which.
    """
    if announced is MessageType.DOCUMENT or announced is found.type:
        return found
    if announced is MessageType.STORY_MENTION and found.type in {MessageType.IMAGE, MessageType.VIDEO}:
        return found
    if announced is MessageType.STICKER and found.mime_type == "image/webp":
        return Sniffed(mime_type=found.mime_type, type=MessageType.STICKER)
    if announced is MessageType.AUDIO and found.mime_type in VIDEO:
        return Sniffed(mime_type="audio/mp4", type=MessageType.AUDIO)
    raise NotAllowed(f"This was announced as {_WORDS[announced]}, and is not.")


def _by_bytes(file: BinaryIO, head: bytes) -> str | None:
    if head[:4] == b"PK\x03\x04":
        return office.zipped(file)
    if head[:8] == _OLE:
        return office.ole(file)
    if head[4:8] == b"ftyp":
        return _iso(head[8:12])
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    guessed = filetype.guess_mime(head)
    if guessed == "image/apng":  # the first picture of it is a PNG like any other
        return "image/png"
    if guessed in {"audio/mpeg", "audio/aac"} and not _is_sound(head):
        return None
    return guessed if guessed in IMAGES | AUDIO else None


def _iso(brand: bytes) -> str | None:
    """MP4 and 3GPP by their brand; QuickTime, HEIC and AVIF are in the same boxes, and are not taken."""
    if brand in _ISO_AUDIO:
        return "audio/mp4"
    if brand.startswith(_ISO_3GP):
        return "video/3gpp"
    return "video/mp4" if brand.startswith(_ISO_MP4) else None


def _is_sound(head: bytes) -> bool:
    """Eleven bits are a weak sign: a frame of MPEG also names a bit rate and a sampling rate that exist."""
    if head.startswith(b"ID3"):
        return True
    if len(head) < 4:
        return False
    is_adts = head[1] & 0x06 == 0
    return (head[2] >> 2 & 0x0F) < 13 if is_adts else head[2] >> 4 not in {0, 15} and head[2] >> 2 & 3 != 3


def _text(file: BinaryIO, declared: str | None, name: str | None) -> str | None:
    """A text that nothing would run: UTF-8, UTF-16 with its mark, or one of the old eight-bit alphabets."""
    file.seek(0)
    data = file.read(_TEXT)
    if filetype.guess_mime(data[:_HEAD]) is not None:  # known, and not one that is let in
        return None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data[: len(data) // 2 * 2].decode("utf-16", "replace")
    else:
        text = data.decode("utf-8-sig", "replace")
    if any(ord(char) < 32 and char not in "\t\n\r\f" for char in text) or "\x7f" in text:
        return None
    if text.count("�") > len(text) // 3 or text.lstrip("﻿ \t\r\n\f").startswith(_PROGRAMS):
        return None
    is_table = (declared or "").startswith("text/csv") or (name or "").lower().endswith(".csv")
    return "text/csv" if is_table else "text/plain"


def _type_of(mime_type: str) -> MessageType:
    if mime_type in IMAGES:
        return MessageType.IMAGE
    if mime_type in AUDIO:
        return MessageType.AUDIO
    return MessageType.VIDEO if mime_type in VIDEO else MessageType.DOCUMENT


_WORDS: Final = {
    MessageType.IMAGE: "a picture",
    MessageType.STICKER: "a sticker",
    MessageType.AUDIO: "sound",
    MessageType.VIDEO: "a film",
    MessageType.STORY_MENTION: "a story",
}
