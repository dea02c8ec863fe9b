"""Conversations, their messages, and who takes part."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.types import (
    ConversationStatus,
    DeliveryStatus,
    Department,
    MediaState,
    MessageOrigin,
    MessageType,
    SenderType,
)
from app.models.base import Base, BigId, Created, HotelId, Json, word


class Conversation(Base):
    """One thread between a guest and the hotel on one channel (contract 1, "Conversation Model").

    A guest has at most one open conversation per channel and department, on a web chat per chat; the bot's has no
    department. The fields of the last message are kept here, so that a list is one query.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        Index(
            "uq_conversations_open",
            "guest_id",
            "channel_id",
            text("coalesce(chat_id, 0)"),
            text("coalesce(department, '')"),
            unique=True,
            postgresql_where=text("status <> 'closed'"),
        ),
        Index("ix_conversations_list", "hotel_id", "status", text("last_activity_at DESC"), text("id DESC")),
    )

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId]
    guest_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("guests.id"))
    stay_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("stays.id"), index=True)
    channel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("channels.id"))
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"), index=True)
    chat_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("chats.id"), index=True)
    status: Mapped[ConversationStatus] = mapped_column(word(ConversationStatus))
    department: Mapped[Department | None] = mapped_column(word(Department))
    assignee_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    flow_name: Mapped[str | None] = mapped_column(String(64))
    current_step: Mapped[str | None] = mapped_column(String(64))
    context_data: Mapped[Json]
    conversation_type: Mapped[str] = mapped_column(String(32), server_default="general")
    priority: Mapped[int] = mapped_column(Integer, server_default="1")
    is_archived: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    last_message_id: Mapped[int | None]
    last_message_preview: Mapped[str | None] = mapped_column(String(200))
    last_message_sender: Mapped[SenderType | None] = mapped_column(word(SenderType))
    last_message_at: Mapped[datetime | None]
    last_staff_message_at: Mapped[datetime | None]
    relayed_at: Mapped[datetime | None]
    waiting_since: Mapped[datetime | None]
    typing_shown_at: Mapped[datetime | None]
    last_activity_at: Mapped[Created]
    created_at: Mapped[Created]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    closed_at: Mapped[datetime | None]


class Message(Base):
    """One message (contract 1, "Message Model"; ``created_at`` is its ``timestamp``).

    The unique keys are the only dedupe: the provider's id per channel, a client's own id per staff user, and per hotel
    for guests' clients. ``read_at`` is when the hotel first read a guest's, or when the guest read one of ours.
    """

    __tablename__ = "messages"
    __table_args__ = (
        Index(
            "uq_messages_external",
            "channel_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        Index(
            "uq_messages_client",
            "staff_user_id",
            "client_message_id",
            unique=True,
            postgresql_where=text("client_message_id IS NOT NULL"),
        ),
        Index(
            "uq_messages_guest_client",
            "hotel_id",
            "client_message_id",
            unique=True,
            postgresql_where=text("client_message_id IS NOT NULL AND staff_user_id IS NULL"),
        ),
        Index("ix_messages_conversation", "conversation_id", "id"),
        Index("ix_messages_chat", "chat_id", "id", postgresql_where=text("chat_id IS NOT NULL")),
        Index(
            "ix_messages_unread",
            "conversation_id",
            postgresql_where=text("sender_type = 'guest' AND read_at IS NULL"),
        ),
    )

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId]
    conversation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("conversations.id"))
    channel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("channels.id"))
    chat_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("chats.id"))
    external_id: Mapped[str | None] = mapped_column(String(512))
    client_message_id: Mapped[UUID | None]
    sender_type: Mapped[SenderType] = mapped_column(word(SenderType))
    origin: Mapped[MessageOrigin] = mapped_column(word(MessageOrigin))
    staff_user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    sender_name: Mapped[str] = mapped_column(String(320))
    type: Mapped[MessageType] = mapped_column(word(MessageType))
    content: Mapped[str]
    extra: Mapped[Json]
    reply_to_id: Mapped[int | None]
    is_note: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    delivery_status: Mapped[DeliveryStatus | None] = mapped_column(word(DeliveryStatus))
    delivery_error: Mapped[str | None] = mapped_column(String(500))
    delivery_error_code: Mapped[int | None]
    edited_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    provider_timestamp: Mapped[datetime | None]
    created_at: Mapped[Created]


class Correction(Base):
    """A guest's edit or revocation of a message, ``target``. Kept, because it may come before its original."""

    __tablename__ = "corrections"
    __table_args__ = (Index("ix_corrections_target", "channel_id", "target"),)

    channel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("channels.id"), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(512), primary_key=True)
    target: Mapped[str] = mapped_column(String(512))
    sender: Mapped[str] = mapped_column(String(254))
    text: Mapped[str | None]
    at: Mapped[datetime]
    received_at: Mapped[Created]


class Participant(Base):
    """A staff user in a conversation, and how far they have read."""

    __tablename__ = "participants"
    __table_args__ = (UniqueConstraint("conversation_id", "user_id"),)

    id: Mapped[BigId]
    conversation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("conversations.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"), index=True)
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    last_read_message_id: Mapped[int | None]
    last_read_at: Mapped[datetime | None]


class Media(Base):
    """A file: of a message, or uploaded by staff and not sent yet. With a ``stay_id`` it is a guest's document.

    ``provider_id`` is the provider's name of a guest's file, ``upload_id`` the one that the provider gave to ours.
    ``original_key`` and ``thumbnail_key`` name what is stored of it.
    """

    __tablename__ = "media"
    __table_args__ = (
        Index("uq_media_message", "message_id", unique=True, postgresql_where=text("message_id IS NOT NULL")),
        Index("ix_media_due", "next_attempt_at", postgresql_where=text("state = 'pending'")),
        Index("ix_media_original_key", "original_key", postgresql_where=text("original_key IS NOT NULL")),
        Index("ix_media_thumbnail_key", "thumbnail_key", postgresql_where=text("thumbnail_key IS NOT NULL")),
    )

    id: Mapped[BigId]
    hotel_id: Mapped[HotelId] = mapped_column(index=True)
    channel_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("channels.id"))
    message_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("messages.id"))
    stay_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("stays.id"), index=True)
    uploaded_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    provider_id: Mapped[str | None] = mapped_column(String(2048))
    upload_id: Mapped[str | None] = mapped_column(String(512))
    upload_expires_at: Mapped[datetime | None]
    state: Mapped[MediaState] = mapped_column(word(MediaState), server_default="pending")
    mime_type: Mapped[str | None] = mapped_column(String(128))
    filename: Mapped[str | None] = mapped_column(String(255))
    sha256: Mapped[str | None] = mapped_column(String(128))
    voice: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    size: Mapped[int | None]
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    original_key: Mapped[str | None] = mapped_column(String(255))
    thumbnail_key: Mapped[str | None] = mapped_column(String(255))
    error: Mapped[str | None] = mapped_column(String(500))
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    next_attempt_at: Mapped[Created]
    lease_token: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]
    created_at: Mapped[Created]
    deleted_at: Mapped[datetime | None]
