"""What stands in the database after all that was done: rows, events, and who wrote what."""

from typing import Any

from sqlalchemy import ColumnElement, delete, select, text, update

from app.core.events import Event
from app.models import Base, Conversation, Message
from app.store.database import Database


class Ledger:
    """Looks into a database, and changes a row behind the services' back, as time or an import does."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def rows(self, model: type[Base], *where: ColumnElement[bool]) -> list[Any]:
        """The rows of a table, in the order of their primary key."""
        table = model.__table__
        async with self.database.read() as work:
            return list(await work.connection.execute(select(table).where(*where).order_by(*table.primary_key)))

    async def row(self, model: type[Base], *where: ColumnElement[bool]) -> Any:
        """The only row there is."""
        found = await self.rows(model, *where)
        assert len(found) == 1, found
        return found[0]

    async def change(self, model: type[Base], *where: ColumnElement[bool], **values: object) -> None:
        async with self.database.transaction() as work:
            done = await work.connection.execute(update(model).where(*where).values(**values))
            assert done.rowcount, "nothing to change"

    async def remove(self, model: type[Base], *where: ColumnElement[bool]) -> None:
        async with self.database.transaction() as work:
            await work.connection.execute(delete(model).where(*where))

    async def events(self, hotel_id: int) -> list[Event]:
        """What has happened in a hotel, in order."""
        async with self.database.read() as work:
            return [stored.event for stored in await work.events.between(hotel_id, 0, 10_000, limit=10_000)]

    async def conversation(self, *where: ColumnElement[bool]) -> Any:
        return await self.row(Conversation, *where)

    async def transcript(self, *where: ColumnElement[bool]) -> list[tuple[str, str]]:
        """Who wrote what, in order: ``("guest", "Hello")``."""
        return [(row.sender_type.value, row.content) for row in await self.rows(Message, *where)]

    async def texts(self, *where: ColumnElement[bool]) -> list[str]:
        return [row.content for row in await self.rows(Message, *where)]

    async def is_somebody_waiting(self) -> bool:
        """Whether a transaction waits for another one."""
        return await self.waiting() > 0

    async def waiting(self) -> int:
        """How many transactions wait for another one."""
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        async with self.database.read() as work:
            return int(await work.connection.scalar(text(waiting)) or 0)

    async def are_waiting(self, count: int) -> bool:
        """Whether so many do."""
        return await self.waiting() == count
