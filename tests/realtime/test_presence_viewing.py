"""Who looks at which conversation, right across processes."""

from app.core.events import Change, ConversationChanged
from app.core.types import Department
from app.realtime.attendance import MOST_VIEWED
from app.realtime.audiences import conversation as audience_of
from app.realtime.audiences import department as audience_of_department
from tests.eventually import eventually
from tests.realtime.conftest import HubProcess
from tests.realtime.screens import Screen, conversation, screen, user

Two = tuple[HubProcess, HubProcess]


async def viewers(process: HubProcess, hotel_id: int, conversation_id: int, *expected: str) -> None:
    await eventually(
        lambda: [each.name for each in process.presence.viewers(hotel_id, conversation_id)] == list(expected)
    )


async def looking_at(two: Two, hotel_id: int, conversation_id: int) -> list[Screen]:
    """Dan is here and Tom there; in both processes a screen hears of the conversation."""
    here, there = two
    here.presence.enter("dan", hotel_id, user("Dan"))
    there.presence.enter("tom", hotel_id, user("Tom"))
    await eventually(lambda: all(len(process.presence.users(hotel_id)) == 2 for process in two))
    return [await screen(process, hotel_id, audience_of(conversation_id)) for process in two]


async def test_a_user_looks_once_in_all_tabs_and_processes_and_looks_away_with_the_last(
    two: Two, hotel_id: int
) -> None:
    here, there = two
    five = conversation(hotel_id, 5)
    screens = await looking_at(two, hotel_id, 5)
    there.presence.enter("dan, too", hotel_id, user("Dan"))

    assert [each.name for each in here.presence.view("dan", five)] == ["Dan"]
    await viewers(there, hotel_id, 5, "Dan")
    there.presence.view("dan, too", five)
    assert [each.name for each in there.presence.view("tom", five)] == ["Dan", "Tom"]
    await viewers(here, hotel_id, 5, "Dan", "Tom")
    here.presence.look_away("dan", 5)
    there.presence.look_away("tom", 5)
    for each in screens:
        await each.sees("Dan looks at 5", "Tom looks at 5", "Tom looks away from 5")

    there.presence.look_away("dan, too", 5)
    for each in screens:
        await each.sees("Dan looks at 5", "Tom looks at 5", "Tom looks away from 5", "Dan looks away from 5")


async def test_a_page_that_is_loaded_again_looks_on_and_one_that_is_closed_looks_away(two: Two, hotel_id: int) -> None:
    here, there = two
    five = conversation(hotel_id, 5)
    screens = await looking_at(two, hotel_id, 5)
    there.presence.enter("rita", hotel_id, user("Rita"))
    here.presence.view("dan", five)
    for each in screens:
        await each.sees("Dan looks at 5")
    there.presence.view("rita", five)
    for each in screens:
        await each.sees("Dan looks at 5", "Rita looks at 5")

    here.presence.leave("dan")
    there.presence.leave("rita")
    here.presence.enter("dan again", hotel_id, user("Dan"))
    here.presence.view("dan again", five)

    for each in screens:
        await each.sees("Dan looks at 5", "Rita looks at 5", "Rita looks away from 5")


async def test_whoever_looked_in_a_process_that_died_looks_no_more(two: Two, hotel_id: int) -> None:
    here, there = two
    five = conversation(hotel_id, 5)
    watching, _ = await looking_at(two, hotel_id, 5)
    there.presence.view("tom", five)
    await watching.sees("Tom looks at 5")

    await there.die()

    await watching.sees("Tom looks at 5", "Tom looks away from 5")
    assert here.presence.viewers(hotel_id, 5) == []


async def test_a_newcomer_knows_who_looks_and_is_not_told(two: Two, hotel_id: int) -> None:
    here, there = two
    five = conversation(hotel_id, 5)
    here.presence.enter("dan", hotel_id, user("Dan"))
    here.presence.view("dan", five)
    watching = await screen(there, hotel_id, audience_of(5))

    there.presence.enter("tom", hotel_id, user("Tom"))
    await viewers(there, hotel_id, 5, "Dan")
    here.presence.look_away("dan", 5)

    await watching.sees("Dan looks away from 5")


async def test_what_a_user_may_see_no_longer_they_look_at_no_longer(two: Two, hotel_id: int) -> None:
    here, _ = two
    screens = await looking_at(two, hotel_id, 5)
    here.presence.view("dan", conversation(hotel_id, 5))
    here.presence.view("dan", conversation(hotel_id, 6))
    for each in screens:
        await each.sees("Dan looks at 5")

    here.presence.renew("dan", user("Dan"), lambda about: about.id == 6)

    for each in screens:
        await each.sees("Dan looks at 5", "Dan looks away from 5")
    assert [each.name for each in here.presence.viewers(hotel_id, 6)] == ["Dan"]


async def test_a_socket_looks_at_so_many_conversations_at_most_the_newest(two: Two, hotel_id: int) -> None:
    here, there = two
    screens = await looking_at(two, hotel_id, 1)

    here.presence.view("dan", conversation(hotel_id, 1))
    for each in screens:
        await each.sees("Dan looks at 1")
    for conversation_id in range(2, MOST_VIEWED + 2):
        here.presence.view("dan", conversation(hotel_id, conversation_id))

    for each in screens:
        await each.sees("Dan looks at 1", "Dan looks away from 1")
    await viewers(there, hotel_id, MOST_VIEWED + 1, "Dan")
    assert there.presence.viewers(hotel_id, 1) == []


async def test_what_guests_wrote_is_not_carried_along(two: Two, hotel_id: int) -> None:
    _, there = two
    heard: list[bytes] = []
    there.bus.subscribe(f"presence:{hotel_id}", (lambda _, payload: heard.append(payload), lambda _: None))
    here = two[0]
    here.presence.enter("dan", hotel_id, user("Dan"))
    here.presence.view("dan", conversation(hotel_id, 5))

    await eventually(lambda: any(b"John Doe" in each for each in heard))

    assert not any(b"passport" in each for each in heard)


async def test_a_conversation_that_is_handed_over_is_looked_at_in_its_new_department_by_who_still_sees_it(
    two: Two, hotel_id: int
) -> None:
    here, there = two
    here.presence.enter("dan", hotel_id, user("Dan", Department.RECEPTION, Department.CAFE))
    there.presence.enter("tom", hotel_id, user("Tom"))
    await eventually(lambda: all(len(process.presence.users(hotel_id)) == 2 for process in two))
    await screen(here, hotel_id)
    reception, cafe = [
        await screen(there, hotel_id, audience_of_department(each)) for each in (Department.RECEPTION, Department.CAFE)
    ]
    here.presence.view("dan", conversation(hotel_id, 5))
    await reception.sees("Dan looks at 5")
    there.presence.view("tom", conversation(hotel_id, 5))
    await viewers(here, hotel_id, 5, "Dan", "Tom")

    async with here.database.transaction() as work:
        moved = conversation(hotel_id, 5, Department.CAFE)
        work.emit(hotel_id, ConversationChanged(conversation=moved, change=Change.TRANSFERRED))

    assert sorted(await cafe.until(2)) == ["ConversationChanged", "Dan looks at 5"]
    await reception.until(4)
    assert reception.seen[:2] == ["Dan looks at 5", "Tom looks at 5"]
    assert sorted(reception.seen[2:]) == ["Dan looks away from 5", "Tom looks away from 5"]
    here.presence.look_away("dan", 5)
    assert (await cafe.until(3))[2:] == ["Dan looks away from 5"]
