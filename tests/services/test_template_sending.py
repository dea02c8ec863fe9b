"""A template that is sent: as the guest reads it, to whom it may go, and what is refused."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert

from app.channels.base import NotSendable
from app.core.errors import Conflict, Invalid, NotFound
from app.core.events import Change, ConversationChanged, MessageCreated, MessagesRead
from app.core.templates import TemplateRequest
from app.core.types import ConversationStatus, DeliveryStatus, MediaState, MessageType, OutboxState
from app.core.views import MessageView
from app.models import Account, Conversation, Delivery, Media, Message
from app.services.outbox.service import Outbox
from app.services.templates.content import template_out
from app.services.templates.service import TemplateService
from app.store.database import Database
from tests.desk import GUEST, Desk, principal
from tests.ledger import Ledger
from tests.senders import failures, send_due
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World

REMINDER: dict[str, Any] = {"name": "checkout_reminder", "language": "en", "body": {"1": "Inês", "2": "11:00"}}


@pytest.fixture
def hotel(business_hotel: HotelWorld) -> HotelWorld:
    return business_hotel


@pytest.fixture(autouse=True)
async def listed(hotel: HotelWorld, templates: TemplateService) -> None:
    await templates.refresh(principal(hotel), hotel.channel_id)


async def send(templates: TemplateService, hotel: HotelWorld, conversation: int, **request: Any) -> MessageView:
    wanted = TemplateRequest(**(REMINDER | request))
    return await templates.send(principal(hotel), conversation, wanted)


async def test_it_stands_as_the_guest_reads_it_and_waits_in_the_outbox(
    hotel: HotelWorld, conversation: int, templates: TemplateService, ledger: Ledger
) -> None:
    sent = await send(templates, hotel, conversation)

    text = "Good morning Inês, check-out is until 11:00 today. Shall we store your luggage?"
    assert (sent.type, sent.content, sent.delivery_status) == (MessageType.TEMPLATE, text, DeliveryStatus.QUEUED)
    assert sent.details["template"]["category"] == "UTILITY"
    out = template_out(sent.details)
    assert (out.name, out.language) == ("checkout_reminder", "en")
    assert out.components[0]["parameters"][1] == {"type": "text", "text": "11:00"}
    assert (await ledger.rows(Delivery))[-1].message_id == sent.id
    assert (await ledger.conversation()).last_message_preview == text


async def test_it_takes_the_conversation_over_from_the_flow(
    hotel: HotelWorld, conversation: int, templates: TemplateService, ledger: Ledger
) -> None:
    sent = await send(templates, hotel, conversation)
    assert (await ledger.conversation()).status is ConversationStatus.RELAY
    *_, changed, created, read = await ledger.events(hotel.id)
    assert isinstance(changed, ConversationChanged)
    assert changed.change is Change.RELAY_STARTED
    assert isinstance(created, MessageCreated)
    assert created.message == sent
    assert isinstance(read, MessagesRead), "whoever writes has read"


async def test_it_reopens_a_closed_conversation_and_opens_no_window(
    hotel: HotelWorld,
    conversation: int,
    templates: TemplateService,
    ledger: Ledger,
    clock: HeldClock,
) -> None:
    await ledger.change(Conversation, status=ConversationStatus.CLOSED, closed_at=clock.now)
    clock.move(hours=30)
    before = await templates_window(ledger)
    await send(templates, hotel, conversation)
    row = await ledger.conversation()
    assert (row.status, row.closed_at) == (ConversationStatus.RELAY, None)
    assert await templates_window(ledger) == before


async def test_the_same_client_id_sends_it_once(
    hotel: HotelWorld, conversation: int, templates: TemplateService, ledger: Ledger
) -> None:

    ours = uuid4()
    request = TemplateRequest(**REMINDER)
    both = [await templates.send(principal(hotel), conversation, request, client_message_id=ours) for _ in range(2)]
    assert both[0] == both[1]
    assert len(await ledger.rows(Message, Message.type == MessageType.TEMPLATE)) == 1


async def test_bad_values_are_all_named_and_nothing_is_sent(
    hotel: HotelWorld, conversation: int, templates: TemplateService, ledger: Ledger
) -> None:
    before = len(await ledger.rows(Message))
    with pytest.raises(Invalid) as refused:
        await send(templates, hotel, conversation, body={"1": "a\nb", "x": "y"})
    assert refused.value.details is not None
    assert refused.value.details.keys() == {"body.1", "body.2", "body.x"}
    assert len(await ledger.rows(Message)) == before


async def test_a_template_that_is_not_there_or_not_approved_is_refused(
    hotel: HotelWorld, conversation: int, templates: TemplateService
) -> None:
    with pytest.raises(NotFound):
        await send(templates, hotel, conversation, language="de")
    with pytest.raises(Conflict) as refused:
        await send(templates, hotel, conversation, name="pool_closed", body={"1": "Friday"})
    assert refused.value.code == "template_not_sendable"


async def test_a_guest_who_opted_out_gets_no_marketing_and_what_answers_them_alone(
    hotel: HotelWorld,
    conversation: int,
    templates: TemplateService,
    ledger: Ledger,
    clock: HeldClock,
) -> None:
    await ledger.change(Account, opted_out_at=clock.now, last_inbound_at=clock.now)
    with pytest.raises(Conflict) as refused:
        await send(templates, hotel, conversation, name="spring_offer", body={})
    assert refused.value.code == "opted_out"
    await send(templates, hotel, conversation)

    clock.move(hours=24)
    with pytest.raises(Conflict) as refused:
        await send(templates, hotel, conversation)
    assert refused.value.code == "opted_out"


async def test_what_failed_is_not_sent_again_to_a_guest_who_opted_out_meanwhile(
    desk: Desk,
    hotel: HotelWorld,
    conversation: int,
    templates: TemplateService,
    ledger: Ledger,
    clock: HeldClock,
) -> None:
    sent = await send(templates, hotel, conversation, name="spring_offer", body={})
    await ledger.change(Message, Message.id == sent.id, delivery_status=DeliveryStatus.FAILED)
    await ledger.change(Delivery, Delivery.message_id == sent.id, state=OutboxState.DEAD)
    await ledger.change(Account, opted_out_at=clock.now)

    with pytest.raises(Conflict) as refused:
        await desk.services.resend.retry(principal(hotel), sent.id)
    assert refused.value.code == "opted_out"

    await ledger.change(Account, opted_out_at=None)
    assert (await desk.services.resend.retry(principal(hotel), sent.id)).delivery_status is DeliveryStatus.QUEUED


async def test_what_was_queued_before_a_guest_opted_out_fails_as_it_would_leave_and_answers_go(
    desk: Desk,
    hotel: HotelWorld,
    conversation: int,
    templates: TemplateService,
    ledger: Ledger,
    outbox: Outbox,
) -> None:
    offer = await send(templates, hotel, conversation, name="spring_offer", body={})
    reminder = await send(templates, hotel, conversation)
    await desk.say("STOP")
    [answer] = await desk.answer(hotel, conversation, "As you wish")

    await send_due(outbox)

    assert await failures(ledger, hotel) == [(offer.id, "This guest has asked not to be written to unasked.")]
    rows = await ledger.rows(Message, Message.delivery_status == DeliveryStatus.SENT)
    assert {reminder.id, answer} <= {each.id for each in rows}


@pytest.mark.parametrize("has_written", [True, False])
async def test_a_template_waits_for_no_window_but_is_unasked_where_none_is_open(
    hotel: HotelWorld,
    conversation: int,
    templates: TemplateService,
    ledger: Ledger,
    outbox: Outbox,
    clock: HeldClock,
    has_written: bool,
) -> None:
    await send_due(outbox)
    reminder = await send(templates, hotel, conversation)
    await ledger.change(Account, opted_out_at=clock.now, last_inbound_at=clock.now if has_written else None)
    clock.move(hours=24)

    await send_due(outbox)

    [(failed, _)] = await failures(ledger, hotel)
    assert failed == reminder.id


async def test_its_file_goes_with_the_message_and_again_as_a_copy(
    hotel: HotelWorld, conversation: int, templates: TemplateService, ledger: Ledger, database: Database
) -> None:
    media_id = await uploaded(database, hotel, hotel.staff["rita"])
    wanted = {"name": "arrival_welcome", "body": {"1": "Inês"}, "media_id": media_id}

    first = await send(templates, hotel, conversation, **wanted)
    second = await send(templates, hotel, conversation, **wanted)

    assert first.media is not None
    assert first.media.id == media_id
    assert [row.message_id for row in await ledger.rows(Media)] == [first.id, second.id]
    [parameter] = template_out(first.details, "777").components[0]["parameters"]
    assert parameter == {"type": "image", "image": {"id": "777"}}
    with pytest.raises(NotSendable):
        template_out(first.details)


async def test_somebody_elses_file_is_none_to_send(
    hotel: HotelWorld, conversation: int, templates: TemplateService, world: World, database: Database
) -> None:
    other = await world.hotel("alpine-lodge", "700000000000002")
    colleagues = await uploaded(database, hotel, await world.user(hotel, "paulo"))
    strangers = await uploaded(database, other, hotel.staff["rita"])
    for media_id in (colleagues, strangers):
        with pytest.raises(Invalid) as refused:
            await send(templates, hotel, conversation, name="arrival_welcome", body={"1": "Inês"}, media_id=media_id)
        assert refused.value.code == "no_such_file"


async def templates_window(ledger: Ledger) -> object:
    return (await ledger.row(Account, Account.address == GUEST)).last_inbound_at


async def uploaded(database: Database, hotel: HotelWorld, user_id: int) -> int:
    """A picture that somebody at the desk has uploaded."""
    async with database.transaction() as work:
        media_id: int | None = await work.connection.scalar(
            insert(Media)
            .values(
                hotel_id=hotel.id,
                uploaded_by=user_id,
                state=MediaState.STORED,
                mime_type="image/jpeg",
                filename="entrance.jpg",
                size=4,
                original_key="uploads/entrance",
            )
            .returning(Media.id)
        )
    assert media_id is not None
    return media_id
