"""How a conversation is taken hold of by whoever changes it: its row locked first, the caller's right to it checked."""

from app.core.errors import NotFound
from app.core.principal import Principal
from app.services.access import check_access
from app.store.conversations import ConversationState
from app.store.unit_of_work import UnitOfWork


async def lock_visible(
    work: UnitOfWork, principal: Principal, conversation_id: int
) -> tuple[ConversationState, list[ConversationState]]:
    """The conversation, and the guest's other open ones, all locked. Raises NotFound or Forbidden.

    Whoever may have one stand open that did not, locks the guest before (``work.guests.lock_of``): what another
    transaction opens meanwhile, on another channel, is in no row that could be waited for.
    """
    conversation, others = await lock_known(work, conversation_id)
    check_access(principal, conversation.ref())
    return conversation, others


async def lock_known(work: UnitOfWork, conversation_id: int) -> tuple[ConversationState, list[ConversationState]]:
    """The same for whoever asks about the caller's right to it at another moment. Raises NotFound."""
    locked = {each.id: each for each in await work.conversations.lock_with_open(conversation_id)}
    conversation = locked.pop(conversation_id, None)
    if conversation is None:
        raise NotFound("There is no such conversation.")
    return conversation, list(locked.values())
