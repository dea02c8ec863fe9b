"""A bot in a hotel's file: known by the id that its token begins with; its secrets sealed."""

import pytest
from sqlalchemy import select

from app.channels.base import Credentials
from app.core.types import Platform
from app.core.yaml_source import SourceError
from app.models import Channel
from app.store.database import Database
from tests.hotel_files import VAULT, Load, hotel, loader

BOT = '{platform: Telegram, name: Bot, bot_token: "8100000001:AAE-one", secret: word_1, username: sea_view_bot}'


@pytest.fixture
def load(database: Database, empty_database: str) -> Load:
    return loader(database)


async def bots(database: Database) -> list[tuple[str, str | None, Credentials]]:
    async with database.read() as work:
        rows = await work.connection.execute(select(Channel.__table__).where(Channel.platform == Platform.TELEGRAM))
        return [(each.account, each.display_address, VAULT.open(each.credentials, Credentials)) for each in rows]


async def test_a_bot_is_loaded_and_the_second_run_changes_nothing(database: Database, load: Load) -> None:
    await load(hotel(f"channels: [{BOT}]"))
    again = await load(hotel(f"channels: [{BOT}]"))

    told = Credentials(access_token="8100000001:AAE-one", app_secret="word_1")
    assert await bots(database) == [("8100000001", "@sea_view_bot", told)]
    assert not again.changed


async def test_a_new_token_of_the_same_bot_replaces_the_old_one_and_keeps_the_secret(
    database: Database, load: Load
) -> None:
    await load(hotel(f"channels: [{BOT}]"))
    await load(hotel('channels: [{platform: Telegram, name: Bot, bot_token: "8100000001:AAE-two"}]'))

    ((_, _, credentials),) = await bots(database)
    assert credentials == Credentials(access_token="8100000001:AAE-two", app_secret="word_1")


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        ("{platform: Telegram, name: Bot}", "bot_token: is missing"),
        ("{platform: Telegram, name: Bot, bot_token: 'AAE-one'}", "bot_token: must be written as"),
        ("{platform: Telegram, name: Bot, bot_token: '1:a/../b'}", "bot_token: must be written as"),
        ("{platform: Telegram, name: Bot, bot_token: '1:a', secret: 'two words'}", "secret: must be written as"),
        ("{platform: Telegram, name: Bot, bot_token: '1:a', app_secret: x}", "app_secret: is no known key"),
        (f"{BOT}, {BOT}", "bot_token: is already on line"),
    ],
)
async def test_faults_name_the_key_and_never_the_token(load: Load, section: str, fault: str) -> None:
    with pytest.raises(SourceError) as refused:
        await load(hotel(f"channels: [{section}]"))

    assert fault in str(refused.value)
    assert "AAE" not in str(refused.value).replace("123456789:AAE-…", "")
