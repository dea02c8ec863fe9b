"""Files at Meta: which it takes, how long it keeps them, and where they can be fetched.

Source: the Cloud API's media reference.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from app.dev.fake_graph.errors import GraphError, no_such_object

MB: Final = 1024 * 1024
KB: Final = 1024
EXAMPLE: Final = Path(__file__).with_name("example.jpg")

LIMITS: Final = {"image": 5 * MB, "audio": 16 * MB, "video": 16 * MB, "document": 100 * MB, "sticker": 500 * KB}
STILL_STICKER: Final = 100 * KB
KINDS: Final[dict[str, str]] = {
    **dict.fromkeys(("image/jpeg", "image/png"), "image"),
    "image/webp": "sticker",
    **dict.fromkeys(("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), "audio"),
    **dict.fromkeys(("video/mp4", "video/3gpp"), "video"),
    **dict.fromkeys(
        (
            "text/plain",
            "application/pdf",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ),
        "document",
    ),
}
_BEGINNINGS: Final = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n", "image/webp": b"RIFF"}


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """A file. ``uploaded``: by the hotel, who alone may send it; otherwise a guest sent it."""

    id: str
    phone_number_id: str
    mime_type: str
    data: bytes
    uploaded: bool
    at: float
    filename: str = ""

    @property
    def kind(self) -> str:
        return kind_of(self.mime_type)

    def sha256(self, spelling: str) -> str:
        digest = hashlib.sha256(self.data).digest()
        return digest.hex() if spelling == "hex" else base64.b64encode(digest).decode()


def kind_of(mime_type: str) -> str:
    """image, audio, video, sticker, or document for everything else: a guest may send any file as one."""
    plain = mime_type.partition(";")[0].strip().lower()
    if plain in KINDS:
        return KINDS[plain]
    family = plain.partition("/")[0]
    return family if family in {"audio", "video"} else "document"


def check_upload(mime_type: str, data: bytes) -> None:
    """Raises GraphError for a file that a hotel may not upload."""
    plain = mime_type.partition(";")[0].strip().lower()
    kind = KINDS.get(plain)
    if kind is None:
        raise GraphError(
            131053, details=f"Param file must be a file with one of the types {', '.join(KINDS)}. Received {plain}."
        )
    if not data:
        raise GraphError(131053, details="The file is empty.")
    if not data.startswith(_BEGINNINGS.get(plain, b"")):
        raise GraphError(131053, details=f"The file is no {plain}.")
    limit = LIMITS[kind]
    if kind == "sticker" and not _is_animated(data):
        limit = STILL_STICKER
    if len(data) > limit:
        raise GraphError(131053, details=f"The file has {len(data)} bytes; {limit} are allowed for a {kind}.")


def _is_animated(webp: bytes) -> bool:
    return webp[12:16] == b"VP8X" and len(webp) > 20 and bool(webp[20] & 0x02)


class MediaStore:
    """All files, and the addresses given out for them. ``clock`` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._files: dict[str, Media] = {}
        self._addresses: dict[str, tuple[Media, float]] = {}  # by token; until when

    def add(
        self,
        phone_number_id: str,
        mime_type: str,
        data: bytes,
        *,
        uploaded: bool = False,
        filename: str = "",
        media_id: str = "",
    ) -> Media:
        media = Media(
            id=media_id or str(10**15 + secrets.randbelow(9 * 10**15)),
            phone_number_id=phone_number_id,
            mime_type=mime_type,
            data=data,
            uploaded=uploaded,
            at=self._clock(),
            filename=filename,
        )
        self._files[media.id] = media
        return media

    def find(self, media_id: str, *, seconds: float) -> Media:
        """The file of that id, if it is not older. Raises GraphError: Meta's 100 with the subcode 33."""
        media = self._files.get(media_id)
        if media is None or self._clock() - media.at >= seconds:
            raise no_such_object(media_id)
        return media

    def get(self, media_id: str) -> Media | None:
        return self._files.get(media_id)

    def example(self, phone_number_id: str, media_id: str) -> Media:
        """The file of that id, else a small picture: examples in documents name files that nobody has sent."""
        return self._files.get(media_id) or Media(
            id=media_id,
            phone_number_id=phone_number_id,
            mime_type="image/jpeg",
            data=EXAMPLE.read_bytes(),
            uploaded=False,
            at=self._clock(),
        )

    def delete(self, media: Media) -> None:
        """Its addresses hold no longer, either."""
        self._files.pop(media.id, None)
        self._addresses = {token: found for token, found in self._addresses.items() if found[0].id != media.id}

    def address(self, media: Media, *, seconds: float) -> str:
        """A token under which the file can be fetched for so many seconds."""
        token = secrets.token_urlsafe(24)
        self._addresses[token] = media, self._clock() + seconds
        return token

    def at_address(self, token: str) -> Media:
        """Raises GraphError with 404 where the address was never given out, or no longer holds."""
        media, until = self._addresses.get(token, (None, 0.0))
        if media is None or self._clock() >= until:
            raise no_such_object(media.id if media else token, status=404)
        return media
