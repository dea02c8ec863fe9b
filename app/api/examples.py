"""What errors read like, one of each code, for the API's description: sentences that the services really say."""

from typing import Any, Final

_FIELDS: Final = "Some fields are not right."
_SHORT: Final = "The text is empty."

_SAID: Final[dict[str, tuple[str, dict[str, Any] | None]]] = {
    "bad_fields": (_FIELDS, {"conversation_id": ["Field required"]}),
    "bad_body": ("The body cannot be read.", {"body": ["It must be a JSON object."]}),
    "empty_text": (_SHORT, {"text": [_SHORT]}),
    "text_too_long": (
        "The text has 40000 characters; at most 8 messages of 4096 can be sent.",
        {"text": ["The text has 40000 characters; at most 8 messages of 4096 can be sent."]},
    ),
    "caption_too_long": (
        "The caption has 1500 characters; WhatsApp takes 1024.",
        {"text": ["The caption has 1500 characters; WhatsApp takes 1024."]},
    ),
    "no_location": (
        "Instagram has no places; an address can be written.",
        {"location": ["Instagram has no places; an address can be written."]},
    ),
    "bad_media_type": (
        "Instagram takes no file of the type sticker.",
        {"media_id": ["Instagram takes no file of the type sticker."]},
    ),
    "no_caption": (
        "WhatsApp shows no text beside audio.",
        {"text": ["WhatsApp shows no text beside audio."]},
    ),
    "bad_coordinates": ("There is no such place on earth.", {"location": ["There is no such place on earth."]}),
    "no_such_file": ("There is no such file to send.", {"media_id": ["No uploaded file that can be sent."]}),
    "no_such_message": (
        "There is no such message to reply to in this conversation.",
        {"reply_to_message_id": ["No message of this conversation."]},
    ),
    "bad_emoji": ("A reaction is one emoji.", {"emoji": ["A reaction is one emoji."]}),
    "bad_phone": (
        "This is not a phone number with its country code.",
        {"guest_whatsapp_number": ["is not a phone number with its country code, such as +351912345678"]},
    ),
    "no_such_user": (
        "There is no such user who could take care of this conversation.",
        {"user_id": ["No active staff user who sees this conversation."]},
    ),
    "bad_template_values": ("The template cannot be filled with these values.", {"body": ["Field required"]}),
    "template_not_sendable": (
        "This template cannot be sent now. Its status with the provider is PAUSED.",
        {"status": "PAUSED"},
    ),
    "bad_chat_id": (
        "This cannot be the id of a chat.",
        {"chat_id": ["1 to 128 letters, digits and characters of _ - . : @ ~ + =."]},
    ),
    "csrf_failed": ("The header X-CSRFToken is missing or wrong.", None),
    "no_such_channel": ("There is no such web chat.", None),
    "no_such_chat": ("There is no such chat.", None),
    "too_many_requests": ("You have written very much in a short time. Please wait.", None),
    "no_active_stay": ("No guest with this number stays here now.", None),
    "unauthenticated": ("Please sign in first.", None),
    "bad_signature": ("The signature does not match.", None),
    "forbidden": ("This conversation belongs to another department.", None),
    "bad_verify_token": ("The verify token is not one of ours.", None),
    "not_found": ("There is no such conversation.", None),
    "not_stored": ("This file is still on its way.", {"state": "pending", "error": None}),
    "no_such_template": ("This conversation's channel has no such template.", None),
    "no_such_guest": ("No guest of this hotel has this number.", None),
    "no_such_page": ("There is no such page.", None),
    "no_such_stay": (
        "Not just one stay is meant: name one that goes on, or is to begin, as stay_id.",
        {"stay_ids": []},
    ),
    "already_decided": (
        "This claim is decided already.",
        {"status": "confirmed", "stay_id": 12, "decided_by": 7, "decided_by_name": "John Doe"},
    ),
    "username_taken": (
        "A user with that username already exists.",
        {"username": ["A user with that username already exists."]},
    ),
    "window_closed": (
        "The guest last wrote more than 24 hours ago: only a template can be sent until they write.",
        {"window_closes_at": "2026-01-01T12:00:00Z", "conversation_id": 123},
    ),
    "conversation_open": ("The guest has another open conversation with this department.", {"conversation_id": 124}),
    "conversation_closed": ("This conversation is closed.", {"status": "closed"}),
    "already_closed": ("This conversation is closed already.", {"status": "closed"}),
    "not_closed": ("This conversation is open.", {"status": "active"}),
    "already_there": ("This conversation is with that department already.", {"department": "room_service"}),
    "moved_meanwhile": ("Somebody else has moved this conversation meanwhile.", {"department": "room_service"}),
    "already_assigned": (
        "This conversation is assigned to John Doe.",
        {"assignee_id": 7, "assignee_name": "John Doe"},
    ),
    "prioritised_meanwhile": ("Somebody else has changed the priority meanwhile.", {"priority": 3}),
    "no_channel": ("No channel of the hotel leads to this guest.", None),
    "client_message_id_used": (
        "This client_message_id was used for another conversation.",
        {"client_message_id": ["0b8f6f0e-7c1f-4a55-9d8e-2f6c1d1f6a11"]},
    ),
    "opted_out": ("This guest has asked not to be written to unasked.", None),
    "no_reaction": ("Only a guest's message can be reacted to, while it is there.", None),
    "not_failed": (
        "This message has not failed, or is being sent again already.",
        {"delivery_status": "delivered"},
    ),
    "request_not_failed": ("This request has not failed.", {"status": "COMPLETED"}),
    "channel_not_in_use": ("The web chat of this request is not in use.", None),
    "not_paused": ("This channel is not paused.", None),
    "not_in_relay": ("This conversation is not relayed to staff.", {"status": "active"}),
    "no_business_account": (
        "This channel has no business account, whose templates could be listed: give its business_account_id in the "
        "hotel's file.",
        None,
    ),
    "provider_refused": ("The provider does not list the templates. The provider gave no reason.", None),
    "not_staying": ("The guest of this conversation is not staying just now.", None),
    "not_to_their_number": ("This link is for another number.", None),
    "gone": ("This file was deleted.", None),
    "link_used": ("This link has been used already. Please ask the hotel for a new one.", None),
    "too_big": ("The body is larger than 1048576 bytes.", None),
    "unsupported_media_type": (
        "The body must be application/json, application/x-www-form-urlencoded or multipart/form-data, and say so.",
        None,
    ),
    "provider_unavailable": ("The templates could not be fetched just now. The provider gave no reason.", None),
    "internal_error": ("Something went wrong here. It has been logged.", None),
}


def examples(*codes: str) -> dict[str, Any]:
    """For ``content`` of a response: one body of each code, without what it has not."""
    return {"application/json": {"examples": {code: {"value": _body(code)} for code in codes}}}


def _body(code: str) -> dict[str, Any]:
    sentence, details = _SAID[code]
    return {"error": sentence, "code": code} | ({} if details is None else {"details": details})
