"""Sign-in: who somebody is, for how long, and how that ends.

A sign-in opens a session. Its access tokens (15 minutes), refresh tokens (good once) and cookie are worth what the
session's row says when they are shown, so that a sign-out, a new password, a deactivated user and changed departments
count at once. A session ends 14 days after the sign-in or the last refresh, 30 days after the sign-in at the latest;
it ends at once on sign-out, on a new password, with its user, and when one of its refresh tokens is used twice, since
then one of the two users stole it. Whatever ends it tells the user's sockets (``UserChanged``).

Guesses are counted before a password is looked at: per 15 minutes, 10 for a user name from one address, so that nobody
locks somebody else out, 100 for a user name from wherever, and 100 from an address. An IPv6 address is its network of
64 bits, which is what one customer has. A guess that is refused for it counts nowhere. Success forgets those of its
user name and address.
"""

import ipaddress
import math
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

import msgspec

from app.core.clock import Clock, utc_now
from app.core.errors import Invalid, NotFound, TooManyRequests, Unauthenticated
from app.core.events import UserChanged
from app.core.passwords import needs_rehash, password_fault
from app.core.principal import Principal
from app.core.profile import Profile
from app.core.security import (
    ACCESS_LIFETIME,
    AccessClaims,
    csrf_token,
    digest,
    issue_access_token,
    new_secret,
    read_access_token,
)
from app.core.settings import Settings
from app.core.text import clean
from app.services.hashing import Hashing
from app.store.attempts import Counted
from app.store.database import Database
from app.store.sessions import EndedSession, SessionOwner
from app.store.unit_of_work import UnitOfWork
from app.store.users import Credentials

IDLE_LIFETIME: Final = timedelta(days=14)
LONGEST_LIFETIME: Final = timedelta(days=30)
WINDOW: Final = timedelta(minutes=15)
MAX_ATTEMPTS: Final = {Counted.ADDRESS: 100, Counted.USERNAME: 100, Counted.BOTH: 10}

WRONG_CREDENTIALS: Final = "The user name or the password is wrong."
SESSION_OVER: Final = "This sign-in is not valid. Please sign in again."


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh pair. ``expires_in`` is the access token's, in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    user: Profile


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A new session: its first pair, and the values of its two cookies, good for ``cookie_lifetime``."""

    tokens: Tokens
    session_cookie: str
    csrf_cookie: str
    cookie_lifetime: timedelta


class AuthService:
    """Made once per process."""

    def __init__(self, database: Database, settings: Settings, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._secret = settings.secret_key.get_secret_value()
        self._clock = clock
        self._hashing = Hashing()

    # Signing in and staying so

    async def sign_in(self, username: str, password: str, address: str) -> SignedIn:
        """Open a session. ``address`` is the client's, for counting.

        Raises Unauthenticated in the same words, after about the same time, for a wrong password, an unknown user name
        and an inactive user; TooManyRequests; Invalid for what is no password; Unavailable.
        """
        if fault := password_fault(password):
            raise Invalid(f"The password {fault}.", details={"password": fault})
        username, counted = clean(username), _counted(clean(username), clean(address))
        async with self._database.transaction() as work:
            for by, name in counted.items():
                await self._count_attempt(work, by, name)
        for _ in range(2):  # again where the hash was renewed meanwhile, by another sign-in or by a new password
            async with self._database.read() as work:
                credentials = await work.users.credentials(username)
            stored = None if credentials is None else credentials.password_hash
            verified = await self._hashing.verify(stored, password)
            if credentials is None or not verified or not credentials.is_active:
                break
            renewed = await self._hashing.hash(password) if needs_rehash(credentials.password_hash) else None
            signed_in = await self._database.run(self._open, credentials, renewed, counted)
            if signed_in is not None:
                return signed_in
        raise Unauthenticated(WRONG_CREDENTIALS)

    async def refresh(self, refresh_token: str) -> Tokens:
        """Exchange a refresh token for a new pair. Raises Unauthenticated, and a second use ends the session."""
        now, new_token = self._clock(), new_secret()
        async with self._database.transaction() as work:
            owner = await work.sessions.rotate(
                digest(refresh_token), digest(new_token), now=now, idle=IDLE_LIFETIME, longest=LONGEST_LIFETIME
            )
            if owner is None:
                _tell(work, await work.sessions.end_of_used_token(digest(refresh_token), now))
            profile = None if owner is None else await work.users.profile(owner.user_id)
        if owner is None or profile is None:
            raise Unauthenticated(SESSION_OVER)
        return self._tokens(owner, profile, new_token)

    # Who somebody is

    async def authenticate(self, access_token: str) -> Principal:
        """Raises Unauthenticated for a bad token, and for one whose session or user is no more."""
        claims = read_access_token(self._secret, access_token, self._clock())
        principal = await self.principal_of_session(claims.session_id)
        if principal is None or principal.user_id != claims.user_id:
            raise Unauthenticated(SESSION_OVER)
        return principal

    async def authenticate_cookie(self, cookie: str) -> Principal:
        """Raises Unauthenticated. The caller checks where the request comes from: ``csrf_token``, or its Origin."""
        async with self._database.read() as work:
            principal = await work.sessions.principal_of_cookie(digest(cookie), self._clock())
        if principal is None:
            raise Unauthenticated(SESSION_OVER)
        return principal

    async def principal_of_session(self, session_id: UUID) -> Principal | None:
        """Who is signed in by a session now, for whoever looks again."""
        async with self._database.read() as work:
            return await work.sessions.principal(session_id, self._clock())

    async def principals_of_sessions(self, session_ids: Collection[UUID]) -> dict[UUID, Principal]:
        """The same for many; a session that is over is missing."""
        async with self._database.read() as work:
            return await work.sessions.principals(session_ids, self._clock())

    async def profile(self, user_id: int) -> Profile:
        async with self._database.read() as work:
            profile = await work.users.profile(user_id)
        if profile is None:
            raise NotFound("There is no such user.")
        return profile

    def csrf_token(self, session_id: UUID) -> str:
        """What must come back in ``X-CSRFToken`` with a session's cookie."""
        return csrf_token(self._secret, session_id)

    # The session that a credential names, whether it still runs or not: for signing out twice

    def session_of_access_token(self, access_token: str) -> UUID:
        """Raises Unauthenticated for a bad token."""
        return read_access_token(self._secret, access_token, self._clock()).session_id

    async def session_of_cookie(self, cookie: str) -> UUID:
        """Raises Unauthenticated for a cookie that never was."""
        async with self._database.read() as work:
            return _known(await work.sessions.id_of_cookie(digest(cookie)))

    async def session_of_refresh_token(self, refresh_token: str) -> UUID:
        """Raises Unauthenticated for a token that never was."""
        async with self._database.read() as work:
            return _known(await work.sessions.id_of_refresh_token(digest(refresh_token)))

    # How it ends

    async def end_session(self, session_id: UUID) -> None:
        """Sign out. Nothing happens where the session has ended before."""
        async with self._database.transaction() as work:
            _tell(work, await work.sessions.end(session_id, self._clock()))

    async def end_sessions(self, user_id: int) -> None:
        """Sign a user out everywhere."""
        async with self._database.transaction() as work:
            await _end_all(work, user_id, self._clock())

    async def set_password(self, user_id: int, password: str) -> None:
        """Change a password and sign the user out everywhere. Raises Invalid, NotFound, Unavailable."""
        if fault := password_fault(password):
            raise Invalid(f"The password {fault}.", details={"password": fault})
        password_hash, now = await self._hashing.hash(password), self._clock()
        async with self._database.transaction() as work:
            if not await work.users.set_password_hash(user_id, password_hash, now):
                raise NotFound("There is no such user.")
            await _end_all(work, user_id, now)

    async def deactivate(self, user_id: int) -> None:
        """Let a user in no more, and sign them out everywhere. Raises NotFound."""
        now = self._clock()
        async with self._database.transaction() as work:
            if not await work.users.set_active(user_id, is_active=False, now=now):
                raise NotFound("There is no such user.")
            await _end_all(work, user_id, now)

    async def _count_attempt(self, work: UnitOfWork, by: Counted, name: str) -> None:
        """Always in one order, so that nobody waits in a circle. Raising undoes all counts."""
        now = self._clock()
        attempts = await work.attempts.count(by, name, now=now, since=now - WINDOW)
        if attempts.made > MAX_ATTEMPTS[by]:
            left = attempts.window_started_at + WINDOW - now
            raise TooManyRequests(
                "Too many failed sign-ins. Please wait before you try again.",
                retry_after=max(1, math.ceil(left.total_seconds())),
            )

    async def _open(
        self, work: UnitOfWork, credentials: Credentials, renewed: str | None, counted: dict[Counted, str]
    ) -> SignedIn | None:
        """None where the user or the password changed since it was verified."""
        profile = await work.users.lock_verified(credentials)
        if profile is None:
            return None
        if renewed is not None:
            await work.users.set_password_hash(profile.id, renewed, self._clock())
        signed_in = await self.open_session(work, profile)
        for by in (Counted.ADDRESS, Counted.USERNAME):
            await work.attempts.forgive_one(by, counted[by])
        await work.attempts.forgive_all(Counted.BOTH, counted[Counted.BOTH])
        return signed_in

    async def open_session(self, work: UnitOfWork, profile: Profile) -> SignedIn:
        """A session of this user, who has just proved or become who they are; their row is held."""
        owner = SessionOwner(uuid4(), profile.id)
        cookie, refresh_token = new_secret(), new_secret()
        await work.sessions.open(
            owner,
            cookie_hash=digest(cookie),
            refresh_hash=digest(refresh_token),
            now=self._clock(),
            lifetime=IDLE_LIFETIME,
        )
        return SignedIn(
            tokens=self._tokens(owner, profile, refresh_token),
            session_cookie=cookie,
            csrf_cookie=self.csrf_token(owner.session_id),
            cookie_lifetime=LONGEST_LIFETIME,
        )

    def _tokens(self, owner: SessionOwner, profile: Profile, refresh_token: str) -> Tokens:
        claims = AccessClaims(user_id=owner.user_id, session_id=owner.session_id)
        return Tokens(
            access_token=issue_access_token(self._secret, claims, self._clock()),
            refresh_token=refresh_token,
            expires_in=int(ACCESS_LIFETIME.total_seconds()),
            user=profile,
        )


def _counted(username: str, address: str) -> dict[Counted, str]:
    """By what an attempt is counted, in the order in which it is."""
    network = network_of(address)
    return {Counted.ADDRESS: network, Counted.USERNAME: username, Counted.BOTH: f"{network} {username}"}


def network_of(address: str) -> str:
    """Whose address it is: an IPv4 address, also where it is written as IPv6, or the first 64 bits of an IPv6 one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address  # of a proxy that names its clients otherwise
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip), 64), strict=False))


def _known(session_id: UUID | None) -> UUID:
    if session_id is None:
        raise Unauthenticated(SESSION_OVER)
    return session_id


def _tell(work: UnitOfWork, ended: list[EndedSession]) -> None:
    for session in ended:
        work.emit(session.hotel_id, UserChanged(user_id=session.user_id, session_id=session.session_id))


async def _end_all(work: UnitOfWork, user_id: int, now: datetime) -> None:
    """One event for them all, however many there were."""
    for session in (await work.sessions.end_all(user_id, now))[:1]:
        work.emit(session.hotel_id, UserChanged(user_id=user_id))
