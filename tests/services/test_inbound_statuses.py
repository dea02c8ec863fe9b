"""What providers report of messages that left: twice, in any order, too early, of anything."""

import asyncio
import random
from typing import Any

from app.channels.whatsapp.errors import explain
from app.core.events import MessageStatusChanged
from app.core.types import DeliveryStatus, OutboxState
from app.models import Conversation, Delivery, InboundItem, Message, MessageStatus
from app.services.inbound.service import Receipt
from tests.desk import STRANGER, Desk, status
from tests.fake_graph import ALPINE_NUMBER
from tests.ledger import Ledger
from tests.world import HotelWorld, World

WAMID = "wamid.SENT"


async def sent_message(desk: Desk, ledger: Ledger, external_id: str = WAMID, sender: str = STRANGER) -> int:
    """The flow's answer to a guest, accepted by the provider under this id; the message's id."""
    await desk.say("Hello", sender=sender)
    message = (await ledger.rows(Message, Message.sender_type == "system"))[-1]
    await ledger.change(Message, Message.id == message.id, external_id=external_id, delivery_status="sent")
    await ledger.change(Delivery, Delivery.message_id == message.id, state="sent", attempts=1)
    message_id: int = message.id
    return message_id


async def told(ledger: Ledger, hotel: HotelWorld) -> list[DeliveryStatus]:
    return [each.delivery_status for each in await changes(ledger, hotel)]


async def changes(ledger: Ledger, hotel: HotelWorld) -> list[MessageStatusChanged]:
    return [each for each in await ledger.events(hotel.id) if isinstance(each, MessageStatusChanged)]


async def test_a_status_only_rises(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    courses = {
        ("sent", "delivered", "read"): ["delivered", "read"],
        ("read", "delivered", "sent"): ["read"],
        ("delivered", "failed"): ["delivered"],
        ("failed", "sent"): ["failed"],
        ("failed", "delivered"): ["failed", "delivered"],
        ("played", "read"): ["played"],
    }
    for words, told in courses.items():
        wamid = "-".join(words)
        message_id = await sent_message(desk, ledger, wamid)

        for word in words:
            assert await desk.take_statuses(status(wamid, word)) is Receipt.PROCESSED

        assert (await ledger.row(Message, Message.id == message_id)).delivery_status == told[-1]
        heard = [each.delivery_status for each in await changes(ledger, hotel) if each.message_id == message_id]
        assert heard == told
        kept = await ledger.rows(MessageStatus, MessageStatus.external_id == wamid)
        assert [each.status for each in kept] == sorted(words)


async def test_a_word_that_we_do_not_know_is_kept_and_changes_nothing(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    message_id = await sent_message(desk, ledger)

    await desk.take_statuses(*(status(WAMID, word) for word in ("warning", "deleted", "SENT", "queued")))

    assert (await ledger.row(Message, Message.id == message_id)).delivery_status is DeliveryStatus.SENT
    assert await told(ledger, hotel) == []
    assert len(await ledger.rows(MessageStatus)) == 4


async def test_a_status_that_arrives_twelve_times_at_once_is_told_once(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await sent_message(desk, ledger)
    delivered = status(WAMID, "delivered")

    answers = await asyncio.gather(*(desk.take_statuses(delivered) for _ in range(12)))

    assert answers == [Receipt.PROCESSED] * 12
    assert await told(ledger, hotel) == ["delivered"]


async def test_staff_are_told_why_a_message_failed(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    message_id = await sent_message(desk, ledger)
    error = {"code": 131026, "title": "Message undeliverable"}

    await desk.take_statuses(status(WAMID, "failed", errors=[error]))

    (change,) = await changes(ledger, hotel)
    assert (change.message_id, change.error_code) == (message_id, 131026)
    assert change.error == explain(131026, "Message undeliverable")
    message = await ledger.row(Message, Message.id == message_id)
    assert (message.delivery_error, message.delivery_error_code) == (change.error, 131026)


async def test_a_status_of_a_message_that_we_never_sent_is_kept_and_changes_nothing(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    assert await desk.take_statuses(status("wamid.OTHER", "delivered", delivery_id=4711)) is Receipt.PROCESSED

    assert (await ledger.row(MessageStatus)).external_id == "wamid.OTHER"
    assert await ledger.events(hotel.id) == []


async def test_a_status_settles_a_send_whose_answer_was_lost(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await desk.say("Hello", sender=STRANGER)
    delivery = await ledger.row(Delivery)
    await ledger.change(Delivery, state=OutboxState.UNCONFIRMED, attempts=1, error="The answer was lost.")

    await desk.take_statuses(status(WAMID, "delivered", delivery_id=delivery.id))

    settled = await ledger.row(Delivery)
    assert (settled.state, settled.error) == (OutboxState.SENT, None)
    message = await ledger.row(Message, Message.id == delivery.message_id)
    assert (message.external_id, message.delivery_status) == (WAMID, "delivered")


async def test_a_late_status_corrects_a_message_that_was_given_up(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await desk.say("Hello", sender=STRANGER)
    delivery = await ledger.row(Delivery)
    await ledger.change(Delivery, state=OutboxState.DEAD, attempts=2, repeated=True)
    await ledger.change(Message, Message.id == delivery.message_id, delivery_status="failed")

    await desk.take_statuses(status(WAMID, "delivered", delivery_id=delivery.id))

    assert (await ledger.row(Delivery)).state is OutboxState.SENT
    assert await told(ledger, hotel) == ["delivered"]


async def test_a_status_with_the_id_of_a_delivery_that_was_never_tried_settles_nothing(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await desk.say("Hello", sender=STRANGER)
    delivery = await ledger.row(Delivery)

    await desk.take_statuses(status("wamid.OF-AN-OLDER-DATABASE", "read", delivery_id=delivery.id))

    assert (await ledger.row(Delivery)).state is OutboxState.PENDING
    assert await told(ledger, hotel) == []


async def test_another_hotels_statuses_touch_nothing_here(desk: Desk, world: World, ledger: Ledger) -> None:
    sea_view, _ = await world.two_hotels()
    message_id = await sent_message(desk, ledger)
    delivery = await ledger.row(Delivery)
    await ledger.change(Delivery, state=OutboxState.UNCONFIRMED)

    await desk.take_statuses(
        status(WAMID, "read"), status("wamid.X", "failed", delivery_id=delivery.id), number=ALPINE_NUMBER
    )

    assert (await ledger.row(Message, Message.id == message_id)).delivery_status == "sent"
    assert (await ledger.row(Delivery)).state is OutboxState.UNCONFIRMED
    assert await told(ledger, sea_view) == []


async def test_many_statuses_in_many_bodies_at_once_in_any_order_all_count(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    dice = random.Random(11)  # noqa: S311 -- no secret
    wamids = [f"wamid.SENT{number:02}" for number in range(8)]
    for number, wamid in enumerate(wamids):
        await sent_message(desk, ledger, wamid, f"49151123456{number:02}")
    bodies: list[list[dict[str, Any]]] = []
    for _ in range(6):
        reports = [status(wamid, word) for wamid in wamids for word in ("sent", "delivered", "read")]
        dice.shuffle(reports)
        bodies.append(reports)

    answers = await asyncio.gather(*(desk.take_statuses(*reports) for reports in bodies))

    assert answers == [Receipt.PROCESSED] * len(bodies)
    assert await ledger.rows(InboundItem) == []
    answered = await ledger.rows(Message, Message.external_id.in_(wamids))
    assert {each.delivery_status for each in answered} == {"read"}
    assert len(await ledger.rows(MessageStatus)) == 3 * len(wamids)
    for conversation in await ledger.rows(Conversation):
        heard = [
            each.delivery_status.rank
            for each in await changes(ledger, hotel)
            if each.conversation.id == conversation.id
        ]
        assert heard == sorted(set(heard))
