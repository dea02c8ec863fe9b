"""Contract 5, ``GET chats/``, ``PATCH chat/{id}/`` and ``DELETE chat/{id}/delete/``."""

import asyncio
from typing import Any

import pytest

from app.core.types import ConversationStatus
from app.core.webchat_views import ChatFilter
from app.models import Chat, Conversation
from app.services.container import Services
from app.services.webchat.visitors import account_of
from tests.contracts.desk import Desk, assert_as_printed
from tests.contracts.webchat import Browser, named_anew, refused
from tests.ledger import Ledger
from tests.pinned import assert_json_pinned
from tests.statements import recorded
from tests.webchats import open_web_chat
from tests.world import HotelWorld

PRINTED: dict[str, Any] = {
    "name": "My Chat",
    "platform": "WebChat",
    "last_message": {"text": "Latest message", "timestamp": "2025-10-23T12:00:00Z"},
    "is_archived": False,
}
"""What document 5's chat has beside its ids."""


async def relayed(ann: Browser, **chat: str) -> None:
    """The visitor asks for Room Service."""
    for text in ("services", "1"):
        await ann.send(text, **chat)


async def test_a_chat_is_listed_as_printed(ann: Browser, desk: Desk, ledger: Ledger, site: int) -> None:
    account = await ann.arrive()
    await ann.send("Hello")
    await desk.send((await ledger.conversation()).id, "Latest message")

    body = await ann.get("chats/")

    (chat,) = body["chats"]
    assert (chat["id"], chat["channel_id"], chat["unread_count"]) == (account, site, 2)
    assert_as_printed(chat, PRINTED)
    assert_json_pinned("webchat/chats.json", named_anew(body, account))


async def test_who_has_not_written_has_no_chats(ann: Browser) -> None:
    assert await ann.get("chats/") == {"success": True, "chats": [], "has_more": False}


async def test_only_ones_own_chats_are_listed_the_last_active_first(ann: Browser, bob: Browser) -> None:
    for name in ("one", "two", "three"):
        await ann.send("Hello", chat_id=name)
    await bob.send("Hello", chat_id="bobs")
    await ann.send("Again", chat_id="one")

    assert [each["id"] for each in await ann.chats()] == ["one", "three", "two"]
    assert [each["id"] for each in await bob.chats()] == ["bobs"]


async def test_a_chat_bears_its_title_or_my_chat_or_its_id(ann: Browser) -> None:
    account = await ann.arrive()
    await ann.send("Hello")
    await ann.send("Hello", chat_id="holiday")
    assert {each["id"]: each["name"] for each in await ann.chats()} == {account: "My Chat", "holiday": "holiday"}

    changed = await ann.call("PATCH", "chat/holiday/", json={"title": "  Summer holiday  "})

    assert changed.json()["chat"]["name"] == "Summer holiday"
    assert [each["id"] for each in await ann.chats(name="Summer holiday")] == ["holiday"]
    assert [each["id"] for each in await ann.chats(name="My Chat")] == [account]
    assert await ann.chats(name="My") == []
    for nothing in (None, "", "  "):
        await ann.call("PATCH", "chat/holiday/", json={"title": nothing})
        assert {each["name"] for each in await ann.chats()} == {"My Chat", "holiday"}


async def test_a_chat_is_put_away_and_taken_out_again(ann: Browser) -> None:
    await ann.send("Hello", chat_id="old")
    await ann.send("Hello", chat_id="new")

    changed = await ann.call("PATCH", "chat/old/", json={"is_archived": True})

    assert changed.status_code == 200, changed.text
    assert_json_pinned("webchat/changed.json", changed.json())
    for put_away in ({"archived": "true"}, {"is_archived": "true"}, {"status": "archived"}):
        assert [each["id"] for each in await ann.chats(**put_away)] == ["old"], put_away
    for open_ones in ({"status": "active", "archived": "false"}, {"is_archived": "false"}, {"status": "active"}):
        assert [each["id"] for each in await ann.chats(**open_ones)] == ["new"], open_ones
    assert {each["id"]: each["status"] for each in await ann.chats()} == {"old": "archived", "new": "active"}
    await ann.call("PATCH", "chat/old/", json={"is_archived": False, "title": "Kept"})
    assert {each["name"]: each["is_archived"] for each in await ann.chats()} == {"Kept": False, "new": False}


async def test_what_the_body_does_not_name_stays(ann: Browser) -> None:
    await ann.send("Hello", chat_id="old")
    await ann.call("PATCH", "chat/old/", json={"title": "Old", "is_archived": True})

    answer = await ann.call("PATCH", "chat/old/", json={})

    assert (answer.status_code, answer.json()["chat"]["name"], answer.json()["chat"]["is_archived"]) == (
        200,
        "Old",
        True,
    )


async def test_a_chat_that_staff_have_closed_reads_closed(ann: Browser, ledger: Ledger) -> None:
    await ann.send("Hello")
    await ledger.change(Conversation, status=ConversationStatus.CLOSED)

    assert [each["status"] for each in await ann.chats()] == ["closed"]
    assert len(await ann.chats(status="closed")) == 1
    assert await ann.chats(status="active") == []


async def test_a_chat_is_found_by_the_department_that_has_it(ann: Browser) -> None:
    await ann.send("Hello", chat_id="bot")
    await relayed(ann, chat_id="staff")

    (chat,) = await ann.chats(department="room_service")

    assert (chat["id"], chat["department"]) == ("staff", "Room Service")
    assert await ann.chats(department="Room Service") == [chat]
    assert await ann.chats(department="Reception") == []


@pytest.mark.parametrize(
    "query",
    [
        {"state": "active"},
        {"participants": "1"},
        {"status": "open"},
        {"is_archived": "perhaps"},
        {"department": "Laundry"},
        {"channel_id": "x"},
        {"limit": "0"},
        {"limit": "101"},
        {"offset": "-1"},
        {"name": "x" * 201},
    ],
)
async def test_a_filter_that_is_none_or_has_a_bad_value_is_named(ann: Browser, query: dict[str, str]) -> None:
    answer = refused(await ann.call("GET", "chats/", params=query), 400, "bad_fields")

    assert answer["details"].keys() == query.keys()


async def test_two_filters_that_contradict_each_other_are_refused(ann: Browser) -> None:
    query = {"is_archived": "true", "archived": "false"}

    refused(await ann.call("GET", "chats/", params=query), 400, "bad_fields")


async def test_all_channels_are_listed_unless_one_is_named(
    ann: Browser, site: int, hotel: HotelWorld, ledger: Ledger
) -> None:
    second = await open_web_chat(ledger.database, hotel, "second")
    await ann.send("Hello", channel_id=site)
    await ann.send("Hello", channel_id=second)

    assert {each["channel_id"] for each in await ann.chats()} == {site, second}
    assert {each["channel_id"] for each in await ann.chats(channel_id=second)} == {second}
    assert len(await ann.texts(channel_id=site)) == 2


async def test_a_long_list_is_had_by_parts(ann: Browser) -> None:
    for number in range(5):
        await ann.send("Hello", chat_id=f"chat-{number}")

    first = await ann.get("chats/", limit=3)
    rest = await ann.get("chats/", limit=3, offset=3)

    assert [each["id"] for each in (*first["chats"], *rest["chats"])] == [f"chat-{each}" for each in (4, 3, 2, 1, 0)]
    assert (first["has_more"], rest["has_more"]) == (True, False)


async def test_however_many_chats_there_are_they_take_as_many_statements(
    ann: Browser, services: Services, ledger: Ledger, site: int
) -> None:
    key = (await ann.arrive()).removeprefix("webchat_guest_")
    said = []
    for count in (1, 6):
        for number in range(count):
            await ann.send("Hello", chat_id=f"chat-{number}")
        with recorded(services.database.engine) as statements:
            found = await services.webchat_chats.list(key, ChatFilter(), channel_id=None, limit=100, offset=0)
        assert len(found) == count
        said.append(len(statements))

    assert said[0] == said[1]
    assert account_of(key) == f"webchat_guest_{key}"


async def test_a_chat_that_is_cleared_shows_what_is_written_after(ann: Browser, ledger: Ledger, desk: Desk) -> None:
    await ann.send("Before", chat_id="holiday")
    conversation = await ledger.conversation()

    answer = await ann.call("DELETE", "chat/holiday/delete/")

    assert (answer.status_code, answer.json()) == (200, {"success": True, "chat_id": "holiday"})
    assert await ann.chats() == []
    assert await ann.texts(chat_id="holiday") == []
    assert (await ann.call("DELETE", "chat/holiday/delete/")).status_code == 200
    assert "Before" in await ledger.texts(), "the hotel keeps it"
    await desk.send(conversation.id, "After")
    assert await ann.texts(chat_id="holiday") == ["After"]
    assert [each["id"] for each in await ann.chats()] == ["holiday"]


async def test_the_default_chat_can_be_cleared_too(ann: Browser) -> None:
    account = await ann.arrive()
    await ann.send("Before")

    assert (await ann.call("DELETE", f"chat/{account}/delete/")).status_code == 200

    assert await ann.texts() == []


async def test_only_ones_own_chat_is_changed_or_cleared(ann: Browser, bob: Browser, ledger: Ledger) -> None:
    await bob.send("Bob's", chat_id="bobs")
    await bob.send("Bob's")
    before = await ledger.rows(Chat)

    for chat_id in ("bobs", await bob.arrive(), "unknown", await ann.arrive()):
        refused(await ann.call("PATCH", f"chat/{chat_id}/", json={"title": "Mine"}), 404, "no_such_chat")
        refused(await ann.call("DELETE", f"chat/{chat_id}/delete/"), 404, "no_such_chat")
    refused(await ann.call("PATCH", "chat/webchat_x/", json={"title": "Mine"}), 400, "bad_chat_id")
    assert await ledger.rows(Chat) == before


@pytest.mark.parametrize(
    "body",
    [{"title": "x" * 201}, {"title": 5}, {"title": "a\x00b"}, {"is_archived": None}, {"is_archived": "perhaps"}],
)
async def test_a_bad_change_is_named_and_not_made(ann: Browser, ledger: Ledger, body: dict[str, Any]) -> None:
    await ann.send("Hello", chat_id="holiday")
    before = await ledger.rows(Chat)

    answer = refused(await ann.call("PATCH", "chat/holiday/", json=body), 400, "bad_fields")

    assert answer["details"].keys() == body.keys()
    assert await ledger.rows(Chat) == before


async def test_of_clearing_and_writing_at_once_nothing_of_later_is_lost(ann: Browser) -> None:
    await ann.send("Before")
    account = await ann.arrive()

    cleared, sent = await asyncio.gather(ann.call("DELETE", f"chat/{account}/delete/"), ann.send("Meanwhile"))

    assert cleared.status_code == 200
    assert sent["text"] == "Meanwhile"
    assert "Before" not in await ann.texts()
    await ann.send("After")
    assert "After" in await ann.texts()
