"""Users who sign in, their sessions, and what was tried at the door."""

from datetime import datetime
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
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.types import UserType
from app.models.base import Base, BigId, Created, HotelId, Json, word


class User(Base):
    """Staff, or a registered guest. ``departments`` are Department values; a guest has none."""

    __tablename__ = "users"
    __table_args__ = (Index("uq_users_username_lower", text("lower(username)"), unique=True),)

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId] = mapped_column(index=True)
    guest_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("guests.id"))
    username: Mapped[str] = mapped_column(String(150))
    password_hash: Mapped[str] = mapped_column(String(255))
    first_name: Mapped[str] = mapped_column(String(150), server_default="")
    last_name: Mapped[str] = mapped_column(String(150), server_default="")
    email: Mapped[str] = mapped_column(String(254), server_default="")
    user_type: Mapped[UserType] = mapped_column(word(UserType))
    departments: Mapped[list[str]] = mapped_column(ARRAY(String(32)), server_default="{}")
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    created_at: Mapped[Created]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuthSession(Base):
    """One sign-in. Tokens and cookies are worth what their session is; only hashes of secrets are kept."""

    __tablename__ = "auth_sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"), index=True)
    cookie_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[Created]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class RefreshToken(Base):
    """A refresh token is good once; a second use ends its session."""

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("auth_sessions.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Created]
    used_at: Mapped[datetime | None]


class SignInAttempt(Base):
    """Failed sign-ins in the running window, per user name and address, per user name, and per address."""

    __tablename__ = "sign_in_attempts"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    window_started_at: Mapped[datetime]
    count: Mapped[int] = mapped_column(Integer)


class ApiKey(Base):
    """A hotel's key for programs of its own. Only a hash of it is kept; ``name`` says whose it is."""

    __tablename__ = "api_keys"
    __table_args__ = (UniqueConstraint("hotel_id", "name"),)

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId]
    name: Mapped[str] = mapped_column(String(128))
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[Created]
    revoked_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who did or saw what. Append-only: the database refuses to change or delete a row."""

    __tablename__ = "audit_log"

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId] = mapped_column(index=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(128))
    details: Mapped[Json]
    at: Mapped[Created]
