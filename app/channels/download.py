"""A provider's answer to a request for a file, read as it comes: within a size, and not more slowly than may be."""

import asyncio
import hashlib
from typing import BinaryIO

import httpx
import msgspec

from app.channels.base import FetchOutcome, FetchResult


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """The slowest download that is waited for: every ``size`` bytes, or what is left of them, within ``seconds``."""

    size: int = 160 * 1024
    seconds: float = 20.0


class Ended(Exception):
    """A download that came to this end."""

    def __init__(self, outcome: FetchOutcome, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.result = FetchResult(outcome=outcome, detail=detail, retry_after=retry_after)


async def read_file(response: httpx.Response, into: BinaryIO, limit: int, pace: Pace) -> tuple[int, str]:
    """Write what comes into ``into``; how many bytes, and their SHA-256 in hex. Raises Ended."""
    if response.status_code != 200:
        raise Ended(
            FetchOutcome.RETRY, f"HTTP {response.status_code} instead of the file.", retry_after=retry_after(response)
        )
    if response.headers.get("content-encoding", "identity") != "identity":
        raise Ended(FetchOutcome.RETRY, "The file came packed, which was not asked for.")
    declared = response.headers.get("content-length", "")
    check_size(int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 19 else None, limit)
    into.seek(0)
    into.truncate()
    size, due, digest = 0, pace.size, hashlib.sha256()
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(pace.seconds) as patience:
            async for chunk in response.aiter_raw():  # as they come: waiting for a full one would hide how slow it is
                size += len(chunk)
                check_size(size, limit)
                digest.update(chunk)
                into.write(chunk)
                if size >= due:
                    due = size + pace.size
                    patience.reschedule(loop.time() + pace.seconds)
    except TimeoutError:
        raise Ended(FetchOutcome.RETRY, f"The download was too slow: {size} bytes had come.") from None
    into.flush()
    return size, digest.hexdigest()


def check_size(size: int | None, limit: int) -> None:
    """Raises Ended where a file is, or says that it is, larger than may be."""
    if size is not None and size > limit:
        raise Ended(FetchOutcome.TOO_BIG, f"The file is larger than the {limit / (1024 * 1024):g} MB that are taken.")


def retry_after(response: httpx.Response) -> float | None:
    """Seconds, up to a day. The header's other form, a date, no provider of ours uses."""
    seconds = response.headers.get("retry-after", "")
    return min(float(seconds), 86_400.0) if seconds.isascii() and seconds.isdigit() else None
