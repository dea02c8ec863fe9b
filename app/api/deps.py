"""What routes are given: the services, and whoever is calling.

A caller shows an access token (``Authorization: Bearer``) or the session cookie. Where there is an Authorization header
it alone counts: a bad one is refused, whatever the cookie says. By cookie, an unsafe method needs the session's
``csrftoken`` back as ``X-CSRFToken``, since a browser sends cookies for pages of other people too.
"""

from typing import Annotated, Final, cast
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, OAuth2PasswordBearer

from app.core.errors import Forbidden, Unauthenticated
from app.core.principal import Principal
from app.core.security import CSRF_HEADER, SESSION_COOKIE, same
from app.services.access import require_staff
from app.services.container import Services

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

# Only for the API's description: "Authorize" on its page asks for user name and password.
access_token = OAuth2PasswordBearer(
    tokenUrl="/api/auth/token/",
    scheme_name="Access token",
    description="Sign in with user name and password; leave the client's id and secret empty.",
    auto_error=False,
)
_cookie = APIKeyCookie(
    name=SESSION_COOKIE,
    scheme_name="Session cookie",
    description=f"Set by a sign-in. Methods that change something need `{CSRF_HEADER}` as well.",
    auto_error=False,
)


def services(request: Request) -> Services:
    return cast(Services, request.app.state.services)


async def current_principal(
    request: Request,
    services: Annotated[Services, Depends(services)],
    _described: Annotated[str | None, Security(access_token)],
    _described_too: Annotated[str | None, Security(_cookie)],
) -> Principal:
    """Whoever is calling. Raises Unauthenticated, and Forbidden ``csrf_failed``."""
    if (token := bearer_token(request)) is not None:
        return await services.auth.authenticate(token)
    principal = await services.auth.authenticate_cookie(session_cookie(request))
    check_csrf(request, services, principal.session_id)
    return principal


def current_staff(principal: Annotated[Principal, Depends(current_principal)]) -> Principal:
    """Whoever is calling, where they are staff. Raises Forbidden besides."""
    require_staff(principal)
    return principal


def bearer_token(request: Request) -> str | None:
    """The access token that was shown, good or bad; None where no Authorization header is there at all.

    Raises Unauthenticated for two headers and for another scheme.
    """
    headers = request.headers.getlist("authorization")
    if not headers:
        return None
    scheme, _, token = headers[0].partition(" ")
    if len(headers) > 1 or scheme.lower() != "bearer":
        raise Unauthenticated("The Authorization header must be one, of the form: Bearer <access token>.")
    return token.strip()


def session_cookie(request: Request) -> str:
    """Raises Unauthenticated where there is none."""
    cookie = request.cookies.get(SESSION_COOKIE)
    if not cookie:
        raise Unauthenticated("Please sign in first.")
    return cookie


def check_csrf(request: Request, services: Services, session_id: UUID) -> None:
    """Raises Forbidden where a cookie's request may come from somebody else's page."""
    if request.method in SAFE_METHODS:
        return
    if not same(request.headers.get(CSRF_HEADER, ""), services.auth.csrf_token(session_id)):
        raise Forbidden(f"The header {CSRF_HEADER} is missing or wrong.", code="csrf_failed")


ServicesDep = Annotated[Services, Depends(services)]
Caller = Annotated[Principal, Depends(current_principal)]
Staff = Annotated[Principal, Depends(current_staff)]
