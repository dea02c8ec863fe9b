"""What waits in the outbox for one guest is found by an index, however long the outbox has grown."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import insert, text

from app.core.clock import utc_now
from app.models import Account
from app.store.database import Database
from app.store.unit_of_work import UnitOfWork
from tests.world import World

ADDRESS = "351912345678"
HELD, DUE, LEASED = "ix_deliveries_held", "ix_deliveries_due", "ix_deliveries_leased"


FORGET = """SELECT pg_clear_attribute_stats('public', 'deliveries', attname::text, false)
    FROM pg_attribute WHERE attrelid = 'deliveries'::regclass AND attnum > 0 AND NOT attisdropped"""
"""Emptying a table leaves what PostgreSQL knew of its columns, from whatever other tests had in it."""


async def open_window(work: UnitOfWork) -> None:
    await work.guests.open_windows({1: utc_now()})


async def readdress(work: UnitOfWork) -> None:
    await work.deliveries.readdress(1, ADDRESS, "351912000222")


@pytest.mark.parametrize(
    ("look_up", "indexes"),
    [(open_window, {HELD}), (readdress, {HELD, DUE, LEASED})],
    ids=["a_guest_who_writes", "a_guest_who_moves"],
)
async def test_an_index_answers_whatever_the_values(
    database: Database, world: World, look_up: Callable[[UnitOfWork], Awaitable[None]], indexes: set[str]
) -> None:
    hotel = await world.hotel()
    async with database.transaction() as work:
        await work.connection.execute(
            insert(Account).values(hotel_id=hotel.id, channel_id=hotel.channel_id, address=ADDRESS)
        )

    async with database.transaction() as work:
        await work.connection.execute(text(FORGET))
        for setting in ("enable_seqscan = off", "plan_cache_mode = force_generic_plan"):
            await work.connection.execute(text(f"SET LOCAL {setting}"))
        await look_up(work)
        used = await work.connection.scalars(
            text(
                "SELECT indexrelid::regclass::text FROM pg_index"
                " WHERE indrelid = 'deliveries'::regclass AND pg_stat_get_xact_numscans(indexrelid) > 0"
            )
        )

    assert set(used) == indexes
