"""The staff's chat: who has read what, keys for programs, links and sessions for guests."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("hotel_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["hotel_id"], ["hotels.id"], name=op.f("fk_api_keys_hotel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("hotel_id", "name", name=op.f("uq_api_keys_hotel_id_name")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_table(
        "guest_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("hotel_id", sa.BigInteger(), nullable=False),
        sa.Column("stay_id", sa.BigInteger(), nullable=False),
        sa.Column("guest_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["guest_id"], ["guests.id"], name=op.f("fk_guest_links_guest_id")),
        sa.ForeignKeyConstraint(["hotel_id"], ["hotels.id"], name=op.f("fk_guest_links_hotel_id")),
        sa.ForeignKeyConstraint(["stay_id"], ["stays.id"], name=op.f("fk_guest_links_stay_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest_links")),
    )
    op.create_index(op.f("ix_guest_links_hotel_id"), "guest_links", ["hotel_id"], unique=False)
    op.create_index(op.f("ix_guest_links_stay_id"), "guest_links", ["stay_id"], unique=False)
    op.create_table(
        "guest_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hotel_id", sa.BigInteger(), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("stay_id", sa.BigInteger(), nullable=False),
        sa.Column("guest_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["guest_id"], ["guests.id"], name=op.f("fk_guest_sessions_guest_id")),
        sa.ForeignKeyConstraint(["hotel_id"], ["hotels.id"], name=op.f("fk_guest_sessions_hotel_id")),
        sa.ForeignKeyConstraint(["link_id"], ["guest_links.id"], name=op.f("fk_guest_sessions_link_id")),
        sa.ForeignKeyConstraint(["stay_id"], ["stays.id"], name=op.f("fk_guest_sessions_stay_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest_sessions")),
        sa.UniqueConstraint("link_id", name=op.f("uq_guest_sessions_link_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_guest_sessions_token_hash")),
    )
    op.create_index(op.f("ix_guest_sessions_hotel_id"), "guest_sessions", ["hotel_id"], unique=False)
    op.create_index(op.f("ix_guest_sessions_stay_id"), "guest_sessions", ["stay_id"], unique=False)
    op.add_column("accounts", sa.Column("wished_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("hotels", sa.Column("reply_minutes", sa.Integer(), server_default="15", nullable=False))
    # What was answered, or read by somebody, has been read.
    op.execute(
        """
        UPDATE messages SET read_at = now()
        FROM (
            SELECT conversation_id, max(upto) AS upto FROM (
                SELECT conversation_id, id AS upto FROM messages WHERE sender_type = 'staff'
                UNION ALL
                SELECT conversation_id, last_read_message_id FROM participants
            ) AS each_of GROUP BY conversation_id
        ) AS known
        WHERE messages.conversation_id = known.conversation_id AND messages.id <= known.upto
            AND messages.sender_type = 'guest' AND messages.read_at IS NULL
        """
    )
    op.create_index(
        "ix_messages_unread",
        "messages",
        ["conversation_id"],
        unique=False,
        postgresql_where=sa.text("sender_type = 'guest' AND read_at IS NULL"),
    )
    op.create_index(
        "uq_messages_guest_client",
        "messages",
        ["hotel_id", "client_message_id"],
        unique=True,
        postgresql_where=sa.text("client_message_id IS NOT NULL AND staff_user_id IS NULL"),
    )


def downgrade() -> None:
    # The release before takes everything that stands here for a name by which the guest is known.
    op.execute("DELETE FROM guest_identities WHERE kind = 'former_phone'")
    op.drop_index(
        "uq_messages_guest_client",
        table_name="messages",
        postgresql_where=sa.text("client_message_id IS NOT NULL AND staff_user_id IS NULL"),
    )
    op.drop_index(
        "ix_messages_unread",
        table_name="messages",
        postgresql_where=sa.text("sender_type = 'guest' AND read_at IS NULL"),
    )
    op.drop_column("hotels", "reply_minutes")
    op.drop_column("accounts", "wished_at")
    op.drop_index(op.f("ix_guest_sessions_stay_id"), table_name="guest_sessions")
    op.drop_index(op.f("ix_guest_sessions_hotel_id"), table_name="guest_sessions")
    op.drop_table("guest_sessions")
    op.drop_index(op.f("ix_guest_links_stay_id"), table_name="guest_links")
    op.drop_index(op.f("ix_guest_links_hotel_id"), table_name="guest_links")
    op.drop_table("guest_links")
    op.drop_table("api_keys")
