"""The web chat: visitors before they sign in, their chats, and the processing of what they write (contract 5).

A visitor's or user's account on a channel is an ``Account``; its address is the document's account id.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.types import ClaimStatus, RequestStatus
from app.models.base import Base, BigId, Created, HotelId, word


class VisitorSession(Base):
    """Somebody who wrote without having signed in. ``key`` is the part of their cookie or token that names them, and
    stands in their account's id. From ``ended_at`` on it opens nothing: what was theirs is the user's who signed in.
    """

    __tablename__ = "visitor_sessions"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    created_at: Mapped[Created]
    ended_at: Mapped[datetime | None]


class Chat(Base):
    """One of an account's chats. ``public_id`` is what clients call it, ``former_ids`` what leads to it besides: the
    ids of chats that were merged into it. Messages up to ``cleared_up_to`` are not shown to the visitor any more; nor
    is a chat that has no others.
    """

    __tablename__ = "chats"
    __table_args__ = (UniqueConstraint("account_id", "public_id"),)

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId]
    channel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("channels.id"))
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    public_id: Mapped[str] = mapped_column(String(128))
    former_ids: Mapped[list[str]] = mapped_column(ARRAY(String(128)), server_default="{}")
    title: Mapped[str | None] = mapped_column(String(200))
    is_archived: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    cleared_up_to: Mapped[int | None]
    created_at: Mapped[Created]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Request(Base):
    """The processing of one message of a visitor. ``history`` has each status with its time, ``{status, at}``;
    ``category`` is the flow or the department that took it. A failed one is tried again at ``next_attempt_at``."""

    __tablename__ = "requests"
    __table_args__ = (
        Index("ix_requests_list", "hotel_id", text("id DESC")),
        Index("ix_requests_due", "next_attempt_at", postgresql_where=text("next_attempt_at IS NOT NULL")),
    )

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId]
    message_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("messages.id"), unique=True)
    guest_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("guests.id"))
    status: Mapped[RequestStatus] = mapped_column(word(RequestStatus), server_default="PENDING")
    category: Mapped[str | None] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    error: Mapped[str | None] = mapped_column(String(500))
    history: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    next_attempt_at: Mapped[datetime | None]
    created_at: Mapped[Created]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class StayClaim(Base):
    """A visitor says who they are and in which room they stay, for staff to confirm. One of an account waits at a time.

    ``relayed``: Reception has the conversation because of it. ``stay_id`` is the stay that was confirmed.
    """

    __tablename__ = "stay_claims"
    __table_args__ = (
        Index("uq_stay_claims_waiting", "account_id", unique=True, postgresql_where=text("status = 'waiting'")),
        Index("ix_stay_claims_list", "hotel_id", "status", text("id DESC")),
    )

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"), index=True)
    conversation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("conversations.id"))
    full_name: Mapped[str] = mapped_column(String(200))
    room_number: Mapped[str] = mapped_column(String(16))
    status: Mapped[ClaimStatus] = mapped_column(word(ClaimStatus), server_default="waiting")
    relayed: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    stay_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("stays.id"))
    decided_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
    created_at: Mapped[Created]
