"""The outbox: what waits, and what became of it. All its SQL but the claim (``claims.py``)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import and_, case, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.core.types import OutboxState
from app.models import Account, Delivery, Message
from app.store.claims import UNFINISHED, WAITING, ClaimedDelivery, Share, claim, is_in
from app.store.resending import Way, address_now, way_of
from app.store.saving import told

__all__ = ["ClaimedDelivery", "DeliveryStore", "LostDelivery"]


class LostDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that ends without an answer, or whose worker ended while it was sending. ``given_up``: for good."""

    id: int
    hotel_id: int
    conversation_id: int
    message_id: int
    given_up: bool


_LOST = (Delivery.id, Delivery.hotel_id, Delivery.conversation_id, Delivery.message_id)


class HeldDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that waits for its guest to write. ``taken_at`` is when the provider had taken it, where noted."""

    channel_id: int
    address: str
    taken_at: datetime | None


class NewDelivery(msgspec.Struct, frozen=True, kw_only=True):
    hotel_id: int
    channel_id: int
    conversation_id: int
    message_id: int
    address: str
    at: datetime


class DeliveryStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self,
        *,
        hotel_id: int,
        channel_id: int,
        conversation_id: int,
        message_id: int,
        address: str,
        at: datetime,
        held_unless_after: datetime | None = None,
    ) -> None:
        """Put a message into the outbox; held, unless the guest has written after ``held_unless_after``, if given."""
        state = literal(OutboxState.PENDING, Delivery.state.type)
        if held_unless_after is not None:
            # Asked anew, whatever the caller has read: what is held after the guest's message nobody would release.
            has_written = (
                select(literal(1))
                .where(
                    Account.channel_id == channel_id,
                    Account.address == address,
                    Account.last_inbound_at > held_unless_after,
                )
                .exists()
            )
            held = literal(OutboxState.HELD, Delivery.state.type)
            state = case((has_written, state), else_=held)  # type: ignore[assignment]  # both are expressions of it
        await self._connection.execute(
            insert(Delivery).values(
                hotel_id=hotel_id,
                channel_id=channel_id,
                conversation_id=conversation_id,
                message_id=message_id,
                address=address,
                state=state,
                next_attempt_at=at,
                created_at=at,
            )
        )

    async def claim(
        self, token: UUID, *, now: datetime, lease: timedelta, limit: int, share: Share | None = None
    ) -> list[ClaimedDelivery]:
        """Take up to ``limit`` deliveries whose turn it is, and of no channel more than its ``share``.

        Never one whose conversation has an earlier unfinished one, or whose channel is paused or has to wait, or whose
        guest has: conversations keep their order, and one that waits holds up nobody else. An unconfirmed one that
        nothing has settled by its time is sent again, once, and marked as repeated.
        """
        rows = await self._connection.execute(claim(token, now=now, leased_until=now + lease, limit=limit, share=share))
        return [ClaimedDelivery(**row, claimed_at=now) for row in rows.mappings()]

    async def give_up(self, delivery: ClaimedDelivery, *, at: datetime, error_code: int | None, error: str) -> bool:
        """End a delivery unsent; False where the claim is no longer ours, and somebody else's word counts."""
        return await self._set(
            delivery,
            {"state": OutboxState.DEAD, "finished_at": at, "error_code": error_code, "error": _cut(error)},
        )

    async def put_back(
        self,
        delivery: ClaimedDelivery,
        state: OutboxState,
        *,
        next_attempt_at: datetime,
        error_code: int | None,
        error: str | None,
        counts: bool = True,
    ) -> bool:
        """Try again later; False where the claim is no longer ours. ``counts``: whether that was one of its tries."""
        return await self._set(
            delivery,
            {
                "state": state,
                "next_attempt_at": next_attempt_at,
                "error_code": error_code,
                "error": _cut(error),
                "attempts": delivery.attempts if counts else delivery.attempts - 1,
            },
        )

    async def release_held(self, channel_id: int, address: str, at: datetime) -> int:
        """The guest has written: what was held for it goes out, in its order. Answers how many."""
        released = (
            update(Delivery)
            .where(
                Delivery.channel_id == channel_id,
                Delivery.address == address,
                is_in(Delivery.state, OutboxState.HELD),
            )
            .values(state=OutboxState.PENDING, next_attempt_at=at, created_at=at, error_code=None, error=None)
            .returning(Delivery.message_id)
            .cte("released")
        )
        done = await self._connection.execute(
            update(Message)
            .where(Message.id.in_(select(released.c.message_id)))
            .values(delivery_error=None, delivery_error_code=None)
        )
        return done.rowcount

    async def way_of(self, message_id: int) -> Way | None:
        """By what ``requeue`` would send a message; None where it was never to be sent."""
        return await way_of(self._connection, message_id)

    async def requeue(self, message_id: int, at: datetime) -> bool:
        """Send a message again that has failed; False where it is being tried, or was never to be sent.

        Its tries and its time begin anew, and it goes where the conversation is answered by now; by its own channel, to
        where it went, if the conversation has gone to another. That it may have arrived before stays noted.
        """
        done = await self._connection.execute(
            update(Delivery)
            .where(
                Delivery.message_id == message_id,
                Delivery.state.in_([OutboxState.SENT, OutboxState.DEAD]),
            )
            .values(
                state=OutboxState.PENDING,
                address=address_now(),
                attempts=0,
                next_attempt_at=at,
                created_at=at,
                finished_at=None,
                error_code=None,
                error=None,
            )
        )
        return done.rowcount == 1

    async def expire_leases(self, now: datetime, wait: timedelta, *, error: str) -> list[LostDelivery]:
        """What a worker claimed and never finished may have been sent: wait for its status, then send once more.

        One that was a second send already is given up, or it would go out as often as workers end.
        """
        dead = literal(OutboxState.DEAD, Delivery.state.type)
        unconfirmed = literal(OutboxState.UNCONFIRMED, Delivery.state.type)
        rows = await self._connection.execute(
            update(Delivery)
            .where(is_in(Delivery.state, OutboxState.SENDING), Delivery.leased_until < now)
            .values(
                state=case((Delivery.repeated, dead), else_=unconfirmed),
                finished_at=case((Delivery.repeated, now)),
                next_attempt_at=now + wait,
                lease_token=None,
                leased_until=None,
                error=error,
            )
            .returning(*_LOST, Delivery.repeated.label("given_up"))
        )
        return [LostDelivery(**row) for row in rows.mappings()]

    async def give_up_older(
        self, before: datetime, *, at: datetime, error: str, states: Sequence[OutboxState] = WAITING
    ) -> list[LostDelivery]:
        """End what has waited since before then, whatever its channel's state, unless it is being sent."""
        rows = await self._connection.execute(
            update(Delivery)
            .where(is_in(Delivery.state, *states), Delivery.created_at < before)
            .values(
                state=OutboxState.DEAD,
                finished_at=at,
                error=error,
                repeated=or_(Delivery.repeated, Delivery.state == OutboxState.UNCONFIRMED),
            )
            .returning(*_LOST, literal(True).label("given_up"))
        )
        return [LostDelivery(**row) for row in rows.mappings()]

    async def later_parts(self, message_id: int, *states: OutboxState) -> list[LostDelivery]:
        """The deliveries in these states of what follows a message that is a part of one long text, in their order."""
        failed = aliased(Message)
        of_one_text = func.coalesce(failed.extra["part_of"].as_integer(), failed.id)
        rows = await self._connection.execute(
            select(*_LOST, literal(True).label("given_up"))
            .join(Message, Message.id == Delivery.message_id)
            .join(failed, failed.conversation_id == Message.conversation_id)
            .where(
                failed.id == message_id,
                Message.id > failed.id,
                Message.extra["part_of"].as_integer() == of_one_text,
                is_in(Delivery.state, *states),
            )
            .order_by(Delivery.id)
            .with_for_update(of=Delivery)
        )
        return [LostDelivery(**row) for row in rows.mappings()]

    async def end(self, delivery_ids: Sequence[int], *, at: datetime, error: str) -> None:
        """Give up what waits, unsent."""
        await self._connection.execute(
            update(Delivery)
            .where(Delivery.id.in_(delivery_ids))
            .values(state=OutboxState.DEAD, finished_at=at, error=_cut(error))
        )

    async def settle(self, channel_id: int, delivery_id: int, at: datetime) -> int | None:
        """The provider's word proves that it took this delivery: it is sent, whoever holds the claim, and also where it
        had been given up. Answers its message's id, or None where that was known, or cannot be."""
        message_id: int | None = await self._connection.scalar(
            update(Delivery)
            .where(
                Delivery.id == delivery_id,
                Delivery.channel_id == channel_id,
                Delivery.state != OutboxState.SENT,
                or_(Delivery.attempts > 0, Delivery.repeated),
            )
            .values(
                state=OutboxState.SENT,
                finished_at=at,
                lease_token=None,
                leased_until=None,
                error_code=None,
                error=None,
            )
            .returning(Delivery.message_id)
        )
        return message_id

    async def hold_sent(self, message_id: int, *, error_code: int | None, error: str) -> HeldDelivery | None:
        """What the provider took and then refused for the closed window waits for the guest, as ``requeue`` would send
        it; None where it had not been taken."""
        before = aliased(Delivery)
        rows = await self._connection.execute(
            update(Delivery)
            .where(
                Delivery.message_id == message_id,
                Delivery.state == OutboxState.SENT,
                before.id == Delivery.id,
            )
            .values(
                state=OutboxState.HELD,
                address=address_now(),
                finished_at=None,
                error_code=error_code,
                error=_cut(error),
            )
            .returning(Delivery.channel_id, Delivery.address, before.finished_at.label("taken_at"))
        )
        row = rows.mappings().one_or_none()
        return HeldDelivery(**row) if row else None

    async def readdress(self, channel_id: int, old: str, new: str) -> None:
        """What waits for a guest goes to their other address. Each of the three is looked up in an index of its own."""
        await self._connection.execute(
            update(Delivery)
            .where(
                Delivery.channel_id == channel_id,
                Delivery.address == old,
                or_(
                    is_in(Delivery.state, *WAITING),
                    is_in(Delivery.state, OutboxState.SENDING),
                    is_in(Delivery.state, OutboxState.HELD),
                ),
            )
            .values(address=new)
        )

    async def settle_many(self, channel_id: int, reported: Mapping[int, str], at: datetime) -> dict[int, str]:
        """``settle`` for several: ``{delivery id: the provider's id}``. Answers ``{message id: the provider's id}`` of
        what was not known before. A report of an earlier send, whose id the message has already, settles nothing."""
        report = told({"id": Delivery.id, "external_id": Message.external_id}, sorted(reported.items()))
        rows = await self._connection.execute(
            update(Delivery)
            .where(
                Delivery.id == report.c.id,
                Delivery.channel_id == channel_id,
                Delivery.state != OutboxState.SENT,
                or_(Delivery.attempts > 0, Delivery.repeated),
                Message.id == Delivery.message_id,
                Message.external_id.is_distinct_from(report.c.external_id),
            )
            .values(
                state=OutboxState.SENT,
                finished_at=at,
                lease_token=None,
                leased_until=None,
                error_code=None,
                error=None,
            )
            .returning(Delivery.message_id, report.c.external_id)
        )
        return {row.message_id: row.external_id for row in rows}

    async def add_many(self, deliveries: Sequence[NewDelivery]) -> None:
        await self._connection.execute(
            insert(Delivery),
            [
                {
                    "hotel_id": each.hotel_id,
                    "channel_id": each.channel_id,
                    "conversation_id": each.conversation_id,
                    "message_id": each.message_id,
                    "address": each.address,
                    "next_attempt_at": each.at,
                    "created_at": each.at,
                }
                for each in deliveries
            ],
        )

    async def counts(self, channel_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
        """How many wait on each of these channels, and how many are held: ``{channel id: (waiting, held)}``."""
        found = dict.fromkeys(channel_ids, (0, 0))
        for channel_id in channel_ids:
            waiting, held = (
                select(func.count())
                .where(Delivery.channel_id == channel_id, is_in(Delivery.state, *states))
                .scalar_subquery()
                for states in (WAITING, (OutboxState.HELD,))
            )
            row = (await self._connection.execute(select(waiting.label("waiting"), held.label("held")))).one()
            found[channel_id] = (row.waiting, row.held)
        return found

    async def pending_count(self) -> int:
        found = await self._connection.scalar(
            select(func.count()).select_from(Delivery).where(is_in(Delivery.state, *UNFINISHED))
        )
        return found or 0

    async def _set(self, delivery: ClaimedDelivery, values: dict[str, object]) -> bool:
        done = await self._connection.execute(
            update(Delivery)
            .where(and_(Delivery.id == delivery.id, Delivery.lease_token == delivery.lease_token))
            .values(lease_token=None, leased_until=None, **values)
        )
        return done.rowcount == 1


def _cut(error: str | None) -> str | None:
    return error[:500] if error else None
