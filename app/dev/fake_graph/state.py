"""What the fake Meta remembers: every message that it accepted, and the log of every phone."""

import asyncio
import secrets
import time
from typing import Any, Final

import httpx
import msgspec

from app.dev.fake_graph import webhooks
from app.dev.fake_graph.config import FakeGraphConfig, Number
from app.dev.fake_graph.faults import Faults
from app.dev.fake_graph.requests import GraphError, MessageRequest, ReadBack


class Sent(msgspec.Struct, kw_only=True):
    """A message that was accepted from a hotel. ``statuses`` are those that the hotel has been told of."""

    id: str
    phone_number_id: str
    to: str
    body: dict[str, Any]
    statuses: list[str] = []


class GuestMessage(msgspec.Struct, kw_only=True):
    """A message from a phone: kept whole, so that it can be sent again byte for byte."""

    id: str
    guest: str
    phone_number_id: str
    body: bytes


class Phone:
    """What one guest's phone has seen, as events in order; ``seq`` counts from 1."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._changed = asyncio.Event()

    def add(self, kind: str, **fields: Any) -> None:
        self.events.append({"seq": len(self.events) + 1, "kind": kind, "at": time.time(), **fields})
        self.wake()

    def wake(self) -> None:
        """Let everybody go who waits for events."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def since(self, seq: int, wait: float) -> list[dict[str, Any]]:
        """The events after ``seq``; where there is none, whatever comes within ``wait`` seconds."""
        if len(self.events) <= seq and wait > 0:
            try:
                await asyncio.wait_for(self._changed.wait(), wait)
            except TimeoutError:
                return []
        return self.events[seq:]


class FakeGraph:
    """The state behind the routes. ``epoch`` changes with each start: a page that remembers more begins anew."""

    def __init__(self, config: FakeGraphConfig, client: httpx.AsyncClient) -> None:
        self.config = config
        self.epoch: Final = secrets.token_hex(4)
        self.faults: Final = Faults()
        self.sent: list[Sent] = []
        self._client = client
        self._by_id: dict[str, Sent] = {}
        self._from_guests: dict[str, GuestMessage] = {}
        self._phones: dict[str, Phone] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def phone(self, guest: str) -> Phone:
        return self._phones.setdefault(guest.removeprefix("+"), Phone())

    def end_polls(self) -> None:
        for phone in self._phones.values():
            phone.wake()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    def accept(self, number: Number, request: MessageRequest, body: dict[str, Any]) -> Sent:
        """Keep a hotel's message, show it on the phone, and begin to report on it."""
        message = Sent(
            id=webhooks.new_message_id(), phone_number_id=number.phone_number_id, to=request.address, body=body
        )
        self.sent.append(message)
        self._by_id[message.id] = message
        self.phone(message.to).add(
            "message", sender="hotel", hotel=message.phone_number_id, id=message.id, text=_summary(request)
        )
        if self.config.statuses:
            task = asyncio.create_task(self._report_arrival(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return message

    async def _report_arrival(self, message: Sent) -> None:
        for status in ("sent", "delivered"):
            await self.report(message, status)

    async def report(self, message: Sent, status: str, error: dict[str, Any] | None = None) -> bool:
        """Tell the hotel a status of a message, and whether it took it."""
        number = self.config.number(message.phone_number_id)
        if number is None:
            return False
        fields: dict[str, Any] = {"id": message.id, "status": status, "timestamp": webhooks.now()}
        fields["recipient_id" if message.to.isdigit() else "recipient_user_id"] = message.to
        if opaque := message.body.get("biz_opaque_callback_data"):
            fields["biz_opaque_callback_data"] = opaque
        if error is not None:
            fields["errors"] = [error]
        if not (await self._post(number, webhooks.status_update(number, fields))).ok:
            return False
        message.statuses.append(status)
        self.phone(message.to).add("status", id=message.id, status=status)
        return True

    async def read_on_phone(self, guest: str, ids: list[str]) -> None:
        """The guest has seen these messages of the hotel."""
        for each in ids:
            message = self._by_id.get(each)
            if self.config.statuses and message and message.to == guest and "read" not in message.statuses:
                await self.report(message, "read")

    def find(self, message_id: str) -> Sent | None:
        return self._by_id.get(message_id)

    def forget(self) -> None:
        """Forget what was accepted. The phones keep what they have seen."""
        self.sent.clear()
        self._by_id.clear()

    async def send_from_phone(
        self, number: Number, guest: str, *, name: str, message: dict[str, Any], message_id: str | None
    ) -> tuple[str, webhooks.Delivered]:
        """A guest's message, posted to the hotel. With the id of an earlier one that is sent again, unchanged."""
        phone = self.phone(guest)
        kept = self._from_guests.get(message_id or "")
        if kept is None or kept.guest != guest:
            new_id = message_id or webhooks.new_message_id()
            message = {"id": new_id, "timestamp": webhooks.now(), **message}
            body = webhooks.guest_message(number, guest, name, message)
            kept = GuestMessage(id=new_id, guest=guest, phone_number_id=number.phone_number_id, body=body)
            self._from_guests[kept.id] = kept
            text = message.get("text")
            words = text.get("body") if isinstance(text, dict) else None
            phone.add(
                "message",
                sender="guest",
                hotel=kept.phone_number_id,
                id=kept.id,
                text=words or f"[{message.get('type')}]",
            )
        delivered = await self._post(number, kept.body)
        phone.add("status", id=kept.id, status="delivered" if delivered.ok else "failed")
        return kept.id, delivered

    def read_by_hotel(self, number: Number, read: ReadBack) -> None:
        """The hotel has read a guest's message. Raises GraphError where there is none of that id."""
        message = self._from_guests.get(read.message_id)
        if message is None or message.phone_number_id != number.phone_number_id:
            raise GraphError(131009, "Parameter value is not valid", details="message_id is no message to this number.")
        self.phone(message.guest).add("status", id=message.id, status="read")
        if read.typing_indicator:
            self.phone(message.guest).add("typing", hotel=number.phone_number_id)

    async def _post(self, number: Number, body: bytes) -> webhooks.Delivered:
        return await webhooks.post(
            self._client,
            self.config.webhook_url,
            body,
            app_secret=number.app_secret,
            repeats=self.config.repeats,
            backoff=self.config.backoff,
        )


def _summary(request: MessageRequest) -> str:
    """What the phone shows of a message that is not plain text: its words, or its type."""
    if request.text:
        return request.text.body
    if request.interactive:
        return request.interactive.body.text
    if request.reaction:
        return request.reaction.emoji
    caption = getattr(getattr(request, request.type), "caption", None)
    return caption or f"[{request.type}]"
