"""Who may do what, said once more and in other words than the application's: the access test holds the two together.

A new route, command or event fails ``test_declarations.py`` until it stands here; what it declares is then tried by
every kind of caller on conversations of two hotels, three departments and none.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

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
    WHOLE_HOTEL = "staff who see all of their hotel, for its own channels"
    MANAGERS = "managers and hotel admins, for their own hotel"
    WHO_SEES_IT = "staff who see the conversation"
    DEPARTMENT = "staff who are joined to the department, for guests of their own hotel"
    WHO_SEES_DOCUMENTS = "reception and managers of the stay's hotel"
    GUESTS = "guests who stay, by their own number or token; what users show opens nothing"
    VISITORS = "every user, for their own chats of a web chat; visitors by what they show: test_visitor_access.py"
    LINK_HOLDERS = "whoever holds its signed address, and nobody without, whatever they show"
    NO_SOCKET = "nobody: the path names no socket"


PLACES = (None, Department.RECEPTION, Department.HOUSEKEEPING, Department.ROOM_SERVICE)
"""Whose the conversations are; None for no department yet."""

UNKNOWN = frozenset(list(Caller)[: list(Caller).index(Caller.GUEST)])
SEE_ALL = frozenset({Caller.RECEPTIONIST, Caller.MANAGER, Caller.ADMIN})
MANAGERS = frozenset({Caller.MANAGER, Caller.ADMIN})
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

JOINED: Mapping[Caller, tuple[Department, ...]] = {
    Caller.TRAINEE: (),
    Caller.HOUSEKEEPER: (Department.HOUSEKEEPING,),
    Caller.WAITER: (Department.ROOM_SERVICE,),
    Caller.FLOATER: (Department.HOUSEKEEPING, Department.ROOM_SERVICE),
    Caller.RECEPTIONIST: tuple(Department),
    Caller.MANAGER: tuple(Department),
    Caller.ADMIN: tuple(Department),
}
"""Staff, and the departments that they are joined to."""

SEES_DOCUMENTS = frozenset({Caller.RECEPTIONIST, Caller.MANAGER, Caller.ADMIN})
ABOUT_A_CONVERSATION = frozenset({Who.WHO_SEES_IT, Who.WHO_SEES_DOCUMENTS, Who.DEPARTMENT})
"""Routes whose path or body names a conversation, its stay, its file, or its department and a guest."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A route, to whom it is open, and a request that it answers with ``ok`` where it is.

    ``lists`` names the statuses of the conversations that its answer lists: exactly those that the caller sees.
    ``form`` are the fields beside a file. A text in braces there or in ``json`` stands for an id of the conversation.
    """

    method: str
    path: str
    who: Who
    ok: int = OK
    json: Mapping[str, Any] | None = None
    form: Mapping[str, Any] | None = None
    query: Mapping[str, str] | None = None
    lists: tuple[str, ...] = ()

    @property
    def surface(self) -> Surface:
        return Surface(self.path, self.method)

    @property
    def changes_something(self) -> bool:
        return self.method not in {"GET", "HEAD"}


ONE = "/api/message_manager/conversations/{conversation_id}/"
TEMPLATES = "/api/conversations/{conversation_id}/templates/"
FILE = "/api/media/{media_id}/{variant}/"
DOCUMENTS = "/api/stays/{stay_id}/documents/"
WEBCHAT = "/unicom/webchat/"
NAMED = {"conversation_id": "{conversation_id}"}
CREATE = {"guest_whatsapp_number": "{number}", "department_type": "{department}"}


def bare(what: str) -> tuple[str, str]:
    """Document 3 writes these two without ``/api``."""
    return f"/api/chat/conversations/{what}/", f"/chat/conversations/{what}/"


DECLARED = (
    # What is asked of everybody is not who they are; a bad field answers before anything happens.
    Declared(method="POST", path="/api/auth/token/", who=Who.EVERYBODY, ok=422, json={}),
    Declared(method="POST", path="/api/auth/register/", who=Who.EVERYBODY, ok=422, json={}),
    Declared(method="POST", path="/api/auth/refresh/", who=Who.EVERYBODY, ok=422, json={}),
    Declared(method="POST", path="/api/auth/logout/", who=Who.EVER_SIGNED_IN),
    Declared(method="GET", path="/api/auth/me/", who=Who.SIGNED_IN),
    Declared(
        method="GET",
        path="/api/message_manager/conversations/",
        who=Who.STAFF,
        query={"page_size": "100"},
        lists=("relay",),
    ),
    Declared(
        method="GET",
        path="/api/message_manager/conversations/active_conversations/",
        who=Who.STAFF,
        lists=("active",),
    ),
    Declared(method="GET", path=ONE, who=Who.WHO_SEES_IT),
    Declared(method="GET", path=ONE + "messages/", who=Who.WHO_SEES_IT),
    Declared(method="POST", path=ONE + "send_message/", who=Who.WHO_SEES_IT, ok=CREATED, json={"text": "Hello"}),
    Declared(method="POST", path=ONE + "end_relay/", who=Who.WHO_SEES_IT),
    Declared(method="GET", path=TEMPLATES, who=Who.WHO_SEES_IT),
    Declared(
        method="POST",
        path=TEMPLATES,
        who=Who.WHO_SEES_IT,
        ok=CREATED,
        json={"name": "hello_world", "language": "en_US"},
    ),
    # The town's channels have no business account: whoever may ask is told so.
    Declared(method="POST", path="/api/channels/{channel_id}/templates/refresh/", who=Who.WHOLE_HOTEL, ok=409),
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
    # What a guest wrote has not failed: whoever sees it is told so.
    Declared(method="POST", path="/api/messages/{message_id}/retry/", who=Who.WHO_SEES_IT, ok=409),
    Declared(method="GET", path="/api/channels/", who=Who.STAFF),
    # The town's channels are not paused: whoever may ask is told so.
    Declared(method="POST", path="/api/channels/{channel_id}/resume/", who=Who.MANAGERS, ok=409),
    Declared(method="GET", path="/api/requests/", who=Who.MANAGERS),
    # The town has no web chat: whoever may ask is told that there is no such request.
    Declared(method="POST", path="/api/requests/{request_id}/retry/", who=Who.MANAGERS, ok=404),
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
        method="GET",
        path="/api/message_manager/webhook/whatsapp/",
        who=Who.EVERYBODY,
        query={"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "verify-sea-view"},
    ),
    Declared(method="POST", path="/api/message_manager/webhook/whatsapp/", who=Who.EVERYBODY, json={}),
    Declared(  # the town has no account there: tests/api/test_instagram_webhook.py has one
        method="GET",
        path="/api/webhooks/instagram/",
        who=Who.EVERYBODY,
        ok=403,
        query={"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "verify-sea-view"},
    ),
    Declared(method="POST", path="/api/webhooks/instagram/", who=Who.EVERYBODY, json={}),
    # Whoever knows the bot's secret is Telegram: tests/services/test_telegram_webhook.py has those who do.
    Declared(method="POST", path="/api/webhooks/telegram/{bot_id}/", who=Who.EVERYBODY, ok=403, json={}),
    # Outside production no key is asked for: tests/contracts/test_guest_webhook_keys.py has those.
    Declared(method="POST", path="/api/chat/guest-webhook/", who=Who.EVERYBODY, ok=400, json={}),
    Declared(
        method="GET",
        path="/api/chat/conversations/",
        who=Who.STAFF,
        query={"page_size": "100"},
        lists=("relay", "active"),
    ),
    Declared(method="GET", path="/api/chat/conversations/{conversation_id}/", who=Who.WHO_SEES_IT),
    *(Declared(method="POST", path=path, who=Who.DEPARTMENT, ok=CREATED, json=CREATE) for path in bare("create")),
    *(Declared(method="POST", path=path, who=Who.WHO_SEES_IT, json=NAMED) for path in bare("close")),
    Declared(
        method="POST",
        path="/api/chat/conversations/priority/",
        who=Who.WHO_SEES_IT,
        json=NAMED | {"priority": 2},
    ),
    Declared(method="POST", path="/api/chat/messages/mark-read/", who=Who.WHO_SEES_IT, json=NAMED),
    Declared(method="POST", path="/api/chat/messages/typing/", who=Who.WHO_SEES_IT, json=NAMED | {"is_typing": True}),
    Declared(method="POST", path="/api/chat/upload-media/", who=Who.WHO_SEES_IT, ok=CREATED, form=NAMED),
    Declared(method="GET", path="/health/live/", who=Who.EVERYBODY),
    Declared(method="GET", path="/health/ready/", who=Who.EVERYBODY),
    Declared(method="GET", path="/docs", who=Who.EVERYBODY),
    Declared(method="GET", path="/docs/", who=Who.EVERYBODY),
    Declared(method="GET", path="/openapi.json", who=Who.EVERYBODY),
    Declared(method="HEAD", path="/openapi.json", who=Who.EVERYBODY),
    Declared(method=FILES, path="/docs/assets", who=Who.EVERYBODY),
    Declared(
        method="POST",
        path="/api/conversations/{conversation_id}/guest-link/",
        who=Who.WHO_SEES_IT,
        ok=CREATED,
    ),
    Declared(method="POST", path="/api/guest/session/", who=Who.EVERYBODY, ok=401, json={"token": "x"}),
    Declared(method="DELETE", path="/api/guest/session/", who=Who.EVERYBODY, ok=401),
    Declared(method="GET", path="/guest/", who=Who.EVERYBODY),
    Declared(method="POST", path=WEBCHAT + "session/", who=Who.EVERYBODY, ok=CREATED, json={}),
    Declared(method="POST", path=WEBCHAT + "send/", who=Who.VISITORS, ok=CREATED, json={"text": "Hello"}),
    Declared(method="GET", path=WEBCHAT + "messages/", who=Who.VISITORS),
    Declared(method="GET", path=WEBCHAT + "chats/", who=Who.VISITORS),
    Declared(
        method="POST",
        path=WEBCHAT + "stay/",
        who=Who.VISITORS,
        ok=202,
        json={"full_name": "John Doe", "room_number": "101"},
    ),
    Declared(method="GET", path="/api/stay-claims/", who=Who.WHOLE_HOTEL),
    # Nobody has made a claim of this number: whoever may ask is told so.
    Declared(method="POST", path="/api/stay-claims/{claim_id}/", who=Who.WHOLE_HOTEL, ok=404, json={"confirm": False}),
    # Nobody has a chat of this name: whoever may ask is told so.
    Declared(method="PATCH", path=WEBCHAT + "chat/{chat_id}/", who=Who.VISITORS, ok=404, json={}),
    Declared(method="DELETE", path=WEBCHAT + "chat/{chat_id}/delete/", who=Who.VISITORS, ok=404),
    Declared(method=SOCKET, path="/ws/staff/", who=Who.STAFF),
    Declared(method=SOCKET, path="/ws/chat/", who=Who.STAFF),
    Declared(method=SOCKET, path="/ws/chat/{department_name}/", who=Who.DEPARTMENT),
    Declared(method=SOCKET, path="/ws/chat/{conversation_id:digits}/", who=Who.WHO_SEES_IT),
    Declared(method=SOCKET, path="/ws/conversations/", who=Who.STAFF),
    Declared(method=SOCKET, path="/ws/guest/{whatsapp_number}/", who=Who.GUESTS),
    Declared(method=SOCKET, path="/ws/unicom/webchat/{chat_id}/", who=Who.VISITORS),
    Declared(method=SOCKET, path="/{path:path}", who=Who.NO_SOCKET),
)

OPEN_TO: Mapping[Who, Collection[Caller]] = {
    Who.SIGNED_IN: frozenset(Caller) - UNKNOWN,
    Who.STAFF: SEES.keys(),
    Who.WHOLE_HOTEL: SEE_ALL,
    Who.MANAGERS: MANAGERS,
}


def expected(declared: Declared, caller: Caller, *, own_hotel: bool = True, place: Department | None = None) -> int:
    """The status that a caller is to get; for a conversation, of this department in one's own or in the other hotel."""
    match declared.who:
        case Who.EVERYBODY | Who.LINK_HOLDERS:
            return declared.ok
        case Who.NO_SOCKET:
            return 4404
        case Who.EVER_SIGNED_IN:
            return declared.ok if caller in EVER_SIGNED_IN else 401
        case Who.GUESTS:
            return declared.ok if caller is Caller.NOBODY else 401
        case Who.VISITORS:
            return _of_visitors(declared, caller, own_hotel=own_hotel)
        case _ if caller in UNKNOWN:
            return 401
        case Who.WHO_SEES_IT if caller in SEES:
            return 404 if not own_hotel else declared.ok if place in SEES[caller] else 403
        case Who.DEPARTMENT if place in JOINED.get(caller, ()):
            return declared.ok if own_hotel else 404
        case Who.WHO_SEES_DOCUMENTS if caller in SEES_DOCUMENTS:
            return declared.ok if own_hotel else 404
        case who:
            return declared.ok if caller in OPEN_TO.get(who, ()) else 403


def _of_visitors(declared: Declared, caller: Caller, *, own_hotel: bool) -> int:
    """Whoever shows nothing by REST is a new visitor, who has no CSRF token yet."""
    if caller is Caller.NOBODY and declared.method != SOCKET:
        return 403 if declared.changes_something else declared.ok
    if caller in UNKNOWN:
        return 401
    return declared.ok if own_hotel else 404
