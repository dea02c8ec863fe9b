"""Staff as services know them, and what one is told who may not, or came too late."""

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from app.core.errors import LobbyError
from app.core.events import Change, ConversationChanged
from app.core.principal import Principal
from app.core.types import Department, UserType
from tests.ledger import Ledger
from tests.world import HotelWorld, World


async def hired(
    world: World,
    hotel: HotelWorld,
    username: str,
    *departments: Department,
    user_type: UserType | None = None,
    **more: object,
) -> Principal:
    """Somebody of the hotel who has signed in: department staff of these departments, or else a receptionist."""
    kind = user_type or (UserType.DEPARTMENT_STAFF if departments else UserType.RECEPTIONIST)
    return Principal(
        user_id=await world.user(hotel, username, kind, departments, **more),
        hotel_id=hotel.id,
        username=username,
        name=f"{username.title()} Staff",
        user_type=kind,
        departments=frozenset(departments),
        session_id=uuid4(),
        session_expires_at=datetime.max.replace(tzinfo=UTC),
    )


async def refusal(call: Awaitable[object]) -> tuple[int, str, Any]:
    """The status, code and details with which something is refused."""
    with pytest.raises(LobbyError) as refused:
        await call
    return refused.value.status, refused.value.code, refused.value.details


async def changes(ledger: Ledger, hotel: HotelWorld) -> list[ConversationChanged]:
    """What staff have done to conversations, in order."""
    told = [each for each in await ledger.events(hotel.id) if isinstance(each, ConversationChanged)]
    return [each for each in told if each.actor_id is not None]


async def done(ledger: Ledger, hotel: HotelWorld) -> list[tuple[Change, int | None, str | None]]:
    """The same, as what was done and by whom."""
    return [(each.change, each.actor_id, each.actor_name) for each in await changes(ledger, hotel)]
