"""Signed addresses: whoever holds one may do what it is for, and nothing else, until it runs out.

Of files: a browser's ``<img>`` and ``<audio>`` show no token, so the address itself is the permission. It is made anew
for every answer that carries it, and for nobody who may not see the message.

Of guests: a personal link opens a guest session. It is made at the moment when it leaves for the guest's phone, the
same each time, and is kept nowhere.
"""

import base64
import hashlib
import hmac
import re
from datetime import timedelta
from enum import StrEnum
from typing import Final

import msgspec

from app.core.clock import Clock, utc_now

VALID_FOR: Final = timedelta(hours=6)
_STEP: Final = 3600  # seconds: within an hour an address stays the same, so that browsers may keep what they fetched


class Variant(StrEnum):
    """What there is to fetch of a file."""

    ORIGINAL = "original"
    THUMBNAIL = "thumbnail"


_ADDRESS: Final = re.compile(r"/api/media/([0-9]{1,18})/([a-z]+)/\?expires=([0-9]{1,18})&signature=([0-9a-f]{64})$")


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

    def media_id(self, url: str) -> int | None:
        """Which file an address is of that we made, whether or not it has run out; None for every other address."""
        found = _ADDRESS.search(url)
        if found is None:
            return None
        media_id, variant, expires, signature = found.groups()
        if variant not in set(Variant):
            return None
        ours = self._sign(int(media_id), Variant(variant), int(expires))
        return int(media_id) if hmac.compare_digest(ours, signature) else None

    def _sign(self, media_id: int, variant: Variant, expires: int) -> str:
        return hmac.new(self._key, f"{media_id}/{variant.value}/{expires}".encode(), hashlib.sha256).hexdigest()


class LinkTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a guest's personal link stands for. ``number`` is digits, ``expires`` in Unix seconds."""

    id: int
    stay_id: int
    number: str
    expires: int


_TOKEN: Final = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})\.([0-9]{1,15})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})")


class GuestLinks:
    """Makes and reads them. What is secret stands behind the ``#``: no server, proxy or referrer sees it."""

    def __init__(self, secret_key: str, public_url: str, clock: Clock = utc_now) -> None:
        self._key = hashlib.sha256(b"guest links:" + secret_key.encode()).digest()
        self._base = public_url.rstrip("/")
        self._clock = clock

    def url(self, terms: LinkTerms) -> str:
        """The address that the guest opens."""
        return f"{self._base}/guest/#token={self.token(terms)}"

    def token(self, terms: LinkTerms) -> str:
        plain = f"{terms.id}.{terms.stay_id}.{terms.number}.{terms.expires}"
        return f"{plain}.{self._sign(plain)}"

    def read(self, token: str) -> LinkTerms | None:
        """What a link stands for that we made, and that has not run out; None for everything else."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            return None
        plain, _, signature = token.rpartition(".")
        if not hmac.compare_digest(self._sign(plain), signature):
            return None
        terms = LinkTerms(id=int(found[1]), stay_id=int(found[2]), number=found[3], expires=int(found[4]))
        return terms if self._clock().timestamp() < terms.expires else None

    def _sign(self, plain: str) -> str:
        made = hmac.new(self._key, plain.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(made).decode().rstrip("=")
