import asyncio

import pytest
from sqlalchemy import select

from app.core.errors import LobbyError, TooManyRequests, Unauthenticated
from app.models import SignInAttempt
from app.services.auth import MAX_ATTEMPTS, WINDOW, AuthService
from app.store.attempts import AttemptStore, Counted
from app.store.database import Database
from tests.sign_ins import ADDRESS, HeldClock, add_user, sign_in
from tests.world import PASSWORD


async def guess(auth: AuthService, username: str = "rita", password: str = "wrong") -> type[LobbyError]:
    with pytest.raises(LobbyError) as caught:
        await sign_in(auth, username, password)
    return type(caught.value)


async def test_after_ten_wrong_guesses_even_the_right_password_waits_for_the_window_to_end(
    database: Database, auth: AuthService, clock: HeldClock
) -> None:
    await add_user(database)
    await add_user(database, "otto")
    for _ in range(10):
        assert await guess(auth, "Rita") is Unauthenticated
    clock.move(minutes=5)

    with pytest.raises(TooManyRequests) as caught:
        await sign_in(auth)

    assert caught.value.retry_after == 600
    await sign_in(auth, "otto")
    clock.move(seconds=599)
    assert await guess(auth, "RITA", PASSWORD) is TooManyRequests
    clock.move(seconds=1)
    await sign_in(auth)


async def test_guesses_at_once_are_counted_one_by_one(database: Database, auth: AuthService) -> None:
    await add_user(database)

    outcomes = await asyncio.gather(*(guess(auth) for _ in range(16)))

    assert sorted(outcomes, key=str) == sorted([Unauthenticated] * 10 + [TooManyRequests] * 6, key=str)


async def test_nobody_locks_somebody_else_out_from_another_address(database: Database, auth: AuthService) -> None:
    await add_user(database)
    for _ in range(11):
        await guess(auth)

    await auth.sign_in("rita", PASSWORD, "192.0.2.8")
    assert await guess(auth, "rita", PASSWORD) is TooManyRequests


async def test_a_name_has_a_hundred_failures_from_wherever_and_a_success_forgets_only_itself(
    database: Database, auth: AuthService, clock: HeldClock
) -> None:
    await add_user(database)
    async with database.transaction() as work:
        for _ in range(MAX_ATTEMPTS[Counted.USERNAME] - 1):
            await work.attempts.count(Counted.USERNAME, "rita", now=clock.now, since=clock.now - WINDOW)

    await auth.sign_in("rita", PASSWORD, "192.0.2.8")
    assert await guess(auth) is Unauthenticated
    with pytest.raises(TooManyRequests):
        await auth.sign_in("rita", PASSWORD, "192.0.2.9")


@pytest.mark.parametrize(
    "addresses",
    [
        ("2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::"),
        ("192.0.2.7", "::ffff:192.0.2.7", "::ffff:c000:207"),
        ("a proxy's name",),
    ],
)
async def test_addresses_of_one_network_are_counted_as_one(
    database: Database, auth: AuthService, addresses: tuple[str, ...]
) -> None:
    await add_user(database)
    for turn in range(10):
        with pytest.raises(Unauthenticated):
            await auth.sign_in("rita", "wrong", addresses[turn % len(addresses)])

    for address in addresses:
        with pytest.raises(TooManyRequests):
            await auth.sign_in("rita", PASSWORD, address)
    for other in ("2001:db8:0:1::1", "::ffff:192.0.2.8"):
        await auth.sign_in("rita", PASSWORD, other)


async def test_success_forgets_the_guesses_for_a_name_from_its_address(database: Database, auth: AuthService) -> None:
    await add_user(database)
    for _ in range(2):
        for _ in range(9):
            assert await guess(auth) is Unauthenticated
        await sign_in(auth)


async def test_names_that_nobody_has_are_counted_too_so_that_counting_tells_none(
    database: Database, auth: AuthService
) -> None:
    for _ in range(10):
        assert await guess(auth, "nobody") is Unauthenticated

    assert await guess(auth, "nobody") is TooManyRequests


async def test_an_address_has_a_hundred_failures_and_success_costs_it_none(
    database: Database, auth: AuthService, clock: HeldClock
) -> None:
    await add_user(database)
    async with database.transaction() as work:
        for _ in range(MAX_ATTEMPTS[Counted.ADDRESS] - 1):
            await AttemptStore(work.connection).count(Counted.ADDRESS, ADDRESS, now=clock.now, since=clock.now - WINDOW)

    await sign_in(auth)
    await sign_in(auth)
    assert await guess(auth, "nobody") is Unauthenticated
    assert await guess(auth, "rita", PASSWORD) is TooManyRequests
    await auth.sign_in("rita", PASSWORD, "192.0.2.8")


async def test_a_refused_attempt_counts_nowhere(database: Database, auth: AuthService) -> None:
    await add_user(database)
    for _ in range(10):
        await guess(auth)
    for _ in range(5):
        assert await guess(auth) is TooManyRequests

    async with database.read() as work:
        assert sorted(await work.connection.scalars(select(SignInAttempt.count))) == [10, 10, 10]


async def test_a_name_of_any_length_makes_a_key_of_bounded_length(database: Database, auth: AuthService) -> None:
    assert await guess(auth, "n" * 100_000) is Unauthenticated
