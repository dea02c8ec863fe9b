"""Signing in and out: ``/api/auth/…``."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from app.api.bodies import StrictRoute
from app.api.deps import Caller, ServicesDep, bearer_token, check_csrf, session_cookie
from app.contracts.auth import Credentials, RefreshIn, SignedOutOut, SignOutIn, TokensOut, UserOut, user_out
from app.core.errors import Forbidden
from app.core.security import CSRF_COOKIE, SESSION_COOKIE
from app.core.settings import Settings
from app.services.auth import SignedIn, Tokens

FORM: Final = "application/x-www-form-urlencoded"


def _not_stored(response: Response) -> None:
    """RFC 6749, 5.1: no cache may keep a token."""
    response.headers["Cache-Control"] = "no-store"


router = APIRouter(prefix="/api/auth", tags=["Sign-in"], route_class=StrictRoute, dependencies=[Depends(_not_stored)])


async def _credentials(request: Request) -> Credentials:
    """JSON or an OAuth 2.0 form, whichever the Content-Type says."""
    try:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
            async with request.form(max_fields=20) as form:
                return Credentials.model_validate(dict(form))
        return Credentials.model_validate_json(await request.body())
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]) from None


_CREDENTIALS_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": Credentials.model_json_schema()} for kind in ("application/json", FORM)},
    }
}


@router.post("/token/", openapi_extra=_CREDENTIALS_BODY)
async def sign_in(
    request: Request,
    response: Response,
    credentials: Annotated[Credentials, Depends(_credentials)],
    services: ServicesDep,
) -> TokensOut:
    """Sign in with user name and password: a pair of tokens and, for our own pages, the session's cookies."""
    origins = request.headers.getlist("origin")
    if len(origins) > 1:  # one of ours and one of somebody else: no browser sends two
        raise Forbidden("A request has one Origin header.", code="bad_origin")
    address = request.client.host if request.client else "unknown"
    signed_in = await services.auth.sign_in(credentials.username, credentials.password, address)
    # Never at the wish of a page of somebody else, who would then read what is written in their name.
    if services.settings.is_own_page(next(iter(origins), None), request.headers.get("host")):
        _set_cookies(response, signed_in, services.settings)
    return _tokens_out(signed_in.tokens)


@router.post("/refresh/")
async def refresh(body: RefreshIn, services: ServicesDep) -> TokensOut:
    """Exchange a refresh token for a new pair. Each is good once: a second use signs its session out."""
    return _tokens_out(await services.auth.refresh(body.refresh_token))


@router.post("/logout/")
async def sign_out(
    request: Request, response: Response, services: ServicesDep, body: SignOutIn | None = None
) -> SignedOutOut:
    """Sign out the session of the access token, of the refresh token in the body, or of the cookie. Twice is once."""
    if (token := bearer_token(request)) is not None:
        session_id = services.auth.session_of_access_token(token)
    elif body is not None and body.refresh_token is not None:
        session_id = await services.auth.session_of_refresh_token(body.refresh_token)
    else:
        session_id = await services.auth.session_of_cookie(session_cookie(request))
        check_csrf(request, services, session_id)
    await services.auth.end_session(session_id)
    for name in (SESSION_COOKIE, CSRF_COOKIE):
        response.delete_cookie(name, secure=services.settings.is_production, samesite="lax")
    return SignedOutOut()


@router.get("/me/")
async def me(caller: Caller, services: ServicesDep) -> UserOut:
    """The user who is signed in."""
    return user_out(await services.auth.profile(caller.user_id))


def _set_cookies(response: Response, signed_in: SignedIn, settings: Settings) -> None:
    lifetime = int(signed_in.cookie_lifetime.total_seconds())
    for name, value in ((SESSION_COOKIE, signed_in.session_cookie), (CSRF_COOKIE, signed_in.csrf_cookie)):
        response.set_cookie(
            name,
            value,
            max_age=lifetime,
            secure=settings.is_production,
            httponly=name == SESSION_COOKIE,
            samesite="lax",
        )


def _tokens_out(tokens: Tokens) -> TokensOut:
    return TokensOut(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_in=tokens.expires_in,
        user=user_out(tokens.user),
    )
