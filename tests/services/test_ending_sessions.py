import asyncio
from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text

from app.core.errors import NotFound, Unauthenticated
from app.core.events import UserChanged
from app.models import RefreshToken, SignInAttempt
from app.services.auth import IDLE_LIFETIME, AuthService, SignedIn
from app.store.database import Database
from app.store.sessions import SessionOwner
from tests.eventually import eventually
from tests.sign_ins import HeldClock, add_user, assert_over, change_user, emitted, refused, session_of, sign_in
from tests.world import PASSWORD


async def test_signing_out_ends_one_session_and_tells_its_sockets_once(database: Database, auth: AuthService) -> None:
    user_id = await add_user(database)
    signed_in, other = await sign_in(auth), await sign_in(auth)
    session_id = await session_of(auth, signed_in)

    await auth.end_session(session_id)
    await auth.end_session(session_id)

    await assert_over(auth, signed_in)
    assert await auth.principal_of_session(session_id) is None
    await auth.authenticate(other.tokens.access_token)
    assert await emitted(database) == [UserChanged(user_id=user_id, session_id=session_id)]


async def test_a_new_password_signs_out_everywhere_and_is_the_only_one_from_then_on(
    database: Database, auth: AuthService
) -> None:
    user_id, other_id = await add_user(database), await add_user(database, "otto")
    first, second, others = await sign_in(auth), await sign_in(auth), await sign_in(auth, "otto")

    await auth.set_password(user_id, "a new word")

    await assert_over(auth, first)
    await assert_over(auth, second)
    await refused(sign_in(auth))
    await sign_in(auth, password="a new word")
    assert (await auth.authenticate(others.tokens.access_token)).user_id == other_id
    assert await emitted(database) == [UserChanged(user_id=user_id)]


async def test_no_sign_in_with_the_old_password_outlives_its_change(database: Database, auth: AuthService) -> None:
    user_id = await add_user(database)
    passwords = [PASSWORD, "second word", "third word", "fourth word", "fifth word"]

    for old, new in pairwise(passwords):
        outcome, _ = await asyncio.gather(
            sign_in(auth, password=old), auth.set_password(user_id, new), return_exceptions=True
        )

        if isinstance(outcome, SignedIn):
            await assert_over(auth, outcome)
        else:
            assert isinstance(outcome, Unauthenticated)


async def test_a_sign_in_whose_password_changed_after_it_was_verified_opens_no_session(
    database: Database, auth: AuthService
) -> None:
    user_id = await add_user(database)
    async with database.read() as work:
        verified = await work.users.credentials("rita")
    assert verified is not None

    await auth.set_password(user_id, "a new word")

    async with database.transaction() as work:
        assert await work.users.lock_verified(verified) is None


async def test_a_new_password_waits_for_the_sign_in_that_is_opening_and_ends_it(
    database: Database, auth: AuthService, clock: HeldClock
) -> None:
    user_id, session_id = await add_user(database), uuid4()
    async with database.transaction() as work:
        verified = await work.users.credentials("rita")
        assert verified is not None
        assert await work.users.lock_verified(verified)
        changing = asyncio.create_task(auth.set_password(user_id, "a new word"))
        await eventually(lambda: _waits_for_a_lock(database))
        await work.sessions.open(
            SessionOwner(session_id, user_id),
            cookie_hash=b"cookie",
            refresh_hash=b"refresh",
            now=clock(),
            lifetime=IDLE_LIFETIME,
        )

    await changing

    assert await auth.principal_of_session(session_id) is None


async def _waits_for_a_lock(database: Database) -> bool:
    async with database.read() as work:
        waiting = await work.connection.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        )
    return bool(waiting)


async def test_a_deactivated_user_is_out_at_once_and_does_not_come_in_again(
    database: Database, auth: AuthService
) -> None:
    user_id = await add_user(database)
    signed_in = await sign_in(auth)

    await auth.deactivate(user_id)

    await assert_over(auth, signed_in)
    await refused(sign_in(auth))
    assert await emitted(database) == [UserChanged(user_id=user_id)]


async def test_a_user_made_inactive_by_an_import_is_out_without_any_session_being_ended(
    database: Database, auth: AuthService
) -> None:
    user_id = await add_user(database)
    signed_in = await sign_in(auth)

    await change_user(database, user_id, is_active=False)

    await assert_over(auth, signed_in)


async def test_a_user_who_is_signed_in_nowhere_has_no_sockets_to_tell(database: Database, auth: AuthService) -> None:
    user_id = await add_user(database)

    await auth.end_sessions(user_id)

    assert await emitted(database) == []


async def test_a_user_who_is_not_there_cannot_be_changed(database: Database, auth: AuthService) -> None:
    for change in (auth.set_password(404, "a new word"), auth.deactivate(404), auth.profile(404)):
        with pytest.raises(NotFound):
            await change


async def test_what_is_long_over_is_forgotten_and_the_rest_is_kept(
    database: Database, auth: AuthService, clock: HeldClock
) -> None:
    await add_user(database)
    ended, ran_out = await sign_in(auth), await sign_in(auth)
    await auth.end_session(await session_of(auth, ended))
    await refused(sign_in(auth, "nobody"))
    clock.move(days=20)
    running = await sign_in(auth)

    async with database.transaction() as work:
        forgotten = await work.sessions.forget_ended(clock.now - timedelta(days=1))

    assert forgotten == 2
    await auth.authenticate(running.tokens.access_token)
    await refused(auth.session_of_cookie(ran_out.session_cookie))
    async with database.read() as work:
        assert await work.connection.scalar(select(func.count()).select_from(RefreshToken)) == 1
        windows = await work.connection.scalars(select(SignInAttempt.window_started_at))
        assert set(windows) == {clock.now}
