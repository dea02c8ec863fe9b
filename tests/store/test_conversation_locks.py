"""Who waits for a conversation's lock gets it as it is then, whatever was made meanwhile."""

import asyncio
from datetime import UTC, datetime

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.types import ConversationStatus, Department, Platform
from app.models import Account, Conversation, Guest
from app.store.conversations import ConversationState
from app.store.database import Database
from app.store.guests import Address
from tests.eventually import eventually
from tests.world import HotelWorld, World

LATELY = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def test_who_waited_while_a_conversation_moved_to_a_new_account_sees_where_it_leads(
    database: Database, world: World
) -> None:
    hotel = await world.hotel()
    conversation_id = await begun(database, world, hotel)

    async def wait_for_it() -> ConversationState | None:
        async with database.transaction() as work:
            return await work.conversations.lock(conversation_id)

    async with database.transaction() as work:
        moved = await work.conversations.lock(conversation_id)
        assert moved is not None
        waiting = asyncio.create_task(wait_for_it())
        await eventually(lambda: is_awaited(work.connection))
        channel_id = await work.channels.internal(hotel.id)
        (account,) = await work.guests.lock_accounts(
            [Address(hotel_id=hotel.id, channel_id=channel_id, address="1234567890")]
        )
        await work.guests.attach([(account.id, moved.guest_id, None)])
        await work.guests.open_windows({account.id: LATELY})
        moved.channel_id, moved.account_id = channel_id, account.id
        await work.conversations.save(moved)

    state = await waiting
    assert state is not None
    assert (state.address, state.platform, state.window_opened_at) == ("1234567890", Platform.INTERNAL, LATELY)


async def test_who_waited_while_the_guest_wrote_sees_that_the_window_is_open(database: Database, world: World) -> None:
    hotel = await world.hotel()
    conversation_id = await begun(database, world, hotel)

    async def wait_for_it() -> ConversationState | None:
        async with database.transaction() as work:
            return await work.conversations.lock(conversation_id)

    async with database.transaction() as work:
        held = await work.conversations.lock(conversation_id)
        assert held is not None
        assert held.window_opened_at is None
        waiting = asyncio.create_task(wait_for_it())
        await eventually(lambda: is_awaited(work.connection))
        await work.guests.open_windows({held.account_id: LATELY})

    state = await waiting
    assert state is not None
    assert state.window_opened_at == LATELY


async def begun(database: Database, world: World, hotel: HotelWorld) -> int:
    """A guest's conversation with Reception on WhatsApp."""
    await world.guest(hotel, phone="1234567890")
    async with database.transaction() as work:
        guest_id = await work.connection.scalar(select(Guest.id))
        on = {"hotel_id": hotel.id, "guest_id": guest_id, "channel_id": hotel.channel_id}
        account_id = await work.connection.scalar(
            insert(Account).values(**on, address="1234567890").returning(Account.id)
        )
        conversation_id: int | None = await work.connection.scalar(
            insert(Conversation)
            .values(**on, account_id=account_id, status=ConversationStatus.RELAY, department=Department.RECEPTION)
            .returning(Conversation.id)
        )
    assert conversation_id is not None
    return conversation_id


async def is_awaited(connection: AsyncConnection) -> bool:
    """Somebody waits for what this transaction holds. Asked of the locks: a transaction sees ``pg_stat_activity`` as it
    was when it first looked, and the other's connection may be newer."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    return bool(await connection.scalar(text(waiting)))
