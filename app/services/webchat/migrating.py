"""Visitors who sign in: what they had as visitors is the user's from then on (contract 5, "Guest to Authenticated User
Migration").

One transaction, once: the visitor's session is held, so of many sign-ins at once the first moves all and the others
find it ended; of a message at the same moment either moves along or is refused, because the session is over. It ends
also where nothing was written. Whoever signs in counts as a user, staff too. The user's guest is the Member; where only
the visitor has proved a stay, whoever has it is the user; of staff nobody is.

What was written to another hotel stays there. A failure is logged and keeps nobody from signing in: the session has not
ended then, and the next sign-in tries again.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from app.core.clock import Clock
from app.core.events import AccountChanged
from app.core.profile import Profile
from app.core.types import UserType
from app.services.inbound.guest_desk import GuestDesk
from app.services.webchat.joining import Move, join
from app.services.webchat.visitors import OF_GUEST, OF_USER, VisitorService
from app.store.database import Database
from app.store.guests import AccountRecord, Address, NewGuest
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

LONGEST: Final = 10.0
"""Seconds that a sign-in waits for it."""


class MigratingService:
    def __init__(self, *, database: Database, visitors: VisitorService, desk: GuestDesk, clock: Clock) -> None:
        self._database = database
        self._visitors = visitors
        self._desk = desk
        self._clock = clock

    async def settle(self, user: Profile, token: str) -> bool:
        """Move what the visitor with this token had to the user, who has just signed in. Whether the token is worth
        nothing any more: not so where it failed, which is logged."""
        key = self._visitors.key_of(token)
        if key is None:
            return True
        try:
            async with asyncio.timeout(LONGEST):
                await self.migrate(user, key)
        except Exception as error:
            log.error("web_chat_not_migrated", user_id=user.id, exc_info=error)
            return False
        return True

    async def migrate(self, user: Profile, key: str) -> None:
        """The same by the visitor's key. Nothing happens where their session has ended."""
        if await self._visitors.is_running(key):
            await self._database.run(self._migrate, user, key)

    async def _migrate(self, work: UnitOfWork, user: Profile, key: str) -> None:
        if not await work.webchat.hold_session(key):
            return
        at = self._clock()
        visitor, own = f"{OF_GUEST}{key}", f"{OF_USER}{user.id}"
        channels = [each.id for each in await work.joining.web_channels(user.hotel_id)]
        written = await work.joining.channels_with(visitor, channels)
        if written:
            known = written | await work.joining.channels_with(own, channels)
            accounts = await work.guests.lock_accounts(
                [Address(channel_id=each, address=visitor, hotel_id=user.hotel_id) for each in written]
                + [Address(channel_id=each, address=own, hotel_id=user.hotel_id) for each in known]
            )
            await self._join(work, user, [each for each in accounts if each.address == visitor], accounts)
        await work.joining.end_session(key, user_id=user.id, at=at)
        for channel_id in channels:
            work.emit(user.hotel_id, AccountChanged(channel_id=channel_id, account=visitor))

    async def _join(
        self, work: UnitOfWork, user: Profile, gone: Sequence[AccountRecord], accounts: Sequence[AccountRecord]
    ) -> None:
        member = await work.users.lock_guest_of(user.id)
        guest_id = await _guest_of(work, user, member, gone)
        kept = {each.channel_id: each for each in accounts if each not in gone}
        moves = [Move(account=each, into=kept[each.channel_id]) for each in gone]
        moves += [Move(account=each, into=each) for each in kept.values() if each.guest_id != guest_id]
        note = f"This visitor has signed in as {user.name} (user {user.username})."
        await join(work, self._desk, moves, guest_id, at=self._clock(), note=note)
        if member is not None and member != guest_id:
            await work.joining.remove_guests([member])


async def _guest_of(work: UnitOfWork, user: Profile, member: int | None, gone: Sequence[AccountRecord]) -> int:
    """The guest who the user is from now on: their Member, or whoever the visitor has proved to be; made where they are
    none yet."""
    former = [each.guest_id for each in gone if each.guest_id is not None]
    stays = await work.guests.current_stays({*former, *([] if member is None else [member])})
    proved = next((each for each in former if each in stays), None) if user.user_type is UserType.GUEST else None
    if member is not None and (member in stays or proved is None):
        return member
    guest_id = proved
    if guest_id is None:
        (guest_id,) = await work.guests.reserve(1)
        await work.guests.add_many([NewGuest(id=guest_id, hotel_id=user.hotel_id, full_name=user.name, phone=None)])
    await work.users.set_guest(user.id, guest_id)
    return guest_id
