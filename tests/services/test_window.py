"""When free text may be sent: a day from the guest's newest message, by the provider's own time."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.core.events import MessageCreated, MessageStatusChanged
from app.core.types import OutboxState
from app.models import Account, Delivery, Message
from app.services.inbound.delivery_reports import WINDOW_CLOSED
from tests.channels.whatsapp_payloads import GUEST, Json, change, document, encode, message, text
from tests.desk import Desk, status
from tests.eventually import eventually
from tests.fake_graph import APP_SECRET, SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import HotelWorld


def body(*messages: Json) -> bytes:
    return encode(document(change(*messages, number=SEA_VIEW_NUMBER)))


def written(clock: HeldClock, says: str = "Hello", *, ago: int, **more: Any) -> Json:
    """A text that the guest sent so many minutes ago."""
    when = int((clock.now - timedelta(minutes=ago)).timestamp())
    return text(says, id=f"wamid.{says}{ago}", timestamp=str(when), **more)


async def opened_at(ledger: Ledger) -> datetime | None:
    at: datetime | None = (await ledger.row(Account)).last_inbound_at
    return at


async def test_the_window_opens_by_the_providers_time_and_never_closes_earlier(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await desk.take(body(written(clock, ago=90)))
    assert await opened_at(ledger) == clock.now - timedelta(minutes=90)

    await desk.take(body(written(clock, ago=30), written(clock, ago=60)))
    await desk.take(body(written(clock, ago=120)))

    assert await opened_at(ledger) == clock.now - timedelta(minutes=30)


async def test_whoever_hears_of_a_message_hears_of_the_window_that_it_opened(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await desk.take(body(written(clock, ago=90)))
    await desk.take(body(written(clock, ago=10)))

    told = [each.conversation for each in await ledger.events(hotel.id) if isinstance(each, MessageCreated)]
    ends = [clock.now + timedelta(hours=24, minutes=-ago) for ago in (90, 90, 10, 10)]
    assert [each.window_closes_at for each in told] == ends


async def test_an_unsigned_body_opens_it_when_it_comes(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await desk.take(body(written(clock, ago=60 * 24 * 365)), secret=None)

    assert await opened_at(ledger) == clock.now


@pytest.mark.parametrize(
    "kind", ["reaction", "edit", "revoke", "system"], ids=["reactions", "edits", "revocations", "notes_of_the_system"]
)
async def test_what_does_not_count(desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock, kind: str) -> None:
    first = written(clock, ago=90)
    await desk.take(body(first))
    content = {"message_id": first["id"], "emoji": "x", "original_message_id": first["id"], "message": first}

    await desk.take(body(message(kind, content | {"type": "customer_identity_changed"}, id="wamid.LATER")))

    assert await opened_at(ledger) == clock.now - timedelta(minutes=90)


async def taken(ledger: Ledger, *, at: datetime) -> None:
    """The provider has taken the flow's answer, as it seems."""
    delivery = await ledger.row(Delivery)
    await ledger.change(Delivery, state=OutboxState.SENT, attempts=1, finished_at=at)
    await ledger.change(Message, Message.id == delivery.message_id, external_id="wamid.OUT", delivery_status="sent")


def refused(at: datetime) -> Json:
    """It would not be delivered, for the window."""
    error = {"code": 131047, "title": "Re-engagement message"}
    return status("wamid.OUT", "failed", errors=[error]) | {"timestamp": str(int(at.timestamp()))}


async def held(desk: Desk, ledger: Ledger, *, at: datetime) -> Any:
    """The flow's answer to a guest, taken by the provider, and then refused for the window."""
    await desk.say("Hello", sender=GUEST)
    delivery = await ledger.row(Delivery)
    await taken(ledger, at=at)
    await desk.take_statuses(refused(at))
    return await ledger.row(Message, Message.id == delivery.message_id)


async def test_what_is_refused_for_the_window_waits_for_the_guest_and_leaves_when_they_write(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    message = await held(desk, ledger, at=clock.now)

    assert (message.delivery_status, message.delivery_error_code) == ("queued", 131047)
    delivery = await ledger.row(Delivery)
    assert (delivery.state, delivery.error, delivery.error_code) == (OutboxState.HELD, WINDOW_CLOSED, 131047)
    told = (await ledger.events(hotel.id))[-1]
    assert isinstance(told, MessageStatusChanged)
    assert (told.delivery_status, told.error, told.error_code) == ("queued", WINDOW_CLOSED, 131047)

    assert await opened_at(ledger) == clock.now - timedelta(hours=24), "it has closed: the provider says so"

    clock.move(minutes=5)
    await desk.take(body(written(clock, "Back", ago=1)))

    assert await opened_at(ledger) == clock.now - timedelta(minutes=1)
    released = await ledger.row(Delivery, Delivery.id == delivery.id)
    assert (released.state, released.next_attempt_at) == (OutboxState.PENDING, clock.now)


async def test_a_late_word_that_it_was_sent_does_not_send_what_waits(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    message = await held(desk, ledger, at=clock.now)
    delivery = await ledger.row(Delivery)

    await desk.take_statuses(status("wamid.OUT", "sent", delivery_id=delivery.id))

    assert (await ledger.row(Message, Message.id == message.id)).delivery_status == "queued"
    assert (await ledger.row(Delivery)).state is OutboxState.HELD


async def test_a_refusal_that_is_told_after_the_guest_wrote_again_holds_nothing(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await held(desk, ledger, at=clock.now - timedelta(days=2))

    assert (await ledger.row(Delivery)).state is OutboxState.PENDING


async def test_a_refusal_that_comes_after_the_guest_wrote_again_keeps_nothing_back(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await desk.say("Hello", sender=GUEST)
    await taken(ledger, at=clock.now)
    delivery = await ledger.row(Delivery)
    clock.move(minutes=5)
    await desk.take(body(written(clock, "Back", ago=1)))
    clock.move(minutes=1)

    await desk.take_statuses(refused(clock.now))

    assert (await ledger.row(Delivery, Delivery.id == delivery.id)).state is OutboxState.PENDING


async def test_a_refusal_and_the_guests_next_message_at_once_keep_nothing_back(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await desk.say("Hello", sender=GUEST)
    await taken(ledger, at=clock.now)
    account = await ledger.row(Account)
    clock.move(minutes=5)

    async with ledger.database.transaction() as writing:
        assert await writing.guests.open_windows({account.id: clock.now}) == []
        refusing = asyncio.create_task(desk.take_statuses(refused(clock.now)))
        await eventually(ledger.is_somebody_waiting)
    await refusing

    assert (await ledger.row(Delivery)).state is OutboxState.PENDING


async def test_what_waits_for_another_guest_goes_on_waiting(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await held(desk, ledger, at=clock.now)
    clock.move(minutes=5)

    await desk.take(body(written(clock, ago=1) | {"from": "351912000888"}), secret=APP_SECRET[SEA_VIEW_NUMBER])

    assert (await ledger.rows(Delivery))[0].state is OutboxState.HELD


async def test_what_was_released_is_sent_whatever_comes_first(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    message = await held(desk, ledger, at=clock.now)
    delivery = await ledger.row(Delivery)
    await desk.take(body(written(clock, "Back", ago=-1)))
    await ledger.change(Delivery, Delivery.id == delivery.id, state=OutboxState.SENDING, attempts=2)

    await desk.take_statuses(status("wamid.OUT2", "sent", delivery_id=delivery.id))

    sent = await ledger.row(Message, Message.id == message.id)
    assert (sent.delivery_status, sent.delivery_error, sent.external_id) == ("sent", None, "wamid.OUT2")
    assert (await ledger.row(Delivery, Delivery.id == delivery.id)).state is OutboxState.SENT
