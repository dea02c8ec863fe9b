"""Nothing is open that nobody has declared, and nothing is declared that is not there."""

from collections.abc import Callable
from typing import get_args

import msgspec
import pytest
from fastapi import APIRouter, FastAPI
from starlette.responses import Response
from starlette.routing import Host, Mount, Route, WebSocketRoute

from app.bootstrap import media_links
from app.core.events import Change, Event
from app.core.settings import Environment, Settings
from app.core.signals import Signal
from app.core.types import ConversationStatus, Platform, UserType
from app.core.views import ConversationRef
from app.main import create_app
from app.ws.commands import CommandTable
from app.ws.session import Session, SocketEndpoint
from app.ws.staff import StaffSocket
from tests.access.declarations import DECLARED, JOINED, SEES, UNKNOWN, Caller
from tests.access.happenings import CHANGES, What, happened
from tests.access.listening import SOCKETS, TOLD_NOBODY
from tests.access.surfaces import commands, surfaces, undeclared
from tests.access.town import USERS


@pytest.fixture
def app() -> FastAPI:
    """Only to be looked at."""
    return create_app(Settings(_env_file=None, LOBBY_ENV=Environment.TEST))


DECLARED_SURFACES = [each.surface for each in DECLARED]
DECLARED_COMMANDS = {each.path: set(each.commands) for each in SOCKETS}


async def extra() -> Response:
    return Response()


async def extra_socket(websocket: object) -> None:
    raise AssertionError(websocket)


async def extra_command(session: Session, fields: msgspec.Struct) -> None:
    raise AssertionError(session, fields)


def a_conversation() -> ConversationRef:
    return ConversationRef(
        id=1,
        hotel_id=1,
        stay_id=1,
        guest_id=1,
        guest_name="John Doe",
        guest_phone=None,
        room_number=None,
        floor=None,
        platform=Platform.WHATSAPP,
        status=ConversationStatus.RELAY,
        department=None,
        assignee_id=None,
    )


def add_by_router(app: FastAPI) -> None:
    inner = APIRouter(prefix="/inner")
    inner.get("/extra/{extra_id}/")(extra)
    outer = APIRouter(prefix="/api")
    outer.include_router(inner)
    app.include_router(outer)


def add_a_method(app: FastAPI) -> None:
    app.delete("/api/auth/me/")(extra)


EXTRAS: dict[str, Callable[[FastAPI], object]] = {
    "GET    /api/extra/": lambda app: app.get("/api/extra/", include_in_schema=False)(extra),
    "GET    /api/inner/extra/{extra_id}/": add_by_router,
    "DELETE /api/auth/me/": add_a_method,
    "SOCKET /ws/extra/": lambda app: app.router.routes.append(WebSocketRoute("/ws/extra/", extra_socket)),
    "SOCKET /ws/declared/by/decorator/": lambda app: app.websocket("/ws/declared/by/decorator/")(extra_socket),
    "PUT    /extra/inside": lambda app: app.mount("/extra", FastAPI(routes=[Route("/inside", extra, methods=["PUT"])])),
    "FILES  /extra/files": lambda app: app.router.routes.append(Mount("/extra/files", Response())),
}


def test_every_route_and_socket_is_declared(app: FastAPI) -> None:
    assert not undeclared(app, DECLARED_SURFACES), "say in tests/access/declarations.py who may use it"


def test_every_declaration_is_of_a_route_that_is_there_and_declares_it_once(app: FastAPI) -> None:
    assert sorted(DECLARED_SURFACES) == surfaces(app)


@pytest.mark.parametrize("surface", EXTRAS)
def test_a_route_that_nobody_has_declared_is_found(app: FastAPI, surface: str) -> None:
    EXTRAS[surface](app)

    assert surface in undeclared(app, DECLARED_SURFACES)


def test_a_kind_of_route_that_nobody_has_thought_of_is_refused(app: FastAPI) -> None:
    app.router.routes.append(Host("elsewhere.example", Response()))

    with pytest.raises(TypeError, match="Host"):
        surfaces(app)


def test_every_command_of_every_socket_is_declared(app: FastAPI) -> None:
    assert commands(app) == DECLARED_COMMANDS


def test_a_command_that_nobody_has_declared_is_found(app: FastAPI) -> None:
    socket = StaffSocket(media_links(Settings(_env_file=None, LOBBY_ENV=Environment.TEST)))
    socket.commands = CommandTable("type")
    socket.commands.command("extra", msgspec.Struct)(extra_command)
    app.router.routes.append(WebSocketRoute("/ws/extra/", SocketEndpoint(socket)))

    assert commands(app) == DECLARED_COMMANDS | {"/ws/extra/": {"extra"}}


def test_everything_that_may_happen_is_declared() -> None:
    kinds = {type(happened(what, a_conversation())) for what in What}

    assert kinds == {*get_args(Event), *get_args(Signal)}
    assert set(CHANGES.values()) == set(Change)
    assert {what for each in SOCKETS for what in each.tells} == set(What) - TOLD_NOBODY


def test_every_type_of_user_calls() -> None:
    assert {user_type for user_type, _ in USERS.values()} == set(UserType)
    assert USERS.keys() == set(Caller) - UNKNOWN
    assert SEES.keys() == JOINED.keys() == USERS.keys() - {Caller.GUEST}
