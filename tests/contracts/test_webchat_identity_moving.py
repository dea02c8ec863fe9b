"""Contract 5, "Guest to Authenticated User Migration": what visitors take along who register and sign in."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.core.types import Department
from app.models import Account, Chat, Conversation, Guest, Message, Request, User, VisitorSession
from tests.contracts.registering import NEW, REGISTER, account_of, register, sign_in
from tests.contracts.webchat import Browser, OpenBrowser, refused
from tests.ledger import Ledger
from tests.world import HotelWorld, signed_in, token_of


@pytest.mark.parametrize("door", [register, sign_in])
async def test_what_a_visitor_wrote_is_theirs_when_they_sign_in(
    ann: Browser, open_browser: OpenBrowser, ledger: Ledger, door: Any
) -> None:
    if door is sign_in:
        await register(await open_browser())
    old = await ann.arrive()
    await ann.send("Hello")
    await ann.send("About my trip", chat_id="trip")
    before = await ann.texts()

    answer = await door(ann)

    new = account_of(answer)
    assert "lobby_session" not in ann.client.cookies
    assert await ann.arrive() == new
    assert await ann.texts() == before
    assert before[0] == "Hello"
    assert (await ann.texts(chat_id="trip"))[0] == "About my trip"
    assert await ann.texts(chat_id=old) == before
    assert {each["id"] for each in await ann.chats()} == {new, "trip"}
    assert [each.address for each in await ledger.rows(Account)] == [new]
    session = await ledger.row(VisitorSession)
    assert (session.user_id, session.ended_at is None) == (answer.json()["user"]["id"], False)


async def test_the_guest_is_the_member_and_nothing_refers_to_whom_they_were(ann: Browser, ledger: Ledger) -> None:
    await ann.send("Hello")

    await register(ann, first_name="Ana")

    member = await ledger.row(Guest)
    assert member.full_name == "Ana"
    for model in (Conversation, Account, Request, User):
        known = {each.guest_id for each in await ledger.rows(model) if each.guest_id is not None}
        assert known == {member.id}, model


async def test_the_visitors_old_cookie_and_token_open_nothing_any_more(ann: Browser, open_browser: OpenBrowser) -> None:
    await ann.send("Hello")
    token = ann.client.cookies["lobby_session"]
    old = await ann.arrive()

    await register(ann)

    refused(await (await open_browser(token=token)).call("GET", "messages/"), 401, "unauthenticated")
    stale = await open_browser()
    stale.client.cookies.set("lobby_session", token, domain="127.0.0.1")
    assert await stale.arrive() != old
    assert await stale.texts() == []


async def test_a_widgets_visitor_is_taken_along_by_their_token(
    site: int, open_browser: OpenBrowser, ledger: Ledger
) -> None:
    token = (await (await open_browser()).call("POST", "session/")).json()["guest_token"]
    widget = await open_browser(token=token)
    await widget.send("From a widget")

    answer = await widget.client.post(
        REGISTER, json=NEW | {"guest_token": token}, headers={"Origin": "https://hotel.example"}
    )

    assert answer.status_code == 201
    mine = await open_browser(token=answer.json()["access_token"])
    assert (await mine.texts())[0] == "From a widget"
    refused(await widget.call("GET", "messages/"), 401, "unauthenticated")


@pytest.mark.parametrize("token", ["x", "0" * 32 + "." + "0" * 64, "eyJ.eyJ.x"])
async def test_a_guest_token_that_is_none_keeps_nobody_out(
    site: int, open_browser: OpenBrowser, ledger: Ledger, token: str
) -> None:
    assert (await register(await open_browser(), guest_token=token)).status_code == 201
    assert not await ledger.rows(VisitorSession)


async def test_who_never_wrote_has_nothing_to_move_and_their_session_ends(ann: Browser, ledger: Ledger) -> None:
    """So that of what they send at the same moment nothing is left behind."""
    answer = await register(ann)

    assert (await ledger.row(VisitorSession)).user_id == answer.json()["user"]["id"]
    assert not await ledger.rows(Account)
    assert "lobby_session" not in ann.client.cookies


async def test_the_old_id_leads_to_the_default_chat_also_where_nothing_was_written(ann: Browser, bob: Browser) -> None:
    """A widget keeps the id that it was told first."""
    old = await ann.arrive()
    await ann.send("About my trip", chat_id="trip")

    new = account_of(await register(ann))

    assert await ann.texts(chat_id=old) == []
    assert (await ann.send("Hello", chat_id=old))["chat_id"] == new
    assert (await ann.texts(chat_id=old))[0] == "Hello"
    await register(bob, username="bob")
    refused(await bob.call("GET", "messages/", params={"chat_id": old}), 404, "no_such_chat")
    refused(await bob.call("POST", "send/", json={"text": "Hello", "chat_id": old}), 404, "no_such_chat")


async def test_messages_merge_into_the_default_chat_that_the_user_has(
    ann: Browser, open_browser: OpenBrowser, ledger: Ledger
) -> None:
    home = await open_browser()
    new = account_of(await register(home))
    await home.send("From home")
    await home.send("At home about my trip", chat_id="trip")
    await ann.send("From a café")
    await ann.send("On the road about my trip", chat_id="trip")
    old = await ann.arrive()

    await sign_in(ann)

    texts = await ann.texts()
    assert [each for each in texts if each.startswith("From")] == ["From home", "From a café"]
    assert await home.texts() == await ann.texts(chat_id=old) == texts
    trip = await ann.texts(chat_id="trip")
    assert [each for each in trip if "trip" in each] == ["At home about my trip", "On the road about my trip"]
    assert {each["id"] for each in await ann.chats()} == {new, "trip"}
    rows = {each.public_id: each.former_ids for each in await ledger.rows(Chat)}
    assert rows == {new: [old], "trip": []}
    standing = await ledger.rows(Conversation, Conversation.status != "closed")
    assert sorted(each.chat_id for each in standing) == sorted(each.id for each in await ledger.rows(Chat))
    assert (await ann.send("services"))["chat_id"] == new


async def test_what_was_cleared_from_a_chat_is_not_shown_again_by_a_merge_and_nothing_else_is_hidden(
    ann: Browser, open_browser: OpenBrowser
) -> None:
    home = await open_browser()
    new = account_of(await register(home))
    await home.send("Cleared at home")
    await home.call("DELETE", f"chat/{new}/delete/")
    await home.send("Kept at home")
    old = await ann.arrive()
    await ann.send("Cleared on the road")
    await ann.call("DELETE", f"chat/{old}/delete/")
    await ann.send("Kept on the road")

    await sign_in(ann)

    assert [each for each in await ann.texts() if " " in each and each.split()[0] in {"Kept", "Cleared"}] == [
        "Kept at home",
        "Kept on the road",
    ]


async def test_what_was_cleared_before_a_merge_is_not_kept_again_when_it_is_repeated(
    ann: Browser, open_browser: OpenBrowser, ledger: Ledger
) -> None:
    home = await open_browser()
    await register(home)
    await home.send("At home")
    old, client_message_id = await ann.arrive(), str(uuid4())
    first = await ann.send("On the road", client_message_id=client_message_id)
    await ann.call("DELETE", f"chat/{old}/delete/")
    await sign_in(ann)

    again = await ann.send("On the road", client_message_id=client_message_id)

    assert again["id"] == first["id"]
    assert len(await ledger.rows(Message, Message.content == "On the road")) == 1


async def test_a_visitors_chats_are_moved_to_one_user_alone(ann: Browser, bob: Browser, ledger: Ledger) -> None:
    await ann.send("Hello")
    token = ann.client.cookies["lobby_session"]
    first = account_of(await register(ann))

    answer = await register(bob, username="bob", guest_token=token)

    assert answer.status_code == 201
    assert await bob.texts() == []
    assert [each.address for each in await ledger.rows(Account)] == [first]


async def test_of_many_sign_ins_at_once_one_moves_all(ann: Browser, open_browser: OpenBrowser, ledger: Ledger) -> None:
    await register(await open_browser())
    old = await ann.arrive()
    await ann.send("Hello")
    token = ann.client.cookies["lobby_session"]
    messages = len(await ledger.rows(Message))

    answers = await asyncio.gather(*[sign_in(await open_browser(), guest_token=token) for _ in range(8)])

    assert {each.status_code for each in answers} == {200}
    new = account_of(answers[0])
    assert [each.address for each in await ledger.rows(Account)] == [new]
    chat = await ledger.row(Chat)
    assert (chat.public_id, chat.former_ids) == (new, [old])
    assert len(await ledger.rows(Message, Message.chat_id == chat.id)) == messages == len(await ledger.rows(Message))


async def test_staff_who_sign_in_take_along_what_they_wrote_as_visitors_and_get_a_guest_record(
    ann: Browser, hotel: HotelWorld, ledger: Ledger
) -> None:
    await ann.send("Does this work?")

    answer = await sign_in(ann, "reception")

    assert (await ann.texts())[0] == "Does this work?"
    assert await ann.arrive() == account_of(answer)
    assert (await ledger.row(User, User.username == "reception")).guest_id == (await ledger.row(Guest)).id


async def test_a_wrong_password_moves_nothing(ann: Browser, ledger: Ledger) -> None:
    await ann.send("Hello")

    assert (await sign_in(ann, "reception", password="wrong")).status_code == 401

    assert (await ledger.row(VisitorSession)).ended_at is None
    assert "lobby_session" in ann.client.cookies


async def test_staff_who_have_the_conversation_are_told_who_their_guest_is(
    ann: Browser, client: httpx.AsyncClient, hotel: HotelWorld, ledger: Ledger
) -> None:
    await ann.send("Hello")
    before = (await ledger.conversation()).id
    headers = await signed_in(client, "reception")
    await client.post(
        f"/api/message_manager/conversations/{before}/send_message/", json={"text": "Good day"}, headers=headers
    )

    await register(ann, first_name="Ana")

    conversation = await ledger.conversation()
    assert (conversation.id, conversation.status) == (before, "relay")
    note = await ledger.row(Message, Message.is_note.is_(True))
    assert note.content == "This visitor has signed in as Ana (user ana)."
    assert (await ann.texts())[-1] == "Good day"
    answer = await client.post(
        f"/api/message_manager/conversations/{before}/send_message/", json={"text": "Hello Ana"}, headers=headers
    )
    assert answer.status_code == 201
    assert (await ann.texts())[-1] == "Hello Ana"


async def test_of_two_conversations_with_a_department_the_one_where_staff_were_last_stays(
    ann: Browser, open_browser: OpenBrowser, client: httpx.AsyncClient, hotel: HotelWorld, ledger: Ledger
) -> None:
    headers = await signed_in(client, "reception")
    home = await open_browser()
    new = account_of(await register(home))
    for browser in (home, ann):
        await browser.send("services")
        await browser.send("4")
    first, second = [each.id for each in await ledger.rows(Conversation)]
    for each in (second, first):
        path = f"/api/message_manager/conversations/{each}/send_message/"
        assert (await client.post(path, json={"text": "Good day"}, headers=headers)).status_code == 201

    await sign_in(ann)

    kept = await ledger.conversation(Conversation.status != "closed", Conversation.department == Department.RECEPTION)
    assert kept.id == first
    notes = await ledger.rows(Message, Message.is_note.is_(True), Message.conversation_id == first)
    assert str(second) in notes[-1].content
    assert (await ledger.conversation(Conversation.id == second)).status == "closed"
    await ann.send("I am still here")
    assert (await ledger.rows(Message))[-1].conversation_id == first
    assert await ann.arrive() == new


async def test_a_token_of_a_user_stays_their_own(ann: Browser, client: httpx.AsyncClient, hotel: HotelWorld) -> None:
    """Signing in elsewhere, as a program does, takes nobody along who is not named."""
    await ann.send("Hello")
    await token_of(client, "reception")

    assert (await ann.texts())[0] == "Hello"
