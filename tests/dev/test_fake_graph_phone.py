"""The guest's side of the fake Meta: every kind of message goes out in Meta's form, and the phone shows both sides."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.channels.items import Edited, IdentityChanged, Revoked
from tests.dev.meta import FIRST, GUEST, TEXT, USER_ID, Graph, running

Json = dict[str, Any]


@pytest.fixture
async def graph() -> AsyncIterator[Graph]:
    async with running() as graph:
        yield graph


async def last_shown(graph: Graph) -> Json:
    """The last message that the guest's phone shows."""
    shown: Json = [event for event in await graph.events() if event["kind"] == "message"][-1]
    return shown


async def test_a_pressed_button_names_the_message_that_it_stood_in(graph: Graph) -> None:
    reply = {"type": "button_reply", "button_reply": {"id": "b2", "title": "Housekeeping"}}
    context = {"from": "351210000041", "id": "wamid.MENU"}
    await graph.write(message={"type": "interactive", "interactive": reply, "context": context})
    item = await graph.hotel.next_message()
    shown = await last_shown(graph)
    assert (item.type, item.choice, item.text, item.reply_to) == ("interactive", "b2", "Housekeeping", "wamid.MENU")
    assert (shown["text"], shown["content"]["quotes"]) == ("Housekeeping", "wamid.MENU")


async def test_a_guest_answers_a_message_reacts_to_it_and_takes_that_back(graph: Graph) -> None:
    await graph.write(message={"type": "text", "text": {"body": "Yes"}, "context": {"id": "wamid.A1"}})
    await graph.write(message={"type": "reaction", "reaction": {"message_id": "wamid.A1", "emoji": "❤️"}})
    await graph.write(message={"type": "reaction", "reaction": {"message_id": "wamid.A1"}})
    items = [await graph.hotel.next_message() for _ in range(3)]
    assert [(item.type, item.text, item.reply_to) for item in items] == [
        ("text", "Yes", "wamid.A1"),
        ("reaction", "❤️", "wamid.A1"),
        ("reaction", "", "wamid.A1"),
    ]


async def test_a_guest_corrects_a_message_and_deletes_it(graph: Graph) -> None:
    message_id = (await graph.write()).json()["id"]
    edited = {"original_message_id": message_id, "message": {"type": "text", "text": {"body": "Hello again"}}}
    await graph.write(message={"type": "edit", "edit": edited})
    await graph.write(message={"type": "revoke", "revoke": {"original_message_id": message_id}})
    _, edit, revoke = [await graph.hotel.next() for _ in range(3)]
    assert isinstance(edit, Edited)
    assert isinstance(revoke, Revoked)
    assert (edit.target, edit.text, revoke.target) == (message_id, "Hello again", message_id)


async def test_a_changed_number_is_whatsapps_own_note_and_of_no_contact(graph: Graph) -> None:
    note = {"body": "changed", "wa_id": "351912000999", "type": "user_changed_number"}
    await graph.write(message={"type": "system", "system": note})
    item = await graph.hotel.next()
    assert isinstance(item, IdentityChanged)
    assert (item.old, item.new) == (GUEST, "351912000999")
    assert "contacts" not in graph.hotel.changes()[0]["value"]


async def test_a_guest_without_a_number_may_send_anything_too(graph: Graph) -> None:
    await graph.write(USER_ID, message={"type": "location", "location": {"latitude": 0, "longitude": 0}})
    item = await graph.hotel.next_message()
    assert (item.type, item.sender.address) == ("location", USER_ID)


@pytest.mark.parametrize(
    ("content", "text", "shown"),
    [
        (
            {"type": "location", "location": {"latitude": 38.7, "longitude": -9.1, "name": "Sea View"}},
            "[location]",
            {"location": {"latitude": 38.7, "longitude": -9.1, "name": "Sea View"}},
        ),
        (
            {"type": "image", "image": {"link": "https://hotel.example/a.jpg", "caption": "The pool"}},
            "The pool",
            {"image": {"link": "https://hotel.example/a.jpg", "caption": "The pool"}},
        ),
        (
            {"type": "reaction", "reaction": {"message_id": "wamid.A1", "emoji": "🙏"}},
            "🙏",
            {"reaction": {"message_id": "wamid.A1", "emoji": "🙏"}},
        ),
        (
            {"type": "text", "text": {"body": "Yes"}, "context": {"message_id": "wamid.A1"}},
            "Yes",
            {"quotes": "wamid.A1"},
        ),
    ],
)
async def test_the_phone_is_shown_what_a_message_holds(graph: Graph, content: Json, text: str, shown: Json) -> None:
    body = {"messaging_product": "whatsapp", "to": f"+{GUEST}"} | content
    assert (await graph.send(body)).status_code == 200
    message = await last_shown(graph)
    assert (message["text"], message["content"]) == (text, {"type": content["type"]} | shown)


async def test_the_phone_is_shown_a_menu_to_press(graph: Graph) -> None:
    buttons = [{"type": "reply", "reply": {"id": "b1", "title": "Yes"}}]
    menu = {"type": "button", "body": {"text": "Shall we?"}, "action": {"buttons": buttons}}
    await graph.send(TEXT | {"type": "interactive", "interactive": menu})
    message = await last_shown(graph)
    assert (message["text"], message["content"]["menu"]) == ("Shall we?", menu)


async def test_a_phone_that_writes_nothing_or_to_nobody_is_told(graph: Graph) -> None:
    assert (await graph.write(text="")).status_code == 400
    assert (await graph.write(phone_number_id="799999999999999")).status_code == 404
    assert (await graph.client.post(f"/_fake/phone/{GUEST}/send", json={"txt": "Hello"})).status_code == 400
    assert graph.hotel.bodies == []


async def test_a_message_keeps_the_number_it_was_written_to(graph: Graph) -> None:
    await graph.write()
    assert (await last_shown(graph))["hotel"] == FIRST.phone_number_id
