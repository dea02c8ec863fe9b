"""Visitors of a web chat say that they stay, for staff to confirm."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stay_claims",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("hotel_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("full_name", sa.String(length=200), nullable=False),
        sa.Column("room_number", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=32), server_default="waiting", nullable=False),
        sa.Column("relayed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("stay_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_stay_claims_account_id")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_stay_claims_conversation_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_stay_claims_decided_by")),
        sa.ForeignKeyConstraint(["hotel_id"], ["hotels.id"], name=op.f("fk_stay_claims_hotel_id")),
        sa.ForeignKeyConstraint(["stay_id"], ["stays.id"], name=op.f("fk_stay_claims_stay_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stay_claims")),
    )
    op.create_index(op.f("ix_stay_claims_account_id"), "stay_claims", ["account_id"], unique=False)
    op.create_index(
        "ix_stay_claims_list", "stay_claims", ["hotel_id", "status", sa.literal_column("id DESC")], unique=False
    )
    op.create_index(
        "uq_stay_claims_waiting",
        "stay_claims",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("status = 'waiting'"),
    )


def downgrade() -> None:
    op.drop_table("stay_claims")
