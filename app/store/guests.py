"""Guests as inbound messages meet them: accounts, identities, and the stay that counts now."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import case, delete, exists, func, insert, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.core.types import CheckinState, IdentityKind, OutboxState, StayStatus
from app.models import Account, Conversation, Delivery, Guest, GuestIdentity, Stay
from app.store.claims import is_in
from app.store.saving import reserve, told

DIRECTORY_LOCK = 0x6C6F6262  # the first half of the advisory lock; the second is the hotel


class Address(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A sender's address on a channel. Its order is the order in which rows are locked."""

    channel_id: int
    address: str
    hotel_id: int = 0
    is_group: bool = False


class AccountRecord(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    channel_id: int
    address: str
    guest_id: int | None
    last_inbound_at: datetime | None
    opted_out_at: datetime | None
    wished_at: datetime | None


class NewGuest(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    hotel_id: int
    full_name: str
    phone: str | None
    email: str | None = None


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


_ACCOUNT = (
    Account.id,
    Account.channel_id,
    Account.address,
    Account.guest_id,
    Account.last_inbound_at,
    Account.opted_out_at,
    Account.wished_at,
)


class GuestStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock_accounts(self, addresses: Collection[Address]) -> list[AccountRecord]:
        """The accounts of these addresses, made where they are new, locked in the order of their addresses.

        Until the transaction ends no other one can take a message from the same senders.
        """
        names = ("hotel_id", "channel_id", "address", "is_group")
        wanted = told(
            {name: getattr(Account, name) for name in names},
            [[getattr(each, name) for name in names] for each in sorted(addresses)],
        )
        statement = upsert(Account).from_select(names, select(*wanted.c))
        rows = await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[Account.channel_id, Account.address],
                set_={"is_group": Account.is_group},  # as it is: what counts is the lock
            ).returning(*_ACCOUNT)
        )
        return [AccountRecord(**row) for row in rows.mappings()]

    async def lock_known(self, channel_id: int, addresses: Collection[str]) -> list[AccountRecord]:
        """The accounts of these addresses that there are, locked in the same order."""
        rows = await self._connection.execute(
            select(*_ACCOUNT)
            .where(Account.channel_id == channel_id, Account.address.in_(list(addresses)))
            .order_by(Account.address)
            .with_for_update()
        )
        return [AccountRecord(**row) for row in rows.mappings()]

    async def known_addresses(self, channel_id: int, addresses: Collection[str]) -> set[str]:
        """Those of these addresses that are a guest's here. Not locked."""
        found = await self._connection.scalars(
            select(Account.address).where(
                Account.channel_id == channel_id, Account.address.in_(list(addresses)), Account.guest_id.is_not(None)
            )
        )
        return set(found)

    async def accounts_of(self, guest_ids: Collection[int]) -> list[AccountRecord]:
        """Every account of these guests, the oldest first. Not locked."""
        rows = await self._connection.execute(
            select(*_ACCOUNT).where(Account.guest_id.in_(list(guest_ids))).order_by(Account.id)
        )
        return [AccountRecord(**row) for row in rows.mappings()]

    async def open_windows(self, opened: Mapping[int, datetime]) -> list[tuple[int, str]]:
        """Note when these accounts (by id) last wrote; a time never falls.

        Answers ``(channel id, address)`` of those that something is held for.
        """
        times = told({"id": Account.id, "at": Account.last_inbound_at}, sorted(opened.items()))
        held = exists().where(
            Delivery.channel_id == Account.channel_id,
            Delivery.address == Account.address,
            is_in(Delivery.state, OutboxState.HELD),
        )
        rows = await self._connection.execute(
            update(Account)
            .where(Account.id == times.c.id)
            .values(last_inbound_at=func.greatest(Account.last_inbound_at, times.c.at))
            .returning(Account.channel_id, Account.address, held.label("is_awaited"))
        )
        return [(row.channel_id, row.address) for row in rows if row.is_awaited]

    async def set_opted_out(self, account_id: int, at: datetime | None, *, said_at: datetime) -> None:
        """Since when the guest of this account wants nothing that they did not ask for; None where they do. It holds
        for every account of theirs."""
        mine = aliased(Account)
        guest_id = select(mine.guest_id).where(mine.id == account_id).scalar_subquery()
        await self._connection.execute(
            update(Account)
            .where(or_(Account.id == account_id, Account.guest_id == guest_id))
            .values(opted_out_at=at, wished_at=said_at)
        )

    async def move_account(self, account_id: int, address: str) -> bool:
        """Give an account another address; False where that is taken."""
        mine = aliased(Account)
        taken = exists().where(mine.channel_id == Account.channel_id, mine.address == address)
        done = await self._connection.execute(
            update(Account).where(Account.id == account_id, ~taken).values(address=address)
        )
        return done.rowcount == 1

    async def release_accounts(self, account_ids: Collection[int]) -> None:
        """Nobody knows whose these are: whoever writes from them next is met as if for the first time."""
        await self._connection.execute(
            update(Account)
            .where(Account.id.in_(list(account_ids)))
            .values(guest_id=None, name=None, last_inbound_at=None, opted_out_at=None, wished_at=None)
        )

    async def lock_directory(self, hotel_id: int) -> None:
        """Until the transaction ends nobody else makes a guest of this hotel: no person becomes two."""
        await self._connection.execute(select(func.pg_advisory_xact_lock(DIRECTORY_LOCK, hotel_id % 2**31)))

    async def find_by_identity(
        self, hotel_id: int, identities: Collection[tuple[IdentityKind, str]]
    ) -> dict[tuple[IdentityKind, str], int]:
        """The guests that a hotel knows by these: ``{(kind, value): guest id}``."""
        names = ("kind", "value")
        asked = told({name: getattr(GuestIdentity, name) for name in names}, list(identities))
        rows = await self._connection.execute(
            select(GuestIdentity.kind, GuestIdentity.value, GuestIdentity.guest_id).where(
                GuestIdentity.hotel_id == hotel_id,
                GuestIdentity.kind == asked.c.kind,
                GuestIdentity.value == asked.c.value,
            )
        )
        return {(row.kind, row.value): row.guest_id for row in rows}

    async def reserve(self, count: int) -> list[int]:
        """The ids of so many guests to come."""
        return await reserve(self._connection, Guest, count)

    async def identify(self, hotel_id: int, guest_id: int, identities: Sequence[tuple[IdentityKind, str]]) -> None:
        """Remember by what a guest is known; what is somebody else's stays theirs."""
        await self.identify_many(hotel_id, [(guest_id, identity) for identity in identities])

    async def identify_many(self, hotel_id: int, identities: Sequence[tuple[int, tuple[IdentityKind, str]]]) -> None:
        """The same for ``(guest id, identity)`` of several guests."""
        names = ("hotel_id", "guest_id", "kind", "value")
        known = told(
            {name: getattr(GuestIdentity, name) for name in names},
            [
                (hotel_id, guest_id, kind, value)
                for guest_id, (kind, value) in sorted(identities, key=lambda each: each[1])
            ],
        )
        await self._connection.execute(
            upsert(GuestIdentity).from_select(names, select(*known.c)).on_conflict_do_nothing()
        )

    async def forget(self, guest_id: int, identities: Sequence[tuple[IdentityKind, str]]) -> None:
        """By these a guest is known no longer."""
        await self._connection.execute(
            delete(GuestIdentity).where(
                GuestIdentity.guest_id == guest_id,
                tuple_(GuestIdentity.kind, GuestIdentity.value).in_(identities),
            )
        )

    async def lapse(self, hotel_id: int, guest_id: int, numbers: Sequence[str]) -> None:
        """These numbers (digits) are this guest's no longer, and whoever has them now is somebody else."""
        known_as = [(kind, number) for kind in (IdentityKind.WHATSAPP, IdentityKind.PHONE) for number in numbers]
        await self.forget(guest_id, known_as)
        await self.identify(hotel_id, guest_id, [(IdentityKind.FORMER_PHONE, number) for number in numbers])

    async def user_ids_of(self, guest_ids: Collection[int]) -> dict[int, set[str]]:
        """What the provider calls these guests; those of whom it has told nothing do not stand here."""
        rows = await self._connection.execute(
            select(GuestIdentity.guest_id, GuestIdentity.value).where(
                GuestIdentity.guest_id.in_(list(guest_ids)), GuestIdentity.kind == IdentityKind.WHATSAPP_USER
            )
        )
        found: dict[int, set[str]] = {}
        for row in rows:
            found.setdefault(row.guest_id, set()).add(row.value)
        return found

    async def change_phone(self, guest_id: int, known_as: Collection[str], phone: str) -> None:
        """The number that people see, where it is one of these."""
        await self._connection.execute(
            update(Guest)
            .where(Guest.id == guest_id, Guest.phone.in_(list(known_as)))
            .values(phone=phone, updated_at=func.now())
        )

    async def add_many(self, guests: Sequence[NewGuest]) -> None:
        await self._connection.execute(insert(Guest), [msgspec.structs.asdict(each) for each in guests])

    async def attach(self, accounts: Sequence[tuple[int, int, str | None]]) -> dict[int, datetime | None]:
        """Say whose these accounts are, and how they call themselves: ``(account id, guest id, name)``. Answers since
        when each wants nothing that was not asked for, which its guest may have said from another."""
        own = told({"id": Account.id, "guest_id": Account.guest_id, "name": Account.name}, sorted(accounts))
        others = aliased(Account)
        since, said_at = (
            select(func.max(column)).where(others.guest_id == own.c.guest_id).scalar_subquery()
            for column in (others.opted_out_at, others.wished_at)
        )
        rows = await self._connection.execute(
            update(Account)
            .where(Account.id == own.c.id)
            .values(guest_id=own.c.guest_id, name=own.c.name, opted_out_at=since, wished_at=said_at)
            .returning(Account.id, Account.opted_out_at)
        )
        return {row.id: row.opted_out_at for row in rows}

    async def spellings_of(self, guest_ids: Collection[int]) -> dict[int, set[str]]:
        """By what each guest is known, and the addresses that they have written from."""
        ids = list(guest_ids)
        known = select(GuestIdentity.guest_id, GuestIdentity.value).where(
            GuestIdentity.guest_id.in_(ids), GuestIdentity.kind != IdentityKind.FORMER_PHONE
        )
        written = select(Account.guest_id, Account.address).where(Account.guest_id.in_(ids))
        found: dict[int, set[str]] = {}
        for row in await self._connection.execute(known.union_all(written)):
            found.setdefault(row[0], set()).add(row[1])
        return found

    async def lock(self, guest_id: int) -> None:
        """Until the transaction ends nobody else holds this guest; who merely refers to them need not wait."""
        await self._connection.execute(select(Guest.id).where(Guest.id == guest_id).with_for_update(key_share=True))

    async def lock_of(self, conversation_id: int) -> None:
        """The same by a conversation of theirs. It may become another guest's while we wait: then that one is meant."""
        whose = select(Conversation.guest_id).where(Conversation.id == conversation_id)
        guest_id = await self._connection.scalar(whose)
        while guest_id is not None:
            await self.lock(guest_id)
            held, guest_id = guest_id, await self._connection.scalar(whose)
            if held == guest_id:
                return

    async def by_ids(self, ids: Collection[int], *, locked: bool = False) -> dict[int, GuestRecord]:
        """These guests; with ``locked`` held as by ``lock``, in the order of their ids."""
        statement = select(Guest.id, Guest.full_name, Guest.language, Guest.phone).where(Guest.id.in_(list(ids)))
        if locked:
            statement = statement.order_by(Guest.id).with_for_update(key_share=True)
        rows = await self._connection.execute(statement)
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
