"""What Alembic runs for every command: on the connection that it is handed, else on one to DATABASE_URL."""

import asyncio

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.core.settings import SettingsError, load_settings
from app.models import Base


def as_written(kind: str, item: object, _: AutogenContext) -> str | bool:
    """A column of words is plain text in a migration: a new word needs none."""
    if kind == "type" and isinstance(item, sa.Enum):
        return f"sa.String(length={item.length})"
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=True,
        render_item=as_written,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run(url: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
elif url := load_settings().database_url:
    asyncio.run(connect_and_run(url))
else:
    raise SettingsError("DATABASE_URL is not set.")
