"""What every test may ask for: a database of its own, the services, a served application, a fake Graph.

PostgreSQL and Redis are real. Each test process has one database, copied from a migrated template, and each test finds
it empty. Servers listen on free ports of 127.0.0.1.
"""

import logging
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from pydantic import SecretStr
from sqlalchemy import text

from app.bootstrap import open_services
from app.core.settings import Environment, Settings
from app.main import create_app
from app.models import Base
from app.services.container import Services
from app.store.database import Database, create_engine
from app.store.migrations import migrate
from tests import servers
from tests.fake_graph import FakeGraph, serve_fake_graph
from tests.serving import PLAIN, serve
from tests.world import World

structlog.configure(
    processors=[
        structlog.stdlib.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ],
    wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
)


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """A migrated database for this test process."""
    running = servers.start()
    template = servers.create_template(running, migrate)
    name = secrets.token_hex(4)
    yield servers.create_database(running, template, name)
    servers.drop_database(running, name)


@pytest.fixture(scope="session")
def redis_url() -> str:
    return servers.start().redis_url


@pytest.fixture
async def empty_database(database_url: str) -> str:
    """The process's database, with no row in it."""
    engine = create_engine(database_url)
    async with engine.begin() as connection:
        # As a replica would: the trigger that keeps the audit log append-only does not fire.
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
        await connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    await engine.dispose()
    return database_url


@pytest.fixture
async def fake_graph() -> AsyncIterator[FakeGraph]:
    async with serve_fake_graph() as graph:
        yield graph


@pytest.fixture
def settings(empty_database: str, redis_url: str, fake_graph: FakeGraph, tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,
        LOBBY_ENV=Environment.TEST,
        database_url=empty_database,
        redis_url=redis_url,
        redis_prefix=f"test-{secrets.token_hex(4)}",
        secret_key=SecretStr("a-secret-of-the-tests-with-32-bytes-or-more"),
        whatsapp_api_url=fake_graph.url,
        instagram_api_url=fake_graph.url,
        media_dir=str(tmp_path / "media"),
        log_level="WARNING",
    )


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """For looking and preparing: tells nobody of what it commits."""
    database = Database(create_engine(settings.database_url, pool_size=2))
    yield database
    await database.dispose()


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    async with open_services(settings) as services:
        yield services


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[str]:
    """The address of the really served application."""
    async with serve(create_app(settings)) as url:
        yield url


@pytest.fixture
async def client(server: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server, verify=PLAIN) as client:
        yield client


@pytest.fixture
def world(database: Database, settings: Settings) -> World:
    return World(database, settings)
