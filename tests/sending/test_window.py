"""After the provider's 24 hours nothing but a template is sent; what is to wait waits for the guest."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.core.clock import utc_now
from app.core.events import MessageCreated, MessageStatusChanged
from app.core.types import ConversationStatus, DeliveryStatus, OutboxState
from app.models import Account, Delivery, Message
from tests.ledger import Ledger
from tests.sending.conftest import GUEST, Desk
from tests.sockets import open_socket
from tests.world import HotelWorld

HELD = "The 24-hour window has closed: send a template. This goes out when the guest writes again."


async def close_window(ledger: Ledger) -> datetime:
    """The guest last wrote a day and a second ago; answers when the window closed."""
    wrote_at = utc_now() - timedelta(hours=24, seconds=1)
    await ledger.change(Account, last_inbound_at=wrote_at)
    return wrote_at + timedelta(hours=24)


@pytest.mark.parametrize("draft", [{"text": "Hello?"}, {"location": {"latitude": 0, "longitude": 0}}])
async def test_after_the_window_a_message_is_refused_and_nothing_is_stored(
    desk: Desk, ledger: Ledger, draft: dict[str, Any]
) -> None:
    closed_at = await close_window(ledger)

    error = await desk.refused(409, **draft)

    assert error["code"] == "window_closed"
    assert "template" in error["error"]
    assert error["details"]["conversation_id"] == desk.conversation_id
    assert datetime.fromisoformat(error["details"]["window_closes_at"]) == closed_at
    assert error["details"]["window_closes_at"].endswith("Z")
    assert await ledger.rows(Message, Message.sender_type == "staff") == []
    assert (await ledger.conversation()).status is ConversationStatus.DEMO


async def test_a_reaction_is_refused_likewise(desk: Desk, ledger: Ledger) -> None:
    await close_window(ledger)

    answer = await desk.react("👍")

    assert (answer.status_code, answer.json()["code"]) == (409, "window_closed")


async def test_a_guest_who_never_wrote_can_be_sent_nothing(desk: Desk, ledger: Ledger) -> None:
    await ledger.change(Account, last_inbound_at=None)

    error = await desk.refused(409, text="Hello?")

    assert (error["code"], error["details"]["window_closes_at"]) == ("window_closed", None)


async def test_the_documents_way_and_the_socket_refuse_likewise(desk: Desk, ledger: Ledger, server: str) -> None:
    await close_window(ledger)
    url = f"/api/message_manager/conversations/{desk.conversation_id}/send_message/"
    token = desk.headers["Authorization"].removeprefix("Bearer ")

    answer = await desk.client.post(url, json={"text": "Hello?"}, headers=desk.headers)
    async with open_socket(server, "/ws/staff/", token=token) as rita:
        await rita.send({"command": "send_message", "conversation_id": desk.conversation_id, "text": "Hello?"})
        error = await rita.receive_until("error")

    assert (answer.status_code, answer.json()["code"], error["code"]) == (409, "window_closed", "window_closed")


async def test_what_is_to_wait_is_kept_and_says_so(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await close_window(ledger)

    sent = await desk.send(text="word " * 1000, hold=True)

    assert (sent["delivery_status"], sent["delivery_error"], sent["delivery_error_code"]) == ("queued", HELD, 131047)
    held = await ledger.rows(Delivery, Delivery.message_id.in_(sent["parts"]))
    assert [each.state for each in held] == [OutboxState.HELD] * 2
    told = [each for each in await ledger.events(hotel.id) if isinstance(each, MessageCreated | MessageStatusChanged)]
    waiting = [each for each in told if isinstance(each, MessageStatusChanged) and each.error == HELD]
    assert [(each.message_id, each.delivery_status, each.error_code) for each in waiting] == [
        (part, DeliveryStatus.QUEUED, 131047) for part in sent["parts"]
    ]


async def test_what_is_let_go_says_no_more_what_it_waited_for(desk: Desk, ledger: Ledger) -> None:
    await close_window(ledger)
    await desk.send(text="Good news", hold=True)

    await desk.graph.guest_writes(GUEST, "Hello again")

    assert [each["text"]["body"] for each in await desk.arrived(1)] == ["Good news"]
    [sent] = [each for each in await desk.messages() if each["content"] == "Good news"]
    assert (sent["delivery_error"], sent["delivery_error_code"]) == (None, None)


async def test_to_wait_changes_nothing_while_the_window_is_open(desk: Desk) -> None:
    sent = await desk.send(text="Hello", hold=True)

    assert sent["delivery_error"] is None
    assert len(await desk.arrived(1)) == 1


async def test_a_message_that_was_sent_before_is_answered_also_after_the_window(desk: Desk, ledger: Ledger) -> None:
    draft = {"text": "Hello", "client_message_id": str(uuid4())}
    first = await desk.send(**draft)
    await desk.arrived(1)
    await close_window(ledger)

    assert (await desk.send(**draft))["id"] == first["id"]
