"""Read models of visitors' claims to stay, and of the stays that these may be about."""

from datetime import date, datetime

import msgspec

from app.core.types import ClaimStatus, StayStatus


class PresentStay(msgspec.Struct, frozen=True, kw_only=True):
    """A stay that goes on, or is to begin."""

    stay_id: int
    guest_id: int
    guest_name: str
    room_number: str
    status: StayStatus
    check_in: date
    check_out: date
    timezone: str


class StayClaim(msgspec.Struct, frozen=True, kw_only=True):
    """Who a visitor says that they are, with the account whose word it is and the guest whom that belongs to now.

    ``relayed``: Reception has the conversation because of it. ``stay_id`` is the stay that was confirmed, ``matches``
    are, while it waits, those that it may be about.
    """

    id: int
    hotel_id: int
    account_id: int
    channel_id: int
    account: str
    guest_id: int
    guest_name: str
    conversation_id: int
    full_name: str
    room_number: str
    status: ClaimStatus
    relayed: bool
    stay_id: int | None
    decided_by: int | None
    decided_by_name: str | None
    decided_at: datetime | None
    created_at: datetime
    matches: tuple[PresentStay, ...] = ()
