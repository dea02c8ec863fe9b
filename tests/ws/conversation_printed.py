"""What document 4 prints of its objects, as it prints them; and how a test compares."""

from typing import Any

CUSTOMER: dict[str, Any] = {"id": 1, "first_name": "John", "last_name": "Doe", "source": "telegram"}

MESSAGE: dict[str, Any] = {
    "id": "msg123",
    "content": "Hello, how can I help you?",
    "type": "support",
    "customer": CUSTOMER,
    "is_ai_response": False,
    "is_answered": True,
    "created_at": "2024-01-15T10:30:00Z",
}

CONVERSATION: dict[str, Any] = {
    "id": "conv123",
    "title": "telegram - John Doe",
    "status": "active",
    "customer": {**CUSTOMER, "profile_picture": "https://example.com/profile.jpg"},
    "priority": 1,
    "created_at": "2024-01-15T09:00:00Z",
    "updated_at": "2024-01-15T10:30:00Z",
    "last_message": {
        "id": "msg123",
        "content": "Hello, how can I help you?",
        "type": "customer",
        "created_at": "2024-01-15T10:30:00Z",
    },
    "unread_count": 3,
}


def assert_printed(shown: dict[str, Any], printed: dict[str, Any], **values: Any) -> None:
    """Every printed field is there, of the printed kind; those named in ``values``, wherever they stand, with that
    value. More may stand beside."""
    for key, value in printed.items():
        assert key in shown, (key, shown)
        if isinstance(value, dict):
            assert_printed(shown[key], value, **values)
        elif key in values:
            assert shown[key] == values[key], (key, shown)
        elif key == "id":
            assert type(shown[key]) is type(value), (key, shown)
            assert int(shown[key]) > 0, (key, shown)
        elif key.endswith("_at"):
            assert shown[key].startswith("20"), (key, shown)
            assert shown[key].endswith("Z"), (key, shown)
        else:
            assert type(shown[key]) is type(value), (key, shown)
