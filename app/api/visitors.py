"""Who calls the web chat: a signed-in user, a guest by their personal link, or a visitor (contract 5).

In this order: an ``Authorization: Bearer`` header, which is a user's access token, a visitor's guest token or the
guest token of a personal link, and refused where it is none, whatever cookies say; the cookie of a user's running
session; a visitor's cookie. Whoever shows nothing is a new visitor: a GET goes on as theirs, a method that changes
something is refused once, and both are given their cookies. By cookie, such a method needs the CSRF token.
"""

from typing import Annotated, Final

from fastapi import Depends, Query, Request, Response, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from pydantic import BeforeValidator

from app.api.deps import SAFE_METHODS, ServicesDep, access_token, bearer_token
from app.api.fields import read_id
from app.core.errors import Forbidden
from app.core.principal import Principal, VisitorPrincipal
from app.core.security import CSRF_COOKIE, CSRF_HEADER, SESSION_COOKIE, VISITOR_COOKIE, same
from app.services.container import Services
from app.services.webchat.visitors import Somebody

KEPT_FOR: Final = 365 * 24 * 3600  # seconds: a visitor who comes back finds their chats

# Only for the API's description.
_token = HTTPBearer(
    scheme_name="Visitor's token",
    description="A user's access token, or a guest token: from `POST /unicom/webchat/session/` or from "
    "`POST /api/guest/session/`. Needs no CSRF token.",
    auto_error=False,
)
_cookie = APIKeyCookie(
    name=VISITOR_COOKIE,
    scheme_name="Visitor's cookie",
    description=f"Set by a visitor's first call. Methods that change something need `{CSRF_HEADER}` as well.",
    auto_error=False,
)


async def somebody(
    request: Request,
    response: Response,
    services: ServicesDep,
    _described: Annotated[str | None, Security(access_token)],
    _described_too: Annotated[HTTPAuthorizationCredentials | None, Security(_token)],
    _and_this: Annotated[str | None, Security(_cookie)],
) -> Somebody:
    """Whoever is calling, on whichever channel. Raises Unauthenticated, and Forbidden ``csrf_failed``."""
    if (token := bearer_token(request)) is not None:
        return await services.visitors.of_token(token)
    who = await _by_cookie(request, services)
    is_new = who is None
    if who is None:
        who = services.visitors.new_key()
    key = who if isinstance(who, str) else None
    csrf = services.visitors.csrf_token(who) if isinstance(who, str) else services.auth.csrf_token(who.session_id)
    if is_new or request.cookies.get(CSRF_COOKIE) != csrf:
        _set_cookies(request, response, services, key, csrf)
    if request.method not in SAFE_METHODS and (is_new or not same(request.headers.get(CSRF_HEADER, ""), csrf)):
        raise Forbidden(f"The header {CSRF_HEADER} is missing or wrong.", code="csrf_failed")
    return who


async def at_hand(request: Request, services: Services) -> Principal | str | None:
    """Whoever's cookie comes with the CSRF token that belongs to it; nobody otherwise, and nobody is given any."""
    who = await _by_cookie(request, services)
    if who is None:
        return None
    csrf = services.visitors.csrf_token(who) if isinstance(who, str) else services.auth.csrf_token(who.session_id)
    return who if same(request.headers.get(CSRF_HEADER, ""), csrf) else None


async def visitor(
    who: Annotated[Somebody, Depends(somebody)],
    services: ServicesDep,
    channel_id: Annotated[
        Annotated[int, BeforeValidator(read_id)] | None,
        Query(description="A WebChat channel; the first one that is in use where none is named."),
    ] = None,
) -> VisitorPrincipal:
    """Whoever is calling, on a channel. Raises NotFound ``no_such_channel`` besides."""
    return await services.visitors.on(who, channel_id)


async def _by_cookie(request: Request, services: Services) -> Principal | str | None:
    """The user or the visitor whose session still runs."""
    return await services.visitors.of_cookies(request.cookies.get(SESSION_COOKIE), request.cookies.get(VISITOR_COOKIE))


def _set_cookies(request: Request, response: Response, services: Services, key: str | None, csrf: str) -> None:
    """Give the page its CSRF token, and a visitor their cookie; also where the answer is an error.

    Not to a page of somebody else: it shows no cookies of ours, and would replace the visitor's own.
    """
    origin = request.headers.get("origin")
    if not services.settings.is_own_page(origin, request.headers.get("host")):
        return
    cookies = {CSRF_COOKIE: csrf} | ({} if key is None else {VISITOR_COOKIE: services.visitors.token(key)})
    for name, value in cookies.items():
        response.set_cookie(
            name,
            value,
            max_age=KEPT_FOR,
            secure=services.settings.is_production,
            httponly=name == VISITOR_COOKIE,
            samesite="lax",
        )
    request.state.set_cookies = response.headers.getlist("set-cookie")


Who = Annotated[Somebody, Depends(somebody)]
Visitor = Annotated[VisitorPrincipal, Depends(visitor)]
