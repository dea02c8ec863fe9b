"""Messages that their writers edit or take back: told before the original, after it, twice, in any order."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from app.core.events import MessageCreated, MessageUpdated
from app.core.types import MediaState
from app.models import Account, Conversation, Correction, Media, Message
from app.services.inbound.service import Receipt
from tests.channels.whatsapp_payloads import GUEST, GUEST_USER_ID, Json, change, document, encode, message, text
from tests.desk import Desk
from tests.fake_graph import SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import HotelWorld

ORIGINAL = "wamid.ORIGINAL"


def at(clock: HeldClock, seconds: int = 0) -> str:
    return str(int((clock.now + timedelta(seconds=seconds)).timestamp()))


def edit(says: str, *, id: str, when: str, **more: Any) -> Json:
    content = {"original_message_id": ORIGINAL, "message": {"type": "text", "text": {"body": says}}}
    return message("edit", content, id=id, timestamp=when, **more)


def revoke(*, id: str = "wamid.R1", **more: Any) -> Json:
    return message("revoke", {"original_message_id": ORIGINAL}, id=id, **more)


async def take(desk: Desk, *messages: Json, **more: Any) -> Receipt:
    return await desk.take(encode(document(change(*messages, number=SEA_VIEW_NUMBER, **more))))


async def original(ledger: Ledger) -> Any:
    return await ledger.row(Message, Message.external_id == ORIGINAL)


async def test_an_edit_changes_what_is_read_and_keeps_what_was(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await take(desk, text("Two towls", id=ORIGINAL))
    window = (await ledger.row(Account)).last_inbound_at
    answered = len(await ledger.rows(Message))
    assert await take(desk, edit("Two towels", id="wamid.E1", when=at(clock))) is Receipt.PROCESSED

    message = await original(ledger)
    assert (message.content, message.edited_at) == ("Two towels", clock.now)
    assert [each["text"] for each in message.extra["edits"]] == ["Two towls"]
    assert len(await ledger.rows(Message)) == answered, "the flow heard nothing of it"
    assert (await ledger.row(Account)).last_inbound_at == window, "and the window did not open"
    updated = (await ledger.events(hotel.id))[-1]
    assert isinstance(updated, MessageUpdated)
    assert (updated.message.content, updated.message.edited_at) == ("Two towels", clock.now)


async def test_an_edit_that_is_told_twice_is_one(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await take(desk, text("Two towls", id=ORIGINAL))
    once = edit("Two towels", id="wamid.E1", when=at(clock))

    await take(desk, once, once)
    events = len(await ledger.events(hotel.id))
    await take(desk, once)

    assert len(await ledger.events(hotel.id)) == events
    assert [each["text"] for each in (await original(ledger)).extra["edits"]] == ["Two towls"]


async def test_of_edits_in_any_order_the_newest_counts(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await take(desk, text("One", id=ORIGINAL))

    await take(desk, edit("Three", id="wamid.E2", when=at(clock, -10)))
    await take(desk, edit("Two", id="wamid.E1", when=at(clock, -20)))

    message = await original(ledger)
    assert message.content == "Three"
    assert [each["text"] for each in message.extra["edits"]] == ["One", "Two"]


async def test_a_message_that_was_taken_back_is_empty_and_stays_so(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await take(desk, text("My PIN is 1234", id=ORIGINAL))
    await desk_silent(desk, ledger)
    await take(desk, edit("My PIN is 4321", id="wamid.E1", when=at(clock, -5)))
    await take(desk, revoke(timestamp=at(clock, -3)))
    await take(desk, edit("My PIN is 9999", id="wamid.E2", when=at(clock)))

    message = await original(ledger)
    assert (message.content, message.extra) == ("", {})
    assert message.revoked_at == clock.now - timedelta(seconds=3)
    updates = [each for each in await ledger.events(hotel.id) if isinstance(each, MessageUpdated)]
    assert [each.message.content for each in updates] == ["My PIN is 4321", ""]


async def desk_silent(desk: Desk, ledger: Ledger) -> None:
    """As if the flow had not answered: the guest's message is the last one."""
    first = await original(ledger)
    await ledger.change(Conversation, last_message_id=first.id, last_message_preview=first.content)


async def test_the_last_message_in_the_list_follows(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await take(desk, text("Two towls", id=ORIGINAL))
    await desk_silent(desk, ledger)

    await take(desk, edit("Two towels", id="wamid.E1", when=at(clock)))
    assert (await ledger.conversation()).last_message_preview == "Two towels"
    await take(desk, revoke())
    assert (await ledger.conversation()).last_message_preview == ""


async def test_with_a_photo_that_is_taken_back_its_file_goes(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await take(desk, message("image", {"id": "41", "caption": "My passport"}, id=ORIGINAL))
    await ledger.change(Media, state=MediaState.STORED, original_key="a/b")

    await take(desk, revoke())

    file = await ledger.row(Media)
    assert (file.state, file.original_key) == (MediaState.DELETED, "a/b")
    assert file.deleted_at is not None
    updated = (await ledger.events(hotel.id))[-1]
    assert isinstance(updated, MessageUpdated)
    assert updated.message.media is not None
    assert updated.message.media.state is MediaState.DELETED


@pytest.mark.parametrize("same_body", [True, False], ids=["in_one_body", "in_two"])
async def test_an_edit_may_come_before_its_original(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock, *, same_body: bool
) -> None:
    messages = [edit("services", id="wamid.E1", when=at(clock)), text("servces", id=ORIGINAL)]

    for body in [messages] if same_body else [[each] for each in messages]:
        await take(desk, *body)

    message = await original(ledger)
    assert (message.content, message.edited_at) == ("services", clock.now)
    assert [each["text"] for each in message.extra["edits"]] == ["servces"]


@pytest.mark.parametrize("known", [True, False], ids=["of_a_guest", "of_a_stranger"])
async def test_an_original_and_its_edit_at_once_do_not_miss_each_other(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock, *, known: bool
) -> None:
    senders = [f"3519120005{number:02}" for number in range(12)]
    if known:
        await take(desk, *(text("Hi", id=f"wamid.HI{each}") | {"from": each} for each in senders))
    bodies: list[list[Json]] = []
    for each in senders:
        target = f"wamid.{each}"
        content = {"original_message_id": target, "message": {"type": "text", "text": {"body": "Right"}}}
        bodies.append([message("edit", content, id=f"{target}.E", timestamp=at(clock)) | {"from": each}])
        bodies.append([text("Wrong", id=target) | {"from": each}])

    await asyncio.gather(*(take(desk, *body) for body in bodies))

    corrected = await ledger.rows(Message, Message.external_id.in_([f"wamid.{each}" for each in senders]))
    assert [each.content for each in corrected] == ["Right"] * len(senders)


async def test_a_message_that_was_taken_back_before_it_came_says_nothing_to_anybody(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await take(desk, revoke())
    await take(desk, message("image", {"id": "41", "caption": "Oh no"}, id=ORIGINAL))

    [only] = await ledger.rows(Message)
    assert (only.content, only.external_id) == ("", ORIGINAL)
    assert only.revoked_at is not None
    assert (await ledger.row(Media)).state is MediaState.DELETED
    (created,) = [each for each in await ledger.events(hotel.id) if isinstance(each, MessageCreated)]
    assert created.message.content == ""


async def test_nobody_edits_what_another_wrote(desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock) -> None:
    await take(desk, text("Mine", id=ORIGINAL))
    stranger = {"from": "351912000999"}

    await take(desk, edit("Yours", id="wamid.E1", when=at(clock)) | stranger)
    await take(desk, revoke() | stranger)

    message = await original(ledger)
    assert (message.content, message.edited_at, message.revoked_at) == ("Mine", None, None)


async def test_what_another_told_before_a_message_came_does_not_count_either(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await take(desk, revoke() | {"from": "351912000999"})

    await take(desk, text("Mine", id=ORIGINAL))
    await take(desk, edit("Mine too", id="wamid.E1", when=at(clock)))

    assert (await original(ledger)).content == "Mine too"


async def test_a_guest_is_the_same_by_another_spelling_or_their_user_id(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await take(desk, text("Um", id=ORIGINAL, from_user_id=GUEST_USER_ID) | {"from": "5511987654321"})

    await take(desk, edit("Dois", id="wamid.E1", when=at(clock, -2)) | {"from": "551187654321"})
    assert (await original(ledger)).content == "Dois"
    hidden = edit("Três", id="wamid.E2", when=at(clock), from_user_id=GUEST_USER_ID)
    del hidden["from"]
    await take(desk, hidden)

    assert (await original(ledger)).content == "Três"


async def test_a_message_of_the_hotel_is_no_guests_to_edit(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await desk.say("Hello", sender=GUEST)
    await ledger.change(Message, Message.sender_type == "system", external_id=ORIGINAL)
    before = (await original(ledger)).content

    await take(desk, edit("Free nights for all", id="wamid.E1", when=at(clock)), revoke())

    assert (await original(ledger)).content == before


async def test_a_correction_of_the_unknown_is_kept_and_makes_no_guest(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    assert await take(desk, revoke()) is Receipt.PROCESSED

    kept = await ledger.row(Correction)
    assert (kept.target, kept.sender, kept.text) == (ORIGINAL, GUEST, None)
    assert await ledger.rows(Account) == []


async def test_a_message_of_a_closed_conversation_is_corrected_where_it_stands(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await take(desk, text("Gone", id=ORIGINAL))
    await ledger.change(Conversation, status="closed")

    await take(desk, revoke())

    assert (await original(ledger)).content == ""
    assert (await ledger.conversation()).status == "closed"


@pytest.mark.parametrize("group", [{}, {"group_id": "120363000000000000"}], ids=["alone", "in_a_group"])
async def test_what_a_message_read_before_is_kept_as_far_as_there_is_room(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock, group: Json
) -> None:
    referral = {"source_url": "https://example.com", "body": "b" * 9_000}
    await take(desk, text("0 " + "x" * 4_000, id=ORIGINAL, referral=referral, **group))

    for number in range(1, 31):
        says, when = f"{number} " + "ü" * 4_000, at(clock, number - 40)
        await take(desk, edit(says, id=f"wamid.E{number}", when=when, **group))

    message = await original(ledger)
    assert message.content == "30 " + "ü" * 4_000
    edits = message.extra["edits"]
    assert [edits[0]["text"], edits[-1]["text"]] == ["0 " + "x" * 998 + "…", "29 " + "ü" * 997 + "…"]
    assert edits[1]["left_out"] == f"{30 - (len(edits) - 1)} more"
    assert message.extra["referral"]["source_url"] == "https://example.com"
    assert ("sender" in message.extra) is bool(group)
    updated = (await ledger.events(hotel.id))[-1]
    assert isinstance(updated, MessageUpdated)
    assert len(msgspec.json.encode(updated.message.details)) <= 16 * 1024


async def test_an_old_correction_is_deleted_and_what_it_has_corrected_stays_so(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    await take(desk, text("Two towls", id=ORIGINAL), edit("Two towels", id="wamid.E1", when=at(clock)))
    await ledger.change(Correction, received_at=clock.now)

    clock.move(days=30)
    await desk.services.housekeeping.tidy()
    await ledger.row(Correction)
    clock.move(seconds=1)
    await desk.services.housekeeping.tidy()

    assert await ledger.rows(Correction) == []
    assert (await original(ledger)).content == "Two towels"
