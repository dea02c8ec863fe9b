"""Visitors' messages that come at once: nothing twice, nobody two people, no chat begun twice."""

import asyncio
from uuid import uuid4

from app.core.errors import Conflict
from app.core.views import MessageView
from app.models import Account, Chat, Conversation, Guest, Message, Request, User
from tests.desk import WELCOME
from tests.ledger import Ledger
from tests.webchats import Site
from tests.world import World

TIMES = 12


async def test_the_same_message_twelve_times_at_once_is_one(site: Site, ledger: Ledger) -> None:
    visitor, client_id = site.visitor(), uuid4()

    answers = await asyncio.gather(*(site.say(visitor, "Hello", client_message_id=client_id) for _ in range(TIMES)))

    assert len({each.id for each in answers}) == 1
    assert await ledger.texts() == ["Hello", WELCOME]
    for only in (Guest, Account, Chat, Conversation, Request):
        await ledger.row(only)


async def test_one_client_id_of_two_visitors_at_once_is_the_ones_and_refused_to_the_other(
    site: Site, ledger: Ledger
) -> None:
    client_id = uuid4()

    answers = await asyncio.gather(
        *(site.say(site.visitor(), "Hello", client_message_id=client_id) for _ in range(2)), return_exceptions=True
    )

    assert sorted(type(each).__name__ for each in answers) == [Conflict.__name__, MessageView.__name__]
    assert await ledger.texts(Message.sender_type == "guest") == ["Hello"]
    await ledger.row(Guest)


async def test_messages_of_one_visitor_at_once_are_all_answered_in_one_conversation(site: Site, ledger: Ledger) -> None:
    visitor = site.visitor()
    said = [f"Hello {number}" for number in range(6)]

    await asyncio.gather(*(site.say(visitor, text) for text in said))

    for only in (Guest, Account, Chat, Conversation):
        await ledger.row(only)
    assert sorted(await ledger.texts(Message.sender_type == "guest")) == said
    transcript = [who for who, _ in await ledger.transcript()]
    assert transcript == ["guest", "system"] * len(said), "each with its answer behind it"
    assert {each.status for each in await ledger.rows(Request)} == {"COMPLETED"}


async def test_twenty_visitors_at_once_are_twenty_guests(site: Site, ledger: Ledger) -> None:
    visitors = [site.visitor() for _ in range(20)]

    stored = await asyncio.gather(*(site.say(each, "Hello") for each in visitors))

    assert [each.chat and each.chat.account for each in stored] == [each.account for each in visitors]
    for model in (Guest, Account, Chat, Conversation, Request):
        assert len(await ledger.rows(model)) == len(visitors)
    assert sorted(await ledger.texts()) == sorted(["Hello", WELCOME] * len(visitors))


async def test_two_chats_begun_at_once_are_one_visitors(site: Site, ledger: Ledger) -> None:
    visitor = site.visitor()

    await asyncio.gather(*(site.say(visitor, "Hello", chat_id=name) for name in ("a", "b") for _ in range(3)))

    await ledger.row(Guest)
    chats = await ledger.rows(Chat)
    assert sorted(each.public_id for each in chats) == ["a", "b"]
    assert sorted(each.chat_id for each in await ledger.rows(Conversation)) == sorted(each.id for each in chats)
    for chat in chats:
        assert await ledger.texts(Message.chat_id == chat.id) == ["Hello", WELCOME] * 3


async def test_a_user_who_writes_on_two_channels_at_once_is_one_guest(site: Site, ledger: Ledger, world: World) -> None:
    user_id = await world.user(site.hotel, "ann")
    other = await site.second()

    await asyncio.gather(*(each.say(each.user(user_id), "Hello") for each in (site, other) for _ in range(3)))

    guest = await ledger.row(Guest)
    assert (await ledger.row(User, User.id == user_id)).guest_id == guest.id
    assert [each.guest_id for each in await ledger.rows(Account)] == [guest.id] * 2
