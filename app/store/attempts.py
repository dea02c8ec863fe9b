"""What is counted in a running window: failed sign-ins per user name, per address and per both; what strangers write,
upload and claim in a web chat, per visitor, per network, per hotel; registrations per network."""

from datetime import datetime
from enum import StrEnum

import msgspec
from sqlalchemy import ColumnElement, case, delete, func, literal, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import SignInAttempt


class Counted(StrEnum):
    """By what attempts are counted."""

    ADDRESS = "address"
    USERNAME = "username"
    BOTH = "both"
    MESSAGES_OF_VISITOR = "messages of visitor"
    MESSAGES_OF_NETWORK = "messages of network"
    FILES_OF_VISITOR = "files of visitor"
    FILES_OF_NETWORK = "files of network"
    FILES_OF_HOTEL = "files of hotel"
    CLAIMS_OF_VISITOR = "claims of visitor"
    CLAIMS_OF_NETWORK = "claims of network"
    REGISTRATIONS_OF_NETWORK = "registrations of network"


class Attempts(msgspec.Struct, frozen=True):
    made: int
    window_started_at: datetime


class AttemptStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def count(self, by: Counted, name: str, *, now: datetime, since: datetime, amount: int = 1) -> Attempts:
        """Count one more, or ``amount``, in the window that runs or, where it began at or before ``since``, in a
        new one.

        Whoever counts the same name meanwhile waits for this transaction, so of guesses at once each has its number.
        """
        runs = SignInAttempt.window_started_at > since
        found = await self._connection.execute(
            insert(SignInAttempt)
            .values(key=_key(by, name), window_started_at=now, count=amount)
            .on_conflict_do_update(
                index_elements=[SignInAttempt.key],
                set_={
                    "count": case((runs, SignInAttempt.count + amount), else_=amount),
                    "window_started_at": case((runs, SignInAttempt.window_started_at), else_=now),
                },
            )
            .returning(SignInAttempt.count, SignInAttempt.window_started_at)
        )
        return Attempts(*found.one())

    async def forgive_one(self, by: Counted, name: str) -> None:
        """The last attempt was none: it succeeded."""
        await self._connection.execute(
            update(SignInAttempt)
            .where(SignInAttempt.key == _key(by, name), SignInAttempt.count > 0)
            .values(count=SignInAttempt.count - 1)
        )

    async def forgive_all(self, by: Counted, name: str) -> None:
        await self._connection.execute(delete(SignInAttempt).where(SignInAttempt.key == _key(by, name)))

    async def forget(self, before: datetime) -> int:
        """Delete the windows that began before ``before``; answers how many."""
        done = await self._connection.execute(delete(SignInAttempt).where(SignInAttempt.window_started_at < before))
        return done.rowcount


def _key(by: Counted, name: str) -> ColumnElement[str]:
    """Of bounded length. Lowered by the function that finds users, or one user's spellings would count apart."""
    return literal(f"{by}:") + func.encode(func.sha256(func.convert_to(func.lower(name), "UTF8")), "hex")
