"""Who is here: the same for everybody, whichever process their sockets are in, and whatever becomes of it."""

import asyncio
from dataclasses import replace

import msgspec
from redis.asyncio import Redis

from app.core.types import Department
from app.dev.embedded.valkey import Valkey
from app.realtime.audiences import department
from tests.eventually import eventually
from tests.realtime.conftest import QUICK, HubProcess
from tests.realtime.screens import greet, screen, until_heard, user

Two = tuple[HubProcess, HubProcess]

HOUSEKEEPING = department(Department.HOUSEKEEPING)


def names(process: HubProcess, hotel_id: int) -> list[str]:
    return [each.name for each in process.presence.users(hotel_id)]


async def know(process: HubProcess, hotel_id: int, *expected: str) -> None:
    await eventually(lambda: names(process, hotel_id) == list(expected))


async def until_listened_to(valkey: Valkey, hotel_id: int, *, by: int) -> None:
    """So many processes listen to the hotel's presence."""
    topic = f"test:presence:{hotel_id}"
    async with Redis.from_url(valkey.url) as client:

        async def reached() -> bool:
            return dict(await client.pubsub_numsub(topic)) == {topic.encode(): by}

        await eventually(reached)


async def time_passes(process: HubProcess, seconds: float) -> None:
    """Faster than it does, but in steps so small that the process has not been asleep."""
    until = process.slept + seconds

    def passed() -> bool:
        process.slept += QUICK.beat / 5
        return process.slept >= until

    await eventually(passed)


async def open_desks(two: Two, hotel_id: int) -> None:
    """Both processes have somebody of the hotel, and know of each other: Dan here, Tom there."""
    here, there = two
    here.presence.enter("dan", hotel_id, user("Dan"))
    there.presence.enter("tom", hotel_id, user("Tom"))
    for process in two:
        await know(process, hotel_id, "Dan", "Tom")


async def test_a_user_connects_once_for_all_tabs_and_processes_and_disconnects_after_the_last(
    two: Two, hotel_id: int
) -> None:
    here, there = two
    await open_desks(two, hotel_id)
    screens = [await screen(process, hotel_id) for process in two]

    here.presence.enter("tab 1", hotel_id, user("Rita"))
    for each in screens:
        await each.sees("Rita +")
    here.presence.enter("tab 2", hotel_id, user("Rita"))
    there.presence.enter("tab 3", hotel_id, user("Rita"))
    here.presence.leave("tab 1")
    here.presence.leave("tab 2")
    here.presence.enter("ben", hotel_id, user("Ben"))
    here.presence.leave("ben")
    for each in screens:
        await each.sees("Rita +", "Ben +", "Ben -")
    assert names(here, hotel_id) == names(there, hotel_id) == ["Dan", "Rita", "Tom"]

    there.presence.leave("tab 3")
    for each in screens:
        await each.sees("Rita +", "Ben +", "Ben -", "Rita -")


async def test_a_page_that_is_loaded_again_is_no_coming_and_going_in_whatever_process_it_opens(
    two: Two, hotel_id: int
) -> None:
    here, there = two
    await open_desks(two, hotel_id)
    for name in ("Rita", "Ida", "Ben"):
        here.presence.enter(name, hotel_id, user(name))
    await know(there, hotel_id, "Ben", "Dan", "Ida", "Rita", "Tom")
    screens = [await screen(process, hotel_id) for process in two]

    for name in ("Rita", "Ida", "Ben"):
        here.presence.leave(name)
    here.presence.enter("Rita again", hotel_id, user("Rita"))
    there.presence.enter("Ida again", hotel_id, user("Ida"))

    for each in screens:
        await each.sees("Ben -")
    assert names(here, hotel_id) == names(there, hotel_id) == ["Dan", "Ida", "Rita", "Tom"]


async def test_users_of_a_process_that_dies_without_a_word_are_gone(two: Two, hotel_id: int) -> None:
    here, there = two
    await open_desks(two, hotel_id)
    there.presence.enter("rita", hotel_id, user("Rita"))
    there.presence.enter("dan, too", hotel_id, user("Dan"))
    await know(here, hotel_id, "Dan", "Rita", "Tom")
    watching = await screen(here, hotel_id)

    await there.die()

    assert sorted(await watching.until(2)) == ["Rita -", "Tom -"]
    assert names(here, hotel_id) == ["Dan"]


async def test_whoever_comes_to_another_process_before_their_own_is_known_to_be_dead_has_never_been_away(
    two: Two, hotel_id: int
) -> None:
    here, there = two
    await open_desks(two, hotel_id)
    there.presence.enter("rita", hotel_id, user("Rita"))
    await know(here, hotel_id, "Dan", "Rita", "Tom")
    watching = await screen(here, hotel_id)

    await there.die()
    here.presence.enter("rita again", hotel_id, user("Rita"))

    await watching.sees("Tom -")
    assert names(here, hotel_id) == ["Dan", "Rita"]


async def test_a_process_that_ends_says_so_and_its_clients_may_come_to_another_one(
    empty_database: str, own_valkey: Valkey, hotel_id: int
) -> None:
    patient = replace(QUICK, silence=3600.0, linger=2.0)
    async with HubProcess(empty_database, own_valkey.url, "test", pace=patient) as here:
        async with HubProcess(empty_database, own_valkey.url, "test", pace=patient) as there:
            await here.is_hearing()
            await there.is_hearing()
            await open_desks((here, there), hotel_id)
            there.presence.enter("rita", hotel_id, user("Rita"))
            await know(here, hotel_id, "Dan", "Rita", "Tom")
            watching = await screen(here, hotel_id)
            await until_heard(there, hotel_id, watching)

            await there.presence.stop()
            greet(there, hotel_id, "Last")
            await eventually(lambda: "Last looks at 5" in watching.seen)  # and so the goodbye was heard
            here.presence.enter("rita again", hotel_id, user("Rita"))

        await eventually(lambda: "Tom -" in watching.seen)
        assert "Rita -" not in watching.seen
        assert names(here, hotel_id) == ["Dan", "Rita"]


async def test_nobody_is_given_up_while_redis_is_away_and_what_changed_is_right_afterwards(
    two: Two, hotel_id: int, own_valkey: Valkey
) -> None:
    here, there = two
    await open_desks(two, hotel_id)
    there.presence.enter("rita", hotel_id, user("Rita"))
    await know(here, hotel_id, "Dan", "Rita", "Tom")
    watching, watching_there = [await screen(process, hotel_id) for process in two]

    own_valkey.stop()
    await eventually(lambda: not here.bus.healthy and not there.bus.healthy)
    await asyncio.gather(*(time_passes(process, 2 * QUICK.silence) for process in two))
    here.presence.enter("ben", hotel_id, user("Ben"))
    here.presence.leave("ben")
    await watching.sees("Ben +", "Ben -")  # what is local goes on
    there.presence.leave("rita")
    there.presence.enter("ida", hotel_id, user("Ida"))
    await watching_there.sees("Ida +", "Rita -")
    assert names(here, hotel_id) == ["Dan", "Rita", "Tom"]
    own_valkey.start()

    assert sorted((await watching.until(4))[2:]) == ["Ida +", "Rita -"]
    assert names(here, hotel_id) == names(there, hotel_id) == ["Dan", "Ida", "Tom"]
    assert watching.seen[2:].count("Tom -") == watching_there.seen.count("Dan -") == 0


async def test_a_process_that_was_asleep_gives_nobody_up_for_that(two: Two, hotel_id: int) -> None:
    here, there = two
    await open_desks(two, hotel_id)
    watching = await screen(here, hotel_id)

    here.slept += 3600
    there.presence.enter("rita", hotel_id, user("Rita"))
    there.presence.leave("rita")

    await watching.sees("Rita +", "Rita -")
    assert names(here, hotel_id) == ["Dan", "Tom"]


async def test_a_newcomer_knows_who_is_here_and_is_not_told_what_was_so_before(two: Two, hotel_id: int) -> None:
    here, there = two
    here.presence.enter("dan", hotel_id, user("Dan"))
    here.presence.enter("rita", hotel_id, user("Rita"))
    watching = await screen(there, hotel_id)

    there.presence.enter("tom", hotel_id, user("Tom"))
    await know(there, hotel_id, "Dan", "Rita", "Tom")
    here.presence.enter("ida", hotel_id, user("Ida"))

    await watching.sees("Tom +", "Ida +")


async def test_whoever_comes_just_after_a_process_has_begun_to_listen_is_news_and_whoever_was_before_is_not(
    two: Two, hotel_id: int
) -> None:
    here, there = two
    there.presence.enter("tom", hotel_id, user("Tom"))
    there.presence.enter("ida", hotel_id, user("Ida"))
    watching = await screen(here, hotel_id)

    here.presence.enter("dan", hotel_id, user("Dan"))
    there.presence.enter("rita", hotel_id, user("Rita"))
    await know(here, hotel_id, "Dan", "Ida", "Rita", "Tom")

    await watching.sees("Dan +", "Rita +")


async def test_a_newcomer_is_answered_at_once_however_seldom_the_others_speak(
    empty_database: str, own_valkey: Valkey, hotel_id: int
) -> None:
    seldom = replace(QUICK, beat=3600.0, silence=7200.0)
    async with (
        HubProcess(empty_database, own_valkey.url, "test", pace=seldom) as here,
        HubProcess(empty_database, own_valkey.url, "test", pace=seldom) as there,
    ):
        for process in (here, there):
            await process.is_hearing()
        here.presence.enter("dan", hotel_id, user("Dan"))
        await until_listened_to(own_valkey, hotel_id, by=1)

        there.presence.enter("tom", hotel_id, user("Tom"))

        await know(there, hotel_id, "Dan", "Tom")


async def test_departments_that_change_are_taken_over_and_told_to_those_concerned(two: Two, hotel_id: int) -> None:
    await open_desks(two, hotel_id)
    for process in two:
        process.presence.enter("rita", hotel_id, user("Rita"))
    for process in two:
        await know(process, hotel_id, "Dan", "Rita", "Tom")
    reception = [await screen(process, hotel_id) for process in two]
    housekeeping = [await screen(process, hotel_id, HOUSEKEEPING) for process in two]

    for process in two:
        process.presence.renew("rita", user("Rita", Department.HOUSEKEEPING), lambda _: True)

    for each in reception:
        await each.sees("Rita -")
    for each in housekeeping:
        await each.sees("Rita +")
    for process in two:
        assert process.presence.users(hotel_id)[1] == user("Rita", Department.HOUSEKEEPING)


async def test_a_new_name_is_taken_over_and_is_nothing_to_tell(two: Two, hotel_id: int) -> None:
    here, there = two
    await open_desks(two, hotel_id)
    watching = await screen(there, hotel_id)

    here.presence.renew("dan", msgspec.structs.replace(user("Dan"), name="Daniel"), lambda _: True)
    await know(there, hotel_id, "Daniel", "Tom")
    here.presence.leave("dan")

    await watching.sees("Daniel -")


async def test_what_the_bus_repeats_reorders_or_cannot_read_changes_nothing(
    two: Two, hotel_id: int, own_valkey: Valkey
) -> None:
    here, there = two
    await open_desks(two, hotel_id)
    stranger = Redis.from_url(own_valkey.url)
    topic = f"test:presence:{hotel_id}"
    async with stranger.pubsub() as sniffer:
        await sniffer.subscribe(topic)
        await sniffer.get_message(timeout=5)
        heard = [await sniffer.get_message(ignore_subscribe_messages=True, timeout=5) for _ in range(4)]
    here.presence.enter("rita", hotel_id, user("Rita"))
    there.presence.enter("ida", hotel_id, user("Ida"))
    for process in two:
        await know(process, hotel_id, "Dan", "Ida", "Rita", "Tom")
    screens = [await screen(process, hotel_id) for process in two]

    for message in [*reversed(heard), *heard]:
        assert message is not None
        await stranger.publish(topic, message["data"])
    await stranger.publish(topic, b'{"process": "of tomorrow", "number": 1, "users": "otherwise"}')
    await stranger.publish(topic, b"no snapshot at all")
    await stranger.aclose()
    here.presence.enter("ben", hotel_id, user("Ben"))

    for each in screens:
        await each.sees("Ben +")


async def test_a_flood_of_changes_is_few_snapshots(two: Two, hotel_id: int) -> None:
    here, there = two
    heard: list[bytes] = []
    there.bus.subscribe(f"presence:{hotel_id}", (lambda _, payload: heard.append(payload), lambda _: None))
    here.presence.enter("dan", hotel_id, user("Dan"))
    await eventually(lambda: heard)

    for number in range(300):
        here.presence.enter(f"tab {number}", hotel_id, user("Rita"))
        here.presence.leave(f"tab {number}")
    here.presence.enter("ida", hotel_id, user("Ida"))
    heard.clear()
    await eventually(lambda: any(b"Ida" in each for each in heard))

    assert len(heard) < 10


async def test_a_hotel_is_listened_to_no_longer_than_somebody_is_here(
    two: Two, hotel_id: int, own_valkey: Valkey
) -> None:
    here, there = two
    await open_desks(two, hotel_id)

    here.presence.leave("dan")

    await until_listened_to(own_valkey, hotel_id, by=1)
    assert names(here, hotel_id) == []
    await know(there, hotel_id, "Tom")
    here.presence.enter("dan again", hotel_id, user("Dan"))
    for process in two:
        await know(process, hotel_id, "Dan", "Tom")


async def test_two_hotels_know_nothing_of_each_other(two: Two, hotel_id: int) -> None:
    here, there = two
    await open_desks(two, hotel_id)
    here.presence.enter("rita", hotel_id + 1, user("Rita"))
    there.presence.enter("ida", hotel_id + 1, user("Ida"))

    await know(there, hotel_id + 1, "Ida", "Rita")

    assert names(there, hotel_id) == ["Dan", "Tom"]
