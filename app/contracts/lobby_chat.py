"""Contract 2, "LobbyBee Chat System", by REST: its conversations, and what its commands take and answer.

Translates only; messages are in ``chat_messages.py``. Fields that the document does not have stand beside its own.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from app.contracts.chat_messages import (
    ChatMessageOut,
    ChatSender,
    ChatType,
    ChatWire,
    chat_message,
    chat_sender,
    chat_status,
    chat_type_of,
)
from app.contracts.sending import Id
from app.contracts.timestamps import Timestamp
from app.core.desk_views import DeskItem, DeskStatus, DeskThread, ParticipantView
from app.core.files import UploadView
from app.core.links import MediaLinks, Variant
from app.core.types import Department, StayStatus
from app.core.views import ConversationRef, ConversationView, LastMessage, Page


def _department(named: object) -> Department:
    found = Department.named(named) if isinstance(named, str) else None
    if found is None:
        raise ValueError(f"One of {', '.join(Department)}.")
    return found


DepartmentName = Annotated[Department, BeforeValidator(_department)]
"""A department in any form of its name."""


class GuestInfoOut(ChatWire):
    """``status``, room and floor are of the stay that the conversation is about, null where there is none."""

    id: int
    full_name: str
    email: str | None
    whatsapp_number: str | None = Field(examples=["+1234567890"])
    date_of_birth: date | None
    nationality: str | None
    status: StayStatus | None = Field(description="The stay's.")
    room_number: str | None
    floor: int | None


class ChatLastMessageOut(ChatWire):
    id: int
    sender_type: ChatSender
    content: str = Field(description="The first 200 characters.")
    created_at: Timestamp


class AssigneeOut(ChatWire):
    id: int
    name: str


class ConversationOut(ChatWire):
    """A conversation as the list shows it. From ``assignee`` on, what stands beside the document's own fields."""

    id: int
    guest: int = Field(description="The guest's id.")
    hotel: int = Field(description="The hotel's id.")
    hotel_name: str
    department: Department | None = Field(description="Null while the guest is with the flow.")
    conversation_type: str
    status: DeskStatus
    guest_info: GuestInfoOut
    last_message_at: Timestamp | None
    last_message_preview: str | None
    unread_count: int = Field(
        description="The guest's messages that nobody of the hotel has read, reactions not among them."
    )
    last_message: ChatLastMessageOut | None
    created_at: Timestamp
    updated_at: Timestamp
    assignee: AssigneeOut | None = Field(description="The staff user who has taken it on.")
    priority: int = Field(description="1 normal, 2 high, 3 urgent.")
    waiting_since: Timestamp | None = Field(description="Since when the guest waits for an answer of staff.")
    reply_due_at: Timestamp | None = Field(
        description="Until when the guest should have it: the hotel's `reply_minutes` after that."
    )
    window_closes_at: Timestamp | None = Field(
        description="Until when free text may be sent; null where it may always, or where the guest has not written."
    )


class ConversationPageOut(ChatWire):
    """``next`` and ``previous`` are addresses of pages, null at the ends."""

    count: int
    next: str | None
    previous: str | None
    results: list[ConversationOut]


class ParticipantOut(ChatWire):
    """A staff user who takes part, and how far they have read."""

    user_id: int
    name: str
    is_active: bool
    last_read_message_id: int | None
    last_read_at: Timestamp | None


class ConversationDetailOut(ConversationOut):
    participants: list[ParticipantOut]


class ThreadOut(ChatWire):
    """``GET conversations/{id}/``: the conversation, and its messages, the oldest first."""

    conversation: ConversationDetailOut
    messages: list[ChatMessageOut]


class CreateIn(BaseModel):
    """A conversation of a guest with a department."""

    guest_whatsapp_number: str = Field(
        max_length=64, description="In any form; compared by its digits.", examples=["+1234567890"]
    )
    department_type: DepartmentName = Field(
        description="A department in any form of its name: `Room Service`, `room_service`.", examples=["Reception"]
    )


class CreatedOut(ChatWire):
    message: Literal["Conversation created."] = "Conversation created."
    conversation_id: int
    guest_name: str
    department: Department | None


class CloseIn(BaseModel):
    conversation_id: Id


class ClosedOut(ChatWire):
    message: Literal["Conversation closed."] = "Conversation closed."
    conversation_id: int
    status: Literal[DeskStatus.CLOSED] = DeskStatus.CLOSED


class PriorityIn(BaseModel):
    conversation_id: Id
    priority: Annotated[int, Field(strict=True, ge=1, le=3)] = Field(description="1 normal, 2 high, 3 urgent.")


class PrioritisedOut(ChatWire):
    message: Literal["Priority set."] = "Priority set."
    conversation_id: int
    priority: int


class MarkReadIn(BaseModel):
    """Without ``message_ids`` all that stands in the conversation has been read."""

    conversation_id: Id
    message_ids: Annotated[list[Id], Field(max_length=1000)] | None = Field(
        default=None, description="Only these messages, 1,000 at most; all of the conversation's where it is not there."
    )


class MarkedReadOut(ChatWire):
    message: Literal["Messages marked as read."] = "Messages marked as read."
    conversation_id: int
    messages_marked_read: int = Field(description="How many of the guest's messages nobody had read before.")


class ChatTypingIn(BaseModel):
    conversation_id: Id
    is_typing: bool = Field(description="False where one has stopped.")


class TypingToldOut(ChatWire):
    message: Literal["Typing indicator sent."] = "Typing indicator sent."
    conversation_id: int
    is_typing: bool


class ChatUploadOut(ChatWire):
    """A file that was uploaded, and may now be sent by the socket's ``media``."""

    id: int
    media_id: int = Field(description="The same, as everywhere else that a file is sent by.")
    conversation_id: int
    file_url: str = Field(description="A signed address, good for some hours.")
    filename: str
    file_type: str = Field(description="What it is, as was found in it.", examples=["image/jpeg"])
    file_size: int = Field(description="In bytes, of what is kept: pictures lose their metadata.")
    message_type: ChatType = Field(description="What a message with it will be.")
    caption: str


def page(found: Page[DeskItem], *, following: str | None, preceding: str | None) -> ConversationPageOut:
    results = [conversation(each) for each in found.items]
    return ConversationPageOut(count=found.count, next=following, previous=preceding, results=results)


def conversation(item: DeskItem) -> ConversationOut:
    return ConversationOut(
        id=item.id,
        guest=item.guest_id,
        hotel=item.hotel_id,
        hotel_name=item.hotel_name,
        department=item.department,
        conversation_type=item.conversation_type,
        status=chat_status(item),
        guest_info=_guest_info(item),
        last_message_at=item.last_message.at if item.last_message else None,
        last_message_preview=item.last_message_preview,
        unread_count=item.unread_count,
        last_message=_last_message(item.last_message),
        created_at=item.created_at,
        updated_at=item.updated_at,
        assignee=_assignee(item),
        priority=item.priority,
        waiting_since=item.waiting_since,
        reply_due_at=item.reply_due_at,
        window_closes_at=item.window_closes_at,
    )


def thread(found: DeskThread, links: MediaLinks) -> ThreadOut:
    people = [_participant(each) for each in found.participants]
    return ThreadOut(
        conversation=ConversationDetailOut(**dict(conversation(found.item)), participants=people),
        messages=[chat_message(each, found.item, links) for each in found.messages],
    )


def created(view: ConversationView) -> CreatedOut:
    return CreatedOut(conversation_id=view.id, guest_name=view.guest_name, department=view.department)


def closed(ref: ConversationRef) -> ClosedOut:
    return ClosedOut(conversation_id=ref.id)


def prioritised(ref: ConversationRef) -> PrioritisedOut:
    return PrioritisedOut(conversation_id=ref.id, priority=ref.priority)


def uploaded(upload: UploadView, *, conversation_id: int, caption: str, links: MediaLinks) -> ChatUploadOut:
    return ChatUploadOut(
        id=upload.id,
        media_id=upload.id,
        conversation_id=conversation_id,
        file_url=links.url(upload.id, Variant.ORIGINAL),
        filename=upload.filename,
        file_type=upload.mime_type,
        file_size=upload.size,
        message_type=chat_type_of(upload.type),
        caption=caption,
    )


def _guest_info(item: DeskItem) -> GuestInfoOut:
    return GuestInfoOut(
        id=item.guest_id,
        full_name=item.guest_name,
        email=item.guest_email,
        whatsapp_number=item.guest_phone,
        date_of_birth=item.date_of_birth,
        nationality=item.nationality,
        status=item.stay_status,
        room_number=item.room_number,
        floor=item.floor,
    )


def _last_message(last: LastMessage | None) -> ChatLastMessageOut | None:
    if last is None:
        return None
    sender = chat_sender(last.sender_type)
    return ChatLastMessageOut(id=last.id, sender_type=sender, content=last.content, created_at=last.at)


def _assignee(ref: ConversationRef) -> AssigneeOut | None:
    if ref.assignee_id is None:
        return None
    return AssigneeOut(id=ref.assignee_id, name=ref.assignee_name or "")


def _participant(view: ParticipantView) -> ParticipantOut:
    return ParticipantOut(
        user_id=view.user_id,
        name=view.name,
        is_active=view.is_active,
        last_read_message_id=view.last_read_message_id,
        last_read_at=view.last_read_at,
    )
