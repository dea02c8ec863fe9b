"""A staff user at contract 2's REST interface."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from app.core.types import Department, UserType
from tests.world import HotelWorld, World, signed_in

CHAT = "/api/chat/"


@dataclass
class Chat:
    """Paths are below ``/api/chat/``, or whole."""

    client: httpx.AsyncClient
    headers: dict[str, str]

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        return await self.client.request(
            method, path if path.startswith("/") else f"{CHAT}{path}", headers=self.headers, **options
        )

    async def get(self, path: str, **query: Any) -> Any:
        """The body of a good answer."""
        answer = await self.call("GET", path, params=query or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, status: int = 200, **body: Any) -> Any:
        answer = await self.call("POST", path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def listed(self, **query: Any) -> list[dict[str, Any]]:
        """The first page's conversations."""
        results: list[dict[str, Any]] = (await self.get("conversations/", **query))["results"]
        return results

    async def names(self, **query: Any) -> list[str]:
        """Whose conversations are on the first page."""
        return [each["guest_info"]["full_name"] for each in await self.listed(**query)]

    async def one(self, conversation_id: int) -> dict[str, Any]:
        """A conversation, as its detail shows it."""
        conversation: dict[str, Any] = (await self.get(f"conversations/{conversation_id}/"))["conversation"]
        return conversation

    async def messages(self, conversation_id: int, **query: Any) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = (await self.get(f"conversations/{conversation_id}/", **query))["messages"]
        return messages

    async def follow(self, link: str) -> Any:
        """The page behind a link, asked of the server of this test: links name the public address."""
        to = urlsplit(link)
        return (await self.client.get(f"{to.path}?{to.query}", headers=self.headers)).json()


async def chat_of(
    client: httpx.AsyncClient,
    world: World,
    hotel: HotelWorld,
    username: str,
    *departments: Department,
    user_type: UserType = UserType.HOTEL_ADMIN,
) -> Chat:
    """Somebody of these departments' staff; where none is named, of this type."""
    user_type = UserType.DEPARTMENT_STAFF if departments else user_type
    await world.user(hotel, username, user_type, departments)
    return Chat(client, await signed_in(client, username))
