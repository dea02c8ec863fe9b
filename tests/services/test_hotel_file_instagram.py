"""An account on Instagram in a hotel's file."""

import pytest

from app.channels.base import Credentials
from app.core.types import Platform
from app.core.yaml_source import SourceError
from app.models import Channel
from app.store.database import Database
from app.store.saving import Outcome
from tests.hotel_files import VAULT, Load, hotel, loader
from tests.ledger import Ledger

BARE = '{platform: Instagram, name: Our account, account_id: "1784", access_token: IG-2}'
ACCOUNT = BARE.replace("IG-2", "IG-1, app_secret: s, verify_token: v")


@pytest.fixture
def load(database: Database) -> Load:
    return loader(database)


def with_channel(channel: str, *more: str, slug: str = "sea-view") -> str:
    return hotel("channels:", f"  - {channel}", *(f"  - {each}" for each in more), slug=slug)


async def test_an_account_is_set_up_once_and_its_token_can_be_changed(load: Load, ledger: Ledger) -> None:
    first = await load(with_channel(ACCOUNT))
    again = await load(with_channel(ACCOUNT))
    renewed = await load(with_channel(BARE))

    assert [dict(each.counts["channels"]) for each in (first, again, renewed)] == [
        {Outcome.CREATED: 1},
        {Outcome.UNCHANGED: 1},
        {Outcome.UPDATED: 1},
    ]
    channel = await ledger.row(Channel)
    assert (channel.platform, channel.account, channel.name) == (Platform.INSTAGRAM, "1784", "Our account")
    assert VAULT.open(channel.credentials, Credentials) == Credentials(
        access_token="IG-2", app_secret="s", verify_token="v"
    )


async def test_an_account_belongs_to_one_hotel(load: Load) -> None:
    await load(with_channel(ACCOUNT))
    with pytest.raises(SourceError, match="belongs to another hotel"):
        await load(with_channel(ACCOUNT, slug="alpine"))
    with pytest.raises(SourceError, match="is already on line"):
        await load(with_channel(ACCOUNT, ACCOUNT))


@pytest.mark.parametrize("wrong", ["account_id: '@sea_view'", "account_id: 1784", "phone_number_id: '1784'"])
async def test_what_is_no_account_is_refused_by_its_line(load: Load, wrong: str) -> None:
    with pytest.raises(SourceError, match=r"hotel\.yaml:5: "):
        await load(with_channel(f"{{platform: Instagram, name: Our account, {wrong}}}"))
