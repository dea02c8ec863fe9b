from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from app.core.settings import Settings
from app.main import create_app
from app.store.database import Database
from tests.access.town import Town, build_town
from tests.serving import serve
from tests.world import World


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nothing leaves for guests: that is no question of access."""
    return settings.model_copy(update={"run_outbox": False})


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
async def server(app: FastAPI) -> AsyncIterator[str]:
    async with serve(app) as url:
        yield url


@pytest.fixture
async def town(world: World, database: Database, settings: Settings) -> Town:
    return await build_town(world, database, settings)
