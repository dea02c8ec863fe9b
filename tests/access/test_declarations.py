"""Nothing is open that nobody has declared, and nothing is declared that is not there."""

from collections.abc import Callable
from typing import get_args

import pytest
from fastapi import APIRouter, FastAPI
from starlette.responses import Response
from starlette.routing import Host, Mount, Route, WebSocketRoute

from app.core.events import Change, ConversationChanged, Event
from app.core.settings import Environment, Settings
from app.core.types import UserType
from app.main import create_app
from app.ws.staff import commands
from tests.access.declarations import DECLARED, SEES, STAFF_COMMANDS, STAFF_EVENTS, UNKNOWN, Caller
from tests.access.surfaces import surfaces, undeclared
from tests.access.town import USERS


@pytest.fixture
def app() -> FastAPI:
    """Only to be looked at."""
    return create_app(Settings(_env_file=None, LOBBY_ENV=Environment.TEST))


DECLARED_SURFACES = [each.surface for each in DECLARED]


async def extra() -> Response:
    return Response()


async def extra_socket(websocket: object) -> None:
    raise AssertionError(websocket)


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


def test_every_command_of_the_staff_socket_is_declared() -> None:
    assert commands.names == STAFF_COMMANDS.keys()


def test_every_kind_of_event_is_declared() -> None:
    kinds = {(kind, None) for kind in get_args(Event)} - {(ConversationChanged, None)}

    assert STAFF_EVENTS.keys() == kinds | {(ConversationChanged, change) for change in Change}


def test_every_type_of_user_calls() -> None:
    assert {user_type for user_type, _ in USERS.values()} == set(UserType)
    assert USERS.keys() == set(Caller) - UNKNOWN
    assert SEES.keys() == USERS.keys() - {Caller.GUEST}
