"""What a guest's own socket tells (contract 2, "Guest Connections"): what the hotel writes, and that it is writing.

Only what is for the guest: nothing of who has a conversation, of deliveries and their faults, of other clients' ids.
"""

from typing import Any

from app.contracts.chat_messages import chat_sender, chat_type, media_filename, media_url, message_guest
from app.contracts.timestamps import to_wire
from app.core.errors import LobbyError
from app.core.events import MessageCreated
from app.core.links import MediaLinks
from app.core.signals import Told, Typing


def guest_event(stored: Told, links: MediaLinks) -> dict[str, Any] | None:
    """An event in the words of ``/ws/guest/{whatsapp_number}/``; None for what is not told there."""
    match stored.event:
        case MessageCreated(conversation=conversation, message=written):
            data = {
                "id": written.id,
                "conversation_id": conversation.id,
                "sender_type": chat_sender(written.sender_type),
                "sender_name": written.sender_name,
                "content": written.content,
                "message_type": chat_type(written),
                "media_url": media_url(written, links),
                "media_filename": media_filename(written),
                "created_at": to_wire(written.created_at),
                "guest_info": message_guest(conversation).model_dump(mode="json"),
            }
            return {"type": "message", "data": data}
        case Typing(conversation=conversation):
            typing = {
                "conversation_id": conversation.id,
                "user_name": stored.event.user_name,
                "is_typing": stored.event.is_typing,
            }
            return {"type": "typing", "data": typing}
        case _:
            return None


def guest_error(error: LobbyError) -> dict[str, Any]:
    return {"type": "error", "message": error.message, "code": error.code}
