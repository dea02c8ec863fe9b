"""What document 1 prints, as it prints it: its samples of answers, and its webhook payloads."""

from typing import Any

LISTED: dict[str, Any] = {
    "count": 1,
    "next": None,
    "previous": None,
    "results": [
        {
            "id": 1,
            "stay_id": 1,
            "guest_name": "John Doe",
            "room_number": "101",
            "status": "relay",
            "department_name": "Reception",
            "last_message": {
                "content": "Hello, I need help with...",
                "timestamp": "2025-09-23T10:30:00Z",
                "sender_type": "guest",
            },
            "updated_at": "2025-09-23T10:30:00Z",
        }
    ],
}

DETAIL: dict[str, Any] = {
    "id": 1,
    "stay_id": 1,
    "guest_name": "John Doe",
    "room_number": "101",
    "guest_phone": "+1234567890",
    "status": "relay",
    "department_name": "Reception",
    "context_data": {},
    "created_at": "2025-09-23T10:00:00Z",
    "updated_at": "2025-09-23T10:30:00Z",
}

ACTIVE: list[dict[str, Any]] = [
    {
        "id": 2,
        "stay_id": 2,
        "guest_name": "Jane Smith",
        "room_number": "102",
        "status": "active",
        "department_name": None,
        "last_message": None,
        "updated_at": "2025-09-23T09:00:00Z",
    }
]

MESSAGES: list[dict[str, Any]] = [
    {
        "id": 1,
        "content": "Hello, I need help with my room service.",
        "sender_type": "guest",
        "sender_name": "John Doe",
        "timestamp": "2025-09-23T10:15:00Z",
    },
    {
        "id": 2,
        "content": "Sure, I'm connecting you with our room service team.",
        "sender_type": "staff",
        "sender_name": "Reception Staff",
        "timestamp": "2025-09-23T10:16:00Z",
    },
]

SEND: dict[str, Any] = {"text": "Hello, how can I help you today?"}

SENT: dict[str, Any] = {
    "id": 3,
    "content": "Hello, how can I help you today?",
    "sender_type": "staff",
    "sender_name": "Reception Staff",
    "timestamp": "2025-09-23T10:30:00Z",
}

RELAY_ENDED: dict[str, Any] = {"status": "relay ended"}


def _payload(name: str, number: str, message: dict[str, Any]) -> dict[str, Any]:
    return {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": "your_business_account_id",
                "changes": [
                    {
                        "value": {
                            "messaging_product": "whatsapp",
                            "metadata": {
                                "display_phone_number": "your_business_phone_number",
                                "phone_number_id": "your_phone_number_id",
                            },
                            "contacts": [{"profile": {"name": name}, "wa_id": number}],
                            "messages": [message],
                        },
                        "field": "messages",
                    }
                ],
            }
        ],
    }


TEXT_PAYLOAD = _payload(
    "John Doe",
    "1234567890",
    {
        "id": "wamid.HBgLMTY0MDk5NTIwMDAwE...",
        "from": "1234567890",
        "timestamp": "1640995200",
        "text": {"body": "Hello, I need help with my room."},
        "type": "text",
    },
)
"""Payload Format: a typical text message."""

IMAGE_PAYLOAD = _payload(
    "Jane Smith",
    "0987654321",
    {
        "id": "wamid.HBgLMTY0MDk5NTIwMDAwE...",
        "from": "0987654321",
        "timestamp": "1640995300",
        "image": {
            "mime_type": "image/jpeg",
            "sha256": "hash_value",
            "id": "media_id",
            "caption": "My ID document",
        },
        "type": "image",
    },
)
"""Payload Format: a media message."""

FIRST_PAYLOAD = _payload(
    "John Doe",
    "1234567890",
    {
        "id": "wamid.HBgLMTY0MDk5NTIwMDAwE...",
        "from": "1234567890",
        "timestamp": "1640995200",
        "text": {"body": "Hello"},
        "type": "text",
    },
)
"""Initiating a Conversation."""
