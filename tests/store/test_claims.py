"""Whose turn it is stays cheap to ask, however much waits on channels that may not send."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, text

from app.core.clock import utc_now
from app.models import Channel
from app.store.claims import Share, claim
from app.store.database import Database
from tests.ledger import Ledger
from tests.world import HotelWorld, World

WAITING = 5_000
OF_ONE_PAGE = 300
"""Many more rows than a claim has to look at, and far fewer than there are."""

QUEUE = """
    WITH guest AS (
        INSERT INTO guests (hotel_id, full_name) SELECT :hotel, 'Guest ' || n FROM generate_series(1, :count) n
        RETURNING id, hotel_id
    ), account AS (
        INSERT INTO accounts (hotel_id, channel_id, guest_id, address)
        SELECT hotel_id, :channel, id, (351000000000 + id)::text FROM guest RETURNING *
    ), conversation AS (
        INSERT INTO conversations (hotel_id, guest_id, channel_id, account_id, status)
        SELECT hotel_id, guest_id, channel_id, id, 'relay' FROM account RETURNING *
    ), message AS (
        INSERT INTO messages (hotel_id, conversation_id, channel_id, sender_type, origin, sender_name, type, content)
        SELECT hotel_id, id, channel_id, 'staff', 'staff', 'Rita', 'text', 'Hello' FROM conversation RETURNING *
    )
    INSERT INTO deliveries (hotel_id, channel_id, conversation_id, message_id, address, state, next_attempt_at)
    SELECT m.hotel_id, m.channel_id, m.conversation_id, m.id, a.address, :state, now() - interval '1 hour'
    FROM message m JOIN conversation c ON c.id = m.conversation_id JOIN account a ON a.id = c.account_id
"""


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


async def queue(ledger: Ledger, hotel: HotelWorld, count: int, state: str = "pending") -> None:
    """So many messages of as many guests."""
    values = {"hotel": hotel.id, "channel": hotel.channel_id, "count": count, "state": state}
    async with ledger.database.transaction() as work:
        await work.connection.execute(text(QUEUE), values)


async def plan_of_a_claim(database: Database, share: Share | None = None) -> dict[str, Any]:
    """What PostgreSQL did for one claim, which is undone."""
    now = utc_now()
    statement = claim(uuid4(), now=now, leased_until=now + timedelta(minutes=1), limit=16, share=share)
    sql = statement.compile(dialect=database.engine.dialect, compile_kwargs={"literal_binds": True})
    async with database.engine.connect() as connection:
        await connection.exec_driver_sql("ANALYZE")
        explained = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}")
        found = explained.scalar_one()
        await connection.rollback()
    plan: dict[str, Any] = (json.loads(found) if isinstance(found, str) else found)[0]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", []):
        yield from nodes(each)


def rows_visited(plan: dict[str, Any], table: str) -> int:
    """How many rows of a table were looked at, whether they fitted or not."""
    removed = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    return sum(
        int((node["Actual Rows"] + sum(node.get(name, 0) for name in removed)) * node["Actual Loops"])
        for node in nodes(plan["Plan"])
        if node.get("Relation Name") == table
    )


@pytest.mark.parametrize("stopped", ["paused_at", "not_before"])
async def test_what_waits_on_a_channel_that_may_not_send_is_not_looked_at(
    world: World, ledger: Ledger, stopped: str
) -> None:
    sea_view, alpine = await world.two_hotels()
    await queue(ledger, sea_view, WAITING)
    await queue(ledger, sea_view, WAITING, "sent")
    await queue(ledger, alpine, 40)
    await ledger.change(Channel, Channel.id == sea_view.channel_id, **{stopped: utc_now() + timedelta(hours=1)})

    plan = await plan_of_a_claim(ledger.database)

    assert plan["Plan"]["Actual Rows"] == 16
    for table in ("deliveries", "accounts", "messages"):
        assert rows_visited(plan, table) < OF_ONE_PAGE, table


async def test_a_channel_with_much_to_send_is_asked_for_its_next_ones_only(world: World, ledger: Ledger) -> None:
    sea_view, alpine = await world.two_hotels()
    await queue(ledger, sea_view, WAITING)
    await queue(ledger, alpine, 40)
    async with ledger.database.transaction() as work:
        more = [
            {"hotel_id": alpine.id, "platform": "WhatsApp", "name": f"Number {n}", "account": f"71{n:04}"}
            for n in range(200)
        ]
        await work.connection.execute(insert(Channel), more)

    plan = await plan_of_a_claim(ledger.database)

    assert plan["Plan"]["Actual Rows"] == 16
    for table in ("deliveries", "accounts", "messages"):
        assert rows_visited(plan, table) < OF_ONE_PAGE, table


async def test_a_channel_that_has_its_share_leaves_the_rest_to_others_unlooked_at(world: World, ledger: Ledger) -> None:
    sea_view, alpine = await world.two_hotels()
    await queue(ledger, sea_view, WAITING)
    await queue(ledger, alpine, WAITING)

    plan = await plan_of_a_claim(ledger.database, Share(most=12, held={sea_view.channel_id: 13, alpine.channel_id: 3}))

    assert plan["Plan"]["Actual Rows"] == 12 - 3
    for table in ("deliveries", "accounts", "messages"):
        assert rows_visited(plan, table) < OF_ONE_PAGE, table
