"""What came in, what happened, what goes out: raw updates, the event log and the outbox."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, LargeBinary, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.types import OutboxState, Platform, UpdateState
from app.models.base import Base, BigId, Created, HotelId, word


class InboundUpdate(Base):
    """A provider's request body, byte for byte, and what became of it."""

    __tablename__ = "inbound_updates"

    id: Mapped[BigId]
    platform: Mapped[Platform] = mapped_column(word(Platform))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    signed: Mapped[bool] = mapped_column(Boolean)
    state: Mapped[UpdateState] = mapped_column(word(UpdateState))
    error: Mapped[str | None] = mapped_column(String(1000))
    received_at: Mapped[Created]


class InboundItem(Base):
    """An item of an update that could not be processed with it: tried again alone, and shown if it stays dead."""

    __tablename__ = "inbound_items"
    __table_args__ = (Index("ix_inbound_items_due", "next_attempt_at", postgresql_where=text("state = 'pending'")),)

    update_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("inbound_updates.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    channel_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("channels.id"))
    external_id: Mapped[str | None] = mapped_column(String(512))
    state: Mapped[UpdateState] = mapped_column(word(UpdateState))
    error: Mapped[str] = mapped_column(String(1000))
    attempts: Mapped[int] = mapped_column(Integer, server_default="1")
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())


class EventRow(Base):
    """An event with its number in its hotel's sequence: no holes, in the order of commits."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_created_at", "created_at"),)

    hotel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("hotels.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[Created]


class Delivery(Base):
    """One message on its way to the guest: a row of the outbox.

    ``lease_token`` names the worker's claim until ``leased_until``. ``repeated`` marks a send after one whose answer
    was lost, so that the guest may have got it twice. ``attempts`` counts the tries that were the message's own: not
    those which met a limit of the provider's. ``created_at`` is when it was queued, the last time.

    Each index holds only rows that still wait for something; the table keeps the finished ones.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(
            "ix_deliveries_due",
            "channel_id",
            "next_attempt_at",
            "id",
            postgresql_where=text("state IN ('pending', 'unconfirmed')"),
        ),
        Index(
            "ix_deliveries_open",
            "conversation_id",
            "id",
            postgresql_where=text("state IN ('pending', 'sending', 'unconfirmed')"),
        ),
        Index("ix_deliveries_held", "channel_id", "address", postgresql_where=text("state = 'held'")),
        Index("ix_deliveries_leased", "leased_until", postgresql_where=text("state = 'sending'")),
        Index(
            "ix_deliveries_waiting",
            "created_at",
            postgresql_where=text("state IN ('pending', 'unconfirmed', 'held')"),
        ),
    )

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId]
    channel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("channels.id"))
    conversation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("conversations.id"))
    message_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("messages.id"), unique=True)
    address: Mapped[str] = mapped_column(String(254))
    state: Mapped[OutboxState] = mapped_column(word(OutboxState), server_default="pending")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    next_attempt_at: Mapped[Created]
    lease_token: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]
    repeated: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    error_code: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[Created]
    finished_at: Mapped[datetime | None]


class MessageStatus(Base):
    """Every status that a provider reported, once, also for a send whose answer has not arrived yet."""

    __tablename__ = "message_statuses"

    channel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("channels.id"), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(512), primary_key=True)
    status: Mapped[str] = mapped_column(String(32), primary_key=True)
    delivery_id: Mapped[int | None]
    error_code: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(String(500))
    at: Mapped[datetime | None]
    received_at: Mapped[Created]
