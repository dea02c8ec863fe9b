"""Webhook bodies in Instagram's form, built from their parts."""

import json
from datetime import UTC, datetime
from typing import Any

from app.channels.instagram.parse import parse
from app.channels.items import InboundMessage, Item

ACCOUNT = "17840000000000001"
GUEST = "8000000000000111"
RECEIVED_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
WRITTEN_AT = datetime(2026, 11, 20, 9, 29, 58, tzinfo=UTC)
CDN = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=7&signature=Ab-7"

Json = dict[str, Any]


def event(content: Json, *, sender: str = GUEST, recipient: str = ACCOUNT, **siblings: Any) -> Json:
    """One of ``messaging``: from the guest to the hotel unless said otherwise."""
    at = int(WRITTEN_AT.timestamp() * 1000)
    return {"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": at} | content | siblings


def message(*, mid: str = "mid.a1", **content: Any) -> Json:
    return event({"message": {"mid": mid, **content}})


def text(words: str, **more: Any) -> Json:
    return message(text=words, **more)


def attachment(kind: str, url: str | None = CDN, **payload: Any) -> Json:
    return {"type": kind, "payload": ({"url": url} if url is not None else {}) | payload}


def echo(*, account: str = ACCOUNT, mid: str = "mid.e1", **content: Any) -> Json:
    """The hotel's account has sent this to the guest."""
    return event({"message": {"mid": mid, "is_echo": True, **content}}, sender=account, recipient=GUEST)


def document(*events: object, account: str = ACCOUNT) -> Json:
    return {"object": "instagram", "entry": [{"id": account, "time": 1795132800000, "messaging": list(events)}]}


def encode(payload: object) -> bytes:
    """As Meta does: everything beyond ASCII is escaped."""
    return json.dumps(payload).encode()


def read(*events: object, lenient: bool = False) -> list[Item]:
    """What the parser makes of a body with these events."""
    return parse(encode(document(*events)), received_at=RECEIVED_AT, lenient=lenient)


def read_message(raw: Json) -> InboundMessage:
    """The one message that a body with this event gives."""
    [item] = read(raw)
    assert isinstance(item, InboundMessage)
    return item
