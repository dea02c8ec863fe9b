"""The demo: what it offers, and that it loads again every day."""

from pathlib import Path

import pytest
from sqlalchemy import select

from app.core.types import Department, StayStatus
from app.models import Guest, Hotel, Stay, User
from app.store.database import Database
from app.store.saving import Outcome
from tests.hotel_files import Load, loader

DEMO = Path(__file__).resolve().parents[2] / "app" / "dev" / "demo.yaml"


@pytest.fixture
def load(database: Database) -> Load:
    return loader(database)


async def test_the_demo_has_two_hotels_and_every_role_and_department_in_both(database: Database, load: Load) -> None:
    await load(DEMO.read_text())
    async with database.read() as work:
        staff = (await work.connection.execute(select(User.hotel_id, User.user_type, User.departments))).all()
    hotels = {each.hotel_id for each in staff}
    assert len(hotels) == 2
    for hotel_id in hotels:
        own = [each for each in staff if each.hotel_id == hotel_id]
        assert {each.user_type for each in own} == {"department_staff", "receptionist", "manager", "hotel_admin"}
        assert {name for each in own for name in each.departments} == set(Department)


async def test_the_demo_knows_the_guests_of_the_documents(database: Database, load: Load) -> None:
    await load(DEMO.read_text())
    async with database.read() as work:
        rows = await work.connection.execute(
            select(Guest.full_name, Guest.phone, Stay.room_number, Stay.floor, Stay.status, Hotel.slug)
            .join(Stay, Stay.guest_id == Guest.id)
            .join(Hotel, Hotel.id == Guest.hotel_id)
            .where(Guest.full_name.in_(["John Doe", "Jane Smith"]))
            .order_by(Stay.room_number)
        )
        john, jane = rows.all()
    assert tuple(john) == ("John Doe", "+1234567890", "101", 1, StayStatus.ACTIVE, "sea-view")
    assert (jane.full_name, jane.room_number, jane.slug) == ("Jane Smith", "102", "sea-view")


async def test_the_demo_loads_again_tomorrow_without_doubles(database: Database, load: Load) -> None:
    await load(DEMO.read_text())
    summary = await load(DEMO.read_text(), days=1)
    assert {kind for kind, counts in summary.counts.items() if set(counts) != {Outcome.UNCHANGED}} == {"stays"}
    assert summary.counts["stays"] == {Outcome.UPDATED: 10}
