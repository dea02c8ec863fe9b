"""A staff user at contract 1's REST interface, and how a test compares what it answers with what is printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tests.fake_graph import SEA_VIEW_NUMBER
from tests.pinned import without_ids_and_times
from tests.world import post_signed, text_message, webhook_body

CONVERSATIONS = "/api/message_manager/conversations/"
JOHN = "1234567890"


@dataclass
class Desk:
    """Paths are below ``conversations/``."""

    client: httpx.AsyncClient
    headers: dict[str, str]

    async def call(self, method: str, path: object = "", **options: Any) -> httpx.Response:
        options["headers"] = {**self.headers, **options.get("headers", {})}
        return await self.client.request(method, f"{CONVERSATIONS}{path}", **options)

    async def get(self, path: object = "", **query: Any) -> Any:
        """The body of a good answer."""
        answer = await self.call("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def hear(self, guest: str, *texts: str) -> None:
        """What a guest writes, in one webhook."""
        await self.hear_all({guest: texts})

    async def hear_all(self, written: Mapping[str, Sequence[str]]) -> None:
        """What each of these guests writes, all in one webhook."""
        messages = [text_message(text, guest) for guest, texts in written.items() for text in texts]
        answer = await post_signed(self.client, webhook_body((SEA_VIEW_NUMBER, messages)))
        assert (answer.status_code, answer.json()) == (200, {"status": "processed"}), answer.text

    async def send(self, conversation_id: int, text: str, **more: Any) -> Any:
        answer = await self.call("POST", f"{conversation_id}/send_message/", json={"text": text, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def end_relay(self, conversation_id: int) -> httpx.Response:
        return await self.call("POST", f"{conversation_id}/end_relay/")


def assert_as_printed(answer: Any, printed: Any) -> None:
    """Every printed field is there with its value, whatever stands beside them; ids and moments are some."""
    assert without_ids_and_times(_documented(answer, printed)) == without_ids_and_times(printed)


def _documented(answer: Any, printed: Any) -> Any:
    if isinstance(answer, dict) and isinstance(printed, dict):
        return {key: _documented(answer[key], each) for key, each in printed.items() if key in answer}
    if isinstance(answer, list) and isinstance(printed, list) and len(answer) == len(printed):
        return [_documented(*each) for each in zip(answer, printed, strict=True)]
    return answer


def assert_error(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The common form of an error; answers its details."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body.keys() <= {"error", "code", "details"}
    assert body["code"] == code
    assert isinstance(body["error"], str)
    assert body["error"]
    details: dict[str, Any] = body.get("details", {})
    return details
