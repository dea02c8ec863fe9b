"""The hotel's channels by Lobby's own API: ``/api/channels/``."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from app.contracts.timestamps import Timestamp
from app.core.types import Platform
from app.core.views import ChannelView


class ChannelOut(BaseModel):
    """A channel. ``paused``: nothing leaves by it, for ``reason``, ``since`` then; nothing is lost. ``inactive``: it is
    not in use.

    ``number`` is how guests know it. ``waiting`` messages will leave as soon as they may, ``held`` ones when their
    guests write again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int
    name: str
    platform: Platform
    number: str | None
    state: Literal["active", "paused", "inactive"]
    reason: str | None
    since: Timestamp | None
    waiting: int
    held: int


def channel_out(view: ChannelView, *, waiting: int, held: int) -> ChannelOut:
    return ChannelOut(
        id=view.id,
        name=view.name,
        platform=view.platform,
        number=view.display_address,
        state="inactive" if not view.is_active else "active" if view.paused_at is None else "paused",
        reason=view.pause_reason,
        since=view.paused_at,
        waiting=waiting,
        held=held,
    )
