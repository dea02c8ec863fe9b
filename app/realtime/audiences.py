"""Who hears of an event: the names of audiences, as the contracts name their groups.

An audience is a name inside one hotel. A socket joins some; an event is told to those that stand in its list, and a
socket that is in several hears it once, by the first. Whether a socket may hear it at all is decided elsewhere, when
it is sent.
"""

from app.core.events import (
    Change,
    ChannelChanged,
    ConversationChanged,
    Event,
    MessageCreated,
    MessageStatusChanged,
    MessageUpdated,
    UnknownEvent,
    UserChanged,
)
from app.core.types import Department
from app.core.views import ConversationRef

ALL_STAFF = "staff"
"""Every staff user of the hotel: contract 1's notifications go to each ``staff_{user_id}``, whoever is connected."""


def staff(user_id: int) -> str:
    return f"staff_{user_id}"


def department(name: Department) -> str:
    return f"department_{name.group}"


def conversation(conversation_id: int) -> str:
    return f"conversation_{conversation_id}"


def stay(stay_id: int) -> str:
    """All conversations of a stay (contract 1 keys by it)."""
    return f"stay_{stay_id}"


def audiences_of(event: Event) -> tuple[str, ...]:
    """Who hears of an event, the most particular first."""
    match event:
        case UserChanged():
            return (staff(event.user_id),)
        case UnknownEvent():
            return ()
        case ChannelChanged():
            return (ALL_STAFF,)
        case MessageCreated() | MessageUpdated() | MessageStatusChanged():
            return _about(event.conversation)
        case ConversationChanged(change=Change.RELAY_STARTED):
            return (ALL_STAFF, *_about(event.conversation))
        case ConversationChanged():
            return _about(event.conversation)


def _about(about: ConversationRef) -> tuple[str, ...]:
    names = [conversation(about.id)]
    if about.stay_id is not None:
        names.append(stay(about.stay_id))
    if about.department is not None:
        names.append(department(about.department))
    return tuple(names)
