"""The web chat: visitors' sessions, their chats, and how far the processing of a message has come."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chats",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("hotel_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("public_id", sa.String(length=128), nullable=False),
        sa.Column("former_ids", postgresql.ARRAY(sa.String(length=128)), server_default="{}", nullable=False),
        sa.Column("title", sa.String(length=200), nullable=True),
        sa.Column("is_archived", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("cleared_up_to", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_chats_account_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_chats_channel_id")),
        sa.ForeignKeyConstraint(["hotel_id"], ["hotels.id"], name=op.f("fk_chats_hotel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chats")),
        sa.UniqueConstraint("account_id", "public_id", name=op.f("uq_chats_account_id_public_id")),
    )
    op.create_table(
        "visitor_sessions",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_visitor_sessions_user_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_visitor_sessions")),
    )
    op.add_column("conversations", sa.Column("chat_id", sa.BigInteger(), nullable=True))
    op.drop_index(
        op.f("uq_conversations_open"), table_name="conversations", postgresql_where="((status)::text <> 'closed'::text)"
    )
    op.create_index(
        "uq_conversations_open",
        "conversations",
        [
            "guest_id",
            "channel_id",
            sa.literal_column("coalesce(chat_id, 0)"),
            sa.literal_column("coalesce(department, '')"),
        ],
        unique=True,
        postgresql_where=sa.text("status <> 'closed'"),
    )
    op.create_index(op.f("ix_conversations_chat_id"), "conversations", ["chat_id"], unique=False)
    op.create_foreign_key(op.f("fk_conversations_chat_id"), "conversations", "chats", ["chat_id"], ["id"])
    op.add_column("messages", sa.Column("chat_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_messages_chat", "messages", ["chat_id", "id"], unique=False, postgresql_where=sa.text("chat_id IS NOT NULL")
    )
    op.create_foreign_key(op.f("fk_messages_chat_id"), "messages", "chats", ["chat_id"], ["id"])
    op.add_column(
        "requests", sa.Column("history", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False)
    )
    op.add_column("requests", sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index(op.f("ix_requests_hotel_id"), table_name="requests")
    op.create_index(
        "ix_requests_due",
        "requests",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.create_index("ix_requests_list", "requests", ["hotel_id", sa.literal_column("id DESC")], unique=False)


def downgrade() -> None:
    # One of a guest's may stand open on a channel then, whatever the chat.
    op.execute(
        "UPDATE conversations SET status = 'closed', closed_at = now() WHERE chat_id IS NOT NULL AND status <> 'closed'"
    )
    op.drop_index("ix_requests_list", table_name="requests")
    op.drop_index("ix_requests_due", table_name="requests", postgresql_where=sa.text("next_attempt_at IS NOT NULL"))
    op.create_index(op.f("ix_requests_hotel_id"), "requests", ["hotel_id"], unique=False)
    op.drop_column("requests", "next_attempt_at")
    op.drop_column("requests", "history")
    op.drop_constraint(op.f("fk_messages_chat_id"), "messages", type_="foreignkey")
    op.drop_index("ix_messages_chat", table_name="messages", postgresql_where=sa.text("chat_id IS NOT NULL"))
    op.drop_column("messages", "chat_id")
    op.drop_constraint(op.f("fk_conversations_chat_id"), "conversations", type_="foreignkey")
    op.drop_index(op.f("ix_conversations_chat_id"), table_name="conversations")
    op.drop_index("uq_conversations_open", table_name="conversations", postgresql_where=sa.text("status <> 'closed'"))
    op.create_index(
        op.f("uq_conversations_open"),
        "conversations",
        ["guest_id", "channel_id", sa.literal_column("COALESCE(department, ''::character varying)")],
        unique=True,
        postgresql_where="((status)::text <> 'closed'::text)",
    )
    op.drop_column("conversations", "chat_id")
    op.drop_table("visitor_sessions")
    op.drop_table("chats")
