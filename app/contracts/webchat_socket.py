"""``/ws/unicom/webchat/{chat_id}/`` (contract 5): what a visitor's own socket tells of one of their chats.

Messages stand there as ``messages/`` shows them; staff are typing where ``is_typing``. Of the rest nothing is theirs.
"""

from typing import Any

from app.contracts.webchat import WebMessageOut, message
from app.core.errors import LobbyError
from app.core.events import MessageCreated, MessageUpdated
from app.core.links import MediaLinks
from app.core.signals import Told, Typing

Frame = dict[str, Any]


def ready(chat_id: str) -> Frame:
    """The first frame of all, by the chat's present id, whichever of its ids opened it."""
    return {"type": "ready", "chat_id": chat_id}


def webchat_event(stored: Told, links: MediaLinks) -> Frame | None:
    """An event in the words of the visitor's socket; None for what is not told there."""
    match stored.event:
        case MessageCreated(message=written) if written.chat is not None:
            return _message("new_message", message(written, links))
        case MessageUpdated(message=written) if written.chat is not None:
            return _message("message_updated", message(written, links))
        case Typing(conversation=conversation) as typing if conversation.chat is not None:
            return {
                "type": "typing",
                "chat_id": conversation.chat.public_id,
                "is_typing": typing.is_typing,
                "user_name": typing.user_name,
            }
        case _:
            return None


def webchat_error(error: LobbyError) -> Frame:
    return {"type": "error", "success": False, "error": error.message, "code": error.code}


def _message(kind: str, shown: WebMessageOut) -> Frame:
    return {"type": kind, "chat_id": shown.chat_id, "message": shown.model_dump(mode="json")}
