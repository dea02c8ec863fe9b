"""The signature is looked at first: whoever has no secret of ours costs little and is told no."""

import httpx
import pytest

from app.core.errors import Forbidden
from app.models import InboundUpdate
from tests.desk import Desk
from tests.fake_graph import ALPINE_NUMBER, APP_SECRET, SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.world import World, post_signed, webhook_body

MANY = 49_000
AS_BIG_AS_IT_MAY_BE = 3_900_000


def body_naming_many() -> bytes:
    """A body with as many different numbers as one may hold, none of them a hotel's."""
    mentions = ",".join(f'{{"phone_number_id":"8{number:014}"}}' for number in range(MANY))
    body = f'{{"object":"whatsapp_business_account","entry":[{mentions}],"padding":"'
    return (body + "x" * (AS_BIG_AS_IT_MAY_BE - len(body)) + '"}').encode()


@pytest.mark.parametrize("hotels", ["one", "none"])
async def test_a_wrongly_signed_body_that_names_thousands_of_numbers_is_refused(
    client: httpx.AsyncClient, world: World, ledger: Ledger, hotels: str
) -> None:
    if hotels == "one":
        await world.hotel()

    answer = await post_signed(client, body_naming_many(), secret="another secret")

    assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature")
    assert await ledger.rows(InboundUpdate) == []


@pytest.mark.parametrize("secret", ["another secret", APP_SECRET[ALPINE_NUMBER]], ids=["nobodys", "another_hotels"])
async def test_whose_body_it_is_is_told_without_parsing_it(
    desk: Desk, world: World, ledger: Ledger, secret: str
) -> None:
    await world.two_hotels()
    cut_short = webhook_body((SEA_VIEW_NUMBER, []))[:-1]

    with pytest.raises(Forbidden):
        await desk.take(cut_short, secret=secret)

    assert await ledger.rows(InboundUpdate) == []
