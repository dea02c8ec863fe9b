"""Contract 5, ``POST /unicom/webchat/send/``: JSON and forms, what is taken, and what is refused."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from app.core.bounds import LONGEST_TEXT
from app.core.types import SenderType
from app.models import Chat, Message, SignInAttempt
from app.services.webchat.pace import BOUNDS
from app.store.attempts import Counted
from tests.contracts.chat import Chat as StaffChat
from tests.contracts.desk import assert_as_printed
from tests.contracts.webchat import Browser, OpenBrowser, named_anew, refused
from tests.ledger import Ledger
from tests.pinned import assert_json_pinned
from tests.world import signed_in

PRINTED: dict[str, Any] = {
    "success": True,
    "message": {
        "id": "message_id",
        "text": "Hello!",
        "timestamp": "2025-10-23T12:00:00Z",
        "chat_id": "webchat_user_123",
    },
}
"""Document 5's answer, as it stands."""


async def test_a_message_that_was_sent_is_answered_as_printed(ann: Browser) -> None:
    account = await ann.arrive()

    answer = await ann.call("POST", "send/", json={"text": "Hello!"})

    assert answer.status_code == 201
    body = answer.json()
    assert isinstance(body["message"]["id"], str)
    printed = {**PRINTED, "message": PRINTED["message"] | {"id": body["message"]["id"], "chat_id": account}}
    assert_as_printed(body, printed)
    assert_json_pinned("webchat/send.json", named_anew(body, account))


async def test_json_and_both_kinds_of_forms_mean_the_same(ann: Browser, site: int) -> None:
    fields = {"text": "Olá, tudo bem? ☕", "chat_id": "holiday", "channel_id": str(site)}

    for way in ({"json": fields}, {"data": fields}, {"files": {name: (None, each) for name, each in fields.items()}}):
        sent = await ann.call("POST", "send/", **way)
        assert sent.status_code == 201, sent.text
        message = sent.json()["message"]
        assert (message["text"], message["chat_id"]) == (fields["text"], "holiday")


@pytest.mark.parametrize(
    ("fields", "code", "at_fault"),
    [
        ({}, "empty_text", "text"),
        ({"text": ""}, "empty_text", "text"),
        ({"text": " \u200b\n"}, "empty_text", "text"),
        ({"text": "x" * (LONGEST_TEXT + 1)}, "text_too_long", "text"),
        ({"text": 5}, "bad_fields", "text"),
        ({"text": "a\x00b"}, "bad_fields", "text"),
        ({"text": "x", "chat_id": ""}, "bad_chat_id", "chat_id"),
        ({"text": "x", "chat_id": "a/b"}, "bad_chat_id", "chat_id"),
        ({"text": "x", "chat_id": "a b"}, "bad_chat_id", "chat_id"),
        ({"text": "x", "chat_id": ".."}, "bad_chat_id", "chat_id"),
        ({"text": "x", "chat_id": "x" * 129}, "bad_chat_id", "chat_id"),
        ({"text": "x", "chat_id": "webchat_mine"}, "bad_chat_id", "chat_id"),
        ({"text": "x", "channel_id": "first"}, "bad_fields", "channel_id"),
        ({"text": "x", "channel_id": -1}, "bad_fields", "channel_id"),
        ({"text": "x", "client_message_id": "1"}, "bad_fields", "client_message_id"),
        ({"text": "x", "reply_to_message_id": "last"}, "bad_fields", "reply_to_message_id"),
        ({"text": "x", "reply_to_message_id": "999999"}, "no_such_message", "reply_to_message_id"),
        ({"text": "x", "media": "photo.jpg"}, "bad_fields", "media"),
    ],
)
async def test_a_bad_field_is_named_and_nothing_is_kept(
    ann: Browser, ledger: Ledger, fields: dict[str, Any], code: str, at_fault: str
) -> None:
    answer = refused(await ann.call("POST", "send/", json=fields), 400, code)

    assert answer["details"].keys() == {at_fault}
    assert not await ledger.rows(Message)
    assert not await ledger.rows(Chat)


async def test_a_body_that_cannot_be_read_is_refused(ann: Browser) -> None:
    json = {"Content-Type": "application/json"}
    for content in (b"", b"{", b"[]", b'{"text": NaN}'):
        answer = await ann.call("POST", "send/", content=content, headers=json)
        assert answer.status_code == 400, content
        assert answer.json()["success"] is False
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    refused(await ann.call("POST", "send/", content=b"text=%ff", headers=form), 400, "bad_body")
    refused(await ann.call("POST", "send/", content=b"text=a&text=b", headers=form), 400, "bad_fields")
    xml = {"Content-Type": "text/xml"}
    refused(await ann.call("POST", "send/", content=b"<text/>", headers=xml), 415, "unsupported_media_type")


async def test_a_chat_that_the_client_names_begins_with_its_first_message(ann: Browser) -> None:
    account = await ann.arrive()
    for name in ("order-42", "réservation", "a.b:c@d~e+f=g_h"):
        assert (await ann.send(f"About {name}", chat_id=name))["chat_id"] == name
        assert f"About {name}" in await ann.texts(chat_id=name)
    assert {each["id"] for each in await ann.chats()} == {"order-42", "réservation", "a.b:c@d~e+f=g_h"}

    assert (await ann.send("Hello"))["chat_id"] == account
    assert (await ann.send("Hello again", chat_id=account))["chat_id"] == account


async def test_the_same_name_is_another_chat_of_everybody(ann: Browser, bob: Browser) -> None:
    await ann.send("Ann's", chat_id="holiday")
    await bob.send("Bob's", chat_id="holiday")

    assert "Bob's" not in await ann.texts(chat_id="holiday")
    assert "Ann's" not in await bob.texts(chat_id="holiday")


async def test_the_flow_answers_in_the_same_chat(ann: Browser, ledger: Ledger) -> None:
    await ann.send("Hello", chat_id="holiday")

    (question, answer) = (await ann.get("messages/", chat_id="holiday", order="asc"))["messages"]
    assert (question["is_outgoing"], answer["is_outgoing"]) == (False, True)
    assert {each.sender_type for each in await ledger.rows(Message)} == {SenderType.GUEST, SenderType.SYSTEM}


async def test_the_clients_id_comes_back_and_its_second_arrival_is_answered_with_the_first(
    ann: Browser, bob: Browser, ledger: Ledger
) -> None:
    mine = str(uuid4())
    first = await ann.send("Once", client_message_id=mine)
    answers = await asyncio.gather(*(ann.send("Twice", client_message_id=mine) for _ in range(5)))

    assert first["client_message_id"] == mine
    assert all(each == first for each in answers)
    assert len(await ledger.rows(Message, Message.sender_type == SenderType.GUEST)) == 1
    answer = await bob.call("POST", "send/", json={"text": "Bob's", "client_message_id": mine})
    refused(answer, 409, "client_message_id_used")


async def test_a_message_may_answer_another_one_of_its_chat(ann: Browser, bob: Browser) -> None:
    await ann.send("Hello")
    welcome = (await ann.get("messages/", limit=1))["messages"][0]

    reply = await ann.send("About that", reply_to_message_id=welcome["id"])

    assert reply["reply_to_message_id"] == welcome["id"]
    for chat in ({}, {"chat_id": "another"}):
        body = {"text": "x", "reply_to_message_id": welcome["id"], **chat}
        whose = ann if chat else bob
        refused(await whose.call("POST", "send/", json=body), 400, "no_such_message")


async def test_staff_see_it_and_what_they_answer_the_visitor_reads(ann: Browser, chat: StaffChat) -> None:
    await ann.send("Hello")
    (conversation,) = (await chat.get("conversations/"))["results"]

    sent = await chat.client.post(
        f"/api/message_manager/conversations/{conversation['id']}/send_message/",
        json={"text": "Welcome!"},
        headers=chat.headers,
    )

    assert sent.status_code == 201, sent.text
    newest = (await ann.get("messages/"))["messages"][0]
    assert (newest["text"], newest["is_outgoing"], newest["sender_name"]) == ("Welcome!", True, "Reception Staff")


async def test_many_at_once_from_one_visitor_make_one_chat_and_all_stand(ann: Browser, ledger: Ledger) -> None:
    await asyncio.gather(*(ann.send(f"Number {number}") for number in range(8)))

    assert len(await ledger.rows(Chat)) == 1
    assert {f"Number {number}" for number in range(8)} <= set(await ann.texts(limit=100))


async def test_whoever_writes_very_much_is_told_to_wait_and_nobody_else(
    ann: Browser, bob: Browser, ledger: Ledger
) -> None:
    await ann.send("Hello")
    async with ledger.database.transaction() as work:
        await work.connection.execute(
            update(SignInAttempt)
            .where(SignInAttempt.key.startswith("messages of visitor"))
            .values(count=BOUNDS[Counted.MESSAGES_OF_VISITOR].most)
        )

    answer = await ann.call("POST", "send/", json={"text": "One more"})

    refused(answer, 429, "too_many_requests")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert (await bob.send("Hello"))["text"] == "Hello"
    assert (await ann.call("GET", "messages/")).status_code == 200


async def test_a_network_that_writes_very_much_is_told_to_wait_whoever_it_says_it_is(
    ann: Browser, open_browser: OpenBrowser, site: int, ledger: Ledger
) -> None:
    await ann.send("Hello")
    async with ledger.database.transaction() as work:
        await work.connection.execute(
            update(SignInAttempt)
            .where(SignInAttempt.key.startswith("messages of network"))
            .values(count=BOUNDS[Counted.MESSAGES_OF_NETWORK].most)
        )
    begun = await ann.client.post("/unicom/webchat/session/")
    newcomer = await open_browser(token=begun.json()["guest_token"])

    refused(await newcomer.call("POST", "send/", json={"text": "Hello"}), 429, "too_many_requests")


async def test_what_is_refused_counts_for_nobody(ann: Browser, ledger: Ledger) -> None:
    await ann.arrive()
    for _ in range(3):
        refused(await ann.call("POST", "send/", json={"text": " "}), 400, "empty_text")

    assert [each for each in await ledger.rows(SignInAttempt) if each.key.startswith("messages")] == []


async def test_a_stranger_keeps_nobody_out_who_has_signed_in(
    ann: Browser, open_browser: OpenBrowser, ledger: Ledger
) -> None:
    """A hotel's guests and staff may all be in the one network of its Wi-Fi."""
    await ann.send("Hello")
    async with ledger.database.transaction() as work:
        await work.connection.execute(
            update(SignInAttempt)
            .where(SignInAttempt.key.startswith("messages of network"))
            .values(count=BOUNDS[Counted.MESSAGES_OF_NETWORK].most)
        )
    token = (await signed_in(ann.client, "reception"))["Authorization"].removeprefix("Bearer ")
    user = await open_browser(token=token)

    assert (await user.send("Hello"))["text"] == "Hello"


async def test_accounts_ids_are_reserved_in_whatever_case(ann: Browser) -> None:
    await ann.arrive()
    refused(await ann.call("POST", "send/", json={"text": "x", "chat_id": "WebChat_Guest_mine"}), 400, "bad_chat_id")
