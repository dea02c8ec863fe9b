"""Files for tests: harmless ones of every sort, and hostile ones."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

from PIL import Image

MEGABYTE = 1024 * 1024
HTML = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + bytes(200)
ELF = b"\x7fELF\x02\x01\x01" + bytes(200)
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
VOICE = b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead\x01\x01" + bytes(2000)
VORBIS = b"OggS\x00\x02" + bytes(20) + b"\x01\x1e\x01vorbis" + bytes(500)
FILM = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(range(256)) * 40
AMR = b"#!AMR\n" + bytes(100)
MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" + bytes(400)
AAC = b"\xff\xf1\x50\x80\x01\x3f\xfc" + bytes(100)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    into = io.BytesIO()
    image.save(into, kind, **options)
    return into.getvalue()


def drawing(width: int = 640, height: int = 480, mode: str = "RGB") -> Image.Image:
    """Red above, blue below, so that one sees which way up it is."""
    image = Image.new("RGB", (width, height), (200, 20, 20))
    image.paste((20, 20, 200), (0, height // 2, width, height))
    return image.convert(mode)


def noise(width: int, height: int) -> Image.Image:
    """What no format makes small."""
    return Image.effect_noise((width, height), 100).convert("RGB")


def photo_bytes(width: int = 640, height: int = 480) -> bytes:
    return encoded(drawing(width, height), "JPEG")


def photo_from_a_phone() -> bytes:
    """Lying on its side, with the place where it was taken, the maker, a comment and a profile."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SecretMaker"
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (38.0, 42.0, 1.0), "W", (9.0, 8.0, 1.0)
    return encoded(drawing(), "JPEG", exif=exif, comment=b"SecretComment", icc_profile=b"SecretProfile" * 20)


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of some hundred bytes that says it has so many pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def webp_that_claims(width: int, height: int) -> bytes:
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + canvas


def animated(kind: str = "WEBP") -> bytes:
    first = drawing(512, 512)
    exif = Image.Exif()
    exif[0x010F] = "SecretMaker"
    more = {"exif": exif} if kind == "WEBP" else {}
    return encoded(first, kind, save_all=True, append_images=[first.rotate(90)], duration=100, **more)


def zipped(*names: str, **contents: bytes) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        for name in names:
            archive.writestr(name, contents.get(name, b"x"))
    return into.getvalue()


DOCX = zipped("[Content_Types].xml", "_rels/.rels", "docProps/app.xml", "docProps/core.xml", "word/document.xml")
XLSX = zipped("xl/workbook.xml", "[Content_Types].xml")
PPTX = zipped("[Content_Types].xml", "ppt/presentation.xml")
ODT = zipped("mimetype", "content.xml", mimetype=b"application/vnd.oasis.opendocument.text")
MACROS = zipped("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")


def ole(stream: str) -> bytes:
    """An OLE file whose directory, in its second sector, names this stream."""
    head = bytearray(512)
    head[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<H", head, 30, 9)
    struct.pack_into("<I", head, 48, 1)
    directory = bytearray(512)
    for place, name in enumerate(("Root Entry", stream)):
        spelled = name.encode("utf-16-le")
        directory[place * 128 : place * 128 + len(spelled)] = spelled
        struct.pack_into("<H", directory, place * 128 + 64, len(spelled) + 2)
    return bytes(head) + bytes(512) + bytes(directory)


def stored_under(folder: Path) -> list[Path]:
    """Every file that a store in this folder keeps."""
    return sorted(each for each in folder.rglob("*") if each.is_file()) if folder.exists() else []
