"""The PostgreSQL and Redis that the tests use, shared by all processes of a test run.

They are those of TEST_DATABASE_URL (else DATABASE_URL) and REDIS_URL where these are set, otherwise embedded ones under
``.lobby/test``, which are made for speed and begin empty. In a given PostgreSQL only databases whose names begin with
``lobby_test_`` are made and dropped; its user needs CREATEDB. All functions may be called with an event loop running.
"""

import asyncio
import os
import secrets
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import URL, make_url

from app.dev.embedded import Services, ensure

ROOT = Path(__file__).resolve().parents[1] / ".lobby" / "test"
# Set by the first process that imports this, and inherited by pytest-xdist's workers.
RUN = os.environ.setdefault("LOBBY_TEST_RUN", secrets.token_hex(4))
TEMPLATE = f"lobby_test_{RUN}"
TEMPLATE_LOCK = 0x10BB7  # one number for all runs on a server; it is held only while a template is made

Result = TypeVar("Result")


def start() -> Services:
    """Find or start the servers. Call it once per process; the last process to end ends the embedded ones."""
    database_url = os.environ.get("TEST_DATABASE_URL") or os.environ.get("DATABASE_URL")
    redis_url = os.environ.get("REDIS_URL")
    if database_url and redis_url:
        return Services(database_url, redis_url)
    own = ensure(ROOT, throwaway=True)
    return Services(database_url or own.database_url, redis_url or own.redis_url, own.lease)


def create_template(services: Services, migrate: Callable[[str], object]) -> str:
    """The name of this run's template database; the first process to ask makes it with ``migrate(database_url)``.

    The others wait. It gets its final name only when ``migrate`` has succeeded.
    """
    unfinished = f"{TEMPLATE}_new"

    async def make() -> None:
        connection = await _connect(services)
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", TEMPLATE_LOCK)
            if await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", TEMPLATE):
                return
            await connection.execute(f"DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")
            await connection.execute(f"CREATE DATABASE {unfinished}")
            # In a thread, because Alembic runs an event loop of its own.
            await asyncio.to_thread(migrate, database_url(services, unfinished))
            await connection.execute(f"ALTER DATABASE {unfinished} RENAME TO {TEMPLATE}")
        finally:
            await connection.close()

    _run(make())
    return TEMPLATE


def create_database(services: Services, template: str, name: str) -> str:
    """Make the database ``name`` of this run as a copy of ``template``; returns its address for SQLAlchemy."""
    _run(_execute(services, f"CREATE DATABASE {_full(name)} TEMPLATE {template}"))
    return database_url(services, _full(name))


def drop_database(services: Services, name: str) -> None:
    """Remove the database ``name`` of this run, whoever is still connected to it."""
    _run(_execute(services, f"DROP DATABASE IF EXISTS {_full(name)} WITH (FORCE)"))


def drop_all(services: Services) -> None:
    """Remove all databases of this run, its template too. For the process that ends last."""

    async def drop() -> None:
        connection = await _connect(services)
        try:
            for row in await connection.fetch(
                "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", TEMPLATE
            ):
                await connection.execute(f"DROP DATABASE IF EXISTS {row['datname']} WITH (FORCE)")
        finally:
            await connection.close()

    _run(drop())


def database_url(services: Services, database: str) -> str:
    """The address of another database on the same server, for SQLAlchemy."""
    return _url(services).set(database=database).render_as_string(hide_password=False)


def _full(name: str) -> str:
    return f"{TEMPLATE}_{name}"


def _url(services: Services) -> URL:
    return make_url(services.database_url).set(drivername="postgresql+asyncpg")


async def _connect(services: Services) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(_url(services).set(drivername="postgresql").render_as_string(hide_password=False))


async def _execute(services: Services, sql: str) -> None:
    connection = await _connect(services)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
