"""Who a visitor of a web chat is, and on which of the hotels' channels.

A user who has signed in is ``webchat_user_{id}``, on channels of their own hotel. A guest who opened their personal
link is ``webchat_guest_{id of that session}``, on channels of the hotel they stay in. Everybody else has a key, signed
into a cookie or a guest token, and is ``webchat_guest_{key}``; nothing is kept of them until they write. Their session
ends when they sign in: what was theirs is the user's then.
"""

import contextlib
from collections.abc import Collection
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from app.core.clock import Clock
from app.core.errors import NotFound, Unauthenticated
from app.core.principal import GuestPrincipal, Principal, VisitorPrincipal
from app.core.security import new_visitor_key, read_visitor_token, visitor_csrf_token, visitor_token
from app.core.settings import Settings
from app.core.types import Platform
from app.services.auth import AuthService
from app.services.guest_sessions import GuestSessionService
from app.store.channels import ChannelRecord
from app.store.database import Database

OF_USER: Final = "webchat_user_"
OF_GUEST: Final = "webchat_guest_"
Somebody = Principal | GuestPrincipal | str
"""Who a visitor is, whatever the channel: a user, a guest by their personal link, or the key of a visitor's session."""
LOOKED_AT_LEAST: Final = timedelta(hours=24)
DOTS_OF_A_JWT: Final = 2
OVER: Final = "This visitor's session is over."


class VisitorService:
    def __init__(
        self,
        *,
        database: Database,
        settings: Settings,
        auth: AuthService,
        guest_sessions: GuestSessionService,
        clock: Clock,
    ) -> None:
        self._database = database
        self._secret = settings.secret_key.get_secret_value()
        self._auth = auth
        self._guest_sessions = guest_sessions
        self._clock = clock

    async def channel(self, channel_id: int | None = None, *, hotel_id: int | None = None) -> ChannelRecord:
        """The web chat of this id, or the first that is in use: of this hotel where one is named. Raises NotFound
        ``no_such_channel``."""
        async with self._database.read() as work:
            found = await work.channels.first_of(Platform.WEBCHAT, channel_id=channel_id, hotel_id=hotel_id)
        if found is None:
            raise NotFound("There is no such web chat.", code="no_such_channel")
        return found

    async def on(self, who: Somebody, channel_id: int | None = None) -> VisitorPrincipal:
        """Somebody on a channel. Raises as the three below."""
        if isinstance(who, Principal):
            return await self.of_user(who, channel_id)
        if isinstance(who, GuestPrincipal):
            return await self.of_guest(who, channel_id)
        return await self.of_key(who, channel_id)

    async def everywhere(self, who: Somebody, channel_id: int | None = None) -> tuple[str, list[int]]:
        """The id of somebody's account, and the channels that they may have chats on, or this one of them.
        Raises NotFound ``no_such_channel``."""
        hotel_id = None if isinstance(who, str) else who.hotel_id
        if channel_id is not None:
            return account_of(who), [(await self.channel(channel_id, hotel_id=hotel_id)).id]
        async with self._database.read() as work:
            channels = await work.channels.of_platform(Platform.WEBCHAT)
        return account_of(who), [each.id for each in channels if hotel_id in {None, each.hotel_id}]

    async def is_site(self, origin: str) -> bool:
        """Whether a web chat may be shown on pages of this origin."""
        async with self._database.read() as work:
            return await work.webchat.allows_origin(origin)

    async def of_user(self, user: Principal, channel_id: int | None = None) -> VisitorPrincipal:
        """Raises NotFound for a channel that is not of the user's hotel."""
        channel = await self.channel(channel_id, hotel_id=user.hotel_id)
        return VisitorPrincipal(
            hotel_id=channel.hotel_id,
            channel_id=channel.id,
            account=account_of(user),
            user=user,
            session_expires_at=user.session_expires_at,
        )

    async def of_guest(self, guest: GuestPrincipal, channel_id: int | None = None) -> VisitorPrincipal:
        """A guest who opened their personal link. Raises NotFound for a channel of another hotel."""
        channel = await self.channel(channel_id, hotel_id=guest.hotel_id)
        return VisitorPrincipal(
            hotel_id=channel.hotel_id,
            channel_id=channel.id,
            account=account_of(guest),
            guest=guest,
            session_expires_at=guest.session_expires_at,
        )

    async def of_key(self, key: str, channel_id: int | None = None) -> VisitorPrincipal:
        """Raises Unauthenticated where this visitor's session has ended, NotFound for a channel that is none."""
        channel = await self.channel(channel_id)
        if not await self.is_running(key):
            raise Unauthenticated(OVER)
        return VisitorPrincipal(
            hotel_id=channel.hotel_id,
            channel_id=channel.id,
            account=account_of(key),
            key=key,
            session_expires_at=self._clock() + LOOKED_AT_LEAST,
        )

    async def of_token(self, token: str) -> Somebody:
        """Whose token this is: an access token, a visitor's guest token, or that of a personal link. Raises
        Unauthenticated where it is none, or opens nothing any more."""
        if (key := self.key_of(token)) is not None:
            if not await self.is_running(key):
                raise Unauthenticated(OVER)
            return key
        if token.count(".") == DOTS_OF_A_JWT:
            return await self._auth.authenticate(token)
        return await self._guest_sessions.of_token(token)

    async def of_cookies(self, session: str | None, visitor: str | None) -> Principal | str | None:
        """Whose cookies these are: the user's whose session runs, else the visitor's; None where they open nothing any
        more. The caller checks where the request comes from."""
        if session:
            with contextlib.suppress(Unauthenticated):  # has run out: whoever it was is a visitor now
                return await self._auth.authenticate_cookie(session)
        key = self.key_of(visitor or "")
        return key if key is not None and await self.is_running(key) else None

    async def is_running(self, key: str) -> bool:
        async with self._database.read() as work:
            return bool(await work.webchat.running([key]))

    def new_key(self) -> str:
        return new_visitor_key()

    def token(self, key: str) -> str:
        """What a visitor shows, as a cookie or as a guest token."""
        return visitor_token(self._secret, key)

    def key_of(self, token: str) -> str | None:
        """Whose token this is; None for what is none of ours."""
        return read_visitor_token(self._secret, token)

    def csrf_token(self, key: str) -> str:
        return visitor_csrf_token(self._secret, key)

    async def still(self, callers: Collection[VisitorPrincipal]) -> dict[VisitorPrincipal, VisitorPrincipal]:
        """Those who may still listen, each with what counts now."""
        users = await self._auth.principals_of_sessions({each.user.session_id for each in callers if each.user})
        guests = await self._guest_sessions.still({each.guest for each in callers if each.guest})
        async with self._database.read() as work:
            channels = {each.id for each in await work.channels.by_ids({each.channel_id for each in callers})}
            keys = await work.webchat.running({each.key for each in callers if each.key})
        found: dict[VisitorPrincipal, VisitorPrincipal] = {}
        for each in callers:
            if each.channel_id not in channels:
                continue
            if each.user is not None and (user := users.get(each.user.session_id)):
                found[each] = replace(each, user=user, session_expires_at=user.session_expires_at)
            elif each.guest is not None and (guest := guests.get(each.guest)):
                found[each] = replace(each, guest=guest, session_expires_at=guest.session_expires_at)
            elif each.key in keys:
                found[each] = replace(each, session_expires_at=self._clock() + LOOKED_AT_LEAST)
        return found


def account_of(who: Somebody) -> str:
    """The id of somebody's account in contract 5."""
    if isinstance(who, Principal):
        return f"{OF_USER}{who.user_id}"
    if isinstance(who, GuestPrincipal):
        assert who.session_id is not None, "a number alone opens no web chat"
        return f"{OF_GUEST}{who.session_id.hex}"
    return f"{OF_GUEST}{who}"
