"""Templates in Meta's words, one of each kind, as the tests list and fill them."""

from datetime import UTC, datetime
from typing import Any

from app.core.templates import StoredTemplate

PLAIN: list[dict[str, Any]] = [
    {"type": "HEADER", "format": "TEXT", "text": "Hello World"},
    {"type": "BODY", "text": "Welcome and congratulations!"},
    {"type": "FOOTER", "text": "The hotel's team"},
]
PROMOTION: list[dict[str, Any]] = [
    {"type": "HEADER", "format": "TEXT", "text": "Our {{1}} is on!", "example": {"header_text": ["Summer Sale"]}},
    {
        "type": "BODY",
        "text": "Book through {{1}} and use code {{2}} to get {{3}} off.",
        "example": {"body_text": [["the end of August", "25OFF", "25%"]]},
    },
    {"type": "FOOTER", "text": "Use the buttons below"},
    {
        "type": "BUTTONS",
        "buttons": [
            {"type": "QUICK_REPLY", "text": "Unsubscribe from Promos"},
            {"type": "QUICK_REPLY", "text": "Unsubscribe from All"},
        ],
    },
]
ROOM_READY: list[dict[str, Any]] = [
    {
        "type": "HEADER",
        "format": "TEXT",
        "text": "Room {{room_number}}",
        "example": {"header_text_named_params": [{"param_name": "room_number", "example": "101"}]},
    },
    {
        "type": "BODY",
        "text": "Dear {{guest_name}}, room {{room}} is ready, {{guest_name}}.",
        "example": {"body_text_named_params": [{"param_name": "guest_name", "example": "Inês"}]},
    },
]
CONFIRMATION: list[dict[str, Any]] = [
    {"type": "HEADER", "format": "DOCUMENT", "example": {"header_handle": ["4::YXBw"]}},
    {
        "type": "BODY",
        "text": "Thanks, {{1}}! Your booking is {{2}}.",
        "example": {"body_text": [["Mark", "860198"]]},
    },
    {
        "type": "BUTTONS",
        "buttons": [
            {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "16467043595"},
            {
                "type": "URL",
                "text": "View booking",
                "url": "https://hotel.example/bookings/{{1}}",
                "example": ["https://hotel.example/bookings/4711"],
            },
            {"type": "URL", "text": "Contact", "url": "https://hotel.example/contact"},
        ],
    },
]
WELCOME: list[dict[str, Any]] = [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Welcome, {{1}}!"}]
TOUR: list[dict[str, Any]] = [{"type": "HEADER", "format": "VIDEO"}, {"type": "BODY", "text": "Our house."}]
MEETING: list[dict[str, Any]] = [
    {"type": "HEADER", "format": "LOCATION"},
    {"type": "BODY", "text": "The shuttle for {{1}} waits here."},
]
COUPON: list[dict[str, Any]] = [
    {"type": "BODY", "text": "A drink on us, {{1}}."},
    {"type": "BUTTONS", "buttons": [{"type": "COPY_CODE", "text": "Copy offer code", "example": ["25OFF"]}]},
]


def template(
    components: list[dict[str, Any]], name: str = "welcome", *, named: bool = False, category: str = "UTILITY"
) -> StoredTemplate:
    """A template of these components, approved and stored."""
    return StoredTemplate(
        id=1,
        hotel_id=1,
        channel_id=1,
        provider_id="910000000000001",
        name=name,
        language="en",
        category=category,
        status="APPROVED",
        parameter_format="NAMED" if named else "POSITIONAL",
        components=components,
        disabled_reason=None,
        listed_at=datetime(2026, 11, 20, tzinfo=UTC),
    )
