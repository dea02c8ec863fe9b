"""Who may be written to unasked: a guest who asked to be left alone is."""

from datetime import datetime
from typing import Final

from app.core.errors import Conflict
from app.core.templates import MARKETING
from app.core.types import Platform
from app.store.conversations import ConversationState
from app.store.unit_of_work import UnitOfWork

UNWANTED: Final = "This guest has asked not to be written to unasked."


async def check_wish(work: UnitOfWork, conversation: ConversationState, category: str, now: datetime) -> None:
    """Raises Conflict ``opted_out``: such a guest gets no marketing template, and of others only what answers them."""
    answers = may_be_answered(conversation.platform, conversation.window_closes_at, now)
    if is_unasked(category, answers=answers) and await work.templates.opted_out(conversation.account_id):
        raise unwanted()


def unwanted() -> Conflict:
    return Conflict(UNWANTED, code="opted_out")


def may_be_answered(platform: Platform, closes_at: datetime | None, now: datetime) -> bool:
    """Whether a guest is known to have written so lately that they may be written to freely."""
    return platform.window is None or (closes_at is not None and now < closes_at)


def is_unasked(category: str, *, answers: bool) -> bool:
    """Whether a template of this category is nothing that its guest has asked for. ``answers``: they may be written to
    freely, for they have just written themselves."""
    return category == MARKETING or not answers
