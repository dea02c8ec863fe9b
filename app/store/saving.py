"""Rows saved by a key of their own: made where they are new, changed where they differ, else left alone."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Row, TableValuedAlias, column, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class Saved(msgspec.Struct, frozen=True):
    """A row's id, what became of it, and which of its columns differ from before, where it was there."""

    id: int
    outcome: Outcome
    changed: frozenset[str] = frozenset()


async def save(
    connection: AsyncConnection,
    model: type[Any],
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    first: Mapping[str, Any] | None = None,
) -> Saved:
    """The row of ``model`` with this key, holding these values. A new one gets those of ``first`` that are not given.

    The row is locked until the transaction ends, but not against rows that refer to it.
    """
    columns = [getattr(model, name) for name in values]
    found = await connection.execute(
        select(model.id, *columns)
        .where(*(getattr(model, name) == value for name, value in key.items()))
        .with_for_update(key_share=True)
    )
    row = found.one_or_none()
    if row is None:
        return await create(connection, model, {**(first or {}), **key, **values})
    return await change(connection, model, row, values)


async def create(connection: AsyncConnection, model: type[Any], values: Mapping[str, Any]) -> Saved:
    row_id: int | None = await connection.scalar(insert(model).values(**values).returning(model.id))
    assert row_id is not None
    return Saved(row_id, Outcome.CREATED)


async def change(connection: AsyncConnection, model: type[Any], row: Row[Any], values: Mapping[str, Any]) -> Saved:
    """Write what differs from ``row``, which has the id and every named column."""
    different = {name: value for name, value in values.items() if getattr(row, name) != value}
    if not different:
        return Saved(row.id, Outcome.UNCHANGED)
    changed = frozenset(different)
    if hasattr(model, "updated_at"):
        different["updated_at"] = func.now()
    await connection.execute(update(model).where(model.id == row.id).values(**different))
    return Saved(row.id, Outcome.UPDATED, changed)


async def reserve(connection: AsyncConnection, model: type[Any], count: int) -> list[int]:
    """The ids of ``count`` rows to come, rising: what refers to a row may then be made before the row is."""
    if not count:
        return []
    statement = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
    return sorted(await connection.scalars(statement, {"name": model.__tablename__, "count": count}))


def batched(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The rows, so many at a time."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def told(columns: Mapping[str, Any], rows: Sequence[Sequence[Any]]) -> TableValuedAlias:
    """A table of these rows, for one statement: however many there are, it is one array a column. ``columns`` are the
    mapped columns that give the types, by name."""
    types = {name: each.type for name, each in columns.items()}
    arrays: list[ColumnElement[Any]] = [
        literal([row[place] for row in rows], ARRAY(kind)) for place, kind in enumerate(types.values())
    ]
    return (
        func.unnest(*arrays)
        .table_valued(*(column(name, kind) for name, kind in types.items()))
        .render_derived(name="told")
    )
