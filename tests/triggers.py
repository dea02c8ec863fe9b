"""Faults in the database itself: a trigger that does a test's worst while a block runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text

from app.store.database import Database


@asynccontextmanager
async def trigger(database: Database, when: str, does: str) -> AsyncIterator[None]:
    """``when`` is for instance ``INSERT ON messages``, ``does`` statements of PL/pgSQL about the row NEW.

    ``nextval('times')`` counts, also in transactions that are undone.
    """
    async with database.transaction() as work:
        for statement in (
            "CREATE SEQUENCE times",
            f"CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does}; RETURN NEW; END $$",
            f"CREATE TRIGGER fault BEFORE {when} FOR EACH ROW EXECUTE FUNCTION fault()",
        ):
            await work.connection.execute(text(statement))
    try:
        yield
    finally:
        async with database.transaction() as work:
            await work.connection.execute(text("DROP FUNCTION fault() CASCADE"))
            await work.connection.execute(text("DROP SEQUENCE times"))
