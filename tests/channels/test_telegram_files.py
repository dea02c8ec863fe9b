"""Guests' files, fetched from Telegram over real HTTP."""

import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from app.channels.base import Credentials, FetchOutcome, FetchResult
from app.channels.telegram import Telegram
from tests.fake_telegram import BOT_ID, BOT_TOKEN, OTHER_TOKEN, FakeTelegram, serve_fake_telegram
from tests.serving import PLAIN

BYTES = b"\xff\xd8 a picture " * 50


class File(msgspec.Struct, frozen=True):
    provider_id: str
    sha256: str | None = None


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with serve_fake_telegram() as telegram:
        yield telegram


async def fetch(
    telegram: FakeTelegram, file_id: str, token: str = BOT_TOKEN, limit: int = 10_000
) -> tuple[FetchResult, bytes]:
    into = io.BytesIO()
    async with httpx.AsyncClient(verify=PLAIN) as client:
        channel = Telegram(client, base_url=telegram.url)
        credentials = Credentials(access_token=token)
        result = await channel.fetch(File(file_id), account=BOT_ID, credentials=credentials, into=into, limit=limit)
    return result, into.getvalue()


async def test_a_file_is_asked_for_and_then_fetched(telegram: FakeTelegram) -> None:
    file_id = await telegram.keep(BYTES, name="tap.jpg")

    result, fetched = await fetch(telegram, file_id)

    assert (result.outcome, result.size, fetched) == (FetchOutcome.FETCHED, len(BYTES), BYTES)


async def test_a_file_of_another_bot_is_not_to_be_had(telegram: FakeTelegram) -> None:
    file_id = await telegram.keep(BYTES)

    result, fetched = await fetch(telegram, file_id, token=OTHER_TOKEN)

    assert (result.outcome, fetched) == (FetchOutcome.FAILED, b"")


async def test_a_file_larger_than_may_be_is_not_fetched(telegram: FakeTelegram) -> None:
    file_id = await telegram.keep(BYTES)

    result, fetched = await fetch(telegram, file_id, limit=len(BYTES) - 1)

    assert (result.outcome, fetched) == (FetchOutcome.TOO_BIG, b"")


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"code": 400, "description": "Bad Request: file is too big"}, FetchOutcome.TOO_BIG),
        ({"code": 400, "description": "Bad Request: wrong file_id"}, FetchOutcome.FAILED),
        ({"code": 401, "description": "Unauthorized"}, FetchOutcome.PAUSE),
        ({"code": 429, "parameters": {"retry_after": 3}}, FetchOutcome.RETRY),
        ({"status": 502}, FetchOutcome.RETRY),
        ({"drop": True}, FetchOutcome.RETRY),
    ],
)
async def test_what_a_refusal_means(telegram: FakeTelegram, fault: dict[str, Any], outcome: FetchOutcome) -> None:
    file_id = await telegram.keep(BYTES)
    await telegram.fail(**fault)

    result, fetched = await fetch(telegram, file_id)

    assert (result.outcome, fetched) == (outcome, b"")
    assert result.retry_after == (3.0 if "parameters" in fault else None)
    assert BOT_ID not in (result.detail or BOT_ID)


@pytest.mark.parametrize("path", ["../secrets", "/etc/passwd", "https://elsewhere.example/x", "a//b", "a/..", "x?y=1"])
async def test_a_path_that_leads_elsewhere_is_not_followed(path: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json={"ok": True, "result": {"file_id": "x", "file_path": path}})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        channel = Telegram(client, base_url="https://telegram.example")
        credentials = Credentials(access_token=BOT_TOKEN)
        result = await channel.fetch(File("x"), account=BOT_ID, credentials=credentials, into=io.BytesIO(), limit=1000)

    assert (result.outcome, len(asked)) == (FetchOutcome.FAILED, 1)
