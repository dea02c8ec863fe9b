"""Document 5's "Success Criteria", and its "Testing & Validation" (7.1, 7.2), from one end to the other over HTTP."""

from typing import Any

import pytest

from app.core.types import UserType
from app.models import Account, Chat, Guest, Message, Request, User
from tests.contracts.desk import Desk
from tests.contracts.registering import account_of, register, sign_in
from tests.contracts.webchat import Browser, OpenBrowser, refused
from tests.desk import WELCOME
from tests.ledger import Ledger
from tests.world import HotelWorld, World, signed_in

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
async def manager(world: World, hotel: HotelWorld, desk: Desk) -> Desk:
    await world.user(hotel, "manager", UserType.MANAGER)
    return Desk(desk.client, await signed_in(desk.client, "manager"))


async def requests(manager: Desk) -> list[dict[str, Any]]:
    """What managers see of the processing of visitors' messages, the newest first."""
    answer = await manager.client.get("/api/requests/", headers=manager.headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


# Success criteria


async def test_criterion_1_a_message_is_sent_as_a_guest(ann: Browser) -> None:
    answer = await ann.call("POST", "send/", json={"text": "Hello!"})

    assert answer.status_code == 201
    assert answer.json()["success"] is True
    assert answer.json()["message"]["text"] == "Hello!"


async def test_criterion_2_the_message_appears_in_messages(ann: Browser) -> None:
    sent = await ann.send("Hello!")

    shown = (await ann.get("messages/"))["messages"]

    assert sent in shown
    assert [each["is_outgoing"] for each in shown if each["id"] == sent["id"]] == [False]


async def test_criterion_3_the_message_makes_a_request_that_the_bot_processes(ann: Browser, manager: Desk) -> None:
    sent = await ann.send("Hello!")

    (request,) = await requests(manager)

    assert str(request["message_id"]) == sent["id"]
    assert request["status"] == "COMPLETED"


async def test_criterion_4_the_bots_reply_appears_in_messages(ann: Browser) -> None:
    await ann.send("Hello!")

    reply = (await ann.get("messages/"))["messages"][0]

    assert (reply["text"], reply["is_outgoing"]) == (WELCOME, True)


async def test_criterion_5_a_guest_who_signs_in_keeps_the_chat(ann: Browser) -> None:
    await ann.send("Hello!")
    await ann.send("About my holiday", chat_id="holiday")
    before = [await ann.texts(), await ann.texts(chat_id="holiday")]

    registered = await register(ann)

    assert registered.status_code == 201, registered.text
    assert await ann.arrive() == account_of(registered)
    assert [await ann.texts(), await ann.texts(chat_id="holiday")] == before


async def test_criterion_6_a_users_chat_is_there_in_every_session(ann: Browser, open_browser: OpenBrowser) -> None:
    await register(ann)
    await ann.send("From my phone")

    at_home = await open_browser()
    await sign_in(at_home)

    assert "From my phone" in await at_home.texts()
    await at_home.send("From my desk")
    assert {"From my phone", "From my desk"} <= set(await ann.texts())


async def test_criterion_7_nobody_sees_anothers_chats(ann: Browser, bob: Browser) -> None:
    """All pairs of callers, on every path: tests/access/test_visitor_access.py."""
    await ann.send("Ann's secret")
    await bob.send("Bob's")
    account = await ann.arrive()

    for path, query in (("messages/", {"chat_id": account}), ("messages/", {}), ("chats/", {})):
        assert "Ann's secret" not in (await bob.call("GET", path, params=query)).text
    refused(await bob.call("GET", "messages/", params={"chat_id": account}), 404, "no_such_chat")
    refused(await bob.call("POST", "send/", json={"text": "x", "chat_id": account}), 404, "no_such_chat")
    assert (await bob.call("PATCH", f"chat/{account}/", json={"title": "x"})).status_code == 404
    assert (await bob.call("DELETE", f"chat/{account}/delete/")).status_code == 404


# 7.1, "Manual API Testing"


async def test_a_guests_message_makes_account_chat_message_and_request(ann: Browser, ledger: Ledger) -> None:
    account = await ann.arrive()
    assert not await ledger.rows(Account), "nothing is kept of who only looks"

    sent = await ann.send("Hello!")

    assert account.startswith("webchat_guest_")
    assert (await ledger.row(Account)).address == account
    assert (await ledger.row(Chat)).public_id == account
    assert (await ledger.row(Message, Message.id == int(sent["id"]))).content == "Hello!"
    assert (await ledger.row(Request)).message_id == int(sent["id"])


async def test_a_signed_in_users_message_uses_their_account(open_browser: OpenBrowser, ledger: Ledger) -> None:
    browser = await open_browser()
    registered = await register(browser)

    sent = await browser.send("Hello!")

    assert sent["chat_id"] == account_of(registered)
    assert (await ledger.row(Account)).address == account_of(registered)
    user = await ledger.row(User, User.user_type == UserType.GUEST)
    assert (await ledger.row(Guest)).id == user.guest_id, "the Member"


async def test_messages_are_only_ones_own(ann: Browser, bob: Browser) -> None:
    await ann.send("Ann's")
    await bob.send("Bob's")

    assert await ann.texts() == ["Ann's", WELCOME]
    assert await bob.texts() == ["Bob's", WELCOME]


async def test_chats_are_only_ones_own(ann: Browser, bob: Browser) -> None:
    await ann.send("Ann's")
    await bob.send("Bob's")

    assert [each["id"] for each in await ann.chats()] == [await ann.arrive()]
    assert [each["id"] for each in await bob.chats()] == [await bob.arrive()]


async def test_signing_in_moves_chats_and_messages_and_the_guest_account_is_gone(ann: Browser, ledger: Ledger) -> None:
    await ann.send("Hello!")
    visitor = await ann.arrive()
    messages = await ledger.texts()

    registered = await register(ann)

    assert {row.address for row in await ledger.rows(Account)} == {account_of(registered)}
    assert await ledger.texts() == messages
    assert (await ann.get("messages/", chat_id=visitor))["chat_id"] == account_of(registered), "the old id leads there"


# 7.2, "Integration with Request Flow"


async def test_a_request_goes_through_identifying_categorizing_and_processing(ann: Browser, manager: Desk) -> None:
    await ann.send("Hello!")

    (request,) = await requests(manager)

    stages = [each["status"] for each in request["history"]]
    assert stages == ["PENDING", "IDENTIFYING", "CATEGORIZING", "QUEUED", "PROCESSING", "COMPLETED"]


async def test_every_message_has_a_request_of_its_own(ann: Browser, manager: Desk) -> None:
    sent = [await ann.send(text) for text in ("Hello!", "services", "1")]

    found = await requests(manager)

    assert [str(each["message_id"]) for each in reversed(found)] == [each["id"] for each in sent]


async def test_staffs_reply_appears_in_messages_beside_the_bots(ann: Browser, desk: Desk, ledger: Ledger) -> None:
    await ann.send("Hello!")
    await desk.send((await ledger.conversation()).id, "Rita here, how can I help?")

    assert await ann.texts() == ["Hello!", WELCOME, "Rita here, how can I help?"]
