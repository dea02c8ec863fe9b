"""The fake Meta's Instagram: what a hotel sends from its account, and what guests do there.

POST   /{version}/{account}/messages       as messages.py, for an account of Instagram's
POST   /_fake/instagram/{guest}/event      a guest does something: {account?, event}  → {mid?, attempts, status}
POST   /_fake/instagram/{guest}/window     {account?, hours}  the guest last wrote so long ago

An ``event`` is what stands in ``messaging`` beside sender, recipient and timestamp; a message without a ``mid`` gets
one. Whatever the hotel sends comes back as an echo. Sends are answered as the real one does it, faults are those of the
others (``faults.py``). Source: Meta's Instagram messaging reference.
"""

import json
import secrets
import time
from typing import Annotated, Any, Final, Literal, Self

import msgspec
from pydantic import Field, StringConstraints, ValidationError, model_validator
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.dev.fake_graph import webhooks
from app.dev.fake_graph.config import DAY, InstagramAccount
from app.dev.fake_graph.errors import GraphError
from app.dev.fake_graph.ledger import Asked
from app.dev.fake_graph.parts import Strict, bounded
from app.dev.fake_graph.reporting import Sent
from app.dev.fake_graph.routing import fake_of, on
from app.dev.fake_graph.spoiling import refusal, spoiled
from app.dev.fake_graph.state import FakeGraph

MAX_TEXT: Final = 1_000
WEEK: Final = 7 * DAY


class Recipient(Strict):
    id: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,64}$")]


class QuickReply(Strict):
    content_type: Literal["text"]
    title: Annotated[str, bounded(20)]
    payload: Annotated[str, bounded(1_000)]


class Address(Strict):
    url: Annotated[str, StringConstraints(pattern=r"^https?://")]


class Attachment(Strict):
    type: Literal["image", "video", "audio", "file"]
    payload: Address


class Message(Strict):
    text: Annotated[str, bounded(MAX_TEXT)] | None = None
    quick_replies: Annotated[list[QuickReply], Field(min_length=1, max_length=13)] | None = None
    attachment: Attachment | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.text is None) == (self.attachment is None):
            raise ValueError("a message is either a text or an attachment")
        if self.text is not None and len(self.text.encode()) > MAX_TEXT:
            raise ValueError("Length of param message[text] must be less than or equal to 1000")
        return self


class Reacted(Strict):
    message_id: str
    reaction: Literal["love"] | None = None


class SendRequest(Strict):
    recipient: Recipient
    messaging_type: Literal["RESPONSE", "UPDATE", "MESSAGE_TAG"] | None = None
    tag: Literal["HUMAN_AGENT"] | None = None
    message: Message | None = None
    sender_action: Literal["typing_on", "typing_off", "mark_seen", "react", "unreact"] | None = None
    payload: Reacted | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.message is None) == (self.sender_action is None):
            raise ValueError("either message or sender_action")
        if (self.tag is None) == (self.messaging_type == "MESSAGE_TAG"):
            raise ValueError("a tag goes with MESSAGE_TAG")
        if (self.payload is None) == (self.sender_action in {"react", "unreact"}):
            raise ValueError("a payload goes with a reaction")
        return self


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    event: dict[str, Any]
    account: str = ""


class LastWrote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    hours: float
    account: str = ""


def routes() -> list[Route]:
    return [
        *on("/_fake/instagram/{guest}/event", POST=_guest_does),
        *on("/_fake/instagram/{guest}/window", POST=_set_window),
    ]


async def send(fake: FakeGraph, request: Request, account: InstagramAccount, body: object, asked: Asked) -> Response:
    """A send from an Instagram account. Raises GraphError."""
    if request.headers.get("authorization") != f"Bearer {account.access_token}":
        raise GraphError(190, "Invalid OAuth access token - Cannot parse access token")
    try:
        wanted = SendRequest.model_validate(body)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        raise GraphError(100, f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}") from None
    guest = wanted.recipient.id
    if wanted.message is None and wanted.payload is None:
        asked.read()
        return JSONResponse({"recipient_id": guest})
    fault_ = fake.faults.take(guest, message=f"{guest} {body}", seed=fake.config.seed)
    asked.fault = fault_.kind if fault_ else None
    if fault_ and not fault_.accepts:
        return refusal(fault_, asked)
    _check_window(fake, account, wanted)
    assert isinstance(body, dict)
    sent = Sent(id=_mid(), phone_number_id=account.account_id, to=guest, recipient="user", delivery_id=None, body=body)
    fake.keep(sent)
    asked.accepted(sent.id)
    if wanted.message is not None:
        await _echo(fake, account, sent)
    answer = {"recipient_id": guest} | ({"message_id": sent.id} if wanted.message is not None else {})
    if fault_ is None or fault_.failed is not None:
        asked.saw_answer()
        return JSONResponse(answer)
    return await spoiled(request, fault_, asked, answer)


async def _echo(fake: FakeGraph, account: InstagramAccount, sent: Sent) -> None:
    """The hotel's own message comes back: beside everything else, or before the answer where reports come first."""
    if not fake.config.echoes:
        return
    message = {name: value for name, value in sent.body["message"].items() if name == "text"}
    if attachment := sent.body["message"].get("attachment"):
        message["attachments"] = [attachment]
    event = _event(account.account_id, sent.to, {"message": {"mid": sent.id, **message, "is_echo": True}})
    work = _post(fake, account, event)
    if fake.config.reports.first:
        await work
    else:
        fake.reporter.later(_quietly(work))


async def _quietly(work: Any) -> None:
    await work


def _check_window(fake: FakeGraph, account: InstagramAccount, wanted: SendRequest) -> None:
    """Raises GraphError where it is too late: after a day, or with the tag after a week."""
    if fake.config.window == "off":
        return
    heard = fake.heard.get((account.account_id, wanted.recipient.id))
    room = WEEK if wanted.tag else DAY
    if heard is None or time.time() - heard > room:
        raise GraphError(10, "This message is sent outside of allowed window.", subcode=2534022)


async def _guest_does(request: Request) -> Response:
    fake = fake_of(request)
    wanted = _read(await request.body(), Event)
    account = _account(fake, wanted.account)
    guest = request.path_params["guest"]
    event = dict(wanted.event)
    mid = None
    if isinstance(event.get("message"), dict):
        mid = event["message"].get("mid") or _mid()
        event["message"] = {"mid": mid} | event["message"]
        fake.heard[account.account_id, guest] = time.time()
    delivered = await _post(fake, account, _event(guest, account.account_id, event))
    answer = {"mid": mid, "attempts": delivered.attempts, "status": delivered.status}
    return JSONResponse(answer, status_code=200 if delivered.ok else 502)


async def _set_window(request: Request) -> Response:
    fake = fake_of(request)
    wanted = _read(await request.body(), LastWrote)
    account = _account(fake, wanted.account)
    fake.heard[account.account_id, request.path_params["guest"]] = time.time() - wanted.hours * 3600
    return JSONResponse({})


def _event(sender: str, recipient: str, content: dict[str, Any]) -> dict[str, Any]:
    at = {"timestamp": int(time.time() * 1000)}
    return {"sender": {"id": sender}, "recipient": {"id": recipient}} | at | content


async def _post(fake: FakeGraph, account: InstagramAccount, event: dict[str, Any]) -> webhooks.Delivered:
    entry = {"id": account.account_id, "time": event["timestamp"], "messaging": [event]}
    document = {"object": "instagram", "entry": [entry]}
    body = json.dumps(document, separators=(",", ":")).replace("/", "\\/").encode()
    return await fake.post_to(fake.config.instagram_webhook_url, body, app_secret=account.app_secret)


def _account(fake: FakeGraph, account_id: str) -> InstagramAccount:
    """The account of that id; of "", the first."""
    for account in fake.config.instagram:
        if account_id in {"", account.account_id}:
            return account
    raise HTTPException(404, "no such Instagram account")


def _mid() -> str:
    return "aWdf" + secrets.token_urlsafe(60)


def _read(body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise HTTPException(400, str(error)) from None
