"""What a provider says of a template after it was listed: a decision of its own, or the refusal of a send."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import structlog

from app.core.types import Platform
from app.services.templates.content import KEY
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

_STATUS_WORDS: Final = {"REINSTATED": "APPROVED", "UNPAUSED": "APPROVED"}


async def template_notice(
    work: UnitOfWork, business_account: str, details: Mapping[str, Any], *, among: Collection[int] | None = None
) -> list[int]:
    """A webhook of one of Meta's fields about templates, its ``value`` in ``details``: a new status counts at once,
    and whatever it is, the list is out of date. Answers and ``among`` as ``template_changed``."""
    words = [details.get(name) for name in ("message_template_name", "message_template_language", "event")]
    if all(isinstance(word, str) and word for word in words):
        name, language, status = map(str, words)
        reason = details.get("reason")
        return await template_changed(
            work, business_account, name, language, status, str(reason) if reason else None, among=among
        )
    channels = await _concerned(work, business_account, among)
    await work.templates.mark_stale(channels)
    return channels


async def template_changed(
    work: UnitOfWork,
    account: str,
    name: str,
    language: str,
    status: str,
    reason: str | None = None,
    *,
    among: Collection[int] | None = None,
) -> list[int]:
    """WhatsApp has decided about a template (``message_template_status_update``); answers the channels it concerns.

    ``account`` is the business account, or one number of it; ``among`` are the channels whose secret has verified this,
    where not all are believed. What is stored follows at once; the whole list is fetched anew when somebody next asks
    for it.
    """
    channels = await _concerned(work, account, among)
    word = status.upper()
    await work.templates.set_status(channels, name, language, _STATUS_WORDS.get(word, word))
    await work.templates.mark_stale(channels)
    if channels:
        log.warning(
            "template_status_changed", channels=channels, name=name, language=language, status=word, reason=reason
        )
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


async def _concerned(work: UnitOfWork, account: str, among: Collection[int] | None) -> list[int]:
    known = await work.templates.channels_of(Platform.WHATSAPP, account)
    return [each for each in known if among is None or each in among]
