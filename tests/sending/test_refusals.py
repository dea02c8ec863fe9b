"""What cannot be sent is refused with a word and a field, before anything is stored."""

import math
from typing import Any

import pytest

from app.core.types import ConversationStatus, Department, UserType
from app.models import Conversation, Delivery, EventRow, Message
from tests.fake_graph import ALPINE_NUMBER
from tests.ledger import Ledger
from tests.sending.conftest import GUEST, Desk
from tests.world import HotelWorld, World, guest_writes, signed_in

HERE = {"latitude": 1.5, "longitude": 2.5}


async def as_it_stands(ledger: Ledger) -> list[int]:
    return [len(await ledger.rows(model)) for model in (Message, Delivery, EventRow)]


@pytest.mark.parametrize(
    ("draft", "code", "fields"),
    [
        ({}, "bad_fields", {"text"}),
        ({"text": None}, "bad_fields", {"text"}),
        ({"text": ""}, "empty_text", {"text"}),
        ({"text": "\u200b\u2060 \ufeff"}, "empty_text", {"text"}),
        ({"text": "x" * (8 * 4096 + 1)}, "text_too_long", {"text"}),
        ({"location": {"latitude": 90.5, "longitude": 0}}, "bad_coordinates", {"location"}),
        ({"location": {"latitude": 0, "longitude": 181}}, "bad_coordinates", {"location"}),
        ({"location": {"latitude": 0}}, "bad_fields", {"location.longitude"}),
        ({"location": {**HERE, "name": "x" * 1001}}, "text_too_long", {"location"}),
        ({"location": HERE, "text": "Here"}, "bad_fields", {"location"}),
        ({"location": HERE, "media_id": 1}, "bad_fields", {"location", "media_id"}),
        ({"text": "Hello", "reply_to_message_id": 999_999}, "no_such_message", {"reply_to_message_id"}),
        ({"text": "Hello", "reply_to_message_id": "1"}, "bad_fields", {"reply_to_message_id"}),
        ({"text": "Hello", "client_message_id": "1"}, "bad_fields", {"client_message_id"}),
        ({"text": 1}, "bad_fields", {"text"}),
    ],
)
async def test_a_bad_draft_is_refused_and_nothing_is_stored(
    desk: Desk, ledger: Ledger, draft: dict[str, Any], code: str, fields: set[str]
) -> None:
    before = await as_it_stands(ledger)

    error = await desk.refused(422, **draft)

    assert (error["code"], error["details"].keys()) == (code, fields)
    assert await as_it_stands(ledger) == before
    assert (await ledger.conversation()).status is ConversationStatus.DEMO


async def test_coordinates_that_are_no_numbers_are_a_bad_body(desk: Desk) -> None:
    body = f'{{"location": {{"latitude": {math.nan}, "longitude": 0}}}}'
    headers = {**desk.headers, "Content-Type": "application/json"}

    answer = await desk.client.post(
        f"/api/conversations/{desk.conversation_id}/messages/", content=body, headers=headers
    )

    assert answer.status_code == 422


async def test_a_message_of_another_conversation_cannot_be_quoted(desk: Desk, ledger: Ledger) -> None:
    await guest_writes(desk.client, "Hello", "4915112345678")
    [theirs] = await ledger.rows(
        Message, Message.sender_type == "guest", Message.conversation_id != desk.conversation_id
    )

    error = await desk.refused(422, text="Hello", reply_to_message_id=theirs.id)

    assert error["code"] == "no_such_message"


async def test_whose_conversation_it_is_counts_before_what_is_sent(desk: Desk, ledger: Ledger, world: World) -> None:
    alpine = await world.hotel("alpine-lodge", ALPINE_NUMBER)
    await guest_writes(desk.client, "Hello", GUEST, ALPINE_NUMBER)
    [other_hotels] = await ledger.rows(Conversation, Conversation.hotel_id == alpine.id)
    await ledger.change(
        Conversation,
        Conversation.id == desk.conversation_id,
        status=ConversationStatus.RELAY,
        department=Department.ROOM_SERVICE,
    )
    hotel_id = (await ledger.row(Conversation, Conversation.id == desk.conversation_id)).hotel_id
    hotel = HotelWorld(hotel_id, "sea-view", 1, "")
    await world.user(hotel, "carla", UserType.DEPARTMENT_STAFF, (Department.CAFE,))
    carla = await signed_in(desk.client, "carla")

    for draft in ({}, {"text": " "}, {"text": "x" * 40_000}, {"location": {"latitude": 99, "longitude": 0}}):
        missing = await desk.post("messages", draft, to=other_hotels.id)
        forbidden = await desk.client.post(
            f"/api/conversations/{desk.conversation_id}/messages/", json=draft, headers=carla
        )
        assert (missing.status_code, forbidden.status_code) == (404, 403), draft
    document = await desk.client.post(
        f"/api/message_manager/conversations/{other_hotels.id}/send_message/", json={"text": ""}, headers=desk.headers
    )
    assert document.status_code == 404
