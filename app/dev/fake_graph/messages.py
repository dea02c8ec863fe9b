"""``POST /{version}/{phone_number_id}/messages``: checked, perhaps spoiled, accepted, reported on, written down.

What an account of Instagram's sends is for ``instagram.py``.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.core.text import read_json
from app.dev.fake_graph import instagram
from app.dev.fake_graph.access import owner
from app.dev.fake_graph.config import Number
from app.dev.fake_graph.errors import GraphError
from app.dev.fake_graph.ledger import Asked
from app.dev.fake_graph.reporting import Sent
from app.dev.fake_graph.requests import MessageRequest, ReadBack, read_request
from app.dev.fake_graph.spoiling import refusal, spoiled
from app.dev.fake_graph.state import FakeGraph
from app.dev.fake_graph.template_check import fill


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
    account = fake.config.instagram_account(asked.phone_number_id)
    try:
        if account is not None:
            return await instagram.send(fake, request, account, body, asked)
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
        return refusal(fault, asked)
    fake.limits.take(number.phone_number_id, message.address)
    failed = _window(fake, number, message) or (fault.failed if fault else None)
    sent = fake.accept(number, message, body)
    asked.accepted(sent.id)
    await _report(fake, number, message, sent, template, failed)
    if fault is None or fault.failed is not None:
        asked.saw_answer()
        return JSONResponse(_accepted(message, sent.id))
    return await spoiled(request, fault, asked, _accepted(message, sent.id))


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


def _accepted(message: MessageRequest, message_id: str) -> dict[str, Any]:
    address = message.address
    name = "user_id" if message.to is None else "wa_id"
    contact = {"input": message.to or address, name: address}
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": message_id}]}
