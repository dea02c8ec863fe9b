import asyncio

from app.core.errors import Unavailable
from app.services.hashing import Hashing
from tests.world import PASSWORD


async def test_the_event_loop_goes_on_while_a_password_is_hashed() -> None:
    verifying = asyncio.create_task(Hashing().verify(None, PASSWORD))
    turns = 0
    while not verifying.done():
        turns += 1
        await asyncio.sleep(0)

    assert turns > 20


async def test_whoever_finds_the_queue_for_hashing_full_is_turned_away_and_later_let_in() -> None:
    hashing = Hashing(at_once=1, max_waiting=1)

    outcomes = await asyncio.gather(*(hashing.verify(None, PASSWORD) for _ in range(4)), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [bool, bool, Unavailable, Unavailable]
    assert await hashing.verify(None, PASSWORD) is False
