"""A fake Meta for the tests of it, and a hotel that its webhooks go to."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.channels.items import InboundMessage, InboundStatus, Item
from app.channels.meta.signature import verify
from app.channels.whatsapp.parse import parse
from app.core.clock import utc_now
from app.dev.fake_graph import FakeGraphConfig, GuestPhone, Number, create_fake_graph
from tests.serving import PLAIN, serve

GUEST = "351912000111"
USER_ID = "PT.7000000000000000042"
FIRST = Number(
    phone_number_id="700000000000041",
    display_phone_number="+351210000041",
    access_token="EAAG-first",
    app_secret="app-secret-of-the-first",
    hotel_name="Sea View",
)
SECOND = Number(
    phone_number_id="700000000000042",
    display_phone_number="+351210000042",
    access_token="EAAG-second",
    app_secret="app-secret-of-the-second",
    hotel_name="Harbour House",
)
SETTINGS: dict[str, Any] = {"statuses": False, "backoff": 0.01, "reads": "known"}
AS_JSON = {"Content-Type": "application/json"}
TEXT = {"messaging_product": "whatsapp", "to": f"+{GUEST}", "type": "text", "text": {"body": "Good evening"}}


class Hotel:
    """A receiver of webhooks: verifies them as the real one does, and keeps what it read."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.items: asyncio.Queue[Item] = asyncio.Queue()
        self.answers: list[int] = []  # to give before 200
        self.app = Starlette(routes=[Route("/webhook", self._receive, methods=["POST"])])

    async def _receive(self, request: Request) -> Response:
        body = await request.body()
        self.bodies.append(body)
        if self.answers:
            return Response(status_code=self.answers.pop(0))
        items = parse(body, received_at=utc_now())
        if not items:  # a change that is no message: for those who look at the bodies
            return Response()
        secret = SECOND.app_secret if items[0].account == SECOND.phone_number_id else FIRST.app_secret
        if not verify(body, request.headers.get("x-hub-signature-256"), secret):
            return Response(status_code=403)
        for item in items:
            self.items.put_nowait(item)
        return Response()

    def changes(self) -> list[dict[str, Any]]:
        """The changes of all bodies, in order."""
        entries = (entry for body in self.bodies for entry in json.loads(body)["entry"])
        return [change for entry in entries for change in entry["changes"]]

    async def next(self) -> Item:
        return await asyncio.wait_for(self.items.get(), 30)

    async def next_status(self) -> InboundStatus:
        item = await self.next()
        assert isinstance(item, InboundStatus)
        return item

    async def next_message(self) -> InboundMessage:
        item = await self.next()
        assert isinstance(item, InboundMessage)
        return item


class Graph:
    """A running fake, and the hotel that its webhooks go to."""

    def __init__(self, client: httpx.AsyncClient, hotel: Hotel) -> None:
        self.client = client
        self.hotel = hotel

    async def send(
        self, body: Any = TEXT, *, number: Number = FIRST, token: str | None = None, version: str = "v23.0"
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or number.access_token}"}
        return await self.client.post(f"/{version}/{number.phone_number_id}/messages", json=body, headers=headers)

    async def sent(self, to: str = "") -> list[dict[str, Any]]:
        accepted: list[dict[str, Any]] = (await self.client.get("/_fake/sent", params={"to": to})).json()
        return accepted

    async def requests(self, **query: str) -> list[dict[str, Any]]:
        asked: list[dict[str, Any]] = (await self.client.get("/_fake/requests", params=query)).json()
        return asked

    async def configure(self, **changes: Any) -> None:
        (await self.client.patch("/_fake/config", json=changes)).raise_for_status()

    async def fail(self, **fault: Any) -> None:
        (await self.client.post("/_fake/faults", json=fault)).raise_for_status()

    async def write(self, guest: str = GUEST, **fields: Any) -> httpx.Response:
        return await self.client.post(f"/_fake/phone/{guest}/send", json={"text": "Hello", "name": "Inês"} | fields)

    async def events(self, guest: str = GUEST, *, since: int = 0, wait: float = 0) -> list[dict[str, Any]]:
        answer = await self.client.get(f"/_fake/phone/{guest}/events", params={"since": since, "wait": wait})
        events: list[dict[str, Any]] = answer.json()["events"]
        return events


@asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[Graph]:
    hotel = Hotel()
    async with serve(hotel.app) as hotel_url:
        config = FakeGraphConfig(
            webhook_url=f"{hotel_url}/webhook",
            numbers=(FIRST, SECOND),
            guests=(GuestPhone(name="Inês", number=GUEST, hint="room 12"),),
            **SETTINGS | settings,
        )
        async with (
            serve(create_fake_graph(config)) as url,
            httpx.AsyncClient(base_url=url, timeout=60, verify=PLAIN) as client,
        ):
            yield Graph(client, hotel)


def code_of(response: httpx.Response) -> tuple[int, int]:
    """The HTTP status and Meta's code of a refusal."""
    return response.status_code, response.json()["error"]["code"]


def bearer(number: Number = FIRST) -> dict[str, str]:
    return {"Authorization": f"Bearer {number.access_token}"}
