"""What a load balancer asks."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from sqlalchemy import text

from app.core.settings import Settings
from app.main import create_app
from app.store.database import Database
from tests.eventually import eventually
from tests.serving import serve
from tests.world import World, post_signed, token_of, webhook_body

NOBODY_THERE = "127.0.0.1:1"


@asynccontextmanager
async def served_with(settings: Settings, **changed: str) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings.model_copy(update=changed))
    async with serve(app) as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
        yield client


async def test_a_process_that_answers_is_alive(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/live/")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_process_with_its_database_and_bus_is_ready(client: httpx.AsyncClient) -> None:
    async def ready() -> bool:
        answer = await client.get("/health/ready/")
        expected = {"status": "ready", "database": True, "bus": True, "draining": False}
        return answer.status_code == 200 and answer.json() == expected

    await eventually(ready)


async def test_without_its_database_it_lives_and_is_not_ready(settings: Settings) -> None:
    async with served_with(settings, database_url=f"postgresql+asyncpg://nobody@{NOBODY_THERE}/none") as client:
        ready = await client.get("/health/ready/")
        live = await client.get("/health/live/")

    assert (ready.status_code, ready.json()["status"], ready.json()["database"]) == (503, "not ready", False)
    assert live.status_code == 200


async def test_without_its_database_everything_else_is_unavailable(settings: Settings) -> None:
    async with served_with(settings, database_url=f"postgresql+asyncpg://nobody@{NOBODY_THERE}/none") as client:
        answers = [
            await client.post("/api/auth/token/", json={"username": "rita", "password": "x"}),
            await client.post("/api/auth/refresh/", json={"refresh_token": "x"}),
            await client.get("/api/auth/me/", headers={"Cookie": "lobby_auth=x"}),
            await client.post("/api/message_manager/webhook/whatsapp/", content=webhook_body()),
            await post_signed(client, b"{}"),
        ]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [(503, "unavailable")] * len(answers)
    assert [each.headers["retry-after"] for each in answers] == ["5"] * len(answers)


async def test_with_all_its_connections_taken_it_is_ready(settings: Settings) -> None:
    app = create_app(settings)
    async with serve(app) as url, httpx.AsyncClient(base_url=url, timeout=30) as client, AsyncExitStack() as stack:
        engine = app.state.services.database.engine
        while engine.pool.checkedout() < 15:
            await stack.enter_async_context(engine.connect())
        answer = await client.get("/health/ready/")

    assert (answer.status_code, answer.json()["database"]) == (200, True)


async def test_without_the_bus_it_is_ready_and_says_so(settings: Settings, world: World) -> None:
    await world.user(await world.hotel(), "rita")
    async with served_with(settings, redis_url=f"redis://{NOBODY_THERE}/0") as client:
        ready = await client.get("/health/ready/")
        assert await token_of(client, "rita")

    assert ready.status_code == 200
    assert ready.json() == {"status": "ready", "database": True, "bus": False, "draining": False}


async def test_a_process_that_is_ending_is_not_ready(settings: Settings) -> None:
    app = create_app(settings)
    async with serve(app) as url, httpx.AsyncClient(base_url=url) as client:
        await app.state.services.sockets.drain(0)
        answer = await client.get("/health/ready/")

    assert (answer.status_code, answer.json()["status"], answer.json()["draining"]) == (503, "not ready", True)


async def test_a_process_is_ready_as_soon_as_its_database_is_back(
    client: httpx.AsyncClient, database: Database
) -> None:
    """What was asked before was asked on a connection that the database has ended since."""
    assert (await client.get("/health/ready/")).json()["database"]
    asking = text("SELECT pid FROM pg_stat_activity WHERE application_name = 'lobby-check'")
    async with database.read() as work:
        pids = (await work.connection.scalars(asking)).all()
        assert pids
        for pid in pids:
            await work.connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    assert (await client.get("/health/ready/")).json()["database"]
