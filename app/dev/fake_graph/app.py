"""The routes of the fake Meta.

POST   /{version}/{phone_number_id}/messages   the Graph API: send, or read back
GET    /dev/phone                              the simulated phone
POST   /_fake/phone/{number}/send              a guest writes: {text | message, name?, phone_number_id?, id?}
POST   /_fake/phone/{number}/read              a guest has seen: {ids}
GET    /_fake/phone/{number}/events            ?since=&wait=  what the phone has seen; waits up to 25 s for more
GET    /_fake/sent                             ?to=  what was accepted, in order; DELETE forgets it
POST   /_fake/status                           report a status by hand: {id, status, code?, title?}
POST   /_fake/faults                           be told to fail (faults.py); GET lists, DELETE clears
GET    /_fake/config                           the configuration without secrets; PUT replaces it whole
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.core.text import read_json
from app.dev.fake_graph import webhooks
from app.dev.fake_graph.config import FakeGraphConfig, Number
from app.dev.fake_graph.faults import Fault
from app.dev.fake_graph.requests import GraphError, MessageRequest, ReadBack, read_request
from app.dev.fake_graph.state import FakeGraph

T = TypeVar("T")
Endpoint = Callable[[Request], Awaitable[Response]]

MAX_WAIT: Final = 25.0
PAGE: Final = Path(__file__).parent / "page"
PAGE_FILES: Final = ("phone.css", "phone.js")
PAGE_POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'"
)


class PhoneSend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``message`` is one in Meta's words, for what is no text: its ``type`` and the object of that name."""

    text: str = ""
    name: str = "Guest"
    phone_number_id: str = ""
    id: str | None = None
    message: dict[str, Any] | None = None


class PhoneRead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ids: list[str]


class StatusReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    status: str
    code: int | None = None
    title: str = ""


class Dropped(Response):
    """An answer that begins and never ends: the server closes the connection under it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})


def create_fake_graph(config: FakeGraphConfig) -> Starlette:
    """The application. Its state is ``app.state.fake`` (a FakeGraph) while it runs."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        client = httpx.AsyncClient(timeout=webhooks.TIMEOUT_SECONDS, trust_env=False)
        app.state.fake = FakeGraph(config, client)
        yield
        await app.state.fake.close()

    routes = [
        Route("/dev/phone", _page),
        Route("/dev/phone/{file}", _page_file),
        *_route("/_fake/phone/{number}/send", POST=_phone_send),
        *_route("/_fake/phone/{number}/read", POST=_phone_read),
        *_route("/_fake/phone/{number}/events", GET=_phone_events),
        *_route("/_fake/sent", GET=_list_sent, DELETE=_forget_sent),
        *_route("/_fake/status", POST=_report_status),
        *_route("/_fake/faults", GET=_list_faults, POST=_add_fault, DELETE=_clear_faults),
        *_route("/_fake/config", GET=_read_config, PUT=_replace_config),
        *_route("/{version}/{phone_number_id}/messages", POST=_messages),
    ]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={GraphError: _graph_error})


def _route(path: str, **methods: Endpoint) -> list[Route]:
    return [Route(path, endpoint, methods=[method]) for method, endpoint in methods.items()]


def _fake(request: Request) -> FakeGraph:
    fake: FakeGraph = request.app.state.fake
    return fake


async def _read(request: Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.DecodeError as error:
        raise HTTPException(400, str(error)) from None


async def _graph_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, GraphError)
    return error.response()


async def _messages(request: Request) -> Response:
    fake = _fake(request)
    number = _authorised(request, fake.config)
    try:
        body = read_json(await request.body())
    except ValueError:
        body = None
    message = read_request(body)
    if isinstance(message, ReadBack):
        fake.read_by_hotel(number, message)
        return JSONResponse({"success": True})
    fault = fake.faults.take(message.address)
    if fault and (refusal := _refusal(fault)):
        return refusal
    assert isinstance(body, dict)
    sent = fake.accept(number, message, body)
    if fault and fault.drop:
        return Dropped()
    if fault:
        await asyncio.sleep(fault.delay)
    return JSONResponse(_accepted(message, sent.id))


def _authorised(request: Request, config: FakeGraphConfig) -> Number:
    """The number that the path names, if the bearer is its own. Raises GraphError."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or token not in {each.access_token for each in config.numbers}:
        raise GraphError(190, "Invalid OAuth access token - Cannot parse access token", status=401)
    if not re.fullmatch(r"v[0-9]+\.[0-9]+", request.path_params["version"]):
        raise GraphError(2500, "Unknown path components")
    phone_number_id = request.path_params["phone_number_id"]
    number = config.number(phone_number_id)
    if number is None or number.access_token != token:
        raise GraphError(
            100, f"Unsupported post request. Object with ID '{phone_number_id}' does not exist or is not permitted"
        )
    return number


def _refusal(fault: Fault) -> Response | None:
    """The answer of a fault that accepts nothing."""
    if fault.down:
        return Dropped(status_code=502)
    if fault.code is not None:
        return GraphError(fault.code, "Told to fail", status=fault.code_status).response(fault.headers)
    if fault.status is not None:
        return Response("told to fail", status_code=fault.status, headers=fault.headers, media_type="text/plain")
    return None


def _accepted(message: MessageRequest, message_id: str) -> dict[str, Any]:
    if message.to is not None:
        contact = {"input": message.to, "wa_id": message.address}
    else:
        contact = {"input": message.address, "user_id": message.address}
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": message_id}]}


async def _phone_send(request: Request) -> Response:
    fake = _fake(request)
    wanted = await _read(request, PhoneSend)
    number = fake.config.number(wanted.phone_number_id)
    if number is None:
        raise HTTPException(404, "no such hotel number")
    if not wanted.text and wanted.message is None:
        raise HTTPException(400, "neither text nor message")
    message_id, delivered = await fake.send_from_phone(
        number,
        request.path_params["number"].removeprefix("+"),
        name=wanted.name,
        message=wanted.message or {"type": "text", "text": {"body": wanted.text}},
        message_id=wanted.id,
    )
    answer = {"id": message_id, "attempts": delivered.attempts, "status": delivered.status}
    return JSONResponse(answer, status_code=200 if delivered.ok else 502)


async def _phone_read(request: Request) -> Response:
    wanted = await _read(request, PhoneRead)
    await _fake(request).read_on_phone(request.path_params["number"].removeprefix("+"), wanted.ids)
    return JSONResponse({})


async def _phone_events(request: Request) -> Response:
    fake = _fake(request)
    try:
        since = max(0, int(request.query_params.get("since", "0")))
        wait = min(MAX_WAIT, float(request.query_params.get("wait", "0")))
    except ValueError:
        raise HTTPException(400, "since and wait are numbers") from None
    events = await fake.phone(request.path_params["number"]).since(since, wait)
    return JSONResponse({"epoch": fake.epoch, "events": events})


async def _list_sent(request: Request) -> Response:
    to = request.query_params.get("to", "").strip().removeprefix("+")
    sent = [msgspec.structs.asdict(each) for each in _fake(request).sent if not to or each.to == to]
    return JSONResponse(sent)


async def _forget_sent(request: Request) -> Response:
    _fake(request).forget()
    return Response(status_code=204)


async def _report_status(request: Request) -> Response:
    fake = _fake(request)
    wanted = await _read(request, StatusReport)
    message = fake.find(wanted.id)
    if message is None:
        raise HTTPException(404, "no such message")
    error = None if wanted.code is None else {"code": wanted.code, "title": wanted.title or "Told to fail"}
    taken = await fake.report(message, wanted.status, error)
    return JSONResponse({}, status_code=200 if taken else 502)


async def _list_faults(request: Request) -> Response:
    return JSONResponse([msgspec.structs.asdict(each) for each in _fake(request).faults.waiting])


async def _add_fault(request: Request) -> Response:
    _fake(request).faults.waiting.append(await _read(request, Fault))
    return JSONResponse({}, status_code=201)


async def _clear_faults(request: Request) -> Response:
    _fake(request).faults.waiting.clear()
    return Response(status_code=204)


async def _read_config(request: Request) -> Response:
    return JSONResponse(_fake(request).config.public())


async def _replace_config(request: Request) -> Response:
    _fake(request).config = await _read(request, FakeGraphConfig)
    return Response(status_code=204)


async def _page(request: Request) -> Response:
    return FileResponse(
        PAGE / "phone.html", headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"}
    )


async def _page_file(request: Request) -> Response:
    name = request.path_params["file"]
    if name not in PAGE_FILES:
        raise HTTPException(404)
    return FileResponse(PAGE / name, headers={"Cache-Control": "no-cache"})
