"""STOP and START, and files that are too big: what Lobby itself says to guests, once."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.core.types import ConversationStatus
from app.models import Account, Delivery, Guest, Message
from app.services.inbound.phrases import RESUMED, STOPPED, TOO_BIG
from app.services.inbound.service import Receipt
from tests.channels.whatsapp_payloads import GUEST, GUEST_USER_ID, change, document, encode, message, text
from tests.desk import Desk
from tests.fake_graph import SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World


async def take(desk: Desk, *messages: Any, **more: Any) -> Receipt:
    return await desk.take(encode(document(change(*messages, number=SEA_VIEW_NUMBER, **more))))


async def said(ledger: Ledger) -> list[str]:
    """What left for the guest."""
    leaving = {each.message_id for each in await ledger.rows(Delivery)}
    return [each.content for each in await ledger.rows(Message) if each.id in leaving]


@pytest.mark.parametrize("word", ["STOP", " Stop. ", "parar", "Baja", "Arrêter", "abmelden", "unsubscribe"])
async def test_stop_is_kept_confirmed_once_and_shown_to_staff(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock, word: str
) -> None:
    await desk.say(word, word, sender=GUEST)

    assert (await ledger.row(Account)).opted_out_at == clock.now
    assert await said(ledger) == [STOPPED["en"]]
    note = await ledger.row(Message, Message.is_note.is_(True))
    assert (note.sender_type, note.delivery_status) == ("system", None)
    assert "STOP" in note.content


async def test_start_takes_it_back(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await desk.say("STOP", "Start", sender=GUEST)

    assert (await ledger.row(Account)).opted_out_at is None
    assert await said(ledger) == [STOPPED["en"], RESUMED["en"]]
    assert len(await ledger.rows(Message, Message.is_note.is_(True))) == 2


async def test_stop_holds_however_the_guest_writes(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    """From the number, and then by a user name alone."""
    named = {"from_user_id": GUEST_USER_ID}
    hidden = named | {"from": None}
    await take(desk, text("STOP", id="wamid.1", **named), text("Hello", id="wamid.2") | hidden)
    assert [each.opted_out_at is None for each in await ledger.rows(Account)] == [False, False]

    await take(desk, text("START", id="wamid.3") | hidden)

    assert [each.opted_out_at is None for each in await ledger.rows(Account)] == [True, True]
    assert (await said(ledger))[-1] == RESUMED["en"]


async def test_start_of_somebody_who_never_stopped_is_for_the_flow(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await desk.say("Start", sender=GUEST)

    [answer] = await said(ledger)
    assert answer != RESUMED["en"]


async def test_a_guest_who_stopped_is_still_answered(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await desk.say("STOP", "Hello", sender=GUEST)

    assert len(await said(ledger)) == 2


@pytest.mark.parametrize("words", ["Please stop the noise", "stop it now", "bus stop"])
async def test_stop_within_a_sentence_is_a_sentence(desk: Desk, ledger: Ledger, hotel: HotelWorld, words: str) -> None:
    await desk.say(words, sender=GUEST)

    assert (await ledger.row(Account)).opted_out_at is None


async def test_the_button_of_a_template_stops_in_the_guests_language(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, world: World
) -> None:
    await world.guest(hotel, phone=GUEST)
    await ledger.change(Guest, language="pt-BR")

    await take(desk, message("button", {"payload": "STOP", "text": "Sem mensagens"}))

    assert await said(ledger) == [STOPPED["pt"]]


async def test_stop_is_heard_where_staff_are_talking_too(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await desk.queue(hotel, "Rita here", sender=GUEST)

    await desk.say("stop", sender=GUEST)

    assert (await ledger.conversation()).status is ConversationStatus.RELAY
    assert (await said(ledger))[-1] == STOPPED["en"]


@pytest.mark.parametrize("known_as", ["wa_id", "user_id"])
async def test_a_preference_that_the_provider_tells_is_kept_silently(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock, known_as: str
) -> None:
    address = {"wa_id": GUEST, "user_id": "PT.5"}[known_as]
    sender = {"from": GUEST} if known_as == "wa_id" else {"from": None, "from_user_id": "PT.5"}
    await take(desk, message("text", {"body": "Hello"}) | sender)
    messages = len(await ledger.rows(Message))

    async def prefer(word: str) -> Receipt:
        preference = {known_as: address, "category": "marketing_messages", "value": word}
        value = change(number=SEA_VIEW_NUMBER, field="user_preferences", user_preferences=[preference])
        return await desk.take(encode(document(value)))

    assert await prefer("stop") is Receipt.IGNORED
    assert (await ledger.row(Account)).opted_out_at == clock.now
    assert await prefer("resume") is Receipt.IGNORED
    assert (await ledger.row(Account)).opted_out_at is None
    assert len(await ledger.rows(Message)) == messages


async def prefer(desk: Desk, *told: tuple[str, datetime | None]) -> None:
    """The provider tells these preferences of one guest in one body, each with its own time, if it has one."""
    preferences = [
        {"wa_id": GUEST, "category": "marketing_messages", "value": word}
        | ({} if at is None else {"timestamp": int(at.timestamp())})
        for word, at in told
    ]
    value = change(number=SEA_VIEW_NUMBER, field="user_preferences", user_preferences=preferences)
    assert await desk.take(encode(document(value))) is Receipt.IGNORED


@pytest.mark.parametrize("in_one_body", [True, False])
@pytest.mark.parametrize(("first", "last"), [("stop", "resume"), ("resume", "stop")])
async def test_of_preferences_that_come_in_another_order_the_last_said_counts(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock, first: str, last: str, in_one_body: bool
) -> None:
    await desk.say("Hello", sender=GUEST)
    said = [(last, clock.now - timedelta(minutes=1)), (first, clock.now - timedelta(minutes=2))]

    for each in [said] if in_one_body else [[one] for one in said]:
        await prefer(desk, *each)

    expected = clock.now - timedelta(minutes=1) if last == "stop" else None
    assert (await ledger.row(Account)).opted_out_at == expected


async def test_what_a_guest_writes_is_heard_whatever_the_provider_told_before(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await desk.say("Hello", sender=GUEST)
    await prefer(desk, ("resume", None))

    await desk.say("STOP", sender=GUEST)
    await prefer(desk, ("resume", clock.now - timedelta(minutes=1)))

    assert (await ledger.row(Account)).opted_out_at == clock.now


def too_big(number: int) -> dict[str, Any]:
    error = {"code": 131052, "title": "Too big", "error_data": {"details": "At most 100 MB."}}
    return message("unsupported", errors=[error], id=f"wamid.BIG{number}")


async def test_a_file_that_is_too_big_is_shown_to_staff_and_asked_for_smaller_once(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await desk.say("services", sender=GUEST)
    before = await ledger.conversation()

    await take(desk, too_big(1), too_big(2))
    await take(desk, too_big(3))

    assert (await said(ledger))[1:] == [TOO_BIG["en"]]
    shown = await ledger.texts(Message.type == "unsupported")
    assert shown == ["A message that cannot be shown here: At most 100 MB."] * 3
    after = await ledger.conversation()
    assert (after.flow_name, after.current_step) == (before.flow_name, before.current_step)


async def test_where_staff_are_talking_they_ask_themselves(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await desk.queue(hotel, "Rita here", sender=GUEST)
    before = await said(ledger)

    await take(desk, too_big(1))

    assert await said(ledger) == before


@pytest.mark.parametrize("blank", [" ", "  \n ", "\u00a0"])
async def test_a_message_that_says_nothing_is_kept_and_not_answered(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, blank: str
) -> None:
    await desk.say(blank, sender=GUEST)

    assert await ledger.texts() == [blank]
    assert (await ledger.conversation()).status is ConversationStatus.DEMO
