"""Signed addresses of files: whoever holds one may fetch that file, and no other, until it runs out.

A browser's ``<img>`` and ``<audio>`` show no token, so the address itself is the permission. It is made anew for every
answer that carries it, and for nobody who may not see the message.
"""

import hashlib
import hmac
from datetime import timedelta
from enum import StrEnum
from typing import Final

from app.core.clock import Clock, utc_now

VALID_FOR: Final = timedelta(hours=6)
_STEP: Final = 3600  # seconds: within an hour an address stays the same, so that browsers may keep what they fetched


class Variant(StrEnum):
    """What there is to fetch of a file."""

    ORIGINAL = "original"
    THUMBNAIL = "thumbnail"


class MediaLinks:
    """Makes and checks them. ``public_url`` is where browsers reach this Lobby."""

    def __init__(self, secret_key: str, public_url: str, clock: Clock = utc_now) -> None:
        self._key = hashlib.sha256(b"media links:" + secret_key.encode()).digest()
        self._base = public_url.rstrip("/")
        self._clock = clock

    def url(self, media_id: int, variant: Variant) -> str:
        """The address of one variant of a file, good for five to six hours."""
        latest = int((self._clock() + VALID_FOR).timestamp())
        expires = latest - latest % _STEP
        signature = self._sign(media_id, variant, expires)
        return f"{self._base}/api/media/{media_id}/{variant}/?expires={expires}&signature={signature}"

    def is_valid(self, media_id: int, variant: Variant, expires: int, signature: str) -> bool:
        """Whether this is an address that we made, and that has not run out. In constant time."""
        ours = self._sign(media_id, variant, expires)
        genuine = hmac.compare_digest(ours.encode(), signature.encode(errors="replace"))
        return genuine and self._clock().timestamp() < expires

    def _sign(self, media_id: int, variant: Variant, expires: int) -> str:
        return hmac.new(self._key, f"{media_id}/{variant.value}/{expires}".encode(), hashlib.sha256).hexdigest()
