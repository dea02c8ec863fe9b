"""What a test may ask of the fake, and tell it. Bodies are JSON.

GET    /_fake/sent              ?to=  what was accepted, in order; DELETE forgets it
GET    /_fake/requests          ?to= ?outcome=  every body POSTed to /messages, and what became of it; DELETE forgets
POST   /_fake/status            report a status by hand: {id, status, code?, title?, timestamp?, times?}
POST   /_fake/webhook           any change, signed: {field, value, phone_number_id?}
POST   /_fake/faults            be told to fail (faults.py); GET lists, DELETE clears all of both kinds
POST   /_fake/faults/media      the same for files (media_faults.py)
POST   /_fake/window            {number, phone_number_id?, open}  open or close a guest's window
POST   /_fake/templates         add a template, or put another in its place (template.py)
POST   /_fake/templates/status  {name, status, language?, phone_number_id?, reason?, report?}  and send the webhook
GET    /_fake/config            the configuration without secrets; PUT replaces it whole, PATCH some fields of it
"""

from typing import Any, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.dev.fake_graph import webhooks
from app.dev.fake_graph.config import FakeGraphConfig, Number
from app.dev.fake_graph.errors import failure
from app.dev.fake_graph.faults import Fault
from app.dev.fake_graph.media_faults import MediaFault
from app.dev.fake_graph.routing import fake_of, on
from app.dev.fake_graph.state import FakeGraph
from app.dev.fake_graph.template import Status, Template

T = TypeVar("T")


class StatusReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    status: str
    code: int | None = None
    title: str = ""
    timestamp: str | None = None
    times: int = 1


class Webhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``value`` stands beside the number's metadata, unless the field is of the whole account."""

    field: str
    value: dict[str, Any]
    phone_number_id: str = ""
    account: bool = False


class Window(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    number: str
    open: bool
    phone_number_id: str = ""


class TemplateStatus(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``language`` "" means the first; ``report`` whether the webhook goes out."""

    name: str
    status: Status
    language: str = ""
    phone_number_id: str = ""
    reason: str = "NONE"
    report: bool = True


async def read(request: Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.DecodeError as error:
        raise HTTPException(400, str(error)) from None


def number_of(fake: FakeGraph, phone_number_id: str) -> Number:
    number = fake.config.number(phone_number_id)
    if number is None:
        raise HTTPException(404, "no such hotel number")
    return number


def routes() -> list[Route]:
    return [
        *on("/_fake/sent", GET=_list_sent, DELETE=_forget_sent),
        *on("/_fake/requests", GET=_list_requests, DELETE=_forget_requests),
        *on("/_fake/status", POST=_report_status),
        *on("/_fake/webhook", POST=_post_webhook),
        *on("/_fake/faults", GET=_list_faults, POST=_add_fault, DELETE=_clear_faults),
        *on("/_fake/faults/media", GET=_list_media_faults, POST=_add_media_fault, DELETE=_clear_media_faults),
        *on("/_fake/window", POST=_set_window),
        *on("/_fake/templates", POST=_put_template),
        *on("/_fake/templates/status", POST=_set_template_status),
        *on("/_fake/config", GET=_read_config, PUT=_replace_config, PATCH=_change_config),
    ]


async def _list_sent(request: Request) -> Response:
    to = request.query_params.get("to", "").strip().removeprefix("+")
    return _listed([each for each in fake_of(request).sent if not to or each.to == to])


async def _forget_sent(request: Request) -> Response:
    fake_of(request).forget()
    return Response(status_code=204)


async def _list_requests(request: Request) -> Response:
    to = request.query_params.get("to", "").strip().removeprefix("+")
    outcome = request.query_params.get("outcome", "")
    asked = fake_of(request).ledger.requests
    return _listed([each for each in asked if to in {"", each.to} and outcome in {"", each.outcome}])


async def _forget_requests(request: Request) -> Response:
    fake_of(request).ledger.requests.clear()
    return Response(status_code=204)


async def _report_status(request: Request) -> Response:
    fake = fake_of(request)
    wanted = await read(request, StatusReport)
    message = fake.find(wanted.id)
    if message is None:
        raise HTTPException(404, "no such message")
    error = None if wanted.code is None else failure(wanted.code, wanted.title)
    taken = [await fake.report(message, wanted.status, error, wanted.timestamp) for _ in range(wanted.times)]
    return JSONResponse({}, status_code=200 if all(taken) else 502)


async def _post_webhook(request: Request) -> Response:
    fake = fake_of(request)
    wanted = await read(request, Webhook)
    number = number_of(fake, wanted.phone_number_id)
    body = (webhooks.account_change if wanted.account else webhooks.change)(number, wanted.field, wanted.value)
    return _told(await fake.post(number, body))


async def _list_faults(request: Request) -> Response:
    return _listed(fake_of(request).faults.waiting)


async def _add_fault(request: Request) -> Response:
    fake_of(request).faults.waiting.append(await read(request, Fault))
    return JSONResponse({}, status_code=201)


async def _clear_faults(request: Request) -> Response:
    fake_of(request).faults.clear()
    fake_of(request).media_faults.waiting.clear()
    return Response(status_code=204)


async def _list_media_faults(request: Request) -> Response:
    return _listed(fake_of(request).media_faults.waiting)


async def _add_media_fault(request: Request) -> Response:
    fake_of(request).media_faults.waiting.append(await read(request, MediaFault))
    return JSONResponse({}, status_code=201)


async def _clear_media_faults(request: Request) -> Response:
    fake_of(request).media_faults.waiting.clear()
    return Response(status_code=204)


async def _set_window(request: Request) -> Response:
    fake = fake_of(request)
    wanted = await read(request, Window)
    number = number_of(fake, wanted.phone_number_id)
    fake.windows.set(number.phone_number_id, wanted.number.removeprefix("+"), is_open=wanted.open)
    return JSONResponse({})


async def _put_template(request: Request) -> Response:
    fake_of(request).templates.put(await read(request, Template))
    return JSONResponse({}, status_code=201)


async def _set_template_status(request: Request) -> Response:
    fake = fake_of(request)
    wanted = await read(request, TemplateStatus)
    number = number_of(fake, wanted.phone_number_id)
    template = fake.templates.find(number.business_account_id, wanted.name, wanted.language)
    if template is None:
        raise HTTPException(404, "no such template")
    fake.templates.set_status(number.business_account_id, template, wanted.status)
    if not wanted.report:
        return JSONResponse({})
    update = {
        "event": wanted.status,
        "message_template_id": int(template.id) if template.id.isdigit() else template.id,
        "message_template_name": template.name,
        "message_template_language": template.language,
        "reason": wanted.reason,
    }
    return _told(await fake.post(number, webhooks.account_change(number, "message_template_status_update", update)))


async def _read_config(request: Request) -> Response:
    return JSONResponse(fake_of(request).config.public())


async def _replace_config(request: Request) -> Response:
    fake_of(request).configure(await read(request, FakeGraphConfig))
    return Response(status_code=204)


async def _change_config(request: Request) -> Response:
    fake = fake_of(request)
    try:
        fake.configure(fake.config.changed(await read(request, dict[str, Any])))
    except msgspec.ValidationError as error:
        raise HTTPException(400, str(error)) from None
    return Response(status_code=204)


def _told(delivered: webhooks.Delivered) -> Response:
    answer = {"attempts": delivered.attempts, "status": delivered.status}
    return JSONResponse(answer, status_code=200 if delivered.ok else 502)


def _listed(rows: Any) -> Response:
    return Response(msgspec.json.encode(list(rows)), media_type="application/json")
