"""WhatsApp whole: corrections, templates, the window, files that are fetched, and who has to wait until when."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "corrections",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.String(length=512), nullable=False),
        sa.Column("target", sa.String(length=512), nullable=False),
        sa.Column("sender", sa.String(length=254), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_corrections_channel_id")),
        sa.PrimaryKeyConstraint("channel_id", "external_id", name=op.f("pk_corrections")),
    )
    op.create_index("ix_corrections_target", "corrections", ["channel_id", "target"], unique=False)
    op.create_table(
        "provider_templates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("hotel_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("parameter_format", sa.String(length=16), server_default="POSITIONAL", nullable=False),
        sa.Column("components", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("disabled_reason", sa.String(length=500), nullable=True),
        sa.Column("listed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_provider_templates_channel_id")),
        sa.ForeignKeyConstraint(["hotel_id"], ["hotels.id"], name=op.f("fk_provider_templates_hotel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_templates")),
        sa.UniqueConstraint(
            "channel_id", "name", "language", name=op.f("uq_provider_templates_channel_id_name_language")
        ),
    )
    op.create_index(op.f("ix_provider_templates_hotel_id"), "provider_templates", ["hotel_id"], unique=False)
    op.add_column("accounts", sa.Column("is_group", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("accounts", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
    op.add_column("accounts", sa.Column("throttle_level", sa.Integer(), server_default="0", nullable=False))
    op.create_index(
        "ix_accounts_waiting",
        "accounts",
        ["channel_id", "address"],
        unique=False,
        postgresql_where=sa.text("not_before IS NOT NULL"),
    )
    op.add_column("accounts", sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("channels", sa.Column("business_account", sa.String(length=128), nullable=True))
    op.add_column("channels", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
    op.add_column("channels", sa.Column("throttle_level", sa.Integer(), server_default="0", nullable=False))
    op.add_column("channels", sa.Column("templates_listed_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("ix_deliveries_due", table_name="deliveries")
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["channel_id", "next_attempt_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('pending', 'unconfirmed')"),
    )
    op.create_index(
        "ix_deliveries_leased",
        "deliveries",
        ["leased_until"],
        unique=False,
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.create_index(
        "ix_deliveries_waiting",
        "deliveries",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('pending', 'unconfirmed', 'held')"),
    )
    op.create_index(
        "ix_deliveries_held",
        "deliveries",
        ["channel_id", "address"],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.add_column("conversations", sa.Column("typing_shown_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("inbound_items", sa.Column("external_id", sa.String(length=512), nullable=True))
    op.add_column("media", sa.Column("channel_id", sa.BigInteger(), nullable=True))
    op.add_column("media", sa.Column("uploaded_by", sa.BigInteger(), nullable=True))
    op.add_column("media", sa.Column("upload_id", sa.String(length=512), nullable=True))
    op.add_column("media", sa.Column("upload_expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("media", sa.Column("voice", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("media", sa.Column("width", sa.Integer(), nullable=True))
    op.add_column("media", sa.Column("height", sa.Integer(), nullable=True))
    op.add_column("media", sa.Column("original_key", sa.String(length=255), nullable=True))
    op.add_column("media", sa.Column("thumbnail_key", sa.String(length=255), nullable=True))
    op.add_column("media", sa.Column("attempts", sa.Integer(), server_default="0", nullable=False))
    op.add_column(
        "media",
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.add_column("media", sa.Column("lease_token", sa.Uuid(), nullable=True))
    op.add_column("media", sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("media", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE media SET channel_id = messages.channel_id FROM messages WHERE messages.id = media.message_id")
    op.drop_index(op.f("ix_media_message_id"), table_name="media")
    op.create_index(
        "ix_media_due", "media", ["next_attempt_at"], unique=False, postgresql_where=sa.text("state = 'pending'")
    )
    op.create_index(
        "uq_media_message", "media", ["message_id"], unique=True, postgresql_where=sa.text("message_id IS NOT NULL")
    )
    for key in ("original_key", "thumbnail_key"):
        where = sa.text(f"{key} IS NOT NULL")
        op.create_index(f"ix_media_{key}", "media", [key], unique=False, postgresql_where=where)
    op.create_foreign_key(op.f("fk_media_channel_id"), "media", "channels", ["channel_id"], ["id"])
    op.create_foreign_key(op.f("fk_media_uploaded_by"), "media", "users", ["uploaded_by"], ["id"])
    # Nothing has been stored before this release; what stands here was left by a downgrade.
    op.execute("UPDATE media SET original_key = storage_key, thumbnail_key = details ->> 'thumbnail_key'")
    op.drop_column("media", "storage_key")
    op.drop_column("media", "details")
    op.add_column("messages", sa.Column("delivery_error_code", sa.BigInteger(), nullable=True))
    op.add_column("messages", sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    # The release before would fail on words that it does not know, and never send what is held.
    op.execute("UPDATE messages SET type = 'text' WHERE type = 'template'")
    op.execute("DELETE FROM guest_identities WHERE kind = 'whatsapp_group'")
    op.execute(
        "UPDATE messages SET delivery_status = 'failed' FROM deliveries "
        "WHERE deliveries.message_id = messages.id AND deliveries.state = 'held'"
    )
    op.execute("UPDATE deliveries SET state = 'dead', finished_at = now() WHERE state = 'held'")
    op.drop_column("messages", "revoked_at")
    op.drop_column("messages", "edited_at")
    op.drop_column("messages", "delivery_error_code")
    op.add_column(
        "media",
        sa.Column(
            "details",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            autoincrement=False,
            nullable=False,
        ),
    )
    op.add_column("media", sa.Column("storage_key", sa.VARCHAR(length=255), autoincrement=False, nullable=True))
    # Without its key no file would ever be deleted, not even the photo of a passport.
    op.execute(
        "UPDATE media SET storage_key = original_key, "
        "details = jsonb_strip_nulls(jsonb_build_object('thumbnail_key', thumbnail_key))"
    )
    op.drop_constraint(op.f("fk_media_uploaded_by"), "media", type_="foreignkey")
    op.drop_constraint(op.f("fk_media_channel_id"), "media", type_="foreignkey")
    for key in ("thumbnail_key", "original_key"):
        op.drop_index(f"ix_media_{key}", table_name="media", postgresql_where=sa.text(f"{key} IS NOT NULL"))
    op.drop_index("uq_media_message", table_name="media", postgresql_where=sa.text("message_id IS NOT NULL"))
    op.drop_index("ix_media_due", table_name="media", postgresql_where=sa.text("state = 'pending'"))
    op.create_index(op.f("ix_media_message_id"), "media", ["message_id"], unique=False)
    op.drop_column("media", "deleted_at")
    op.drop_column("media", "leased_until")
    op.drop_column("media", "lease_token")
    op.drop_column("media", "next_attempt_at")
    op.drop_column("media", "attempts")
    op.drop_column("media", "thumbnail_key")
    op.drop_column("media", "original_key")
    op.drop_column("media", "height")
    op.drop_column("media", "width")
    op.drop_column("media", "voice")
    op.drop_column("media", "upload_expires_at")
    op.drop_column("media", "upload_id")
    op.drop_column("media", "uploaded_by")
    op.drop_column("media", "channel_id")
    op.drop_column("inbound_items", "external_id")
    op.drop_column("conversations", "typing_shown_at")
    op.drop_index("ix_deliveries_held", table_name="deliveries", postgresql_where=sa.text("state = 'held'"))
    op.drop_column("channels", "templates_listed_at")
    op.drop_index("ix_deliveries_waiting", table_name="deliveries")
    op.drop_index("ix_deliveries_leased", table_name="deliveries")
    op.drop_index("ix_deliveries_due", table_name="deliveries")
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('pending', 'sending', 'unconfirmed')"),
    )
    op.drop_column("channels", "throttle_level")
    op.drop_column("channels", "not_before")
    op.drop_column("channels", "business_account")
    op.drop_column("accounts", "opted_out_at")
    op.drop_index("ix_accounts_waiting", table_name="accounts")
    op.drop_column("accounts", "throttle_level")
    op.drop_column("accounts", "not_before")
    op.drop_column("accounts", "is_group")
    op.drop_index(op.f("ix_provider_templates_hotel_id"), table_name="provider_templates")
    op.drop_table("provider_templates")
    op.drop_index("ix_corrections_target", table_name="corrections")
    op.drop_table("corrections")
