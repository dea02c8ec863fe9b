"""A flow's menu leaves as something to press, and both presses and typed numbers lead on."""

from typing import Any

import pytest

from app.core.types import ConversationStatus, Department
from app.models import Conversation, Guest
from tests.fake_graph import FakeGraph
from tests.ledger import Ledger
from tests.sending.conftest import GUEST, Desk
from tests.world import HotelWorld, World

MENU = "How can we assist you today? 1. Room Service 2. Housekeeping 3. Reception 4. Other"
ROWS = [
    {"id": "room_service", "title": "Room Service"},
    {"id": "housekeeping", "title": "Housekeeping"},
    {"id": "reception", "title": "Reception"},
    {"id": "other", "title": "Other"},
]


def pressed(row: dict[str, str], menu_id: str) -> dict[str, Any]:
    return {
        "type": "interactive",
        "interactive": {"type": "list_reply", "list_reply": row},
        "context": {"from": "12025550100", "id": menu_id},
    }


async def test_the_services_menu_leaves_as_a_list_under_the_documents_words(desk: Desk) -> None:
    await desk.graph.guest_writes(GUEST, "services")

    [body] = await desk.arrived(1)
    assert body["type"] == "interactive"
    assert body["interactive"] == {
        "type": "list",
        "body": {"text": MENU},
        "action": {"button": "Choose", "sections": [{"rows": ROWS}]},
    }


async def test_a_pressed_row_leads_on(desk: Desk, ledger: Ledger) -> None:
    await desk.graph.guest_writes(GUEST, "services")
    await desk.arrived(1)
    menu = (await desk.graph.accepted(GUEST))[-1]

    await desk.graph.guest_writes(GUEST, message=pressed(ROWS[1], menu["id"]))

    assert (await desk.arrived(2))[-1]["text"]["body"] == "Connecting you to Housekeeping..."
    conversation = await ledger.conversation()
    assert (conversation.status, conversation.department) == (ConversationStatus.RELAY, Department.HOUSEKEEPING)


async def test_a_typed_number_leads_on_as_well(desk: Desk, ledger: Ledger) -> None:
    await desk.graph.guest_writes(GUEST, "services")
    await desk.graph.guest_writes(GUEST, "1")

    assert (await desk.arrived(2))[-1]["text"]["body"] == "Connecting you to Room Service..."
    assert (await ledger.conversation()).department is Department.ROOM_SERVICE


async def test_what_is_not_understood_brings_the_menu_again_to_press(desk: Desk) -> None:
    await desk.graph.guest_writes(GUEST, "services")
    await desk.graph.guest_writes(GUEST, "banana")

    again = (await desk.arrived(2))[-1]
    assert again["interactive"]["body"]["text"].endswith(f"\n\n{MENU}")
    assert again["interactive"]["action"]["sections"] == [{"rows": ROWS}]


@pytest.mark.parametrize(
    ("language", "opens", "first"),
    [
        ("pt-BR", "Escolher", "Serviço de quartos"),
        ("es", "Elegir", "Serv. de habitaciones"),
        ("fr", "Choisir", "Service en chambre"),
        ("de", "Auswählen", "Zimmerservice"),
        ("it", "Choose", "Room Service"),
    ],
)
async def test_the_word_that_opens_the_list_is_in_the_guests_language(
    phones: FakeGraph, world: World, hotel: HotelWorld, ledger: Ledger, language: str, opens: str, first: str
) -> None:
    await world.guest(hotel, phone=GUEST)
    await ledger.change(Guest, language=language)

    await phones.guest_writes(GUEST, "Hello")

    [body] = await phones.wait_for_sent(GUEST, 1)
    action = body["interactive"]["action"]
    assert (action["button"], action["sections"][0]["rows"][0]["title"]) == (opens, first)
    assert (await ledger.row(Conversation)).status is ConversationStatus.ACTIVE
