"""When a channel's templates are fetched, which of them are offered, and what becomes of one that is turned down."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from app.channels.items import TemplateNews
from app.core.errors import Conflict, NotFound, Unavailable
from app.core.events import ChannelChanged
from app.core.settings import Settings
from app.core.templates import Offers
from app.core.templates import ProviderTemplate as ProviderListed
from app.core.types import Platform
from app.models import Channel, Guest, ProviderTemplate
from app.services.templates.news import take_template_news, template_refused
from app.services.templates.service import TemplateService, speaks
from app.store.database import Database
from tests.channels.ports import closed_port
from tests.channels.whatsapp_payloads import change, document, encode
from tests.desk import Desk, open_desk, principal
from tests.fake_graph import BUSINESS_ACCOUNT, SEA_VIEW_NUMBER, FakeGraph
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World

ACCOUNT = BUSINESS_ACCOUNT[SEA_VIEW_NUMBER]


@pytest.fixture
def hotel(business_hotel: HotelWorld) -> HotelWorld:
    return business_hotel


async def names(ledger: Ledger) -> set[tuple[str, str, str]]:
    rows = await ledger.rows(ProviderTemplate)
    return {(each.name, each.language, each.status) for each in rows}


def offered(offers: Offers) -> list[tuple[str, str]]:
    return [(each.template.name, each.template.language) for each in offers.offers]


def details(name: str) -> dict[str, Any]:
    """As a message of that template keeps them."""
    return {"template": {"name": name, "language": "en", "components": []}}


async def put(fake_graph: FakeGraph, **template: Any) -> None:
    (await fake_graph.client.post("/_fake/templates", json=template)).raise_for_status()


async def decide(fake_graph: FakeGraph, name: str, status: str) -> None:
    body = {"name": name, "status": status, "language": "en", "phone_number_id": SEA_VIEW_NUMBER, "report": False}
    (await fake_graph.client.post("/_fake/templates/status", json=body)).raise_for_status()


async def test_a_refresh_makes_it_that_of_the_provider(
    hotel: HotelWorld, templates: TemplateService, ledger: Ledger, fake_graph: FakeGraph, database: Database
) -> None:
    gone = {"name": "gone", "language": "en", "category": "UTILITY", "status": "APPROVED"}
    async with database.transaction() as work:
        await work.connection.execute(
            insert(ProviderTemplate).values(hotel_id=hotel.id, channel_id=hotel.channel_id, **gone)
        )
    assert await templates.refresh(principal(hotel), hotel.channel_id) == 7
    first = await names(ledger)
    assert {("checkout_reminder", "pt_PT", "APPROVED"), ("pool_closed", "en", "PENDING")} <= first
    assert "gone" not in {name for name, _, _ in first}
    ids = [row.id for row in await ledger.rows(ProviderTemplate)]

    await decide(fake_graph, "spring_offer", "PAUSED")
    assert await templates.refresh(principal(hotel), hotel.channel_id) == 7

    assert ("spring_offer", "en", "PAUSED") in await names(ledger)
    assert [row.id for row in await ledger.rows(ProviderTemplate)] == ids


async def test_a_list_that_is_empty_empties_ours(
    hotel: HotelWorld, templates: TemplateService, ledger: Ledger, fake_graph: FakeGraph
) -> None:
    await templates.refresh(principal(hotel), hotel.channel_id)
    await fake_graph.configure(templates=[])
    assert await templates.refresh(principal(hotel), hotel.channel_id) == 0
    assert await names(ledger) == set()


async def test_a_list_of_thousands_is_kept_whole_and_makes_way(
    hotel: HotelWorld, ledger: Ledger, database: Database, clock: HeldClock
) -> None:
    many = [
        ProviderListed(provider_id=None, name=f"t{n}", language="en", category="UTILITY", status="APPROVED")
        for n in range(4000)
    ]
    for listed in (many, many[1:]):
        async with database.transaction() as work:
            await work.templates.replace(hotel.id, hotel.channel_id, listed, at=clock.now, forgive=False)
        assert len(await ledger.rows(ProviderTemplate)) == len(listed)


async def test_a_channel_without_a_business_account_says_so(
    hotel: HotelWorld, templates: TemplateService, ledger: Ledger
) -> None:
    await ledger.change(Channel, business_account=None)
    with pytest.raises(Conflict) as refused:
        await templates.refresh(principal(hotel), hotel.channel_id)
    assert refused.value.code == "no_business_account"


async def test_another_hotels_channel_is_not_there(hotel: HotelWorld, templates: TemplateService, world: World) -> None:
    other = await world.hotel("alpine-lodge", "700000000000002")
    with pytest.raises(NotFound):
        await templates.refresh(principal(hotel), other.channel_id)


async def test_an_account_that_the_provider_does_not_show_is_a_conflict_and_pauses_nothing(
    hotel: HotelWorld, templates: TemplateService, ledger: Ledger
) -> None:
    await ledger.change(Channel, business_account="999")
    with pytest.raises(Conflict) as refused:
        await templates.refresh(principal(hotel), hotel.channel_id)
    assert refused.value.code == "provider_refused"
    assert (await ledger.row(Channel)).paused_at is None


async def test_a_provider_that_does_not_answer_is_told_apart_and_what_is_stored_stands(
    hotel: HotelWorld,
    conversation: int,
    templates: TemplateService,
    ledger: Ledger,
    settings: Settings,
    clock: HeldClock,
) -> None:
    await templates.refresh(principal(hotel), hotel.channel_id)
    before = await names(ledger)
    clock.move(hours=2)
    async with open_desk(settings, clock, whatsapp_api_url=f"http://127.0.0.1:{closed_port()}") as cut_off:
        with pytest.raises(Unavailable) as refused:
            await cut_off.services.templates.refresh(principal(hotel), hotel.channel_id)
        assert refused.value.code == "provider_unavailable"
        found = await cut_off.services.templates.offered(principal(hotel), conversation)
    assert found.listed_at == clock.now - timedelta(hours=2)
    assert found.offers
    assert await names(ledger) == before
    assert (await ledger.row(Channel)).paused_at is None


async def test_a_token_that_the_provider_knows_no_more_pauses_the_channel_and_staff_are_told(
    hotel: HotelWorld, templates: TemplateService, ledger: Ledger, desk: Desk, fake_graph: FakeGraph
) -> None:
    await fake_graph.configure(
        numbers=[
            {
                "phone_number_id": SEA_VIEW_NUMBER,
                "display_phone_number": "+1",
                "access_token": "EAAG-renewed",
                "app_secret": "x",
                "hotel_name": "x",
            }
        ]
    )
    with pytest.raises(Conflict):
        await templates.refresh(principal(hotel), hotel.channel_id)
    assert (await ledger.row(Channel)).paused_at is not None
    [told] = [each for each in await ledger.events(hotel.id) if isinstance(each, ChannelChanged)]
    assert told.channel.id == hotel.channel_id


async def test_the_first_who_asks_has_the_list_fetched_and_for_an_hour_nobody_else(
    hotel: HotelWorld,
    conversation: int,
    templates: TemplateService,
    clock: HeldClock,
    fake_graph: FakeGraph,
) -> None:
    found = await templates.offered(principal(hotel), conversation)
    assert ("spring_offer", "en") in offered(found)
    assert found.listed_at == clock.now

    await put(fake_graph, id="99", name="new_one", language="en", components=[{"type": "BODY", "text": "New"}])
    clock.move(minutes=59)
    assert ("new_one", "en") not in offered(await templates.offered(principal(hotel), conversation))
    clock.move(minutes=1)
    assert offered(await templates.offered(principal(hotel), conversation))[0] == ("new_one", "en")


async def test_only_what_is_approved_and_not_disabled_is_offered(
    hotel: HotelWorld, conversation: int, templates: TemplateService, desk: Desk
) -> None:
    await templates.refresh(principal(hotel), hotel.channel_id)
    async with desk.services.database.transaction() as work:
        await template_refused(work, hotel.channel_id, details("room_ready"), code=132012, reason="Format mismatch")

    found = {name for name, _ in offered(await templates.offered(principal(hotel), conversation))}

    assert "pool_closed" not in found
    assert "room_ready" not in found
    assert {"arrival_welcome", "booking_confirmed"} <= found


async def test_the_guests_language_comes_first_and_one_may_be_asked_for(
    hotel: HotelWorld, conversation: int, templates: TemplateService, ledger: Ledger
) -> None:
    await ledger.change(Guest, language="pt")
    assert offered(await templates.offered(principal(hotel), conversation))[0] == ("checkout_reminder", "pt_PT")
    only = await templates.offered(principal(hotel), conversation, language="pt-PT")
    assert offered(only) == [("checkout_reminder", "pt_PT")]
    assert offered(await templates.offered(principal(hotel), conversation, language="pt_BR")) == []


async def test_where_the_provider_lists_nothing_any_more_the_stored_list_stands_with_its_time(
    hotel: HotelWorld,
    conversation: int,
    templates: TemplateService,
    clock: HeldClock,
    ledger: Ledger,
) -> None:
    fetched_at = clock.now
    before = await templates.offered(principal(hotel), conversation)
    await ledger.change(Channel, business_account="999")
    clock.move(hours=2)

    after = await templates.offered(principal(hotel), conversation)

    assert offered(after) == offered(before)
    assert after.listed_at == fetched_at


async def test_a_decision_of_the_provider_counts_at_once_and_has_the_list_fetched_anew(
    hotel: HotelWorld, conversation: int, templates: TemplateService, ledger: Ledger, desk: Desk
) -> None:
    await templates.refresh(principal(hotel), hotel.channel_id)
    async with desk.services.database.transaction() as work:
        news = TemplateNews(name="spring_offer", language="en", status="PAUSED", reason="low quality")
        concerned = await take_template_news(work, Platform.WHATSAPP, ACCOUNT, news)
    assert concerned == [hotel.channel_id]
    assert ("spring_offer", "en", "PAUSED") in await names(ledger)
    assert (await ledger.row(Channel)).templates_listed_at is None

    found = await templates.offered(principal(hotel), conversation)

    assert ("spring_offer", "en") in offered(found), "the provider's list says that it is approved"


async def test_a_webhook_about_a_template_is_read_and_any_other_has_the_list_fetched_anew(
    hotel: HotelWorld, templates: TemplateService, ledger: Ledger, desk: Desk
) -> None:
    about: dict[str, Any] = {
        "message_template_name": "spring_offer",
        "message_template_language": "en",
        "message_template_id": 6,
    }
    for notice, status in (
        (about | {"event": "PAUSED", "reason": None}, "PAUSED"),
        (about | {"event": "REINSTATED", "reason": "NONE"}, "APPROVED"),
        (about, "APPROVED"),
        ({}, "APPROVED"),
    ):
        await templates.refresh(principal(hotel), hotel.channel_id)
        update = document(change(number=SEA_VIEW_NUMBER, field="message_template_status_update", **notice))
        update["entry"][0]["id"] = ACCOUNT
        await desk.take(encode(update))
        assert ("spring_offer", "en", status) in await names(ledger)
        assert (await ledger.row(Channel)).templates_listed_at is None


async def test_a_decision_is_believed_only_of_those_who_vouch_for_it(
    hotel: HotelWorld, templates: TemplateService, ledger: Ledger, desk: Desk
) -> None:
    await templates.refresh(principal(hotel), hotel.channel_id)
    async with desk.services.database.transaction() as work:
        news = TemplateNews(name="spring_offer", language="en", status="DISABLED")
        assert await take_template_news(work, Platform.WHATSAPP, ACCOUNT, news, among=[]) == []
    assert ("spring_offer", "en", "APPROVED") in await names(ledger)


async def refuse(desk: Desk, hotel: HotelWorld) -> None:
    async with desk.services.database.transaction() as work:
        await template_refused(work, hotel.channel_id, details("spring_offer"), code=132005, reason="Too long")


async def reason_of(ledger: Ledger) -> str | None:
    row = await ledger.row(ProviderTemplate, ProviderTemplate.name == "spring_offer")
    found: str | None = row.disabled_reason
    return found


async def test_a_template_stays_disabled_while_the_provider_lists_it_as_before(
    hotel: HotelWorld, conversation: int, templates: TemplateService, ledger: Ledger, desk: Desk
) -> None:
    await templates.refresh(principal(hotel), hotel.channel_id)
    await refuse(desk, hotel)
    await ledger.change(Channel, templates_listed_at=None)
    await templates.offered(principal(hotel), conversation)
    assert await reason_of(ledger) == "Too long"


async def test_one_that_is_listed_otherwise_is_tried_again(
    hotel: HotelWorld,
    conversation: int,
    templates: TemplateService,
    ledger: Ledger,
    desk: Desk,
    fake_graph: FakeGraph,
) -> None:
    await templates.refresh(principal(hotel), hotel.channel_id)
    await refuse(desk, hotel)
    await decide(fake_graph, "spring_offer", "PAUSED")
    await ledger.change(Channel, templates_listed_at=None)
    await templates.offered(principal(hotel), conversation)
    assert await reason_of(ledger) is None


async def test_a_refresh_by_hand_tries_all_again(
    hotel: HotelWorld, templates: TemplateService, ledger: Ledger, desk: Desk
) -> None:
    await templates.refresh(principal(hotel), hotel.channel_id)
    await refuse(desk, hotel)
    await templates.refresh(principal(hotel), hotel.channel_id)
    assert await reason_of(ledger) is None


@pytest.mark.parametrize(
    ("language", "wanted", "does"),
    [
        ("pt_PT", "pt", True),
        ("pt_PT", "pt-pt", True),
        ("pt", "pt_BR", False),
        ("pt_PT", "pt_BR", False),
        ("en", "", False),
    ],
)
def test_a_language_is_found_with_and_without_its_country(language: str, wanted: str, *, does: bool) -> None:
    assert speaks(language, wanted) is does
