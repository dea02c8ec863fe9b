from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from app.core.settings import Settings
from app.main import create_app
from tests.serving import serve
from tests.world import World
from tests.ws.chat import Chat, open_chat
from tests.ws.webchat import Scene, open_scene


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
async def server(app: FastAPI) -> AsyncIterator[str]:
    async with serve(app) as url:
        yield url


@pytest.fixture
async def chat(app: FastAPI, client: httpx.AsyncClient, server: str, world: World) -> Chat:
    return await open_chat(client, server, world, app.state.services)


@pytest.fixture
async def scene(app: FastAPI, client: httpx.AsyncClient, server: str, world: World) -> Scene:
    return await open_scene(client, world, app.state.services)
