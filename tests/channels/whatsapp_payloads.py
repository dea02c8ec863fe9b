"""Webhook bodies in WhatsApp's form, built from their parts."""

import json
from datetime import UTC, datetime
from typing import Any

from app.channels.items import InboundMessage, InboundStatus, Item
from app.channels.whatsapp.parse import parse

NUMBER = "700000000000031"
GUEST = "351912000111"
GUEST_USER_ID = "PT.7000000000000000042"
RECEIVED_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
WRITTEN_AT = datetime(2026, 11, 20, 9, 29, 58, tzinfo=UTC)

Json = dict[str, Any]


def contact(name: str = "Inês Prado", wa_id: str = GUEST, **more: Any) -> Json:
    return {"profile": {"name": name}, "wa_id": wa_id, **more}


def message(kind: str = "text", content: object = None, *, id: str = "wamid.A1", **siblings: Any) -> Json:
    """One message; ``content`` is the object named like its type."""
    parts: Json = {"from": GUEST, "id": id, "timestamp": str(int(WRITTEN_AT.timestamp())), "type": kind}
    if content is not None:
        parts[kind] = content
    return parts | siblings


def text(body: str, **siblings: Any) -> Json:
    return message("text", {"body": body}, **siblings)


def status(word: str = "delivered", *, id: str = "wamid.OUT1", **siblings: Any) -> Json:
    at = str(int(WRITTEN_AT.timestamp()))
    return {"id": id, "status": word, "timestamp": at, "recipient_id": GUEST, **siblings}


def change(*messages: object, number: str = NUMBER, field: str = "messages", **more: Any) -> Json:
    value: Json = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "351210000000", "phone_number_id": number},
    }
    if messages:
        value |= {"contacts": [contact()], "messages": list(messages)}
    return {"field": field, "value": value | more}


def document(*changes: object) -> Json:
    return {"object": "whatsapp_business_account", "entry": [{"id": "900000000000031", "changes": list(changes)}]}


def encode(payload: object) -> bytes:
    return json.dumps(payload).encode()


def read(*changes: object, lenient: bool = False) -> list[Item]:
    """What the parser makes of a body with these changes."""
    return parse(encode(document(*changes)), received_at=RECEIVED_AT, lenient=lenient)


def read_message(raw: Json, **more: Any) -> InboundMessage:
    """The one message that a body with this one gives."""
    [item] = read(change(raw, **more))
    assert isinstance(item, InboundMessage)
    return item


def read_status(raw: Json) -> InboundStatus:
    [item] = read(change(statuses=[raw]))
    assert isinstance(item, InboundStatus)
    return item
