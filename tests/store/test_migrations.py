"""The migrations: they make what the models say, once however many run them, and guard the audit log."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.core.errors import Conflict
from app.models import Base
from app.store.database import Database
from app.store.migrations import differences, directory, migrate
from tests.bare import create_bare_database

SHAPE = {
    "columns": """
        SELECT table_name, column_name, udt_name, character_maximum_length, is_nullable, column_default, is_identity
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'""",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
    """,
}


@pytest.fixture
def bare_database() -> Iterator[str]:
    with create_bare_database() as url:
        yield url


async def shape(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Everything in a database that a model can say."""
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        found = {
            kind: sorted((tuple(row) for row in await connection.execute(text(query))), key=repr)
            for kind, query in SHAPE.items()
        }
    await engine.dispose()
    return found


async def create_all(url: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()


async def execute(url: str, statement: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


async def test_they_make_to_the_letter_what_the_models_say(database_url: str, bare_database: str) -> None:
    """Stricter than Alembic, which does not compare a partial index's condition."""
    await create_all(bare_database)
    assert await shape(database_url) == await shape(bare_database)


def test_alembic_sees_no_difference_and_leaves_nothing_behind(bare_database: str) -> None:
    assert differences(bare_database) == ""
    assert asyncio.run(shape(bare_database)) == {"columns": [], "indexes": [], "constraints": []}


def test_two_at_once_run_them_once(bare_database: str) -> None:
    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(migrate, [bare_database] * 2))
    assert [] in done
    assert [len(each) == len(set(each)) > 0 for each in done if each] == [True]


def test_a_database_of_a_newer_release_is_left_alone(bare_database: str) -> None:
    migrate(bare_database)
    asyncio.run(execute(bare_database, "UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict, match="at migration 9999, which this release of Lobby does not know"):
        migrate(bare_database)


FORMER_ROWS = (
    "INSERT INTO hotels (slug, name) VALUES ('sea-view', 'Sea View')",
    "INSERT INTO channels (hotel_id, platform, name, account) VALUES (1, 'WhatsApp', 'Desk', '7')",
    "INSERT INTO guests (hotel_id, full_name) VALUES (1, 'John Doe')",
    "INSERT INTO accounts (hotel_id, channel_id, address, guest_id) VALUES (1, 1, '351912345678', 1)",
    "INSERT INTO conversations (hotel_id, guest_id, channel_id, account_id, status) VALUES (1, 1, 1, 1, 'active')",
    "INSERT INTO messages (hotel_id, conversation_id, channel_id, sender_type, origin, sender_name, type, content)"
    " VALUES (1, 1, 1, 'guest', 'guest', 'John Doe', 'image', '')",
    "INSERT INTO media (hotel_id, message_id, provider_id) VALUES (1, 1, 'media-7')",
)
LATER_ROWS = (
    "UPDATE media SET state = 'stored', original_key = 'a/photo', thumbnail_key = 'a/small'",
    "INSERT INTO guest_identities (hotel_id, guest_id, kind, value) VALUES (1, 1, 'whatsapp_group', 'GRP-77')",
    "INSERT INTO messages (hotel_id, conversation_id, channel_id, sender_type, origin, sender_name, type, content,"
    " delivery_status) VALUES (1, 1, 1, 'staff', 'staff', 'Rita', 'template', 'Hello', 'queued')",
    "INSERT INTO deliveries (hotel_id, channel_id, conversation_id, message_id, address, state)"
    " VALUES (1, 1, 1, 2, '351912345678', 'held')",
)


async def one(url: str, query: str) -> tuple[object, ...]:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        found = (await connection.execute(text(query))).one()
    await engine.dispose()
    return tuple(found)


def test_rows_go_up_a_release_and_down_and_up_again(bare_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", bare_database)
    alembic = Config(directory().parent / "alembic.ini")
    command.upgrade(alembic, "0001")
    for statement in FORMER_ROWS:
        asyncio.run(execute(bare_database, statement))

    command.upgrade(alembic, "0002")
    assert asyncio.run(one(bare_database, "SELECT state, channel_id, original_key FROM media")) == ("pending", 1, None)
    for statement in LATER_ROWS:
        asyncio.run(execute(bare_database, statement))

    command.downgrade(alembic, "0001")
    read = "SELECT type, delivery_status, state FROM messages JOIN deliveries ON message_id = messages.id"
    assert asyncio.run(one(bare_database, read)) == ("text", "failed", "dead"), "in words that the old release knows"
    assert asyncio.run(one(bare_database, "SELECT count(*) FROM guest_identities")) == (0,)

    command.upgrade(alembic, "0002")
    kept = "SELECT state, original_key, thumbnail_key FROM media"
    assert asyncio.run(one(bare_database, kept)) == ("stored", "a/photo", "a/small")


_MESSAGE = (
    "INSERT INTO messages (hotel_id, conversation_id, channel_id, sender_type, origin, sender_name, type, content)"
    " VALUES"
)
ROWS_BEFORE_READING = (
    *FORMER_ROWS[:4],
    "INSERT INTO conversations (hotel_id, guest_id, channel_id, account_id, status, department)"
    " VALUES (1, 1, 1, 1, 'relay', 'Reception'), (1, 1, 1, 1, 'relay', 'Café')",
    f"{_MESSAGE} (1, 1, 1, 'guest', 'guest', 'John Doe', 'text', 'answered'),"
    " (1, 1, 1, 'staff', 'staff', 'Rita', 'text', 'Hello'), (1, 1, 1, 'guest', 'guest', 'John Doe', 'text', 'new'),"
    " (1, 2, 1, 'guest', 'guest', 'John Doe', 'text', 'seen'), (1, 2, 1, 'guest', 'guest', 'John Doe', 'text', 'new')",
    "INSERT INTO users (hotel_id, username, password_hash, user_type) VALUES (1, 'rita', 'x', 'receptionist')",
    "INSERT INTO participants (conversation_id, user_id, last_read_message_id) VALUES (2, 1, 4)",
)
ROWS_OF_THE_CHAT = (
    "INSERT INTO guest_identities (hotel_id, guest_id, kind, value)"
    " VALUES (1, 1, 'former_phone', '351912345678'), (1, 1, 'phone', '351912000222')",
    "INSERT INTO api_keys (hotel_id, name, key_hash) VALUES (1, 'guest app', 'x')",
    "INSERT INTO stays (hotel_id, guest_id, room_number, status, check_in, check_out)"
    " VALUES (1, 1, '101', 'active', '2026-11-19', '2026-11-24')",
    "INSERT INTO guest_links (hotel_id, stay_id, guest_id, number, expires_at) VALUES (1, 1, 1, '351912000222', now())",
    "INSERT INTO guest_sessions (id, hotel_id, link_id, stay_id, guest_id, number, token_hash)"
    " VALUES (gen_random_uuid(), 1, 1, 1, 1, '351912000222', 'x')",
)


def test_what_was_answered_or_seen_has_been_read_and_the_chats_rows_go_down_and_up_again(
    bare_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", bare_database)
    alembic = Config(directory().parent / "alembic.ini")
    command.upgrade(alembic, "0002")
    for statement in ROWS_BEFORE_READING:
        asyncio.run(execute(bare_database, statement))

    command.upgrade(alembic, "0003")
    unread = "SELECT array_agg(id ORDER BY id) FROM messages WHERE sender_type = 'guest' AND read_at IS NULL"
    assert asyncio.run(one(bare_database, unread)) == ([3, 5],)
    for statement in ROWS_OF_THE_CHAT:
        asyncio.run(execute(bare_database, statement))

    command.downgrade(alembic, "0002")
    known_as = "SELECT array_agg(kind || ' ' || value) FROM guest_identities"
    assert asyncio.run(one(bare_database, known_as)) == (["phone 351912000222"],), (
        "the old release takes all for theirs"
    )

    command.upgrade(alembic, "0003")
    assert asyncio.run(one(bare_database, unread)) == ([3, 5],)
    assert asyncio.run(one(bare_database, "SELECT reply_minutes FROM hotels")) == (15,)


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
async def test_the_audit_log_only_grows(statement: str, database: Database) -> None:
    with pytest.raises(DBAPIError, match="audit_log is append-only"):
        async with database.transaction() as work:
            await work.connection.execute(text(statement))
