"""Statuses of what a hotel has sent: built as Meta does, signed, posted, in whatever order one asks for."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, Literal

import msgspec

from app.dev.fake_graph import webhooks
from app.dev.fake_graph.config import Number, Reports
from app.dev.fake_graph.errors import failure

Post = Callable[[Number, bytes], Awaitable[webhooks.Delivered]]
Recipient = Literal["number", "user", "group"]
_PRICED: Final = frozenset({"sent", "delivered", "read"})


class Sent(msgspec.Struct, kw_only=True):
    """A message that was accepted from a hotel. ``statuses`` are those that the hotel has been told of."""

    id: str
    phone_number_id: str
    to: str
    recipient: Recipient
    delivery_id: str | None
    body: dict[str, Any]
    category: str = "service"
    statuses: list[str] = []


class Reporter:
    """Tells hotels what becomes of their messages, by ``post``."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._tasks: set[asyncio.Task[None]] = set()

    async def tell(
        self,
        number: Number,
        message: Sent,
        status: str,
        *,
        error: dict[str, Any] | None = None,
        timestamp: str | None = None,
    ) -> bool:
        """One status, and whether the hotel took it."""
        fields = {"id": message.id, "status": status, "timestamp": timestamp or webhooks.now(), **_whom(message)}
        if message.delivery_id is not None:
            fields["biz_opaque_callback_data"] = message.delivery_id
        if status in _PRICED:
            fields["pricing"] = {"billable": message.category != "service", "pricing_model": "PMP"}
            fields["pricing"]["category"] = message.category
        if error is not None:
            fields["errors"] = [error]
        if not (await self._post(number, webhooks.status_update(number, fields))).ok:
            return False
        message.statuses.append(status)
        return True

    async def run(self, number: Number, message: Sent, reports: Reports, then: Callable[[str], None]) -> None:
        """The statuses that ``reports`` names; ``then`` is called after each that the hotel took."""
        await asyncio.sleep(reports.after)
        for status in reports.statuses:
            error = failure(131026) if status == "failed" else None
            for _ in range(reports.times):
                if await self.tell(number, message, status, error=error):
                    then(status)

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it beside everything else."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _whom(message: Sent) -> dict[str, Any]:
    if message.recipient == "group":
        return {"recipient_id": message.to, "recipient_type": "group"}
    if message.recipient == "user":
        return {"recipient_user_id": message.to}
    return {"recipient_id": message.to}
