"""Whose turn a conversation is, and how staff's changes to it are told: what handling and sending have in common."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from app.core.errors import Conflict
from app.core.events import Change, ConversationChanged
from app.core.principal import Principal
from app.core.types import ConversationStatus, Department
from app.store.conversations import ConversationState
from app.store.unit_of_work import UnitOfWork

_OPEN_ALREADY: Final = "The guest has another open conversation with this department."


def take_over(conversation: ConversationState, others: Iterable[ConversationState], at: datetime) -> Change | None:
    """It is staff's turn now: the flow falls silent, a closed conversation is open again. None where it was.

    ``others`` are the guest's open ones. Raises Conflict where reopening meets one of them.
    """
    if conversation.status is ConversationStatus.RELAY:
        return None
    reopened = conversation.status is ConversationStatus.CLOSED
    if reopened:
        check_free(conversation, conversation.department, others)
        conversation.closed_at = None
    conversation.status = ConversationStatus.RELAY
    conversation.relayed_at = at
    return Change.REOPENED if reopened else Change.RELAY_STARTED


def check_free(
    conversation: ConversationState, department: Department | None, others: Iterable[ConversationState]
) -> None:
    """Whether it may stand open with this department, beside the guest's ``others`` that are: one whatever the channel;
    the flow, with no department, speaks in each place. Raises Conflict, naming the one that has this."""
    for other in others:
        meets = department is not None or other.place == conversation.place
        if meets and other.department is department:
            raise open_already(other.id)


def open_already(conversation_id: int) -> Conflict:
    return Conflict(_OPEN_ALREADY, code="conversation_open", details={"conversation_id": conversation_id})


def check_open(conversation: ConversationState) -> None:
    """Raises Conflict for a closed one."""
    if conversation.status is ConversationStatus.CLOSED:
        raise Conflict(
            "This conversation is closed.", code="conversation_closed", details={"status": conversation.status}
        )


def tell_change(
    work: UnitOfWork,
    conversation: ConversationState,
    change: Change,
    principal: Principal,
    *,
    previous: Department | None = None,
) -> None:
    """Tell what ``principal`` did to a conversation, as it stands now. ``previous`` is the department that lost it."""
    work.emit(
        conversation.hotel_id,
        ConversationChanged(
            conversation=conversation.ref(),
            change=change,
            actor_id=principal.user_id,
            actor_name=principal.name,
            previous_department=previous,
        ),
    )
