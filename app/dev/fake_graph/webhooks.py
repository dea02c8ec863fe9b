"""Webhooks as Meta sends them: its bodies, its escapes, its signature, its repeats."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any, Final

import httpx
import msgspec

from app.dev.fake_graph.config import Number

TIMEOUT_SECONDS: Final = 10.0


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """How a webhook went: ``status`` is the last HTTP status, None where nobody answered."""

    attempts: int
    status: int | None

    @property
    def ok(self) -> bool:
        return self.status == 200


def new_message_id() -> str:
    return "wamid." + base64.b64encode(b"\x1d\x18" + secrets.token_bytes(31)).decode()


def guest_message(number: Number, guest: str, name: str, message: dict[str, Any]) -> bytes:
    """The body for one message of a guest, who is digits, or a user id where there is no number."""
    person: dict[str, Any] = {"profile": {"name": name}}
    if guest.isdigit():
        person["wa_id"] = guest
        message = {"from": guest} | message
    else:
        person["user_id"] = guest
        message = message | {"from_user_id": guest}
    if message.get("type") == "system":  # WhatsApp's own note of a guest: nobody wrote it
        return change(number, "messages", {"messages": [message]})
    return change(number, "messages", {"contacts": [person], "messages": [message]})


def status_update(number: Number, status: dict[str, Any]) -> bytes:
    """The body for one status of a message that was sent."""
    content: dict[str, Any] = {"statuses": [status]}
    if guest := status.get("recipient_user_id"):
        content = {"contacts": [{"profile": {"name": "Guest"}, "user_id": guest}]} | content
    return change(number, "messages", content)


def change(number: Number, field: str, content: dict[str, Any]) -> bytes:
    """The body for one change of a number: messages, and whatever else names the number it happened to."""
    metadata = {
        "display_phone_number": number.display_phone_number.removeprefix("+"),
        "phone_number_id": number.phone_number_id,
    }
    return account_change(number, field, {"messaging_product": "whatsapp", "metadata": metadata, **content})


def account_change(number: Number, field: str, value: dict[str, Any]) -> bytes:
    """The body for one change of the account that the number belongs to."""
    entry: dict[str, Any] = {"id": number.business_account_id, "changes": [{"value": value, "field": field}]}
    if field != "messages":
        entry["time"] = int(time.time())
    document = {"object": "whatsapp_business_account", "entry": [entry]}
    # Meta writes ASCII and escapes the slash; a receiver that signs its own spelling of the body would be found out.
    return json.dumps(document, separators=(",", ":")).replace("/", "\\/").encode()


def now() -> str:
    """The time as Meta writes it."""
    return str(int(time.time()))


async def post(
    client: httpx.AsyncClient, url: str, body: bytes, *, app_secret: str, repeats: int, backoff: float
) -> Delivered:
    """Post a body until it is answered with 200, at most ``1 + repeats`` times."""
    signature = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}
    status: int | None = None
    for attempt in range(repeats + 1):
        try:
            response = await client.post(url, content=body, headers=headers)
            status = response.status_code
        except httpx.HTTPError:
            status = None
        if status == 200:
            return Delivered(attempts=attempt + 1, status=status)
        if attempt < repeats:
            await asyncio.sleep(backoff * 2**attempt)
    return Delivered(attempts=repeats + 1, status=status)
