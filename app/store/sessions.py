"""Sessions: one per sign-in, and their refresh tokens.

All times come from the caller. Only hashes of secrets are taken and kept.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, bindparam, delete, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import BYTEA, INTERVAL, TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.principal import Principal
from app.core.profile import full_name
from app.core.types import Department
from app.models import AuthSession, RefreshToken, User
from app.store.attempts import AttemptStore

_ROTATE = text(
    """
    WITH used AS (
        UPDATE refresh_tokens SET used_at = :now
        WHERE token_hash = :used_hash AND used_at IS NULL
        RETURNING session_id
    ), session AS (
        UPDATE auth_sessions SET expires_at = least(:now + :idle, auth_sessions.created_at + :longest)
        FROM used, users
        WHERE auth_sessions.id = used.session_id AND auth_sessions.ended_at IS NULL AND auth_sessions.expires_at > :now
            AND users.id = auth_sessions.user_id AND users.is_active
        RETURNING auth_sessions.id, auth_sessions.user_id
    ), issued AS (
        INSERT INTO refresh_tokens (token_hash, session_id, created_at) SELECT :new_hash, id, :now FROM session
    )
    SELECT id, user_id FROM session
    """
).bindparams(
    bindparam("now", type_=TIMESTAMP(timezone=True)),
    bindparam("idle", type_=INTERVAL),
    bindparam("longest", type_=INTERVAL),
    bindparam("used_hash", type_=BYTEA),
    bindparam("new_hash", type_=BYTEA),
)


class SessionOwner(msgspec.Struct, frozen=True):
    """A session, and whose it is."""

    session_id: UUID
    user_id: int


class EndedSession(msgspec.Struct, frozen=True):
    session_id: UUID
    user_id: int
    hotel_id: int


class SessionStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def open(
        self, owner: SessionOwner, *, cookie_hash: bytes, refresh_hash: bytes, now: datetime, lifetime: timedelta
    ) -> None:
        await self._connection.execute(
            insert(AuthSession).values(
                id=owner.session_id,
                user_id=owner.user_id,
                cookie_hash=cookie_hash,
                created_at=now,
                expires_at=now + lifetime,
            )
        )
        await self._connection.execute(
            insert(RefreshToken).values(token_hash=refresh_hash, session_id=owner.session_id, created_at=now)
        )

    async def rotate(
        self, used_hash: bytes, new_hash: bytes, *, now: datetime, idle: timedelta, longest: timedelta
    ) -> SessionOwner | None:
        """Take a refresh token, put a new one in its place and lengthen the session, in one statement.

        Of two at once one gets the session. None where the token is unknown or used, or its session is over.
        """
        found = await self._connection.execute(
            _ROTATE, {"used_hash": used_hash, "new_hash": new_hash, "now": now, "idle": idle, "longest": longest}
        )
        row = found.one_or_none()
        return None if row is None else SessionOwner(row.id, row.user_id)

    async def principal(self, session_id: UUID, now: datetime) -> Principal | None:
        """Whoever is signed in by this session, if anybody still is."""
        return await self._principal(now, AuthSession.id == session_id)

    async def principals(self, session_ids: Collection[UUID], now: datetime) -> dict[UUID, Principal]:
        """Whoever is signed in by these sessions; one that has ended is missing."""
        found = await self._principals(now, AuthSession.id.in_(list(session_ids)))
        return {each.session_id: each for each in found}

    async def principal_of_cookie(self, cookie_hash: bytes, now: datetime) -> Principal | None:
        return await self._principal(now, AuthSession.cookie_hash == cookie_hash)

    async def id_of_cookie(self, cookie_hash: bytes) -> UUID | None:
        """The cookie's session, whether it still runs or not."""
        found: UUID | None = await self._connection.scalar(
            select(AuthSession.id).where(AuthSession.cookie_hash == cookie_hash)
        )
        return found

    async def id_of_refresh_token(self, token_hash: bytes) -> UUID | None:
        """The token's session, whether it still runs or not."""
        found: UUID | None = await self._connection.scalar(
            select(RefreshToken.session_id).where(RefreshToken.token_hash == token_hash)
        )
        return found

    async def end(self, session_id: UUID, now: datetime) -> list[EndedSession]:
        """End one session. Empty where it has ended before."""
        return await self._end(now, AuthSession.id == session_id)

    async def end_of_used_token(self, token_hash: bytes, now: datetime) -> list[EndedSession]:
        """End the session of a refresh token that has been used before. Empty where it was not, or has ended."""
        used = select(RefreshToken.session_id).where(
            RefreshToken.token_hash == token_hash, RefreshToken.used_at.is_not(None)
        )
        return await self._end(now, AuthSession.id.in_(used))

    async def end_all(self, user_id: int, now: datetime) -> list[EndedSession]:
        """End every session of a user."""
        return await self._end(now, AuthSession.user_id == user_id)

    async def forget_ended(self, before: datetime) -> int:
        """Delete what is over since ``before``: sessions, with their tokens, and counted attempts; answers how many
        sessions."""
        await AttemptStore(self._connection).forget(before)
        done = await self._connection.execute(
            delete(AuthSession).where(or_(AuthSession.ended_at < before, AuthSession.expires_at < before))
        )
        return done.rowcount

    async def _principal(self, now: datetime, *where: ColumnElement[bool]) -> Principal | None:
        found = await self._principals(now, *where)
        return found[0] if found else None

    async def _principals(self, now: datetime, *where: ColumnElement[bool]) -> list[Principal]:
        rows = await self._connection.execute(
            select(
                AuthSession.id.label("session_id"),
                AuthSession.expires_at,
                User.id.label("user_id"),
                User.hotel_id,
                User.username,
                User.first_name,
                User.last_name,
                User.user_type,
                User.departments,
            )
            .join(User, User.id == AuthSession.user_id)
            .where(AuthSession.ended_at.is_(None), AuthSession.expires_at > now, User.is_active, *where)
        )
        return [
            Principal(
                user_id=row.user_id,
                hotel_id=row.hotel_id,
                username=row.username,
                name=full_name(row.first_name, row.last_name, row.username),
                user_type=row.user_type,
                departments=frozenset(map(Department, row.departments)),
                session_id=row.session_id,
                session_expires_at=row.expires_at,
            )
            for row in rows
        ]

    async def _end(self, now: datetime, *where: ColumnElement[bool]) -> list[EndedSession]:
        rows = await self._connection.execute(
            update(AuthSession)
            .where(User.id == AuthSession.user_id, AuthSession.ended_at.is_(None), *where)
            .values(ended_at=now)
            .returning(AuthSession.id, AuthSession.user_id, User.hotel_id)
        )
        return [EndedSession(row.id, row.user_id, row.hotel_id) for row in rows]
