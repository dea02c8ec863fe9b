"""The demo's past: what one finds on the first look, and that it is told once."""

import pytest
from sqlalchemy import func, select

from app.core.clock import utc_now
from app.core.settings import Settings
from app.dev.demo import load_demo
from app.models import Conversation, Guest, Hotel, Message
from app.store.database import Database

Seen = tuple[str, str, str, str | None]


@pytest.fixture
async def conversations(settings: Settings, database: Database) -> set[Seen]:
    """Those of a freshly loaded demo: hotel, guest, status, department."""
    await load_demo(settings)
    async with database.read() as work:
        rows = await work.connection.execute(
            select(Hotel.slug, Guest.full_name, Conversation.status, Conversation.department)
            .join(Guest, Guest.id == Conversation.guest_id)
            .join(Hotel, Hotel.id == Conversation.hotel_id)
        )
        return {(row[0], row[1], row[2], row[3]) for row in rows}


def test_every_state_and_several_departments_have_something_to_see_and_john_doe_is_yours(
    conversations: set[Seen],
) -> None:
    assert conversations == {
        ("sea-view", "Jane Smith", "closed", "Housekeeping"),
        ("sea-view", "Jane Smith", "active", None),
        ("sea-view", "Amélie Dubois", "relay", "Room Service"),
        ("sea-view", "Lukas Weber", "relay", "Housekeeping"),
        ("sea-view", "Priya Nair", "relay", "Reception"),
        ("sea-view", "María García López", "checkin", None),
        ("sea-view", "Alex", "demo", None),
        ("alpine-lodge", "Anna Keller", "relay", "Reception"),
        ("alpine-lodge", "Oliver Brown", "relay", "Room Service"),
    }


@pytest.mark.usefixtures("conversations")
async def test_nothing_of_the_past_is_sent_again_and_all_of_it_is_past(database: Database) -> None:
    async with database.read() as work:
        assert await work.deliveries.pending_count() == 0
        newest = await work.connection.scalar(select(func.max(Message.created_at)))
    assert newest is not None
    assert newest < utc_now()


@pytest.mark.usefixtures("conversations")
async def test_a_second_start_tells_nothing_again(settings: Settings, database: Database) -> None:
    async with database.read() as work:
        before = await work.connection.scalar(select(func.count()).select_from(Message))
    await load_demo(settings)
    async with database.read() as work:
        assert await work.connection.scalar(select(func.count()).select_from(Message)) == before


@pytest.mark.usefixtures("conversations")
async def test_the_first_conversation_is_one_with_reception_as_document_2s_sample_has_it(database: Database) -> None:
    async with database.read() as work:
        first = await work.views.get(1)
    assert first is not None
    assert (first.guest_name, first.status, first.department) == ("Priya Nair", "relay", "Reception")
