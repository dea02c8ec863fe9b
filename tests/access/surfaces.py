"""Every way into the application, read off its routes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from app.ws.session import SocketEndpoint

SOCKET = "SOCKET"
FILES = "FILES"


@dataclass(frozen=True, order=True)
class Surface:
    """A path and what it takes: an HTTP method, SOCKET, or FILES for a folder that is served as it is."""

    path: str
    method: str

    def __str__(self) -> str:
        return f"{self.method:7}{self.path}"


def surfaces(app: FastAPI) -> list[Surface]:
    """In the order of their paths. Raises TypeError for a kind of route that nobody has thought about here."""
    return sorted(_walk(app.routes, ""))


def commands(app: FastAPI) -> dict[str, set[str]]:
    """The commands of every socket, by its path; those that take none do not stand here."""
    found = {}
    for context in iter_route_contexts(app.routes):
        endpoint = getattr(context.original_route, "endpoint", None)
        if isinstance(endpoint, SocketEndpoint) and endpoint.contract.commands.names:
            found[str(context.path)] = set(endpoint.contract.commands.names)
    return found


def undeclared(app: FastAPI, declared: Iterable[Surface]) -> list[str]:
    """What the application has and nobody has declared."""
    known = set(declared)
    return [str(each) for each in surfaces(app) if each not in known]


def _walk(routes: Iterable[BaseRoute], prefix: str) -> Iterator[Surface]:
    for context in iter_route_contexts(list(routes)):
        yield from _of(context, prefix)


def _of(context: RouteContext, prefix: str) -> Iterator[Surface]:
    route = context.original_route
    path = f"{prefix}{context.path}"
    if isinstance(route, Mount):
        yield from _walk(route.routes, path) if route.routes else [Surface(path, FILES)]
    elif isinstance(route, WebSocketRoute):
        yield Surface(path, SOCKET)
    elif isinstance(route, Route) and context.methods:
        yield from (Surface(path, method) for method in context.methods)
    else:
        raise TypeError(f"{path}: who may use a {type(route).__name__}? Teach tests/access/surfaces.py.")
