"""A failed message once more: by whom, when, and never as a double that nobody knows of."""

import asyncio

import msgspec
import pytest

from app.core.drafts import GuestDraft
from app.core.errors import Conflict, Forbidden, NotFound
from app.core.principal import Principal
from app.core.types import DeliveryStatus, Department, MessageType, OutboxState, UserType
from app.models import Account, Channel, Conversation, Delivery, Message
from app.services.outbox.service import MAX_ATTEMPTS
from tests.desk import GUEST, WELCOME, Desk, principal, status
from tests.ledger import Ledger
from tests.senders import WAIT, Sending, send_due, states, told
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World

UNREACHABLE = 131026


@pytest.fixture
def rita(hotel: HotelWorld) -> Principal:
    return principal(hotel)


@pytest.fixture
async def failed(sending: Sending) -> int:
    """A message that the provider has refused for good; its id."""
    await sending.desk.say("Hello")
    await sending.graph.fail(code=UNREACHABLE)
    await send_due(sending.outbox)
    message = await sending.ledger.row(Message, Message.delivery_status == DeliveryStatus.FAILED)
    assert message.delivery_error_code == UNREACHABLE
    message_id: int = message.id
    return message_id


async def test_it_is_queued_told_and_sent_as_if_it_were_new(sending: Sending, rita: Principal, failed: int) -> None:
    queued = await sending.desk.services.resend.retry(rita, failed)

    assert (queued.id, queued.delivery_status) == (failed, DeliveryStatus.QUEUED)
    assert (queued.delivery_error, queued.delivery_error_code) == (None, None)
    assert (await sending.ledger.row(Delivery)).attempts == 0
    assert await send_due(sending.outbox) == [1]
    assert await sending.graph.texts(GUEST) == [WELCOME]
    assert (await sending.ledger.row(Delivery)).repeated is False
    assert [each.delivery_status for each in await told(sending.ledger, sending.hotel)] == ["failed", "queued", "sent"]


async def test_its_day_and_its_tries_begin_anew(sending: Sending, rita: Principal, failed: int) -> None:
    sending.clock.move(hours=23, minutes=30)
    await sending.desk.services.resend.retry(rita, failed)
    await sending.graph.fail(status=500, times=MAX_ATTEMPTS - 1)
    for _ in range(MAX_ATTEMPTS - 1):
        await send_due(sending.outbox)
        sending.clock.move(minutes=1)
    sending.clock.move(minutes=10)

    assert await sending.outbox.expire() == 0
    assert await states(sending.ledger) == [OutboxState.PENDING]


async def test_what_the_provider_took_and_then_reported_as_failed_can_be_sent_again(
    sending: Sending, rita: Principal
) -> None:
    await sending.desk.say("Hello")
    await send_due(sending.outbox)
    message = await sending.ledger.row(Message, Message.sender_type != "guest")
    error = {"code": UNREACHABLE, "title": "Message undeliverable"}
    await sending.desk.take_statuses(status(message.external_id, "failed", delivery_id=1, errors=[error]))

    await sending.desk.services.resend.retry(rita, message.id)
    assert await send_due(sending.outbox) == [1]

    again = await sending.ledger.row(Message, Message.sender_type != "guest")
    assert again.delivery_status == DeliveryStatus.SENT
    assert again.external_id != message.external_id
    await sending.desk.take_statuses(status(again.external_id, "delivered", delivery_id=1))
    assert (await sending.ledger.row(Message, Message.id == message.id)).delivery_status == DeliveryStatus.DELIVERED


async def test_what_may_have_arrived_is_sent_again_only_as_a_repeat_and_by_itself_no_more(
    sending: Sending, rita: Principal
) -> None:
    await sending.desk.say("Hello")
    await sending.graph.fail(drop=True, times=3)
    for _ in range(2):
        await send_due(sending.outbox)
        sending.clock.now += WAIT
    message = await sending.ledger.row(Message, Message.delivery_status == DeliveryStatus.FAILED)

    await sending.desk.services.resend.retry(rita, message.id)
    assert (await sending.ledger.row(Delivery)).repeated is True
    assert await send_due(sending.outbox) == [1]
    sending.clock.now += WAIT

    assert await send_due(sending.outbox) == []
    assert await states(sending.ledger) == [OutboxState.DEAD]
    assert len(await sending.graph.sent(GUEST)) == 3


async def test_what_was_given_up_unconfirmed_is_a_repeat_as_well(sending: Sending, rita: Principal) -> None:
    await sending.desk.say("Hello")
    await sending.graph.fail(drop=True)
    await send_due(sending.outbox)
    sending.clock.move(hours=23)
    await sending.desk.say("Hello?")
    sending.clock.move(hours=1, seconds=1)
    assert await sending.outbox.expire() == 1
    message = await sending.ledger.row(Message, Message.delivery_status == DeliveryStatus.FAILED)

    await sending.desk.services.resend.retry(rita, message.id)

    assert [each.repeated for each in await sending.ledger.rows(Delivery)] == [True, False]


async def test_a_status_that_comes_after_all_settles_what_was_queued_again(sending: Sending, rita: Principal) -> None:
    await sending.desk.say("Hello")
    await sending.graph.fail(drop=True, times=2)
    for _ in range(2):
        await send_due(sending.outbox)
        sending.clock.now += WAIT
    message = await sending.ledger.row(Message, Message.delivery_status == DeliveryStatus.FAILED)
    await sending.desk.services.resend.retry(rita, message.id)

    await sending.desk.take_statuses(status("wamid.AFTER_ALL", "delivered", delivery_id=1))

    assert await send_due(sending.outbox) == []
    assert await states(sending.ledger) == [OutboxState.SENT]


@pytest.mark.parametrize("times", [0, 2], ids=["sent", "queued again already"])
async def test_what_has_not_failed_is_not_sent_again(sending: Sending, rita: Principal, times: int) -> None:
    await sending.desk.say("Hello")
    if times:
        await sending.graph.fail(code=UNREACHABLE)
    await send_due(sending.outbox)
    guests, flows = await sending.ledger.rows(Message)
    if times:
        await sending.desk.services.resend.retry(rita, flows.id)

    for message in (guests, flows):
        with pytest.raises(Conflict) as refused:
            await sending.desk.services.resend.retry(rita, message.id)
        assert refused.value.code == "not_failed"
    assert await states(sending.ledger) == [OutboxState.PENDING if times else OutboxState.SENT]


async def test_after_the_window_only_a_template_is_sent_again(
    desk: Desk, ledger: Ledger, clock: HeldClock, rita: Principal, failed: int
) -> None:
    clock.move(hours=24)
    with pytest.raises(Conflict) as refused:
        await desk.services.resend.retry(rita, failed)
    assert refused.value.code == "window_closed"
    assert await states(ledger) == [OutboxState.DEAD]

    await ledger.change(Message, Message.id == failed, type=MessageType.TEMPLATE)
    assert (await desk.services.resend.retry(rita, failed)).delivery_status is DeliveryStatus.QUEUED


@pytest.fixture
async def left_behind(
    desk: Desk, hotel: HotelWorld, ledger: Ledger, world: World, clock: HeldClock, sending: Sending
) -> int:
    """A message of staff that WhatsApp has refused, in a conversation that has moved to the hotel's own channel."""
    await world.guest(hotel)
    await desk.say("services", "3")
    (answer,) = await desk.answer(hotel, (await ledger.conversation()).id, "At ten")
    await sending.graph.fail(code=UNREACHABLE, times=5)
    await send_due(sending.outbox)
    await sending.graph.mend()
    await ledger.change(Channel, Channel.id == hotel.channel_id, paused_at=clock.now)
    await desk.services.guest_webhook.receive(GuestDraft(number=f"+{GUEST}", text="By the app now"))
    await ledger.change(Channel, Channel.id == hotel.channel_id, paused_at=None)
    assert (await ledger.conversation()).channel_id != hotel.channel_id
    return answer


async def test_what_a_moved_conversation_has_left_behind_is_judged_by_the_window_of_its_own_channel(
    desk: Desk, ledger: Ledger, clock: HeldClock, rita: Principal, left_behind: int
) -> None:
    clock.move(hours=25)
    with pytest.raises(Conflict) as refused:
        await desk.services.resend.retry(rita, left_behind)
    assert refused.value.code == "window_closed"

    await ledger.change(Account, Account.address == GUEST, last_inbound_at=clock.now)
    assert (await desk.services.resend.retry(rita, left_behind)).delivery_status is DeliveryStatus.QUEUED


async def test_the_closed_window_of_the_channel_it_moved_to_does_not_concern_it(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock, rita: Principal, left_behind: int
) -> None:
    delivery = Delivery.message_id == left_behind
    there = (await ledger.row(Account, Account.channel_id != hotel.channel_id)).channel_id
    before = await ledger.row(Account, Account.channel_id == hotel.channel_id)
    own = await ledger.row(Account, Account.channel_id == there)
    await ledger.change(Conversation, channel_id=hotel.channel_id, account_id=before.id)
    await ledger.change(Delivery, delivery, channel_id=there, address=own.address)
    clock.move(hours=25)

    assert (await desk.services.resend.retry(rita, left_behind)).delivery_status is DeliveryStatus.QUEUED


async def test_whoever_said_stop_on_the_channel_by_which_it_leaves_gets_no_template_again(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock, rita: Principal, left_behind: int
) -> None:
    await ledger.change(Message, Message.id == left_behind, type=MessageType.TEMPLATE)
    await ledger.change(Account, Account.channel_id == hotel.channel_id, opted_out_at=clock.now)
    clock.move(hours=25)

    with pytest.raises(Conflict) as refused:
        await desk.services.resend.retry(rita, left_behind)
    assert refused.value.code == "opted_out"

    await ledger.change(Account, Account.channel_id == hotel.channel_id, opted_out_at=None)
    await ledger.change(Account, Account.channel_id != hotel.channel_id, opted_out_at=clock.now)
    assert (await desk.services.resend.retry(rita, left_behind)).delivery_status is DeliveryStatus.QUEUED


async def test_it_is_for_those_who_see_the_conversation(
    desk: Desk, world: World, ledger: Ledger, rita: Principal, failed: int
) -> None:
    elsewhere = await world.hotel("elsewhere", "700000000000009")
    await world.user(elsewhere, "otto")
    with pytest.raises(NotFound):
        await desk.services.resend.retry(principal(elsewhere), failed)
    with pytest.raises(NotFound):
        await desk.services.resend.retry(rita, 4711)

    await ledger.change(Conversation, department=Department.HOUSEKEEPING)
    cafe = frozenset({Department.CAFE})
    waiter = msgspec.structs.replace(rita, user_type=UserType.DEPARTMENT_STAFF, departments=cafe)
    with pytest.raises(Forbidden):
        await desk.services.resend.retry(waiter, failed)


async def test_of_two_who_retry_at_once_one_is_told(sending: Sending, rita: Principal, failed: int) -> None:
    done = await asyncio.gather(
        *(sending.desk.services.resend.retry(rita, failed) for _ in range(2)), return_exceptions=True
    )

    assert sorted(isinstance(each, Conflict) for each in done) == [False, True]
    assert await send_due(sending.outbox) == [1]
    assert await sending.graph.texts(GUEST) == [WELCOME]
