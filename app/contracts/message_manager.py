"""Contract 1, "Message Manager": its REST objects and the events of ``/ws/staff/``.

Translates only: the core's views and events in, the document's words out. Fields that the document does not have
(``seq``, ``conversation_id``, ``client_message_id`` …) stand beside its own.
"""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.contracts.media import MediaOut, media_out
from app.contracts.sending import SendIn
from app.contracts.timestamps import Timestamp, to_wire
from app.core.errors import LobbyError
from app.core.events import (
    Change,
    ChannelChanged,
    ConversationChanged,
    MessageCreated,
    MessageStatusChanged,
    MessageUpdated,
)
from app.core.links import MediaLinks
from app.core.signals import Told
from app.core.types import ConversationStatus, DeliveryStatus, SenderType
from app.core.views import ConversationView, LastMessage, MessageView, Page


class Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LastMessageOut(Wire):
    content: str
    timestamp: Timestamp
    sender_type: SenderType


class ConversationListItem(Wire):
    """``GET conversations/`` and ``active_conversations/``: one row."""

    id: int
    stay_id: int | None
    guest_name: str
    room_number: str | None
    status: ConversationStatus
    department_name: str | None
    last_message: LastMessageOut | None
    window_closes_at: Timestamp | None
    updated_at: Timestamp


class ConversationPage(Wire):
    """``next`` and ``previous`` are addresses of pages, null at the ends."""

    count: int
    next: str | None
    previous: str | None
    results: list[ConversationListItem]


class ConversationDetail(Wire):
    """``GET conversations/{id}/``. ``context_data`` is what the flow has noted."""

    id: int
    stay_id: int | None
    guest_name: str
    room_number: str | None
    guest_phone: str | None
    status: ConversationStatus
    department_name: str | None
    context_data: dict[str, Any]
    window_closes_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


class MessageOut(Wire):
    """A message. ``sender_type`` is ``system`` for what the flow wrote; ``delivery_status`` is null for a guest's.

    ``details`` holds what has no field of its own: coordinates, contact cards, the options of a menu.
    """

    id: int
    content: str = Field(description="What people read of it; a caption, a place in words, an emoji.")
    sender_type: SenderType
    sender_name: str
    timestamp: Timestamp = Field(description="When it came in or was written here; UTC.")
    message_type: str = Field(examples=["text", "image", "location", "reaction", "template"])
    delivery_status: DeliveryStatus | None = Field(description="Null for a guest's.")
    delivery_error: str | None = Field(description="Why it failed, or what a queued one waits for; for people.")
    delivery_error_code: int | None = Field(
        description="The provider's code of that, where it has one.", examples=[131047]
    )
    media: MediaOut | None
    details: dict[str, Any] = Field(
        description="What has no field of its own: coordinates, contact cards, the options of a menu."
    )
    reply_to_message_id: int | None = Field(description="The message that it quotes, or reacts to.")
    is_note: bool = Field(description="A note of the system that is shown to staff alone.")
    edited_at: Timestamp | None
    revoked_at: Timestamp | None = Field(description="When it was taken back by whoever wrote it.")
    client_message_id: UUID | None
    provider_timestamp: Timestamp | None = Field(description="When the provider says that the guest sent it.")


class SentMessageOut(MessageOut):
    """A message that was just sent. ``parts``: the ids of all messages that a long text was sent as, in order, of which
    this is the first; not there where it was sent as one."""

    parts: list[int] = Field(default=[], exclude_if=lambda parts: not parts)


class SendMessageIn(SendIn):
    """The document's ``{"text"}``, and all else that can be sent."""


class RelayEnded(Wire):
    status: Literal["relay ended"] = "relay ended"


class WebhookReceipt(Wire):
    """``processed``, ``ignored`` (nothing in it concerns us) or ``error`` (kept, but not understood)."""

    status: Literal["processed", "ignored", "error"]


def list_item(view: ConversationView) -> ConversationListItem:
    return ConversationListItem(
        id=view.id,
        stay_id=view.stay_id,
        guest_name=view.guest_name,
        room_number=view.room_number,
        status=view.status,
        department_name=view.department,
        last_message=_last_message(view.last_message),
        window_closes_at=view.window_closes_at,
        updated_at=view.updated_at,
    )


def page(found: Page[ConversationView], *, following: str | None, preceding: str | None) -> ConversationPage:
    return ConversationPage(
        count=found.count, next=following, previous=preceding, results=[list_item(each) for each in found.items]
    )


def detail(view: ConversationView) -> ConversationDetail:
    return ConversationDetail(
        id=view.id,
        stay_id=view.stay_id,
        guest_name=view.guest_name,
        room_number=view.room_number,
        guest_phone=view.guest_phone,
        status=view.status,
        department_name=view.department,
        context_data=view.context_data,
        window_closes_at=view.window_closes_at,
        created_at=view.created_at,
        updated_at=view.updated_at,
    )


def message(view: MessageView, links: MediaLinks) -> MessageOut:
    return MessageOut(
        id=view.id,
        content=view.content,
        sender_type=view.sender_type,
        sender_name=view.sender_name,
        timestamp=view.created_at,
        message_type=view.type,
        delivery_status=view.delivery_status,
        delivery_error=view.delivery_error,
        delivery_error_code=view.delivery_error_code,
        media=media_out(view.media, links),
        details=view.details,
        reply_to_message_id=view.reply_to_id,
        is_note=view.is_note,
        edited_at=view.edited_at,
        revoked_at=view.revoked_at,
        client_message_id=view.client_message_id,
        provider_timestamp=view.provider_timestamp,
    )


def sent_message(view: MessageView, parts: Sequence[int], links: MediaLinks) -> SentMessageOut:
    return SentMessageOut(**dict(message(view, links)), parts=list(parts))


def staff_event(stored: Told, links: MediaLinks) -> dict[str, Any] | None:
    """An event in the words of ``/ws/staff/``; None for what is not told there.

    ``message_updated``, ``message_status`` and ``channel_status`` are not the document's: its own client passes over
    types that it does not know.
    """
    match stored.event:
        case MessageCreated(conversation=conversation, message=written):
            return {
                "type": "new_message",
                "stay_id": conversation.stay_id,
                "content": written.content,
                "sender_type": written.sender_type,
                "sender_name": written.sender_name,
                "timestamp": to_wire(written.created_at),
                "conversation_id": conversation.id,
                "message_id": written.id,
                "message_type": written.type,
                "is_note": written.is_note,
                "media": _plain(media_out(written.media, links)),
                "details": written.details,
                "reply_to_message_id": written.reply_to_id,
                "delivery_status": written.delivery_status,
                "window_closes_at": conversation.window_closes_at and to_wire(conversation.window_closes_at),
                "client_message_id": written.client_message_id,
            }
        case MessageUpdated(conversation=conversation, message=written):
            return {
                "type": "message_updated",
                "stay_id": conversation.stay_id,
                "conversation_id": conversation.id,
                "message": _plain(message(written, links)),
                "timestamp": to_wire(stored.at),
            }
        case MessageStatusChanged(conversation=conversation):
            return {
                "type": "message_status",
                "stay_id": conversation.stay_id,
                "conversation_id": conversation.id,
                "message_id": stored.event.message_id,
                "delivery_status": stored.event.delivery_status,
                "error": stored.event.error,
                "error_code": stored.event.error_code,
                "timestamp": to_wire(stored.at),
            }
        case ChannelChanged(channel=channel):
            return {
                "type": "channel_status",
                "channel_id": channel.id,
                "platform": channel.platform,
                "name": channel.name,
                "state": "active" if channel.paused_at is None else "paused",
                "reason": channel.pause_reason,
                "timestamp": to_wire(stored.at),
            }
        case ConversationChanged(change=Change.RELAY_STARTED, conversation=conversation):
            return {
                "type": "new_conversation",
                "stay_id": conversation.stay_id,
                "conversation_id": conversation.id,
                "message": "New conversation initiated",
                "timestamp": to_wire(stored.at),
                "department_name": conversation.department,
                "is_demo": conversation.is_demo,
            }
        case _:
            return None


def acknowledgment(view: MessageView) -> dict[str, Any]:
    """The answer to a ``send_message`` that carries a ``client_message_id``, in the form of contract 3."""
    return {
        "type": "acknowledgment",
        "status": "received",
        "message_id": view.id,
        "conversation_id": view.conversation_id,
        "client_message_id": view.client_message_id,
        "timestamp": to_wire(view.created_at),
    }


def staff_error(error: LobbyError) -> dict[str, Any]:
    """Why a command was refused; ``details`` where there are some, as by REST."""
    told: dict[str, Any] = {"type": "error", "message": error.message, "code": error.code}
    return told if error.details is None else {**told, "details": error.details}


def _plain(model: BaseModel | None) -> dict[str, Any] | None:
    return model.model_dump(mode="json") if model is not None else None


def _last_message(last: LastMessage | None) -> LastMessageOut | None:
    if last is None:
        return None
    return LastMessageOut(content=last.content, timestamp=last.at, sender_type=last.sender_type)
