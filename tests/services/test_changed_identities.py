"""Guests who come to be known by another number or user id: what is theirs follows, and nobody else's is touched."""

from typing import Any

import pytest

from app.core.types import DeliveryStatus, IdentityKind, OutboxState
from app.models import Account, Conversation, Delivery, Guest, GuestIdentity, InboundItem, Message
from app.services.inbound.service import Receipt
from tests.channels.whatsapp_payloads import GUEST, Json, change, document, encode, message, text
from tests.desk import Desk, principal
from tests.fake_graph import SEA_VIEW_NUMBER
from tests.ledger import Ledger
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
    assert (IdentityKind.PHONE, GUEST) in known, "by which the booking knows them"


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
