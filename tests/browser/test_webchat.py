"""A page of the hotel's own with the web chat in it, in a real browser: cookies and their CSRF token are all it has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page

from app.store.database import Database
from tests.eventually import eventually
from tests.webchats import open_web_chat
from tests.world import World, signed_in

SCRIPT: Final = (Path(__file__).parent / "webchat.js").read_text(encoding="utf-8")
MENU: Final = "How can we assist you today? 1. Room Service 2. Housekeeping 3. Reception 4. Other"


@pytest.fixture
async def rita(world: World, database: Database, client: httpx.AsyncClient) -> dict[str, str]:
    hotel = await world.hotel()
    await open_web_chat(database, hotel)
    await world.user(hotel, "rita")
    return await signed_in(client, "rita")


@asynccontextmanager
async def visiting(browser: Browser) -> AsyncIterator[BrowserContext]:
    """Somebody's browser, with no cookies yet."""
    context = await browser.new_context()
    try:
        yield context
    finally:
        await context.close()


async def open_site(context: BrowserContext, server: str) -> Page:
    page = await context.new_page()
    await page.goto(f"{server}/health/live/")
    await page.add_script_tag(content=SCRIPT)
    return page


async def hears(page: Page, expected: list[str]) -> None:
    async def enough() -> bool:
        return len(await page.evaluate("texts()")) >= len(expected)

    await eventually(enough)
    assert await page.evaluate("texts()") == expected


async def test_a_page_writes_by_cookie_and_hears_the_answers_on_its_socket(
    browser: Browser, server: str, client: httpx.AsyncClient, rita: dict[str, str]
) -> None:
    async with visiting(browser) as context:
        page = await open_site(context, server)
        refused = await page.evaluate("send('Too early')")
        assert (refused["status"], refused["code"]) == (403, "csrf_failed")

        assert await page.evaluate("arrive()") == []
        assert await page.evaluate("listen()") == "ready"
        sent = await page.evaluate("send('services')")
        assert (sent["status"], sent["message"]["text"]) == (201, "services")
        await page.evaluate("send('3')")
        said = ["services", MENU, "3", "Connecting you to Reception..."]
        await hears(page, said)

        [listed] = (await client.get("/api/chat/conversations/", headers=rita)).json()["results"]
        path = f"/api/conversations/{listed['id']}/messages/"
        assert (await client.post(path, json={"text": "Good evening"}, headers=rita)).status_code == 201
        await hears(page, [*said, "Good evening"])
        last = await page.evaluate("heard.at(-1).seq")
        await page.close()
        await client.post(path, json={"text": "Are you there?"}, headers=rita)

        again = await open_site(context, server)
        assert await again.evaluate("arrive()") == [*said, "Good evening", "Are you there?"]
        assert await again.evaluate(f"listen({last})") == "ready"
        await hears(again, ["Are you there?"])
        assert "lobby_session" not in await again.evaluate("document.cookie")


async def test_of_two_browsers_neither_hears_the_other(browser: Browser, server: str, rita: dict[str, str]) -> None:
    async with visiting(browser) as anns, visiting(browser) as bens:
        ann, ben = await open_site(anns, server), await open_site(bens, server)
        for page in (ann, ben):
            await page.evaluate("arrive()")
            assert await page.evaluate("listen()") == "ready"
        await ann.evaluate("send('services')")
        await hears(ann, ["services", MENU])
        await ben.evaluate("send('services')")

        await hears(ben, ["services", MENU])
        await hears(ann, ["services", MENU])
        theirs = await ben.evaluate("chatId")
        await ann.evaluate(f"void (chatId = {theirs!r})")
        told = await ann.evaluate("listen().catch((error) => error.message)")
    assert told == "4404 There is no such chat."
