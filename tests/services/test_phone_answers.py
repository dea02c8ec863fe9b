"""Somebody of the hotel answers from the phone's own app: it counts as an answer of staff."""

from typing import Any

from app.core.events import Change, ConversationChanged, MessageCreated
from app.core.types import ConversationStatus, DeliveryStatus
from app.models import Account, Conversation, Delivery, Guest, GuestIdentity, Media, Message
from app.services.inbound.service import Receipt
from tests.channels.whatsapp_payloads import GUEST, GUEST_USER_ID, Json, change, document, encode, message, text
from tests.desk import Desk
from tests.fake_graph import SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.world import HotelWorld

OURS = "12025550100"


def echo(raw: Json, **more: Any) -> Json:
    return raw | {"from": OURS, "to": GUEST} | more


async def take(desk: Desk, *echoes: Json) -> Receipt:
    value = change(number=SEA_VIEW_NUMBER, field="smb_message_echoes", message_echoes=list(echoes))
    return await desk.take(encode(document(value)))


async def test_a_stranger_who_is_answered_in_the_same_body_keeps_their_name(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    written = change(text("Hello", from_user_id=GUEST_USER_ID), number=SEA_VIEW_NUMBER)
    answered = change(
        number=SEA_VIEW_NUMBER, field="smb_message_echoes", message_echoes=[echo(text("Hi", id="wamid.PHONE"))]
    )

    await desk.take(encode(document(written, answered)))

    assert (await ledger.row(Guest)).full_name == "Inês Prado"
    assert GUEST_USER_ID in {each.value for each in await ledger.rows(GuestIdentity)}


async def test_an_answer_from_the_phone_is_staffs_and_silences_the_flow(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await desk.say("Hello", sender=GUEST)

    assert await take(desk, echo(text("Rita here, one moment", id="wamid.PHONE"))) is Receipt.PROCESSED
    await desk.say("Thanks", sender=GUEST)

    answer = await ledger.row(Message, Message.external_id == "wamid.PHONE")
    assert (answer.sender_type, answer.sender_name, answer.staff_user_id) == ("staff", "Sea View (phone)", None)
    assert (answer.content, answer.delivery_status) == ("Rita here, one moment", DeliveryStatus.SENT)
    assert [who for who, _ in await ledger.transcript()] == ["guest", "system", "staff", "guest"]
    assert len(await ledger.rows(Delivery)) == 1, "nothing leaves for it"
    conversation = await ledger.conversation()
    assert conversation.status is ConversationStatus.RELAY
    assert conversation.last_staff_message_at is not None
    events = await ledger.events(hotel.id)
    assert [each.change for each in events if isinstance(each, ConversationChanged)] == [
        Change.CREATED,
        Change.RELAY_STARTED,
    ]
    assert [each.message.content for each in events if isinstance(each, MessageCreated)][2:] == [
        "Rita here, one moment",
        "Thanks",
    ]


async def test_a_guest_who_is_written_to_first_gets_a_conversation(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await take(desk, echo(text("Your room is ready"), to="+4915112345670"))

    conversation = await ledger.conversation()
    assert (conversation.status, conversation.waiting_since) == (ConversationStatus.RELAY, None)
    account = await ledger.row(Account)
    assert (account.address, account.last_inbound_at) == ("4915112345670", None)


async def test_an_echo_that_comes_twice_or_is_our_own_message_is_nothing_new(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await desk.say("Hello", sender=GUEST)
    await ledger.change(Message, Message.sender_type == "system", external_id="wamid.OURS")

    await take(desk, echo(text("Welcome", id="wamid.OURS")))
    assert (await ledger.conversation()).status is ConversationStatus.DEMO
    for _ in range(2):
        await take(desk, echo(text("Hi", id="wamid.PHONE")), echo(text("Hi", id="wamid.PHONE")))

    assert [who for who, _ in await ledger.transcript()] == ["guest", "system", "staff"]


async def test_an_echo_brings_its_file_and_reaches_a_guest_without_a_number(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    photo = message("image", {"id": "41", "mime_type": "image/png", "caption": "The way"}, id="wamid.MAP")
    sent = {name: value for name, value in echo(photo).items() if name != "to"} | {"to_user_id": GUEST_USER_ID}

    await take(desk, sent)

    assert (await ledger.row(Account)).address == GUEST_USER_ID
    assert (await ledger.row(Message)).content == "The way"
    assert (await ledger.row(Media)).provider_id == "41"


async def test_what_was_written_on_the_phone_may_be_mended_there(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await take(desk, echo(text("Check-out is at noun", id="wamid.PHONE")))
    content = {"original_message_id": "wamid.PHONE", "message": {"type": "text", "text": {"body": "At noon"}}}

    await take(desk, echo(message("edit", content, id="wamid.E1")))
    assert (await ledger.row(Message)).content == "At noon"
    await take(desk, echo(message("revoke", content, id="wamid.R1")))

    assert (await ledger.row(Message)).content == ""


async def test_a_reaction_from_the_phone_takes_nothing_over(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await desk.take_messages(text("Hello", id="wamid.HELLO"))
    reaction = message("reaction", {"message_id": "wamid.HELLO", "emoji": "👋"}, id="wamid.WAVE")

    await take(desk, echo(reaction))

    waved = await ledger.row(Message, Message.type == "reaction")
    assert (waved.sender_type, waved.content) == ("staff", "👋")
    assert (await ledger.conversation()).status is ConversationStatus.DEMO


async def test_odd_echoes_take_no_good_one_along(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    odd: list[Any] = [None, "x", {}, echo(text("To nobody"), to=None), echo(text("x") | {"type": ["edit"]}, id=[])]

    assert await take(desk, *odd, echo(text("Good", id="wamid.GOOD"))) is Receipt.PROCESSED

    assert await ledger.texts() == ["Good"]
    assert len(await ledger.rows(Conversation)) == 1
