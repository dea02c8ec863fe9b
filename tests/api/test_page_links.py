"""The addresses that a list gives of its other pages."""

import httpx

from app.core.settings import Settings
from tests.world import World, guest_writes, signed_in

CONVERSATIONS = "/api/message_manager/conversations/"


async def test_they_are_under_our_public_address_whatever_host_is_called(
    client: httpx.AsyncClient, settings: Settings, world: World
) -> None:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    for guest in ("351912345678", "351912345679"):
        for text in ("services", "3"):
            await guest_writes(client, text, guest)
    headers = {**await signed_in(client, "rita"), "Host": "elsewhere.example"}

    answer = await client.get(CONVERSATIONS, params={"page_size": 1, "status": "relay"}, headers=headers)

    own = f"{settings.public_url}{CONVERSATIONS}"
    assert answer.json()["next"] == f"{own}?page_size=1&status=relay&page=2"
    back = await client.get(CONVERSATIONS, params={"page_size": 1, "page": 2}, headers=headers)
    assert back.json()["previous"] == f"{own}?page_size=1&page=1"
