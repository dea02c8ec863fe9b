"""Guests' files that a provider names by their whole address."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("media", "provider_id", type_=sa.String(length=2048), existing_type=sa.String(length=512))


def downgrade() -> None:
    op.execute("UPDATE media SET provider_id = NULL WHERE length(provider_id) > 512")
    op.alter_column("media", "provider_id", type_=sa.String(length=512), existing_type=sa.String(length=2048))
