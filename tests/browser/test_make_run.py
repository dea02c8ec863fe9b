"""What `make run` starts, with its demo hotel: the documents' samples work there as they are printed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser

from app.core.settings import Settings
from tests.browser import clients
from tests.browser.page import open_page
from tests.browser.python_sample import write_as_document_2
from tests.processes import lobby_dev
from tests.world import token_of

DEMO_PASSWORD = "lobby-demo"


@pytest.fixture
async def demo(settings: Settings, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a running demo."""
    async with lobby_dev(settings, tmp_path) as dev:
        await dev.read_until("/dev/")
        yield dev.address


async def test_the_documents_samples_work_in_the_demo_hotel(browser: Browser, demo: str, tmp_path: Path) -> None:
    async with httpx.AsyncClient(base_url=demo) as client:
        token = await token_of(client, "duarte", DEMO_PASSWORD)
        async with open_page(browser, demo, holds_sends=True) as department:
            await department.sign_in("duarte", DEMO_PASSWORD)
            await department.run("department_chat.js")
            [[own]] = await department.called("displayMessage")
            status, received = await write_as_document_2(demo, tmp_path)
            assert (status, received["status"]) == (201, "received")
            [_, [guests]] = await department.called("displayMessage", 2)
            answers = await _answer(browser, demo, token, received["conversation_id"])
            shown = [each for [each] in (await department.called("displayMessage", 5))[2:]]
            assert department.errors == []

        assert (await _on_the_desk(client, token, 1))[-1] == _in_short(own)
        assert (own["content"], own["sender_name"]) == ("Hello from staff!", "Duarte Dias")
        assert (guests["content"], guests["guest_info"]["name"]) == ("I need room service", "John Doe")
        assert [guests["id"], *answers] == [received["message_id"], *(each["id"] for each in shown)]
        stored = await _on_the_desk(client, token, received["conversation_id"])
        assert stored == [_in_short(each) for each in (guests, *shown)]
        listed, said = await _talk(browser, demo, token, "Is there anything else?")
        assert received["conversation_id"] in [int(each["id"]) for each in listed]
        newest = (await _on_the_desk(client, token, 1))[-1]
        assert (newest["id"], newest["content"]) == (int(said["id"]), "Is there anything else?")


async def _answer(browser: Browser, demo: str, token: str, conversation_id: int) -> list[int]:
    """Staff answer by document 3's clients, one after the other; the ids that these were told."""
    async with (
        open_page(browser, demo, token=token) as quick_start,
        open_page(browser, demo, token=token) as hook,
        open_page(browser, demo, token=token) as mixin,
    ):
        await clients.start_quick_start(quick_start)
        await clients.start_hook(hook)
        await clients.start_mixin(mixin)
        [_, [first, _]] = await clients.sent_by_quick_start(quick_start, conversation_id, "With pleasure, Mr Doe.")
        _, [second, _] = await clients.sent_by_hook(hook, conversation_id, "Here is our menu.")
        _, third, _ = await clients.sent_by_mixin(mixin, conversation_id, "What may we bring you?")
        return [first, second, third]


async def _talk(browser: Browser, demo: str, token: str, content: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Staff use document 4's client in conversation 1; the conversations that it shows, and what it shows as said."""
    async with open_page(browser, demo, token=token, holds_sends=True) as page:
        await clients.start_chat_manager(page, 1)
        [[listed]] = await page.called("updateConversationList")
        await page.page.evaluate("(content) => manager.sendMessage(content)", content)
        [[said]] = await page.called("addMessageToChat")
        assert page.errors == []
    return listed, said


async def _on_the_desk(client: httpx.AsyncClient, token: str, conversation_id: int) -> list[dict[str, Any]]:
    path = f"/api/message_manager/conversations/{conversation_id}/messages/"
    answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
    return [_in_short(each) for each in answer.json()]


def _in_short(message: dict[str, Any]) -> dict[str, Any]:
    return {name: message[name] for name in ("id", "sender_type", "sender_name", "content")}
