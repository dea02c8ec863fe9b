"""Guests as inbound messages meet them: accounts, identities, and the stay that counts now."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import case, func, insert, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.types import CheckinState, IdentityKind, StayStatus
from app.models import Account, Guest, GuestIdentity, Stay

DIRECTORY_LOCK = 0x6C6F6262  # the first half of the advisory lock; the second is the hotel


class Address(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A sender's address on a channel. Its order is the order in which rows are locked."""

    channel_id: int
    address: str
    hotel_id: int = 0


class AccountRecord(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    channel_id: int
    address: str
    guest_id: int | None


class GuestRecord(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    full_name: str
    language: str | None
    phone: str | None


class StayRecord(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    guest_id: int
    room_number: str
    floor: int | None
    status: StayStatus
    checkin_state: CheckinState

    @property
    def checkin_due(self) -> bool:
        """Whether the guest has yet to go through check-in by chat."""
        return self.status is StayStatus.PENDING and self.checkin_state in {CheckinState.NONE, CheckinState.STARTED}


class GuestStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock_accounts(self, addresses: Collection[Address], at: datetime) -> list[AccountRecord]:
        """The accounts of these addresses, made where they are new, locked in the order of their addresses.

        Until the transaction ends no other one can take a message from the same senders.
        """
        statement = upsert(Account).values(
            [
                {
                    "hotel_id": each.hotel_id,
                    "channel_id": each.channel_id,
                    "address": each.address,
                    "last_inbound_at": at,
                }
                for each in sorted(addresses)
            ]
        )
        rows = await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[Account.channel_id, Account.address],
                set_={"last_inbound_at": func.greatest(Account.last_inbound_at, at)},
            ).returning(Account.id, Account.channel_id, Account.address, Account.guest_id)
        )
        return [AccountRecord(**row) for row in rows.mappings()]

    async def lock_directory(self, hotel_id: int) -> None:
        """Until the transaction ends nobody else makes a guest of this hotel: no person becomes two."""
        await self._connection.execute(select(func.pg_advisory_xact_lock(DIRECTORY_LOCK, hotel_id % 2**31)))

    async def find_by_identity(
        self, hotel_id: int, identities: Collection[tuple[IdentityKind, str]]
    ) -> dict[tuple[IdentityKind, str], int]:
        """The guests that a hotel knows by these: ``{(kind, value): guest id}``."""
        rows = await self._connection.execute(
            select(GuestIdentity.kind, GuestIdentity.value, GuestIdentity.guest_id).where(
                GuestIdentity.hotel_id == hotel_id,
                GuestIdentity.value.in_([value for _, value in identities]),
            )
        )
        wanted = set(identities)
        return {(row.kind, row.value): row.guest_id for row in rows if (row.kind, row.value) in wanted}

    async def add(self, hotel_id: int, *, full_name: str, phone: str | None) -> int:
        guest_id: int | None = await self._connection.scalar(
            insert(Guest).values(hotel_id=hotel_id, full_name=full_name, phone=phone).returning(Guest.id)
        )
        assert guest_id is not None
        return guest_id

    async def identify(self, hotel_id: int, guest_id: int, identities: Sequence[tuple[IdentityKind, str]]) -> None:
        """Remember by what a guest is known; what is somebody else's stays theirs."""
        await self.identify_many(hotel_id, [(guest_id, identity) for identity in identities])

    async def identify_many(self, hotel_id: int, identities: Sequence[tuple[int, tuple[IdentityKind, str]]]) -> None:
        """The same for ``(guest id, identity)`` of several guests."""
        await self._connection.execute(
            upsert(GuestIdentity)
            .values(
                [
                    {"hotel_id": hotel_id, "guest_id": guest_id, "kind": kind, "value": value}
                    for guest_id, (kind, value) in sorted(identities, key=lambda each: each[1])
                ]
            )
            .on_conflict_do_nothing()
        )

    async def attach(self, account_id: int, guest_id: int, name: str | None) -> None:
        await self._connection.execute(
            update(Account).where(Account.id == account_id).values(guest_id=guest_id, name=name)
        )

    async def by_ids(self, ids: Collection[int]) -> dict[int, GuestRecord]:
        rows = await self._connection.execute(
            select(Guest.id, Guest.full_name, Guest.language, Guest.phone).where(Guest.id.in_(list(ids)))
        )
        return {row["id"]: GuestRecord(**row) for row in rows.mappings()}

    async def current_stays(self, guest_ids: Collection[int]) -> dict[int, StayRecord]:
        """The stay that counts now, per guest: an active one before a pending one, the one that began last first."""
        rows = await self._connection.execute(
            select(Stay.id, Stay.guest_id, Stay.room_number, Stay.floor, Stay.status, Stay.checkin_state)
            .ext(distinct_on(Stay.guest_id))
            .where(Stay.guest_id.in_(list(guest_ids)), Stay.status.in_([StayStatus.ACTIVE, StayStatus.PENDING]))
            .order_by(
                Stay.guest_id,
                case((Stay.status == StayStatus.ACTIVE, 0), else_=1),
                case((Stay.status == StayStatus.ACTIVE, Stay.check_in)).desc(),
                Stay.check_in,
            )
        )
        return {row["guest_id"]: StayRecord(**row) for row in rows.mappings()}

    async def set_checkin_state(self, stay_id: int, state: CheckinState) -> None:
        await self._connection.execute(
            update(Stay).where(Stay.id == stay_id).values(checkin_state=state, updated_at=func.now())
        )

    async def has_stay(self, hotel_id: int, stay_id: int) -> bool:
        found = await self._connection.scalar(select(Stay.id).where(Stay.id == stay_id, Stay.hotel_id == hotel_id))
        return found is not None
