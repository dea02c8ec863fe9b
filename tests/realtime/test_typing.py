"""Nobody types for ever: not when their client falls silent, nor when the process dies that has heard it."""

from collections.abc import AsyncIterator

import pytest

from app.core.clock import utc_now
from app.core.events import MessageCreated
from app.core.signals import Typing
from app.core.types import Department, MessageOrigin, MessageType, SenderType
from app.core.views import MessageView
from app.dev.embedded.valkey import Valkey
from app.realtime.audiences import conversation as audience_of
from app.realtime.audiences import department as audience_of_department
from app.realtime.typing import MOST_TYPING
from tests.eventually import eventually
from tests.realtime.conftest import HubProcess
from tests.realtime.screens import Screen, conversation, greet, screen, until_heard, user

Two = tuple[HubProcess, HubProcess]


def typing(
    hotel_id: int,
    name: str,
    is_typing: bool = True,
    conversation_id: int = 5,
    department: Department = Department.RECEPTION,
) -> Typing:
    about = conversation(hotel_id, conversation_id, department)
    return Typing(conversation=about, user_id=user(name).user_id, user_name=name, is_typing=is_typing)


@pytest.fixture
async def patient(empty_database: str, own_valkey: Valkey) -> AsyncIterator[Two]:
    """Two processes in which nobody stops just because time passes."""
    async with (
        HubProcess(empty_database, own_valkey.url, "test", typing_lasts=3600) as here,
        HubProcess(empty_database, own_valkey.url, "test", typing_lasts=3600) as there,
    ):
        await here.is_hearing()
        await there.is_hearing()
        yield here, there


async def screens_of(two: Two, hotel_id: int) -> list[Screen]:
    """A screen on the conversation in each process, and what either of them signals is heard in the other."""
    opened = [await screen(process, hotel_id, audience_of(5)) for process in two]
    for name, process, heard_by in zip(("Here", "There"), two, reversed(opened), strict=True):
        await until_heard(process, hotel_id, heard_by, name)
        greet(process, hotel_id, name, is_viewing=False)
    last = {"Here looks away from 5", "There looks away from 5"}
    await eventually(lambda: all(last <= set(each.seen) for each in opened))
    for each in opened:
        each.seen.clear()
    return opened


async def write(process: HubProcess, hotel_id: int, name: str | None) -> None:
    """A message of this user, or of the guest, is in the conversation."""
    async with process.database.transaction() as work:
        work.emit(
            hotel_id,
            MessageCreated(
                conversation=conversation(hotel_id, 5),
                message=MessageView(
                    id=1,
                    conversation_id=5,
                    sender_type=SenderType.GUEST if name is None else SenderType.STAFF,
                    sender_name=name or "John Doe",
                    staff_user_id=None if name is None else user(name).user_id,
                    origin=MessageOrigin.GUEST if name is None else MessageOrigin.STAFF,
                    type=MessageType.TEXT,
                    content="Hello",
                    delivery_status=None,
                    delivery_error=None,
                    client_message_id=None,
                    created_at=utc_now(),
                    provider_timestamp=None,
                ),
            ),
        )


async def test_whoever_falls_silent_stops_in_every_process(two: Two, hotel_id: int) -> None:
    screens = await screens_of(two, hotel_id)

    two[0].hub.signal(hotel_id, typing(hotel_id, "Rita"))

    for each in screens:
        await each.sees("Rita types in 5", "Rita stops in 5")


async def test_whoever_typed_in_a_process_that_died_stops_too(two: Two, hotel_id: int) -> None:
    here, there = two
    _, watching = await screens_of(two, hotel_id)
    here.hub.signal(hotel_id, typing(hotel_id, "Rita"))

    await here.die()

    await watching.sees("Rita types in 5", "Rita stops in 5")
    assert there.bus.healthy


async def test_whoever_types_on_is_typing_until_the_last_time_has_passed(two: Two, hotel_id: int) -> None:
    here, _ = two
    watching, _ = await screens_of(two, hotel_id)
    here.hub.signal(hotel_id, typing(hotel_id, "Rita"))
    here.hub.signal(hotel_id, typing(hotel_id, "Ben"))
    here.hub.signal(hotel_id, typing(hotel_id, "Rita"))

    await watching.sees("Rita types in 5", "Ben types in 5", "Rita types in 5", "Ben stops in 5", "Rita stops in 5")


async def test_whoever_says_so_stops_at_once_and_once(patient: Two, hotel_id: int) -> None:
    here, _ = patient
    screens = await screens_of(patient, hotel_id)

    here.hub.signal(hotel_id, typing(hotel_id, "Rita"))
    here.hub.signal(hotel_id, typing(hotel_id, "Rita", is_typing=False))
    here.hub.signal(hotel_id, typing(hotel_id, "Rita", is_typing=False))
    here.hub.signal(hotel_id, typing(hotel_id, "Ben"))

    for each in screens:
        await each.sees("Rita types in 5", "Rita stops in 5", "Ben types in 5")


async def test_whoever_has_written_types_no_more_and_others_do(patient: Two, hotel_id: int) -> None:
    here, there = patient
    screens = await screens_of(patient, hotel_id)
    for name in ("Rita", "Ben"):
        here.hub.signal(hotel_id, typing(hotel_id, name))
    here.hub.signal(hotel_id, typing(hotel_id, "Rita", conversation_id=6))
    for each in screens:
        await each.sees("Rita types in 5", "Ben types in 5")

    await write(there, hotel_id, None)
    await write(there, hotel_id, "Rita")
    seen = ["Rita types in 5", "Ben types in 5", "MessageCreated", "MessageCreated", "Rita stops in 5"]
    for each in screens:
        await each.sees(*seen)
    here.hub.signal(hotel_id, typing(hotel_id, "Rita", is_typing=False))
    here.hub.signal(hotel_id, typing(hotel_id, "Ida"))

    for each in screens:
        await each.sees(*seen, "Ida types in 5")


async def test_a_crowd_that_types_is_bounded_and_everybody_stops(two: Two, hotel_id: int) -> None:
    here, _ = two
    watching, _ = await screens_of(two, hotel_id)
    crowd = MOST_TYPING + 10

    for number in range(crowd):
        about = conversation(hotel_id, 5)
        here.hub.tell_here(hotel_id, Typing(conversation=about, user_id=number, user_name=f"{number}", is_typing=True))
    early = [words for words in watching.seen if "stops" in words]
    seen = await watching.until(2 * crowd)

    assert early == [f"{number} stops in 5" for number in range(10)]
    assert sorted(words for words in seen if "stops" in words) == sorted(f"{n} stops in 5" for n in range(crowd))


async def test_whoever_begins_again_after_that_types_again(two: Two, hotel_id: int) -> None:
    here, _ = two
    watching, _ = await screens_of(two, hotel_id)
    for times in (1, 2):
        here.hub.signal(hotel_id, typing(hotel_id, "Rita"))
        await watching.sees(*["Rita types in 5", "Rita stops in 5"] * times)


async def test_whoever_was_told_is_told_of_the_end_wherever_the_conversation_has_gone(
    patient: Two, hotel_id: int
) -> None:
    here, _ = patient
    reception = await screen(here, hotel_id)
    cafe = await screen(here, hotel_id, audience_of_department(Department.CAFE))
    here.hub.signal(hotel_id, typing(hotel_id, "Rita"))
    here.hub.signal(hotel_id, typing(hotel_id, "Ben"))

    here.hub.signal(hotel_id, typing(hotel_id, "Rita", is_typing=False, department=Department.CAFE))
    here.hub.signal(hotel_id, typing(hotel_id, "Ben", department=Department.CAFE))

    await reception.sees("Rita types in 5", "Ben types in 5", "Rita stops in 5", "Ben stops in 5")
    await cafe.sees("Ben types in 5")
