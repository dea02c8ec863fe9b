"""Whoever is closed for sending too much reads why in a browser, which has much of it still to send."""

from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.page import open_page

LISTEN = """async (sending) => {
  await connect();
  const closed = new Promise((resolve) => websocket.addEventListener('close', resolve, { once: true }));
  for (const frame of Array(sending.times).fill('x'.repeat(sending.size))) websocket.send(frame);
  const { code, reason } = await closed;
  return { code, reason };
}"""


@pytest.mark.parametrize(
    ("times", "size", "code"), [(1, 3_000_000, 1009), (3_000, 20, 4429)], ids=["a large frame", "a burst"]
)
async def test_a_page_reads_why_it_was_closed(
    browser: Browser, server: str, token: str, times: int, size: int, code: int
) -> None:
    async with open_page(browser, server, token=token) as page:
        for _ in range(3):
            told: dict[str, Any] = await page.page.evaluate(LISTEN, {"times": times, "size": size})

            assert told["code"] == code, told
            assert told["reason"] != ""
