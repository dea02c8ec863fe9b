"""What became of messages that left: their statuses, and every report of a provider."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import BindParameter, ColumnElement, and_, any_, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.types import DELIVERY_RANK, DeliveryStatus, MessageType, OutboxState
from app.models import Delivery, Message, MessageStatus
from app.store.claims import is_in
from app.store.saving import told


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A message that left, as its provider names it, and how far it has come. One that is QUEUED with an error was
    taken and refused later: it waits to be sent anew."""

    id: int
    conversation_id: int
    external_id: str
    delivery_status: DeliveryStatus
    delivery_error_code: int | None


class NewStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a message that left. ``error`` is a sentence for staff, ``read_at`` when its guest read it."""

    delivery_status: DeliveryStatus
    error: str | None = None
    error_code: int | None = None
    read_at: datetime | None = None


class StatusReport(msgspec.Struct, frozen=True, kw_only=True):
    channel_id: int
    external_id: str
    status: str
    delivery_id: int | None = None
    error_code: int | None = None
    error: str | None = None
    at: datetime | None = None


class TriedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that has been handed over, or may have been, with what was to be sent."""

    id: int
    address: str
    type: MessageType
    content: str


class StatusStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def raise_status(
        self, message_id: int, status: DeliveryStatus, error: str | None = None, error_code: int | None = None
    ) -> bool:
        """Set a delivery status where it is higher in rank than what stands; answers whether it was."""
        lower = [word for word, rank in DELIVERY_RANK.items() if rank < status.rank]
        done = await self._connection.execute(
            update(Message)
            .where(Message.id == message_id, Message.delivery_status.in_(lower))
            .values(
                delivery_status=status,
                delivery_error=error[:500] if error else None,
                delivery_error_code=error_code,
            )
        )
        return done.rowcount == 1

    async def tried(self, channel_id: int, addresses: Collection[str]) -> list[TriedDelivery]:
        """What may have been handed over to these guests, and is not known to be sent; in its order."""
        rows = await self._connection.execute(
            select(Delivery.id, Delivery.address, Message.type, Message.content)
            .join(Message, Message.id == Delivery.message_id)
            .where(
                Delivery.channel_id == channel_id,
                Delivery.address.in_(list(addresses)),
                Delivery.attempts > 0,
                is_in(Delivery.state, OutboxState.SENDING, OutboxState.UNCONFIRMED),
            )
            .order_by(Delivery.id)
        )
        return [TriedDelivery(**row) for row in rows.mappings()]

    async def note_waiting(self, message_id: int, error: str, error_code: int | None) -> bool:
        """Say why a queued message has not left yet; answers whether it is queued."""
        done = await self._connection.execute(
            update(Message)
            .where(Message.id == message_id, Message.delivery_status == DeliveryStatus.QUEUED)
            .values(delivery_error=error[:500], delivery_error_code=error_code)
        )
        return done.rowcount == 1

    async def requeue(self, message_id: int) -> bool:
        """The only way by which what has failed is queued again. Whether it had failed.

        The provider's id of the failed send is forgotten: what is still reported of that is no news of this one.
        """
        done = await self._connection.execute(
            update(Message)
            .where(Message.id == message_id, Message.delivery_status == DeliveryStatus.FAILED)
            .values(
                delivery_status=DeliveryStatus.QUEUED, delivery_error=None, delivery_error_code=None, external_id=None
            )
        )
        return done.rowcount == 1

    async def revive(self, message_id: int) -> bool:
        """Sent after all: the provider took what had been given up. Whether it had been."""
        done = await self._connection.execute(
            update(Message)
            .where(Message.id == message_id, Message.delivery_status == DeliveryStatus.FAILED)
            .values(delivery_status=DeliveryStatus.SENT, delivery_error=None, delivery_error_code=None)
        )
        return done.rowcount == 1

    async def revive_many(self, message_ids: Collection[int]) -> set[int]:
        """The same for several; those that had been given up."""
        rows = await self._connection.scalars(
            update(Message)
            .where(Message.id.in_(list(message_ids)), Message.delivery_status == DeliveryStatus.FAILED)
            .values(delivery_status=DeliveryStatus.SENT, delivery_error=None, delivery_error_code=None)
            .returning(Message.id)
        )
        return set(rows)

    async def add_statuses(self, reports: Sequence[StatusReport]) -> set[tuple[int, str, str]]:
        """Keep providers' reports, in this order. Answers the ``(channel id, external id, status)`` that were new."""
        columns = {name: getattr(MessageStatus, name) for name in StatusReport.__struct_fields__}
        report = told(columns, [msgspec.structs.astuple(each) for each in reports])
        rows = await self._connection.execute(
            upsert(MessageStatus)
            .from_select(list(columns), select(*report.c))
            .on_conflict_do_nothing()
            .returning(MessageStatus.channel_id, MessageStatus.external_id, MessageStatus.status)
        )
        return {(row.channel_id, row.external_id, row.status) for row in rows}

    async def lock_standing(
        self, *, channel_id: int | None = None, external_ids: Collection[str] = (), message_id: int | None = None
    ) -> list[Standing]:
        """Messages that left on a channel, by the provider's ids, or one by ours; locked in the order of their ids."""
        where = (
            Message.id == message_id
            if message_id is not None
            else and_(Message.channel_id == channel_id, Message.external_id == any_(_texts(external_ids)))
        )
        rows = await self._connection.execute(
            select(*(getattr(Message, name) for name in Standing.__struct_fields__))
            .where(where, Message.external_id.is_not(None), Message.delivery_status.is_not(None))
            .order_by(Message.id)
            .with_for_update()
        )
        return [Standing(**row) for row in rows.mappings()]

    async def set_statuses(self, statuses: Mapping[int, NewStatus]) -> None:
        """Write the statuses of messages that are locked. When a guest read one is written once."""
        new = told(
            {
                "id": Message.id,
                "status": Message.delivery_status,
                "error": Message.delivery_error,
                "code": Message.delivery_error_code,
                "read_at": Message.read_at,
            },
            [
                (key, each.delivery_status, _cut(each.error), each.error_code, each.read_at)
                for key, each in sorted(statuses.items())
            ],
        )
        await self._connection.execute(
            update(Message)
            .where(Message.id == new.c.id)
            .values(
                delivery_status=new.c.status,
                delivery_error=new.c.error,
                delivery_error_code=new.c.code,
                read_at=func.coalesce(Message.read_at, new.c.read_at),
            )
        )

    async def mark_read(self, message_ids: Collection[int], at: datetime) -> dict[int, int]:
        """Their visitor has read these messages of ours. Those that did not count as read, with their conversations."""
        unread = (
            select(Message.id)
            .where(Message.id.in_(list(message_ids)), is_unread())
            .order_by(Message.id)
            .with_for_update()
            .subquery()
        )
        rows = await self._connection.execute(
            update(Message)
            .where(Message.id == unread.c.id)
            .values(
                delivery_status=DeliveryStatus.READ,
                delivery_error=None,
                delivery_error_code=None,
                read_at=func.coalesce(Message.read_at, at),
            )
            .returning(Message.id, Message.conversation_id)
        )
        return {row.id: row.conversation_id for row in rows}

    async def statuses_of(self, channel_id: int, external_id: str) -> list[StatusReport]:
        """What a provider has reported of one id so far."""
        rows = await self._connection.execute(
            select(
                MessageStatus.channel_id,
                MessageStatus.external_id,
                MessageStatus.status,
                MessageStatus.delivery_id,
                MessageStatus.error_code,
                MessageStatus.error,
                MessageStatus.at,
            ).where(MessageStatus.channel_id == channel_id, MessageStatus.external_id == external_id)
        )
        return [StatusReport(**row) for row in rows.mappings()]


def is_unread() -> ColumnElement[bool]:
    """The message is ours, and not known to be read."""
    return Message.delivery_status.in_(
        [word for word, rank in DELIVERY_RANK.items() if rank < DeliveryStatus.READ.rank]
    )


def _texts(external_ids: Collection[str]) -> BindParameter[list[str]]:
    return literal(list(external_ids), ARRAY(TEXT))


def _cut(error: str | None) -> str | None:
    return error[:500] if error else None
