"""Where the bytes of files are kept: a folder, or a bucket of S3. The only place that knows which.

Keys are random and say nothing. Nothing is ever overwritten; what a key names is there whole or not at all.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Iterable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from app.core.errors import Unavailable
from app.core.settings import Settings

T = TypeVar("T")

CHUNK: Final = 64 * 1024
LISTED_AT_ONCE: Final = 500
PARTS_AT_ONCE: Final = 2  # of 5 MB each
_KEY: Final = re.compile("[0-9a-f]{2}/[0-9a-f]{38}")


class NotStored(LookupError):
    """Nothing is kept under this key."""


class StoredBytes(msgspec.Struct, frozen=True, kw_only=True):
    """``size`` bytes, read from the store as ``chunks`` is."""

    size: int
    chunks: AsyncIterator[bytes]


class MediaStorage:
    """Raises Unavailable where the store is away. ``open_store`` is asked at the first use, and not before."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def put(self, file: Path) -> str:
        """Keep a copy of the file; answers its new key."""
        key = new_key()
        # Not mode="create": that reads all of the file into memory, and nobody else draws this key.
        await _surely(obstore.put_async(self._store, key, file, max_concurrency=PARTS_AT_ONCE))
        return key

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> StoredBytes:
        """What is kept under ``key``, or its bytes from ``start`` up to but not with ``end``. Raises NotStored."""
        span = {} if end is None else {"range": (start, end)}
        found = await _surely(obstore.get_async(self._store, key, options=span))  # type: ignore[arg-type]  # a TypedDict
        first, behind = found.range
        return StoredBytes(size=behind - first, chunks=_read(found.stream(min_chunk_size=CHUNK)))

    async def size(self, key: str) -> int:
        """In bytes. Raises NotStored."""
        return (await _surely(obstore.head_async(self._store, key)))["size"]

    async def save(self, key: str, into: Path) -> None:
        """Write what is kept under ``key`` to a file. Raises NotStored."""
        found = await self.get(key)
        with into.open("wb") as file:  # a temporary file, in small pieces
            async for chunk in found.chunks:
                file.write(chunk)

    async def delete(self, keys: Iterable[str]) -> None:
        """Keep them no longer; what is not there is none the worse."""
        for key in keys:  # one by one: a folder stops at the first that is missing
            try:
                await _surely(obstore.delete_async(self._store, key))
            except NotStored:
                continue

    async def older_than(self, at: datetime) -> AsyncIterator[list[str]]:
        """Every key of ours whose bytes were written before ``at``, some hundred at a time."""
        try:
            async for metas in obstore.list(self._store, chunk_size=LISTED_AT_ONCE):
                keys = [str(meta["path"]) for meta in metas if meta["last_modified"] < at]
                yield [key for key in keys if _KEY.fullmatch(key)]
        except BaseError as error:
            raise _away(error) from None

    async def forget_unfinished(self, before: datetime) -> int:
        """Delete what a process that died was writing into the folder; how many. A bucket has rules of its own."""
        if not isinstance(self._store, LocalStore):
            return 0
        return await asyncio.to_thread(_forget_unfinished, Path(self._settings.media_dir), before.timestamp())

    @cached_property
    def _store(self) -> ObjectStore:
        return _bucket(self._settings) if self._settings.media_url else _folder(self._settings.media_dir)


def new_key() -> str:
    """Two digits of folder, so that no folder holds all, and what nobody guesses."""
    word = secrets.token_hex(20)
    return f"{word[:2]}/{word[2:]}"


def _folder(path: str) -> LocalStore:
    folder = Path(path)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # passports are in it
        return LocalStore(folder)
    except (OSError, BaseError) as error:
        raise _away(error) from None


def _forget_unfinished(folder: Path, before: float) -> int:
    """The library writes to the key with a number behind it, and renames that when all is there."""
    found = [each for each in folder.glob("??/*#*") if each.stat().st_mtime < before]
    for each in found:
        each.unlink(missing_ok=True)
    return len(found)


def _bucket(settings: Settings) -> S3Store:
    bucket, _, prefix = settings.media_url.removeprefix("s3://").partition("/")
    given = {
        "endpoint": settings.media_endpoint,
        "region": settings.media_region,
        "access_key_id": settings.media_access_key_id,
        "secret_access_key": settings.media_secret_access_key.get_secret_value(),
    }
    return S3Store(
        bucket,
        prefix=prefix or None,
        config={name: value for name, value in given.items() if value},  # type: ignore[arg-type]  # a TypedDict
        client_options={
            "allow_http": settings.media_endpoint.startswith("http://"),
            "connect_timeout": "5s",
            "timeout": "300s",
            "read_timeout": "20s",
        },
        retry_config={"max_retries": 2},
    )


async def _read(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for chunk in stream:
            yield bytes(chunk)
    except BaseError as error:
        raise _away(error) from None


async def _surely(asked: Awaitable[T]) -> T:
    try:
        return await asked
    except FileNotFoundError:
        raise NotStored from None
    except (BaseError, OSError) as error:
        raise _away(error) from None


def _away(error: Exception) -> Unavailable:
    """The first line says what is wrong; those after it are the library's inner state."""
    reason = str(error).partition("\n")[0]
    away = Unavailable("The store of files is away. Please send the same request again.", code="files_unavailable")
    away.add_note(reason)
    return away
