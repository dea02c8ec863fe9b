"""The window has closed: a template may still be sent, and the guest's answer to it lets out what was held back."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from app.core.clock import utc_now
from app.core.types import OutboxState
from app.models import Account, Channel, Delivery
from app.store.database import Database
from tests.eventually import eventually
from tests.fake_graph import BUSINESS_ACCOUNT, SEA_VIEW_NUMBER, FakeGraph
from tests.world import WEBHOOK, World, signed_in

GUEST = "351912345678"
MESSAGES = "/api/message_manager/conversations/1/messages/"
BOOKING = {
    "name": "booking_confirmed",
    "language": "en",
    "body": {"1": "B-4711"},
    "buttons": {"0": "B-4711"},
}


@pytest.fixture
async def rita(
    client: httpx.AsyncClient, server: str, world: World, database: Database, fake_graph: FakeGraph
) -> dict[str, str]:
    """At the desk of a hotel whose guest wrote more than a day ago; the provider refuses free text to them."""
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    await world.guest(hotel)
    await fake_graph.configure(webhook_url=f"{server}{WEBHOOK}", window="refuse")
    await fake_graph.guest_writes(GUEST, "Hello")
    await fake_graph.wait_for_texts(GUEST, 1)
    async with database.transaction() as work:
        await work.connection.execute(update(Channel).values(business_account=BUSINESS_ACCOUNT[SEA_VIEW_NUMBER]))
        await work.connection.execute(update(Account).values(last_inbound_at=utc_now() - timedelta(hours=30)))
    await fake_graph.set_window(GUEST, is_open=False)
    return await signed_in(client, "rita")


async def window(client: httpx.AsyncClient, headers: dict[str, str]) -> str:
    answer = await client.get("/api/message_manager/conversations/1/", headers=headers)
    closes_at: str = answer.json()["window_closes_at"]
    return closes_at


async def states(database: Database) -> list[OutboxState]:
    async with database.read() as work:
        return list(await work.connection.scalars(select(Delivery.state).order_by(Delivery.id)))


async def test_the_answer_to_a_template_opens_the_window_and_what_was_held_goes_out_in_order(
    client: httpx.AsyncClient, database: Database, fake_graph: FakeGraph, rita: dict[str, str]
) -> None:
    for text in ("First", "Second"):
        held = await client.post("/api/conversations/1/messages/", json={"text": text, "hold": True}, headers=rita)
        assert held.status_code == 201, held.text
    closed_at = await window(client, rita)

    sent = await client.post("/api/conversations/1/templates/", json=BOOKING, headers=rita)
    assert sent.status_code == 201, sent.text
    [_, template] = await fake_graph.wait_for_sent(GUEST, 2)
    assert template["template"]["name"] == "booking_confirmed"
    assert await window(client, rita) == closed_at, "a template opens no window"
    assert (await states(database))[1:3] == [OutboxState.HELD, OutboxState.HELD]

    [*_, shown] = await fake_graph.accepted(GUEST)
    payload = template["template"]["components"][-2]["parameters"][0]["payload"]
    pressed = {"payload": payload, "text": "Yes, I am coming"}
    await fake_graph.guest_writes(GUEST, message={"type": "button", "button": pressed, "context": {"id": shown["id"]}})

    bodies = await fake_graph.wait_for_sent(GUEST, 4)
    assert [each["text"]["body"] for each in bodies[2:]] == ["First", "Second"]
    assert await window(client, rita) > closed_at

    async def all_are_sent() -> bool:
        return set(await states(database)) == {OutboxState.SENT}

    await eventually(all_are_sent)
    messages: list[dict[str, Any]] = (await client.get(MESSAGES, headers=rita)).json()
    answer = messages[-1]
    assert (answer["sender_type"], answer["message_type"]) == ("guest", "button")
    assert answer["content"] == "Yes, I am coming"
    assert answer["reply_to_message_id"] == sent.json()["id"]


async def test_free_text_that_may_not_be_sent_goes_nowhere_while_the_template_does(
    client: httpx.AsyncClient, fake_graph: FakeGraph, rita: dict[str, str]
) -> None:
    refused = await client.post("/api/conversations/1/messages/", json={"text": "First"}, headers=rita)
    assert (refused.status_code, refused.json()["code"]) == (409, "window_closed")

    sent = await client.post("/api/conversations/1/templates/", json=BOOKING, headers=rita)

    assert sent.status_code == 201, sent.text
    [_, only] = await fake_graph.wait_for_sent(GUEST, 2)
    assert only["type"] == "template"
