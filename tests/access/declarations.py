"""Who may do what, said once more and in other words than the application's: the access test holds the two together.

A new route, command or event fails ``test_declarations.py`` until it stands here; what it declares is then tried by
every kind of caller on conversations of two hotels, three departments and none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.core.events import (
    Change,
    ChannelChanged,
    ConversationChanged,
    MessageCreated,
    MessageStatusChanged,
    MessageUpdated,
    UnknownEvent,
    UserChanged,
)
from app.core.types import Department
from tests.access.surfaces import FILES, SOCKET, Surface

OK = 200
CREATED = 201
NO_CONTENT = 204


class Caller(StrEnum):
    """Who calls, or what they show."""

    NOBODY = "nobody"
    RUBBISH = "a token that is none"
    FORGED = "a token signed with another secret"
    EXPIRED = "an expired access token"
    REFRESH = "a refresh token"
    SIGNED_OUT = "somebody who has signed out"
    OVER = "somebody whose session has run out"
    DEACTIVATED = "a manager who was let go"
    GUEST = "a registered guest"
    TRAINEE = "department staff of no department"
    HOUSEKEEPER = "department staff of Housekeeping"
    WAITER = "department staff of Room Service"
    FLOATER = "department staff of Housekeeping and Room Service"
    RECEPTIONIST = "a receptionist"
    MANAGER = "a manager"
    ADMIN = "a hotel admin"


class Who(StrEnum):
    """To whom a route is open."""

    EVERYBODY = "everybody, whatever they show"
    EVER_SIGNED_IN = "whoever shows an unexpired token of a session, whether that still runs or not"
    SIGNED_IN = "every user"
    STAFF = "staff of any hotel"
    WHO_SEES_IT = "staff who see the conversation"
    WHO_SEES_DOCUMENTS = "reception and managers of the stay's hotel"
    LINK_HOLDERS = "whoever holds its signed address, and nobody without, whatever they show"
    NO_SOCKET = "nobody: the path names no socket"


PLACES = (None, Department.RECEPTION, Department.HOUSEKEEPING, Department.ROOM_SERVICE)
"""Whose the conversations are; None for no department yet."""

UNKNOWN = frozenset(list(Caller)[: list(Caller).index(Caller.GUEST)])
EVER_SIGNED_IN = frozenset(Caller) - {Caller.NOBODY, Caller.RUBBISH, Caller.FORGED, Caller.EXPIRED, Caller.REFRESH}
SEES: Mapping[Caller, tuple[Department | None, ...]] = {
    Caller.TRAINEE: (None,),
    Caller.HOUSEKEEPER: (None, Department.HOUSEKEEPING),
    Caller.WAITER: (None, Department.ROOM_SERVICE),
    Caller.FLOATER: (None, Department.HOUSEKEEPING, Department.ROOM_SERVICE),
    Caller.RECEPTIONIST: PLACES,
    Caller.MANAGER: PLACES,
    Caller.ADMIN: PLACES,
}
"""Staff, and the places in their own hotel that they see."""


SEES_DOCUMENTS = frozenset({Caller.RECEPTIONIST, Caller.MANAGER, Caller.ADMIN})
ABOUT_A_CONVERSATION = frozenset({Who.WHO_SEES_IT, Who.WHO_SEES_DOCUMENTS})
"""Routes whose path names a conversation, its stay or its file."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A route, to whom it is open, and a request that it answers with ``ok`` where it is.

    ``lists`` names the status of the conversations that its answer lists: exactly those that the caller sees.
    """

    method: str
    path: str
    who: Who
    ok: int = OK
    json: Mapping[str, Any] | None = None
    query: Mapping[str, str] | None = None
    lists: str | None = None

    @property
    def surface(self) -> Surface:
        return Surface(self.path, self.method)

    @property
    def changes_something(self) -> bool:
        return self.method not in {"GET", "HEAD"}


ONE = "/api/message_manager/conversations/{conversation_id}/"
FILE = "/api/media/{media_id}/{variant}/"
DOCUMENTS = "/api/stays/{stay_id}/documents/"

DECLARED = (
    # What is asked of everybody is not who they are; a bad field answers before anything happens.
    Declared(method="POST", path="/api/auth/token/", who=Who.EVERYBODY, ok=422, json={}),
    Declared(method="POST", path="/api/auth/refresh/", who=Who.EVERYBODY, ok=422, json={}),
    Declared(method="POST", path="/api/auth/logout/", who=Who.EVER_SIGNED_IN),
    Declared(method="GET", path="/api/auth/me/", who=Who.SIGNED_IN),
    Declared(
        method="GET",
        path="/api/message_manager/conversations/",
        who=Who.STAFF,
        query={"page_size": "100"},
        lists="relay",
    ),
    Declared(
        method="GET",
        path="/api/message_manager/conversations/active_conversations/",
        who=Who.STAFF,
        lists="active",
    ),
    Declared(method="GET", path=ONE, who=Who.WHO_SEES_IT),
    Declared(method="GET", path=ONE + "messages/", who=Who.WHO_SEES_IT),
    Declared(method="POST", path=ONE + "send_message/", who=Who.WHO_SEES_IT, ok=CREATED, json={"text": "Hello"}),
    Declared(method="POST", path=ONE + "end_relay/", who=Who.WHO_SEES_IT),
    Declared(method="POST", path="/api/media/", who=Who.STAFF, ok=422),  # a request without a file
    Declared(method="POST", path="/api/media/{media_id}/retry/", who=Who.WHO_SEES_IT),
    Declared(
        method="GET", path=FILE, who=Who.LINK_HOLDERS, ok=403, query={"expires": "9999999999", "signature": "0" * 64}
    ),
    Declared(
        method="HEAD", path=FILE, who=Who.LINK_HOLDERS, ok=403, query={"expires": "9999999999", "signature": "0" * 64}
    ),
    Declared(method="GET", path=DOCUMENTS, who=Who.WHO_SEES_DOCUMENTS),
    Declared(method="GET", path=DOCUMENTS + "{media_id}/", who=Who.WHO_SEES_DOCUMENTS),
    Declared(
        method="POST",
        path="/api/conversations/{conversation_id}/messages/",
        who=Who.WHO_SEES_IT,
        ok=CREATED,
        json={"location": {"latitude": 38.7, "longitude": -9.1}},
    ),
    Declared(
        method="POST",
        path="/api/messages/{message_id}/reaction/",
        who=Who.WHO_SEES_IT,
        ok=CREATED,
        json={"emoji": "👍"},
    ),
    Declared(method="POST", path="/api/conversations/{conversation_id}/read/", who=Who.WHO_SEES_IT, ok=NO_CONTENT),
    Declared(
        method="POST",
        path="/api/conversations/{conversation_id}/typing/",
        who=Who.WHO_SEES_IT,
        ok=NO_CONTENT,
        json={"is_typing": True},
    ),
    Declared(
        method="GET",
        path="/api/message_manager/webhook/whatsapp/",
        who=Who.EVERYBODY,
        query={"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "verify-sea-view"},
    ),
    Declared(method="POST", path="/api/message_manager/webhook/whatsapp/", who=Who.EVERYBODY, json={}),
    Declared(method="GET", path="/health/live/", who=Who.EVERYBODY),
    Declared(method="GET", path="/health/ready/", who=Who.EVERYBODY),
    Declared(method="GET", path="/docs", who=Who.EVERYBODY),
    Declared(method="GET", path="/docs/", who=Who.EVERYBODY),
    Declared(method="GET", path="/openapi.json", who=Who.EVERYBODY),
    Declared(method="HEAD", path="/openapi.json", who=Who.EVERYBODY),
    Declared(method=FILES, path="/docs/assets", who=Who.EVERYBODY),
    Declared(method=SOCKET, path="/ws/staff/", who=Who.STAFF),
    Declared(method=SOCKET, path="/{path:path}", who=Who.NO_SOCKET),
)

STAFF_COMMANDS: Mapping[str, Mapping[str, Any]] = {
    "subscribe_to_conversation": {},
    "send_message": {"text": "Hello"},
    "mark_read": {},
    "typing": {"is_typing": True},
    "unsubscribe_from_conversation": {},
}
"""The commands of ``/ws/staff/``, and what each needs beside the stay or conversation that it is about: for staff who
see it, but for the last, which only gives something up."""


class Hears(StrEnum):
    """Who of a hotel's connected staff hears an event on ``/ws/staff/``, having subscribed while they might."""

    ALL_STAFF = "all staff of the hotel"
    WHO_SEES_IT = "staff who see the conversation now"
    NOBODY = "nobody: the document has no word for it"


STAFF_EVENTS: Mapping[tuple[type, Change | None], tuple[Hears, str]] = {
    (MessageCreated, None): (Hears.WHO_SEES_IT, "new_message"),
    (MessageUpdated, None): (Hears.WHO_SEES_IT, "message_updated"),
    (MessageStatusChanged, None): (Hears.WHO_SEES_IT, "message_status"),
    (ChannelChanged, None): (Hears.ALL_STAFF, "channel_status"),
    (ConversationChanged, Change.CREATED): (Hears.NOBODY, ""),
    (ConversationChanged, Change.RELAY_STARTED): (Hears.ALL_STAFF, "new_conversation"),
    (ConversationChanged, Change.RELAY_ENDED): (Hears.NOBODY, ""),
    (ConversationChanged, Change.REOPENED): (Hears.NOBODY, ""),
    (UserChanged, None): (Hears.NOBODY, ""),
    (UnknownEvent, None): (Hears.NOBODY, ""),
}


OF_NO_CONVERSATION = frozenset({ChannelChanged, UserChanged})


def expected(declared: Declared, caller: Caller, *, own_hotel: bool = True, place: Department | None = None) -> int:
    """The status that a caller is to get; for a conversation, of this department in one's own or in the other hotel."""
    match declared.who:
        case Who.EVERYBODY | Who.LINK_HOLDERS:
            return declared.ok
        case Who.EVER_SIGNED_IN:
            return declared.ok if caller in EVER_SIGNED_IN else 401
        case Who.SIGNED_IN:
            return 401 if caller in UNKNOWN else declared.ok
        case Who.STAFF:
            return 401 if caller in UNKNOWN else 403 if caller not in SEES else declared.ok
        case Who.WHO_SEES_IT if caller in SEES:
            return 404 if not own_hotel else declared.ok if place in SEES[caller] else 403
        case Who.WHO_SEES_IT:
            return 401 if caller in UNKNOWN else 403
        case Who.WHO_SEES_DOCUMENTS if caller in SEES_DOCUMENTS:
            return declared.ok if own_hotel else 404
        case Who.WHO_SEES_DOCUMENTS:
            return 401 if caller in UNKNOWN else 403
        case Who.NO_SOCKET:
            return 4404
