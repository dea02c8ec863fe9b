"""The migrations: they make what the models say, once however many run them, and guard the audit log."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.core.errors import Conflict
from app.models import Base
from app.store.database import Database
from app.store.migrations import differences, migrate
from tests.bare import create_bare_database

SHAPE = {
    "columns": """
        SELECT table_name, column_name, udt_name, character_maximum_length, is_nullable, column_default, is_identity
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'""",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
    """,
}


@pytest.fixture
def bare_database() -> Iterator[str]:
    with create_bare_database() as url:
        yield url


async def shape(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Everything in a database that a model can say."""
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        found = {
            kind: sorted((tuple(row) for row in await connection.execute(text(query))), key=repr)
            for kind, query in SHAPE.items()
        }
    await engine.dispose()
    return found


async def create_all(url: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()


async def execute(url: str, statement: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


async def test_they_make_to_the_letter_what_the_models_say(database_url: str, bare_database: str) -> None:
    """Stricter than Alembic, which does not compare a partial index's condition."""
    await create_all(bare_database)
    assert await shape(database_url) == await shape(bare_database)


def test_alembic_sees_no_difference_and_leaves_nothing_behind(bare_database: str) -> None:
    assert differences(bare_database) == ""
    assert asyncio.run(shape(bare_database)) == {"columns": [], "indexes": [], "constraints": []}


def test_two_at_once_run_them_once(bare_database: str) -> None:
    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(migrate, [bare_database] * 2))
    assert [] in done
    assert [len(each) == len(set(each)) > 0 for each in done if each] == [True]


def test_a_database_of_a_newer_release_is_left_alone(bare_database: str) -> None:
    migrate(bare_database)
    asyncio.run(execute(bare_database, "UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict, match="at migration 9999, which this release of Lobby does not know"):
        migrate(bare_database)


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
async def test_the_audit_log_only_grows(statement: str, database: Database) -> None:
    with pytest.raises(DBAPIError, match="audit_log is append-only"):
        async with database.transaction() as work:
            await work.connection.execute(text(statement))
