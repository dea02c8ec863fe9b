"""The outbox: who may send what now, and what became of it. All its SQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import and_, case, exists, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.core.types import MessageType, OutboxState
from app.models import Account, Channel, Delivery, Media, Message
from app.store.saving import told

UNFINISHED = (OutboxState.PENDING, OutboxState.SENDING, OutboxState.UNCONFIRMED)


class ClaimedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that this worker may send until its lease ends. ``attempts`` counts this one."""

    id: int
    hotel_id: int
    channel_id: int
    conversation_id: int
    message_id: int
    address: str
    attempts: int
    repeated: bool
    lease_token: UUID
    leased_until: datetime
    created_at: datetime
    type: MessageType
    content: str
    details: dict[str, Any]
    reply_to: str | None
    is_group: bool
    media_id: int | None


class LostDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery whose worker ended while it was sending. ``given_up``: it had been sent once more already."""

    id: int
    hotel_id: int
    conversation_id: int
    message_id: int
    given_up: bool


class HeldDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that waits for its guest to write, and when they last did."""

    channel_id: int
    address: str
    last_inbound_at: datetime | None


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
        self, *, hotel_id: int, channel_id: int, conversation_id: int, message_id: int, address: str, at: datetime
    ) -> None:
        await self._connection.execute(
            insert(Delivery).values(
                hotel_id=hotel_id,
                channel_id=channel_id,
                conversation_id=conversation_id,
                message_id=message_id,
                address=address,
                next_attempt_at=at,
                created_at=at,
            )
        )

    async def claim(self, token: UUID, *, now: datetime, lease: timedelta, limit: int) -> list[ClaimedDelivery]:
        """Take up to ``limit`` deliveries whose turn it is.

        Never one whose conversation has an earlier unfinished one, or whose channel is paused: conversations keep
        their order, and one that waits holds up nobody else. An unconfirmed one that nothing has settled by its time
        is sent again, once, and marked as repeated.
        """
        earlier = aliased(Delivery)
        due = (
            select(Delivery.id)
            .join(Channel, Channel.id == Delivery.channel_id)
            .where(
                Delivery.state.in_([OutboxState.PENDING, OutboxState.UNCONFIRMED]),
                Delivery.next_attempt_at <= now,
                Channel.is_active,
                Channel.paused_at.is_(None),
                ~exists().where(
                    earlier.conversation_id == Delivery.conversation_id,
                    earlier.id < Delivery.id,
                    earlier.state.in_(UNFINISHED),
                ),
            )
            .order_by(Delivery.next_attempt_at, Delivery.id)
            .limit(limit)
            .with_for_update(of=Delivery, skip_locked=True)
            .cte("due")
        )
        quoted = aliased(Message)
        claimed = (
            update(Delivery)
            .where(Delivery.id.in_(select(due.c.id)))
            .values(
                state=OutboxState.SENDING,
                attempts=Delivery.attempts + 1,
                repeated=or_(Delivery.repeated, Delivery.state == OutboxState.UNCONFIRMED),
                lease_token=token,
                leased_until=now + lease,
            )
            .returning(
                Delivery.id,
                Delivery.hotel_id,
                Delivery.channel_id,
                Delivery.conversation_id,
                Delivery.message_id,
                Delivery.address,
                Delivery.attempts,
                Delivery.repeated,
                Delivery.lease_token,
                Delivery.leased_until,
                Delivery.created_at,
            )
            .cte("claimed")
        )
        rows = await self._connection.execute(
            select(
                claimed,
                Message.type,
                Message.content,
                Message.extra.label("details"),
                quoted.external_id.label("reply_to"),
                Account.is_group,
                Media.id.label("media_id"),
            )
            .join(Message, Message.id == claimed.c.message_id)
            .join(Account, and_(Account.channel_id == claimed.c.channel_id, Account.address == claimed.c.address))
            .outerjoin(quoted, quoted.id == Message.reply_to_id)
            .outerjoin(Media, Media.message_id == Message.id)
            .order_by(claimed.c.id)
        )
        return [ClaimedDelivery(**row) for row in rows.mappings()]

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
    ) -> bool:
        """Try again later; False where the claim is no longer ours."""
        return await self._set(
            delivery,
            {
                "state": state,
                "next_attempt_at": next_attempt_at,
                "error_code": error_code,
                "error": _cut(error),
            },
        )

    async def expire_leases(self, now: datetime, wait: timedelta, *, error: str) -> list[LostDelivery]:
        """What a worker claimed and never finished may have been sent: wait for its status, then send once more.

        One that was a second send already is given up, or it would go out as often as workers end.
        """
        dead = literal(OutboxState.DEAD, Delivery.state.type)
        unconfirmed = literal(OutboxState.UNCONFIRMED, Delivery.state.type)
        rows = await self._connection.execute(
            update(Delivery)
            .where(Delivery.state == OutboxState.SENDING, Delivery.leased_until < now)
            .values(
                state=case((Delivery.repeated, dead), else_=unconfirmed),
                finished_at=case((Delivery.repeated, now)),
                next_attempt_at=now + wait,
                lease_token=None,
                leased_until=None,
                error=error,
            )
            .returning(
                Delivery.id,
                Delivery.hotel_id,
                Delivery.conversation_id,
                Delivery.message_id,
                Delivery.repeated.label("given_up"),
            )
        )
        return [LostDelivery(**row) for row in rows.mappings()]

    async def give_up_older(self, before: datetime, *, at: datetime, error: str) -> list[LostDelivery]:
        """End what has waited since before then, whatever its channel's state, unless it is being sent."""
        rows = await self._connection.execute(
            update(Delivery)
            .where(
                Delivery.state.in_([OutboxState.PENDING, OutboxState.UNCONFIRMED]),
                Delivery.created_at < before,
            )
            .values(state=OutboxState.DEAD, finished_at=at, error=error)
            .returning(
                Delivery.id,
                Delivery.hotel_id,
                Delivery.conversation_id,
                Delivery.message_id,
                literal(True).label("given_up"),
            )
        )
        return [LostDelivery(**row) for row in rows.mappings()]

    async def settle(self, channel_id: int, delivery_id: int, at: datetime) -> int | None:
        """The provider's word proves that it took this delivery: it is sent, whoever holds the claim, and also where it
        had been given up. Answers its message's id, or None where that was known, or cannot be."""
        message_id: int | None = await self._connection.scalar(
            update(Delivery)
            .where(
                Delivery.id == delivery_id,
                Delivery.channel_id == channel_id,
                Delivery.state != OutboxState.SENT,
                Delivery.attempts > 0,
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

    async def release_held(self, channel_id: int, address: str, at: datetime) -> int:
        """The guest has written: what was held for this address may leave from ``at`` on. Answers how many."""
        done = await self._connection.execute(
            update(Delivery)
            .where(
                Delivery.channel_id == channel_id,
                Delivery.address == address,
                Delivery.state == OutboxState.HELD,
            )
            .values(state=OutboxState.PENDING, next_attempt_at=at, error_code=None, error=None)
        )
        return done.rowcount

    async def hold_sent(self, message_id: int, *, error_code: int | None, error: str) -> HeldDelivery | None:
        """What the provider took and then refused for the closed window waits for the guest; None where it had not
        been taken."""
        rows = await self._connection.execute(
            update(Delivery)
            .where(
                Delivery.message_id == message_id,
                Delivery.state == OutboxState.SENT,
                Account.channel_id == Delivery.channel_id,
                Account.address == Delivery.address,
            )
            .values(state=OutboxState.HELD, finished_at=None, error_code=error_code, error=_cut(error))
            .returning(Delivery.channel_id, Delivery.address, Account.last_inbound_at)
        )
        row = rows.mappings().one_or_none()
        return HeldDelivery(**row) if row else None

    async def readdress(self, channel_id: int, old: str, new: str) -> None:
        """What waits for a guest goes to their other address."""
        await self._connection.execute(
            update(Delivery)
            .where(
                Delivery.channel_id == channel_id,
                Delivery.address == old,
                Delivery.state.in_([*UNFINISHED, OutboxState.HELD]),
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
                Delivery.attempts > 0,
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

    async def delay_channel(self, channel_id: int, until: datetime) -> None:
        """What waits on this channel now does not go out before ``until``."""
        await self._connection.execute(
            update(Delivery)
            .where(
                Delivery.channel_id == channel_id,
                Delivery.state == OutboxState.PENDING,
                Delivery.next_attempt_at < until,
            )
            .values(next_attempt_at=until)
        )

    async def pending_count(self) -> int:
        found = await self._connection.scalar(
            select(func.count()).select_from(Delivery).where(Delivery.state.in_(UNFINISHED))
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
