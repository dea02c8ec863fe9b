"""Read models of files, as ``core/views.py`` has them of messages. Sizes in bytes and pixels."""

from datetime import date, datetime

import msgspec

from app.core.types import MediaState, MessageType


class UploadView(msgspec.Struct, frozen=True, kw_only=True):
    """A file of staff that waits to be sent. ``type`` is the kind of message that it makes."""

    id: int
    type: MessageType
    mime_type: str
    filename: str
    size: int
    width: int | None
    height: int | None


class DocumentView(msgspec.Struct, frozen=True, kw_only=True):
    """A guest's document, as a stay lists it. ``delete_after`` is the last day on which it is kept."""

    id: int
    created_at: datetime
    mime_type: str | None
    size: int | None
    state: MediaState
    message_id: int | None
    delete_after: date
