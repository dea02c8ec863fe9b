"""Who stays: one rule for whoever writes by the guest webhook, is sent a link, or listens by their number."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from app.core.drafts import Draft, GuestDraft
from app.core.errors import Conflict, Forbidden
from app.models import Hotel, Stay
from tests.desk import GUEST, Desk, principal
from tests.fake_graph import ALPINE_NUMBER
from tests.ledger import Ledger
from tests.sign_ins import TODAY, HeldClock
from tests.world import HotelWorld, World

Asks = Callable[[Desk, HotelWorld], Awaitable[object]]


async def writes(desk: Desk, _hotel: HotelWorld) -> object:
    return await desk.services.guest_webhook.receive(GuestDraft(number=GUEST, text="Hello"))


async def listens(desk: Desk, _hotel: HotelWorld) -> object:
    return await desk.services.guest_sessions.by_number(GUEST)


async def is_sent_a_link(desk: Desk, hotel: HotelWorld) -> object:
    return await desk.services.guest_links.send(principal(hotel), 1, Draft())


@pytest.mark.parametrize("asks", [writes, listens, is_sent_a_link])
async def test_a_guest_stays_to_the_last_second_of_the_check_out_day_whatever_they_ask_for(
    desk: Desk, hotel: HotelWorld, world: World, ledger: Ledger, clock: HeldClock, asks: Asks
) -> None:
    await ledger.change(Hotel, timezone="Pacific/Honolulu")  # ten hours behind
    await world.guest(hotel, check_out=TODAY)
    await desk.say("Hello")
    clock.now = datetime(2026, 11, 21, 9, 59, 59, tzinfo=UTC)
    await asks(desk, hotel)

    clock.move(seconds=1)

    with pytest.raises((Forbidden, Conflict)) as refused:
        await asks(desk, hotel)
    assert refused.value.code in {"no_active_stay", "forbidden", "not_staying"}


@pytest.mark.parametrize("asks", [writes, listens])
async def test_a_stay_that_nobody_has_ended_in_the_books_hides_no_other_one(
    desk: Desk, hotel: HotelWorld, world: World, ledger: Ledger, asks: Asks
) -> None:
    over: dict[str, Any] = {"check_in": TODAY - timedelta(days=3), "check_out": TODAY - timedelta(days=1)}
    await world.guest(hotel, check_in=TODAY - timedelta(days=9))
    other = await world.hotel("alpine-lodge", ALPINE_NUMBER)
    await world.guest(other, **over)  # it began last
    known = await ledger.row(Stay, Stay.hotel_id == hotel.id)
    left = {"hotel_id": hotel.id, "guest_id": known.guest_id, "room_number": "102", "status": known.status, **over}
    async with desk.services.database.transaction() as work:
        await work.connection.execute(insert(Stay).values(**left))

    assert await asks(desk, hotel)
