"""What the sign-in tests share: users of one hotel, Sea View, how they sign in over HTTP, and a clock to hold."""

from collections.abc import Awaitable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.core.errors import Unauthenticated
from app.core.events import Event
from app.core.types import Department, UserType
from app.models import Hotel, HotelSequence, User
from app.services.auth import AuthService, SignedIn
from app.store.database import Database
from tests.world import PASSWORD, hashed_password

ADDRESS = "192.0.2.7"
RITA = {"username": "rita", "password": PASSWORD}
TOKEN, REFRESH, LOGOUT, ME = (f"/api/auth/{name}/" for name in ("token", "refresh", "logout", "me"))


async def add_user(database: Database, username: str = "rita", **columns: object) -> int:
    """A receptionist with PASSWORD, unless ``columns`` say otherwise; answers the user's id."""
    async with database.transaction() as work:
        await work.connection.execute(upsert(Hotel).values(slug="sea-view", name="Sea View").on_conflict_do_nothing())
        hotel_id = await work.connection.scalar(select(Hotel.id).where(Hotel.slug == "sea-view"))
        await work.connection.execute(upsert(HotelSequence).values(hotel_id=hotel_id).on_conflict_do_nothing())
        values = {
            "hotel_id": hotel_id,
            "username": username,
            "password_hash": hashed_password(),
            "user_type": UserType.RECEPTIONIST,
            "departments": [Department.RECEPTION],
        }
        user_id: int | None = await work.connection.scalar(
            insert(User).values({**values, **columns}).returning(User.id)
        )
    assert user_id is not None
    return user_id


async def change_user(database: Database, user_id: int, **columns: object) -> None:
    """Change a row behind the service's back, as an import does."""
    async with database.transaction() as work:
        await work.connection.execute(update(User).where(User.id == user_id).values(**columns))


TODAY = date(2026, 11, 20)


class HeldClock:
    """Stands still until it is moved; at noon of ``TODAY``, whatever day it is."""

    def __init__(self) -> None:
        self.now = datetime.combine(TODAY, time(12), UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **time: float) -> None:
        self.now += timedelta(**time)


async def sign_in(auth: AuthService, username: str = "rita", password: str = PASSWORD) -> SignedIn:
    return await auth.sign_in(username, password, ADDRESS)


async def session_of(auth: AuthService, signed_in: SignedIn) -> UUID:
    return (await auth.authenticate(signed_in.tokens.access_token)).session_id


async def refused(call: Awaitable[object]) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await call
    return caught.value.message


async def assert_over(auth: AuthService, signed_in: SignedIn) -> None:
    """Nothing that the sign-in gave opens anything any more."""
    await refused(auth.authenticate(signed_in.tokens.access_token))
    await refused(auth.authenticate_cookie(signed_in.session_cookie))
    await refused(auth.refresh(signed_in.tokens.refresh_token))


async def emitted(database: Database) -> list[Event]:
    """The events of the one hotel, in order."""
    async with database.read() as work:
        hotel_id = await work.connection.scalar(select(Hotel.id))
        assert hotel_id is not None
        return [stored.event for stored in await work.events.between(hotel_id, 0, 1000, limit=1000)]


async def signed_in(client: httpx.AsyncClient) -> dict[str, Any]:
    """A sign-in's answer. The client keeps the cookies."""
    answer = await client.post(TOKEN, json=RITA)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def assert_unauthenticated(answer: httpx.Response) -> None:
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "unauthenticated"
