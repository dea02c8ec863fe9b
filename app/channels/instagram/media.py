"""Guests' files: each lies at an address that Meta signed, and that its webhook names. No token is needed there, and
none is sent; an address outside Meta, which a forged or a foreign attachment may name, is not asked.
"""

import re
from typing import BinaryIO, Final

import httpx

from app.channels.base import FetchOutcome, FetchResult, MediaSource
from app.channels.download import Ended, Pace, read_file

METAS_HOST: Final = re.compile(
    r"([a-z0-9-]+\.)+(fbsbx\.com|fbcdn\.net|cdninstagram\.com|facebook\.com|instagram\.com)", re.IGNORECASE
)
MOST_HOPS: Final = 3

_OUTDATED: Final = frozenset({401, 403, 404, 410})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class InstagramMedia:
    """By one client, whose time-outs bound each read and not the whole: ``pace`` bounds that."""

    def __init__(self, client: httpx.AsyncClient, *, base_url: str, pace: Pace | None = None) -> None:
        self._client = client
        self._own = _origin(httpx.URL(base_url))
        self._pace = pace or Pace()

    async def fetch(self, file: MediaSource, *, into: BinaryIO, limit: int) -> FetchResult:
        """Write a guest's file into ``into``, ``limit`` bytes at most. Never raises for Meta or the network."""
        try:
            return await self._fetch(file.provider_id, into, limit)
        except Ended as ended:
            return ended.result
        except httpx.InvalidURL:
            return FetchResult(outcome=FetchOutcome.FAILED, detail="The message names no file.")
        except httpx.HTTPError as error:
            return FetchResult(outcome=FetchOutcome.RETRY, detail=f"The download broke off: {type(error).__name__}.")

    async def _fetch(self, address: str, into: BinaryIO, limit: int) -> FetchResult:
        url = self._allowed(httpx.URL(address))
        for _ in range(MOST_HOPS):
            request = self._client.build_request("GET", url, headers={"Accept-Encoding": "identity"})
            response = await self._client.send(request, stream=True, follow_redirects=False)
            try:
                if response.status_code in _REDIRECTS:
                    url = self._allowed(url.join(response.headers.get("location", "")))
                    continue
                if response.status_code in _OUTDATED:
                    raise Ended(FetchOutcome.FAILED, "Instagram no longer has this file.")
                size, _ = await read_file(response, into, limit, self._pace)
                mime_type = response.headers.get("content-type", "").partition(";")[0].strip()[:128]
                return FetchResult(outcome=FetchOutcome.FETCHED, mime_type=mime_type or None, size=size)
            finally:
                await response.aclose()
        raise Ended(FetchOutcome.RETRY, "Instagram's address leads nowhere.")

    def _allowed(self, url: httpx.URL) -> httpx.URL:
        is_metas = url.scheme == "https" and url.port in {None, 443} and METAS_HOST.fullmatch(url.host)
        if url.userinfo or not (is_metas or _origin(url) == self._own):
            raise Ended(FetchOutcome.FAILED, "The message names an address outside Meta, where nothing was fetched.")
        return url


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
