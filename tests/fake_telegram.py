"""The fake Telegram, served for a test, and what a test asks of it."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from app.dev.fake_telegram import Bot, create_fake_telegram
from tests.eventually import eventually
from tests.serving import PLAIN, serve

BOT_TOKEN = "8100000001:AAE-sea-view"
BOT_ID = "8100000001"
SECRET = "sea-view-webhook-secret"
OTHER_TOKEN = "8100000002:AAE-alpine"
OTHER_ID = "8100000002"
OTHER_SECRET = "alpine-webhook-secret"
GUEST = 6100000042

Json = dict[str, Any]
_numbers = itertools.count(1)


def person(user_id: int = GUEST, first_name: str = "Tove", **more: Any) -> Json:
    return {"id": user_id, "is_bot": False, "first_name": first_name, "language_code": "en", **more}


def private(user_id: int = GUEST) -> Json:
    return {"id": user_id, "first_name": "Tove", "type": "private"}


def message(number: int | None = None, *, user_id: int = GUEST, **content: Any) -> Json:
    """A guest's message to the bot, with an id of its own unless one is given."""
    return {
        "message_id": next(_numbers) if number is None else number,
        "from": person(user_id),
        "chat": private(user_id),
        "date": 1795132800,
        **content,
    }


def pressing(data: str, query_id: str = "77001", **more: Any) -> Json:
    """The update of a guest who presses a button below message 12 of the bot."""
    below = {"message_id": 12, "from": {"id": 1, "is_bot": True}, "chat": private(), "date": 1795132800, **more}
    return {"callback_query": {"id": query_id, "from": person(), "message": below, "chat_instance": "5", "data": data}}


@dataclass
class FakeTelegram:
    url: str
    client: httpx.AsyncClient
    bot: str = BOT_ID

    async def calls(self, method: str | None = None, *, ok: bool | None = None) -> list[Json]:
        """What was called, in order: ``[{method, fields, files, ok, result?, code?}]``."""
        rows: list[Json] = (await self.client.get(f"/_fake/{self.bot}/calls")).raise_for_status().json()
        return [each for each in rows if method in {None, each["method"]} and ok in {None, each["ok"]}]

    async def wait_for(self, method: str, count: int = 1) -> list[Json]:
        """The fields of the calls of a method, once so many were good."""

        async def enough() -> list[Json] | None:
            calls = await self.calls(method, ok=True)
            return [each["fields"] for each in calls] if len(calls) >= count else None

        return await eventually(enough)

    async def texts(self, count: int) -> list[str]:
        """What was sent as texts, once there are so many."""
        return [each["text"] for each in await self.wait_for("sendMessage", count)]

    async def fail(self, **fault: object) -> None:
        """Be told to fail, as ``app.dev.fake_telegram.bots.Fault`` says."""
        (await self.client.post(f"/_fake/{self.bot}/faults", json=fault)).raise_for_status()

    async def keep(self, data: bytes, **query: str) -> str:
        """A guest's file: its id."""
        answer = await self.client.post(f"/_fake/{self.bot}/files", content=data, params=query)
        return str(answer.raise_for_status().json()["file_id"])

    async def set_webhook(self, url: str, secret: str = SECRET, token: str = BOT_TOKEN) -> None:
        body = {"url": url, "secret_token": secret}
        (await self.client.post(f"/bot{token}/setWebhook", json=body)).raise_for_status()

    async def update(self, **update: object) -> int:
        """An update, which the hotel must take; its id."""
        told = (await self.client.post(f"/_fake/{self.bot}/updates", json=update)).raise_for_status().json()
        assert told["status"] == 200, told
        return int(told["update_id"])


@asynccontextmanager
async def serve_fake_telegram() -> AsyncIterator[FakeTelegram]:
    """Two bots, of two hotels; what is asked is about the first."""
    bots = [Bot(BOT_TOKEN), Bot(OTHER_TOKEN, username="alpine_bot")]
    async with (
        serve(create_fake_telegram(bots)) as url,
        httpx.AsyncClient(base_url=url, verify=PLAIN) as client,
    ):
        yield FakeTelegram(url, client)
