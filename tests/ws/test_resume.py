"""Coming back with ``since``, and what is told while a command runs."""

import httpx
import pytest

from tests.sockets import open_socket
from tests.world import HotelWorld, World, guest_writes, signed_in, token_of

GUEST = "351912345678"
PATH = "/ws/staff/"


@pytest.fixture
async def hotel(world: World) -> HotelWorld:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    return hotel


async def test_a_socket_that_comes_back_hears_the_relays_it_missed(
    client: httpx.AsyncClient, server: str, world: World, hotel: HotelWorld
) -> None:
    stay_id = await world.guest(hotel)
    token = await token_of(client, "rita")
    for text in ("services", "1"):
        await guest_writes(client, text, GUEST)

    async with open_socket(server, f"{PATH}?since=0", token=token) as rita:
        missed = await rita.receive()
        heartbeat = await rita.receive()

    assert (missed["type"], missed["stay_id"]) == ("new_conversation", stay_id)
    assert heartbeat["type"] == "heartbeat"
    assert heartbeat["seq"] >= missed["seq"]


async def test_a_subscription_with_since_brings_what_its_stay_was_told_meanwhile(
    client: httpx.AsyncClient, server: str, world: World, hotel: HotelWorld
) -> None:
    stay_id = await world.guest(hotel)
    for text in ("services", "1", "Are you there?"):
        await guest_writes(client, text, GUEST)

    async with open_socket(server, PATH, token=await token_of(client, "rita")) as rita:
        await rita.send({"command": "subscribe_to_conversation", "stay_id": stay_id, "since": 0})
        told = await rita.pending()

    assert [each["content"] for each in told if each.get("sender_type") == "guest"] == [
        "services",
        "1",
        "Are you there?",
    ]
    assert [each["seq"] for each in told] == sorted({each["seq"] for each in told})


async def test_an_old_client_gets_neither_heartbeats_nor_the_past(
    client: httpx.AsyncClient, server: str, world: World, hotel: HotelWorld
) -> None:
    await world.guest(hotel)
    for text in ("services", "1"):
        await guest_writes(client, text, GUEST)

    async with open_socket(server, PATH, token=await token_of(client, "rita")) as rita:
        assert await rita.pending() == []


@pytest.mark.parametrize("since", ["99999", "-1", "yesterday", "", "9" * 40, "1e3", "%00"])
async def test_a_position_that_never_was_means_starting_afresh(
    client: httpx.AsyncClient, server: str, hotel: HotelWorld, since: str
) -> None:
    async with open_socket(server, f"{PATH}?since={since}", token=await token_of(client, "rita")) as rita:
        assert await rita.closed_with() == 4409


async def test_changed_departments_count_on_an_open_socket_from_that_event_on(
    client: httpx.AsyncClient, server: str, world: World, hotel: HotelWorld
) -> None:
    """A receptionist who becomes the café's staff hears Room Service's messages no longer."""
    await world.user(hotel, "maria")
    stay_id = await world.guest(hotel)
    subscribe = {"command": "subscribe_to_conversation", "stay_id": stay_id}
    for text in ("services", "1"):
        await guest_writes(client, text, GUEST)
    async with (
        open_socket(server, PATH, token=await token_of(client, "rita")) as rita,
        open_socket(server, PATH, token=await token_of(client, "maria")) as maria,
    ):
        for socket in (rita, maria):
            await socket.send(subscribe)
            await socket.pending()
        await guest_writes(client, "For both", GUEST)
        assert (await rita.receive())["content"] == (await maria.receive())["content"] == "For both"

        await world.demote(hotel.staff["rita"], hotel)
        await guest_writes(client, "Not for the café", GUEST)

        assert (await maria.receive())["content"] == "Not for the café"
        assert await rita.pending() == []


async def test_the_same_socket_may_subscribe_twice_and_hears_once(
    client: httpx.AsyncClient, server: str, world: World, hotel: HotelWorld
) -> None:
    stay_id = await world.guest(hotel)
    for text in ("services", "1"):
        await guest_writes(client, text, GUEST)
    rita_headers = await signed_in(client, "rita")
    listed = (await client.get("/api/message_manager/conversations/", headers=rita_headers)).json()["results"]
    async with open_socket(server, PATH, token=await token_of(client, "rita")) as rita:
        for about in ({"stay_id": stay_id}, {"stay_id": stay_id}, {"conversation_id": listed[0]["id"]}):
            await rita.send({"command": "subscribe_to_conversation", **about})
        await rita.pending()
        await guest_writes(client, "Once", GUEST)

        assert [each["content"] for each in await rita.pending()] == ["Once"]
