"""One file on its way in: looked at, made safe, and put into the store. What every way in shares."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from app.core.errors import TooBig
from app.core.types import MessageType
from app.media.names import safe_name
from app.media.pictures import SECONDS, Pictures
from app.media.sniff import AUDIO, IMAGES, MEGABYTE, SIZES, VIDEO, NotAllowed, Sniffed, check_fits, sniff
from app.media.storage import MediaStorage

_SCRATCH: Final = "lobby-file-"

# What WhatsApp takes from us (Cloud API, "Media"); a table of values goes as the text that it is.
TAKEN_BY_WHATSAPP = frozenset(
    {
        *("image/jpeg", "image/png", "image/webp"),
        *("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"),
        *("video/mp4", "video/3gpp"),
        *("application/pdf", "text/plain"),
        *("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    }
)
TAKEN_FROM_VISITORS = IMAGES | AUDIO | VIDEO | {"application/pdf"}
LARGEST_OF_VISITORS = 16 * MEGABYTE

RULES: Final = "Uploads go by WhatsApp's rules, whichever channel they are for."
"""A file is uploaded before anybody says where it is to be sent; what a channel takes of it is checked then."""


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is stored and safe. ``type`` is the kind of message it makes; sizes in bytes and pixels."""

    type: MessageType
    mime_type: str
    filename: str
    size: int
    original_key: str
    thumbnail_key: str | None = None
    width: int | None = None
    height: int | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(key for key in (self.original_key, self.thumbnail_key) if key)


class Porter:
    """Lets files in, or not."""

    def __init__(self, storage: MediaStorage) -> None:
        self._storage = storage
        self._of_guests = Pictures()
        # Whatever guests send, staff do not wait behind it; and theirs may take long where the machine is slow.
        self._of_staff = Pictures(seconds=3 * SECONDS)

    async def from_guest(
        self, path: Path, announced: MessageType, *, declared: str | None, filename: str | None
    ) -> Accepted:
        """A guest's file, which a message of the type ``announced`` has brought. Raises NotAllowed, Unavailable."""
        found = check_fits(await asyncio.to_thread(sniff, path, declared=declared, name=filename), announced)
        if found.mime_type not in IMAGES:
            return await self._store(path, found, filename)
        picture = await self._of_guests.remake(
            path, found.mime_type, path.parent, sticker=announced is MessageType.STICKER
        )
        sort = Sniffed(mime_type=picture.mime_type, type=announced)
        return await self._store(
            picture.path, sort, filename, thumbnail=picture.thumbnail, width=picture.width, height=picture.height
        )

    async def from_visitor(self, path: Path, *, declared: str | None, filename: str | None) -> Accepted:
        """A file that somebody uploads whom nobody knows: a picture, sound, a film or a PDF. Raises
        NotAllowed, TooBig, Unavailable."""
        found = await asyncio.to_thread(sniff, path, declared=declared, name=filename)
        if found.mime_type not in TAKEN_FROM_VISITORS:
            raise NotAllowed("Only pictures, sound, films and PDF are taken here.")
        if (declared or "").startswith("audio/") and found.mime_type in VIDEO:  # as browsers record it
            found = check_fits(found, MessageType.AUDIO)
        if await asyncio.to_thread(_size, path) > LARGEST_OF_VISITORS:
            raise TooBig(f"The file is larger than {LARGEST_OF_VISITORS // MEGABYTE} MB.")
        if found.mime_type not in IMAGES:
            return await self._store(path, found, filename)
        picture = await self._of_guests.for_sending(path, found.mime_type, path.parent)
        sort = Sniffed(mime_type=picture.mime_type, type=MessageType.IMAGE)
        return await self._store(
            picture.path, sort, filename, thumbnail=picture.thumbnail, width=picture.width, height=picture.height
        )

    async def from_staff(self, path: Path, *, declared: str | None, filename: str | None) -> Accepted:
        """A file that is to be sent, as WhatsApp takes it. Raises NotAllowed, TooBig, Unavailable."""
        found = await asyncio.to_thread(sniff, path, declared=declared, name=filename)
        mime_type = "text/plain" if found.mime_type == "text/csv" else found.mime_type
        if mime_type not in TAKEN_BY_WHATSAPP or (mime_type == "audio/ogg" and not found.opus):
            raise NotAllowed(f"Files of this kind are not taken. {RULES}")
        if mime_type not in IMAGES:
            if await asyncio.to_thread(_size, path) > SIZES[found.type]:
                raise TooBig(f"{SIZES[found.type] // MEGABYTE} MB of {found.type} are taken at most. {RULES}")
            return await self._store(path, Sniffed(mime_type=mime_type, type=found.type), filename)
        picture = await self._of_staff.for_sending(path, mime_type, path.parent)
        kind = MessageType.STICKER if picture.mime_type == "image/webp" else MessageType.IMAGE
        return await self._store(
            picture.path,
            Sniffed(mime_type=picture.mime_type, type=kind),
            filename,
            thumbnail=picture.thumbnail,
            width=picture.width,
            height=picture.height,
        )

    async def take_back(self, accepted: Accepted) -> None:
        """Nobody wants it after all."""
        await self._storage.delete(accepted.keys)

    async def _store(
        self,
        path: Path,
        found: Sniffed,
        filename: str | None,
        *,
        thumbnail: Path | None = None,
        width: int | None = None,
        height: int | None = None,
    ) -> Accepted:
        size = await asyncio.to_thread(_size, path)
        return Accepted(
            type=found.type,
            mime_type=found.mime_type,
            filename=safe_name(filename, found.mime_type, otherwise=found.type.value),
            size=size,
            original_key=await self._storage.put(path),
            thumbnail_key=await self._storage.put(thumbnail) if thumbnail else None,
            width=width,
            height=height,
        )


@asynccontextmanager
async def scratch_folder() -> AsyncIterator[Path]:
    """A folder of this file's own, readable by nobody else, gone at the end."""
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix=_SCRATCH)
    try:
        yield Path(folder.name)
    finally:
        await asyncio.to_thread(folder.cleanup)


def forget_scratch(untouched: timedelta) -> int:
    """Delete the folders of this user's processes that ended before they could; how many. Blocks.

    By the machine's own clock, whatever others go by: it is the one that files are stamped with.
    """
    before = time.time() - untouched.total_seconds()
    found = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{_SCRATCH}*"):
        try:
            told = folder.lstat()
        except OSError:  # gone meanwhile
            continue
        if told.st_uid == os.getuid() and told.st_mtime < before:
            shutil.rmtree(folder, ignore_errors=True)
            found += 1
    return found


def _size(path: Path) -> int:
    return path.stat().st_size
