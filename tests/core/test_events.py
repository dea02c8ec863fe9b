"""Events as they are kept: a release reads those of the one before it, for sockets resume across an upgrade."""

import json

from app.core.events import MessageCreated, UnknownEvent, decode
from app.core.types import Platform, SenderType

CONVERSATION = {
    "id": 7,
    "hotel_id": 1,
    "stay_id": 3,
    "guest_id": 5,
    "guest_name": "John Doe",
    "guest_phone": "+351912345678",
    "room_number": "101",
    "floor": 1,
    "platform": "WhatsApp",
    "status": "relay",
    "department": "Reception",
    "assignee_id": None,
}
MESSAGE = {
    "id": 11,
    "conversation_id": 7,
    "sender_type": "guest",
    "sender_name": "John Doe",
    "staff_user_id": None,
    "origin": "guest",
    "type": "text",
    "content": "Hello",
    "delivery_status": None,
    "delivery_error": None,
    "client_message_id": None,
    "created_at": "2026-11-19T09:30:00Z",
    "provider_timestamp": "2026-11-19T09:29:58Z",
}
"""Both as the first release wrote them, before there were files and windows."""


def test_a_message_that_the_first_release_told_is_still_told() -> None:
    event = decode(json.dumps({"type": "message.created", "conversation": CONVERSATION, "message": MESSAGE}))

    assert isinstance(event, MessageCreated)
    assert (event.message.id, event.message.content, event.message.sender_type) == (11, "Hello", SenderType.GUEST)
    assert (event.message.details, event.message.media, event.message.is_note) == ({}, None, False)
    assert (event.conversation.platform, event.conversation.window_closes_at) == (Platform.WHATSAPP, None)


def test_what_a_later_release_tells_is_passed_over() -> None:
    assert decode(json.dumps({"type": "message.sung", "conversation": CONVERSATION})) == UnknownEvent()
