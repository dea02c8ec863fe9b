"""Messages in the words of the staff's chat (contracts 2 and 3): for REST and for the sockets' ``message``.

The chat knows two senders, guest and staff, and four kinds of message. What the flow wrote is staff's, by nobody, of
the kind ``system``; the core's own kind stands beside as ``kind``.
"""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.contracts.media import MediaOut, media_out
from app.contracts.timestamps import Timestamp
from app.core.desk_views import DeskStatus
from app.core.links import MediaLinks
from app.core.types import ConversationStatus, DeliveryStatus, MessageType, SenderType
from app.core.views import ConversationRef, MessageView

ChatSender = Literal["guest", "staff"]
ChatType = Literal["text", "image", "document", "system"]

_IMAGES: Final = frozenset({MessageType.IMAGE, MessageType.STICKER, MessageType.STORY_MENTION})
_FILES: Final = frozenset({MessageType.DOCUMENT, MessageType.AUDIO, MessageType.VIDEO})
_READ: Final = frozenset({DeliveryStatus.READ, DeliveryStatus.PLAYED})


class ChatWire(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MessageGuestOut(ChatWire):
    """Whom a message's conversation is with; no room for a guest who does not stay."""

    id: int
    name: str
    whatsapp_number: str | None = Field(examples=["+1234567890"])
    room_number: str | None
    floor: int | None


class ChatMessageOut(ChatWire):
    """A message. From ``client_message_id`` on, what stands beside the document's own fields."""

    id: int
    conversation: int = Field(description="The conversation's id, as `conversation_id`.")
    conversation_id: int
    sender_type: ChatSender = Field(description="What the flow wrote is staff's, without a `sender`.")
    sender: int | None = Field(description="The staff user's id; null for guest and flow.")
    sender_name: str
    message_type: ChatType = Field(description="`system` for what the flow wrote; a voice note or film is a document.")
    content: str = Field(description="What people read of it; a caption, a place in words, an emoji.")
    media_url: str | None = Field(
        description="Where its file is: a signed address that runs out after some hours, or the text that the guest's "
        "program sent."
    )
    media_filename: str | None
    is_read: bool = Field(description="A guest's: somebody of the hotel has read it. Ours: the guest has.")
    read_at: Timestamp | None
    delivery_status: DeliveryStatus | None = Field(description="Null for a guest's.")
    guest_info: MessageGuestOut
    created_at: Timestamp = Field(description="When it came in or was written here; UTC.")
    updated_at: Timestamp = Field(description="When it last read otherwise, or was read.")
    client_message_id: UUID | None
    provider_timestamp: Timestamp | None = Field(description="When the provider says that the guest sent it.")
    is_note: bool = Field(description="For staff alone; the guest never sees it.")
    kind: MessageType = Field(description="What it is exactly.", examples=["text", "location", "reaction", "audio"])
    media: MediaOut | None
    details: dict[str, Any] = Field(
        description="What has no field of its own: coordinates, contact cards, the options of a menu."
    )
    reply_to_message_id: int | None = Field(description="The message that it quotes, or reacts to.")
    delivery_error: str | None = Field(description="Why it failed, or what a queued one waits for; for people.")
    edited_at: Timestamp | None
    revoked_at: Timestamp | None = Field(description="When it was taken back by whoever wrote it.")


def chat_message(view: MessageView, conversation: ConversationRef, links: MediaLinks) -> ChatMessageOut:
    return ChatMessageOut(
        id=view.id,
        conversation=view.conversation_id,
        conversation_id=view.conversation_id,
        sender_type=chat_sender(view.sender_type),
        sender=view.staff_user_id,
        sender_name=view.sender_name,
        message_type=chat_type(view),
        content=view.content,
        media_url=media_url(view, links),
        media_filename=media_filename(view),
        is_read=is_read(view),
        read_at=view.read_at,
        delivery_status=view.delivery_status,
        guest_info=message_guest(conversation),
        created_at=view.created_at,
        updated_at=updated_at(view),
        client_message_id=view.client_message_id,
        provider_timestamp=view.provider_timestamp,
        is_note=view.is_note,
        kind=view.type,
        media=media_out(view.media, links),
        details=view.details,
        reply_to_message_id=view.reply_to_id,
        delivery_error=view.delivery_error,
        edited_at=view.edited_at,
        revoked_at=view.revoked_at,
    )


def message_guest(conversation: ConversationRef) -> MessageGuestOut:
    return MessageGuestOut(
        id=conversation.guest_id,
        name=conversation.guest_name,
        whatsapp_number=conversation.guest_phone,
        room_number=conversation.room_number,
        floor=conversation.floor,
    )


def chat_sender(sender: SenderType) -> ChatSender:
    return "guest" if sender is SenderType.GUEST else "staff"


def chat_type(view: MessageView) -> ChatType:
    if view.sender_type is SenderType.SYSTEM:
        return "system"
    return chat_type_of(view.type)


def chat_type_of(kind: MessageType) -> ChatType:
    """What a guest's or a staff user's message of this kind is called."""
    if kind in _IMAGES:
        return "image"
    return "document" if kind in _FILES else "text"


def media_url(view: MessageView, links: MediaLinks) -> str | None:
    """The signed address of its file while that may be shown; else the text that came with it, which is only shown."""
    file = media_out(view.media, links)
    return file.url if file is not None else _told(view, "media_url")


def media_filename(view: MessageView) -> str | None:
    return view.media.filename if view.media is not None else _told(view, "media_filename")


def is_read(view: MessageView) -> bool:
    """Whether the other side has read it, as far as is known."""
    return view.read_at is not None or (view.sender_type is not SenderType.GUEST and view.delivery_status in _READ)


def updated_at(view: MessageView) -> datetime:
    moments = (view.created_at, view.edited_at, view.revoked_at, view.read_at)
    return max(each for each in moments if each is not None)


def chat_status(conversation: ConversationRef) -> DeskStatus:
    """Every open status of the core reads ``active``."""
    if conversation.is_archived:
        return DeskStatus.ARCHIVED
    return chat_status_of(conversation.status)


def chat_status_of(status: ConversationStatus) -> DeskStatus:
    return DeskStatus.CLOSED if status is ConversationStatus.CLOSED else DeskStatus.ACTIVE


def _told(view: MessageView, name: str) -> str | None:
    """A text that came beside the message, from a program of the guest's."""
    told = view.details.get(name)
    return told if isinstance(told, str) else None
