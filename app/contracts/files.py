"""Lobby's own wire models for files: uploads, and the documents of a stay."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from app.contracts.timestamps import Timestamp
from app.core.files import DocumentView, UploadView
from app.core.types import MediaState, MessageType


class UploadOut(BaseModel):
    """A file that may now be sent by its ``id``. ``size`` in bytes, ``width`` and ``height`` in pixels: of what is
    kept, which for pictures is not what was sent here."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int
    type: MessageType
    mime_type: str
    filename: str
    size: int
    width: int | None
    height: int | None


class DocumentOut(BaseModel):
    """``delete_after`` is the last day on which it is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int
    created_at: Timestamp
    mime_type: str | None
    size: int | None
    state: MediaState
    message_id: int | None
    delete_after: date


class RetryOut(BaseModel):
    """It waits to be fetched again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: Literal["pending"] = "pending"


def upload_out(upload: UploadView) -> UploadOut:
    return UploadOut(**{name: getattr(upload, name) for name in UploadOut.model_fields})


def document_out(document: DocumentView) -> DocumentOut:
    return DocumentOut(**{name: getattr(document, name) for name in DocumentOut.model_fields})
