"""How much is asked of the database: one transaction a webhook, one statement a list, nothing behind one's back."""

from uuid import uuid4

import httpx
import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.settings import Settings
from app.main import create_app
from app.models import Base, Conversation, Guest, InboundItem
from app.services.inbound.service import Receipt
from tests.desk import GUEST, STRANGER, Desk, photo, status
from tests.fake_graph import ALPINE_NUMBER, SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.serving import PLAIN, serve
from tests.sign_ins import HeldClock
from tests.statements import recorded
from tests.webchats import Site
from tests.world import World, signed_in, text_message, webhook_body

# What they take today, and one more. Whoever needs more has a reason, and writes it down here.
# A batch is loaded, decided and written as a whole: what is one more message in it costs no statement at all.
FOR_A_TEXT = 17 + 1
FOR_A_FIRST_TEXT = 24 + 1
FOR_A_DOUBLE = 10 + 1
FOR_A_STATUS = 6 + 1
FOR_A_VISITORS_TEXT = 21 + 1
FOR_A_VISITORS_FIRST_TEXT = 29 + 1
FOR_A_VISITORS_DOUBLE = 8 + 1

ONE_TRANSACTION = (1, 1, 0)
"""Begun, committed, rolled back."""


@pytest.fixture
def engine(desk: Desk) -> AsyncEngine:
    return desk.services.database.engine


async def test_a_webhook_is_one_transaction_whatever_it_holds(
    desk: Desk, world: World, ledger: Ledger, engine: AsyncEngine
) -> None:
    sea_view, _ = await world.two_hotels()
    await world.guest(sea_view)
    hello = text_message("Hello", STRANGER)
    sea_views = [hello, text_message("services", GUEST), hello, photo(GUEST), text_message("1", GUEST)]
    body = webhook_body(
        (SEA_VIEW_NUMBER, sea_views),
        (ALPINE_NUMBER, [text_message("Hello", STRANGER)]),
        statuses={ALPINE_NUMBER: [status("wamid.A", "sent"), status("", "unreadable"), status("wamid.A", "read")]},
    )

    with recorded(engine) as statements:
        assert await desk.take(body, secret=None) is Receipt.PROCESSED

    assert statements.transactions == ONE_TRANSACTION
    assert len(await ledger.rows(Conversation)) == 3
    assert len(await ledger.rows(InboundItem)) == 1


@pytest.mark.parametrize(
    "body",
    [b"{", b"{}", webhook_body(("700000000000099", [text_message("Hello", STRANGER)]))],
    ids=["malformed", "empty", "of_nobodys_number"],
)
async def test_a_webhook_with_nothing_for_us_is_one_transaction(
    desk: Desk, world: World, engine: AsyncEngine, body: bytes
) -> None:
    await world.hotel()

    with recorded(engine) as statements:
        await desk.take(body)

    assert statements.transactions == ONE_TRANSACTION


async def test_a_text_takes_few_statements_and_a_batch_no_more_for_each(
    desk: Desk, world: World, engine: AsyncEngine
) -> None:
    await world.hotel()
    guests = [f"49151123456{number:02}" for number in range(20)]

    with recorded(engine) as first:
        await desk.say("Hello", sender=STRANGER)
    with recorded(engine) as firsts:
        await desk.take_messages(*(text_message("Hello", guest) for guest in guests))
    with recorded(engine) as one:
        await desk.say("services", sender=STRANGER)
    with recorded(engine) as twenty:
        await desk.take_messages(*(text_message("services", guest) for guest in guests))

    assert len(first) <= FOR_A_FIRST_TEXT, first.sql
    assert len(firsts) == len(first), firsts.sql
    assert len(one) <= FOR_A_TEXT, one.sql
    assert len(twenty) <= len(one) + 1, "and the user ids or files of some of them"


async def test_doubles_and_statuses_take_few_statements(desk: Desk, world: World, engine: AsyncEngine) -> None:
    await world.hotel()
    message = text_message("Hello", STRANGER)
    await desk.take_messages(message)

    with recorded(engine) as double:
        await desk.take_messages(message)
    with recorded(engine) as report:
        await desk.take_statuses(status("wamid.A", "sent"))

    assert len(double) <= FOR_A_DOUBLE, double.sql
    assert len(report) <= FOR_A_STATUS, report.sql


@pytest.mark.parametrize(
    "path", ["message_manager/conversations/?page_size=100", "chat/conversations/?page_size=100&search=e"]
)
async def test_the_conversation_list_is_one_statement_beside_the_sign_in_however_long_it_is(
    desk: Desk, world: World, ledger: Ledger, settings: Settings, path: str
) -> None:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    await desk.say("services", "3", sender=STRANGER)
    app = create_app(settings.model_copy(update={"run_outbox": False}))

    async with serve(app) as url, httpx.AsyncClient(base_url=url, verify=PLAIN) as client:
        headers = await signed_in(client, "rita")

        async def listed() -> tuple[int, list[str]]:
            with recorded(app.state.services.database.engine) as statements:
                answer = await client.get(f"/api/{path}", headers=headers)
            return len(answer.json()["results"]), statements.sql

        rows, statements = await listed()
        await copy_conversation(ledger, 99)
        more_rows, statements_for_more = await listed()

    assert (rows, more_rows) == (1, 100)
    assert len(statements) == 2, statements
    assert statements_for_more == statements


async def copy_conversation(ledger: Ledger, times: int) -> None:
    """The only conversation, of so many other guests as well."""
    conversation = dict((await ledger.conversation())._mapping)
    del conversation["id"]
    guests = [{"hotel_id": conversation["hotel_id"], "full_name": f"Guest {number}"} for number in range(times)]
    async with ledger.database.transaction() as work:
        ids = await work.connection.scalars(insert(Guest).returning(Guest.id), guests)
        await work.connection.execute(insert(Conversation), [conversation | {"guest_id": each} for each in ids])


async def test_a_visitors_text_is_one_transaction_of_few_statements(
    site: Site, engine: AsyncEngine, clock: HeldClock
) -> None:
    """With its answer, its request, and the savepoint between."""
    visitor, client_id = site.visitor(), uuid4()

    with recorded(engine) as first:
        await site.say(visitor, "Hello")
    clock.move(minutes=1)
    with recorded(engine) as another:
        await site.say(visitor, "services", client_message_id=client_id)
    with recorded(engine) as double:
        await site.say(visitor, "services", client_message_id=client_id)

    assert [each.transactions for each in (first, another, double)] == [ONE_TRANSACTION] * 3
    assert len(first) <= FOR_A_VISITORS_FIRST_TEXT, first.sql
    assert len(another) <= FOR_A_VISITORS_TEXT, another.sql
    assert len(double) <= FOR_A_VISITORS_DOUBLE, double.sql


def test_no_table_can_load_another_behind_ones_back() -> None:
    mappers = list(Base.registry.mappers)

    assert len(mappers) == len(Base.metadata.tables)
    assert [relation for mapper in mappers for relation in mapper.relationships] == []
