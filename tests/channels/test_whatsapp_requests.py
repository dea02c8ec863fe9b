"""Every kind of content leaves as Meta wants it: over real HTTP, to a fake Meta that is as strict as the real one."""

from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from app.channels.base import (
    Choice,
    LocationOut,
    MediaOut,
    MenuOut,
    Outgoing,
    OutgoingContent,
    ReactionOut,
    SendOutcome,
    SendResult,
    TemplateOut,
    TextOut,
)
from app.channels.whatsapp import WhatsApp
from app.core.types import MessageType
from tests.channels.conftest import CREDENTIALS, HOTEL_NUMBER, TOKEN
from tests.channels.whatsapp_payloads import GUEST, GUEST_USER_ID

JPEG = b"\xff\xd8\xff\xe0" + bytes(64)
WEBP = b"RIFF\x40\x00\x00\x00WEBPVP8 " + bytes(64)
FILES = {
    MessageType.IMAGE: ("image/jpeg", JPEG),
    MessageType.VIDEO: ("video/mp4", bytes(64)),
    MessageType.AUDIO: ("audio/ogg", bytes(64)),
    MessageType.DOCUMENT: ("application/pdf", b"%PDF-1.7"),
    MessageType.STICKER: ("image/webp", WEBP),
}


class Meta:
    """The channel, and what the fake Meta has taken from it."""

    def __init__(self, channel: WhatsApp, client: httpx.AsyncClient, url: str) -> None:
        self.channel = channel
        self._client = client
        self._url = url

    async def send(self, content: OutgoingContent, **more: Any) -> SendResult:
        message = Outgoing(delivery_id=4711, content=content, **{"to": GUEST, **more})
        return await self.channel.send(message, account=HOTEL_NUMBER, credentials=CREDENTIALS)

    async def accepted(self, content: OutgoingContent, **more: Any) -> dict[str, Any]:
        """The body that was taken, without what all have in common."""
        result = await self.send(content, **more)
        assert result.outcome is SendOutcome.ACCEPTED, result
        body: dict[str, Any] = (await self._client.get(f"{self._url}/_fake/sent")).json()[-1]["body"]
        assert body.pop("messaging_product") == "whatsapp"
        assert body.pop("biz_opaque_callback_data") == "4711"
        return body

    async def upload(self, kind: MessageType) -> str:
        mime_type, data = FILES[kind]
        answer = await self._client.post(
            f"{self._url}/v23.0/{HOTEL_NUMBER}/media",
            headers={"Authorization": f"Bearer {TOKEN}"},
            data={"messaging_product": "whatsapp", "type": mime_type},
            files={"file": ("file", data, mime_type)},
        )
        upload_id: str = answer.raise_for_status().json()["id"]
        return upload_id


@pytest.fixture
def meta(sender: WhatsApp, client: httpx.AsyncClient, graph: str) -> Meta:
    return Meta(sender, client, graph)


TO_THE_GUEST = {"recipient_type": "individual", "to": f"+{GUEST}"}


def menu(*titles: str, text: str = "What may we do for you?") -> MenuOut:
    choices = tuple(Choice(id=f"choice_{number}", title=title) for number, title in enumerate(titles, start=1))
    return MenuOut(text=text, choices=choices, opens="Choose")


async def test_up_to_three_short_choices_are_buttons(meta: Meta) -> None:
    for titles in (("Yes",), ("Yes", "No", "x" * 20)):
        replies = [{"id": f"choice_{number}", "title": title} for number, title in enumerate(titles, start=1)]
        assert await meta.accepted(menu(*titles)) == {
            **TO_THE_GUEST,
            "type": "interactive",
            "interactive": {
                "type": "button",
                "body": {"text": "What may we do for you?"},
                "action": {"buttons": [{"type": "reply", "reply": reply} for reply in replies]},
            },
        }


@pytest.mark.parametrize("titles", [("Room 1", "Room 2", "Room 3", "Room 4"), ("Yes", "x" * 24), ("Same", "Same")])
async def test_more_or_longer_ones_are_a_list(meta: Meta, titles: tuple[str, ...]) -> None:
    body = await meta.accepted(menu(*titles))

    assert body["interactive"] == {
        "type": "list",
        "body": {"text": "What may we do for you?"},
        "action": {
            "button": "Choose",
            "sections": [
                {"rows": [{"id": f"choice_{number}", "title": each} for number, each in enumerate(titles, start=1)]}
            ],
        },
    }


async def test_a_list_has_up_to_ten_rows_with_their_descriptions(meta: Meta) -> None:
    choices = tuple(Choice(id=str(number), title=f"Room {number}", description="d" * 80) for number in range(10))

    body = await meta.accepted(MenuOut(text="Which?", choices=choices, opens="x" * 30))

    action = body["interactive"]["action"]
    assert action["button"] == "x" * 20
    assert action["sections"][0]["rows"][9] == {"id": "9", "title": "Room 9", "description": "d" * 72}


@pytest.mark.parametrize(
    "content",
    [
        menu(*(f"Room {number}" for number in range(11))),
        menu("Yes", "x" * 25),
        menu("Yes", "No", text="x" * 1025),
        menu("Yes", " "),
        menu(),
        MenuOut(text="Which?", choices=(Choice(id="a", title="A"), Choice(id="a", title="B")), opens="Choose"),
        MenuOut(text="Which?", choices=(Choice(id="a" * 201, title="A"),), opens="Choose"),
    ],
    ids=["eleven", "long_title", "long_text", "blank_title", "none", "same_ids", "long_id"],
)
async def test_a_menu_that_whatsapp_cannot_show_leaves_as_its_text(meta: Meta, content: MenuOut) -> None:
    body = await meta.accepted(content)

    assert (body["type"], body["text"]["body"]) == ("text", content.text)


@pytest.mark.parametrize("kind", [MessageType.IMAGE, MessageType.VIDEO, MessageType.DOCUMENT])
async def test_a_file_leaves_with_its_caption(meta: Meta, kind: MessageType) -> None:
    upload_id = await meta.upload(kind)

    body = await meta.accepted(MediaOut(type=kind, upload_id=upload_id, caption="c" * 1024, filename="Menu.pdf"))

    named = {"filename": "Menu.pdf"} if kind is MessageType.DOCUMENT else {}
    assert body == {**TO_THE_GUEST, "type": kind, kind: {"id": upload_id, "caption": "c" * 1024, **named}}


@pytest.mark.parametrize("kind", [MessageType.AUDIO, MessageType.STICKER])
async def test_sounds_and_stickers_leave_bare(meta: Meta, kind: MessageType) -> None:
    upload_id = await meta.upload(kind)

    body = await meta.accepted(MediaOut(type=kind, upload_id=upload_id, filename="hello.ogg"))

    assert body == {**TO_THE_GUEST, "type": kind, kind: {"id": upload_id}}


async def test_a_place_leaves_with_its_name_if_it_has_one(meta: Meta) -> None:
    where = {"latitude": 38.6916, "longitude": -9.216}
    place = LocationOut(latitude=38.6916, longitude=-9.216)

    whole = await meta.accepted(replace(place, name="Torre de Belém", address="Av. Brasília"))
    bare = await meta.accepted(place)

    assert whole == {
        **TO_THE_GUEST,
        "type": "location",
        "location": {**where, "name": "Torre de Belém", "address": "Av. Brasília"},
    }
    assert bare["location"] == where


@pytest.mark.parametrize("emoji", ["👍", "❤️", "👩🏽‍🍳", "🇵🇹", "1️⃣", ""])
async def test_a_reaction_names_its_message_and_quotes_none(meta: Meta, emoji: str) -> None:
    body = await meta.accepted(ReactionOut(target="wamid.A1", emoji=emoji), reply_to="wamid.A1")

    assert body == {**TO_THE_GUEST, "type": "reaction", "reaction": {"message_id": "wamid.A1", "emoji": emoji}}


async def test_a_template_leaves_with_what_was_filled_in(meta: Meta) -> None:
    filled = {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "11:00"}]}

    body = await meta.accepted(TemplateOut(name="checkout_reminder", language="en", components=(filled,)))

    assert body == {
        **TO_THE_GUEST,
        "type": "template",
        "template": {"name": "checkout_reminder", "language": {"code": "en"}, "components": [filled]},
    }


async def test_everything_but_a_reaction_can_quote(meta: Meta) -> None:
    for content in (TextOut(text="Yes."), menu("Yes"), LocationOut(latitude=0, longitude=0)):
        assert (await meta.accepted(content, reply_to="wamid.A1"))["context"] == {"message_id": "wamid.A1"}


@pytest.mark.parametrize("content", [TextOut(text="Hi"), menu("Yes"), LocationOut(latitude=0, longitude=0)])
async def test_groups_and_guests_without_a_number_are_reached_with_all_of_it(
    meta: Meta, content: OutgoingContent
) -> None:
    to_a_group = await meta.accepted(content, to="Y2FwaV9ncm91cDox", to_group=True)
    to_a_user = await meta.accepted(content, to=GUEST_USER_ID)

    assert (to_a_group["recipient_type"], to_a_group["to"]) == ("group", "Y2FwaV9ncm91cDox")
    assert (to_a_user["recipient_type"], to_a_user["recipient"]) == ("individual", GUEST_USER_ID)
    assert "to" not in to_a_user


@pytest.mark.parametrize("address", ["", "two words", "x" * 255, "grüppe"])
async def test_an_address_that_is_no_groups_is_refused_without_asking(channel: WhatsApp, address: str) -> None:
    message = Outgoing(delivery_id=1, to=address, content=TextOut(text="Hi"), to_group=True)

    result = await channel.send(message, account=HOTEL_NUMBER, credentials=CREDENTIALS)

    assert result.outcome is SendOutcome.REFUSED


@pytest.mark.parametrize(
    "content",
    [
        MediaOut(type=MessageType.IMAGE, upload_id=""),
        MediaOut(type=MessageType.IMAGE, upload_id="1", caption="c" * 1025),
        MediaOut(type=MessageType.TEXT, upload_id="1"),
        LocationOut(latitude=91, longitude=0),
        LocationOut(latitude=0, longitude=float("nan")),
        ReactionOut(target="", emoji="👍"),
        ReactionOut(target="wamid.A1", emoji="no"),
        TemplateOut(name="", language="en"),
        menu("Yes", text="\u200b"),
    ],
)
async def test_what_whatsapp_would_not_take_is_refused_without_asking(
    channel: WhatsApp, content: OutgoingContent
) -> None:
    message = Outgoing(delivery_id=1, to=GUEST, content=content)

    result = await channel.send(message, account=HOTEL_NUMBER, credentials=CREDENTIALS)

    assert result.outcome is SendOutcome.REFUSED
    assert result.detail


async def test_a_message_is_marked_as_read_and_typing_is_shown(
    sender: WhatsApp, client: httpx.AsyncClient, graph: str
) -> None:
    (await client.patch(f"{graph}/_fake/config", json={"reads": "any"})).raise_for_status()
    for typing in (False, True):
        result = await sender.mark_read(
            "wamid.G1", to=GUEST, typing=typing, account=HOTEL_NUMBER, credentials=CREDENTIALS
        )
        assert result == SendResult(outcome=SendOutcome.ACCEPTED, external_id="wamid.G1")

    read = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.G1"}
    requests = (await client.get(f"{graph}/_fake/requests")).json()
    assert [each["body"] for each in requests] == [read, {**read, "typing_indicator": {"type": "text"}}]


async def test_a_mark_that_meta_refuses_says_so(sender: WhatsApp, client: httpx.AsyncClient, graph: str) -> None:
    (await client.patch(f"{graph}/_fake/config", json={"reads": "known"})).raise_for_status()

    result = await sender.mark_read(
        "wamid.nobody", to=GUEST, typing=False, account=HOTEL_NUMBER, credentials=CREDENTIALS
    )

    assert (result.outcome, result.code) == (SendOutcome.MALFORMED, 131009)
