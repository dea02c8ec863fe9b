"""Drill 6: a provider that refuses, breaks and falls silent, and what becomes of everything that was to be sent."""

import asyncio
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from app.channels.base import SendOutcome
from app.core.clock import utc_now
from app.core.settings import Settings
from app.core.types import ConversationStatus, DeliveryStatus, MessageOrigin, MessageType, OutboxState, SenderType
from app.models import Account, Base, Conversation, Delivery, Guest, Message
from app.store.unit_of_work import UnitOfWork
from tests.eventually import eventually
from tests.fake_graph import FakeGraph
from tests.ledger import Ledger
from tests.processes import variables_of
from tests.world import HotelWorld

ROOT = Path(__file__).resolve().parents[2]
EACH = 4
"""Messages of a conversation."""
WORKERS = 2
SILENCE = 3.0
"""Seconds, and more than a worker waits for an answer."""
FAULTS: tuple[dict[str, object], ...] = (
    {"code": 130429, "share": 0.30},
    {"status": 500, "share": 0.20},
    {"delay": SILENCE, "share": 0.05},
    {"stall": SILENCE, "share": 0.05},
    {"reset": "after", "share": 0.05},
)
Seen = dict[int, list[SendOutcome]]
"""What each send of a delivery came to, as the outbox saw it."""

FINAL = {OutboxState.SENT, OutboxState.DEAD}


@dataclass
class Figures:
    """What came of it. ``blind``: what the guest got twice without that being known, or without cause to fear it."""

    sends: int
    seconds: float
    requests: int
    outcomes: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)
    unfinished: list[int] = field(default_factory=list)
    misshown: list[int] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    doubles: int = 0
    blind: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Which promises were broken."""
        broken = {
            "not final": self.unfinished,
            "final, and not shown so": self.misshown,
            "out of order": self.out_of_order,
            "blind doubles": self.blind,
            "sent, and not at the provider": self.lost,
        }
        return [f"{name}: {found}" for name, found in broken.items() if found]

    def __str__(self) -> str:
        tries = ", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.most_common())
        ends = ", ".join(f"{count} {state}" for state, count in self.states.most_common())
        shown = ", ".join(f"{count} {status}" for status, count in self.shown.most_common())
        return (
            f"drill 6: {self.sends} sends in {self.seconds:.1f} s, {self.requests} requests ({tries}); {ends}; shown: "
            f"{shown}; {len(self.unfinished)} not final, {len(self.out_of_order)} conversations out of order, "
            f"{self.doubles} doubles, of these {len(self.blind)} blind"
        )


async def run_drill(
    settings: Settings,
    ledger: Ledger,
    graph: FakeGraph,
    hotels: tuple[HotelWorld, ...],
    sends: int,
    *,
    blind: bool = False,
) -> Figures:
    """Queue ``sends`` messages over conversations of all hotels, and have worker processes send them until none waits
    any more. ``blind`` is the control: what the outbox guards is taken out."""
    conversations = -(-sends // EACH)
    async with ledger.database.transaction() as work:
        for index, hotel in enumerate(hotels):
            await _fill(work, hotel, range(index, conversations, len(hotels)))
    for fault in FAULTS:
        await graph.fail(**fault, times=0)
    seen: Seen = defaultdict(list)
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        for _ in range(WORKERS):
            await stack.enter_async_context(_worker(settings, seen, blind=blind))
        await eventually(lambda: _is_done(ledger), within=60 + sends)
        seconds = time.monotonic() - began
    return await _figures(ledger, graph, seen, seconds)


@asynccontextmanager
async def _worker(settings: Settings, seen: Seen, *, blind: bool) -> AsyncIterator[None]:
    """A worker process. What it writes is gathered in ``seen``; it is ended by its own pid."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.drills.worker",
        *(["--blind"] if blind else []),
        env={**os.environ, **variables_of(settings)},
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None, "it was asked for"
    reading = asyncio.create_task(_read(process.stdout, seen))
    try:
        yield
        process.terminate()
        async with asyncio.timeout(60):
            assert await process.wait() == 0
            await reading
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        reading.cancel()


async def _read(lines: asyncio.StreamReader, seen: Seen) -> None:
    async for line in lines:
        delivery_id, outcome = line.decode().split()
        seen[int(delivery_id)].append(SendOutcome(outcome))


async def _is_done(ledger: Ledger) -> bool:
    await asyncio.sleep(0.2)
    async with ledger.database.read() as work:
        return await work.deliveries.pending_count() == 0


async def _fill(work: UnitOfWork, hotel: HotelWorld, numbers: range) -> None:
    """A guest, a conversation and its messages for each of these numbers."""
    now = utc_now()

    async def add(model: type[Base], rows: list[dict[str, Any]]) -> list[int]:
        table = model.__table__
        statement = insert(model).returning(table.c.id, sort_by_parameter_order=True)
        return list((await work.connection.scalars(statement, [{"hotel_id": hotel.id, **row} for row in rows])).all())

    on = {"channel_id": hotel.channel_id}
    guests = await add(Guest, [{"full_name": f"Guest {number}"} for number in numbers])
    addresses = [f"351{900_000_000 + number}" for number in numbers]
    accounts = await add(
        Account,
        [
            {**on, "guest_id": guest, "address": address, "last_inbound_at": now}
            for guest, address in zip(guests, addresses, strict=True)
        ],
    )
    conversations = await add(
        Conversation,
        [
            {**on, "guest_id": guest, "account_id": account, "status": ConversationStatus.RELAY}
            for guest, account in zip(guests, accounts, strict=True)
        ],
    )
    places = [(each, address) for _ in range(EACH) for each, address in zip(conversations, addresses, strict=True)]
    messages = await add(
        Message,
        [
            {
                **on,
                "conversation_id": conversation,
                "sender_type": SenderType.STAFF,
                "origin": MessageOrigin.STAFF,
                "sender_name": "Rita",
                "type": MessageType.TEXT,
                "content": f"One of {EACH}",
                "delivery_status": DeliveryStatus.QUEUED,
            }
            for conversation, _ in places
        ],
    )
    await add(
        Delivery,
        [
            {**on, "conversation_id": conversation, "message_id": message, "address": address, "next_attempt_at": now}
            for (conversation, address), message in zip(places, messages, strict=True)
        ],
    )


async def _figures(ledger: Ledger, graph: FakeGraph, seen: Seen, seconds: float) -> Figures:
    # By one statement: a late report may turn what was given up into what was sent at any moment.
    columns = (Delivery.id, Delivery.state, Delivery.repeated, Message.delivery_status)
    async with ledger.database.read() as work:
        joined = select(*columns).join(Message, Message.id == Delivery.message_id).order_by(Delivery.id)
        deliveries = list(await work.connection.execute(joined))
    figures = Figures(len(deliveries), seconds, sum(map(len, seen.values())))
    figures.outcomes.update(outcome.value for each in seen.values() for outcome in each)
    arrived: dict[str, list[int]] = defaultdict(list)
    for accepted in await graph.accepted():
        arrived[accepted["to"]].append(int(accepted["delivery_id"]))
    copies = Counter(delivery_id for each in arrived.values() for delivery_id in each)
    for delivery in deliveries:
        status = delivery.delivery_status
        figures.states[delivery.state.value] += 1
        figures.shown[status.value] += 1
        if delivery.state not in FINAL:
            figures.unfinished.append(delivery.id)
        if (delivery.state is OutboxState.DEAD) != (status is DeliveryStatus.FAILED) or status == "queued":
            figures.misshown.append(delivery.id)
        if delivery.state is OutboxState.SENT and not copies[delivery.id]:
            figures.lost.append(delivery.id)
        if copies[delivery.id] > 1:
            figures.doubles += 1
            feared = seen[delivery.id].count(SendOutcome.AMBIGUOUS)
            if not delivery.repeated or not feared or copies[delivery.id] > 2:
                figures.blind.append(delivery.id)
    figures.out_of_order = [guest for guest, ids in arrived.items() if not _in_order(ids, seen)]
    return figures


def _in_order(arrived: list[int], seen: Seen) -> bool:
    """Each delivery by its first arrival: a repeat is a double, and judged as one. What was given up because both its
    answers were lost may still arrive from a provider that was busy, after those that did not wait for it for ever."""
    first = [each for each in dict.fromkeys(arrived) if seen[each].count(SendOutcome.AMBIGUOUS) < 2]
    return first == sorted(first)
