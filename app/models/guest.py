"""A guest, by what they are known, their stays, their accounts on the hotel's channels, and their own sessions."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.types import CheckinState, IdentityKind, StayStatus
from app.models.base import Base, BigId, Created, HotelId, word


class Guest(Base):
    """A person who writes to a hotel, whether they ever stay there or not."""

    __tablename__ = "guests"

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId] = mapped_column(index=True)
    full_name: Mapped[str] = mapped_column(String(200), server_default="")
    language: Mapped[str | None] = mapped_column(String(16))
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(32))
    date_of_birth: Mapped[date | None]
    nationality: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[Created]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class GuestIdentity(Base):
    """One thing by which a hotel knows a guest. Phones and WhatsApp ids are digits only."""

    __tablename__ = "guest_identities"
    __table_args__ = (UniqueConstraint("hotel_id", "kind", "value"),)

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId]
    guest_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("guests.id", ondelete="CASCADE"), index=True)
    kind: Mapped[IdentityKind] = mapped_column(word(IdentityKind))
    value: Mapped[str] = mapped_column(String(254))


class Stay(Base):
    __tablename__ = "stays"
    __table_args__ = (
        UniqueConstraint("guest_id", "check_in"),
        Index("ix_stays_present", "guest_id", postgresql_where=text("status IN ('pending', 'active')")),
    )

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId] = mapped_column(index=True)
    guest_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("guests.id"))
    room_number: Mapped[str] = mapped_column(String(16), server_default="")
    floor: Mapped[int | None] = mapped_column(Integer)
    status: Mapped[StayStatus] = mapped_column(word(StayStatus))
    check_in: Mapped[date]
    check_out: Mapped[date]
    checkin_state: Mapped[CheckinState] = mapped_column(word(CheckinState), server_default="none")
    created_at: Mapped[Created]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Account(Base):
    """A guest's identity on one channel: the address that an answer goes to. A group counts as a guest of its own.

    ``last_inbound_at`` is the provider's time of the newest message that lets us write freely. Before ``not_before``
    the provider takes nothing more for this address; ``throttle_level`` counts how often in a row it has said so. The
    row's lock makes one guest's inbound messages wait for each other. ``guest_id`` is None only inside the transaction
    that meets the address for the first time, and where somebody else may have the address by now. ``opted_out_at``:
    since when the guest wants nothing unasked; ``wished_at``: when they last said that, or the contrary.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("channel_id", "address"),
        Index("ix_accounts_waiting", "channel_id", "address", postgresql_where=text("not_before IS NOT NULL")),
    )

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId] = mapped_column(index=True)
    channel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("channels.id"))
    guest_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("guests.id"), index=True)
    address: Mapped[str] = mapped_column(String(254))
    name: Mapped[str | None] = mapped_column(String(200))
    is_group: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    last_inbound_at: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
    throttle_level: Mapped[int] = mapped_column(Integer, server_default="0")
    opted_out_at: Mapped[datetime | None]
    wished_at: Mapped[datetime | None]
    created_at: Mapped[Created]


class GuestLink(Base):
    """A personal link that was sent to a guest's own number: it opens one guest session, once.

    The link itself is signed and not kept. ``number`` is digits.
    """

    __tablename__ = "guest_links"

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId] = mapped_column(index=True)
    stay_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("stays.id"), index=True)
    guest_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("guests.id"))
    number: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[Created]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class GuestSession(Base):
    """What a used link opened. It lasts as long as the stay; only a hash of its token is kept."""

    __tablename__ = "guest_sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    hotel_id: Mapped[HotelId] = mapped_column(index=True)
    link_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("guest_links.id"), unique=True)
    stay_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("stays.id"), index=True)
    guest_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("guests.id"))
    number: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[Created]
    ended_at: Mapped[datetime | None]
