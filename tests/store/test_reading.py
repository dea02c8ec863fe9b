"""Unread messages are found by their own index, however many were read."""

from sqlalchemy import text

from app.core.clock import utc_now
from app.store.database import Database
from tests.world import World


async def test_an_index_answers_what_is_unread_whatever_the_values(database: Database, world: World) -> None:
    await world.hotel()
    async with database.transaction() as work:
        for setting in ("enable_seqscan = off", "enable_bitmapscan = off", "plan_cache_mode = force_generic_plan"):
            await work.connection.execute(text(f"SET LOCAL {setting}"))

        await work.reading.mark_read(1, utc_now())

        used = await work.connection.scalars(
            text(
                "SELECT indexrelid::regclass::text FROM pg_index"
                " WHERE indrelid = 'messages'::regclass AND pg_stat_get_xact_numscans(indexrelid) > 0"
            )
        )
        assert set(used) == {"ix_messages_unread"}
