"""A guest's conversation with a department comes along to where they write now."""

import asyncio

import pytest
from sqlalchemy import update

from app.core.clock import utc_now
from app.core.drafts import Draft, GuestDraft
from app.core.events import Change, ConversationChanged
from app.core.principal import Principal
from app.core.types import ConversationStatus, Department, OutboxState, Platform
from app.models import Account, Channel, Conversation, Delivery, Message
from app.services.handling.service import HandlingService
from app.services.outbox.service import Outbox
from tests.addresses import account, channel
from tests.colleagues import refusal
from tests.desk import GUEST, Desk
from tests.eventually import eventually
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World, text_message

NUMBER = f"+{GUEST}"
RECEPTION, ROOMS = Department.RECEPTION, Department.HOUSEKEEPING
ROUNDS = 20
TO_RECEPTION = ("services", "3")


@pytest.fixture
async def hotel(hotel: HotelWorld, world: World) -> HotelWorld:
    """With a guest who stays."""
    await world.guest(hotel)
    return hotel


async def post(desk: Desk, text: str) -> int:
    """What the guest writes by the hotel's own program; the conversation in which it stands."""
    return (await desk.services.guest_webhook.receive(GuestDraft(number=NUMBER, text=text))).conversation_id


@pytest.fixture
async def by_app(desk: Desk, hotel: HotelWorld) -> int:
    """The guest's with Reception, on the hotel's own channel."""
    return await post(desk, "Hello by the app")


@pytest.fixture
async def by_bot(ledger: Ledger, hotel: HotelWorld, handling: HandlingService, rita: Principal) -> int:
    """The guest's with Reception, on Telegram."""
    made = await handling.create(rita, NUMBER, RECEPTION)
    telegram = await channel(ledger, hotel, Platform.TELEGRAM, "bot")
    await ledger.change(Conversation, channel_id=telegram, account_id=await account(ledger, hotel, telegram, "4711"))
    return made.id


async def with_reception(ledger: Ledger) -> list[Conversation]:
    open_ones = Conversation.status != ConversationStatus.CLOSED
    found: list[Conversation] = await ledger.rows(Conversation, open_ones, Conversation.department == RECEPTION)
    return found


async def test_the_flow_goes_on_in_the_open_one_of_another_channel_which_comes_along(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock, by_app: int
) -> None:
    await desk.say(*TO_RECEPTION, "Are you there?")

    (row,) = await with_reception(ledger)
    assert (row.id, row.channel_id, row.relayed_at) == (by_app, hotel.channel_id, clock.now)
    reached = await ledger.row(Account, Account.id == row.account_id)
    assert (reached.channel_id, reached.address) == (hotel.channel_id, GUEST)
    assert (await ledger.row(Message, Message.content == "Are you there?")).conversation_id == by_app
    bots = await ledger.conversation(Conversation.id != by_app)
    assert (bots.status, bots.department, bots.current_step) == (ConversationStatus.ACTIVE, None, None)
    told = [each for each in await ledger.events(hotel.id) if isinstance(each, ConversationChanged)][-1]
    assert (told.change, told.conversation.id) == (Change.RELAY_STARTED, by_app)
    assert told.conversation.platform is Platform.WHATSAPP


async def test_staffs_answer_then_leaves_for_where_the_guest_wrote_last(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, by_app: int
) -> None:
    await desk.say(*TO_RECEPTION)

    (answer,) = await desk.answer(hotel, by_app, "Of course")

    left = await ledger.row(Delivery, Delivery.message_id == answer)
    assert (left.channel_id, left.address) == (hotel.channel_id, GUEST)
    async with ledger.database.read() as work:
        view = await work.views.get(by_app)
    assert view is not None
    assert (view.platform, view.window_closes_at is not None) == (Platform.WHATSAPP, True)


async def test_a_post_goes_on_in_the_one_that_cannot_be_answered_where_it_stands_which_comes_along(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await desk.say(*TO_RECEPTION)
    (before,) = await with_reception(ledger)
    clock.move(hours=25)

    assert await post(desk, "By the app now") == before.id

    (row,) = await with_reception(ledger)
    own = await ledger.row(Channel, Channel.platform == Platform.INTERNAL)
    assert (row.id, row.channel_id) == (before.id, own.id)
    stored = await ledger.row(Message, Message.content == "By the app now")
    assert stored.channel_id == own.id
    (answer,) = await desk.answer(hotel, row.id, "Good morning")
    assert (await ledger.row(Delivery, Delivery.message_id == answer)).channel_id == own.id


async def test_a_post_goes_on_with_the_department_to_which_staff_have_handed_it(
    desk: Desk,
    handling: HandlingService,
    ledger: Ledger,
    hotel: HotelWorld,
    rita: Principal,
    clock: HeldClock,
    by_app: int,
) -> None:
    await handling.transfer(rita, by_app, ROOMS)
    assert await post(desk, "And towels") == by_app

    await handling.close(rita, by_app)
    other = await post(desk, "Something else")
    assert other != by_app
    assert [each.id for each in await with_reception(ledger)] == [other]

    clock.move(minutes=1)
    await handling.reopen(rita, by_app)
    assert await post(desk, "And soap") == by_app
    clock.move(minutes=1)
    await desk.answer(hotel, other, "Here we are")
    assert await post(desk, "Thank you") == other


async def test_what_waits_on_the_old_channel_keeps_it_and_is_in_nobodys_way(
    desk: Desk, outbox: Outbox, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await desk.say(*TO_RECEPTION)
    (row,) = await with_reception(ledger)
    old = await desk.answer(hotel, row.id, "First", "Second")
    await ledger.change(Channel, Channel.id == hotel.channel_id, paused_at=clock.now)
    await post(desk, "By the app now")

    (new,) = await desk.answer(hotel, row.id, "Third")
    assert [each.message_id for each in await outbox.claim(10)] == [new]

    left = [await ledger.row(Delivery, Delivery.message_id == each) for each in old]
    assert [(each.state, each.channel_id, each.address) for each in left] == [
        (OutboxState.PENDING, hotel.channel_id, GUEST)
    ] * 2
    flows = Delivery.message_id < old[0]
    await ledger.change(Delivery, flows, state=OutboxState.SENT)
    await ledger.change(Channel, Channel.id == hotel.channel_id, paused_at=None)
    assert [each.message_id for each in await outbox.claim(10)] == [old[0]], "and in their order"


async def test_what_another_channels_provider_knows_is_no_quote_no_reaction_and_not_read_back(
    desk: Desk, outbox: Outbox, ledger: Ledger, hotel: HotelWorld, rita: Principal, by_bot: int
) -> None:
    assert await post(desk, "By Telegram") == by_bot
    await ledger.change(Message, external_id="tg-1")
    theirs = (await ledger.row(Message)).id
    await desk.say(*TO_RECEPTION)
    assert [each.channel_id for each in await with_reception(ledger)] == [hotel.channel_id]

    assert (await refusal(desk.services.sending.react(rita, theirs, "👍")))[:2] == (409, "no_reaction")
    async with ledger.database.transaction() as work:
        assert await work.messages.newest_of_guest(by_bot) is None
        await work.connection.execute(update(Message).values(read_at=None))
        newly = await work.reading.mark_read(by_bot, utc_now())
        assert (newly.ids, newly.external_id) == ((theirs,), None)
    draft = Draft(text="As you said", reply_to_message_id=theirs)
    answer = (await desk.services.sending.send(rita, by_bot, draft)).message
    (leaving,) = [each for each in await outbox.claim(10) if each.message_id == answer.id]
    assert leaving.reply_to is None


async def test_what_failed_on_the_old_channel_is_sent_again_by_that_one(
    desk: Desk, ledger: Ledger, clock: HeldClock, by_bot: int
) -> None:
    telegram = (await ledger.conversation()).channel_id
    await post(desk, "By Telegram")
    async with ledger.database.transaction() as work:
        state = await work.conversations.lock(by_bot)
        assert state is not None
        old = (await ledger.row(Message)).id
        await work.deliver(state, old, clock.now)
    await ledger.change(Delivery, state=OutboxState.DEAD)
    await desk.say(*TO_RECEPTION)
    assert (await ledger.conversation(Conversation.id == by_bot)).channel_id != telegram

    async with ledger.database.transaction() as work:
        assert await work.deliveries.requeue(old, clock.now)

    again = await ledger.row(Delivery, Delivery.message_id == old)
    assert (again.state, again.channel_id, again.address) == (OutboxState.PENDING, telegram, "4711")


async def test_what_the_guest_reacts_to_from_the_old_channel_is_kept_as_that_channels(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await desk.say(*TO_RECEPTION)
    (row,) = await with_reception(ledger)
    (answer,) = await desk.answer(hotel, row.id, "At ten")
    await ledger.change(Message, Message.id == answer, external_id="wamid.TEN")
    clock.move(hours=25)
    await post(desk, "By the app now")
    assert (await ledger.conversation(Conversation.id == row.id)).channel_id != hotel.channel_id

    reaction = {key: value for key, value in text_message("", GUEST).items() if key != "text"}
    about = {"message_id": "wamid.TEN", "emoji": "👍"}
    await desk.take_messages(reaction | {"type": "reaction", "reaction": about})

    kept = await ledger.row(Message, Message.type == "reaction")
    assert (kept.conversation_id, kept.channel_id, kept.reply_to_id) == (row.id, hotel.channel_id, answer)


async def test_of_a_flow_and_a_post_at_once_the_second_goes_on_in_the_firsts(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    """Each waits for the guest's row before it looks."""
    await desk.say("services")
    bots = await ledger.conversation()
    for _ in range(ROUNDS):
        async with ledger.database.transaction() as work:
            await work.guests.lock(bots.guest_id)
            both = [asyncio.create_task(desk.say("3")), asyncio.create_task(post(desk, "By the app"))]
            await eventually(lambda: ledger.are_waiting(2))
        await asyncio.gather(*both)

        assert len(await with_reception(ledger)) == 1
        await ledger.change(Conversation, status=ConversationStatus.CLOSED)
        await desk.say("services")
