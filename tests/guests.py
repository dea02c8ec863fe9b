"""Guests who stay today, the links on their phones, and what they open."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx

from app.core.clock import utc_now
from tests.eventually import eventually
from tests.fake_graph import FakeGraph
from tests.world import HotelWorld, World, guest_writes

GUEST = "351912345678"
SESSION = "/api/guest/session/"
_ADDRESS = re.compile(r"\n(https?://\S+/guest/#token=(\S+))$")


async def staying(world: World, hotel: HotelWorld, phone: str = GUEST, name: str = "John Doe") -> int:
    """A guest who came yesterday and leaves the day after tomorrow, by the clock on the wall; the id of their stay."""
    today = utc_now().date()
    stay_id = await world.guest(
        hotel, name, phone, check_in=today - timedelta(days=1), check_out=today + timedelta(days=2)
    )
    assert stay_id is not None
    return stay_id


async def conversation_of(
    client: httpx.AsyncClient, headers: dict[str, str], guest: str = GUEST, *, choice: str | None = None
) -> int:
    """The guest writes, for staff where they make a ``choice`` of the menu; the id of the newest conversation."""
    for text in ("services", *([choice] if choice else [])):
        await guest_writes(client, text, guest)
    listed = await client.get("/api/message_manager/conversations/?status=active,relay", headers=headers)
    newest: int = max(each["id"] for each in listed.json()["results"])
    return newest


async def ask_for_link(
    client: httpx.AsyncClient, headers: dict[str, str], conversation_id: int, **terms: Any
) -> httpx.Response:
    path = f"/api/conversations/{conversation_id}/guest-link/"
    return await client.post(path, headers=headers, json=terms or None)


def link_in(text: str) -> tuple[str, str]:
    """The address at the end of what a guest reads, and the token in it."""
    found = _ADDRESS.search(text)
    assert found is not None, text
    return found[1], found[2]


def tokens_in(texts: Sequence[str]) -> list[str]:
    """Those of all the links that a guest has got, in order."""
    return [found[2] for text in texts if (found := _ADDRESS.search(text))]


async def link_on_phone(graph: FakeGraph, guest: str = GUEST, *, which: int = 1) -> str:
    """The token of the link that the guest has got, the first or a later one, once it is there."""

    async def arrived() -> list[str] | None:
        tokens = tokens_in(await graph.texts(guest))
        return tokens if len(tokens) >= which else None

    return (await eventually(arrived))[which - 1]


async def session_of(
    client: httpx.AsyncClient, graph: FakeGraph, headers: dict[str, str], conversation_id: int, guest: str = GUEST
) -> dict[str, Any]:
    """What staff's link opens: the answer to ``POST /api/guest/session/``."""
    before = len(tokens_in(await graph.texts(guest)))
    asked = await ask_for_link(client, headers, conversation_id)
    assert asked.status_code == 201, asked.text
    token = await link_on_phone(graph, guest, which=before + 1)
    opened = await client.post(SESSION, json={"token": token})
    assert opened.status_code == 201, opened.text
    session: dict[str, Any] = opened.json()
    return session
