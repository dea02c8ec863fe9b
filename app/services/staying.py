"""Who stays: the one rule by which guests write by the guest webhook, are sent links, and listen.

A guest stays while their stay is active, until the end of its check-out day where the hotel is. The books may be late
to say that somebody has left: after that day nobody goes on in their name.
"""

from collections.abc import Sequence
from datetime import datetime

from app.core.clock import end_of
from app.core.types import StayStatus
from app.store.guest_sessions import GuestStay
from app.store.present_guests import KnownStay
from app.store.unit_of_work import UnitOfWork


def is_staying(stay: GuestStay, now: datetime) -> bool:
    return stay.status is StayStatus.ACTIVE and now < end_of(stay.check_out, stay.timezone)


async def find_staying(
    work: UnitOfWork, spellings: Sequence[str], now: datetime, *, hotel_id: int | None = None
) -> KnownStay | None:
    """Whoever is known by one of these spellings of a line (the first counts most) and stays: in this hotel where one
    is named, else in that where their stay began last."""
    known = await work.present_guests.by_number(spellings, hotel_id=hotel_id)
    of_hotels: dict[int, KnownStay] = {}
    for each in known:
        if is_staying(each.stay, now):
            of_hotels.setdefault(each.stay.hotel_id, each)
    return max(of_hotels.values(), key=lambda each: (each.check_in, each.stay.stay_id), default=None)
