"""Contract 3, "WebSocket API": the events of ``/ws/chat/`` and ``/ws/chat/{department_name}/``. Its answers to commands
are in ``chat_answers.py``.

Translates only. An event is told in one of three ways: to whoever has subscribed to the conversation, to the others of
its department, or on the department's own socket, which counts as subscribed to all of that department. Departments
are named as the document's groups are, ``room_service``. Types and fields that the document does not have stand beside
its own.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from app.contracts.chat_messages import chat_message, chat_sender, chat_status, chat_type
from app.contracts.timestamps import to_wire
from app.core.events import (
    Change,
    ConversationChanged,
    MessageCreated,
    MessagesRead,
    MessageStatusChanged,
    MessageUpdated,
)
from app.core.links import MediaLinks
from app.core.signals import Told, Typing, UserStatus, Viewing
from app.core.types import Department, MessageType
from app.core.views import ConversationRef, MessageView

Frame = dict[str, Any]

PREVIEW: Final = 200


def to_subscriber(stored: Told, links: MediaLinks) -> Frame | None:
    """To whoever has subscribed to the conversation: all of a message, and changes as ``conversation_changed``."""
    event = stored.event
    if isinstance(event, ConversationChanged | MessagesRead):
        return _change(stored, event, "conversation_changed")
    return _whole(stored, links)


def to_department(stored: Told, department: Department) -> Frame | None:
    """To staff who are joined to ``department`` and have not subscribed: that something happened."""
    match stored.event:
        case MessageCreated(conversation=conversation, message=written):
            return _framed("conversation_update", _news(conversation, written))
        case ConversationChanged() | MessagesRead():
            return _change(stored, stored.event, "conversation_update")
        case UserStatus():
            return _framed("user_status", _status(stored.event, department))
        case _:
            return None


def on_department_socket(stored: Told, department: Department | None, links: MediaLinks) -> Frame | None:
    """On the socket of one department: as to a subscriber, and changes as ``conversation_update``. ``department`` is
    None for what is told of a conversation that nobody has yet."""
    event = stored.event
    if isinstance(event, ConversationChanged | MessagesRead):
        return _change(stored, event, "conversation_update")
    if isinstance(event, UserStatus):
        return _framed("user_status", _status(event, department)) if department is not None else None
    return _whole(stored, links)


def is_whole_for_department(stored: Told) -> bool:
    """Whether ``to_department`` tells all that ``to_subscriber`` would."""
    return not isinstance(stored.event, MessageCreated | MessageUpdated | MessageStatusChanged)


def groups(departments: Iterable[Department]) -> list[str]:
    """Names of departments as the document's groups have them, in the order in which the hotel lists them."""
    named = set(departments)
    return [each.group for each in Department if each in named]


def _whole(stored: Told, links: MediaLinks) -> Frame | None:
    """What is told in full: messages, reactions, and what passes."""
    match stored.event:
        case MessageCreated(message=written) if written.type is MessageType.REACTION:
            return _framed("reaction", _reaction(written))
        case MessageCreated(conversation=conversation, message=written):
            return _framed("message", _message(conversation, written, links))
        case MessageUpdated(conversation=conversation, message=written):
            return _framed("message_updated", _message(conversation, written, links))
        case MessageStatusChanged() as status:
            return _framed(
                "message_status",
                {
                    "message_id": status.message_id,
                    "conversation_id": status.conversation.id,
                    "delivery_status": status.delivery_status,
                    "error": status.error,
                    "error_code": status.error_code,
                },
            )
        case Typing() as typing:
            return _framed("typing", {**_who(typing), "is_typing": typing.is_typing})
        case Viewing() as viewing:
            return _framed("viewing", {**_who(viewing), "is_viewing": viewing.is_viewing})
        case _:
            return None


def _message(conversation: ConversationRef, written: MessageView, links: MediaLinks) -> Frame:
    """As by REST, and its writer as ``sender_id`` too."""
    return {**chat_message(written, conversation, links).model_dump(mode="json"), "sender_id": written.staff_user_id}


def _reaction(written: MessageView) -> Frame:
    """``message_id`` is of the message reacted to, null for one that we do not have; ``emoji`` "" takes it back."""
    return {
        "id": written.id,
        "message_id": written.reply_to_id,
        "conversation_id": written.conversation_id,
        "emoji": written.content,
        "sender_type": chat_sender(written.sender_type),
        "sender_id": written.staff_user_id,
        "sender_name": written.sender_name,
        "created_at": to_wire(written.created_at),
    }


def _news(conversation: ConversationRef, written: MessageView) -> Frame:
    """That somebody wrote, as ``new_message``; a note and a reaction by their own names."""
    preview = _preview(written)
    about = {
        **_about(conversation),
        "message_id": written.id,
        "message_from": written.sender_name,
        "sender_type": chat_sender(written.sender_type),
        "sender_id": written.staff_user_id,
    }
    at = to_wire(written.created_at)
    if written.is_note:
        return {"type": "noted", "data": {**about, "content": preview, "noted_at": at}}
    if written.type is MessageType.REACTION:
        about["message_id"] = written.reply_to_id
        return {"type": "reacted", "data": {**about, "emoji": written.content, "reacted_at": at}}
    data = {
        **about,
        "last_message_preview": preview,
        "last_message_at": at,
        "message_type": chat_type(written),
    }
    return {"type": "new_message", "data": data}


def _change(stored: Told, event: ConversationChanged | MessagesRead, kind: str) -> Frame | None:
    """What happened to a conversation, under ``kind``. A relay's beginning is a new conversation to everybody; what the
    flow still has to itself is none yet."""
    if isinstance(event, MessagesRead):
        return _framed(kind, {"type": "marked_read", "data": _read(event)})
    if event.change is Change.RELAY_STARTED:
        return _framed("new_conversation", _new(event.conversation))
    if event.change is Change.CREATED:
        return None
    return _framed(kind, {"type": event.change.value, "data": _changed(event, stored.at)})


def _changed(event: ConversationChanged, at: datetime) -> Frame:
    """What holds of the conversation by now; of one that has come to another channel, which that is."""
    conversation, previous = event.conversation, event.previous_department
    channel = {} if event.change is not Change.MOVED else _channel(conversation)
    return {
        "id": conversation.id,
        **_about(conversation),
        "status": chat_status(conversation),
        "updated_at": to_wire(at),
        "assignee_id": conversation.assignee_id,
        "assignee_name": conversation.assignee_name,
        "priority": conversation.priority,
        "previous_department": previous and previous.group,
        "user_id": event.actor_id,
        "user_name": event.actor_name,
        **channel,
    }


def _channel(conversation: ConversationRef) -> Frame:
    return {
        "platform": conversation.platform,
        "window_closes_at": conversation.window_closes_at and to_wire(conversation.window_closes_at),
    }


def _read(event: MessagesRead) -> Frame:
    return {
        **_about(event.conversation),
        "user_id": event.user_id,
        "user_name": event.user_name,
        "up_to_id": event.up_to_id,
        "message_ids": list(event.message_ids),
        "read_at": to_wire(event.read_at),
    }


def _new(conversation: ConversationRef) -> Frame:
    return {
        "id": conversation.id,
        **_about(conversation),
        "conversation_type": conversation.conversation_type,
        "status": chat_status(conversation),
        "created_at": to_wire(conversation.created_at),
        "last_message_preview": conversation.last_message_preview,
        "priority": conversation.priority,
        "is_demo": conversation.is_demo,
    }


def _about(conversation: ConversationRef) -> Frame:
    return {
        "conversation_id": conversation.id,
        "guest_name": conversation.guest_name,
        "room_number": conversation.room_number,
        "department": conversation.department and conversation.department.group,
    }


def _status(event: UserStatus, department: Department) -> Frame:
    """A colleague is named with the department that they share with whoever is told, else with their own first one."""
    own = groups(event.own_departments)
    shared = department.group in own or not own
    return {
        "type": "user_connected" if event.is_connected else "user_disconnected",
        "user_id": event.user_id,
        "user_name": event.user_name,
        "department": department.group if shared else own[0],
        "departments": own,
    }


def _who(signal: Typing | Viewing) -> Frame:
    return {
        "conversation_id": signal.conversation.id,
        "user_id": signal.user_id,
        "user_name": signal.user_name,
    }


def _preview(written: MessageView) -> str:
    return (written.content or f"[{written.type}]")[:PREVIEW]


def _framed(kind: str, data: Frame) -> Frame:
    return {"type": kind, "data": data}
