"""What an engine says to the database, written down while a block runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass
class Statements:
    """The SQL in order, and how many transactions began and how they ended."""

    sql: list[str] = field(default_factory=list)
    begun: int = 0
    committed: int = 0
    rolled_back: int = 0

    def __len__(self) -> int:
        return len(self.sql)

    @property
    def transactions(self) -> tuple[int, int, int]:
        return self.begun, self.committed, self.rolled_back


@contextmanager
def recorded(engine: AsyncEngine) -> Iterator[Statements]:
    """Everything on this engine, savepoints included, whoever causes it."""
    statements = Statements()

    def execute(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        statements.sql.append(sql)

    def begin(_connection: Any) -> None:
        statements.begun += 1

    def commit(_connection: Any) -> None:
        statements.committed += 1

    def rollback(_connection: Any) -> None:
        statements.rolled_back += 1

    listeners: dict[str, Callable[..., None]] = {
        "before_cursor_execute": execute,
        "begin": begin,
        "commit": commit,
        "rollback": rollback,
    }
    for name, listener in listeners.items():
        event.listen(engine.sync_engine, name, listener)
    try:
        yield statements
    finally:
        for name, listener in listeners.items():
            event.remove(engine.sync_engine, name, listener)
