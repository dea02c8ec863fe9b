"""Sockets of staff make their users present, whatever their contract."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from app.core.settings import Settings
from app.core.types import Department
from app.main import create_app
from app.services.container import Services
from tests.eventually import eventually
from tests.serving import PLAIN, serve
from tests.sockets import open_socket
from tests.world import World, token_of


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
async def url(app: FastAPI) -> AsyncIterator[str]:
    async with serve(app) as url:
        yield url


@pytest.fixture
async def tokens(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, verify=PLAIN) as client:
        yield client


async def test_a_user_is_here_from_the_first_socket_to_the_last(
    app: FastAPI, url: str, tokens: httpx.AsyncClient, world: World
) -> None:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    token = await token_of(tokens, "rita")
    services: Services = app.state.services

    def here() -> list[str]:
        return [each.name for each in services.presence.users(hotel.id)]

    async with open_socket(url, "/ws/staff/", token=token) as first:
        await first.pending()
        assert here() == ["Rita Staff"]
        async with open_socket(url, "/ws/staff/", token=token) as second:
            await second.pending()
            assert here() == ["Rita Staff"]
        assert here() == ["Rita Staff"]
    await eventually(lambda: here() == [])


async def test_changed_departments_of_a_user_who_is_here_are_taken_over(
    app: FastAPI, url: str, tokens: httpx.AsyncClient, world: World
) -> None:
    hotel = await world.hotel()
    rita = await world.user(hotel, "rita")
    services: Services = app.state.services

    def departments() -> list[tuple[Department, ...]]:
        return [each.departments for each in services.presence.users(hotel.id)]

    async with open_socket(url, "/ws/staff/", token=await token_of(tokens, "rita")) as socket:
        await socket.pending()
        assert departments() == [tuple(Department)]
        await world.demote(rita, hotel)
        await eventually(lambda: departments() == [(Department.CAFE,)], within=40)


async def test_a_socket_that_is_refused_makes_nobody_present(
    app: FastAPI, url: str, tokens: httpx.AsyncClient, world: World
) -> None:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    services: Services = app.state.services

    async with open_socket(url, "/ws/staff/?since=99", token=await token_of(tokens, "rita")) as socket:
        assert await socket.closed_with() == 4409

    assert services.presence.users(hotel.id) == []
