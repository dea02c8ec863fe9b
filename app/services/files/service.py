"""Files as staff and browsers use them: fetched by a signed address, uploaded, tried again; and handed to a provider.

Who may fetch is settled by the address itself (``core/links.py``). A stay's documents have none: ``documents.py``.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import structlog

from app.channels.base import Credentials, LocalFile, SendOutcome, UploadResult
from app.channels.registry import ChannelRegistry
from app.core.clock import Clock
from app.core.errors import Conflict, Forbidden, Gone, NotFound, Unavailable, UnsupportedType
from app.core.files import UploadView
from app.core.links import MediaLinks, Variant
from app.core.principal import Principal
from app.core.types import MediaState
from app.core.vault import SealBroken, Vault
from app.media.images import THUMBNAIL_TYPE
from app.media.incoming import Accepted, Porter, scratch_folder
from app.media.names import safe_name
from app.media.sniff import NotAllowed
from app.media.storage import MediaStorage, NotStored, StoredBytes
from app.services.access import check_access, require_staff
from app.services.files.fetching import tell_message
from app.store.channels import ChannelRecord
from app.store.database import Database
from app.store.media import FileRecord, StoredFile
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

SPARE = timedelta(hours=1)  # an id that runs out sooner may do so on its way
UPLOAD_AT_MOST = 900.0  # seconds: 100 MB by a line of 1 Mbit/s
LOCAL_WITHIN = 10.0  # seconds; the send that it is for needs most of its own time
_NOT_STORED: Final = {
    MediaState.PENDING: "This file is still on its way.",
    MediaState.FAILED: "This file could not be fetched; POST /api/media/{id}/retry/ tries again.",
    MediaState.REFUSED: "This file was refused, and nothing of it is kept.",
}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One variant of a file, ready to be sent. ``tag`` names these very bytes; ``size`` is None until they are read."""

    mime_type: str
    filename: str
    key: str
    tag: str
    size: int | None = None


class MediaService:
    def __init__(
        self,
        *,
        database: Database,
        storage: MediaStorage,
        porter: Porter,
        links: MediaLinks,
        channels: ChannelRegistry,
        vault: Vault,
        clock: Clock,
        local_within: float = LOCAL_WITHIN,
    ) -> None:
        self._database = database
        self._storage = storage
        self._porter = porter
        self._links = links
        self._channels = channels
        self._vault = vault
        self._clock = clock
        self._local_within = local_within
        self._uploading: dict[tuple[int, int], asyncio.Task[UploadResult]] = {}

    async def find(self, media_id: int, variant: Variant, *, expires: str, signature: str) -> Shown:
        """What a signed address names. Raises Forbidden for an address that is not ours or has run out, NotFound, Gone
        for what was deleted."""
        until = int(expires) if expires.isascii() and expires.isdigit() and len(expires) < 13 else 0
        if not self._links.is_valid(media_id, variant, until, signature):
            raise Forbidden("This address is not valid, or no longer.", code="bad_signature")
        async with self._database.read() as work:
            file = await work.media.get(media_id)
        if file is None or file.stay_id is not None:
            raise NotFound("There is no such file.")
        return shown(file, variant)

    async def read(self, found: Shown, *, start: int = 0, end: int | None = None) -> StoredBytes:
        """Its bytes, or those from ``start`` up to but not with ``end``. Raises NotFound, Unavailable."""
        try:
            return await self._storage.get(found.key, start=start, end=end)
        except NotStored:
            log.error("media_bytes_missing", key=found.key)
            raise NotFound("There is no such file.") from None

    async def size(self, found: Shown) -> int:
        """In bytes, without reading them. Raises NotFound, Unavailable."""
        try:
            return await self._storage.size(found.key)
        except NotStored:
            raise NotFound("There is no such file.") from None

    async def upload(
        self, principal: Principal, path: Path, *, declared: str | None, filename: str | None
    ) -> UploadView:
        """Keep a file that this user is going to send. Raises UnsupportedType and TooBig, as WhatsApp would."""
        require_staff(principal)
        accepting = self._porter.from_staff(path, declared=declared, filename=filename)
        return await self._keep(accepting, principal.hotel_id, principal.user_id)

    async def receive(self, hotel_id: int, path: Path, *, declared: str | None, filename: str | None) -> UploadView:
        """Keep a file that a visitor of a web chat is sending. Raises UnsupportedType and TooBig."""
        return await self._keep(self._porter.from_visitor(path, declared=declared, filename=filename), hotel_id, None)

    async def _keep(self, accepting: Awaitable[Accepted], hotel_id: int, user_id: int | None) -> UploadView:
        try:
            accepted = await accepting
        except NotAllowed as error:
            raise UnsupportedType(str(error)) from None
        try:
            media_id = await self._database.run(self._add, hotel_id, user_id, accepted)
        except Exception:
            await self._porter.take_back(accepted)
            raise
        fields = {name: getattr(accepted, name) for name in UploadView.__struct_fields__ if name != "id"}
        return UploadView(id=media_id, **fields)

    async def retry(self, principal: Principal, media_id: int) -> None:
        """Fetch a failed file again. Raises NotFound, Forbidden, and Conflict where it has not failed."""
        await self._database.run(self._retry, principal, media_id)

    async def upload_id(self, media_id: int, channel: ChannelRecord) -> UploadResult:
        """The provider's id of a stored file, uploaded to it unless it has it; "" where it is to go along with its
        message (``local``), its signed address where the provider fetches it. Never AMBIGUOUS, never raises for the
        provider, the network or a store that is away: that is RETRY.

        Whoever waits no longer ends nothing: the upload goes on, and whoever asks next waits for the same one.
        """
        wanted = media_id, channel.id
        if (upload := self._uploading.get(wanted)) is None:
            upload = asyncio.create_task(self._upload_id(media_id, channel), name=f"upload-{media_id}")
            self._uploading[wanted] = upload
            upload.add_done_callback(partial(self._uploaded, wanted))
        return await asyncio.shield(upload)

    @asynccontextmanager
    async def local(self, media_id: int) -> AsyncIterator[LocalFile | UploadResult]:
        """A stored file here, to go along with its message; or why that cannot be. Raises as ``upload_id``. It has a
        time of its own: a store that is slow means that nothing was sent, not that it may have been."""
        async with scratch_folder() as folder:
            try:
                async with asyncio.timeout(self._local_within):
                    found = await self._save(media_id, folder / "upload")
            except Unavailable as error:
                found = UploadResult(outcome=SendOutcome.RETRY, detail=error.message)
            except TimeoutError:
                found = UploadResult(outcome=SendOutcome.RETRY, detail="The file could not be read in time.")
            yield found

    async def note_upload_id(self, media_id: int, channel: ChannelRecord, upload_id: str) -> None:
        """The provider's id of a file that went along: the next message names it by that. Nothing is lost where the
        database is away: then the file goes along once more."""
        try:
            await self._note_id(media_id, channel, upload_id)
        except Unavailable:
            log.warning("upload_id_not_noted", media_id=media_id)

    async def stop(self) -> None:
        """Break off what is being uploaded: it is uploaded anew."""
        uploading = list(self._uploading.values())
        for task in uploading:
            task.cancel()
        await asyncio.gather(*uploading, return_exceptions=True)

    def _uploaded(self, wanted: tuple[int, int], upload: asyncio.Task[UploadResult]) -> None:
        del self._uploading[wanted]
        if not upload.cancelled() and (error := upload.exception()) is not None:
            log.error("upload_failed", media_id=wanted[0], error=repr(error))

    async def _upload_id(self, media_id: int, channel: ChannelRecord) -> UploadResult:
        try:
            async with self._database.read() as work:
                file = await work.media.get(media_id)
            if file is None or file.state is not MediaState.STORED or file.original_key is None:
                return UploadResult(outcome=SendOutcome.REFUSED, detail="The file is no longer there.")
            provider = self._channels.get(channel.platform)
            if provider.fetches_files:
                return UploadResult(outcome=SendOutcome.ACCEPTED, upload_id=self._links.url(media_id, Variant.ORIGINAL))
            if not provider.has_provider:  # its guests are shown our own address of it
                return UploadResult(outcome=SendOutcome.ACCEPTED, upload_id=str(media_id))
            if known := _known_id(file, channel, self._clock() + SPARE):
                return UploadResult(outcome=SendOutcome.ACCEPTED, upload_id=known)
            if not provider.uploads_first:
                return UploadResult(outcome=SendOutcome.ACCEPTED, upload_id="")
            async with asyncio.timeout(UPLOAD_AT_MOST):
                result = await self._hand_over(file, channel)
            if result.upload_id is not None:
                await self._note_id(media_id, channel, result.upload_id)
        except Unavailable as error:
            return UploadResult(outcome=SendOutcome.RETRY, detail=error.message)
        except NotStored:
            return UploadResult(outcome=SendOutcome.REFUSED, detail="The file is no longer there.")
        except TimeoutError:
            return UploadResult(outcome=SendOutcome.RETRY, detail="The file could not be handed over in time.")
        return result

    async def _note_id(self, media_id: int, channel: ChannelRecord, upload_id: str) -> None:
        async with self._database.transaction() as work:
            await work.media.set_upload_id(media_id, channel.id, upload_id, self._clock())

    async def _save(self, media_id: int, path: Path) -> LocalFile | UploadResult:
        async with self._database.read() as work:
            file = await work.media.get(media_id)
        gone = UploadResult(outcome=SendOutcome.REFUSED, detail="The file is no longer there.")
        if file is None or file.state is not MediaState.STORED or file.original_key is None:
            return gone
        try:
            await self._storage.save(file.original_key, path)
        except NotStored:
            return gone
        mime_type = file.mime_type or "application/octet-stream"
        return LocalFile(path=path, mime_type=mime_type, filename=safe_name(file.filename, mime_type))

    async def _hand_over(self, file: FileRecord, channel: ChannelRecord) -> UploadResult:
        assert file.original_key is not None, "checked"
        try:
            credentials = self._vault.open(channel.credentials, Credentials)
        except SealBroken as error:
            return UploadResult(outcome=SendOutcome.PAUSE, detail=str(error))
        mime_type = file.mime_type or "application/octet-stream"
        async with scratch_folder() as folder:
            path = folder / "upload"
            await self._storage.save(file.original_key, path)
            return await self._channels.get(channel.platform).upload(
                mime_type=mime_type,
                filename=safe_name(file.filename, mime_type),
                content=path,
                account=channel.account,
                credentials=credentials,
            )

    async def _add(self, work: UnitOfWork, hotel_id: int, user_id: int | None, accepted: Accepted) -> int:
        file = StoredFile(**{name: getattr(accepted, name) for name in StoredFile.__struct_fields__})
        return await work.media.add_upload(hotel_id=hotel_id, user_id=user_id, file=file, at=self._clock())

    async def _retry(self, work: UnitOfWork, principal: Principal, media_id: int) -> None:
        require_staff(principal)
        file = await work.media.get(media_id)
        conversation_id = await work.media.conversation_of(media_id)
        if file is None or file.hotel_id != principal.hotel_id or conversation_id is None or file.message_id is None:
            raise NotFound("There is no such file.")
        check_access(principal, await work.views.get(conversation_id))
        if not await work.media.try_again(media_id, self._clock()):
            raise Conflict("Only a failed download is tried again.", code="not_failed", details={"state": file.state})
        await tell_message(work, file.message_id)


def shown(file: FileRecord, variant: Variant) -> Shown:
    """One variant of a file, as it may be sent. Raises Gone where it was deleted, NotFound where it has none such, and
    ``not_stored`` where nothing of it is there, or not yet."""
    if file.state is MediaState.DELETED:
        raise Gone("This file was deleted.")
    if file.state is not MediaState.STORED:
        details = {"state": file.state, "error": file.error}
        raise NotFound(_NOT_STORED[file.state], code="not_stored", details=details)
    key = file.original_key if variant is Variant.ORIGINAL else file.thumbnail_key
    if key is None or file.mime_type is None:
        raise NotFound("There is no such file.")
    if variant is Variant.ORIGINAL:
        name = safe_name(file.filename, file.mime_type)
        return Shown(mime_type=file.mime_type, filename=name, key=key, tag=f"{file.id}-original", size=file.size)
    name = safe_name(Path(file.filename or "thumbnail").stem, THUMBNAIL_TYPE)
    return Shown(mime_type=THUMBNAIL_TYPE, filename=name, key=key, tag=f"{file.id}-thumbnail")


def _known_id(file: FileRecord, channel: ChannelRecord, until: datetime) -> str | None:
    """What the provider called it for this channel, where it still does then."""
    good = file.channel_id == channel.id and file.upload_expires_at is not None and file.upload_expires_at > until
    return file.upload_id if good else None
