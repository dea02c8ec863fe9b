"""Visitors of a web chat at contract 5's REST interface: each is a browser of their own."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.serving import PLAIN

WEBCHAT = "/unicom/webchat/"


@dataclass
class Browser:
    """Keeps its cookies and sends its CSRF token back, unless it shows a token in ``headers``. Paths are below
    ``/unicom/webchat/``."""

    client: httpx.AsyncClient
    headers: dict[str, str] = field(default_factory=dict)

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        csrf = {"X-CSRFToken": token} if (token := self.client.cookies.get("csrftoken")) else {}
        options["headers"] = {**csrf, **self.headers, **options.get("headers", {})}
        return await self.client.request(method, f"{WEBCHAT}{path}", **options)

    async def get(self, path: str, **query: Any) -> Any:
        """The body of a good answer."""
        answer = await self.call("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["success"] is True
        return body

    async def arrive(self) -> str:
        """The first call, which gives the cookies; the account's id."""
        chat_id: str = (await self.get("messages/"))["chat_id"]
        return chat_id

    async def send(self, text: str, **more: Any) -> Any:
        """The message that was taken."""
        answer = await self.call("POST", "send/", json={"text": text, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()["message"]

    async def texts(self, **query: Any) -> list[str]:
        """What stands in a chat, the oldest first."""
        return [each["text"] for each in (await self.get("messages/", order="asc", **query))["messages"]]

    async def chats(self, **query: Any) -> list[Any]:
        chats: list[Any] = (await self.get("chats/", **query))["chats"]
        return chats


OpenBrowser = Callable[..., Awaitable[Browser]]


@asynccontextmanager
async def browsers(server: str) -> AsyncIterator[OpenBrowser]:
    """Opens browsers, each of which knows nothing of the others."""
    async with AsyncExitStack() as stack:

        async def open_browser(token: str | None = None) -> Browser:
            client = await stack.enter_async_context(httpx.AsyncClient(base_url=server, verify=PLAIN))
            return Browser(client, {} if token is None else {"Authorization": f"Bearer {token}"})

        yield open_browser


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The body of a refusal, in contract 5's form."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert body["success"] is False
    assert body["code"] == code
    assert isinstance(body["error"], str)
    assert body.keys() <= {"success", "error", "code", "details"}
    return body


def named_anew(value: Any, account: str) -> Any:
    """Without what differs from run to run: a message's id, and the key in an account's."""
    if isinstance(value, dict):
        return {
            name: "<id>" if name in {"id", "next_cursor"} and str(each).isdigit() else named_anew(each, account)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [named_anew(each, account) for each in value]
    if not isinstance(value, str):
        return value
    return re.sub("Visitor [0-9a-f]{6}", "Visitor <key>", value.replace(account, "<account>"))
