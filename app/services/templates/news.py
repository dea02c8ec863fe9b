"""What a provider says of a template after it was listed: a decision of its own, or the refusal of a send."""

from collections.abc import Collection, Mapping
from typing import Any

import structlog
from msgspec import structs

from app.channels.items import TemplateNews
from app.core.types import Platform
from app.services.templates.content import KEY
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)


async def take_template_news(
    work: UnitOfWork, platform: Platform, account: str, news: TemplateNews, *, among: Collection[int] | None = None
) -> list[int]:
    """A provider has decided about a template; answers the channels it concerns.

    ``account`` is the business account, or one number of it; ``among`` are the channels whose secret has verified this,
    where not all are believed. A new status counts at once; the whole list is fetched anew when somebody next asks for
    it.
    """
    known = await work.templates.channels_of(platform, account)
    channels = [each for each in known if among is None or each in among]
    if news.name is not None:
        await work.templates.set_status(channels, news.name, news.language, news.status)
    await work.templates.mark_stale(channels)
    if channels and news.name is not None:
        log.warning("template_status_changed", channels=channels, **structs.asdict(news))
    return channels


async def template_refused(
    work: UnitOfWork, channel_id: int, details: Mapping[str, Any], *, code: int | None, reason: str
) -> None:
    """A send has shown that the template in a message's details cannot be used: it is offered no more, and whoever
    reads the log is told."""
    kept = details.get(KEY)
    if not isinstance(kept, dict):
        return
    name, language = kept["name"], kept["language"]
    if await work.templates.disable(channel_id, name, language, reason):
        log.error("template_disabled", channel_id=channel_id, name=name, language=language, code=code, reason=reason)
