"""What the fake Meta remembers: every message that it accepted, every file, and the log of every phone."""

import secrets
from typing import Any, Final

import httpx
import msgspec

from app.dev.fake_graph import shown, webhooks
from app.dev.fake_graph.config import FakeGraphConfig, Number
from app.dev.fake_graph.errors import GraphError, failure
from app.dev.fake_graph.faults import Faults
from app.dev.fake_graph.ledger import Ledger
from app.dev.fake_graph.limits import OPENS_NOTHING, Limits, Windows
from app.dev.fake_graph.media import MediaStore
from app.dev.fake_graph.media_faults import MediaFaults
from app.dev.fake_graph.phone import Phone
from app.dev.fake_graph.reporting import Recipient, Reporter, Sent
from app.dev.fake_graph.requests import MessageRequest, ReadBack
from app.dev.fake_graph.template import TemplateBook


class GuestMessage(msgspec.Struct, kw_only=True):
    """A message from a phone: kept whole, so that it can be sent again byte for byte."""

    id: str
    guest: str
    phone_number_id: str
    body: bytes


class FakeGraph:
    """The state behind the routes. ``epoch`` changes with each start: a page that remembers more begins anew."""

    def __init__(self, config: FakeGraphConfig, client: httpx.AsyncClient) -> None:
        self.epoch: Final = secrets.token_hex(4)
        self.faults: Final = Faults()
        self.media_faults: Final = MediaFaults()
        self.media: Final = MediaStore()
        self.windows: Final = Windows()
        self.ledger: Final = Ledger()
        self.reporter: Final = Reporter(self.post)
        self.sent: list[Sent] = []
        self.heard: dict[tuple[str, str], float] = {}
        """When guests last wrote to accounts of Instagram's, in Unix seconds."""
        self._client = client
        self._by_id: dict[str, Sent] = {}
        self._from_guests: dict[str, GuestMessage] = {}
        self._phones: dict[str, Phone] = {}
        self.config = config
        self.limits = Limits(config)
        self.templates = TemplateBook(config.templates)

    def configure(self, config: FakeGraphConfig) -> None:
        """Take another configuration. What is counted, and what has become of templates, lives on where it can."""
        before = self.config
        self.config = config
        if (config.pair_rate, config.throughput) != (before.pair_rate, before.throughput):
            self.limits = Limits(config)
        if config.templates != before.templates:
            self.templates = TemplateBook(config.templates)

    def phone(self, guest: str) -> Phone:
        return self._phones.setdefault(guest.removeprefix("+"), Phone())

    def end_polls(self) -> None:
        for phone in self._phones.values():
            phone.wake()

    async def close(self) -> None:
        await self.reporter.close()
        await self._client.aclose()

    def window_is_open(self, number: Number, guest: str) -> bool:
        return self.windows.is_open(number.phone_number_id, guest, unheard=self.config.unheard == "open")

    def accept(self, number: Number, request: MessageRequest, body: dict[str, Any]) -> Sent:
        """Keep a hotel's message. Nobody has seen it yet."""
        message = Sent(
            id=webhooks.new_message_id(),
            phone_number_id=number.phone_number_id,
            to=request.address,
            recipient=_recipient(request),
            delivery_id=request.biz_opaque_callback_data,
            body=body,
        )
        self.keep(message)
        return message

    def keep(self, message: Sent) -> None:
        """It was accepted."""
        self.sent.append(message)
        self._by_id[message.id] = message

    def show(self, message: Sent, request: MessageRequest, template: dict[str, Any] | None) -> None:
        """Let the guest's phone have it."""
        text, content = shown.of_hotel(request, template)
        self.phone(message.to).add(
            "message", sender="hotel", hotel=message.phone_number_id, id=message.id, text=text, content=content
        )

    async def report_arrival(self, message: Sent) -> None:
        """Report what the configuration says of a message that arrives."""
        if number := self.config.number(message.phone_number_id):
            phone = self.phone(message.to)
            await self.reporter.run(
                number,
                message,
                self.config.reports,
                lambda status: phone.add("status", id=message.id, status=status),
            )

    async def report_failure(self, message: Sent, code: int) -> None:
        await self.report(message, "failed", failure(code))

    async def report(
        self, message: Sent, status: str, error: dict[str, Any] | None = None, timestamp: str | None = None
    ) -> bool:
        """Tell the hotel a status of a message, and whether it took it."""
        number = self.config.number(message.phone_number_id)
        if number is None or not await self.reporter.tell(number, message, status, error=error, timestamp=timestamp):
            return False
        self.phone(message.to).add("status", id=message.id, status=status)
        return True

    async def seen_on_phone(self, guest: str, ids: list[str], status: str) -> None:
        """The guest has read, or played, these messages of the hotel."""
        for each in ids:
            message = self._by_id.get(each)
            if self.config.statuses and message and message.to == guest and status not in message.statuses:
                await self.report(message, status)

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
            message = {"id": message_id or webhooks.new_message_id(), "timestamp": webhooks.now(), **message}
            body = webhooks.guest_message(number, guest, name, message)
            kept = GuestMessage(id=str(message["id"]), guest=guest, phone_number_id=number.phone_number_id, body=body)
            self._from_guests[kept.id] = kept
            text, content = shown.of_guest(message)
            phone.add("message", sender="guest", hotel=kept.phone_number_id, id=kept.id, text=text, content=content)
            self._note_window(number, guest, message)
        delivered = await self.post(number, kept.body)
        phone.add("status", id=kept.id, status="delivered" if delivered.ok else "failed")
        return kept.id, delivered

    def _note_window(self, number: Number, guest: str, message: dict[str, Any]) -> None:
        at = str(message.get("timestamp"))
        if message.get("type") not in OPENS_NOTHING and at.isdigit():
            self.windows.heard(number.phone_number_id, guest, float(at))

    def read_by_hotel(self, number: Number, read: ReadBack) -> None:
        """The hotel has read a guest's message. Raises GraphError where there is none of that id."""
        message = self._from_guests.get(read.message_id)
        if message is None and self.config.reads == "any":
            return
        if message is None or message.phone_number_id != number.phone_number_id:
            raise GraphError(131009, "Parameter value is not valid", details="message_id is no message to this number.")
        self.phone(message.guest).add("status", id=message.id, status="read")
        if read.typing_indicator:
            self.phone(message.guest).add("typing", hotel=number.phone_number_id)

    async def post(self, number: Number, body: bytes) -> webhooks.Delivered:
        return await self.post_to(self.config.webhook_url, body, app_secret=number.app_secret)

    async def post_to(self, url: str, body: bytes, *, app_secret: str) -> webhooks.Delivered:
        return await webhooks.post(
            self._client,
            url,
            body,
            app_secret=app_secret,
            repeats=self.config.repeats,
            backoff=self.config.backoff,
        )


def _recipient(request: MessageRequest) -> Recipient:
    if request.recipient_type == "group":
        return "group"
    return "number" if request.to is not None else "user"
