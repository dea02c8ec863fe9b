"""What an account takes along when it becomes another guest's: all of it, and staff hear where it goes on."""

from datetime import date

import pytest
from sqlalchemy import insert

from app.core.events import Change, ConversationChanged
from app.core.principal import VisitorPrincipal
from app.core.types import Department, UserType
from app.models import Account, Conversation, Guest, Message, Request, Stay, StayClaim, User
from app.services.webchat.claims import Decision
from tests.desk import Desk, principal
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.webchats import Site
from tests.world import HotelWorld, World

KITCHEN = Conversation.department == Department.ROOM_SERVICE
RECEPTION = Conversation.department == Department.RECEPTION


@pytest.fixture
async def ann_id(world: World, hotel: HotelWorld) -> int:
    """A guest's user, who has no record as a guest yet."""
    return await world.user(hotel, "ann", UserType.GUEST)


@pytest.fixture
async def john_id(world: World, hotel: HotelWorld, ledger: Ledger) -> int:
    """A guest who stays in room 101, known by their number on WhatsApp; their guest's id."""
    await world.guest(hotel)
    guest_id: int = (await ledger.row(Guest)).id
    return guest_id


async def sign_in(site: Site, visitor: VisitorPrincipal, user_id: int) -> None:
    async with site.services.database.read() as work:
        user = await work.users.profile(user_id)
    assert user is not None
    assert visitor.key is not None
    await site.services.migrating.migrate(user, visitor.key)


async def prove(site: Site, ledger: Ledger, visitor: VisitorPrincipal) -> None:
    """The visitor says that they are John Doe in room 101, and staff confirm it."""
    await site.services.stay_claims.claim(visitor, "John Doe", "101")
    newest = (await ledger.rows(StayClaim))[-1]
    await site.services.stay_claims.decide(principal(site.hotel), newest.id, Decision(confirm=True))


async def moved(site: Site, ledger: Ledger) -> list[tuple[int, int | None]]:
    """The conversations of which staff were told that they go on elsewhere, and in which chat."""
    return [
        (each.conversation.id, None if each.conversation.chat is None else each.conversation.chat.id)
        for each in await ledger.events(site.hotel.id)
        if isinstance(each, ConversationChanged) and each.change is Change.MOVED
    ]


async def test_requests_of_what_was_cleared_are_the_members_too(site: Site, ledger: Ledger, ann_id: int) -> None:
    ann, visitor = site.user(ann_id), site.visitor()
    await site.say(ann, "Cleared at home")
    await site.services.webchat_chats.clear(ann, ann.account)
    await site.say(visitor, "Cleared on the road")
    await site.services.webchat_chats.clear(visitor, visitor.account)
    await site.say(visitor, "Kept")

    await sign_in(site, visitor, ann_id)

    member = await ledger.row(Guest)
    assert {each.guest_id for each in await ledger.rows(Request)} == {member.id}


async def test_requests_that_stand_in_no_chat_any_more_are_the_stays_guests(
    site: Site, ledger: Ledger, ann_id: int, john_id: int
) -> None:
    ann, visitor = site.user(ann_id), site.visitor()
    await site.say(ann, "Cleared")
    await site.services.webchat_chats.clear(ann, ann.account)
    await site.say(visitor, "Hello")
    await sign_in(site, visitor, ann_id)

    await prove(site, ledger, ann)

    assert {each.guest_id for each in await ledger.rows(Request)} == {john_id}
    assert [each.id for each in await ledger.rows(Guest)] == [john_id]


async def test_the_record_of_a_user_who_is_the_stays_guest_is_gone(
    site: Site, ledger: Ledger, ann_id: int, john_id: int
) -> None:
    """As somebody leaves it behind who has only registered."""
    async with ledger.database.transaction() as work:
        await work.connection.execute(insert(Guest).values(id=4711, hotel_id=site.hotel.id, full_name="Ann"))
    await ledger.change(User, User.id == ann_id, guest_id=4711)
    visitor = site.visitor()
    await prove(site, ledger, visitor)

    await sign_in(site, visitor, ann_id)

    assert (await ledger.row(User, User.id == ann_id)).guest_id == john_id
    assert [each.id for each in await ledger.rows(Guest)] == [john_id]


async def test_a_record_that_says_more_of_somebody_than_a_name_is_kept(site: Site, ledger: Ledger, ann_id: int) -> None:
    visitor = site.visitor()
    await site.say(visitor, "Hello")
    await ledger.change(Guest, date_of_birth=date(1980, 5, 17))

    await sign_in(site, visitor, ann_id)

    assert date(1980, 5, 17) in {each.date_of_birth for each in await ledger.rows(Guest)}


async def test_staff_who_sign_in_where_a_stay_was_proved_are_no_guest_of_it(
    site: Site, ledger: Ledger, john_id: int
) -> None:
    """As at the desk's own screen, which was shown to a guest."""
    rita_id, visitor = site.hotel.staff["rita"], site.visitor()
    await prove(site, ledger, visitor)

    await sign_in(site, visitor, rita_id)

    rita = await ledger.row(User, User.id == rita_id)
    assert rita.guest_id not in {None, john_id}
    assert (await ledger.row(Account)).guest_id == rita.guest_id
    conversation = await ledger.conversation()
    assert (conversation.guest_id, conversation.stay_id, conversation.status) == (rita.guest_id, None, "demo")
    assert (await ledger.row(Stay)).guest_id == john_id


async def test_a_conversation_that_comes_to_the_chat_by_a_proof_is_told_as_moved(
    site: Site, desk: Desk, ledger: Ledger, clock: HeldClock, john_id: int
) -> None:
    await desk.say("services", "1")
    kitchen = await ledger.conversation(KITCHEN)
    visitor = site.visitor()
    for text in ("services", "1"):
        await site.say(visitor, text)
    clock.move(minutes=1)
    await desk.answer(site.hotel, kitchen.id, "What would you like?")

    await prove(site, ledger, visitor)

    kept = await ledger.conversation(KITCHEN, Conversation.status != "closed")
    assert (kept.id, kept.chat_id is None) == (kitchen.id, False)
    assert await moved(site, ledger) == [(kitchen.id, kept.chat_id)]


async def test_a_conversation_that_a_claim_brings_to_the_chat_is_told_as_moved(
    site: Site, desk: Desk, ledger: Ledger, john_id: int
) -> None:
    john = site.guest(john_id, (await ledger.row(Stay)).id)
    await desk.say("services", "4")
    reception = await ledger.conversation(RECEPTION)

    await site.services.stay_claims.claim(john, "John Doe", "101")

    here = await ledger.conversation(RECEPTION)
    assert (here.id, here.chat_id is None) == (reception.id, False)
    assert await moved(site, ledger) == [(reception.id, here.chat_id)]


async def test_what_was_urgent_is_urgent_in_the_conversation_that_it_goes_on_in(
    site: Site, ledger: Ledger, ann_id: int
) -> None:
    ann, visitor = site.user(ann_id), site.visitor()
    for who in (visitor, ann):
        for text in ("services", "1"):
            await site.say(who, text)
    urgent, kept = await ledger.rows(Conversation, KITCHEN)
    await site.services.handling.prioritise(principal(site.hotel), urgent.id, 3)
    await site.answer(kept.id, "What would you like?")

    await sign_in(site, visitor, ann_id)

    standing = await ledger.conversation(KITCHEN, Conversation.status != "closed")
    assert (standing.id, standing.priority) == (kept.id, 3)


async def test_what_staff_have_to_say_to_a_claim_is_said_where_it_was_made(
    site: Site, ledger: Ledger, john_id: int
) -> None:
    visitor = site.visitor()
    await site.services.stay_claims.claim(visitor, "John Doe", "101")
    claimed = await ledger.conversation()
    await site.services.handling.close(principal(site.hotel), claimed.id)
    await site.say(visitor, "About my trip", chat_id="trip")
    claim = await ledger.row(StayClaim)

    await site.services.stay_claims.decide(principal(site.hotel), claim.id, Decision(confirm=True))

    told = await ledger.row(Message, Message.content.startswith("Thank you: the reception"))
    assert told.chat_id == claimed.chat_id
