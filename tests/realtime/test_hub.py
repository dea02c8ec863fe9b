"""The hub: every event reaches every process that has somebody to hear it, once, in order, whatever the bus does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis
from sqlalchemy import insert, text, update

from app.bootstrap import EventLog
from app.core.clock import utc_now
from app.core.errors import ResyncNeeded
from app.core.events import StoredEvent, UserChanged
from app.core.signals import Told
from app.dev.embedded.valkey import Valkey
from app.models import EventRow, HotelSequence
from app.realtime.hub import REPLAY_LIMIT
from app.realtime.room import Room
from tests.eventually import eventually
from tests.realtime.conftest import EVERYBODY, HubProcess, Listener

Two = tuple[HubProcess, HubProcess]


async def listening(process: HubProcess, hotel_id: int, since: int | None = None) -> Listener:
    listener = Listener()
    await process.hub.join(hotel_id, listener, [EVERYBODY], since=since)
    return listener


async def test_what_one_process_commits_is_heard_in_the_other_in_order(two: Two, hotel_id: int) -> None:
    here, there = two
    listener = await listening(there, hotel_id)

    await here.happen(hotel_id, 50)

    assert await listener.until(50) == list(range(1, 51))


class Broken(Listener):
    """A subscriber of whom nobody can say what it may hear."""

    def accepts(self, stored: Told, audience: str) -> bool:
        raise LookupError(audience)


async def test_one_sockets_fault_keeps_nothing_from_the_others_nor_from_whoever_committed(
    two: Two, hotel_id: int
) -> None:
    here, _ = two
    await here.hub.join(hotel_id, Broken(), [EVERYBODY])
    listener = await listening(here, hotel_id)

    await here.happen(hotel_id, 2)

    assert await listener.until(2) == [1, 2]


async def test_events_of_both_processes_at_once_are_heard_once_and_in_order_in_both(two: Two, hotel_id: int) -> None:
    listeners = [await listening(process, hotel_id) for process in two]

    await asyncio.gather(*(process.happen(hotel_id, 40) for process in two for _ in range(2)))

    for listener in listeners:
        assert await listener.until(160) == list(range(1, 161))


async def test_nothing_is_missed_or_doubled_while_redis_is_away(two: Two, hotel_id: int, own_valkey: Valkey) -> None:
    here, there = two
    listener = await listening(there, hotel_id)
    await here.happen(hotel_id, 5)

    own_valkey.stop()
    await here.happen(hotel_id, 20)
    assert await listener.until(25) == list(range(1, 26)), "live goes on without Redis"
    own_valkey.start()
    await here.is_hearing()
    await there.is_hearing()
    await here.happen(hotel_id, 20)

    assert await listener.until(45) == list(range(1, 46))


async def test_an_event_whose_process_died_before_telling_comes_with_the_next_one(two: Two, hotel_id: int) -> None:
    here, there = two
    listener = await listening(there, hotel_id)
    await here.happen(hotel_id)

    await here.happen(hotel_id, 3, silently=True)
    await here.happen(hotel_id)

    assert await listener.until(5) == [1, 2, 3, 4, 5]


async def test_a_connection_that_is_cut_loses_nothing(two: Two, hotel_id: int, own_valkey: Valkey) -> None:
    here, there = two
    listener = await listening(there, hotel_id)
    killer = Redis.from_url(own_valkey.url)

    for _ in range(10):
        await here.happen(hotel_id, 2)
        await killer.client_kill_filter(_type="pubsub", skipme=True)
        await here.happen(hotel_id, 2)
    await killer.aclose()

    assert await listener.until(40) == list(range(1, 41))


async def test_what_the_bus_repeats_reorders_or_garbles_is_told_once_and_in_order(
    two: Two, hotel_id: int, own_valkey: Valkey
) -> None:
    here, there = two
    listener = await listening(there, hotel_id)
    stranger = Redis.from_url(own_valkey.url)
    async with stranger.pubsub() as sniffer:
        await sniffer.subscribe(f"test:hotel:{hotel_id}")
        await sniffer.get_message(timeout=5)
        await here.happen(hotel_id, 3)
        heard = [await sniffer.get_message(timeout=5) for _ in range(3)]

    for message in [*reversed(heard), *heard]:
        assert message is not None
        await stranger.publish(f"test:hotel:{hotel_id}", message["data"])
    await stranger.publish(f"test:hotel:{hotel_id}", b"no event at all")
    await here.happen(hotel_id, 2)

    assert await listener.until(5) == [1, 2, 3, 4, 5]
    await stranger.aclose()


async def test_whoever_comes_back_is_told_what_they_missed_then_what_happens(two: Two, hotel_id: int) -> None:
    here, there = two
    await here.happen(hotel_id, 10)

    listener = await listening(there, hotel_id, since=4)
    await here.happen(hotel_id, 2)

    assert await listener.until(8) == [5, 6, 7, 8, 9, 10, 11, 12]


async def test_coming_back_while_much_happens_misses_and_doubles_nothing(two: Two, hotel_id: int) -> None:
    here, there = two
    await here.happen(hotel_id, 100)

    happening = asyncio.create_task(here.happen(hotel_id, 100))
    listeners = await asyncio.gather(*(listening(there, hotel_id, since=each) for each in range(0, 100, 10)))
    await happening

    for since, listener in zip(range(0, 100, 10), listeners, strict=True):
        assert await listener.until(200 - since) == list(range(since + 1, 201))


async def test_coming_back_after_more_than_is_replayed_means_starting_afresh(two: Two, hotel_id: int) -> None:
    here, there = two
    async with here.database.transaction() as work:
        for _ in range(REPLAY_LIMIT + 1):
            work.emit(hotel_id, UserChanged(user_id=7))

    with pytest.raises(ResyncNeeded):
        await listening(there, hotel_id, since=0)
    assert len((await listening(there, hotel_id, since=1)).told) == REPLAY_LIMIT


async def test_coming_back_to_what_is_no_longer_kept_means_starting_afresh(two: Two, hotel_id: int) -> None:
    here, there = two
    await here.happen(hotel_id, 3)
    async with here.database.transaction() as work:
        await work.events.forget((await work.events.between(hotel_id, 0, 3, limit=3))[-1].at)

    with pytest.raises(ResyncNeeded):
        await listening(there, hotel_id, since=1)
    assert (await listening(there, hotel_id, since=3)).told == []


async def test_coming_back_from_the_future_means_starting_afresh(two: Two, hotel_id: int) -> None:
    with pytest.raises(ResyncNeeded):
        await listening(two[0], hotel_id, since=1)


async def test_whoever_has_left_is_told_nothing_more(two: Two, hotel_id: int) -> None:
    here, _ = two
    leaving, staying = await listening(here, hotel_id), await listening(here, hotel_id)
    await here.happen(hotel_id)

    here.hub.leave(hotel_id, leaving)
    await here.happen(hotel_id)

    assert await staying.until(2) == [1, 2]
    assert leaving.told == [1]


async def test_a_hub_ends_at_once_whatever_its_bus_is_doing(empty_database: str, own_valkey: Valkey) -> None:
    for _ in range(10):
        async with asyncio.timeout(20), HubProcess(empty_database, own_valkey.url, "test"):
            pass  # the bus is still connecting


async def test_somebody_who_leaves_while_a_room_begins_leaves_nobody_deaf(two: Two, hotel_id: int) -> None:
    here, there = two
    arriving, passing = Listener(), Listener()

    joining = asyncio.create_task(there.hub.join(hotel_id, arriving, [EVERYBODY]))
    await asyncio.sleep(0)  # it waits for the head of the log now
    there.hub.leave(hotel_id, passing)
    await joining
    await here.happen(hotel_id, 3)

    assert await arriving.until(3) == [1, 2, 3]


async def test_a_client_that_was_told_more_than_this_process_knows_is_not_sent_away(two: Two, hotel_id: int) -> None:
    here, there = two
    early = await listening(there, hotel_id)
    await here.happen(hotel_id, 2)
    await early.until(2)
    await here.happen(hotel_id, 3, silently=True)

    late = await listening(there, hotel_id, since=5)
    await here.happen(hotel_id)

    assert await late.until(1) == [6]
    assert await early.until(6) == [1, 2, 3, 4, 5, 6]


async def test_an_event_of_a_newer_release_is_passed_over_and_holds_up_nothing(two: Two, hotel_id: int) -> None:
    here, there = two
    listener = await listening(there, hotel_id)
    await here.happen(hotel_id)
    async with here.silent.transaction() as work:
        await work.connection.execute(update(HotelSequence).values(seq=2))
        await work.connection.execute(
            insert(EventRow).values(hotel_id=hotel_id, seq=2, payload={"type": "of.tomorrow", "anything": 1})
        )
    await here.happen(hotel_id, 2)

    assert await listener.until(3) == [1, 3, 4]


async def test_joining_an_audience_again_from_earlier_brings_what_it_was_not_told(two: Two, hotel_id: int) -> None:
    here, _ = two
    await here.happen(hotel_id, 4)
    listener = await listening(here, hotel_id)
    await here.happen(hotel_id)
    await listener.until(1)

    await here.hub.join(hotel_id, listener, [EVERYBODY], since=2)

    assert listener.told == [5, 3, 4]


# When the process ends


@asynccontextmanager
async def reading(process: HubProcess, hotel_id: int) -> AsyncIterator[Listener]:
    """A listener in whose room the log is being read, by a statement that does not come to its end."""
    listener = await listening(process, hotel_id)
    async with process.silent.transaction() as work:
        await work.connection.execute(text("LOCK TABLE hotel_sequences IN ACCESS EXCLUSIVE MODE"))
        process.hub.committed([StoredEvent(hotel_id, 5, utc_now(), UserChanged(user_id=7))], has_deliveries=False)
        await eventually(lambda: process.connections_in_use > 1)
        yield listener
        assert process.connections_in_use == 1, "this transaction's"


async def test_a_hub_that_has_stopped_reads_the_log_no_more(two: Two, hotel_id: int) -> None:
    here, _ = two
    async with reading(here, hotel_id):
        await here.hub.stop()


async def test_nor_does_it_for_a_room_that_was_left_just_before(two: Two, hotel_id: int) -> None:
    here, _ = two
    async with reading(here, hotel_id) as listener:
        here.hub.leave(hotel_id, listener)
        await here.hub.stop()


async def test_a_room_that_is_closed_begins_no_reading_whoever_is_in_doubt(two: Two, hotel_id: int) -> None:
    here, _ = two
    room = Room(hotel_id, EventLog(here.silent), lambda _: None)
    await room.begun()
    await here.happen(hotel_id, 3, silently=True)

    room.close()
    await room.caught_up()

    assert room.position == 0
