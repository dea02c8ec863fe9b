"""Small helps for the routes."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.dev.fake_graph.state import FakeGraph

Endpoint = Callable[[Request], Awaitable[Response]]


def on(path: str, **methods: Endpoint) -> list[Route]:
    """One route for each method."""
    return [Route(path, endpoint, methods=[method]) for method, endpoint in methods.items()]


def fake_of(request: Request) -> FakeGraph:
    fake: FakeGraph = request.app.state.fake
    return fake
