"""By what a message leaves that is sent again: its own channel, whichever its conversation is on by now."""

from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.core.types import Platform
from app.models import Account, Channel, Conversation, Delivery
from app.store.conversations import closing


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """By what a message would leave again: until ``window_closes_at`` as free text, and ``opted_out_at`` is since when
    its guest wants nothing unasked there."""

    platform: Platform
    window_opened_at: datetime | None
    opted_out_at: datetime | None

    @property
    def window_closes_at(self) -> datetime | None:
        return closing(self.platform, self.window_opened_at)


async def way_of(connection: AsyncConnection, message_id: int) -> Way | None:
    """None where it was never to be sent."""
    rows = await connection.execute(
        select(Channel.platform, Account.last_inbound_at.label("window_opened_at"), Account.opted_out_at)
        .select_from(Delivery)
        .join(Channel, Channel.id == Delivery.channel_id)
        .join(Account, and_(Account.channel_id == Delivery.channel_id, Account.address == address_now()))
        .where(Delivery.message_id == message_id)
    )
    row = rows.mappings().one_or_none()
    return Way(**row) if row else None


def address_now() -> ColumnElement[str]:
    """Where the conversation of a delivery is answered by now, if it is still on its channel; else where it went."""
    now = aliased(Account)
    address = (
        select(now.address)
        .join(Conversation, Conversation.account_id == now.id)
        .where(Conversation.id == Delivery.conversation_id, now.channel_id == Delivery.channel_id)
        .scalar_subquery()
    )
    return func.coalesce(address, Delivery.address)
