"""Who of the staff takes care of a conversation.

Whoever sees a conversation may take it, or give it to somebody, where nobody has it; whoever has it may pass it on or
let it go; who sees the whole hotel may do so for others. Nobody takes for themselves what a colleague holds, unless
they say whom they replace.
"""

import msgspec

from app.core.errors import Conflict, Invalid
from app.core.events import Change
from app.core.principal import Principal
from app.core.profile import Profile
from app.core.views import ConversationRef
from app.services.access import may_take, sees_whole_hotel
from app.services.handling.turns import check_open, tell_change
from app.services.locking import lock_visible
from app.store.conversations import ConversationState
from app.store.unit_of_work import UnitOfWork


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """To whom, None to nobody; instead of whom, as the caller says if they do, and who held it when they called."""

    to: int | None
    replaces: int | None
    seen_with: int | None


async def assign(work: UnitOfWork, principal: Principal, conversation_id: int, wanted: Assignment) -> ConversationRef:
    conversation, _ = await lock_visible(work, principal, conversation_id)
    check_open(conversation)
    taker = None if wanted.to is None else await _taker(work, wanted.to, conversation)
    if conversation.assignee_id == wanted.to:
        return conversation.ref()
    _check_holder(conversation, principal, wanted)
    conversation.assignee_id = wanted.to
    conversation.assignee_name = None if taker is None else taker.name
    await work.conversations.save(conversation)
    if wanted.to is not None:
        await work.reading.join(conversation.id, wanted.to)
    tell_change(work, conversation, Change.ASSIGNED, principal)
    return conversation.ref()


async def _taker(work: UnitOfWork, user_id: int, conversation: ConversationState) -> Profile:
    user = await work.users.active(user_id)
    if user is None or not may_take(user, conversation.ref()):
        raise Invalid(
            "There is no such user who could take care of this conversation.",
            code="no_such_user",
            details={"user_id": ["No active staff user who sees this conversation."]},
        )
    return user


def _check_holder(conversation: ConversationState, principal: Principal, wanted: Assignment) -> None:
    """Raises Conflict where it is not the caller's to give, or another has it than they think."""
    holder = conversation.assignee_id
    is_as_thought = holder == (wanted.seen_with if wanted.replaces is None else wanted.replaces)
    if holder is None and wanted.replaces is None:
        return
    if is_as_thought and holder == principal.user_id:
        return
    claims_unasked = wanted.to == principal.user_id and wanted.replaces is None
    if is_as_thought and sees_whole_hotel(principal) and not claims_unasked:
        return
    raise Conflict(
        f"This conversation is assigned to {conversation.assignee_name or 'nobody'}.",
        code="already_assigned",
        details={"assignee_id": holder, "assignee_name": conversation.assignee_name},
    )
