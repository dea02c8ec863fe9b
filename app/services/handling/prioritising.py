"""How urgent a conversation is: 1 normal, 2 high, 3 urgent."""

from app.core.errors import Conflict
from app.core.events import Change
from app.core.principal import Principal
from app.core.views import ConversationRef
from app.services.handling.turns import check_open, tell_change
from app.services.locking import lock_visible
from app.store.unit_of_work import UnitOfWork


async def prioritise(
    work: UnitOfWork, principal: Principal, conversation_id: int, priority: int, seen: int
) -> ConversationRef:
    """``seen``: what it had when the caller asked. It keeps its priority wherever it goes, closed or handed over."""
    conversation, _ = await lock_visible(work, principal, conversation_id)
    check_open(conversation)
    if conversation.priority == priority:
        return conversation.ref()
    if conversation.priority != seen:
        raise Conflict(
            "Somebody else has changed the priority meanwhile.",
            code="prioritised_meanwhile",
            details={"priority": conversation.priority},
        )
    conversation.priority = priority
    await work.conversations.save(conversation)
    tell_change(work, conversation, Change.PRIORITISED, principal)
    return conversation.ref()
