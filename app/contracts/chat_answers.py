"""Contract 3, "WebSocket API": what a command is answered with: acknowledgements, errors, who is here.

The document's fields come first; what else an acknowledgement tells of its command stands beside.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from app.contracts.chat_messages import chat_status_of
from app.contracts.chat_socket import groups
from app.contracts.timestamps import to_wire
from app.core.errors import LobbyError
from app.core.presence import PresentUser
from app.core.types import ConversationStatus, Department
from app.core.views import MessageView

Frame = dict[str, Any]

PONG: Frame = {"type": "pong"}


class _Named(msgspec.Struct):
    """What a refused command was about, if it can be read at all."""

    conversation_id: Any = None
    message_id: Any = None
    client_message_id: Any = None


_decoder = msgspec.json.Decoder(_Named)


def acknowledgment(status: str, conversation_id: int, at: datetime, **more: Any) -> Frame:
    """That a command was carried out."""
    return {
        "type": "acknowledgment",
        "status": status,
        "conversation_id": conversation_id,
        "timestamp": to_wire(at),
        **more,
    }


def written(status: str, message: MessageView, *, parts: Iterable[int] = ()) -> Frame:
    """That a message was taken: ``received``, or ``noted``. ``parts``: the ids of all that a long text became."""
    return {
        "type": "acknowledgment",
        "status": status,
        "message_id": message.id,
        "conversation_id": message.conversation_id,
        "timestamp": to_wire(message.created_at),
        **_where(client_message_id=message.client_message_id, parts=list(parts) or None),
    }


def users(present: Iterable[PresentUser]) -> list[Frame]:
    """Staff who are here, each with the departments that they work in."""
    return [
        {"user_id": each.user_id, "user_name": each.name, "departments": groups(each.own_departments)}
        for each in present
    ]


def presence(present: Iterable[PresentUser]) -> Frame:
    return {"type": "presence", "data": {"users": users(present)}}


def error(fault: LobbyError) -> Frame:
    """Why a command was refused. ``details`` by field, or what is instead."""
    details = fault.details and {name: _in_words(each) for name, each in fault.details.items()}
    return {"type": "error", "message": fault.message, "code": fault.code, **_where(details=details)}


def _in_words(value: Any) -> Any:
    """What is instead, as the chat calls it: departments by their groups, and every open status ``active``."""
    match value:
        case Department():
            return value.group
        case ConversationStatus():
            return chat_status_of(value)
        case _:
            return value


def named_by(text: str | None) -> Frame:
    """What a refused command was about, for its error to repeat: so that a client knows which of its own failed."""
    try:
        named = _decoder.decode(text or "")
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return {}
    return _where(
        conversation_id=_id(named.conversation_id),
        message_id=_id(named.message_id),
        client_message_id=_uuid(named.client_message_id),
    )


def _id(given: Any) -> int | None:
    return given if type(given) is int and 0 < given < 10**18 else None


def _uuid(given: Any) -> str | None:
    try:
        return str(UUID(given))
    except (ValueError, TypeError, AttributeError):
        return None


def _where(**fields: Any) -> Frame:
    """Those that there are."""
    return {name: value for name, value in fields.items() if value is not None}
