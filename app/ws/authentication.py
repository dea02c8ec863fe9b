"""Who is behind a socket: the access token, wherever a client of one of the contracts may put it.

In this order: ``?token=``, the ``Authorization`` header, the subprotocol pair ``bearer, <token>``, the session cookie
(from our own pages only), a first frame ``{"type": "auth", "token": "…"}`` within five seconds. A visitor of the web
chat shows theirs in the same places, or the cookie of their own session.
"""

import asyncio
from typing import Final

import msgspec
from starlette.websockets import WebSocket

from app.core.errors import Unauthenticated
from app.core.principal import Principal
from app.core.security import SESSION_COOKIE, VISITOR_COOKIE
from app.services.container import Services
from app.services.webchat.visitors import Somebody

BEARER: Final = "bearer"
FIRST_FRAME_WITHIN: Final = 5.0


class _AuthFrame(msgspec.Struct, tag_field="type", tag="auth"):
    token: str


_decoder = msgspec.json.Decoder(_AuthFrame)


def chosen_subprotocol(websocket: WebSocket) -> str | None:
    """``bearer`` is echoed to a client that offers it: a browser closes the socket otherwise."""
    return BEARER if BEARER in websocket.scope.get("subprotocols", []) else None


async def authenticate(websocket: WebSocket, services: Services) -> Principal:
    """Whoever has opened this socket. Raises Unauthenticated: at once for a bad token, after 5 s without any."""
    token = _shown_token(websocket)
    if token is not None:
        return await services.auth.authenticate(token)
    cookie = websocket.cookies.get(SESSION_COOKIE)
    if cookie:
        _check_origin(websocket, services)
        return await services.auth.authenticate_cookie(cookie)
    return await services.auth.authenticate(await _first_frame(websocket))


async def authenticate_visitor(websocket: WebSocket, services: Services) -> Somebody:
    """Whoever has opened a visitor's socket: a user, a guest by their personal link, or a visitor. Raises
    Unauthenticated as above."""
    token = _shown_token(websocket)
    if token is not None:
        return await services.visitors.of_token(token)
    session, visitor = (websocket.cookies.get(name) for name in (SESSION_COOKIE, VISITOR_COOKIE))
    if session or visitor:
        _check_origin(websocket, services)
        who = await services.visitors.of_cookies(session, visitor)
        if who is None:
            raise Unauthenticated("This session is over.")
        return who
    return await services.visitors.of_token(await _first_frame(websocket))


def _check_origin(websocket: WebSocket, services: Services) -> None:
    """Cookies come along from any page. Raises Unauthenticated for one that is not ours."""
    origins = websocket.headers.getlist("origin")
    origin = origins[0] if origins else None
    if len(origins) > 1 or not services.settings.is_own_page(origin, websocket.headers.get("host")):
        raise Unauthenticated("This page may not use the session's cookie.")


def _shown_token(websocket: WebSocket) -> str | None:
    if (token := websocket.query_params.get("token")) is not None:
        return token
    if (header := websocket.headers.get("authorization")) is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != BEARER:
            raise Unauthenticated("The Authorization header must be of the form: Bearer <access token>.")
        return token.strip()
    offered = websocket.scope.get("subprotocols", [])
    if BEARER in offered:
        rest = offered[offered.index(BEARER) + 1 :]
        if rest:
            return str(rest[0])
    return None


async def _first_frame(websocket: WebSocket) -> str:
    try:
        message = await asyncio.wait_for(websocket.receive(), FIRST_FRAME_WITHIN)
    except TimeoutError:
        raise Unauthenticated("No credential was shown.") from None
    try:
        return _decoder.decode(message.get("text") or b"").token
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise Unauthenticated("No credential was shown.") from None
