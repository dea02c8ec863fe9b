"""From what is to be said to messages, and from a message to what its channel sends."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.channels.base import (
    Choice,
    LocationOut,
    MediaOut,
    MenuOut,
    NotSendable,
    ReactionOut,
    TemplateOut,
    TextOut,
)
from app.channels.whatsapp import WhatsApp
from app.core.links import GuestLinks
from app.core.types import MessageOrigin, MessageType, Platform
from app.services.sending.outgoing import content_of, file_type, menu_pieces
from app.store.deliveries import ClaimedDelivery

OPTIONS = [{"id": "yes", "number": 1, "label": "Yes"}, {"id": "no", "number": 2, "label": "No"}]
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def delivery(kind: MessageType, content: str = "", **more: Any) -> ClaimedDelivery:
    return ClaimedDelivery(
        **{
            "id": 1,
            "hotel_id": 1,
            "channel_id": 1,
            "conversation_id": 1,
            "message_id": 1,
            "address": "351912345678",
            "attempts": 1,
            "repeated": False,
            "lease_token": uuid4(),
            "claimed_at": NOW,
            "leased_until": NOW,
            "created_at": NOW,
            "platform": Platform.WHATSAPP,
            "origin": MessageOrigin.STAFF,
            "type": kind,
            "content": content,
            "details": {},
            "reply_to": None,
            "is_group": False,
            "media_id": None,
            "window_opened_at": None,
            "channel_level": 0,
            "account_level": 0,
            "opted_out_at": None,
            "credentials": b"",
            **more,
        }
    )


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        (delivery(MessageType.TEXT, "Hello"), TextOut(text="Hello")),
        (
            delivery(MessageType.TEXT, "Well?", details={"options": OPTIONS, "opens": "Elegir"}),
            MenuOut(text="Well?", choices=(Choice(id="yes", title="Yes"), Choice(id="no", title="No")), opens="Elegir"),
        ),
        (
            delivery(MessageType.DOCUMENT, "Our menu", media_id=7, details={"filename": "menu.pdf"}),
            MediaOut(type=MessageType.DOCUMENT, upload_id="u7", caption="Our menu", filename="menu.pdf"),
        ),
        (
            delivery(
                MessageType.LOCATION, "Here", details={"location": {"latitude": 1.5, "longitude": 2, "name": "Here"}}
            ),
            LocationOut(latitude=1.5, longitude=2, name="Here"),
        ),
        (delivery(MessageType.REACTION, "👍", reply_to="wamid.1"), ReactionOut(target="wamid.1", emoji="👍")),
        (
            delivery(
                MessageType.TEMPLATE, "Hi", details={"template": {"name": "hi", "language": "en", "components": []}}
            ),
            TemplateOut(name="hi", language="en"),
        ),
    ],
    ids=lambda each: each.type if isinstance(each, ClaimedDelivery) else "",
)
def test_a_stored_message_leaves_as_what_it_is(stored: ClaimedDelivery, sent: object) -> None:
    assert content_of(stored, upload_id="u7") == sent


async def test_the_options_of_a_long_text_go_with_its_end() -> None:
    async with httpx.AsyncClient() as client:
        channel = WhatsApp(client, base_url="http://127.0.0.1:1", version="v23.0")
        text = "word " * 900 + "\n\nWell?"

        first, second = menu_pieces(channel, text, OPTIONS, "Choose")

    assert first.extra == {}
    assert second.extra == {"options": OPTIONS, "opens": "Choose"}
    assert len(first.content) <= 4096
    assert second.content.endswith("Well?")


@pytest.mark.parametrize(
    ("mime_type", "kind"),
    [
        ("image/jpeg", MessageType.IMAGE),
        ("image/webp", MessageType.STICKER),
        ("video/mp4", MessageType.VIDEO),
        ("audio/ogg", MessageType.AUDIO),
        ("application/pdf", MessageType.DOCUMENT),
        ("", MessageType.DOCUMENT),
    ],
)
def test_a_file_is_sent_as_what_it_is(mime_type: str, kind: MessageType) -> None:
    assert file_type(mime_type) is kind


LINK = {"id": 7, "stay_id": 41, "number": "5511961234567", "expires": int(NOW.timestamp()) + 60}
LINKS = GuestLinks("a-secret-of-the-tests-with-32-bytes-or-more", "https://desk.example", lambda: NOW)


@pytest.mark.parametrize("address", ["5511961234567", "551161234567"])
def test_a_guests_link_is_put_to_the_sentence_when_it_leaves_for_their_number(address: str) -> None:
    leaving = delivery(MessageType.TEXT, "Your link:", address=address, details={"guest_link": LINK})

    sent = content_of(leaving, guest_links=LINKS)

    assert isinstance(sent, TextOut)
    assert sent.text.startswith("Your link:\nhttps://desk.example/guest/#token=7.41.5511961234567.")


@pytest.mark.parametrize(
    ("address", "expires", "links"),
    [
        pytest.param("351912345678", LINK["expires"], LINKS, id="another number"),
        pytest.param("5511961234567", int(NOW.timestamp()), LINKS, id="run out"),
        pytest.param("5511961234567", LINK["expires"], None, id="where none are made"),
    ],
)
def test_a_guests_link_leaves_for_nobody_else_and_not_late(
    address: str, expires: int, links: GuestLinks | None
) -> None:
    leaving = delivery(MessageType.TEXT, "x", address=address, details={"guest_link": LINK | {"expires": expires}})

    with pytest.raises(NotSendable):
        content_of(leaving, guest_links=links)
