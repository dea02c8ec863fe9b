import os
from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Browser

from app.core.types import Department, UserType
from tests.browser.page import NONE_FOUND, chromium, find_chromium
from tests.world import World, token_of

JOHN = "1234567890"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Document 2's Python goes straight to this machine, whatever is set for the rest of the world."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """The machine's Chromium. Where it has none the test is skipped, unless LOBBY_CHROMIUM says that it is required."""
    executable = find_chromium()
    if executable is None:
        if os.environ.get("LOBBY_CHROMIUM") == "required":
            pytest.fail(NONE_FOUND)
        pytest.skip(NONE_FOUND)
    async with chromium(executable) as browser:
        yield browser


@pytest.fixture
async def token(client: httpx.AsyncClient, world: World) -> str:
    """Rita's, of Reception as Wilma is, to whom the guest in room 101 has written: theirs is conversation 1."""
    hotel = await world.hotel()
    for username in ("rita", "wilma"):
        await world.user(hotel, username, UserType.DEPARTMENT_STAFF, (Department.RECEPTION,))
    await world.guest(hotel, phone=JOHN)
    written = {"whatsapp_number": "+1234567890", "message": "I need help with my room", "message_type": "text"}
    answer = await client.post("/api/chat/guest-webhook/", json=written)
    assert (answer.status_code, answer.json()["conversation_id"]) == (201, 1), answer.text
    return await token_of(client, "rita")
