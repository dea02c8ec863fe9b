"""Personal links: sent to the guest's very number, seen by nobody else, and only the newest counts."""

import asyncio
from datetime import date
from uuid import uuid4

import pytest

from app.core.drafts import Draft
from app.core.errors import Conflict
from app.core.events import MessageCreated
from app.core.types import Department, OutboxState, StayStatus
from app.models import Conversation, Delivery, Guest, GuestLink, Hotel, Message, Stay
from app.services.guest_links import SENTENCE
from tests.desk import GUEST, STRANGER, Desk, photo, principal
from tests.fake_graph import FakeGraph
from tests.guests import link_in
from tests.ledger import Ledger
from tests.senders import send_due
from tests.sign_ins import HeldClock
from tests.world import HotelWorld, World, text_message


@pytest.fixture
async def johns(desk: Desk, world: World, hotel: HotelWorld, ledger: Ledger) -> int:
    """The conversation of John Doe, who stays from 19 to 23 November."""
    await world.guest(hotel)
    await desk.say("Hello")
    return int((await ledger.conversation()).id)


async def send_link(desk: Desk, hotel: HotelWorld, conversation_id: int, **terms: object) -> int:
    """The id of the message."""
    draft = Draft(**terms)  # type: ignore[arg-type]  # as a test names them
    return (await desk.services.guest_links.send(principal(hotel), conversation_id, draft)).message.id


async def refused(desk: Desk, hotel: HotelWorld, conversation_id: int) -> str:
    with pytest.raises(Conflict) as caught:
        await send_link(desk, hotel, conversation_id)
    return caught.value.code


async def test_the_guest_reads_the_sentence_and_the_address_and_staff_the_sentence_alone(
    desk: Desk, hotel: HotelWorld, johns: int, ledger: Ledger, fake_graph: FakeGraph
) -> None:
    message_id = await send_link(desk, hotel, johns)
    await send_due(desk.services.outbox)

    text = (await fake_graph.texts(GUEST))[-1]
    address, token = link_in(text)
    assert text == f"{SENTENCE['en']}\n{address}"
    assert address.startswith("http://127.0.0.1:8000/guest/#token=")
    stored = await ledger.row(Message, Message.id == message_id)
    assert stored.content == SENTENCE["en"]
    events = [each for each in await ledger.events(hotel.id) if isinstance(each, MessageCreated)]
    signature = token.rpartition(".")[2]
    for seen in (repr(stored), repr(await ledger.conversation()), repr(events)):
        assert SENTENCE["en"][:20] in seen
        assert signature not in seen
        assert "#token" not in seen


async def test_another_try_sends_the_same_link(
    desk: Desk, hotel: HotelWorld, johns: int, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    await send_due(desk.services.outbox)
    await fake_graph.fail(status=500, to=GUEST)
    await send_link(desk, hotel, johns)
    for _ in range(2):
        clock.move(minutes=2)
        await send_due(desk.services.outbox)

    first, second = [link_in(each["body"]["text"]["body"]) for each in (await fake_graph.requests(to=GUEST))[-2:]]
    assert first == second


async def test_a_link_is_good_until_the_end_of_the_check_out_day_where_the_hotel_is(
    desk: Desk, hotel: HotelWorld, johns: int, ledger: Ledger
) -> None:
    await ledger.change(Hotel, timezone="Pacific/Honolulu")
    await send_link(desk, hotel, johns)

    link = await ledger.row(GuestLink)
    assert link.expires_at.isoformat() == "2026-11-24T10:00:00+00:00"
    assert (link.number, link.used_at, link.revoked_at) == (GUEST, None, None)


@pytest.mark.parametrize(
    ("guests", "hotels", "sentence"),
    [("pt-BR", "en", "pt"), (None, "fr", "fr"), ("de", "en", "de"), ("es", "en", "es"), ("ja", "pt", "en")],
)
async def test_the_sentence_is_in_the_guests_language_or_the_hotels(
    desk: Desk, hotel: HotelWorld, johns: int, ledger: Ledger, guests: str | None, hotels: str, sentence: str
) -> None:
    await ledger.change(Guest, language=guests)
    await ledger.change(Hotel, language=hotels)

    message_id = await send_link(desk, hotel, johns)

    assert (await ledger.row(Message, Message.id == message_id)).content == SENTENCE[sentence]


# Who gets none


@pytest.mark.parametrize("status", [StayStatus.PENDING, StayStatus.COMPLETED, StayStatus.CANCELLED])
async def test_a_guest_who_is_not_staying_gets_none(
    desk: Desk, hotel: HotelWorld, johns: int, ledger: Ledger, status: StayStatus
) -> None:
    await ledger.change(Stay, status=status)

    assert await refused(desk, hotel, johns) == "not_staying"
    assert await ledger.rows(GuestLink) == []


async def test_a_guest_whose_check_out_day_has_passed_gets_none(
    desk: Desk, hotel: HotelWorld, johns: int, ledger: Ledger
) -> None:
    await ledger.change(Stay, check_out=date(2026, 11, 19))

    assert await refused(desk, hotel, johns) == "not_staying"


async def test_a_stranger_gets_none(desk: Desk, hotel: HotelWorld, johns: int, ledger: Ledger) -> None:
    await desk.say("Hello", sender=STRANGER)
    demo = await ledger.conversation(Conversation.stay_id.is_(None))

    assert await refused(desk, hotel, demo.id) == "not_staying"


@pytest.mark.parametrize("phone", ["+351966666666", None])
async def test_nobody_gets_a_link_who_writes_from_another_number_than_the_guests(
    desk: Desk, hotel: HotelWorld, johns: int, ledger: Ledger, phone: str | None
) -> None:
    await ledger.change(Guest, phone=phone)

    assert await refused(desk, hotel, johns) == "not_to_their_number"


async def test_another_spelling_of_the_guests_line_is_their_number(
    desk: Desk, hotel: HotelWorld, world: World, ledger: Ledger
) -> None:
    await world.guest(hotel, "Ana", "5511961234567")
    await desk.say("Oi", sender="551161234567")

    await send_link(desk, hotel, (await ledger.conversation()).id)

    assert (await ledger.row(GuestLink)).number == "5511961234567"


async def test_a_group_in_which_the_guest_is_gets_none(
    desk: Desk, hotel: HotelWorld, johns: int, ledger: Ledger
) -> None:
    message = text_message("Hello", GUEST) | {"group_id": "120363012345678901"}
    await desk.take_messages(message)
    group = await ledger.conversation(Conversation.id != johns)
    await ledger.change(Conversation, Conversation.id == group.id, stay_id=(await ledger.row(Stay)).id)

    assert await refused(desk, hotel, group.id) == "not_to_their_number"


# As every message


async def test_after_the_window_it_is_refused_unless_it_may_wait(
    desk: Desk, hotel: HotelWorld, johns: int, ledger: Ledger, clock: HeldClock, fake_graph: FakeGraph
) -> None:
    await send_due(desk.services.outbox)
    clock.move(hours=25)
    assert await refused(desk, hotel, johns) == "window_closed"
    assert await ledger.rows(GuestLink) == [], "a link that was not sent"

    await send_link(desk, hotel, johns, hold=True)
    assert (await ledger.rows(Delivery))[-1].state is OutboxState.HELD
    await desk.take_messages(photo(GUEST) | {"timestamp": str(int(clock().timestamp()))})
    await send_due(desk.services.outbox)

    assert any("#token=" in text for text in await fake_graph.texts(GUEST))


async def test_the_same_clients_id_sends_one_link(desk: Desk, hotel: HotelWorld, johns: int, ledger: Ledger) -> None:
    mine = uuid4()
    ids = {await send_link(desk, hotel, johns, client_message_id=mine) for _ in range(2)}

    assert len(ids) == len(await ledger.rows(GuestLink)) == 1


# Of several


async def test_a_new_link_leaves_the_used_ones_and_takes_the_others_back(
    desk: Desk, hotel: HotelWorld, johns: int, ledger: Ledger, clock: HeldClock
) -> None:
    await send_link(desk, hotel, johns)
    await ledger.change(GuestLink, used_at=clock())
    await send_link(desk, hotel, johns)
    await send_link(desk, hotel, johns)

    used, unused, newest = await ledger.rows(GuestLink)
    assert (used.revoked_at, unused.revoked_at, newest.revoked_at) == (None, clock(), None)


async def test_of_ten_links_at_once_one_is_left_whichever_conversations_they_are_asked_for_in(
    desk: Desk, hotel: HotelWorld, johns: int, ledger: Ledger
) -> None:
    other = await desk.services.handling.create(principal(hotel), GUEST, Department.HOUSEKEEPING)
    await asyncio.gather(*(send_link(desk, hotel, each) for each in [johns, other.id] * 5))

    links = await ledger.rows(GuestLink)
    assert [each.revoked_at is None for each in links].count(True) == 1
    assert len(links) == 10
