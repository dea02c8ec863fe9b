"""Who did or saw what. Only ever added to: the database refuses to change or delete a row."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import AuditEntry


class AuditStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self, *, hotel_id: int, user_id: int | None, action: str, target: str, details: dict[str, Any], at: datetime
    ) -> None:
        """``action`` is a stable word (``document.seen``), ``target`` names a row (``media:12``). Without a ``user_id``
        it was somebody at the server's terminal, or a guest themselves."""
        await self._connection.execute(
            insert(AuditEntry).values(
                hotel_id=hotel_id, user_id=user_id, action=action, target=target, details=details, at=at
            )
        )
