"""The database's shape over time: bring it to the newest migration, say whether models and migrations agree.

The migrations themselves are in ``migrations/`` of a checkout, in ``app/migrations/`` of an installed wheel. Alembic
works with blocking calls, so the functions here run an event loop of their own: they are not to be called within one.
"""

import asyncio
import secrets
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

from alembic import command
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

import app
from app.core.errors import Conflict
from app.models import Base

P = ParamSpec("P")
T = TypeVar("T")

MIGRATION_LOCK: Final = 0x4C6F6262790001  # any number that nobody else locks in this database


def migrate(url: str) -> list[str]:
    """Bring the database to the newest migration; answers the revisions that ran. Two at once run one after the other.

    Raises Conflict where the database is from a newer release.
    """

    async def run() -> list[str]:
        async with _connect(url) as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
            await connection.commit()  # the lock is the connection's; each migration has a transaction of its own
            return await connection.run_sync(_upgrade)

    return asyncio.run(run())


def differences(url: str) -> str:
    """The steps that the migrations lack to make what the models say, as code; empty where they agree.

    The database lends a schema for a moment; what is in it otherwise does not matter.
    """
    return asyncio.run(_migrated_aside(url, _differences))


def draft(url: str, message: str) -> Path:
    """Write those steps as the next migration; answers its file, to be read and tidied."""
    return asyncio.run(_migrated_aside(url, _draft, message))


def directory() -> Path:
    package = Path(app.__file__).parent
    return next(place for place in (package / "migrations", package.parent / "migrations") if place.is_dir())


@asynccontextmanager
async def _connect(url: str, **server_settings: str) -> AsyncIterator[AsyncConnection]:
    """A connection of its own, without the time limit for statements: a migration may take long."""
    engine = create_async_engine(
        url, poolclass=NullPool, connect_args={"timeout": 5, "server_settings": server_settings}
    )
    async with engine.connect() as connection:
        yield connection


async def _migrated_aside(
    url: str, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run ``work`` in a schema of its own, freshly migrated, which is gone afterwards."""
    schema = f"lobby_check_{secrets.token_hex(4)}"
    async with _connect(url) as owner:
        await owner.execute(text(f"CREATE SCHEMA {schema}"))
        await owner.commit()
        try:
            async with _connect(url, search_path=schema) as connection:
                await connection.run_sync(_upgrade)
                return await connection.run_sync(work, *args, **kwargs)
        finally:
            await owner.execute(text(f"DROP SCHEMA {schema} CASCADE"))
            await owner.commit()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(directory()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> list[str]:
    config = _config(connection)
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    before = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()  # what only looked must leave nothing open: each migration begins its own transaction
    if before is not None and before not in known:
        raise Conflict(f"The database is at migration {before}, which this release of Lobby does not know.")
    command.upgrade(config, "head")
    missing = known if before is None else known[: known.index(before)]
    return missing[::-1]


def _differences(connection: Connection) -> str:
    options = {"compare_type": True, "compare_server_default": True}
    steps = produce_migrations(MigrationContext.configure(connection, opts=options), Base.metadata).upgrade_ops
    assert steps is not None
    if steps.is_empty():
        return ""
    lines = [line for line in render_python_code(steps).splitlines() if "# ###" not in line]  # Alembic's own marks
    return textwrap.dedent("\n".join(lines))


def _draft(connection: Connection, message: str) -> Path:
    config = _config(connection)
    number = int(ScriptDirectory.from_config(config).get_current_head() or 0) + 1
    script = command.revision(config, message, autogenerate=True, rev_id=f"{number:04}")
    assert isinstance(script, Script)
    return Path(script.path)
