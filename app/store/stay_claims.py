"""What visitors of web chats say about where they stay, and the stays that it may be about."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.stay_views import PresentStay
from app.core.stay_views import StayClaim as ClaimView
from app.core.types import ClaimStatus, StayStatus
from app.core.views import Page
from app.models import Account, Guest, Hotel, Stay, StayClaim, User
from app.store.conversations import name_of_user


class NewClaim(msgspec.Struct, frozen=True, kw_only=True):
    hotel_id: int
    account_id: int
    conversation_id: int
    full_name: str
    room_number: str
    relayed: bool
    created_at: datetime


class StayClaimStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, claim: NewClaim) -> int:
        """Its id. What else of the account waits is replaced by it; the account is locked."""
        replaced = (
            update(StayClaim)
            .where(StayClaim.account_id == claim.account_id, StayClaim.status == ClaimStatus.WAITING)
            .values(status=ClaimStatus.REPLACED, decided_at=claim.created_at)
        )
        await self._connection.execute(replaced)
        claim_id: int | None = await self._connection.scalar(
            insert(StayClaim).values(**msgspec.structs.asdict(claim)).returning(StayClaim.id)
        )
        assert claim_id is not None
        return claim_id

    async def waiting_of(self, account_id: int) -> ClaimView | None:
        """The account's claim that waits."""
        return await self._one(StayClaim.account_id == account_id, StayClaim.status == ClaimStatus.WAITING)

    async def get(self, hotel_id: int, claim_id: int) -> ClaimView | None:
        return await self._one(StayClaim.id == claim_id, StayClaim.hotel_id == hotel_id)

    async def page(self, hotel_id: int, status: ClaimStatus | None, *, limit: int, offset: int) -> Page[ClaimView]:
        """The newest first."""
        where = [StayClaim.hotel_id == hotel_id]
        if status is not None:
            where.append(StayClaim.status == status)
        count = await self._connection.scalar(select(func.count()).select_from(StayClaim).where(*where))
        chosen = _claims().where(*where).order_by(StayClaim.id.desc()).limit(limit).offset(offset)
        rows = await self._connection.execute(chosen)
        return Page([ClaimView(**row) for row in rows.mappings()], count or 0)

    async def decide(
        self, claim_id: int, status: ClaimStatus, *, user_id: int, stay_id: int | None, at: datetime
    ) -> bool:
        """Whether it waited until now. Of two at once one decides."""
        done = await self._connection.execute(
            update(StayClaim)
            .where(StayClaim.id == claim_id, StayClaim.status == ClaimStatus.WAITING)
            .values(status=status, decided_by=user_id, decided_at=at, stay_id=stay_id)
        )
        return done.rowcount == 1

    async def move(self, account_id: int, into_id: int) -> None:
        """An account's claims are another's now. Of two that wait the one that was made last does."""
        waiting = (
            await self._connection.scalars(
                select(StayClaim.id)
                .where(StayClaim.account_id.in_([account_id, into_id]), StayClaim.status == ClaimStatus.WAITING)
                .order_by(StayClaim.id)
            )
        ).all()
        await self._connection.execute(
            update(StayClaim)
            .where(StayClaim.id.in_(waiting[:-1]))
            .values(status=ClaimStatus.REPLACED, decided_at=func.now())
        )
        await self._connection.execute(
            update(StayClaim).where(StayClaim.account_id == account_id).values(account_id=into_id)
        )

    async def present_stays(self, hotel_id: int) -> Sequence[PresentStay]:
        """Those of a hotel, by their ids."""
        rows = await self._connection.execute(
            select(
                Stay.id.label("stay_id"),
                Stay.guest_id,
                Guest.full_name.label("guest_name"),
                Stay.room_number,
                Stay.status,
                Stay.check_in,
                Stay.check_out,
                Hotel.timezone,
            )
            .join(Guest, Guest.id == Stay.guest_id)
            .join(Hotel, Hotel.id == Stay.hotel_id)
            .where(Stay.hotel_id == hotel_id, Stay.status.in_([StayStatus.ACTIVE, StayStatus.PENDING]))
            .order_by(Stay.id)
        )
        return [PresentStay(**row) for row in rows.mappings()]

    async def _one(self, *where: ColumnElement[bool]) -> ClaimView | None:
        rows = await self._connection.execute(_claims().where(*where))
        row = rows.mappings().one_or_none()
        return ClaimView(**row) if row else None


def _claims() -> Select[*tuple[object, ...]]:
    own = (
        "id",
        "hotel_id",
        "account_id",
        "conversation_id",
        "full_name",
        "room_number",
        "status",
        "relayed",
        "stay_id",
        "decided_by",
        "decided_at",
        "created_at",
    )
    return (
        select(
            *(getattr(StayClaim, name) for name in own),
            Account.channel_id,
            Account.address.label("account"),
            Account.guest_id,
            Guest.full_name.label("guest_name"),
            name_of_user.label("decided_by_name"),
        )
        .join(Account, Account.id == StayClaim.account_id)
        .join(Guest, Guest.id == Account.guest_id)
        .outerjoin(User, User.id == StayClaim.decided_by)
    )
