"""Hotel files that are refused: every fault at once, by line, and nothing is left behind."""

import pytest
from sqlalchemy import func, select

from app.channels.base import Credentials
from app.core.types import Platform
from app.core.vault import Vault
from app.core.yaml_source import SourceError
from app.models import Channel, Hotel
from app.store.database import Database
from tests.hotel_files import FULL, Load, hotel, loader


@pytest.fixture
def load(database: Database) -> Load:
    return loader(database)


async def test_a_refused_file_leaves_nothing_behind(database: Database, load: Load) -> None:
    await load(hotel("staff: [{username: rita, password: rita-password, user_type: manager}]", slug="alpine-lodge"))
    with pytest.raises(SourceError):
        await load(FULL)
    async with database.read() as work:
        assert await work.connection.scalar(select(func.count()).select_from(Hotel)) == 1


async def test_everything_that_the_database_refuses_is_said_at_once(load: Load) -> None:
    await load(
        hotel(
            "channels: [{platform: WhatsApp, name: Desk, phone_number_id: '7001'}]",
            "staff: [{username: rita, password: rita-password, user_type: manager}]",
            slug="alpine-lodge",
        )
    )
    with pytest.raises(SourceError) as refused:
        await load(
            hotel(
                "channels: [{platform: WhatsApp, name: Desk, phone_number_id: '7001'}]",
                "staff:",
                "  - {username: Rita, user_type: manager}",
                "  - {username: hugo, user_type: manager}",
            )
        )
    assert str(refused.value).splitlines() == [
        "hotel.yaml:4: hotels.0.channels.0.phone_number_id: belongs to another hotel",
        "hotel.yaml:6: hotels.0.staff.0.username: is the name of a user in another hotel",
        "hotel.yaml:7: hotels.0.staff.1.password: is missing, and the user is new",
    ]


async def test_every_fault_of_a_file_is_said_at_once_by_line_and_no_secret_with_it(load: Load) -> None:
    text = hotel(
        "timezone: Europe/Lisbonne",
        "channels:",
        "  - {platform: WhatsApp, name: Desk, phone_number_id: 7001, acess_token: hunter2}",
        "  - {platform: Fax, name: Fax}",
        "staff:",
        "  - {username: rita, password: hunter2, user_type: boss, department: [Kitchen]}",
        "guests:",
        "  - full_name: John Doe",
        "    whatsapp_number: call me",
        "    stays:",
        "      - {room_number: 101, check_in: 2026-11-24, check_out: tomorrow}",
        "      - {room_number: '101', check_in: 2026-11-24, check_out: 2026-11-19}",
        "      - {check_in: today, check_out: today, status: there}",
    )
    with pytest.raises(SourceError) as refused:
        await load(text)
    assert [line.removeprefix("hotel.yaml:") for line in str(refused.value).splitlines()] == [
        "4: hotels.0.timezone: must be the name of a time zone, such as Europe/Lisbon",
        "6: hotels.0.channels.0.acess_token: is no known key; did you mean access_token?",
        "6: hotels.0.channels.0.phone_number_id: must be text: put it in quotes",
        "7: hotels.0.channels.1.platform: must be one of WhatsApp, Instagram, Telegram, WebChat",
        "9: hotels.0.staff.0.department.0: must be 'Reception', 'Housekeeping', 'Room Service', 'Café' or 'Management'",
        "9: hotels.0.staff.0.password: must have at least 8 characters",
        "9: hotels.0.staff.0.user_type: must be 'department_staff', 'receptionist', 'manager' or 'hotel_admin'",
        "12: hotels.0.guests.0.whatsapp_number: is not a phone number with its country code, such as +351912345678",
        "14: hotels.0.guests.0.stays.0.check_out: must be a day: 2026-11-19 without quotes, or today, today+3, today-1",
        "14: hotels.0.guests.0.stays.0.room_number: must be text: put it in quotes",
        "15: hotels.0.guests.0.stays.1: check_out is before check_in",
        "15: hotels.0.guests.0.stays.1.check_in: is already on line 14",
        "16: hotels.0.guests.0.stays.2.status: must be 'pending', 'active', 'completed' or 'cancelled'",
    ]


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        pytest.param(
            [
                "guests:",
                "  - {full_name: A, whatsapp_number: '+1234567890'}",
                "  - {full_name: B, whatsapp_number: 1 234 567 890}",
            ],
            "hotel.yaml:6: hotels.0.guests.1.whatsapp_number: is already on line 5",
            id="a guest twice",
        ),
        pytest.param(
            [
                "staff:",
                "  - {username: rita, password: rita-password, user_type: manager}",
                "  - {username: RITA, password: rita-password, user_type: manager}",
            ],
            "hotel.yaml:6: hotels.0.staff.1.username: is already on line 5",
            id="a user twice",
        ),
        pytest.param(
            [
                "guests:",
                "  - full_name: A",
                "    whatsapp_number: '+1234567890'",
                "    stays:",
                "      - {check_in: today, check_out: today+1}",
                "      - {check_in: today+7, check_out: today+9}",
            ],
            "hotel.yaml:9: hotels.0.guests.0.stays.1.check_in: only one stay of a guest may be relative",
            id="two stays that would move",
        ),
        pytest.param(
            ['templates: [{name: "a\\0b", content: x}]'],
            "hotel.yaml:4: hotels.0.templates.0.name: must have no NUL character and no half of a surrogate pair",
            id="what no text column takes",
        ),
        pytest.param(
            ["reply_minutes: 0"],
            "hotel.yaml:4: hotels.0.reply_minutes: input should be greater than or equal to 1",
            id="no time for an answer",
        ),
        pytest.param(
            ["reply_minutes: 1441"],
            "hotel.yaml:4: hotels.0.reply_minutes: input should be less than or equal to 1440",
            id="more than a day for an answer",
        ),
        pytest.param(
            ["reply_minutes: true"],
            "hotel.yaml:4: hotels.0.reply_minutes: input should be a valid integer",
            id="a time that is no number",
        ),
    ],
)
async def test_a_file_that_cannot_be_meant_is_refused(lines: list[str], fault: str, load: Load) -> None:
    with pytest.raises(SourceError) as refused:
        await load(hotel(*lines))
    assert str(refused.value) == fault


async def test_under_a_new_secret_key_all_credentials_must_be_given(database: Database, load: Load) -> None:
    await load(FULL)
    other = Vault("n" * 32)
    with pytest.raises(SourceError, match=r"hotel.yaml:4: .*SECRET_KEY.*Give access_token, app_secret, verify_token"):
        await load(
            hotel("channels: [{platform: WhatsApp, name: Desk, phone_number_id: '7001', verify_token: v}]"), vault=other
        )
    await load(FULL, vault=other)
    async with database.read() as work:
        sealed = await work.connection.scalar(select(Channel.credentials).where(Channel.platform == Platform.WHATSAPP))
    assert sealed is not None
    assert other.open(sealed, Credentials).access_token == "token-1"
