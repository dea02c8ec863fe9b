"""The fake Graph API, served for a test, and what a test asks of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from app.dev.fake_graph import FakeGraphConfig, Number, create_fake_graph
from tests.eventually import eventually
from tests.recording import recorded
from tests.serving import PLAIN, serve

SEA_VIEW_NUMBER = "700000000000001"
ALPINE_NUMBER = "700000000000002"
ACCESS_TOKEN = {SEA_VIEW_NUMBER: "EAAG-sea-view", ALPINE_NUMBER: "EAAG-alpine"}
APP_SECRET = {SEA_VIEW_NUMBER: "sea-view-app-secret", ALPINE_NUMBER: "alpine-app-secret"}


@dataclass
class FakeGraph:
    url: str
    client: httpx.AsyncClient

    async def sent(self, to: str | None = None) -> list[dict[str, Any]]:
        """The bodies that were accepted, in order; those for one guest where ``to`` is given."""
        answer = await self.client.get("/_fake/sent", params={"to": to} if to else {})
        return [each["body"] for each in answer.raise_for_status().json()]

    async def texts(self, to: str) -> list[str]:
        """What one guest has read: texts, and the words of menus."""
        bodies = await self.sent(to)
        return [body["text"]["body"] if "text" in body else body["interactive"]["body"]["text"] for body in bodies]

    async def wait_for_texts(self, to: str, count: int) -> list[str]:
        """The texts that one guest has got, once there are that many."""

        async def enough() -> list[str] | None:
            texts = await self.texts(to)
            return texts if len(texts) >= count else None

        return await eventually(enough)

    async def fail(self, **fault: object) -> None:
        (await self.client.post("/_fake/faults", json=fault)).raise_for_status()

    async def mend(self) -> None:
        (await self.client.delete("/_fake/faults")).raise_for_status()


@asynccontextmanager
async def serve_fake_graph() -> AsyncIterator[FakeGraph]:
    """Two numbers, and no status reports unless a test asks for them."""
    config = FakeGraphConfig(
        webhook_url="http://127.0.0.1:1/",
        numbers=tuple(
            Number(
                phone_number_id=each,
                display_phone_number=f"+{each}",
                access_token=ACCESS_TOKEN[each],
                app_secret=APP_SECRET[each],
                hotel_name=each,
            )
            for each in (SEA_VIEW_NUMBER, ALPINE_NUMBER)
        ),
        statuses=False,
    )
    async with (
        serve(recorded(create_fake_graph(config))) as url,
        httpx.AsyncClient(base_url=url, verify=PLAIN) as client,
    ):
        yield FakeGraph(url, client)
