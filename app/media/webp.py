"""WebP by its chunks: how large a picture is before it is opened, and an animation without what is not picture.

Pillow reserves memory for a whole WebP as it opens it, before anybody could look at its size. Source: the WebP
Container Specification.
"""

import struct
from collections.abc import Iterator
from typing import Final

_PICTURE: Final = frozenset({b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"})
_METADATA_FLAGS: Final = 0x20 | 0x08 | 0x04  # ICC profile, EXIF, XMP
_ANIMATED: Final = 0x02


class NotWebP(ValueError):
    """Bytes that are no whole WebP."""


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height in pixels, of the canvas or of the one picture. Raises NotWebP."""
    for name, body in _chunks(data):
        if name == b"VP8X" and len(body) >= 10:
            return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
        if name == b"VP8L" and len(body) >= 5:
            bits = int.from_bytes(body[1:5], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        if name == b"VP8 " and len(body) >= 10:
            width, height = struct.unpack_from("<HH", body, 6)
            return width & 0x3FFF, height & 0x3FFF
        break  # the first says it
    raise NotWebP


def is_animated(data: bytes) -> bool:
    name, body = next(_chunks(data), (b"", b""))
    return name == b"VP8X" and bool(body) and bool(body[0] & _ANIMATED)


def bare(data: bytes) -> bytes:
    """The same pictures without metadata, unknown chunks, and whatever stands behind the end. Raises NotWebP."""
    kept = bytearray(b"WEBP")
    for name, body in _chunks(data):
        if name not in _PICTURE:
            continue
        if name == b"VP8X" and body:
            body = bytes([body[0] & ~_METADATA_FLAGS]) + body[1:]
        kept += name + struct.pack("<I", len(body)) + body + b"\x00" * (len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(kept)) + bytes(kept)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise NotWebP
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data) + 1:
        raise NotWebP
    at = 12
    while at + 8 <= min(end, len(data)):
        size = struct.unpack_from("<I", data, at + 4)[0]
        if at + 8 + size > min(end, len(data)):
            raise NotWebP
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
