"""Visitors who prove a stay: whoever has their account is the stay's guest from then on, and is answered as such.

There are two proofs: a personal link, which only the guest's own phone was sent, opened where the visitor's session is
at hand; and staff's word (``claims.py``). All of the visitor's accounts in the hotel follow; of a user's the Member
does. Staff are no guests: their own accounts are joined to nobody's stay by a link.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app.core.clock import Clock
from app.core.events import AccountChanged
from app.core.links import LinkTerms
from app.core.principal import GuestPrincipal, Principal
from app.services.guest_sessions import GuestSessionService, OpenedSession
from app.services.inbound.guest_desk import GuestDesk
from app.services.webchat.joining import Joined, Move, join
from app.services.webchat.visitors import OF_USER, Somebody, account_of
from app.store.database import Database
from app.store.guest_sessions import GuestStay
from app.store.guests import AccountRecord, Address
from app.store.unit_of_work import UnitOfWork

BY_LINK: Final = "This visitor has opened the personal link of {name}, room {room}: it is them."


class ProvingService:
    def __init__(
        self, *, database: Database, guest_sessions: GuestSessionService, desk: GuestDesk, clock: Clock
    ) -> None:
        self._database = database
        self._guest_sessions = guest_sessions
        self._desk = desk
        self._clock = clock

    async def open_link(self, link_token: str, who: Somebody | None) -> OpenedSession:
        """Use a link up, as ``GuestSessionService.open``. Whoever's session is at hand is the stay's guest, in the same
        transaction."""
        return await self._database.run(self._open_link, self._guest_sessions.terms_of(link_token), who)

    async def _open_link(self, work: UnitOfWork, terms: LinkTerms, who: Somebody | None) -> OpenedSession:
        stay = (await work.guest_sessions.stays({terms.stay_id})).get(terms.stay_id)
        if who is not None and stay is not None:  # before the link: so the locks are in everybody's order
            await self._join(work, who, stay)
        return await self._guest_sessions.open_in(work, terms)

    async def _join(self, work: UnitOfWork, who: Somebody, stay: GuestStay) -> None:
        if isinstance(who, GuestPrincipal) or (isinstance(who, Principal) and not _may_be(who, stay)):
            return
        if isinstance(who, str) and not await work.webchat.hold_session(who):
            return
        account, at = account_of(who), self._clock()
        channels = await work.joining.web_channels(stay.hotel_id)
        known = await work.joining.channels_with(account, [each.id for each in channels])
        wanted = known | {each.id for each in channels if each.is_active}
        if not wanted:
            return
        accounts = await work.guests.lock_accounts(
            [Address(channel_id=each, address=account, hotel_id=stay.hotel_id) for each in wanted]
        )
        note = BY_LINK.format(name=stay.guest_name, room=stay.room_number or "?")
        await prove(work, self._desk, accounts, stay.guest_id, at=at, note=note)
        await work.audit.add(
            hotel_id=stay.hotel_id,
            user_id=None,
            action="web_chat.joined",
            target=f"guest:{stay.guest_id}",
            details={"account": account, "by": "link", "stay_id": stay.stay_id},
            at=at,
        )


async def prove(
    work: UnitOfWork,
    desk: GuestDesk,
    accounts: Sequence[AccountRecord],
    guest_id: int,
    *,
    at: datetime,
    note: str,
) -> list[Joined]:
    """Have these accounts, which are somebody's of the same name and are locked, be this guest's, and say which
    conversations were closed for others. ``note`` is for staff."""
    account = accounts[0].address
    former: set[int] = set()
    if account.startswith(OF_USER):
        user_id = int(account.removeprefix(OF_USER))
        member = await work.users.lock_guest_of(user_id)
        former = set() if member is None else {member} - {guest_id}
        await work.users.set_guest(user_id, guest_id)
    moves = [Move(account=each, into=each) for each in accounts if each.guest_id != guest_id]
    joined = await join(work, desk, moves, guest_id, at=at, note=note) if moves else []
    await work.joining.remove_guests(former)
    hotel_id = await work.joining.hotel_of(guest_id)
    for each in accounts:
        work.emit(hotel_id, AccountChanged(channel_id=each.channel_id, account=account))
    return joined


def _may_be(user: Principal, stay: GuestStay) -> bool:
    return not user.is_staff and user.hotel_id == stay.hotel_id
