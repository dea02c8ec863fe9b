"""A guest on Instagram and the hotel's desk: what comes back of the hotel's own words, when nothing more may be sent,
and what of a message goes when the guest takes it back."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.drafts import Draft
from app.core.errors import Conflict, Invalid
from app.core.settings import Settings
from app.core.types import ConversationStatus, DeliveryStatus, IdentityKind, OutboxState
from app.models import Account, Channel, Conversation, Delivery, Guest, GuestIdentity, Media, Message
from app.services.inbound.service import Receipt
from app.store.database import Database
from tests.channels.instagram_payloads import CDN, GUEST, Json, attachment, echo, event, message
from tests.desk import Desk, principal
from tests.fake_graph import FakeGraph
from tests.instagram import OTHER_ACCOUNT, Instagram, open_account, take, take_events
from tests.ledger import Ledger
from tests.senders import WAIT, send_due, states
from tests.sign_ins import HeldClock
from tests.world import HotelWorld

WELCOME = 'Welcome to our hotel demo! Type "services" to explore.'


@pytest.fixture(autouse=True)
async def account(database: Database, settings: Settings, hotel: HotelWorld) -> int:
    return await open_account(database, settings, hotel)


@pytest.fixture(autouse=True)
async def instagram(fake_graph: FakeGraph) -> Instagram:
    """Which echoes nothing by itself."""
    instagram = Instagram(fake_graph)
    await instagram.serve(echoes=False)
    return instagram


@pytest.fixture
async def written(desk: Desk, clock: HeldClock) -> None:
    """The guest has written, just now."""
    await take_events(desk, says("Hello", clock))


def says(words: str, clock: HeldClock, mid: str = "mid.hello") -> Json:
    return message(mid=mid, text=words) | {"timestamp": int(clock.now.timestamp() * 1000)}


async def own(ledger: Ledger) -> list[tuple[str, str, DeliveryStatus | None]]:
    """What the hotel has written."""
    rows = await ledger.rows(Message, Message.sender_type != "guest")
    return [(row.sender_type.value, row.content, row.delivery_status) for row in rows]


@pytest.mark.usefixtures("written")
async def test_a_stranger_is_met_as_a_guest_and_the_flow_answers(
    desk: Desk, ledger: Ledger, instagram: Instagram, hotel: HotelWorld
) -> None:
    identity = await ledger.row(GuestIdentity)
    assert (identity.hotel_id, identity.kind, identity.value) == (hotel.id, IdentityKind.INSTAGRAM, GUEST)
    assert (await ledger.row(Guest)).phone is None

    assert await send_due(desk.services.outbox) == [1]

    assert await instagram.texts() == [WELCOME]


@pytest.mark.usefixtures("written")
async def test_what_was_sent_from_here_is_known_when_it_comes_back(
    desk: Desk, ledger: Ledger, fake_graph: FakeGraph
) -> None:
    await send_due(desk.services.outbox)
    [accepted] = await fake_graph.accepted(GUEST)

    for _ in range(2):
        assert await take_events(desk, echo(mid=accepted["id"], text=WELCOME)) is Receipt.IGNORED

    assert await own(ledger) == [("system", WELCOME, DeliveryStatus.SENT)]
    assert (await ledger.conversation()).status is ConversationStatus.DEMO


@pytest.mark.usefixtures("written")
async def test_an_echo_that_is_faster_than_the_answer_proves_the_send_and_writes_nothing_twice(
    desk: Desk, ledger: Ledger, fake_graph: FakeGraph
) -> None:
    [claimed] = await desk.services.outbox.claim(1)

    assert await take_events(desk, echo(mid="mid.early", text=WELCOME)) is Receipt.IGNORED
    assert await states(ledger) == [OutboxState.SENT]
    await desk.services.outbox.send(claimed)

    sent = await ledger.row(Message, Message.sender_type == "system")
    assert (sent.external_id, sent.delivery_status) == ("mid.early", DeliveryStatus.SENT)


@pytest.mark.usefixtures("written")
async def test_an_echo_settles_a_send_whose_answer_was_lost(
    desk: Desk, ledger: Ledger, fake_graph: FakeGraph, clock: HeldClock
) -> None:
    await fake_graph.fail(drop=True)
    await send_due(desk.services.outbox)
    assert await states(ledger) == [OutboxState.UNCONFIRMED]
    [accepted] = await fake_graph.accepted(GUEST)

    await take_events(desk, echo(mid=accepted["id"], text=WELCOME))
    clock.now += 2 * WAIT

    assert await send_due(desk.services.outbox) == []
    assert len(await fake_graph.accepted(GUEST)) == 1
    assert await own(ledger) == [("system", WELCOME, DeliveryStatus.SENT)]


@pytest.mark.usefixtures("written")
async def test_what_somebody_of_the_hotel_wrote_in_the_app_is_shown_and_silences_the_flow(
    desk: Desk, ledger: Ledger, clock: HeldClock
) -> None:
    await send_due(desk.services.outbox)

    await take_events(desk, echo(mid="mid.human", text="I shall look after you."))
    await take_events(desk, says("services", clock, "mid.next"))

    assert await own(ledger) == [
        ("system", WELCOME, DeliveryStatus.SENT),
        ("staff", "I shall look after you.", DeliveryStatus.SENT),
    ]
    by_hand = await ledger.row(Message, Message.external_id == "mid.human")
    assert by_hand.sender_name == "Sea View (Instagram)"
    assert (await ledger.conversation()).status is ConversationStatus.RELAY


@pytest.mark.usefixtures("written")
async def test_other_words_than_those_on_their_way_are_somebody_elses(desk: Desk, ledger: Ledger) -> None:
    await desk.services.outbox.claim(1)

    await take_events(desk, echo(mid="mid.human", text="I shall look after you."))

    assert await states(ledger) == [OutboxState.SENDING]
    assert [each[:2] for each in await own(ledger)] == [
        ("system", WELCOME),
        ("staff", "I shall look after you."),
    ]


async def test_what_is_written_to_somebody_who_never_wrote_here_is_left_alone(desk: Desk, ledger: Ledger) -> None:
    assert await take_events(desk, echo(text="Happy birthday!")) is Receipt.IGNORED

    assert (await ledger.rows(Message), await ledger.rows(Account)) == ([], [])


async def test_an_answer_in_the_same_body_as_a_guests_first_words_is_shown(desk: Desk, ledger: Ledger) -> None:
    await take_events(desk, message(text="Hello"), echo(text="I shall look after you."))

    assert ("staff", "I shall look after you.", DeliveryStatus.SENT) in await own(ledger)


@pytest.mark.usefixtures("written")
async def test_a_seen_message_is_read(desk: Desk, ledger: Ledger, fake_graph: FakeGraph) -> None:
    await send_due(desk.services.outbox)
    [accepted] = await fake_graph.accepted(GUEST)

    await take_events(desk, event({"read": {"mid": accepted["id"]}}))

    assert await own(ledger) == [("system", WELCOME, DeliveryStatus.READ)]


async def test_a_message_that_is_taken_back_goes_with_all_its_files(desk: Desk, ledger: Ledger) -> None:
    await take_events(desk, message(text="Us", attachments=[attachment("image", f"{CDN}{n}") for n in range(3)]))

    await take_events(desk, message(is_deleted=True))

    guests = await ledger.rows(Message, Message.sender_type == "guest")
    assert [(row.content, row.revoked_at is not None) for row in guests] == [("", True)] * 3
    assert {row.state.value for row in await ledger.rows(Media)} == {"deleted"}


async def test_nobody_takes_back_what_another_wrote(desk: Desk, ledger: Ledger) -> None:
    await take_events(desk, message(text="Mine"))

    await take_events(desk, event({"message": {"mid": "mid.a1", "is_deleted": True}}, sender="8000000000000999"))

    assert await ledger.texts(Message.sender_type == "guest") == ["Mine"]


async def test_a_file_is_kept_under_its_whole_address(desk: Desk, ledger: Ledger) -> None:
    address = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=7&signature=" + "A" * 1_500

    await take_events(desk, message(attachments=[attachment("image", address)]))

    assert (await ledger.row(Media)).provider_id == address


async def answer(desk: Desk, hotel: HotelWorld, **draft: Any) -> None:
    await desk.services.sending.send(principal(hotel), 1, Draft(**draft))


async def last_wrote(ledger: Ledger, clock: HeldClock, ago: timedelta) -> None:
    await ledger.change(Account, last_inbound_at=clock.now - ago)


@pytest.mark.usefixtures("written")
async def test_after_a_day_what_staff_write_leaves_as_a_persons_answer(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock, fake_graph: FakeGraph
) -> None:
    await send_due(desk.services.outbox)
    await answer(desk, hotel, text="Soon.")
    await send_due(desk.services.outbox)
    await last_wrote(ledger, clock, timedelta(hours=24))

    await answer(desk, hotel, text="Your ring was found.")
    await send_due(desk.services.outbox)

    bodies = [each["body"] for each in await fake_graph.accepted(GUEST)]
    assert [(each["message"]["text"], each.get("tag")) for each in bodies[1:]] == [
        ("Soon.", None),
        ("Your ring was found.", "HUMAN_AGENT"),
    ]


@pytest.mark.usefixtures("written")
async def test_after_a_day_the_flow_waits_for_the_guest(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock, instagram: Instagram
) -> None:
    await last_wrote(ledger, clock, timedelta(hours=24))

    await send_due(desk.services.outbox)

    assert await states(ledger) == [OutboxState.HELD]
    held = await ledger.row(Message, Message.sender_type == "system")
    assert held.delivery_error == "The guest wrote too long ago. This goes out when they write again."
    await answer(desk, hotel, text="Still there?")  # people may
    await send_due(desk.services.outbox)
    assert await instagram.texts() == ["Still there?"]
    await take_events(desk, says("Yes", clock, "mid.yes"))
    await send_due(desk.services.outbox)
    assert await instagram.texts() == ["Still there?", WELCOME]


@pytest.mark.usefixtures("written")
async def test_after_a_week_nothing_more_can_be_sent(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await last_wrote(ledger, clock, timedelta(days=7))

    with pytest.raises(Conflict) as refused:
        await answer(desk, hotel, text="Hello?")

    assert refused.value.code == "window_closed"
    assert refused.value.message == "The guest last wrote more than 7 days ago: nothing can be sent until they write."


@pytest.mark.usefixtures("written")
async def test_a_late_answer_that_meta_refuses_waits_and_stops_no_others(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock, fake_graph: FakeGraph
) -> None:
    await send_due(desk.services.outbox)
    await last_wrote(ledger, clock, timedelta(hours=25))
    await fake_graph.fail(code=10)

    await answer(desk, hotel, text="Your ring was found.")
    await send_due(desk.services.outbox)

    assert (await states(ledger))[-1] is OutboxState.HELD
    assert {row.paused_at for row in await ledger.rows(Channel)} == {None}
    with pytest.raises(Conflict):
        await answer(desk, hotel, text="Hello?")


@pytest.mark.usefixtures("written")
async def test_what_instagram_cannot_show_is_refused_before_it_is_stored(
    desk: Desk, hotel: HotelWorld, ledger: Ledger
) -> None:
    with pytest.raises(Invalid) as refused:
        await answer(desk, hotel, text="x" * 20_000)
    assert refused.value.code == "text_too_long"
    assert len(await ledger.rows(Message, Message.sender_type == "staff")) == 0


async def test_an_account_is_believed_by_its_own_secret_alone(
    desk: Desk, ledger: Ledger, database: Database, settings: Settings, hotel: HotelWorld
) -> None:
    await open_account(database, settings, hotel, account=OTHER_ACCOUNT, app_secret="another-secret")
    two = {
        "object": "instagram",
        "entry": [
            {
                "id": OTHER_ACCOUNT,
                "messaging": [message(mid="m1", text="forged") | {"recipient": {"id": OTHER_ACCOUNT}}],
            },
            {"id": "17840000000000001", "messaging": [message(mid="m2", text="real")]},
        ],
    }

    assert await take(desk, two) is Receipt.PROCESSED

    assert await ledger.texts(Message.sender_type == "guest") == ["real"]
    assert len(await ledger.rows(Conversation)) == 1


@pytest.mark.usefixtures("written")
async def test_a_delivery_that_was_never_tried_is_proved_by_nothing(desk: Desk, ledger: Ledger) -> None:
    await take_events(desk, echo(mid="mid.human", text=WELCOME))

    assert [row.state for row in await ledger.rows(Delivery)] == [OutboxState.PENDING]
    assert [each[0] for each in await own(ledger)] == ["system", "staff"]
