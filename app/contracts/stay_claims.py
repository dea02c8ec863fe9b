"""Visitors' claims to stay: how they make one in the web chat, and how staff are shown it."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.contracts.timestamps import Timestamp
from app.core.stay_views import PresentStay, StayClaim
from app.core.types import ClaimStatus, StayStatus
from app.core.views import Page


class Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClaimIn(BaseModel):
    """Who one is and where one stays, as on the booking."""

    full_name: Annotated[str, Field(min_length=1, max_length=200, examples=["John Doe"])]
    room_number: Annotated[str, Field(min_length=1, max_length=16, examples=["101"])]
    channel_id: Annotated[
        int | None, Field(ge=1, lt=10**18, description="A WebChat channel; the first one in use where none is named.")
    ] = None


class ClaimedOut(Wire):
    """The same for every claim: whether there is such a stay is told by staff."""

    success: Literal[True] = True
    status: Literal["waiting"] = "waiting"


class DecisionIn(BaseModel):
    confirm: bool
    stay_id: Annotated[
        int | None, Field(ge=1, lt=10**18, description="Which stay is meant, where not just one matches.")
    ] = None


class StayOut(Wire):
    stay_id: int
    guest_id: int
    guest_name: str
    room_number: str
    status: StayStatus
    check_in: date
    check_out: date


class ClaimGuest(Wire):
    id: int
    name: str


class ClaimOut(Wire):
    """Who a visitor says that they are. ``guest`` is the record that they have now, ``matches`` are, while it waits,
    the stays by this name and room."""

    id: int
    status: ClaimStatus
    full_name: str
    room_number: str
    conversation_id: int
    channel_id: int
    account_id: str = Field(examples=["webchat_user_123"])
    guest: ClaimGuest
    matches: list[StayOut]
    stay_id: int | None = Field(description="The stay that was confirmed.")
    decided_by: int | None
    decided_by_name: str | None
    decided_at: Timestamp | None
    created_at: Timestamp


class ClaimPage(Wire):
    """``next`` and ``previous`` are addresses of pages, null at the ends."""

    count: int
    next: str | None
    previous: str | None
    results: list[ClaimOut]


def claim_out(claim: StayClaim) -> ClaimOut:
    return ClaimOut(
        id=claim.id,
        status=claim.status,
        full_name=claim.full_name,
        room_number=claim.room_number,
        conversation_id=claim.conversation_id,
        channel_id=claim.channel_id,
        account_id=claim.account,
        guest=ClaimGuest(id=claim.guest_id, name=claim.guest_name),
        matches=[_stay(each) for each in claim.matches],
        stay_id=claim.stay_id,
        decided_by=claim.decided_by,
        decided_by_name=claim.decided_by_name,
        decided_at=claim.decided_at,
        created_at=claim.created_at,
    )


def page(found: Page[StayClaim], *, following: str | None, preceding: str | None) -> ClaimPage:
    return ClaimPage(
        count=found.count, next=following, previous=preceding, results=[claim_out(each) for each in found.items]
    )


def _stay(stay: PresentStay) -> StayOut:
    return StayOut(
        stay_id=stay.stay_id,
        guest_id=stay.guest_id,
        guest_name=stay.guest_name,
        room_number=stay.room_number,
        status=stay.status,
        check_in=stay.check_in,
        check_out=stay.check_out,
    )
