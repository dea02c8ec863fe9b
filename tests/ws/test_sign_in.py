"""How a socket learns who has opened it, and how it is told no."""

import asyncio
import json

import httpx
import pytest

from app.core.types import UserType
from tests.sockets import open_socket
from tests.world import PASSWORD, HotelWorld, World, token_of

PATH = "/ws/staff/"


@pytest.fixture
async def hotel(world: World) -> HotelWorld:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    return hotel


async def cookie_of(client: httpx.AsyncClient) -> str:
    answer = await client.post("/api/auth/token/", json={"username": "rita", "password": PASSWORD})
    return f"lobby_auth={answer.cookies['lobby_auth']}"


async def test_a_token_in_the_query_header_subprotocol_or_first_frame_opens_it(
    client: httpx.AsyncClient, server: str, hotel: HotelWorld
) -> None:
    token = await token_of(client, "rita")
    async with open_socket(server, PATH, token=token) as by_query:
        assert await by_query.pending() == []
    async with open_socket(server, PATH, additional_headers={"Authorization": f"Bearer {token}"}) as by_header:
        assert await by_header.pending() == []
    async with open_socket(server, PATH, subprotocols=["bearer", token]) as by_subprotocol:
        assert by_subprotocol.connection.subprotocol == "bearer"
        assert await by_subprotocol.pending() == []
    async with open_socket(server, PATH) as by_first_frame:
        await by_first_frame.send({"type": "auth", "token": token})
        assert await by_first_frame.pending() == []


async def test_the_sessions_cookie_opens_it_from_our_own_pages(
    client: httpx.AsyncClient, server: str, hotel: HotelWorld
) -> None:
    cookie = await cookie_of(client)
    async with open_socket(server, PATH, additional_headers={"Cookie": cookie}, origin=server) as ours:
        assert await ours.pending() == []
    async with open_socket(
        server, PATH, additional_headers={"Cookie": cookie}, origin="https://elsewhere.example"
    ) as theirs:
        assert await theirs.closed_with() == 4401


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "\ufffd", "x" * 4000])
async def test_a_bad_token_is_told_4401_at_once(server: str, hotel: HotelWorld, token: str) -> None:
    async with open_socket(server, PATH, token=token) as socket:
        assert await socket.closed_with() == 4401


async def test_no_credential_is_told_4401_after_a_while(server: str, hotel: HotelWorld) -> None:
    async with open_socket(server, PATH) as socket:
        assert await socket.closed_with() == 4401


@pytest.mark.parametrize("frame", ["hello", "{}", json.dumps({"type": "auth"}), json.dumps({"command": "x"})])
async def test_a_first_frame_that_is_no_sign_in_is_told_4401(server: str, hotel: HotelWorld, frame: str) -> None:
    async with open_socket(server, PATH) as socket:
        await socket.send(frame)
        assert await socket.closed_with() == 4401


async def test_a_user_who_is_no_staff_is_told_4403(
    client: httpx.AsyncClient, server: str, world: World, hotel: HotelWorld
) -> None:
    await world.user(hotel, "gustav", UserType.GUEST)
    async with open_socket(server, PATH, token=await token_of(client, "gustav")) as socket:
        assert await socket.closed_with() == 4403


@pytest.mark.parametrize("path", ["/ws/nowhere/", "/ws/", "/elsewhere"])
async def test_a_path_that_names_no_socket_is_told_4404(server: str, hotel: HotelWorld, path: str) -> None:
    async with open_socket(server, path) as socket:
        assert await socket.closed_with() == 4404


async def test_the_path_answers_without_its_slash(client: httpx.AsyncClient, server: str, hotel: HotelWorld) -> None:
    async with open_socket(server, "/ws/staff", token=await token_of(client, "rita")) as socket:
        assert await socket.pending() == []


async def test_signing_out_closes_the_sessions_sockets(
    client: httpx.AsyncClient, server: str, hotel: HotelWorld
) -> None:
    token, other = await token_of(client, "rita"), await token_of(client, "rita")
    async with (
        open_socket(server, PATH, token=token) as ended,
        open_socket(server, PATH, token=other) as staying,
    ):
        await ended.pending(), await staying.pending()
        await client.post("/api/auth/logout/", headers={"Authorization": f"Bearer {token}"})

        assert await ended.closed_with() == 4401
        assert await staying.pending() == []


async def test_a_frame_above_the_limit_is_told_1009(client: httpx.AsyncClient, server: str, hotel: HotelWorld) -> None:
    async with open_socket(server, PATH, token=await token_of(client, "rita")) as socket:
        await socket.send("x" * (64 * 1024 + 1))
        assert await socket.closed_with() == 1009


async def test_a_flood_is_told_4429(client: httpx.AsyncClient, server: str, hotel: HotelWorld) -> None:
    async with open_socket(server, PATH, token=await token_of(client, "rita")) as socket:
        async with asyncio.timeout(20):
            for _ in range(300):
                await socket.send("{}")
        assert await socket.closed_with() == 4429
