import asyncio
from datetime import timedelta
from uuid import UUID

import argon2
import pytest
from sqlalchemy import func, select

from app.core.errors import Invalid
from app.core.events import UserChanged
from app.core.passwords import needs_rehash
from app.core.security import AccessClaims, issue_access_token
from app.core.settings import Settings
from app.core.types import Department, UserType
from app.models import AuthSession, RefreshToken, SignInAttempt
from app.services.auth import IDLE_LIFETIME, LONGEST_LIFETIME, AuthService
from app.store.database import Database
from tests.sign_ins import HeldClock, add_user, assert_over, change_user, emitted, refused, session_of, sign_in
from tests.world import PASSWORD

# Signing in


async def test_whoever_signs_in_is_known_by_token_and_by_cookie(database: Database, auth: AuthService) -> None:
    user_id = await add_user(database, first_name="Rita", last_name="Reis")

    signed_in = await sign_in(auth)

    principal = await auth.authenticate(signed_in.tokens.access_token)
    assert (principal.user_id, principal.username, principal.name) == (user_id, "rita", "Rita Reis")
    assert principal.user_type is UserType.RECEPTIONIST
    assert principal.departments == {Department.RECEPTION}
    assert await auth.authenticate_cookie(signed_in.session_cookie) == principal
    assert await auth.principal_of_session(principal.session_id) == principal


async def test_user_names_are_the_same_in_any_case(database: Database, auth: AuthService) -> None:
    user_id = await add_user(database, "Rita")

    assert (await sign_in(auth, "rITA")).tokens.user.id == user_id


async def test_an_unknown_name_a_wrong_password_and_an_inactive_user_are_refused_in_the_same_words(
    database: Database, auth: AuthService
) -> None:
    await add_user(database)
    await add_user(database, "gone", is_active=False)
    await add_user(database, "never", password_hash="")

    answers = {
        await refused(sign_in(auth, "nobody")),
        await refused(sign_in(auth, password="wrong")),
        await refused(sign_in(auth, "gone")),
        await refused(sign_in(auth, "never")),
        await refused(sign_in(auth, "rita\x00")),
        await refused(sign_in(auth, "rita\ud800")),
    }

    assert len(answers) == 1


@pytest.mark.parametrize("password", ["", "x" * 1025, "a\x00b", "a\ud800b"])
async def test_what_can_be_no_password_is_refused_and_is_no_attempt(
    database: Database, auth: AuthService, password: str
) -> None:
    user_id = await add_user(database)

    with pytest.raises(Invalid) as signing_in:
        await sign_in(auth, password=password)
    with pytest.raises(Invalid):
        await auth.set_password(user_id, password)

    assert signing_in.value.details == {"password": str(signing_in.value).removeprefix("The password ").rstrip(".")}
    async with database.read() as work:
        assert await work.connection.scalar(select(func.count()).select_from(SignInAttempt)) == 0


async def test_only_hashes_of_secrets_are_kept(database: Database, auth: AuthService) -> None:
    await add_user(database)

    signed_in = await sign_in(auth)

    async with database.read() as work:
        kept = {
            *await work.connection.scalars(select(AuthSession.cookie_hash)),
            *await work.connection.scalars(select(RefreshToken.token_hash)),
        }
    assert not kept & {signed_in.session_cookie.encode(), signed_in.tokens.refresh_token.encode()}
    assert {len(each) for each in kept} == {32}


async def test_a_hash_of_older_costs_is_renewed_and_neither_of_two_at_once_is_refused_for_it(
    database: Database, auth: AuthService
) -> None:
    older = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    await add_user(database, password_hash=older)

    await asyncio.gather(sign_in(auth), sign_in(auth))

    async with database.read() as work:
        credentials = await work.users.credentials("rita")
    assert credentials is not None
    assert not needs_rehash(credentials.password_hash)
    await sign_in(auth)


# How long it lasts


async def test_an_access_token_is_good_for_fifteen_minutes_and_its_cookie_for_longer(
    database: Database, auth: AuthService, clock: HeldClock
) -> None:
    await add_user(database)
    signed_in = await sign_in(auth)

    clock.move(minutes=15)

    await refused(auth.authenticate(signed_in.tokens.access_token))
    await auth.authenticate_cookie(signed_in.session_cookie)


async def test_a_session_that_is_not_refreshed_ends_after_two_weeks(
    database: Database, auth: AuthService, clock: HeldClock
) -> None:
    await add_user(database)
    signed_in = await sign_in(auth)
    session_id = await session_of(auth, signed_in)

    clock.now += IDLE_LIFETIME - timedelta(seconds=1)
    await auth.authenticate_cookie(signed_in.session_cookie)
    clock.move(seconds=1)

    await assert_over(auth, signed_in)
    assert await auth.principal_of_session(session_id) is None


async def test_refreshing_keeps_a_session_but_no_longer_than_thirty_days(
    database: Database, auth: AuthService, clock: HeldClock
) -> None:
    await add_user(database)
    signed_in = await sign_in(auth)
    tokens = signed_in.tokens

    for _ in range(3):
        clock.move(days=9)
        tokens = await auth.refresh(tokens.refresh_token)
        principal = await auth.authenticate(tokens.access_token)

    assert principal.session_expires_at - clock.now == LONGEST_LIFETIME - timedelta(days=27)
    clock.move(days=3)
    await refused(auth.refresh(tokens.refresh_token))
    await refused(auth.authenticate_cookie(signed_in.session_cookie))


async def test_changed_departments_count_at_once(database: Database, auth: AuthService) -> None:
    user_id = await add_user(database, user_type=UserType.DEPARTMENT_STAFF)
    signed_in = await sign_in(auth)

    await change_user(database, user_id, departments=[Department.CAFE, Department.HOUSEKEEPING])

    principal = await auth.authenticate(signed_in.tokens.access_token)
    assert principal.departments == {Department.CAFE, Department.HOUSEKEEPING}


async def test_many_sessions_are_looked_at_in_one_go_and_those_that_are_over_are_not_there(
    database: Database, auth: AuthService
) -> None:
    await add_user(database)
    running, ended = await sign_in(auth), await sign_in(auth)
    session_ids = [await session_of(auth, signed_in) for signed_in in (running, ended)]
    await auth.end_session(session_ids[1])

    found = await auth.principals_of_sessions({*session_ids, UUID(int=0)})

    assert found == {session_ids[0]: await auth.authenticate(running.tokens.access_token)}
    assert await auth.principals_of_sessions([]) == {}


async def test_a_token_that_names_another_user_than_its_session_signs_nobody_in(
    database: Database, auth: AuthService, settings: Settings, clock: HeldClock
) -> None:
    await add_user(database)
    other_id = await add_user(database, "otto")
    claims = AccessClaims(user_id=other_id, session_id=await session_of(auth, await sign_in(auth)))

    mixed = issue_access_token(settings.secret_key.get_secret_value(), claims, clock())

    await refused(auth.authenticate(mixed))


# Refresh tokens


async def test_a_refresh_token_is_exchanged_for_a_new_pair_of_the_same_session(
    database: Database, auth: AuthService, clock: HeldClock
) -> None:
    await add_user(database)
    signed_in = await sign_in(auth)
    session_id = await session_of(auth, signed_in)
    clock.move(minutes=16)

    tokens = await auth.refresh(signed_in.tokens.refresh_token)

    assert tokens.refresh_token != signed_in.tokens.refresh_token
    assert tokens.user == signed_in.tokens.user
    assert (await auth.authenticate(tokens.access_token)).session_id == session_id


async def test_a_refresh_token_used_twice_ends_its_session_and_tells_its_sockets(
    database: Database, auth: AuthService
) -> None:
    user_id = await add_user(database)
    signed_in, other = await sign_in(auth), await sign_in(auth)
    session_id = await session_of(auth, signed_in)
    tokens = await auth.refresh(signed_in.tokens.refresh_token)

    await refused(auth.refresh(signed_in.tokens.refresh_token))

    await assert_over(auth, signed_in)
    await refused(auth.authenticate(tokens.access_token))
    await refused(auth.refresh(tokens.refresh_token))
    assert await emitted(database) == [UserChanged(user_id=user_id, session_id=session_id)]
    await auth.authenticate(other.tokens.access_token)


async def test_of_two_refreshes_at_once_one_wins_and_the_other_ends_the_session(
    database: Database, auth: AuthService
) -> None:
    await add_user(database)
    for _ in range(5):
        signed_in = await sign_in(auth)

        both = await asyncio.gather(
            auth.refresh(signed_in.tokens.refresh_token),
            auth.refresh(signed_in.tokens.refresh_token),
            return_exceptions=True,
        )

        assert sorted(type(one).__name__ for one in both) == ["Tokens", "Unauthenticated"]
        await assert_over(auth, signed_in)


@pytest.mark.parametrize("token", ["", "unknown", "\x00", "é", "x" * 10_000])
async def test_an_unknown_refresh_token_is_refused(database: Database, auth: AuthService, token: str) -> None:
    await add_user(database)

    await refused(auth.refresh(token))


async def test_an_access_token_is_no_refresh_token_and_the_other_way_round(
    database: Database, auth: AuthService
) -> None:
    await add_user(database)
    tokens = (await sign_in(auth)).tokens

    await refused(auth.refresh(tokens.access_token))
    await refused(auth.authenticate(tokens.refresh_token))
