"""A receptionist at the API, a guest at a phone, and the fake Meta between them; all really served."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from app.store.database import Database
from tests.fake_graph import FakeGraph
from tests.ledger import Ledger
from tests.world import WEBHOOK, HotelWorld, World, signed_in

GUEST = "351912345678"
WELCOME = 'Welcome to our hotel demo! Type "services" to explore.'


@dataclass
class Desk:
    """Rita's, and the one conversation that her hotel has: with a guest who wrote "Hello" and was welcomed."""

    client: httpx.AsyncClient
    headers: dict[str, str]
    graph: FakeGraph
    conversation_id: int
    guests_message_id: int
    guests_external_id: str

    async def post(self, path: str, body: object = None, *, to: int | None = None) -> httpx.Response:
        """``path`` below the conversation, hers or another."""
        url = f"/api/conversations/{to or self.conversation_id}/{path}/"
        return await self.client.post(url, json=body, headers=self.headers)

    async def send(self, **draft: Any) -> dict[str, Any]:
        answer = await self.post("messages", draft)
        assert answer.status_code == 201, answer.text
        sent: dict[str, Any] = answer.json()
        return sent

    async def refused(self, status: int, **draft: Any) -> dict[str, Any]:
        answer = await self.post("messages", draft)
        assert answer.status_code == status, answer.text
        error: dict[str, Any] = answer.json()
        return error

    async def react(self, emoji: str, message_id: int | None = None) -> httpx.Response:
        url = f"/api/messages/{message_id or self.guests_message_id}/reaction/"
        return await self.client.post(url, json={"emoji": emoji}, headers=self.headers)

    async def arrived(self, count: int) -> list[dict[str, Any]]:
        """The bodies of the newest ``count`` messages that the guest has got after the welcome, once there are so
        many."""
        return (await self.graph.wait_for_sent(GUEST, 1 + count))[1:]

    async def messages(self) -> list[dict[str, Any]]:
        url = f"/api/message_manager/conversations/{self.conversation_id}/messages/"
        answer = await self.client.get(url, headers=self.headers)
        listed: list[dict[str, Any]] = answer.raise_for_status().json()
        return listed


@pytest.fixture
async def hotel(world: World) -> HotelWorld:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    return hotel


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture
async def phones(fake_graph: FakeGraph, server: str) -> FakeGraph:
    """The fake Meta, whose guests' messages reach the served application."""
    await fake_graph.configure(webhook_url=f"{server}{WEBHOOK}")
    return fake_graph


@pytest.fixture
async def desk(client: httpx.AsyncClient, hotel: HotelWorld, phones: FakeGraph) -> Desk:
    hello = await phones.guest_writes(GUEST, "Hello")
    assert await phones.wait_for_texts(GUEST, 1) == [WELCOME]
    headers = await signed_in(client, "rita")
    listed = await client.get("/api/message_manager/conversations/?status=demo", headers=headers)
    [conversation] = listed.json()["results"]
    messages = await client.get(f"/api/message_manager/conversations/{conversation['id']}/messages/", headers=headers)
    first = messages.json()[0]
    assert first["content"] == "Hello"
    return Desk(client, headers, phones, conversation["id"], first["id"], hello["id"])
