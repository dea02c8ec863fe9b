"""Whose pages may call the web chat from elsewhere (the Fetch standard, "CORS protocol"): those of the origins that a
web chat's ``allowed_origins`` names. Never with cookies: a widget on another site shows a guest token.
"""

from typing import Final, cast

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import WEB_CHAT_PATHS
from app.core.errors import LobbyError
from app.services.container import Services

METHODS: Final = "GET, POST, PATCH, DELETE"
HEADERS: Final = "Authorization, Content-Type"
KNOWN_FOR: Final = "600"  # seconds for which a browser need not ask again


class WebChatOrigins:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = Headers(scope=scope).get("origin") if _is_web_chat(scope) else None
        if origin is None:
            await self._app(scope, receive, send)
            return
        allowed = await _is_allowed(scope, origin)
        is_preflight = scope["method"] == "OPTIONS" and "access-control-request-method" in Headers(scope=scope)
        answer = Response(status_code=204 if allowed else 403) if is_preflight else self._app
        await answer(scope, receive, _with_headers(send, _headers(origin if allowed else None, is_preflight)))


def _is_web_chat(scope: Scope) -> bool:
    return bool(scope["type"] == "http" and scope["path"].startswith(WEB_CHAT_PATHS))


async def _is_allowed(scope: Scope, origin: str) -> bool:
    services = cast(Services, scope["app"].state.services)
    if services.settings.is_own_page(origin, Headers(scope=scope).get("host")):
        return True
    try:
        return await services.visitors.is_site(origin)
    except LobbyError:  # the database is away, as the call itself will find
        return False


def _headers(origin: str | None, is_preflight: bool) -> dict[str, str]:
    if origin is None:
        return {}
    if not is_preflight:
        return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "Retry-After"}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": HEADERS,
        "Access-Control-Max-Age": KNOWN_FOR,
    }


def _with_headers(send: Send, more: dict[str, str]) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(more)
            headers.add_vary_header("Origin")
        await send(message)

    return send_with_headers
