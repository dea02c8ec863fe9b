"""A page in Chromium that runs the documents' samples as they are printed, against a Lobby that is really served.

``samples/`` has them, copied from the documents character by character. ``harness.js`` supplies what they leave
undefined; ``hooks.js`` and ``component.js`` stand for the parts of React and Vue that they use.
"""

import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, Page, async_playwright

from tests.eventually import eventually

HERE: Final = Path(__file__).parent
SAMPLES: Final = HERE / "samples"
SUPPLIED: Final = ("harness.js", "hooks.js", "component.js")
FLAGS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
NAMES: Final = (
    *("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
NONE_FOUND: Final = (
    "No Chromium was found. Install it (on Debian and Ubuntu: apt-get install chromium), or say where one is: "
    "CHROMIUM=/path/to/chromium"
)

NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
_SIGN_IN: Final = """([username, password]) => fetch('/api/auth/token/', {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ username, password }),
}).then((answer) => answer.status)"""


def find_chromium() -> str | None:
    """The Chromium to use: that of CHROMIUM where this is set, else one on the PATH."""
    given = os.environ.get("CHROMIUM")
    return next(filter(None, map(shutil.which, [given] if given else NAMES)), None)


@asynccontextmanager
async def chromium(executable: str) -> AsyncIterator[Browser]:
    """A browser of its own, ended with the block."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, headless=True, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


class SamplePage:
    """A page with the harness in it. ``errors`` are what its scripts threw and nobody caught."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(error.message))

    async def run(self, *samples: str) -> None:
        """Run a sample as a script of the page; several as one, with nothing in between."""
        texts = [(SAMPLES / each).read_text(encoding="utf-8") for each in samples]
        await self.page.add_script_tag(content="\n".join(texts))

    async def module(self, sample: str) -> str:
        """The address of a sample as a module, for ``import``."""
        script = "(text) => URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))"
        address: str = await self.page.evaluate(script, (SAMPLES / sample).read_text(encoding="utf-8"))
        return address

    async def evaluate(self, script: str) -> Any:
        return await self.page.evaluate(script)

    async def eventually(self, condition: str) -> Any:
        """The value of an expression, once that is true."""
        return await eventually(lambda: self.page.evaluate(condition))

    async def sign_in(self, username: str, password: str) -> None:
        """Get the session's cookie, as a page of Lobby's own would."""
        assert await self.page.evaluate(_SIGN_IN, [username, password]) == 200

    async def hold_clock(self) -> None:
        """From here on no time passes in the page, and no timer ends, but by ``move_clock``."""
        await self.page.clock.install(time=NOON)
        await self.page.clock.pause_at(NOON + timedelta(seconds=1))

    async def move_clock(self, milliseconds: int) -> None:
        """Raises what a timer that ends meanwhile throws."""
        await self.page.clock.run_for(milliseconds)

    async def command(self, kind: str, **fields: object) -> None:
        """What no sample sends, over the page's last socket."""
        await self.page.evaluate("([kind, fields]) => command(kind, fields)", [kind, fields])

    async def calls(self, name: str) -> list[list[Any]]:
        """What a function of the page was called with, call by call."""
        found: list[list[Any]] = await self.page.evaluate(
            "(name) => calls.filter((each) => each.name === name).map((each) => each.given)", name
        )
        return found

    async def called(self, name: str, times: int = 1) -> list[list[Any]]:
        """The same, once it was called so often."""

        async def often_enough() -> list[list[Any]] | None:
            found = await self.calls(name)
            return found if len(found) >= times else None

        return await eventually(often_enough)


@asynccontextmanager
async def open_page(
    browser: Browser,
    server: str,
    *,
    token: str | None = None,
    holds_sends: bool = False,
    conversation_id: int | None = None,
) -> AsyncIterator[SamplePage]:
    """An empty page of the served Lobby's own origin, which knows the documents' hosts as that one.

    Without a token its sockets are opened by what cookies the page has. ``holds_sends``: what is sent over a socket
    that is yet to open waits for that. ``conversation_id`` is whom the documents' ``abc123`` means.
    """
    context = await browser.new_context()
    page = await context.new_page()
    # Any page that Lobby serves will do; it must come from there, or Chromium keeps it from sockets of this machine.
    await page.goto(f"{server}/health/live/")
    settings = {
        "host": server.removeprefix("http://"),
        "token": token,
        "holdsSends": holds_sends,
        "conversationId": conversation_id,
    }
    sample_page = SamplePage(page)
    await page.add_script_tag(content=f"const settings = {json.dumps(settings)};")
    for name in SUPPLIED:
        await page.add_script_tag(content=(HERE / name).read_text(encoding="utf-8"))
    try:
        yield sample_page
    finally:
        await context.close()
