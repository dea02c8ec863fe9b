"""How visitors of a web chat register and sign in, each in a browser of their own."""

from typing import Any

import httpx

from tests.contracts.webchat import Browser
from tests.world import PASSWORD

REGISTER, TOKEN = "/api/auth/register/", "/api/auth/token/"
NEW = {"username": "ana", "password": "a-long-word-of-ana"}


async def register(browser: Browser, **more: Any) -> httpx.Response:
    return await browser.client.post(REGISTER, json=NEW | more)


async def sign_in(browser: Browser, username: str = "ana", **more: Any) -> httpx.Response:
    password = NEW["password"] if username == "ana" else PASSWORD
    return await browser.client.post(TOKEN, json={"username": username, "password": password} | more)


def account_of(answer: httpx.Response) -> str:
    return f"webchat_user_{answer.json()['user']['id']}"
