"""The one statement that decides whose turn it is to be sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    and_,
    case,
    exists,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import aliased
from sqlalchemy.orm.attributes import InstrumentedAttribute

from app.core.types import MessageOrigin, MessageType, OutboxState, Platform
from app.models import Account, Channel, Delivery, Media, Message

WAITING = (OutboxState.PENDING, OutboxState.UNCONFIRMED)
UNFINISHED = (*WAITING, OutboxState.SENDING)


class ClaimedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that this worker may send until its lease ends.

    ``attempts`` counts this one. ``window_opened_at`` is when the guest wrote last, ``opted_out_at`` since when they
    want nothing unasked, ``origin`` who wrote the message; the two levels say how often in a row the provider has
    refused the channel, or this guest, for going too fast. ``credentials`` are the channel's, sealed, as they were at
    the claim.
    """

    id: int
    hotel_id: int
    channel_id: int
    conversation_id: int
    message_id: int
    address: str
    attempts: int
    repeated: bool
    lease_token: UUID
    claimed_at: datetime
    leased_until: datetime
    created_at: datetime
    platform: Platform
    origin: MessageOrigin
    type: MessageType
    content: str
    details: dict[str, Any]
    reply_to: str | None
    is_group: bool
    media_id: int | None
    window_opened_at: datetime | None
    opted_out_at: datetime | None
    channel_level: int
    account_level: int
    credentials: bytes


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """No more than ``most`` of one channel at once; ``held`` says how many of each, by its id, are under way."""

    most: int
    held: Mapping[int, int]


def is_in(column: InstrumentedAttribute[OutboxState], *states: OutboxState) -> ColumnElement[bool]:
    """In the indexes' own words: parameters match them no more once PostgreSQL plans for any values of them."""
    return column.in_([literal_column(f"'{state.value}'") for state in states])


def claim(
    token: UUID, *, now: datetime, leased_until: datetime, limit: int, share: Share | None = None
) -> Select[*tuple[Any, ...]]:
    """Takes up to ``limit`` deliveries, and answers the columns of ClaimedDelivery but for ``claimed_at``.

    Each channel that may send is asked for its own next ones, as many as its ``share`` allows, so that what waits on
    another costs nothing.
    """
    claimed = _claimed(_due(now, limit, share), token, leased_until)
    quoted = aliased(Message)
    return (
        select(
            claimed,
            Channel.platform,
            Message.origin,
            Message.type,
            Message.content,
            Message.extra.label("details"),
            quoted.external_id.label("reply_to"),
            Account.is_group,
            Account.last_inbound_at.label("window_opened_at"),
            Account.opted_out_at,
            Account.throttle_level.label("account_level"),
            Channel.throttle_level.label("channel_level"),
            Channel.credentials,
            Media.id.label("media_id"),
        )
        .join(Message, Message.id == claimed.c.message_id)
        .join(Channel, Channel.id == claimed.c.channel_id)
        .join(Account, and_(Account.channel_id == claimed.c.channel_id, Account.address == claimed.c.address))
        # A message of the channel that the conversation was on before is unknown to the provider of this one.
        .outerjoin(quoted, and_(quoted.id == Message.reply_to_id, quoted.channel_id == claimed.c.channel_id))
        .outerjoin(Media, Media.message_id == Message.id)
        .order_by(claimed.c.id)
    )


def _due(now: datetime, limit: int, share: Share | None) -> CTE:
    """The ids of those whose turn it is, locked."""
    ready = (
        select(Channel.id, _places(limit, share).label("places"))
        .where(
            Channel.is_active,
            Channel.paused_at.is_(None),
            or_(Channel.not_before.is_(None), Channel.not_before <= now),
        )
        .cte("ready")
    )
    next_ones = (
        select(Delivery.id, Delivery.next_attempt_at)
        .where(
            Delivery.channel_id == ready.c.id,
            is_in(Delivery.state, *WAITING),
            Delivery.next_attempt_at <= now,
            not_(_has_earlier()),
            not_(_guest_waits(now)),
        )
        .order_by(Delivery.next_attempt_at, Delivery.id)
        .limit(ready.c.places)
        .with_for_update(of=Delivery, skip_locked=True)
        .lateral("next_ones")
    )
    return (
        select(next_ones.c.id)
        .select_from(ready.join(next_ones, true()))
        .order_by(next_ones.c.next_attempt_at, next_ones.c.id)
        .limit(limit)
        .cte("due")
    )


def _places(limit: int, share: Share | None) -> ColumnElement[int]:
    """How many a channel may be asked for."""
    if share is None:
        return literal(limit)
    left = {channel_id: min(limit, max(share.most - held, 0)) for channel_id, held in share.held.items()}
    most = literal(min(limit, share.most))
    return case(left, value=Channel.id, else_=most) if left else most


def _claimed(due: CTE, token: UUID, leased_until: datetime) -> CTE:
    return (
        update(Delivery)
        .where(Delivery.id.in_(select(due.c.id)))
        .values(
            state=OutboxState.SENDING,
            attempts=Delivery.attempts + 1,
            repeated=or_(Delivery.repeated, Delivery.state == OutboxState.UNCONFIRMED),
            lease_token=token,
            leased_until=leased_until,
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


def _has_earlier() -> ColumnElement[bool]:
    """An earlier one of the conversation, on this channel, is unfinished. What is held for the guest to write is in
    nobody's way, nor is what is left on a channel from which the conversation has gone."""
    earlier = aliased(Delivery)
    return exists().where(
        earlier.conversation_id == Delivery.conversation_id,
        earlier.channel_id == Delivery.channel_id,
        earlier.id < Delivery.id,
        is_in(earlier.state, *UNFINISHED),
    )


def _guest_waits(now: datetime) -> ColumnElement[bool]:
    """Looked up in an index of those alone who have been refused of late."""
    return exists().where(
        Account.channel_id == Delivery.channel_id, Account.address == Delivery.address, Account.not_before > now
    )
