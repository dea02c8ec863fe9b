"""Files to and from the Graph API: two steps down, one multipart request up.

Down: ``GET {base}/{version}/{media_id}`` names a short-lived address, which wants the bearer as well. The bearer goes
to the configured host and to Meta's own, and to no address that merely stands in an answer. Source: Meta's Cloud API
reference, "Media", 2025-12 to 2026-09.
"""

import asyncio
import re
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote

import httpx

from app.channels.base import FetchOutcome, FetchResult, MediaSource, SendOutcome, UploadResult
from app.channels.download import Ended, Pace, check_size, read_file, retry_after
from app.channels.meta.graph import can_sign
from app.channels.shapes import Json, as_id, as_integer, as_object, as_text
from app.channels.whatsapp.errors import outcome_of
from app.core.digests import sha256_in_hex
from app.core.text import read_json

# Spelled as host names are: what a proxy on the way might read otherwise is none.
METAS_HOST: Final = re.compile(r"([a-z0-9-]+\.)+(facebook\.com|fbcdn\.net|fbsbx\.com|whatsapp\.net)", re.IGNORECASE)
_LONGEST_ANSWER: Final = 64 * 1024
_GONE: Final = frozenset({33, 100})
_OUTDATED: Final = frozenset({401, 403, 404, 410})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_UPLOAD_TIMEOUT: Final = httpx.Timeout(60, connect=5)


class _Outdated(Exception):
    """The address has run out, or never was one."""


class GraphMedia:
    """By one client, whose time-outs bound each read and not the whole: ``pace`` bounds that."""

    def __init__(self, client: httpx.AsyncClient, *, base_url: str, version: str, pace: Pace | None = None) -> None:
        self._client = client
        self._base = f"{base_url.rstrip('/')}/{version}"
        self._own = _origin(httpx.URL(base_url))
        self._pace = pace or Pace()

    async def fetch(
        self, file: MediaSource, *, account: str, access_token: str, into: BinaryIO, limit: int
    ) -> FetchResult:
        """Write a guest's file into ``into``, ``limit`` bytes at most. Never raises for Meta or the network."""
        try:
            return await self._fetch(file, account, access_token, into, limit)
        except Ended as ended:
            return ended.result
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return FetchResult(outcome=FetchOutcome.RETRY, detail=f"The download broke off: {type(error).__name__}.")

    async def upload(
        self, *, mime_type: str, filename: str, content: Path, account: str, access_token: str
    ) -> UploadResult:
        """Hand over a file; its id is good for 30 days. What may be there or not is RETRY: doubles harm nobody."""
        if not can_sign(account, access_token):
            return UploadResult(
                outcome=SendOutcome.PAUSE, detail="The channel's number id or access token cannot be one."
            )
        try:
            file = await asyncio.to_thread(content.open, "rb")
            with file:
                response = await self._client.post(
                    f"{self._base}/{account}/media",
                    data={"messaging_product": "whatsapp", "type": mime_type},
                    files={"file": (filename, file, mime_type)},
                    headers=_bearer(access_token),
                    follow_redirects=False,
                    timeout=_UPLOAD_TIMEOUT,
                )
        except httpx.HTTPError as error:
            return UploadResult(outcome=SendOutcome.RETRY, detail=f"The upload broke off: {type(error).__name__}.")
        answer = _json(response.content)
        if response.is_success:
            upload_id = as_id(answer.get("id"))
            if upload_id:
                return UploadResult(outcome=SendOutcome.ACCEPTED, upload_id=upload_id)
            return UploadResult(outcome=SendOutcome.RETRY, detail="An answer without a media id.")
        code, detail = _fault(answer, response.status_code)
        outcome = (
            outcome_of(code, http_status=response.status_code) if as_object(answer.get("error")) else _bare(response)
        )
        return UploadResult(outcome=outcome, code=code, detail=detail, retry_after=retry_after(response))

    async def _fetch(
        self, file: MediaSource, account: str, access_token: str, into: BinaryIO, limit: int
    ) -> FetchResult:
        if not can_sign(account, access_token):
            raise Ended(FetchOutcome.PAUSE, "The channel's number id or access token cannot be one.")
        for _ in range(2):
            told = await self._ask(file, account, access_token)
            check_size(_promised(told), limit)
            try:
                size, digest = await self._download(as_text(told.get("url")), access_token, into, limit)
            except _Outdated:
                continue
            _check_whole(size, digest, told, file)
            return FetchResult(outcome=FetchOutcome.FETCHED, mime_type=as_text(told.get("mime_type"), 128), size=size)
        raise Ended(FetchOutcome.RETRY, "WhatsApp gave an address where the file was not.")

    async def _ask(self, file: MediaSource, account: str, access_token: str) -> Json:
        """Step 1: where the file is, for the next five minutes."""
        if file.provider_id in {"", ".", ".."}:
            raise Ended(FetchOutcome.FAILED, "The message names no file.")
        response = await self._client.get(
            f"{self._base}/{quote(file.provider_id, safe='')}",
            params={"phone_number_id": account},
            headers=_bearer(access_token),
            follow_redirects=False,
        )
        answer = _json(response.content)
        if response.is_success:
            if not as_text(answer.get("url")):
                raise Ended(FetchOutcome.RETRY, "An answer without an address.")
            return answer
        code, detail = _fault(answer, response.status_code)
        if code in _GONE or response.status_code in {404, 410}:
            raise Ended(FetchOutcome.FAILED, "WhatsApp no longer has this file: it keeps them for a week.")
        if code is not None and outcome_of(code) is SendOutcome.PAUSE:  # a bare 401 is some proxy's, as with sending
            raise Ended(FetchOutcome.PAUSE, detail)
        raise Ended(FetchOutcome.RETRY, detail, retry_after=retry_after(response))

    async def _download(self, address: str, access_token: str, into: BinaryIO, limit: int) -> tuple[int, str]:
        """Step 2: the bytes, as they come; how many, and their SHA-256 in hex."""
        url = self._allowed(httpx.URL(address))
        for hop in range(2):
            request = self._client.build_request("GET", url, headers=_bearer(access_token, "identity"))
            response = await self._client.send(request, stream=True, follow_redirects=False)
            try:
                if response.status_code in _REDIRECTS and not hop:
                    url = self._allowed(url.join(response.headers.get("location", "")))
                    continue
                return await _read(response, into, limit, self._pace)
            finally:
                await response.aclose()
        raise AssertionError("the second answer is read, whatever it is")

    def _allowed(self, url: httpx.URL) -> httpx.URL:
        """An address that may see the bearer."""
        is_metas = url.scheme == "https" and url.port in {None, 443} and METAS_HOST.fullmatch(url.host)
        if url.userinfo or not (is_metas or _origin(url) == self._own):
            raise Ended(FetchOutcome.FAILED, "WhatsApp named an address outside Meta, where nothing was fetched.")
        return url


async def _read(response: httpx.Response, into: BinaryIO, limit: int, pace: Pace) -> tuple[int, str]:
    if response.status_code in _OUTDATED:
        raise _Outdated
    return await read_file(response, into, limit, pace)


def _check_whole(size: int, digest: str, told: Json, file: MediaSource) -> None:
    promised = _promised(told)
    if promised is not None and size < promised:
        raise Ended(FetchOutcome.RETRY, f"Only {size} of {promised} bytes came.")
    for given in (file.sha256, as_text(told.get("sha256")) or None):
        if given is not None and sha256_in_hex(given) != digest:
            raise Ended(FetchOutcome.RETRY, "What came is not what was announced: its SHA-256 is another.")


def _promised(told: Json) -> int | None:
    """The size that step 1 names: a number, or one in a text."""
    digits = as_id(told.get("file_size"), limit=18)
    return int(digits) if digits.isascii() and digits.isdigit() else None


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _bearer(access_token: str, encoding: str = "gzip") -> dict[str, str]:
    return {"Authorization": f"Bearer {access_token}", "Accept-Encoding": encoding}


def _json(body: bytes) -> Json:
    try:
        return as_object(read_json(body[:_LONGEST_ANSWER]))
    except ValueError:
        return {}


def _fault(answer: Json, status: int) -> tuple[int | None, str]:
    error = as_object(answer.get("error"))
    details = as_text(as_object(error.get("error_data")).get("details"), 500)
    said = details or as_text(error.get("message"), 500)
    return as_integer(error.get("code")), said or f"HTTP {status} without Meta's error."


def _bare(response: httpx.Response) -> SendOutcome:
    """A proxy's or a broken server's answer: Meta's own errors are JSON."""
    return SendOutcome.THROTTLED if response.status_code == 429 else SendOutcome.RETRY
