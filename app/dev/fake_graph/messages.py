"""``POST /{version}/{phone_number_id}/messages``: checked, perhaps spoiled, accepted, reported on, written down."""

import asyncio
import socket
import struct
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from app.core.text import read_json
from app.dev.fake_graph.access import owner
from app.dev.fake_graph.config import Number
from app.dev.fake_graph.errors import GraphError
from app.dev.fake_graph.faults import Fault
from app.dev.fake_graph.ledger import Asked
from app.dev.fake_graph.reporting import Sent
from app.dev.fake_graph.requests import MessageRequest, ReadBack, read_request
from app.dev.fake_graph.state import FakeGraph
from app.dev.fake_graph.template_check import fill

RESET_AT_ONCE: Final = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time at all


class Dropped(Response):
    """An answer that begins and never ends: the server closes the connection under it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})


class Hung(Response):
    """Nothing for some seconds, unless the caller goes before; then the connection is reset."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = await _wait(receive, self._seconds)
        if not gone:
            # ASGI knows no reset: this reaches through to uvicorn's connection, whose method `receive` is.
            transport = getattr(receive, "__self__").transport  # noqa: B009 -- a name that no type has
            connection: socket.socket = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
            transport.abort()
            await receive()  # until uvicorn knows, or it would answer in our place


async def _wait(receive: Receive, seconds: float) -> bool:
    """Wait so long, and whether the caller has gone meanwhile. The body has been read before."""
    if seconds <= 0:
        return False
    try:
        event = await asyncio.wait_for(receive(), seconds)
    except TimeoutError:
        return False
    return bool(event["type"] == "http.disconnect")


async def post_message(request: Request) -> Response:
    fake: FakeGraph = request.app.state.fake
    raw = await request.body()
    try:
        body = read_json(raw)
    except ValueError:
        body = None
    asked = fake.ledger.open(
        request.path_params["phone_number_id"], raw.decode(errors="replace") if body is None else body
    )
    try:
        return await _answer(fake, request, body, asked)
    except GraphError as error:
        asked.refused(error.status, error.code)
        raise


async def _answer(fake: FakeGraph, request: Request, body: object, asked: Asked) -> Response:
    number = owner(request, fake.config)
    message = read_request(body)
    if isinstance(message, ReadBack):
        fake.read_by_hotel(number, message)
        asked.read()
        return JSONResponse({"success": True})
    assert isinstance(body, dict)
    template = _check(fake, number, message)
    common = message.biz_opaque_callback_data or f"{message.address} {body}"
    fault = fake.faults.take(message.address, message=common, seed=fake.config.seed)
    asked.fault = fault.kind if fault else None
    if fault and not fault.accepts:
        return _refusal(fault, asked)
    fake.limits.take(number.phone_number_id, message.address)
    failed = _window(fake, number, message) or (fault.failed if fault else None)
    sent = fake.accept(number, message, body)
    asked.accepted(sent.id)
    await _report(fake, number, message, sent, template, failed)
    if fault is None or fault.failed is not None:
        asked.saw_answer()
        return JSONResponse(_accepted(message, sent.id))
    return await _spoiled(request, fault, asked, _accepted(message, sent.id))


def _check(fake: FakeGraph, number: Number, message: MessageRequest) -> dict[str, Any] | None:
    """What a template is filled into, where it is one. Raises GraphError for what Meta would look up in vain."""
    for kind, media_id in message.files:
        try:
            media = fake.media.find(media_id, seconds=fake.config.media_seconds)
        except GraphError:
            media = None
        if media is None or media.phone_number_id != number.phone_number_id or not media.uploaded:
            details = f"Param {kind}['id'] is not a valid whatsapp business account media attachment ID"
            raise GraphError(131009, details=details)
        if kind not in {media.kind, "document"}:
            raise GraphError(131053, details=f"A file of type {media.mime_type} cannot be sent as {kind}.")
    if message.type != "template" or message.template is None:
        return None
    return fill(fake.templates, number.business_account_id, message.template)


def _window(fake: FakeGraph, number: Number, message: MessageRequest) -> int | None:
    """The code to report, where free text comes too late. Raises GraphError where it is to be refused at once."""
    mode = fake.config.window
    free = message.type != "template" and message.recipient_type == "individual"
    if mode == "off" or not free or fake.window_is_open(number, message.address):
        return None
    if mode == "refuse":
        details = "Message failed to send because more than 24 hours have passed since the customer last replied."
        raise GraphError(131047, details=details)
    return 131047


async def _report(
    fake: FakeGraph,
    number: Number,
    message: MessageRequest,
    sent: Sent,
    template: dict[str, Any] | None,
    failed: int | None,
) -> None:
    """Show it on the phone and begin to report on it, or to report that it failed."""
    if template is not None and message.template:
        found = fake.templates.find(number.business_account_id, message.template.name, message.template.language.code)
        sent.category = found.category.lower() if found else sent.category
    if failed is not None:
        work = fake.report_failure(sent, failed)
    else:
        fake.show(sent, message, template)
        if not fake.config.statuses:
            return
        work = fake.report_arrival(sent)
    if fake.config.reports.first:
        await work
    else:
        fake.reporter.later(work)


def _refusal(fault: Fault, asked: Asked) -> Response:
    """The answer of a fault that accepts nothing."""
    if fault.code is not None:
        error = GraphError(fault.code, details="Told to fail.")
        asked.refused(error.status, error.code)
        return error.response(fault.headers)
    if fault.status is not None:
        asked.refused(fault.status)
        return Response("told to fail", status_code=fault.status, headers=fault.headers, media_type="text/plain")
    asked.lost()
    return Dropped(status_code=502) if fault.down else Hung(fault.stall)


async def _spoiled(request: Request, fault: Fault, asked: Asked, answer: dict[str, Any]) -> Response:
    """The answer to what was accepted, as that fault spoils it."""
    if fault.drop:
        return Dropped()
    if fault.reset:
        return Hung(0)
    if not await _wait(request.receive, fault.delay):
        asked.saw_answer()
    return JSONResponse(answer)


def _accepted(message: MessageRequest, message_id: str) -> dict[str, Any]:
    address = message.address
    name = "user_id" if message.to is None else "wa_id"
    contact = {"input": message.to or address, name: address}
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": message_id}]}
