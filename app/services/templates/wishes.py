"""Who may be written to unasked: a guest who asked to be left alone is."""

from datetime import datetime
from typing import Final

from app.core.errors import Conflict
from app.core.templates import MARKETING
from app.store.conversations import ConversationState
from app.store.unit_of_work import UnitOfWork

UNWANTED: Final = "This guest has asked not to be written to unasked."


async def check_wish(work: UnitOfWork, conversation: ConversationState, category: str, now: datetime) -> None:
    """Raises Conflict ``opted_out``: such a guest gets no marketing template, and of others only what answers them."""
    closes_at = conversation.window_closes_at
    answers = conversation.platform.window is None or (closes_at is not None and now < closes_at)
    if is_unasked(category, answers=answers) and await work.templates.opted_out(conversation.account_id):
        raise Conflict(UNWANTED, code="opted_out")


def is_unasked(category: str, *, answers: bool) -> bool:
    """Whether a template of this category is nothing that its guest has asked for. ``answers``: they may be written to
    freely, for they have just written themselves."""
    return category == MARKETING or not answers
