"""The fake Graph API, served for a test, and what a test asks of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from app.dev.fake_graph import FakeGraphConfig, Number, create_fake_graph
from tests.eventually import eventually
from tests.serving import PLAIN, serve

SEA_VIEW_NUMBER = "700000000000001"
ALPINE_NUMBER = "700000000000002"
ACCESS_TOKEN = {SEA_VIEW_NUMBER: "EAAG-sea-view", ALPINE_NUMBER: "EAAG-alpine"}
APP_SECRET = {SEA_VIEW_NUMBER: "sea-view-app-secret", ALPINE_NUMBER: "alpine-app-secret"}
BUSINESS_ACCOUNT = {SEA_VIEW_NUMBER: "900000000000000", ALPINE_NUMBER: "900000000000002"}


@dataclass
class FakeGraph:
    url: str
    client: httpx.AsyncClient

    async def sent(self, to: str | None = None) -> list[dict[str, Any]]:
        """The bodies that were accepted, in order; those for one guest where ``to`` is given."""
        return [each["body"] for each in await self.accepted(to)]

    async def accepted(self, to: str | None = None) -> list[dict[str, Any]]:
        """What was accepted, in order: ``{id, phone_number_id, to, recipient, delivery_id, body, statuses, …}``."""
        return await self._listed("/_fake/sent", {"to": to} if to else {})

    async def requests(self, to: str | None = None, outcome: str | None = None) -> list[dict[str, Any]]:
        """All that was POSTed to /messages, in order: ``{body, outcome, answered, status, code, id, fault, …}``."""
        return await self._listed("/_fake/requests", {"to": to or "", "outcome": outcome or ""})

    async def texts(self, to: str) -> list[str]:
        return [body["text"]["body"] for body in await self.sent(to)]

    async def wait_for_texts(self, to: str, count: int) -> list[str]:
        """The texts that one guest has got, once there are that many."""

        async def enough() -> list[str] | None:
            texts = await self.texts(to)
            return texts if len(texts) >= count else None

        return await eventually(enough)

    async def wait_for_sent(self, to: str, count: int) -> list[dict[str, Any]]:
        """The bodies that were accepted for one guest, texts or not, once there are that many."""

        async def enough() -> list[dict[str, Any]] | None:
            sent = await self.sent(to)
            return sent if len(sent) >= count else None

        return await eventually(enough)

    async def fail(self, **fault: object) -> None:
        """Be told to fail, as ``app.dev.fake_graph.faults.Fault`` says."""
        (await self.client.post("/_fake/faults", json=fault)).raise_for_status()

    async def fail_media(self, kind: str, **fault: object) -> None:
        """Spoil files, as ``app.dev.fake_graph.media_faults.MediaFault`` says."""
        (await self.client.post("/_fake/faults/media", json={"kind": kind} | fault)).raise_for_status()

    async def mend(self) -> None:
        """No faults any more, of either sort."""
        (await self.client.delete("/_fake/faults")).raise_for_status()

    async def configure(self, **changes: object) -> None:
        """Change fields of ``FakeGraphConfig``: ``webhook_url=…, statuses=True, window="refuse", seed=7``."""
        (await self.client.patch("/_fake/config", json=changes)).raise_for_status()

    async def set_window(self, guest: str, number: str = SEA_VIEW_NUMBER, *, is_open: bool) -> None:
        body = {"number": guest, "phone_number_id": number, "open": is_open}
        (await self.client.post("/_fake/window", json=body)).raise_for_status()

    async def report(self, message_id: str, status: str, **more: object) -> None:
        """Report a status by hand; the hotel must take it."""
        body = {"id": message_id, "status": status} | more
        (await self.client.post("/_fake/status", json=body)).raise_for_status()

    async def register_media(
        self,
        data: bytes,
        mime_type: str = "image/jpeg",
        number: str = SEA_VIEW_NUMBER,
        **query: str,
    ) -> dict[str, Any]:
        """A guest's file, as ``{id, kind, mime_type, sha256, file_size}``; ``id=…`` and ``filename=…`` may be given."""
        answer = await self.client.post(
            "/_fake/media",
            content=data,
            headers={"Content-Type": mime_type},
            params={"phone_number_id": number} | query,
        )
        media: dict[str, Any] = answer.raise_for_status().json()
        return media

    async def guest_writes(
        self, guest: str, text: str = "", number: str = SEA_VIEW_NUMBER, **more: object
    ) -> dict[str, Any]:
        """A signed webhook of a guest's message, which the hotel must take. ``message=…`` for what is no text."""
        body = {"text": text, "phone_number_id": number} | more
        answer = await self.client.post(f"/_fake/phone/{guest}/send", json=body)
        sent: dict[str, Any] = answer.raise_for_status().json()
        return sent

    async def guest_sends_file(
        self, guest: str, data: bytes, mime_type: str = "image/jpeg", number: str = SEA_VIEW_NUMBER, **query: str
    ) -> dict[str, Any]:
        """A guest's file and the message with it: ``{id, media: {id, …}, …}``; ``caption=…``, ``filename=…``."""
        answer = await self.client.post(
            f"/_fake/phone/{guest}/media",
            content=data,
            headers={"Content-Type": mime_type},
            params={"phone_number_id": number, "send": "1"} | query,
        )
        sent: dict[str, Any] = answer.raise_for_status().json()
        return sent

    async def events(self, guest: str, since: int = 0) -> list[dict[str, Any]]:
        """What the guest's phone has seen, in order."""
        answer = await self.client.get(f"/_fake/phone/{guest}/events", params={"since": since})
        events: list[dict[str, Any]] = answer.raise_for_status().json()["events"]
        return events

    async def _listed(self, path: str, query: dict[str, str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await self.client.get(path, params=query)).raise_for_status().json()
        return rows


@asynccontextmanager
async def serve_fake_graph() -> AsyncIterator[FakeGraph]:
    """Two numbers of two accounts, and no status reports unless a test asks for them."""
    config = FakeGraphConfig(
        webhook_url="http://127.0.0.1:1/",
        numbers=tuple(
            Number(
                phone_number_id=each,
                display_phone_number=f"+{each}",
                access_token=ACCESS_TOKEN[each],
                app_secret=APP_SECRET[each],
                hotel_name=each,
                business_account_id=BUSINESS_ACCOUNT[each],
            )
            for each in (SEA_VIEW_NUMBER, ALPINE_NUMBER)
        ),
        statuses=False,
    )
    async with (
        serve(create_fake_graph(config)) as url,
        httpx.AsyncClient(base_url=url, verify=PLAIN) as client,
    ):
        yield FakeGraph(url, client)
