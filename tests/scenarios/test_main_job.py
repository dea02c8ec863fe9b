"""The main job: a guest writes on WhatsApp, a flow answers, staff hear of it and answer, the answer leaves."""

import httpx

from tests.fake_graph import FakeGraph
from tests.world import World, guest_writes, signed_in

STRANGER = "4915112345678"


async def test_a_stranger_is_welcomed_shown_the_menu_and_connected(
    client: httpx.AsyncClient, world: World, fake_graph: FakeGraph
) -> None:
    await world.hotel()

    assert await guest_writes(client, "Hello", STRANGER) == "processed"
    await fake_graph.wait_for_texts(STRANGER, 1)
    await guest_writes(client, "services", STRANGER)
    await fake_graph.wait_for_texts(STRANGER, 2)
    await guest_writes(client, "1", STRANGER)

    assert await fake_graph.wait_for_texts(STRANGER, 3) == [
        'Welcome to our hotel demo! Type "services" to explore.',
        "How can we assist you today? 1. Room Service 2. Housekeeping 3. Reception 4. Other",
        "Connecting you to Room Service...",
    ]


async def test_staff_answers_by_rest_reach_the_guest_in_order(
    client: httpx.AsyncClient, world: World, fake_graph: FakeGraph
) -> None:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    for text in ("Hello", "services", "3"):
        await guest_writes(client, text, STRANGER)
    rita = await signed_in(client, "rita")
    listed = (await client.get("/api/message_manager/conversations/", headers=rita)).json()
    conversation = listed["results"][0]["id"]

    for number in range(5):
        sent = await client.post(
            f"/api/message_manager/conversations/{conversation}/send_message/",
            json={"text": f"Answer {number}"},
            headers=rita,
        )
        assert sent.status_code == 201, sent.text

    assert (await fake_graph.wait_for_texts(STRANGER, 8))[3:] == [f"Answer {number}" for number in range(5)]
