"""Outboxes by hand: claimed from and sent when a test says so, over the fake Graph or a channel of the test's own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from app.channels.base import Credentials, Outgoing, SendOutcome, SendResult
from app.channels.registry import ChannelRegistry
from app.channels.whatsapp import WhatsApp
from app.core.clock import Clock
from app.core.events import MessageStatusChanged
from app.core.settings import Settings
from app.core.types import DeliveryStatus, OutboxState
from app.core.vault import Vault
from app.models import Delivery
from app.services.outbox.service import Outbox
from app.store.database import Database
from tests.desk import Desk
from tests.fake_graph import FakeGraph
from tests.ledger import Ledger
from tests.serving import PLAIN
from tests.sign_ins import HeldClock
from tests.world import HotelWorld

WAIT = timedelta(seconds=60)
"""How long these outboxes wait for the status of a send whose answer was lost."""

Answer = Callable[[Outgoing], Awaitable[SendResult]]


@dataclass(frozen=True)
class Sending:
    """A hotel's desk, and what sends for it over the fake Graph, under one clock."""

    desk: Desk
    hotel: HotelWorld
    ledger: Ledger
    outbox: Outbox
    graph: FakeGraph
    clock: HeldClock


class ScriptedWhatsApp(WhatsApp):
    """WhatsApp whose sends go to a function of the test instead of to Meta."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def send(self, message: Outgoing, *, account: str, credentials: Credentials) -> SendResult:
        return await self._answer(message)


def accepted(message: Outgoing, prefix: str = "wamid.D") -> SendResult:
    """Meta's yes, with an id made from the delivery's."""
    return SendResult(outcome=SendOutcome.ACCEPTED, external_id=f"{prefix}{message.delivery_id}")


def scripted_outbox(settings: Settings, database: Database, clock: Clock, answer: Answer) -> Outbox:
    return _outbox(settings, database, clock, ScriptedWhatsApp(answer))


@asynccontextmanager
async def open_outbox(
    settings: Settings, database: Database, clock: Clock, *, graph: str | None = None
) -> AsyncIterator[Outbox]:
    """One that sends over HTTP, to the fake Graph unless ``graph`` is another address."""
    async with httpx.AsyncClient(verify=PLAIN) as client:
        url, version = graph or settings.whatsapp_api_url, settings.whatsapp_api_version
        yield _outbox(settings, database, clock, WhatsApp(client, base_url=url, version=version))


async def send_due(outbox: Outbox, limit: int = 16) -> list[int]:
    """Send all whose turn it is, and those whose turn that makes it; the deliveries' ids in that order."""
    sent = []
    while claimed := await outbox.claim(limit):
        for delivery in claimed:
            sent.append(delivery.id)
            await outbox.send(delivery)
    return sent


async def states(ledger: Ledger) -> list[OutboxState]:
    """Of all deliveries, the oldest first."""
    return [each.state for each in await ledger.rows(Delivery)]


async def told(ledger: Ledger, hotel: HotelWorld) -> list[MessageStatusChanged]:
    """What staff were told of messages that leave, in order."""
    return [each for each in await ledger.events(hotel.id) if isinstance(each, MessageStatusChanged)]


async def failures(ledger: Ledger, hotel: HotelWorld) -> list[tuple[int, str | None]]:
    """The messages that staff were told have failed, and why."""
    return [
        (each.message_id, each.error)
        for each in await told(ledger, hotel)
        if each.delivery_status is DeliveryStatus.FAILED
    ]


def _outbox(settings: Settings, database: Database, clock: Callable[[], datetime], channel: WhatsApp) -> Outbox:
    return Outbox(
        database=database,
        channels=ChannelRegistry([channel]),
        vault=Vault(settings.secret_key.get_secret_value()),
        clock=clock,
        jitter=lambda: 1.0,
        confirmation_wait=WAIT,
    )
