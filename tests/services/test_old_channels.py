"""What is still said on the channel from which a guest's conversation has moved."""

from typing import Any

import pytest

from app.core.drafts import GuestDraft
from app.core.events import Change, ConversationChanged
from app.core.principal import Principal
from app.core.types import ConversationStatus, Department, OutboxState, Platform
from app.models import Account, Conversation, Delivery, Message
from app.services.handling.service import HandlingService
from tests.channels.whatsapp_payloads import change, document, encode
from tests.desk import GUEST, Desk, replying, status
from tests.fake_graph import SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World, text_message

RELAY = ConversationStatus.RELAY


@pytest.fixture
async def moved(desk: Desk, ledger: Ledger, hotel: HotelWorld, world: World, clock: HeldClock) -> Any:
    """The guest's conversation with Reception: it was on WhatsApp, where staff's last words are known as wamid.TEN, and
    went to the hotel's own channel a day later."""
    await world.guest(hotel)
    await desk.say("services", "3", "When is breakfast?")
    relayed = await ledger.conversation()
    (answer,) = await desk.answer(hotel, relayed.id, "At ten")
    await ledger.change(Message, Message.id == answer, external_id="wamid.TEN")
    clock.move(hours=25)
    await desk.services.guest_webhook.receive(GuestDraft(number=f"+{GUEST}", text="By the app now"))
    row = await ledger.conversation()
    assert (row.id, row.channel_id == hotel.channel_id) == (relayed.id, False)
    return row


async def from_the_phone(desk: Desk, text: str, **more: object) -> None:
    """Somebody of the hotel writes to the guest in WhatsApp's own app."""
    echo = {key: value for key, value in text_message(text, GUEST).items() if key != "_profile"}
    echo |= {"from": "12025550100", "to": GUEST, **more}
    value = change(number=SEA_VIEW_NUMBER, field="smb_message_echoes", message_echoes=[echo])
    await desk.take(encode(document(value)))


async def quotes(desk: Desk, clock: HeldClock, text: str, external_id: str = "wamid.TEN") -> None:
    message = text_message(text, GUEST) | {"timestamp": str(int(clock().timestamp()))}
    await desk.take_messages(replying(message, external_id))


async def home_of(ledger: Ledger, text: str) -> Any:
    """The conversation in which this stands."""
    message = await ledger.row(Message, Message.content == text)
    return await ledger.conversation(Conversation.id == message.conversation_id)


async def changes(ledger: Ledger, hotel: HotelWorld) -> list[tuple[int, Change, Platform]]:
    found = [each for each in await ledger.events(hotel.id) if isinstance(each, ConversationChanged)]
    return [(each.conversation.id, each.change, each.conversation.platform) for each in found]


async def test_an_answer_from_the_phone_stands_in_the_one_that_has_moved_and_leaves_it_there(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, moved: Any, clock: HeldClock
) -> None:
    told = await changes(ledger, hotel)
    await from_the_phone(desk, "Rita here")

    home = await ledger.conversation()
    assert (home.id, home.channel_id, home.waiting_since) == (moved.id, moved.channel_id, None)
    assert home.last_staff_message_at == clock.now
    answer = await ledger.row(Message, Message.content == "Rita here")
    assert (answer.conversation_id, answer.channel_id) == (moved.id, hotel.channel_id)
    assert await changes(ledger, hotel) == told


async def test_an_answer_from_the_phone_to_what_the_guest_then_told_the_flow_stands_with_that(
    desk: Desk, ledger: Ledger, moved: Any
) -> None:
    await desk.say("services")
    await from_the_phone(desk, "Rita here")

    home = await home_of(ledger, "Rita here")
    assert home.id != moved.id
    assert home.status is RELAY


async def test_where_the_flow_has_said_nothing_since_an_answer_from_the_phone_is_not_its_affair(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, world: World
) -> None:
    """The bot's conversation stays behind on WhatsApp where the flow has fetched Reception's."""
    await world.guest(hotel)
    own = (await desk.services.guest_webhook.receive(GuestDraft(number=f"+{GUEST}", text="Hello"))).conversation_id
    await desk.say("services", "3", "By phone")
    async with ledger.database.transaction() as work:
        state = await work.conversations.lock(own)
        assert state is not None
        account = await ledger.row(Account, Account.channel_id != hotel.channel_id)
        state.move_to(account.channel_id, Platform.INTERNAL, account.id, account.address)
        await work.conversations.save(state)

    await from_the_phone(desk, "Rita here")

    assert (await home_of(ledger, "Rita here")).id == own
    bots = await ledger.conversation(Conversation.id != own)
    assert bots.status is ConversationStatus.ACTIVE


async def test_a_quote_of_what_staff_wrote_there_is_for_them_and_brings_the_conversation_along(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, moved: Any, clock: HeldClock
) -> None:
    await quotes(desk, clock, "Rather at eleven")

    home = await ledger.conversation()
    assert (home.id, home.channel_id, home.status) == (moved.id, hotel.channel_id, RELAY)
    assert home.waiting_since is not None
    assert await ledger.texts(Message.sender_type == "system", Message.created_at == clock.now) == []
    assert (await changes(ledger, hotel))[-1] == (moved.id, Change.MOVED, Platform.WHATSAPP)
    (answer,) = await desk.answer(hotel, moved.id, "At eleven, then")
    left = await ledger.row(Delivery, Delivery.message_id == answer)
    assert (left.channel_id, left.address) == (hotel.channel_id, GUEST)


async def test_a_quote_of_what_is_with_the_flow_again_or_closed_is_the_flows(
    desk: Desk,
    ledger: Ledger,
    hotel: HotelWorld,
    moved: Any,
    clock: HeldClock,
    handling: HandlingService,
    rita: Principal,
) -> None:
    await handling.end_relay(rita, moved.id)
    await quotes(desk, clock, "Rather at eleven")
    assert (await home_of(ledger, "Rather at eleven")).id != moved.id

    await handling.close(rita, moved.id)
    await quotes(desk, clock, "Or at twelve")
    assert (await home_of(ledger, "Or at twelve")).id != moved.id


async def test_a_quote_goes_to_the_departments_own_on_the_channel_where_there_is_one(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, moved: Any, clock: HeldClock
) -> None:
    async with ledger.database.transaction() as work:
        account = await ledger.row(Account, Account.channel_id == hotel.channel_id)
        other, _ = await work.conversations.open(
            hotel_id=hotel.id,
            guest_id=moved.guest_id,
            channel_id=hotel.channel_id,
            account_id=account.id,
            stay_id=moved.stay_id,
            status=RELAY,
            department=Department.RECEPTION,
        )

    await quotes(desk, clock, "Rather at eleven")

    assert (await home_of(ledger, "Rather at eleven")).id == other.id
    assert (await ledger.conversation(Conversation.id == moved.id)).channel_id == moved.channel_id


async def test_what_the_old_channel_refuses_for_its_window_waits_for_the_guest_there(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, moved: Any, clock: HeldClock
) -> None:
    sent = await ledger.row(Message, Message.external_id == "wamid.TEN")
    delivery = Delivery.message_id == sent.id
    await ledger.change(Delivery, delivery, state=OutboxState.SENT, attempts=1, finished_at=clock.now)
    await ledger.change(Account, Account.channel_id != hotel.channel_id, address="4711")
    now = str(int(clock.now.timestamp()))
    closed = {"code": 131047, "title": "Re-engagement message"}

    await desk.take_statuses(status("wamid.TEN", "failed", errors=[closed], timestamp=now))

    held = await ledger.row(Delivery, delivery)
    assert (held.state, held.channel_id, held.address) == (OutboxState.HELD, hotel.channel_id, GUEST)
    await desk.say("services")
    assert (await ledger.row(Delivery, delivery)).state is OutboxState.PENDING


async def test_a_move_is_told_by_whatever_it_came_about(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, moved: Any, clock: HeldClock
) -> None:
    assert (await changes(ledger, hotel))[-1] == (moved.id, Change.MOVED, Platform.INTERNAL)

    await desk.say("services", "3")

    assert (await changes(ledger, hotel))[-2:] == [
        (moved.id, Change.MOVED, Platform.WHATSAPP),
        (moved.id, Change.RELAY_STARTED, Platform.WHATSAPP),
    ]
