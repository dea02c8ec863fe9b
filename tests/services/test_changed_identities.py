"""Guests who come to be known by another number or user id: what is theirs follows, and nobody else's is touched."""

from typing import Any

import pytest
from sqlalchemy import insert

from app.core.drafts import GuestDraft
from app.core.types import ConversationStatus, DeliveryStatus, IdentityKind, OutboxState
from app.models import Account, Channel, Conversation, Delivery, Guest, GuestIdentity, InboundItem, Message
from app.services.inbound.service import Receipt
from tests.channels.whatsapp_payloads import GUEST, Json, change, document, encode, message, text
from tests.desk import Desk, principal
from tests.fake_graph import ALPINE_NUMBER, SEA_VIEW_NUMBER
from tests.hotel_files import hotel as hotel_file
from tests.hotel_files import loader
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World

NEW = "351912000222"
USER_ID = "PT.7000000000000000042"


def moved(old: str = GUEST, new: str = NEW, *, id: str = "wamid.MOVED") -> Json:
    note = {"type": "user_changed_number", "wa_id": new, "body": "changed"}
    return message("system", note, id=id, **{"from": old})


def says(words: str, sender: str = GUEST, *, id: str = "wamid.T", **more: Any) -> Json:
    return text(words, id=id + words, **more) | {"from": sender}


async def take(desk: Desk, *messages: Json, **more: Any) -> None:
    value = change(number=SEA_VIEW_NUMBER, messages=list(messages), **more)
    assert await desk.take(encode(document(value))) is Receipt.PROCESSED


async def guests_of(ledger: Ledger) -> list[int]:
    return [each.id for each in await ledger.rows(Guest)]


async def notes(ledger: Ledger) -> list[str]:
    return await ledger.texts(Message.is_note.is_(True))


async def test_a_guest_with_a_new_number_is_the_same_guest_answered_there(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await take(desk, says("Hello"))

    await take(desk, moved())
    await take(desk, says("Me again", NEW))

    account, guest = await ledger.row(Account), await ledger.row(Guest)
    assert (account.address, account.guest_id, guest.phone) == (NEW, guest.id, f"+{NEW}")
    assert {each.address for each in await ledger.rows(Delivery)} == {NEW}, "also what was waiting"
    await ledger.row(Conversation)
    assert await notes(ledger) == [f"This guest has changed from +{GUEST} to +{NEW} on WhatsApp."]


async def test_staff_are_told_also_where_the_conversation_has_gone_to_another_channel_and_once(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, world: World, clock: HeldClock
) -> None:
    await world.guest(hotel, phone=GUEST)
    await desk.say("services", "3", sender=GUEST)
    clock.move(hours=25)
    await desk.services.guest_webhook.receive(GuestDraft(number=f"+{GUEST}", text="By the app now"))
    assert (await ledger.conversation()).channel_id != hotel.channel_id

    for _ in range(2):
        await take(desk, moved())

    note = await ledger.row(Message, Message.is_note.is_(True))
    assert (note.channel_id, note.content) == (
        hotel.channel_id,
        f"This guest has changed from +{GUEST} to +{NEW} on WhatsApp.",
    )


async def test_what_failed_at_the_old_number_is_sent_again_to_the_new_one(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await take(desk, says("Hello"))
    await ledger.change(Delivery, state=OutboxState.DEAD)
    await ledger.change(Message, Message.sender_type == "system", delivery_status=DeliveryStatus.FAILED)
    await take(desk, moved())

    failed = await ledger.row(Message, Message.delivery_status == DeliveryStatus.FAILED)
    await desk.services.resend.retry(principal(hotel), failed.id)

    assert (await ledger.row(Delivery)).address == NEW


async def test_the_old_number_is_nobodys_on_whatsapp_any_more(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await take(desk, says("Hello"), moved())

    known = {(each.kind, each.value) for each in await ledger.rows(GuestIdentity)}
    assert (IdentityKind.WHATSAPP, NEW) in known
    assert (IdentityKind.WHATSAPP, GUEST) not in known
    assert (IdentityKind.PHONE, GUEST) not in known
    assert (IdentityKind.FORMER_PHONE, GUEST) in known, "by which the booking knows them"


@pytest.mark.parametrize("wrote_from_both", [False, True])
async def test_whoever_has_the_old_number_next_is_a_stranger(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, world: World, wrote_from_both: bool
) -> None:
    stay_id = await world.guest(hotel, phone=GUEST)
    await take(desk, says("Hello", from_user_id=USER_ID))
    if wrote_from_both:
        await take(desk, says("Hello from my other number", NEW, from_user_id=USER_ID))
    await take(desk, moved())

    await take(desk, says("I have just got this number"))

    first, stranger = await guests_of(ledger)
    assert {each.address: each.guest_id for each in await ledger.rows(Account)} == {NEW: first, GUEST: stranger}
    theirs = await ledger.row(Conversation, Conversation.guest_id == stranger)
    assert theirs.stay_id is None
    assert (await ledger.rows(Conversation, Conversation.guest_id == first))[0].stay_id == stay_id


async def test_a_number_that_was_given_up_is_nobodys_at_the_hotels_other_numbers_too(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    first = await ledger.row(Channel)
    copied = {name: value for name, value in first._mapping.items() if name != "id"}
    async with ledger.database.transaction() as work:
        await work.connection.execute(insert(Channel).values(**copied | {"account": ALPINE_NUMBER, "name": "Spa"}))
    await take(desk, says("Hello"))
    await desk.take(encode(document(change(number=ALPINE_NUMBER, messages=[says("Hello, spa", id="wamid.SPA")]))))
    assert len(await ledger.rows(Account)) == 2

    await take(desk, moved())
    stranger = change(number=ALPINE_NUMBER, messages=[says("I have just got this number")])
    await desk.take(encode(document(stranger)))

    guest, newcomer = await guests_of(ledger)
    known = {(each.channel_id == first.id, each.address): each.guest_id for each in await ledger.rows(Account)}
    assert known == {(True, NEW): guest, (False, NEW): guest, (False, GUEST): newcomer}


async def test_what_was_closed_before_the_change_is_opened_again_at_the_new_number(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await take(desk, says("Hello", from_user_id=USER_ID))
    await ledger.change(Conversation, status=ConversationStatus.CLOSED)
    await take(desk, says("Hello from my other number", NEW, from_user_id=USER_ID))
    await ledger.change(Conversation, status=ConversationStatus.CLOSED)
    await take(desk, moved())

    first, _ = await ledger.rows(Conversation)
    [answer] = await desk.answer(hotel, first.id, "Good news")

    assert (await ledger.row(Delivery, Delivery.message_id == answer)).address == NEW


async def test_the_hotels_books_still_name_a_guest_by_the_number_that_they_had(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, world: World
) -> None:
    await world.guest(hotel, phone=GUEST)
    await take(desk, says("Hello"), moved())
    await take(desk, says("I have just got this number"))
    booked = hotel_file("guests:", f"  - {{full_name: John Doe, whatsapp_number: '+{GUEST}', email: j@doe.example}}")

    await loader(ledger.database)(booked)

    first, stranger = await ledger.rows(Guest)
    assert (first.phone, first.email) == (f"+{NEW}", "j@doe.example")
    assert (stranger.phone, stranger.email) == (f"+{GUEST}", None)


@pytest.mark.parametrize("has_written", [True, False], ids=["to_this_number", "to_another_of_the_hotel"])
async def test_a_number_whose_user_id_is_another_is_somebody_elses(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, world: World, has_written: bool
) -> None:
    await world.guest(hotel, phone=GUEST)
    if has_written:
        await take(desk, says("Hello", from_user_id=USER_ID))
    else:
        await take(desk, says("Hello hidden", from_user_id=USER_ID) | {"from": None})
        [identity] = await ledger.rows(GuestIdentity, GuestIdentity.kind == IdentityKind.WHATSAPP_USER)
        booked = (await ledger.rows(Guest))[0].id
        await ledger.change(GuestIdentity, GuestIdentity.id == identity.id, guest_id=booked)

    await take(desk, says("I have just got this number", from_user_id="PT.9"))
    await take(desk, says("It is me again"))

    said = await ledger.rows(Message, Message.content.in_(["I have just got this number", "It is me again"]))
    talks = {each.id: each for each in await ledger.rows(Conversation)}
    assert {talks[each.conversation_id].stay_id for each in said} == {None}
    stranger = talks[said[0].conversation_id].guest_id
    assert (await ledger.row(Account, Account.address == GUEST)).guest_id == stranger
    if has_written:
        former = next(each for each in talks.values() if each.guest_id != stranger)
        assert (await ledger.row(Account, Account.id == former.account_id)).address == USER_ID


async def test_a_change_that_is_told_twice_leaves_one_note(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await take(desk, says("Hello"))

    for _ in range(2):
        await take(desk, moved(), moved())

    assert len(await notes(ledger)) == 1


async def test_the_messages_of_one_body_go_by_what_counts_when_they_stand(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await take(desk, says("Before"), moved(), says("After", NEW))

    await ledger.row(Guest)
    assert (await ledger.row(Account)).address == NEW
    assert await ledger.texts(Message.sender_type == "guest") == ["Before", "After"]


async def test_two_guests_are_never_made_one(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await take(desk, says("Hello"), says("I am somebody else", NEW))

    await take(desk, moved())

    first, second = await ledger.rows(Account)
    assert (first.address, second.address) == (GUEST, NEW)
    assert first.guest_id != second.guest_id
    assert await notes(ledger) == [
        f"This guest has changed from +{GUEST} to +{NEW} on WhatsApp. "
        "That belongs to another guest here, so nobody was linked."
    ]


async def test_a_guest_who_has_written_from_both_goes_on_by_the_new_one(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await take(desk, says("Hello", from_user_id=USER_ID))
    await take(desk, says("Hello hidden", from_user_id=USER_ID) | {"from": None})
    await take(desk, says("Hello again"))

    await take(desk, moved(GUEST, NEW))
    await take(desk, says("New", NEW))

    await ledger.row(Guest)
    assert {each.address for each in await ledger.rows(Account)} == {NEW, USER_ID}


async def test_a_new_user_id_is_the_same_guest(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await take(desk, says("Hello", from_user_id=USER_ID) | {"from": None})
    update = {"user_id": {"previous": USER_ID, "current": "PT.8"}, "timestamp": "1795132800"}
    value = change(number=SEA_VIEW_NUMBER, field="user_id_update", user_id_update=[update])

    for _ in range(2):
        await desk.take(encode(document(value)))
    await take(desk, says("Hello again", from_user_id="PT.8") | {"from": None})

    await ledger.row(Guest)
    assert (await ledger.row(Account)).address == "PT.8"
    assert await notes(ledger) == [
        f"This guest has changed from the user id {USER_ID} to the user id PT.8 on WhatsApp."
    ]


@pytest.mark.parametrize("told_as", ["update", "note"])
async def test_a_user_id_that_is_told_of_a_number_is_learned_and_moves_nobody(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, told_as: str
) -> None:
    await take(desk, says("Hello"))

    if told_as == "update":
        update = {"wa_id": GUEST, "user_id": {"current": USER_ID}, "timestamp": "1795132800"}
        value = change(number=SEA_VIEW_NUMBER, field="user_id_update", user_id_update=[update])
        await desk.take(encode(document(value)))
    else:
        note = {"type": "user_changed_user_id", "user_id": USER_ID}
        await take(desk, message("system", note, id="wamid.ID") | {"from": GUEST})

    assert (await ledger.row(Account)).address == GUEST
    assert await notes(ledger) == []
    await take(desk, says("Hidden", from_user_id=USER_ID) | {"from": None})
    await ledger.row(Guest)


async def test_new_keys_are_told_to_staff_and_change_nothing(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await take(desk, says("Hello"))

    await take(desk, message("system", {"type": "customer_identity_changed"}, id="wamid.KEYS"))

    assert (await ledger.row(Account)).address == GUEST
    [note] = await notes(ledger)
    assert f"+{GUEST}" in note


@pytest.mark.parametrize("old", [GUEST, None], ids=["of_a_stranger", "of_nobody"])
async def test_a_change_of_whom_we_do_not_know_makes_nobody(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, old: str | None
) -> None:
    note = {"type": "user_changed_user_id", "user_id": USER_ID}

    await take(desk, message("system", note, id="wamid.KEYS") | {"from": old})

    assert await ledger.rows(Guest) == await ledger.rows(Account) == []


async def test_a_guest_who_was_only_ever_booked_is_known_by_the_new_number(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, world: World
) -> None:
    await world.guest(hotel, phone=GUEST)

    await take(desk, moved())
    await take(desk, says("Hello", NEW))

    assert (await ledger.row(Guest)).phone == f"+{NEW}"
    assert await ledger.rows(InboundItem) == []


async def test_a_note_does_not_show_as_the_last_message(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await take(desk, says("Hello"))
    before = (await ledger.conversation()).last_message_id

    await take(desk, moved())

    assert (await ledger.conversation()).last_message_id == before
