"""A message's file, as every contract shows it beside its own fields."""

from pydantic import BaseModel, ConfigDict

from app.core.links import MediaLinks, Variant
from app.core.types import MediaState
from app.core.views import MediaView


class MediaOut(BaseModel):
    """``url`` and ``thumbnail_url`` are signed, run out after some hours, and are null until ``state`` is ``stored``.

    ``restricted``: an identity document, which has no address here (``/api/stays/{stay_id}/documents/`` has it).
    ``size`` in bytes, ``width`` and ``height`` in pixels; ``error`` says why a file is not there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int
    state: MediaState
    mime_type: str | None
    filename: str | None
    size: int | None
    width: int | None
    height: int | None
    voice: bool
    restricted: bool
    url: str | None
    thumbnail_url: str | None
    error: str | None


def media_out(view: MediaView | None, links: MediaLinks) -> MediaOut | None:
    if view is None:
        return None
    shown = view.state is MediaState.STORED and not view.restricted
    return MediaOut(
        id=view.id,
        state=view.state,
        mime_type=view.mime_type,
        filename=view.filename,
        size=view.size,
        width=view.width,
        height=view.height,
        voice=view.voice,
        restricted=view.restricted,
        url=links.url(view.id, Variant.ORIGINAL) if shown else None,
        thumbnail_url=links.url(view.id, Variant.THUMBNAIL) if shown and view.has_thumbnail else None,
        error=view.error,
    )
