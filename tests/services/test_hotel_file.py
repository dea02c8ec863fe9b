"""Loading hotels from a file: what it makes, and that a second run changes nothing."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Row, func, select, update

from app.channels.base import Credentials
from app.core.events import ChannelChanged, StayChanged, UserChanged
from app.core.passwords import verify_password
from app.core.security import digest
from app.core.types import Department, IdentityKind, Platform, StayStatus
from app.models import Channel, Guest, Hotel, MessageTemplate, Stay, User
from app.store.database import Database
from app.store.guests import NewGuest
from app.store.saving import Outcome
from app.store.sessions import SessionOwner
from tests.hotel_files import FULL, NOW, VAULT, Load, hotel, loader
from tests.ledger import Ledger


@pytest.fixture
def load(database: Database) -> Load:
    return loader(database)


async def count(database: Database, model: type[object]) -> int:
    async with database.read() as work:
        return await work.connection.scalar(select(func.count()).select_from(model)) or 0


async def sign_in(database: Database, username: str) -> UUID:
    """A running session of the user."""
    async with database.transaction() as work:
        user_id = await work.connection.scalar(select(User.id).where(User.username == username))
        assert user_id is not None
        session = uuid4()
        await work.sessions.open(
            SessionOwner(session, user_id),
            cookie_hash=digest(str(session)),
            refresh_hash=digest(f"refresh {session}"),
            now=NOW,
            lifetime=timedelta(days=1),
        )
    return session


async def is_signed_in(database: Database, session: UUID) -> bool:
    async with database.read() as work:
        return await work.sessions.principal(session, NOW) is not None


async def told_users(database: Database) -> list[int]:
    """Whose sockets were told to look again."""
    async with database.read() as work:
        hotels = (await work.connection.scalars(select(Hotel.id))).all()
        events = [event for each in hotels for event in await work.events.between(each, 0, 1000, limit=1000)]
    return [stored.event.user_id for stored in events if isinstance(stored.event, UserChanged)]


async def test_one_file_sets_up_a_hotel(database: Database, load: Load) -> None:
    summary = await load(FULL)

    assert {kind: dict(counts) for kind, counts in summary.counts.items()} == {
        "hotels": {Outcome.CREATED: 1},
        "channels": {Outcome.CREATED: 2},
        "staff": {Outcome.CREATED: 1},
        "guests": {Outcome.CREATED: 1},
        "stays": {Outcome.CREATED: 1},
        "templates": {Outcome.CREATED: 1},
    }
    async with database.read() as work:
        rows = work.connection
        place = (await rows.execute(select(Hotel.name, Hotel.timezone, Hotel.language))).one()
        user = (await rows.execute(select(User.__table__))).one()
        guest = (await rows.execute(select(Guest.full_name, Guest.phone, Guest.email))).one()
        stay = (await rows.execute(select(Stay.room_number, Stay.floor, Stay.status))).one()
        reply = (await rows.execute(select(MessageTemplate.department, MessageTemplate.variables))).one()
    assert tuple(place) == ("Sea View", "Europe/Lisbon", "pt")
    assert (user.username, user.departments) == ("Rita", [Department.RECEPTION, Department.CAFE])
    assert verify_password(user.password_hash, "rita-password")
    assert tuple(guest) == ("John Doe", "+1234567890", "john@example.com")
    assert tuple(stay) == ("101", 1, StayStatus.ACTIVE)
    assert tuple(reply) == (Department.RECEPTION, ["guest_name", "room_number"])


async def test_a_file_says_how_long_a_guest_may_wait_and_one_that_does_not_leaves_it(
    database: Database, load: Load
) -> None:
    async def minutes() -> int | None:
        async with database.read() as work:
            return await work.connection.scalar(select(Hotel.reply_minutes))

    await load(hotel())
    assert await minutes() == 15
    await load(hotel("reply_minutes: 5"))
    assert await minutes() == 5
    await load(hotel("timezone: Europe/Lisbon"))
    assert await minutes() == 5


async def test_a_new_hotel_can_number_its_events(database: Database, load: Load) -> None:
    await load(FULL)
    async with database.transaction() as work:
        hotel_id = await work.hotels.id_of("sea-view")
        assert hotel_id is not None
        work.emit(hotel_id, UserChanged(user_id=1))
    assert [stored.seq for stored in work.stored] == [1]


async def test_a_second_run_changes_nothing_and_ends_no_session(database: Database, load: Load) -> None:
    await load(FULL)
    session = await sign_in(database, "Rita")

    assert not (await load(FULL)).changed

    assert await is_signed_in(database, session)
    assert await told_users(database) == []


async def test_what_a_file_does_not_mention_stays_as_it_is(database: Database, load: Load) -> None:
    await load(FULL)
    summary = await load(
        hotel(
            "channels: [{platform: WhatsApp, name: Desk, phone_number_id: '7001'}, {platform: WebChat, name: Website}]",
            "staff: [{username: Rita, user_type: department_staff}]",
            "guests:",
            "  - full_name: John Doe",
            "    whatsapp_number: '1234567890'",
            "    stays: [{check_in: 2026-11-19, check_out: 2026-11-24}]",
            "templates: [{name: wifi, content: '{guest_name}: the key for room {room_number} is …'}]",
        )
    )
    assert not summary.changed


async def test_what_a_file_changes_is_updated_in_place(database: Database, load: Load) -> None:
    await load(FULL)
    summary = await load(FULL.replace('room_number: "101"', 'room_number: "505"').replace("John Doe", "John R. Doe"))
    assert summary.counts["guests"] == {Outcome.UPDATED: 1}
    assert summary.counts["stays"] == {Outcome.UPDATED: 1}
    async with database.read() as work:
        assert (await work.connection.scalars(select(Guest.full_name))).all() == ["John R. Doe"]
        assert (await work.connection.scalars(select(Stay.room_number))).all() == ["505"]


async def test_a_number_may_name_its_business_account_and_a_new_one_has_its_templates_fetched_anew(
    database: Database, load: Load
) -> None:
    async def stored() -> tuple[str | None, bool]:
        async with database.read() as work:
            found = await work.connection.execute(
                select(Channel.business_account, Channel.templates_listed_at).where(Channel.account == "7001")
            )
            account, listed_at = found.one()
        return account, listed_at is not None

    with_account = FULL.replace('phone_number_id: "7001",', 'phone_number_id: "7001", business_account_id: "9001",')
    await load(with_account)
    assert await stored() == ("9001", False)
    async with database.transaction() as work:
        await work.connection.execute(update(Channel).values(templates_listed_at=NOW))

    assert not (await load(with_account)).changed
    assert not (await load(FULL)).changed
    assert await stored() == ("9001", True)

    await load(with_account.replace("9001", "9002"))
    assert await stored() == ("9002", False)


async def test_two_runs_at_once_load_a_hotel_once(database: Database, load: Load) -> None:
    both = await asyncio.gather(load(FULL), load(FULL))
    assert sorted(summary.changed for summary in both) == [False, True]
    assert await count(database, Guest) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("rita-password", "another-password", id="a new password"),
        pytest.param("username: Rita", "username: Rita, active: false", id="a deactivated user"),
    ],
)
async def test_whoever_may_no_longer_sign_in_as_before_is_signed_out_and_told(
    before: str, after: str, database: Database, load: Load
) -> None:
    await load(FULL)
    session = await sign_in(database, "Rita")
    await load(FULL.replace(before, after))
    assert not await is_signed_in(database, session)
    assert len(await told_users(database)) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("[Reception, Café]", "[Housekeeping]", id="departments"),
        pytest.param("user_type: department_staff", "user_type: manager", id="user type"),
    ],
)
async def test_changed_rights_are_told_and_the_session_goes_on(
    before: str, after: str, database: Database, load: Load
) -> None:
    await load(FULL)
    session = await sign_in(database, "Rita")
    await load(FULL.replace(before, after))
    assert await is_signed_in(database, session)
    assert len(await told_users(database)) == 1


async def test_a_user_name_is_the_same_in_any_case(database: Database, load: Load) -> None:
    await load(FULL)
    await load(FULL.replace("username: Rita", "username: rita"))
    assert await count(database, User) == 1


# Guests and stays


async def test_a_guest_who_wrote_before_being_booked_gets_the_stay(database: Database, load: Load) -> None:
    await load(hotel())
    async with database.transaction() as work:
        hotel_id = await work.hotels.id_of("sea-view")
        assert hotel_id is not None
        [writer] = await work.guests.reserve(1)
        await work.guests.add_many([NewGuest(id=writer, hotel_id=hotel_id, full_name="johnny", phone="+1234567890")])
        await work.guests.identify(hotel_id, writer, [(IdentityKind.WHATSAPP, "1234567890")])

    await load(FULL)

    assert await count(database, Guest) == 1
    async with database.read() as work:
        assert (await work.guests.by_ids([writer]))[writer].full_name == "John Doe"
        assert (await work.guests.current_stays([writer]))[writer].room_number == "101"


@pytest.mark.parametrize("kind", [IdentityKind.PHONE, IdentityKind.WHATSAPP])
async def test_a_guest_is_found_by_what_whatsapp_calls_their_number(
    kind: IdentityKind, database: Database, load: Load
) -> None:
    await load(FULL)
    async with database.read() as work:
        hotel_id = await work.hotels.id_of("sea-view")
        assert hotel_id is not None
        assert await work.guests.find_by_identity(hotel_id, [(kind, "1234567890")])


async def test_the_two_spellings_of_a_line_are_one_guest(database: Database, load: Load) -> None:
    await load(hotel("guests: [{full_name: Ana, whatsapp_number: '+55 11 98765-4321'}]"))
    await load(hotel("guests: [{full_name: Ana, whatsapp_number: '+55 11 8765-4321'}]"))
    assert await count(database, Guest) == 1


async def test_the_same_number_in_two_hotels_is_two_guests(database: Database, load: Load) -> None:
    guests = "guests: [{full_name: Ana, whatsapp_number: '+351912345678'}]"
    await load(hotel(guests))
    await load(hotel(guests, slug="alpine-lodge"))
    assert await count(database, Guest) == 2


async def test_a_new_stay_waits_for_its_guest(database: Database, load: Load) -> None:
    await load(FULL.replace("status: active, ", ""))
    async with database.read() as work:
        assert (await work.connection.scalars(select(Stay.status))).all() == [StayStatus.PENDING]


async def test_a_relative_stay_moves_along_with_the_days(database: Database, load: Load) -> None:
    text = FULL.replace("2026-11-19", "today-1").replace("2026-11-24", "today+3")
    await load(text)
    await load(text, days=1)
    async with database.read() as work:
        stays = (await work.connection.execute(select(Stay.check_in, Stay.check_out))).all()
    assert [(str(stay.check_in), str(stay.check_out)) for stay in stays] == [("2026-11-20", "2026-11-24")]


async def test_a_relative_stay_leaves_those_that_are_over_alone(database: Database, load: Load) -> None:
    text = FULL.replace("2026-11-19", "today-1").replace("2026-11-24", "today+3")
    await load(text)
    async with database.transaction() as work:
        await work.connection.execute(update(Stay).values(status=StayStatus.COMPLETED))
    await load(text, days=30)
    assert await count(database, Stay) == 2


# Secrets


async def stored_channel(database: Database) -> Row[Any]:
    async with database.read() as work:
        row = await work.connection.execute(select(Channel.__table__).where(Channel.platform == Platform.WHATSAPP))
        return row.one()


async def test_secrets_are_encrypted_at_rest(database: Database, load: Load) -> None:
    await load(FULL)
    sealed = (await stored_channel(database)).credentials
    assert b"token-1" not in sealed
    assert VAULT.open(sealed, Credentials) == Credentials(
        access_token="token-1", app_secret="secret-1", verify_token="verify-1"
    )


async def test_one_new_secret_replaces_one_and_lifts_the_pause(database: Database, load: Load) -> None:
    await load(FULL)
    paused = await stored_channel(database)
    async with database.transaction() as work:
        await work.channels.pause(paused.id, "the token was refused")

    await load(hotel("channels: [{platform: WhatsApp, name: Desk, phone_number_id: '7001', access_token: token-2}]"))

    channel = await stored_channel(database)
    assert VAULT.open(channel.credentials, Credentials) == Credentials(
        access_token="token-2", app_secret="secret-1", verify_token="verify-1"
    )
    assert channel.paused_at is None
    told = [each for each in await Ledger(database).events(paused.hotel_id) if isinstance(each, ChannelChanged)]
    assert [each.channel.paused_at for each in told] == [None]


@pytest.mark.parametrize(
    ("old", "new", "is_told"),
    [
        pytest.param("status: active", "status: completed", True, id="status"),
        pytest.param("check_out: 2026-11-24", "check_out: 2026-11-22", True, id="check-out"),
        pytest.param('room_number: "101"', 'room_number: "202"', False, id="room"),
        pytest.param("name: John Doe", "name: John Roe", False, id="name"),
    ],
)
async def test_a_guests_sockets_look_again_when_their_stay_changes_status_or_dates(
    database: Database, load: Load, old: str, new: str, is_told: bool
) -> None:
    await load(FULL)
    await load(FULL.replace(old, new))

    async with database.read() as work:
        hotel_id = await work.hotels.id_of("sea-view")
        stay = (await work.connection.execute(select(Stay.id, Stay.guest_id))).one()
        assert hotel_id is not None
        events = [each.event for each in await work.events.between(hotel_id, 0, 1000, limit=1000)]
    assert events == ([StayChanged(stay_id=stay.id, guest_id=stay.guest_id, guest_phone="+1234567890")] * is_told)
