"""Contract 5: visitors who open their personal link prove a stay, and get its flow in the chat that they have."""

import httpx
import pytest

from app.core.settings import Settings
from app.core.types import ConversationStatus
from app.models import Account, AuditEntry, Conversation, Guest, GuestLink, Stay, User
from tests.contracts.registering import account_of, register, sign_in
from tests.contracts.webchat import Browser, OpenBrowser
from tests.fake_graph import FakeGraph
from tests.guests import SESSION, ask_for_link, conversation_of, link_on_phone, staying
from tests.ledger import Ledger
from tests.world import HotelWorld, World, signed_in

OPEN = Conversation.status != ConversationStatus.CLOSED


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Links leave for guests' phones."""
    return settings.model_copy(update={"run_outbox": True})


@pytest.fixture
async def stay_id(world: World, hotel: HotelWorld) -> int:
    """John Doe's, in room 101."""
    return await staying(world, hotel)


@pytest.fixture
async def reception(client: httpx.AsyncClient, hotel: HotelWorld) -> dict[str, str]:
    return await signed_in(client, "reception")


@pytest.fixture
async def link(client: httpx.AsyncClient, fake_graph: FakeGraph, reception: dict[str, str], stay_id: int) -> str:
    """What stands in the link on John's phone."""
    await ask_for_link(client, reception, await conversation_of(client, reception))
    return await link_on_phone(fake_graph)


@pytest.fixture
async def john(stay_id: int, ledger: Ledger) -> int:
    """His guest's id."""
    guest_id: int = (await ledger.row(Stay)).guest_id
    return guest_id


async def test_a_visitor_who_opens_their_link_is_the_stays_guest_and_keeps_their_chat(
    ann: Browser, link: str, ledger: Ledger, john: int
) -> None:
    await ann.send("Hello")

    csrf = {"X-CSRFToken": ann.client.cookies["csrftoken"]}
    answer = await ann.client.post(SESSION, json={"token": link}, headers=csrf)

    assert answer.status_code == 201
    account = await ann.arrive()
    assert (await ledger.row(Account, Account.address == account)).guest_id == john
    assert (await ann.texts())[0] == "Hello"
    await ann.send("services")
    assert "101" in (await ann.texts())[-1] or "Room Service" in (await ann.texts())[-1]
    chat = await ledger.conversation(OPEN, Conversation.chat_id.is_not(None))
    assert (chat.guest_id, chat.stay_id, chat.status) == (john, (await ledger.row(Stay)).id, "active")
    assert {each.guest_id for each in await ledger.rows(Conversation)} == {john}
    assert [each.id for each in await ledger.rows(Guest)] == [john]
    entry = await ledger.row(AuditEntry, AuditEntry.action == "web_chat.joined")
    assert (entry.target, entry.details["account"], entry.details["by"]) == (f"guest:{john}", account, "link")


async def test_without_the_csrf_token_a_link_joins_nobody(ann: Browser, link: str, ledger: Ledger, john: int) -> None:
    """Or a page of somebody else could have a visitor be whom it likes."""
    await ann.send("Hello")

    answer = await ann.client.post(SESSION, json={"token": link})

    assert answer.status_code == 201
    account = await ann.arrive()
    assert (await ledger.row(Account, Account.address == account)).guest_id != john


async def test_a_widgets_visitor_proves_their_stay_by_their_token_before_they_have_written(
    site: int, open_browser: OpenBrowser, link: str, ledger: Ledger, john: int
) -> None:
    token = (await (await open_browser()).call("POST", "session/")).json()["guest_token"]
    widget = await open_browser(token=token)

    answer = await widget.client.post(SESSION, json={"token": link, "visitor_token": token})

    assert answer.status_code == 201
    account = (await widget.send("Hello"))["chat_id"]
    assert (await ledger.row(Account, Account.address == account)).guest_id == john


@pytest.mark.parametrize("token", ["", "x", "0" * 32 + "." + "0" * 64, "a.b.c"])
async def test_a_visitors_token_that_is_none_uses_no_link_up(
    client: httpx.AsyncClient, site: int, link: str, ledger: Ledger, token: str
) -> None:
    answer = await client.post(SESSION, json={"token": link, "visitor_token": token})

    assert answer.status_code == 401
    assert (await ledger.row(GuestLink)).used_at is None


async def test_a_link_that_is_used_up_joins_nobody(
    client: httpx.AsyncClient, ann: Browser, link: str, ledger: Ledger, john: int
) -> None:
    await ann.send("Hello")
    await client.post(SESSION, json={"token": link})

    csrf = {"X-CSRFToken": ann.client.cookies["csrftoken"]}
    answer = await ann.client.post(SESSION, json={"token": link}, headers=csrf)

    assert answer.status_code == 410
    assert (await ledger.row(Account, Account.address == await ann.arrive())).guest_id != john


async def test_without_a_visitor_the_links_own_token_opens_a_web_chat_of_the_stays(
    client: httpx.AsyncClient, site: int, open_browser: OpenBrowser, link: str, ledger: Ledger, john: int
) -> None:
    token = (await client.post(SESSION, json={"token": link})).json()["guest_token"]
    guest = await open_browser(token=token)

    account = (await guest.send("services"))["chat_id"]

    assert (await ledger.row(Account, Account.address == account)).guest_id == john


async def test_staff_who_try_a_link_are_no_guest(
    open_browser: OpenBrowser, site: int, link: str, hotel: HotelWorld, ledger: Ledger
) -> None:
    browser = await open_browser()
    await sign_in(browser, "reception")

    csrf = {"X-CSRFToken": browser.client.cookies["csrftoken"]}
    assert (await browser.client.post(SESSION, json={"token": link}, headers=csrf)).status_code == 201

    assert (await ledger.row(User, User.username == "reception")).guest_id is None


async def test_a_guests_user_who_opens_their_link_is_that_guest(
    open_browser: OpenBrowser, site: int, link: str, ledger: Ledger, john: int
) -> None:
    browser = await open_browser()
    account = account_of(await register(browser))
    await browser.send("Hello")

    csrf = {"X-CSRFToken": browser.client.cookies["csrftoken"]}
    assert (await browser.client.post(SESSION, json={"token": link}, headers=csrf)).status_code == 201

    assert (await ledger.row(User, User.username == "ana")).guest_id == john
    assert (await ledger.row(Account, Account.address == account)).guest_id == john
    assert [each.id for each in await ledger.rows(Guest)] == [john]
