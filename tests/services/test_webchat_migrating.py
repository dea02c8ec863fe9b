"""A visitor signs in, many times at once, while they write, and while the database refuses: nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from app.core.clock import utc_now
from app.core.errors import Unauthenticated
from app.core.events import AccountChanged
from app.core.principal import VisitorPrincipal
from app.core.profile import Profile
from app.core.settings import Settings
from app.core.types import UserType
from app.core.views import MessageView
from app.models import Account, Chat, Conversation, Guest, Message, VisitorSession
from app.services.webchat.migrating import MigratingService
from tests.desk import open_desk
from tests.ledger import Ledger
from tests.triggers import trigger
from tests.webchats import Site, open_web_chat
from tests.world import PASSWORD, HotelWorld, World

AT_ONCE = 200
ROUNDS = 20


@dataclass
class Pair:
    """A hotel's web chat, served by two processes' worth of services."""

    site: Site
    other: Site
    ledger: Ledger
    user: Profile

    @property
    def address(self) -> str:
        return f"webchat_user_{self.user.id}"

    @property
    def migrating(self) -> tuple[MigratingService, MigratingService]:
        return self.site.services.migrating, self.other.services.migrating

    async def written(self) -> list[str]:
        return await self.ledger.texts(Message.sender_type == "guest")


@pytest.fixture
async def pair(settings: Settings, world: World, hotel: HotelWorld, ledger: Ledger) -> AsyncIterator[Pair]:
    user_id = await world.user(hotel, "ana", UserType.GUEST)
    channel_id = await open_web_chat(ledger.database, hotel)
    async with ledger.database.read() as work:
        user = await work.users.profile(user_id)
    assert user is not None
    async with open_desk(settings, utc_now) as one, open_desk(settings, utc_now) as other:
        yield Pair(Site(one.services, hotel, channel_id), Site(other.services, hotel, channel_id), ledger, user)


def key_of(visitor: VisitorPrincipal) -> str:
    assert visitor.key is not None
    return visitor.key


async def test_of_two_hundred_sign_ins_at_once_one_moves_all(pair: Pair) -> None:
    visitor = pair.site.visitor()
    for text in ("Hello", "services"):
        await pair.site.say(visitor, text)
    before = await pair.ledger.rows(Message)

    await asyncio.gather(*(pair.migrating[each % 2].migrate(pair.user, key_of(visitor)) for each in range(AT_ONCE)))

    account = await pair.ledger.row(Account)
    assert account.address == pair.address
    chat = await pair.ledger.row(Chat)
    assert (chat.public_id, chat.former_ids, chat.account_id) == (pair.address, [visitor.account], account.id)
    after = await pair.ledger.rows(Message)
    assert [each.id for each in after] == [each.id for each in before]
    assert {each.chat_id for each in after} == {chat.id}
    assert (await pair.ledger.conversation()).account_id == account.id
    assert len(await pair.ledger.rows(Guest)) == 1
    told = [each for each in await pair.ledger.events(pair.user.hotel_id) if isinstance(each, AccountChanged)]
    assert told == [AccountChanged(channel_id=visitor.channel_id, account=visitor.account)]


async def test_a_message_at_the_moment_of_a_sign_in_moves_along_or_is_refused(pair: Pair) -> None:
    sent: list[str] = []
    for each in range(ROUNDS):
        visitor = pair.site.visitor()
        if each % 2:
            await pair.site.say(visitor, f"{each} before")
            sent.append(f"{each} before")

        async def say(site: Site, text: str, visitor: VisitorPrincipal = visitor) -> MessageView | Unauthenticated:
            try:
                return await site.say(visitor, text)
            except Unauthenticated as refused:
                return refused

        *answers, _ = await asyncio.gather(
            *(say(site, f"{each} {n} at once") for n, site in enumerate((pair.site, pair.other, pair.site))),
            pair.migrating[each % 2].migrate(pair.user, key_of(visitor)),
        )
        sent += [answer.content for answer in answers if isinstance(answer, MessageView)]

    assert sorted(await pair.written()) == sorted(sent)
    chat = await pair.ledger.row(Chat)
    assert chat.public_id == pair.address
    assert {each.chat_id for each in await pair.ledger.rows(Message)} == {chat.id}
    assert [each.address for each in await pair.ledger.rows(Account)] == [pair.address]
    assert len(await pair.ledger.rows(Conversation, Conversation.status != "closed")) == 1


async def test_of_two_users_who_sign_in_at_once_with_one_visitors_session_one_has_it(
    pair: Pair, world: World, hotel: HotelWorld
) -> None:
    bob_id = await world.user(hotel, "bob", UserType.GUEST)
    async with pair.ledger.database.read() as work:
        bob = await work.users.profile(bob_id)
    assert bob is not None
    visitor = pair.site.visitor()
    await pair.site.say(visitor, "Hello")

    first, second = pair.migrating
    await asyncio.gather(first.migrate(pair.user, key_of(visitor)), second.migrate(bob, key_of(visitor)))

    account = await pair.ledger.row(Account)
    session = await pair.ledger.row(VisitorSession)
    assert account.address == f"webchat_user_{session.user_id}"
    assert await pair.written() == ["Hello"]


async def test_a_failure_keeps_nobody_from_signing_in_and_the_next_sign_in_tries_again(pair: Pair) -> None:
    visitor = pair.site.visitor()
    await pair.site.say(visitor, "Hello")
    token = pair.site.services.visitors.token(key_of(visitor))

    async with trigger(pair.ledger.database, "UPDATE ON chats", "RAISE EXCEPTION 'no'"):
        signed_in = await pair.site.services.auth.sign_in("ana", PASSWORD, "192.0.2.7")
        assert not await pair.site.services.migrating.settle(signed_in.tokens.user, token)

    assert (await pair.ledger.row(VisitorSession)).ended_at is None
    assert (await pair.ledger.row(Account)).address == visitor.account
    await pair.site.say(visitor, "Still here")
    assert await pair.site.services.migrating.settle(signed_in.tokens.user, token)
    assert (await pair.ledger.row(Account)).address == pair.address
    assert await pair.written() == ["Hello", "Still here"]


async def test_what_was_written_to_another_hotel_stays_there(pair: Pair, world: World) -> None:
    alpine = await world.hotel("alpine-lodge", "700000000000009")
    there = Site(pair.site.services, alpine, await open_web_chat(pair.ledger.database, alpine))
    visitor = pair.site.visitor()
    await pair.site.say(visitor, "Here")
    await there.say(there.visitor(key_of(visitor)), "There")

    await pair.migrating[0].migrate(pair.user, key_of(visitor))

    rows = {each.hotel_id: each.address for each in await pair.ledger.rows(Account)}
    assert rows == {pair.user.hotel_id: pair.address, alpine.id: visitor.account}


async def test_chats_on_all_of_the_hotels_channels_move_together(pair: Pair) -> None:
    second = Site(
        pair.site.services, pair.site.hotel, await open_web_chat(pair.ledger.database, pair.site.hotel, "second")
    )
    visitor = pair.site.visitor()
    await pair.site.say(visitor, "Here")
    await second.say(second.visitor(key_of(visitor)), "And here")

    await pair.migrating[0].migrate(pair.user, key_of(visitor))

    assert {(each.channel_id, each.address) for each in await pair.ledger.rows(Account)} == {
        (pair.site.channel_id, pair.address),
        (second.channel_id, pair.address),
    }
    assert {each.public_id for each in await pair.ledger.rows(Chat)} == {pair.address}
    assert len(await pair.ledger.rows(Guest)) == 1


async def test_a_wish_to_be_left_alone_goes_along(pair: Pair) -> None:
    visitor = pair.site.visitor()
    await pair.site.say(visitor, "STOP")

    await pair.migrating[0].migrate(pair.user, key_of(visitor))

    assert (await pair.ledger.row(Account)).opted_out_at is not None
