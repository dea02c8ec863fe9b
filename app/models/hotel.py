"""A hotel, its place in its own sequence of events, its channels and its canned replies."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Integer, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.types import Department, Platform
from app.models.base import Base, BigId, Created, HotelId, Json, word


class Hotel(Base):
    """``reply_minutes`` is how long a guest may wait for an answer of staff."""

    __tablename__ = "hotels"

    id: Mapped[BigId]
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    timezone: Mapped[str] = mapped_column(String(64), server_default="UTC")
    language: Mapped[str] = mapped_column(String(16), server_default="en")
    reply_minutes: Mapped[int] = mapped_column(Integer, server_default="15")
    created_at: Mapped[Created]


class HotelSequence(Base):
    """The last number that the hotel's events have taken. Its row lock makes number order commit order."""

    __tablename__ = "hotel_sequences"

    hotel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("hotels.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, server_default="0")


class Channel(Base):
    """A hotel's own number, page or site on a platform.

    ``account`` is the provider's id of it, by which inbound bodies are routed, ``business_account`` that of the account
    which its templates belong to. ``credentials`` are encrypted. Before ``not_before`` the provider takes nothing more
    from it; ``throttle_level`` counts how often in a row it has said so. ``templates_listed_at`` is None where its
    templates were never listed, or are known to have changed since.
    """

    __tablename__ = "channels"
    __table_args__ = (UniqueConstraint("platform", "account"),)

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId] = mapped_column(index=True)
    platform: Mapped[Platform] = mapped_column(word(Platform))
    name: Mapped[str] = mapped_column(String(200))
    account: Mapped[str] = mapped_column(String(128))
    business_account: Mapped[str | None] = mapped_column(String(128))
    display_address: Mapped[str | None] = mapped_column(String(128))
    credentials: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("''::bytea"))
    config: Mapped[Json]
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    not_before: Mapped[datetime | None]
    throttle_level: Mapped[int] = mapped_column(Integer, server_default="0")
    paused_at: Mapped[datetime | None]
    pause_reason: Mapped[str | None] = mapped_column(String(500))
    templates_listed_at: Mapped[datetime | None]
    created_at: Mapped[Created]


class ProviderTemplate(Base):
    """A template that the provider has to approve, as it was last listed there: what may be sent after the window.

    ``components`` are in the provider's words. ``disabled_reason`` is ours: a send has shown that it cannot be used.
    """

    __tablename__ = "provider_templates"
    __table_args__ = (UniqueConstraint("channel_id", "name", "language"),)

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId] = mapped_column(index=True)
    channel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("channels.id"))
    provider_id: Mapped[str | None] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(512))
    language: Mapped[str] = mapped_column(String(16))
    category: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(32))
    parameter_format: Mapped[str] = mapped_column(String(16), server_default="POSITIONAL")
    components: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    disabled_reason: Mapped[str | None] = mapped_column(String(500))
    listed_at: Mapped[Created]


class MessageTemplate(Base):
    """A canned reply (contract 1, "MessageTemplate Model")."""

    __tablename__ = "message_templates"
    __table_args__ = (UniqueConstraint("hotel_id", "name"),)

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId]
    name: Mapped[str] = mapped_column(String(128))
    content: Mapped[str]
    department: Mapped[Department | None] = mapped_column(word(Department))
    template_type: Mapped[str] = mapped_column(String(32), server_default="text")
    variables: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    created_at: Mapped[Created]
