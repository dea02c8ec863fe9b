"""The sockets, said once more and in other words than the application's: what each takes, and who hears what on it.

A command that its socket does not declare here, and a kind of event that no socket speaks of, fail
``test_declarations.py``; what is declared is then tried by every kind of caller.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.access.happenings import What


class By(StrEnum):
    """How somebody comes to hear of something, the first that applies counting: nobody is told twice."""

    HOTEL = "they are staff of the hotel"
    SUBSCRIPTION = "they have subscribed to the conversation, and see it now"
    DEPARTMENT = "they are joined to its department"
    NOBODYS = "no department has it yet, and they list all that they see"
    ITS_OWN = "it is the conversation that the socket is for, and they see it now"
    LOSS = "they are joined to the department that has lost it"
    OWN = "they are the guest, or the visitor whose chat it is"


@dataclass(frozen=True, kw_only=True)
class Command:
    """``fields`` are what it takes beside what it is about, which may be named by each of ``about``.

    It is for staff who see the conversation; one that asks for nothing of it is ``for_all`` who have the socket. ``ok``
    is the code of the error that even these get, where things stand otherwise than it needs. What ``moves`` a
    conversation is in the way of the next who asks.
    """

    about: tuple[str, ...] = ("conversation_id",)
    fields: Mapping[str, Any] = field(default_factory=dict)
    for_all: bool = False
    moves: bool = False
    ok: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeclaredSocket:
    """``key`` is the field that names a command; ``subscribe`` names the one by which one subscribes, "" where there is
    none. ``tells`` has the word for what happened, by the way in which somebody comes to hear of it. Whoever subscribes
    afterwards is told again what was ``told_in_short``.
    """

    path: str
    key: str
    subscribe: str
    commands: Mapping[str, Command]
    tells: Mapping[What, Mapping[By, str]]
    told_in_short: frozenset[What] = frozenset()


_OF_STAY = ("stay_id", "conversation_id")
_OF_DEPARTMENT = (By.SUBSCRIPTION, By.DEPARTMENT, By.LOSS)

STAFF = DeclaredSocket(
    path="/ws/staff/",
    key="command",
    subscribe="subscribe_to_conversation",
    commands={
        "subscribe_to_conversation": Command(about=_OF_STAY),
        "send_message": Command(about=_OF_STAY, fields={"text": "Hello"}),
        "mark_read": Command(about=_OF_STAY),
        "typing": Command(about=_OF_STAY, fields={"is_typing": True}),
        "unsubscribe_from_conversation": Command(about=_OF_STAY, for_all=True),
    },
    tells={
        What.GUEST_WROTE: {By.SUBSCRIPTION: "new_message"},
        What.STAFF_WROTE: {By.SUBSCRIPTION: "new_message"},
        What.FLOW_WROTE: {By.SUBSCRIPTION: "new_message"},
        What.NOTED: {By.SUBSCRIPTION: "new_message"},
        What.GUEST_REACTED: {By.SUBSCRIPTION: "new_message"},
        What.STAFF_REACTED: {By.SUBSCRIPTION: "new_message"},
        What.CORRECTED: {By.SUBSCRIPTION: "message_updated"},
        What.REPORTED: {By.SUBSCRIPTION: "message_status"},
        What.RELAY_STARTED: {By.HOTEL: "new_conversation"},
        What.CHANNEL: {By.HOTEL: "channel_status"},
    },
)

_IN_FULL: Mapping[What, str] = {
    What.GUEST_WROTE: "message",
    What.STAFF_WROTE: "message",
    What.FLOW_WROTE: "message",
    What.NOTED: "message",
    What.GUEST_REACTED: "reaction",
    What.STAFF_REACTED: "reaction",
    What.CORRECTED: "message_updated",
    What.REPORTED: "message_status",
    What.RELAY_STARTED: "new_conversation",
    What.TYPING: "typing",
    What.VIEWING: "viewing",
}
_IN_SHORT: Mapping[What, str] = {
    What.GUEST_WROTE: "conversation_update/new_message",
    What.STAFF_WROTE: "conversation_update/new_message",
    What.FLOW_WROTE: "conversation_update/new_message",
    What.NOTED: "conversation_update/noted",
    What.GUEST_REACTED: "conversation_update/reacted",
    What.STAFF_REACTED: "conversation_update/reacted",
    What.RELAY_STARTED: "new_conversation",
}
_CHANGES: Mapping[What, str] = {
    What.READ: "marked_read",
    What.RELAY_ENDED: "relay_ended",
    What.REOPENED: "reopened",
    What.CLOSED: "closed",
    What.TRANSFERRED: "transferred",
    What.ASSIGNED: "assigned",
    What.MOVED: "moved",
    What.PRIORITISED: "prioritised",
}
_CHAT_COMMANDS: Mapping[str, Command] = {
    "subscribe_conversation": Command(),
    "text": Command(fields={"content": "Hello"}),
    "media": Command(fields={"media_id": 10**9}, ok="no_such_file"),
    "mark_read": Command(),
    "typing": Command(fields={"is_typing": True}),
    "close_conversation": Command(moves=True),
    "transfer": Command(fields={"department": "café"}, moves=True),
    "assign": Command(fields={"user_id": None}),
    "priority": Command(fields={"priority": 2}),
    "note": Command(fields={"content": "Rings twice"}),
    "reopen": Command(ok="not_closed"),
    "viewing": Command(fields={"is_viewing": True}),
    "react": Command(about=("message_id",), fields={"emoji": "👍"}),
    "unsubscribe_conversation": Command(for_all=True),
    "presence": Command(about=(), for_all=True),
    "ping": Command(about=(), for_all=True),
}

CHAT = DeclaredSocket(
    path="/ws/chat/",
    key="type",
    subscribe="subscribe_conversation",
    commands=_CHAT_COMMANDS,
    tells={
        **{what: {By.SUBSCRIPTION: word} for what, word in _IN_FULL.items() if what not in _IN_SHORT},
        **{what: {By.SUBSCRIPTION: _IN_FULL[what], By.DEPARTMENT: word} for what, word in _IN_SHORT.items()},
        **{
            what: {
                By.SUBSCRIPTION: f"conversation_changed/{word}",
                By.DEPARTMENT: f"conversation_update/{word}",
                By.LOSS: f"conversation_update/{word}",
            }
            for what, word in _CHANGES.items()
        },
        What.CAME: {By.DEPARTMENT: "user_status"},
    },
    told_in_short=frozenset(_IN_SHORT) - {What.RELAY_STARTED},
)

DEPARTMENT_CHAT = DeclaredSocket(
    path="/ws/chat/{department_name}/",
    key="type",
    subscribe="subscribe_conversation",
    commands=_CHAT_COMMANDS,
    tells={
        **{what: {By.SUBSCRIPTION: word, By.DEPARTMENT: word} for what, word in _IN_FULL.items()},
        **{what: dict.fromkeys(_OF_DEPARTMENT, f"conversation_update/{word}") for what, word in _CHANGES.items()},
        What.CAME: {By.DEPARTMENT: "user_status"},
    },
)

_UPDATED = dict.fromkeys((What.RELAY_STARTED, *_CHANGES), "conversation_updated")
CONVERSATION = DeclaredSocket(
    path="/ws/chat/{conversation_id:digits}/",
    key="type",
    subscribe="",
    commands={
        "chat_message": Command(about=(), fields={"content": "Hello"}, for_all=True),
        "typing": Command(about=(), fields={"is_typing": True}, for_all=True),
        "mark_read": Command(about=(), for_all=True),
    },
    tells={
        what: {By.ITS_OWN: word}
        for what, word in {
            **_UPDATED,
            What.GUEST_WROTE: "chat_message",
            What.STAFF_WROTE: "chat_message",
            What.FLOW_WROTE: "chat_message",
            What.CORRECTED: "message_updated",
            What.REPORTED: "message_status",
            What.READ: "messages_read",
            What.TYPING: "typing_indicator",
        }.items()
    },
)

CONVERSATIONS = DeclaredSocket(
    path="/ws/conversations/",
    key="type",
    subscribe="",
    commands={
        "get_conversations": Command(about=(), for_all=True),
        "refresh_conversations": Command(about=(), for_all=True),
    },
    tells={
        **{
            what: {By.DEPARTMENT: word, By.NOBODYS: word, By.LOSS: word}
            for what, word in {
                **_UPDATED,
                What.GUEST_WROTE: "new_customer_message",
                What.STAFF_WROTE: "conversation_updated",
                What.FLOW_WROTE: "conversation_updated",
                What.CORRECTED: "conversation_updated",
            }.items()
        },
        What.RELAY_STARTED: {By.HOTEL: "conversation_updated"},
    },
)

GUEST = DeclaredSocket(
    path="/ws/guest/{whatsapp_number}/",
    key="type",
    subscribe="",
    commands={"ping": Command(about=(), for_all=True)},
    tells={
        What.STAFF_WROTE: {By.OWN: "message"},
        What.FLOW_WROTE: {By.OWN: "message"},
        What.TYPING: {By.OWN: "typing"},
    },
)

WEBCHAT = DeclaredSocket(
    path="/ws/unicom/webchat/{chat_id}/",
    key="action",
    subscribe="",
    commands={"ping": Command(about=(), for_all=True)},
    tells={
        What.GUEST_WROTE: {By.OWN: "new_message"},
        What.STAFF_WROTE: {By.OWN: "new_message"},
        What.FLOW_WROTE: {By.OWN: "new_message"},
        What.CORRECTED: {By.OWN: "message_updated"},
        What.TYPING: {By.OWN: "typing"},
    },
)

SOCKETS = (STAFF, CHAT, DEPARTMENT_CHAT, CONVERSATION, CONVERSATIONS, GUEST, WEBCHAT)

TOLD_NOBODY = frozenset({What.CREATED, What.USER, What.STAY, What.ACCOUNT, What.UNKNOWN})
"""What no socket has a word for: what the flow has to itself, and what has rights looked at again."""
