"""How errors leave by REST: ``{"error": sentence, "code": word, "details"?: {field: [sentences]}}``, whoever made them.

Bad fields are 400 on the documents' paths and 422 elsewhere (the contracts' common part). Contract 5's bodies begin
with ``"success": false``, and bring the cookies of a visitor who is new (``api/visitors.py``).
"""

from collections.abc import Sequence
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from app.core.errors import Invalid, LobbyError, TooManyRequests, Unauthenticated

log = structlog.get_logger(__name__)

DOCUMENTS_PATHS: Final = ("/api/message_manager/", "/api/chat/", "/chat/", "/unicom/")
WEB_CHAT_PATHS: Final = "/unicom/webchat/"
_CODES: Final = {
    404: "not_found",
    408: "too_slow",
    405: "method_not_allowed",
    413: "too_big",
    415: "unsupported_media_type",
}
_NO_OBJECT: Final = frozenset({"model_type", "model_attributes_type", "dataclass_type", "dict_type"})
"""pydantic's faults of what is no object; it names our classes in them."""
_SENTENCES: Final = {404: "There is nothing at this path.", 405: "This path does not take that method."}


def add_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(LobbyError, _lobby_error)
    app.add_exception_handler(RequestValidationError, _bad_fields)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unexpected)


def error_body(path: str, message: str, code: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """The body of an error on this path."""
    body: dict[str, Any] = {"success": False} if path.startswith(WEB_CHAT_PATHS) else {}
    body |= {"error": message, "code": code}
    return body if details is None else body | {"details": details}


def error_response(
    request: Request,
    status: int,
    message: str,
    code: str,
    details: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    response = JSONResponse(error_body(request.url.path, message, code, details), status, headers=headers)
    for cookie in getattr(request.state, "set_cookies", ()):
        response.headers.append("set-cookie", cookie)
    return response


async def _lobby_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, LobbyError)
    headers = {}
    if isinstance(error, Unauthenticated) and error.scheme is not None:
        headers["WWW-Authenticate"] = error.scheme
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(error.retry_after)
    status = _field_status(request) if isinstance(error, Invalid) else error.status
    return error_response(request, status, error.message, error.code, error.details, headers)


async def _bad_fields(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    details = _details(error.errors())
    if all(_place(fault) == [] for fault in error.errors()):
        return _bad_body(request, details)
    return error_response(request, _field_status(request), "Some fields are not right.", "bad_fields", details)


def _bad_body(request: Request, details: dict[str, list[str]]) -> Response:
    return error_response(request, _field_status(request), "The body cannot be read.", "bad_body", details)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__context__, MultiPartException):  # of Starlette's form, which makes a 400 without a code of it
        return _bad_body(request, {"body": [error.__context__.message]})
    message = _SENTENCES.get(error.status_code, str(error.detail))
    code = _CODES.get(error.status_code, "error")
    return error_response(request, error.status_code, message, code, headers=dict(error.headers or {}))


async def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # nobody is there to read it


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("request_failed", method=request.method, path=request.url.path, exc_info=error)
    return error_response(request, 500, "Something went wrong here. It has been logged.", "internal_error")


def _field_status(request: Request) -> int:
    return 400 if request.url.path.startswith(DOCUMENTS_PATHS) else 422


def _details(faults: Sequence[Any]) -> dict[str, list[str]]:
    """By field, without what was sent: it may be a secret, or what broke us would break the reader."""
    details: dict[str, list[str]] = {}
    for fault in faults:
        name = ".".join(_place(fault)) or "body"
        said = "It must be a JSON object." if fault["type"] in _NO_OBJECT else str(fault["msg"])
        details.setdefault(name, []).append(said.removeprefix("Value error, "))
    return details


def _place(fault: Any) -> list[str]:
    """The names on the way to a field, after that of the part of the request; none where the body is at fault."""
    return [str(part) for part in fault["loc"][1:] if not isinstance(part, int)]
