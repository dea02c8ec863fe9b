"""Guests' files: ``getFile`` names a path, good for an hour; ``{base}/file/bot{token}/{path}`` has the bytes."""

import re
from typing import BinaryIO, Final

import httpx

from app.channels.base import FetchOutcome, FetchResult, MediaSource, SendOutcome, SendResult
from app.channels.download import Ended, Pace, check_size, read_file
from app.channels.shapes import as_integer, as_object, as_text
from app.channels.telegram.api import BAD_TOKEN, Answer, BotApi, is_token, refusal
from app.channels.telegram.requests import Call

# Where Telegram keeps files, as it spells it: nothing that could lead elsewhere.
_PATH: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_OUTDATED: Final = frozenset({400, 404, 410})


class _Outdated(Exception):
    """The path has run out."""


class TelegramFiles:
    """By one client, whose time-outs bound each read and not the whole: ``pace`` bounds that."""

    def __init__(self, client: httpx.AsyncClient, api: BotApi, pace: Pace | None = None) -> None:
        self._client = client
        self._api = api
        self._pace = pace or Pace()

    async def fetch(self, file: MediaSource, *, token: str, into: BinaryIO, limit: int) -> FetchResult:
        """Write a guest's file into ``into``, ``limit`` bytes at most. Never raises for Telegram or the network."""
        try:
            return await self._fetch(file.provider_id, token, into, limit)
        except Ended as ended:
            return ended.result
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return FetchResult(outcome=FetchOutcome.RETRY, detail=f"The download broke off: {type(error).__name__}.")

    async def _fetch(self, file_id: str, token: str, into: BinaryIO, limit: int) -> FetchResult:
        if not is_token(token):
            raise Ended(FetchOutcome.PAUSE, BAD_TOKEN)
        for _ in range(2):
            path, promised = await self._ask(file_id, token)
            check_size(promised, limit)
            try:
                size = await self._download(path, token, into, limit)
            except _Outdated:
                continue
            if promised is not None and size < promised:
                raise Ended(FetchOutcome.RETRY, f"Only {size} of {promised} bytes came.")
            return FetchResult(outcome=FetchOutcome.FETCHED, size=size)
        raise Ended(FetchOutcome.RETRY, "Telegram named a path where the file was not.")

    async def _ask(self, file_id: str, token: str) -> tuple[str, int | None]:
        """Step 1: the file's path, and its size where that is told."""
        answer = await self._api.call(Call(method="getFile", fields={"file_id": file_id}), token)
        if isinstance(answer, SendResult) or not answer.ok:
            raise _not_told(answer)
        told = as_object(answer.result)
        path = as_text(told.get("file_path"), 1024)
        if not path:
            raise Ended(FetchOutcome.RETRY, "An answer without a path.")
        if not _PATH.fullmatch(path):
            raise Ended(FetchOutcome.FAILED, "Telegram named a path that is none, where nothing was fetched.")
        return path, as_integer(told.get("file_size"))

    async def _download(self, path: str, token: str, into: BinaryIO, limit: int) -> int:
        """Step 2: the bytes, as they come; how many."""
        response = await self._client.send(self._api.download(path, token), stream=True, follow_redirects=False)
        try:
            if response.status_code in _OUTDATED:
                raise _Outdated
            size, _ = await read_file(response, into, limit, self._pace)
            return size
        finally:
            await response.aclose()


def _not_told(answer: Answer | SendResult) -> Ended:
    result = answer if isinstance(answer, SendResult) else refusal(answer)
    detail = result.detail or "Telegram gave no reason."
    if isinstance(answer, Answer) and "too big" in answer.description.lower():
        return Ended(FetchOutcome.TOO_BIG, "Telegram hands over no file above 20 MB.")
    if result.outcome is SendOutcome.PAUSE:
        return Ended(FetchOutcome.PAUSE, detail)
    if result.outcome in {SendOutcome.MALFORMED, SendOutcome.REFUSED}:
        return Ended(FetchOutcome.FAILED, "Telegram no longer has this file.")
    return Ended(FetchOutcome.RETRY, detail, retry_after=result.retry_after)
