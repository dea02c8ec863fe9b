"""Messages in the words of the staff's chat: who wrote them, what they are called, what stands for their file."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from app.contracts.chat_messages import chat_message, chat_status, chat_type
from app.core.desk_views import DeskStatus
from app.core.links import MediaLinks
from app.core.types import (
    ConversationStatus,
    DeliveryStatus,
    MediaState,
    MessageOrigin,
    MessageType,
    Platform,
    SenderType,
)
from app.core.views import ConversationRef, MediaView, MessageView

LINKS = MediaLinks("k" * 32, "https://lobby.example")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ABOUT = ConversationRef(
    id=1,
    hotel_id=1,
    stay_id=None,
    guest_id=2,
    guest_name="John Doe",
    guest_phone="+1234567890",
    room_number=None,
    floor=None,
    platform=Platform.WHATSAPP,
    status=ConversationStatus.RELAY,
    department=None,
    assignee_id=None,
)
GUESTS = MessageView(
    id=3,
    conversation_id=1,
    sender_type=SenderType.GUEST,
    sender_name="John Doe",
    staff_user_id=None,
    origin=MessageOrigin.GUEST,
    type=MessageType.TEXT,
    content="Hello",
    delivery_status=None,
    delivery_error=None,
    client_message_id=None,
    created_at=NOON,
    provider_timestamp=None,
)
STAFFS = replace(
    GUESTS,
    sender_type=SenderType.STAFF,
    origin=MessageOrigin.STAFF,
    staff_user_id=7,
    delivery_status=DeliveryStatus.SENT,
)
FLOWS = replace(GUESTS, sender_type=SenderType.SYSTEM, origin=MessageOrigin.FLOW, delivery_status=DeliveryStatus.SENT)
FILE = MediaView(
    id=9,
    state=MediaState.STORED,
    mime_type="image/jpeg",
    filename="pool.jpg",
    size=10,
    width=1,
    height=1,
    voice=False,
    has_thumbnail=False,
    restricted=False,
    error=None,
)


def shown(view: MessageView) -> dict[str, Any]:
    return chat_message(view, ABOUT, LINKS).model_dump(mode="json")


def test_what_the_flow_wrote_is_staffs_by_nobody_and_of_the_system() -> None:
    written = [
        (each["sender_type"], each["sender"], each["message_type"]) for each in map(shown, (GUESTS, STAFFS, FLOWS))
    ]

    assert written == [("guest", None, "text"), ("staff", 7, "text"), ("staff", None, "system")]


@pytest.mark.parametrize(
    ("kind", "called"),
    [
        (MessageType.TEXT, "text"),
        (MessageType.IMAGE, "image"),
        (MessageType.STICKER, "image"),
        (MessageType.DOCUMENT, "document"),
        (MessageType.AUDIO, "document"),
        (MessageType.VIDEO, "document"),
        (MessageType.LOCATION, "text"),
        (MessageType.CONTACTS, "text"),
        (MessageType.INTERACTIVE, "text"),
        (MessageType.BUTTON, "text"),
        (MessageType.REACTION, "text"),
        (MessageType.ORDER, "text"),
        (MessageType.TEMPLATE, "text"),
        (MessageType.UNSUPPORTED, "text"),
    ],
)
def test_every_kind_of_message_is_one_of_the_chats_four(kind: MessageType, called: str) -> None:
    assert chat_type(replace(GUESTS, type=kind)) == called
    assert shown(replace(GUESTS, type=kind))["kind"] == kind


def test_a_stored_file_has_a_signed_address_and_its_name() -> None:
    message = shown(replace(GUESTS, type=MessageType.IMAGE, media=FILE))

    assert message["media_url"] == message["media"]["url"]
    assert message["media_url"].startswith("https://lobby.example/api/media/9/original/?expires=")
    assert message["media_filename"] == "pool.jpg"


@pytest.mark.parametrize(
    "file",
    [replace(FILE, state=MediaState.PENDING), replace(FILE, state=MediaState.REFUSED), replace(FILE, restricted=True)],
    ids=["on its way", "refused", "an identity document"],
)
def test_a_file_that_may_not_be_shown_has_no_address(file: MediaView) -> None:
    assert shown(replace(GUESTS, media=file, details={"media_url": "https://elsewhere.example"}))["media_url"] is None


def test_an_address_that_came_as_text_is_shown_as_it_is() -> None:
    told = {"media_url": "anything at all", "media_filename": "x.pdf"}

    message = shown(replace(GUESTS, details=told))
    assert (message["media_url"], message["media_filename"], message["media"]) == ("anything at all", "x.pdf", None)
    for strange in ({}, {"media_url": 1, "media_filename": ["x"]}):
        message = shown(replace(GUESTS, details=strange))
        assert (message["media_url"], message["media_filename"]) == (None, None)


def test_a_guests_message_is_read_by_the_hotel_and_ours_by_the_guest() -> None:
    later = NOON + timedelta(minutes=1)

    assert shown(GUESTS)["is_read"] is False
    assert shown(replace(GUESTS, read_at=later))["is_read"] is True
    by_status = [shown(replace(STAFFS, delivery_status=each))["is_read"] for each in DeliveryStatus]
    read = {DeliveryStatus.READ, DeliveryStatus.PLAYED}
    assert by_status == [each in read for each in DeliveryStatus]


def test_a_message_was_updated_when_it_last_changed_or_was_read() -> None:
    moments = [NOON + timedelta(minutes=minutes) for minutes in range(4)]
    created, edited, read, revoked = moments

    assert shown(GUESTS)["updated_at"] == "2026-11-20T12:00:00Z"
    assert shown(replace(GUESTS, edited_at=edited))["updated_at"] == "2026-11-20T12:01:00Z"
    assert shown(replace(GUESTS, edited_at=edited, read_at=read))["updated_at"] == "2026-11-20T12:02:00Z"
    whole = replace(GUESTS, created_at=created, edited_at=edited, read_at=read, revoked_at=revoked)
    assert shown(whole)["updated_at"] == "2026-11-20T12:03:00Z"


def test_whatever_is_open_reads_active_and_whatever_was_put_away_archived() -> None:
    for status in ConversationStatus:
        wanted = DeskStatus.CLOSED if status is ConversationStatus.CLOSED else DeskStatus.ACTIVE
        assert chat_status(replace(ABOUT, status=status)) is wanted
        assert chat_status(replace(ABOUT, status=status, is_archived=True)) is DeskStatus.ARCHIVED
