"""Signing in and out, and registering: ``/api/auth/…``."""

from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, Request, Response, status
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from app.api.bodies import StrictRoute
from app.api.deps import Caller, ServicesDep, bearer_token, check_csrf, session_cookie
from app.api.refusals import refused
from app.contracts.auth import (
    Credentials,
    RefreshIn,
    RegisterIn,
    SignedOutOut,
    SignOutIn,
    TokensOut,
    UserOut,
    user_out,
)
from app.core.errors import Forbidden
from app.core.security import CSRF_COOKIE, SESSION_COOKIE, VISITOR_COOKIE
from app.core.settings import Settings
from app.services.auth import SignedIn, Tokens
from app.services.container import Services

FORM: Final = "application/x-www-form-urlencoded"


def _not_stored(response: Response) -> None:
    """RFC 6749, 5.1: no cache may keep a token."""
    response.headers["Cache-Control"] = "no-store"


router = APIRouter(prefix="/api/auth", tags=["Sign-in"], route_class=StrictRoute, dependencies=[Depends(_not_stored)])


Said = TypeVar("Said", bound=BaseModel)


async def _read(request: Request, body: type[Said]) -> Said:
    """JSON or an OAuth 2.0 form, whichever the Content-Type says."""
    try:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
            async with request.form(max_fields=20) as form:
                return body.model_validate(dict(form))
        return body.model_validate_json(await request.body())
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]) from None


async def _credentials(request: Request) -> Credentials:
    return await _read(request, Credentials)


async def _registration(request: Request) -> RegisterIn:
    return await _read(request, RegisterIn)


def _described(body: type[BaseModel]) -> dict[str, Any]:
    content = {kind: {"schema": body.model_json_schema()} for kind in ("application/json", FORM)}
    return {"requestBody": {"required": True, "content": content}}


@router.post("/token/", summary="Sign in", openapi_extra=_described(Credentials))
async def sign_in(
    request: Request,
    response: Response,
    credentials: Annotated[Credentials, Depends(_credentials)],
    services: ServicesDep,
) -> TokensOut:
    """Sign in with user name and password: a pair of tokens and, for our own pages, the session's cookies.

    A visitor of the web chat who signs in takes along what they wrote: by the visitor's cookie on our own pages, or by
    `guest_token`.
    """
    is_own = _is_own_page(request, services)
    signed_in = await services.auth.sign_in(credentials.username, credentials.password, _address(request))
    return await _welcome(request, response, services, signed_in, is_own=is_own, guest_token=credentials.guest_token)


@router.post(
    "/register/",
    summary="Register as a guest",
    status_code=status.HTTP_201_CREATED,
    openapi_extra=_described(RegisterIn),
    responses=refused("bad_fields", "bad_body", "username_taken", "no_such_channel"),
)
async def register(
    request: Request,
    response: Response,
    body: Annotated[RegisterIn, Depends(_registration)],
    services: ServicesDep,
) -> TokensOut:
    """Become a guest's user of the hotel whose web chat it is, and be signed in as by a sign-in.

    What is said of oneself proves nothing to the hotel; to be shown one's stay, prove it
    (`POST /unicom/webchat/stay/`).
    """
    is_own = _is_own_page(request, services)
    signed_in = await services.registration.register(body.wanted(), _address(request))
    return await _welcome(request, response, services, signed_in, is_own=is_own, guest_token=body.guest_token)


@router.post("/refresh/", summary="Renew the tokens")
async def refresh(body: RefreshIn, services: ServicesDep) -> TokensOut:
    """Exchange a refresh token for a new pair. Each is good once: a second use signs its session out."""
    return _tokens_out(await services.auth.refresh(body.refresh_token))


@router.post("/logout/", summary="Sign out")
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


@router.get("/me/", summary="Who is signed in")
async def me(caller: Caller, services: ServicesDep) -> UserOut:
    """The user who is signed in."""
    return user_out(await services.auth.profile(caller.user_id))


def _is_own_page(request: Request, services: Services) -> bool:
    """Whether the cookies of this request count, and its answer may set some: never at the wish of a page of somebody
    else, who would then read what is written in their name."""
    origins = request.headers.getlist("origin")
    if len(origins) > 1:  # one of ours and one of somebody else: no browser sends two
        raise Forbidden("A request has one Origin header.", code="bad_origin")
    return services.settings.is_own_page(next(iter(origins), None), request.headers.get("host"))


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


async def _welcome(
    request: Request,
    response: Response,
    services: Services,
    signed_in: SignedIn,
    *,
    is_own: bool,
    guest_token: str | None,
) -> TokensOut:
    """The pair, the cookies, and what they had as a visitor. The visitor's cookie goes when it opens nothing more."""
    user = signed_in.tokens.user
    if guest_token:
        await services.migrating.settle(user, guest_token)
    if is_own:
        _set_cookies(response, signed_in, services.settings)
        cookie = request.cookies.get(VISITOR_COOKIE)
        if cookie and await services.migrating.settle(user, cookie):
            response.delete_cookie(
                VISITOR_COOKIE, secure=services.settings.is_production, httponly=True, samesite="lax"
            )
    return _tokens_out(signed_in.tokens)


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
