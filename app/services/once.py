"""A ``client_message_id`` brings something about once: the second arrival is answered with what the first became."""

from uuid import UUID

from app.core.errors import Conflict
from app.core.principal import Principal
from app.core.views import MessageView
from app.store.unit_of_work import UnitOfWork


async def earlier(
    work: UnitOfWork, principal: Principal, conversation_id: int, client_message_id: UUID | None
) -> MessageView | None:
    """The message that this user has written before with this client's id; None for a new one, or without an id.

    Raises Conflict where that is in another conversation.
    """
    if client_message_id is None:
        return None
    first = await work.messages.by_client_id(principal.user_id, client_message_id)
    if first is not None and first.conversation_id != conversation_id:
        raise used_elsewhere(client_message_id)
    return first


def used_elsewhere(client_message_id: UUID | None) -> Conflict:
    return Conflict(
        "This client_message_id was used for another conversation.",
        code="client_message_id_used",
        details={"client_message_id": [str(client_message_id)]},
    )
