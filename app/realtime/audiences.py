"""Who hears of an event: the names of audiences, as the contracts name their groups.

An audience is a name inside one hotel. A socket joins some; an event is told to those that stand in its list, and a
socket that is in several hears it once, by the first. Whether a socket may hear it at all is decided elsewhere, when
it is sent.
"""

from app.core.events import (
    AccountChanged,
    Change,
    ChannelChanged,
    ConversationChanged,
    Event,
    MessageCreated,
    MessagesRead,
    MessageStatusChanged,
    MessageUpdated,
    StayChanged,
    UnknownEvent,
    UserChanged,
)
from app.core.phones import digits
from app.core.signals import Signal, Typing, UserStatus, Viewing
from app.core.types import Department
from app.core.views import ChatRef, ConversationRef

ALL_STAFF = "staff"
"""Every staff user of the hotel: contract 1's notifications go to each ``staff_{user_id}``, whoever is connected."""

NO_DEPARTMENT = "no_department"
"""Whoever keeps a list of conversations, for those that no department has yet: all staff of the hotel see them."""


def staff(user_id: int) -> str:
    return f"staff_{user_id}"


def department(name: Department) -> str:
    return f"department_{name.group}"


def conversation(conversation_id: int) -> str:
    return f"conversation_{conversation_id}"


def stay(stay_id: int) -> str:
    """All conversations of a stay (contract 1 keys by it)."""
    return f"stay_{stay_id}"


def guest(number: str) -> str:
    """A guest's own sockets, by their number."""
    return f"guest_{digits(number)}"


def account(channel_id: int, account: str) -> str:
    """A visitor's own sockets, of all their chats on this channel."""
    return f"account_{channel_id}_{account}"


def chat(channel_id: int, account: str, public_id: str) -> str:
    """A visitor's own sockets of one chat, which need not have begun."""
    return f"chat_{channel_id}_{account}_{public_id}"


def audiences_of(event: Event | Signal) -> tuple[str, ...]:
    """Who hears of an event, the most particular first."""
    match event:
        case UserChanged():
            return (staff(event.user_id),)
        case UnknownEvent():
            return ()
        case ChannelChanged():
            return (ALL_STAFF,)
        case StayChanged():
            return _guest(event.guest_phone)
        case AccountChanged():
            return (account(event.channel_id, event.account),)
        case MessageCreated() | Typing() | MessageUpdated():
            return _of_words(event)
        case MessageStatusChanged() | MessagesRead() | Viewing():
            return _about(event.conversation)
        case ConversationChanged():
            return _of_change(event)
        case UserStatus():
            return tuple(department(each) for each in event.departments)


def _of_words(event: MessageCreated | MessageUpdated | Typing) -> tuple[str, ...]:
    """What is written, and that it is being written: for the guest's own sockets too."""
    about = event.conversation
    where = about.chat if isinstance(event, Typing) else event.message.chat
    phone = None if isinstance(event, MessageUpdated) else about.guest_phone
    return (*_about(about), *_guest(phone), *_chat(where))


def _of_change(event: ConversationChanged) -> tuple[str, ...]:
    """A relay is told to all staff, first of all; a loss to the department that has lost it, last, or where it was
    nobody's to whoever lists those."""
    first = (ALL_STAFF,) if event.change is Change.RELAY_STARTED else ()
    last = () if event.previous_department is None else (department(event.previous_department),)
    if event.leaves_nobodys:
        last = (NO_DEPARTMENT,)
    return (*first, *_about(event.conversation), *last)


def _guest(phone: str | None) -> tuple[str, ...]:
    return () if phone is None else (guest(phone),)


def _chat(where: ChatRef | None) -> tuple[str, ...]:
    return () if where is None else (chat(where.channel_id, where.account, where.public_id),)


def _about(about: ConversationRef) -> tuple[str, ...]:
    names = [conversation(about.id)]
    if about.stay_id is not None:
        names.append(stay(about.stay_id))
    names.append(NO_DEPARTMENT if about.department is None else department(about.department))
    return tuple(names)
