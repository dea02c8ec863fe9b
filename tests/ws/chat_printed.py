"""What document 3 prints of its frames, as it prints them."""

from typing import Any

AT = "2024-01-01T12:00:00Z"

MESSAGE: dict[str, Any] = {
    "type": "message",
    "data": {
        "id": 456,
        "conversation_id": 123,
        "sender_type": "staff",
        "sender_name": "John Doe",
        "content": "Hello!",
        "created_at": AT,
        "guest_info": {"id": 789, "name": "Guest Name", "room_number": "101"},
    },
}

NEW_CONVERSATION: dict[str, Any] = {
    "type": "new_conversation",
    "data": {
        "id": 123,
        "guest_name": "Guest Name",
        "department": "reception",
        "conversation_type": "general",
        "status": "active",
        "created_at": AT,
        "last_message_preview": "Hello, I need help",
    },
}

NEW_MESSAGE: dict[str, Any] = {
    "type": "conversation_update",
    "data": {
        "type": "new_message",
        "data": {
            "conversation_id": 123,
            "guest_name": "Guest Name",
            "department": "reception",
            "last_message_preview": "Thank you!",
            "last_message_at": "2024-01-01T12:05:00Z",
            "message_from": "Guest Name",
        },
    },
}

CLOSED: dict[str, Any] = {
    "type": "conversation_update",
    "data": {
        "type": "closed",
        "data": {
            "id": 123,
            "guest_name": "Guest Name",
            "department": "reception",
            "status": "closed",
            "updated_at": "2024-01-01T12:10:00Z",
        },
    },
}

USER_STATUS: dict[str, Any] = {
    "type": "user_status",
    "data": {"type": "user_connected", "user_id": 456, "user_name": "John Doe", "department": "reception"},
}

TYPING: dict[str, Any] = {
    "type": "typing",
    "data": {"conversation_id": 123, "user_id": 456, "user_name": "John Doe", "is_typing": True},
}

RECEIVED: dict[str, Any] = {
    "type": "acknowledgment",
    "status": "received",
    "message_id": 456,
    "conversation_id": 123,
    "timestamp": AT,
}

ERROR: dict[str, Any] = {"type": "error", "message": "Error description"}


def acknowledged(status: str) -> dict[str, Any]:
    """The form of all other acknowledgements."""
    return {"type": "acknowledgment", "status": status, "conversation_id": 123, "timestamp": AT}


def saying(printed: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A printed frame with other values, wherever in it a field of that name stands."""
    changed = {key: fields.get(key, each) for key, each in printed.items()}
    return {key: saying(each, **fields) if isinstance(each, dict) else each for key, each in changed.items()}


def assert_printed(frame: dict[str, Any], printed: dict[str, Any]) -> None:
    """Every printed field is there with its value, ids and moments with some of their own; more may stand beside."""
    for key, value in printed.items():
        assert key in frame, (key, frame)
        if isinstance(value, dict):
            assert_printed(frame[key], value)
        elif value is not None and (key == "id" or key.endswith("_id")):
            assert type(frame[key]) is int, (key, frame)
        elif isinstance(value, str) and value.startswith("2024-01-01T"):
            assert frame[key].endswith("Z"), (key, frame)
            assert frame[key][:2] == "20", (key, frame)
        else:
            assert frame[key] == value, (key, frame)
