"""What the tests of the services share."""

from collections.abc import AsyncIterator

import pytest

from app.core.settings import Settings
from app.services.auth import AuthService
from app.store.database import Database
from tests.desk import Desk, open_desk
from tests.ledger import Ledger
from tests.sign_ins import HeldClock


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def auth(database: Database, settings: Settings, clock: HeldClock) -> AuthService:
    return AuthService(database, settings, clock=clock)


@pytest.fixture
async def desk(settings: Settings, clock: HeldClock) -> AsyncIterator[Desk]:
    """Its outbox does not run by itself."""
    async with open_desk(settings, clock) as desk:
        yield desk


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)
