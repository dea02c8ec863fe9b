"""``/ws/guest/{whatsapp_number}/`` where it wants a token: whoever has none learns nothing, not even who stays."""

from typing import Any

import httpx
import pytest

from app.core.settings import GuestSocketMode, Settings
from tests.fake_graph import FakeGraph
from tests.guests import GUEST, SESSION, conversation_of, session_of, staying
from tests.sockets import Socket, open_socket
from tests.world import HotelWorld, World, signed_in, token_of

PATH = f"/ws/guest/{GUEST}/"
OTHER = "4915112345678"
NOBODY = "4915199999999"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"guest_socket": GuestSocketMode.TOKEN})


@pytest.fixture
async def hotel(world: World) -> HotelWorld:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    await staying(world, hotel)
    await staying(world, hotel, OTHER, "Erika Mustermann")
    return hotel


@pytest.fixture
async def rita(client: httpx.AsyncClient, hotel: HotelWorld) -> dict[str, str]:
    return await signed_in(client, "rita")


@pytest.fixture
async def session(client: httpx.AsyncClient, fake_graph: FakeGraph, rita: dict[str, str]) -> dict[str, Any]:
    """John's: what his link has opened."""
    return await session_of(client, fake_graph, rita, await conversation_of(client, rita))


async def is_open(socket: Socket) -> bool:
    await socket.send({"type": "ping"})
    return await socket.receive_until("pong") == {"type": "pong"}


async def refusal(server: str, path: str, **options: Any) -> tuple[int, str | None]:
    """The code with which a socket is closed, and the reason."""
    async with open_socket(server, path, **options) as socket:
        return await socket.closed_with(), socket.connection.close_reason


async def test_the_token_of_a_session_opens_the_socket_that_it_names(
    client: httpx.AsyncClient, server: str, rita: dict[str, str], session: dict[str, Any]
) -> None:
    path = f"{session['socket']}?since={session['seq']}"
    async with open_socket(server, path, token=session["guest_token"]) as john:
        assert (await john.receive())["type"] == "heartbeat"
        answer = await client.post("/api/conversations/1/messages/", json={"text": "Good morning"}, headers=rita)
        assert answer.status_code == 201

        assert (await john.receive_until("message"))["data"]["content"] == "Good morning"


async def test_whoever_may_not_is_told_the_same_whatever_is_wrong(
    client: httpx.AsyncClient, server: str, session: dict[str, Any]
) -> None:
    johns, staffs = session["guest_token"], await token_of(client, "rita")
    header = {"additional_headers": {"Authorization": f"Bearer {johns}"}}
    refusals = [
        await refusal(server, PATH),
        await refusal(server, f"/ws/guest/{NOBODY}/"),
        await refusal(server, "/ws/guest/nobody/"),
        await refusal(server, PATH, token=""),
        await refusal(server, PATH, token="nonsense"),
        await refusal(server, PATH, token=johns + "x"),
        await refusal(server, PATH, token=staffs),
        await refusal(server, f"/ws/guest/{OTHER}/", token=johns),
        await refusal(server, f"/ws/guest/{NOBODY}/", token=johns),
        await refusal(server, PATH, **header),
        await refusal(server, PATH, subprotocols=["bearer", johns]),
    ]

    assert set(refusals) == {(4401, "This link or session is not valid. Please ask the hotel for a new link.")}


async def test_a_guests_token_opens_nothing_of_staffs(
    client: httpx.AsyncClient, server: str, session: dict[str, Any]
) -> None:
    token = session["guest_token"]

    assert (await refusal(server, "/ws/staff/", token=token))[0] == 4401
    answer = await client.get("/api/auth/me/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


async def test_a_session_that_is_ended_closes_its_sockets_and_no_others(
    client: httpx.AsyncClient, server: str, fake_graph: FakeGraph, rita: dict[str, str], session: dict[str, Any]
) -> None:
    again = await session_of(client, fake_graph, rita, await conversation_of(client, rita))
    ended, staying_on = session["guest_token"], again["guest_token"]
    async with open_socket(server, PATH, token=ended) as one, open_socket(server, PATH, token=staying_on) as other:
        assert await is_open(one)
        assert await is_open(other)
        answer = await client.delete(SESSION, headers={"Authorization": f"Bearer {ended}"})

        assert answer.status_code == 204
        assert await one.closed_with() == 4401
        assert await is_open(other)
    assert (await refusal(server, PATH, token=ended))[0] == 4401
