"""Contract 5, ``GET /unicom/webchat/messages/``: pages, cursors, whose they are, and that reading is told."""

from typing import Any

import pytest
from sqlalchemy import insert, update

from app.core.events import MessageStatusChanged
from app.core.types import DeliveryStatus, MessageOrigin, MessageType, SenderType
from app.models import Chat, Message
from app.services.container import Services
from tests.contracts.desk import Desk, assert_as_printed
from tests.contracts.webchat import Browser, named_anew, refused
from tests.ledger import Ledger
from tests.pinned import assert_json_pinned
from tests.statements import recorded
from tests.world import HotelWorld

PRINTED: dict[str, Any] = {
    "id": "msg_1",
    "text": "Hello!",
    "is_outgoing": False,
    "sender_name": "John Doe",
    "timestamp": "2025-10-23T12:00:00Z",
    "media_type": "text",
    "media_url": None,
}
"""A message of document 5's answer, as it stands."""


async def fill(ledger: Ledger, count: int, **more: Any) -> list[int]:
    """So many messages of staff in the only chat there is; their ids."""
    like = (await ledger.rows(Message))[0]
    columns = ("hotel_id", "conversation_id", "channel_id", "chat_id")
    row = {name: getattr(like, name) for name in columns} | {
        "sender_type": SenderType.STAFF,
        "origin": MessageOrigin.STAFF,
        "sender_name": "Reception Staff",
        "type": MessageType.TEXT,
        "delivery_status": DeliveryStatus.SENT,
        **more,
    }
    async with ledger.database.transaction() as work:
        found = await work.connection.scalars(
            insert(Message).values([row | {"content": f"Number {each}"} for each in range(count)]).returning(Message.id)
        )
        return sorted(found)


async def test_messages_are_shown_as_printed_the_newest_first(ann: Browser) -> None:
    account = await ann.arrive()
    await ann.send("Hello!")

    body = await ann.get("messages/")

    assert (body["chat_id"], body["has_more"], body["next_cursor"]) == (account, False, None)
    answer, mine = body["messages"]
    assert int(answer["id"]) > int(mine["id"])
    assert mine["sender_name"].startswith("Visitor ")
    assert_as_printed(mine, PRINTED | {"id": mine["id"], "sender_name": mine["sender_name"]})
    assert_json_pinned("webchat/messages.json", named_anew(body, account))


async def test_pages_go_back_by_the_cursor_until_the_first_message(ann: Browser, ledger: Ledger) -> None:
    await ann.send("Hello")
    await fill(ledger, 7)
    seen: list[int] = []
    query: dict[str, Any] = {"limit": 4}
    while True:
        body = await ann.get("messages/", **query)
        ids = [int(each["id"]) for each in body["messages"]]
        assert ids == sorted(ids, reverse=True)
        seen += ids
        if not body["has_more"]:
            assert body["next_cursor"] is None
            break
        assert body["next_cursor"] == str(ids[-1])
        query["before"] = body["next_cursor"]

    assert seen == sorted((row.id for row in await ledger.rows(Message)), reverse=True)


async def test_after_means_the_newest_of_what_came_later(ann: Browser, ledger: Ledger) -> None:
    """So a page that asks again for what is new goes back by the cursor to where it was."""
    await ann.send("Hello")
    ids = await fill(ledger, 6)

    body = await ann.get("messages/", after=ids[0], limit=3)

    assert [int(each["id"]) for each in body["messages"]] == ids[:2:-1]
    assert (body["has_more"], body["next_cursor"]) == (True, str(ids[3]))
    rest = await ann.get("messages/", after=ids[0], before=body["next_cursor"], limit=3)
    assert [int(each["id"]) for each in rest["messages"]] == [ids[2], ids[1]]
    assert (rest["has_more"], rest["next_cursor"]) == (False, None)
    assert (await ann.get("messages/", after=ids[-1]))["messages"] == []


async def test_the_same_page_may_be_had_the_oldest_first(ann: Browser, ledger: Ledger) -> None:
    await ann.send("Hello")
    await fill(ledger, 5)

    down, up = [await ann.get("messages/", limit=3, order=order) for order in ("desc", "asc")]

    assert up == down | {"messages": down["messages"][::-1]}


async def test_fifty_are_shown_where_nothing_is_said_and_a_hundred_at_most(ann: Browser, ledger: Ledger) -> None:
    await ann.send("Hello")
    await fill(ledger, 120)

    assert len((await ann.get("messages/"))["messages"]) == 50
    assert len((await ann.get("messages/", limit=100))["messages"]) == 100
    refused(await ann.call("GET", "messages/", params={"limit": 101}), 400, "bad_fields")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"before": "msg_0"}, "bad_fields"),
        ({"after": "-1"}, "bad_fields"),
        ({"before": "9" * 19}, "bad_fields"),
        ({"limit": "0"}, "bad_fields"),
        ({"limit": "ten"}, "bad_fields"),
        ({"order": "up"}, "bad_fields"),
        ({"chat_id": "a b"}, "bad_chat_id"),
        ({"chat_id": "webchat_mine"}, "bad_chat_id"),
    ],
)
async def test_a_bad_cursor_or_field_is_named(ann: Browser, query: dict[str, str], code: str) -> None:
    answer = refused(await ann.call("GET", "messages/", params=query), 400, code)

    assert answer["details"].keys() == query.keys()


async def test_a_chat_that_is_none_of_ones_own_is_not_found(ann: Browser, bob: Browser, hotel: HotelWorld) -> None:
    await bob.send("Bob's")
    await bob.send("Bob's other", chat_id="bobs")
    users = f"webchat_user_{hotel.staff['reception']}"

    for chat_id in (await bob.arrive(), "bobs", users, "webchat_guest_x", "unknown"):
        answer = await ann.call("GET", "messages/", params={"chat_id": chat_id})
        assert answer.status_code in {400, 404}, chat_id
        assert "messages" not in answer.json()
    refused(await ann.call("GET", "messages/", params={"chat_id": await bob.arrive()}), 404, "no_such_chat")
    refused(await ann.call("GET", "messages/", params={"chat_id": "bobs"}), 404, "no_such_chat")
    theirs = await ann.call("POST", "send/", json={"text": "x", "chat_id": await bob.arrive()})
    refused(theirs, 404, "no_such_chat")


async def test_an_empty_name_means_the_default_chat(ann: Browser) -> None:
    assert (await ann.get("messages/", chat_id=""))["chat_id"] == await ann.arrive()


async def test_notes_and_reactions_are_not_for_visitors(ann: Browser, ledger: Ledger) -> None:
    await ann.send("Hello")
    await fill(ledger, 1, is_note=True, delivery_status=None)
    await fill(ledger, 1, type=MessageType.REACTION)
    (seen,) = await fill(ledger, 1)

    messages = (await ann.get("messages/"))["messages"]

    assert int(messages[0]["id"]) == seen
    assert len(messages) == 3  # with the flow's answer
    (chat,) = await ann.chats()
    assert chat["unread_count"] == 0


async def test_what_a_visitor_reads_is_read_and_staff_hear_of_it_once(
    ann: Browser, ledger: Ledger, hotel: HotelWorld
) -> None:
    await ann.send("Hello")
    ids = await fill(ledger, 3)
    (chat,) = await ann.chats()
    assert chat["unread_count"] == 4

    await ann.get("messages/", limit=2)

    rows = {row.id: row for row in await ledger.rows(Message, Message.sender_type == SenderType.STAFF)}
    assert [rows[each].delivery_status for each in ids] == [
        DeliveryStatus.SENT,
        DeliveryStatus.READ,
        DeliveryStatus.READ,
    ]
    assert rows[ids[0]].read_at is None
    assert rows[ids[2]].read_at is not None
    (chat,) = await ann.chats()
    assert chat["unread_count"] == 2
    told = [each for each in await ledger.events(hotel.id) if isinstance(each, MessageStatusChanged)]
    assert [(each.message_id, each.delivery_status) for each in told] == [
        (ids[1], DeliveryStatus.READ),
        (ids[2], DeliveryStatus.READ),
    ]
    seen_at = rows[ids[2]].read_at

    await ann.get("messages/", limit=2)

    assert (await ledger.row(Message, Message.id == ids[2])).read_at == seen_at
    assert len([each for each in await ledger.events(hotel.id) if isinstance(each, MessageStatusChanged)]) == 2


async def test_staff_see_that_it_was_read(ann: Browser, desk: Desk, ledger: Ledger) -> None:
    await ann.send("Hello")
    conversation = await ledger.conversation()
    sent = await desk.send(conversation.id, "Welcome!")

    await ann.get("messages/")

    thread = await desk.get(f"{conversation.id}/messages/")
    assert next(each for each in thread if each["id"] == sent["id"])["delivery_status"] == "read"


async def test_nothing_is_written_where_nothing_is_unread(ann: Browser, services: Services) -> None:
    await ann.send("Hello")
    key = (await ann.arrive()).removeprefix("webchat_guest_")
    visitor = await services.visitors.on(key)

    with recorded(services.database.engine) as again:
        page = await services.webchat_reading.page(visitor, None, limit=50)

    assert len(page.messages) == 2
    assert not [each for each in again.sql if "UPDATE" in each]


async def test_what_was_merged_into_a_chat_is_found_by_its_former_id(ann: Browser, ledger: Ledger) -> None:
    await ann.send("Hello", chat_id="holiday")
    async with ledger.database.transaction() as work:
        await work.connection.execute(update(Chat).values(former_ids=["before"]))

    body = await ann.get("messages/", chat_id="before")

    assert body["chat_id"] == "holiday"
    assert len(body["messages"]) == 2


async def test_a_menu_has_its_choices_and_what_is_chosen_is_sent_back(ann: Browser) -> None:
    await ann.send("services")
    menu = (await ann.get("messages/"))["messages"][0]
    assert menu["interactive_buttons"]
    assert all(each.keys() == {"id", "text"} for each in menu["interactive_buttons"])

    await ann.send(menu["interactive_buttons"][0]["text"])

    assert (await ann.get("messages/"))["messages"][0]["text"] != menu["text"]
