"""Guests who listen: what opens their own socket, and for how long.

A session is opened by a personal link (``guest_links.py``), once. It holds while nobody has ended it, the guest stays
(``staying.py``), and the link's number is still theirs; that is looked up each time, so that a check-out ends it by
itself. Where ``GUEST_SOCKET`` is open, the number of a guest who stays is enough, and holds by the same rules.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

import msgspec

from app.core.clock import Clock, end_of
from app.core.errors import Forbidden, Gone, Unauthenticated
from app.core.events import StayChanged
from app.core.links import GuestLinks, LinkTerms
from app.core.phones import read_phone, variants
from app.core.principal import GuestPrincipal
from app.core.security import digest, new_secret
from app.services.staying import find_staying, is_staying
from app.store.database import Database
from app.store.guest_sessions import GuestStay
from app.store.unit_of_work import UnitOfWork

NOT_VALID: Final = "This link or session is not valid. Please ask the hotel for a new link."


class OpenedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that was just opened. ``token`` is told this once. ``seq`` is how far the hotel's events had come."""

    token: str
    principal: GuestPrincipal
    stay: GuestStay
    seq: int


class GuestSessionService:
    def __init__(self, *, database: Database, links: GuestLinks, clock: Clock) -> None:
        self._database = database
        self._links = links
        self._clock = clock

    async def open(self, link_token: str) -> OpenedSession:
        """Use a link up. Of several at once, one opens a session.

        Raises Gone ``link_used`` for the others, and Unauthenticated, in the same words, for a link that is none of
        ours, was revoked or has run out, and where the stay or the number is no longer what it was.
        """
        return await self._database.run(self.open_in, self.terms_of(link_token))

    def terms_of(self, link_token: str) -> LinkTerms:
        """What a link says. Raises Unauthenticated for one that is none of ours, or has run out."""
        terms = self._links.read(link_token)
        if terms is None:
            raise Unauthenticated(NOT_VALID)
        return terms

    async def authenticate(self, guest_token: str, number: str) -> GuestPrincipal:
        """The guest of a session, who must be asking for their own number. Raises Unauthenticated, always in the same
        words."""
        principal = await self.of_token(guest_token)
        if principal.number not in _spellings(number):
            raise Unauthenticated(NOT_VALID)
        return principal

    async def of_token(self, guest_token: str) -> GuestPrincipal:
        """The guest of a session, by whichever number. Raises Unauthenticated, in those words."""
        async with self._database.read() as work:
            session = await work.guest_sessions.by_token(digest(guest_token))
        if session is None:
            raise Unauthenticated(NOT_VALID)
        principal = principal_of(session.stay, session.number, self._clock(), session_id=session.id)
        if principal is None:
            raise Unauthenticated(NOT_VALID)
        return principal

    async def by_number(self, number: str) -> GuestPrincipal:
        """The guest of this number who stays; of several hotels', by the stay that began last. Raises Forbidden."""
        spellings = _spellings(number)
        async with self._database.read() as work:
            known = await find_staying(work, spellings, self._clock()) if spellings else None
        principal = None if known is None else principal_of(known.stay, known.stay.number, self._clock())
        if principal is None:
            raise Forbidden("No guest who stays has this number.")
        return principal

    async def still(self, callers: Collection[GuestPrincipal]) -> dict[GuestPrincipal, GuestPrincipal]:
        """Those who may still listen, each with what counts now."""
        async with self._database.read() as work:
            running = await work.guest_sessions.running({each.session_id for each in callers if each.session_id})
            stays = await work.guest_sessions.stays({each.stay_id for each in callers})
        now = self._clock()
        found: dict[GuestPrincipal, GuestPrincipal] = {}
        for caller in callers:
            stay = stays.get(caller.stay_id)
            if stay is None or (caller.session_id is not None and caller.session_id not in running):
                continue
            present = principal_of(stay, caller.number, now, session_id=caller.session_id)
            if present is not None:
                found[caller] = present
        return found

    async def end(self, guest_token: str) -> None:
        """End a session, and with it its sockets. Raises Unauthenticated for a token that opens nothing."""
        await self._database.run(self._end, digest(guest_token))

    async def open_in(self, work: UnitOfWork, terms: LinkTerms) -> OpenedSession:
        """The same inside a transaction."""
        now, sessions = self._clock(), work.guest_sessions
        is_first = await sessions.use_link(terms.id, terms.stay_id, now)
        link = await sessions.link(terms.id, terms.stay_id)  # as it stands after all who were before us
        if link is None or link.is_revoked or link.number != terms.number:
            raise Unauthenticated(NOT_VALID)
        session_id, token = uuid4(), new_secret()
        principal = principal_of(link.stay, link.number, now, session_id=session_id)
        if principal is None:
            raise Unauthenticated(NOT_VALID)
        if not is_first:
            raise Gone("This link has been used already. Please ask the hotel for a new one.", code="link_used")
        await sessions.open(session_id, terms.id, link, token_hash=digest(token), now=now)
        seq = await work.events.head(link.stay.hotel_id)
        return OpenedSession(token=token, principal=principal, stay=link.stay, seq=seq)

    async def _end(self, work: UnitOfWork, token_hash: bytes) -> None:
        session = await work.guest_sessions.by_token(token_hash)
        if session is None:
            raise Unauthenticated(NOT_VALID)
        await work.guest_sessions.end(session.id, self._clock())
        stay = session.stay
        changed = StayChanged(stay_id=stay.stay_id, guest_id=stay.guest_id, guest_phone=stay.guest_phone)
        work.emit(stay.hotel_id, changed)


def principal_of(
    stay: GuestStay, number: str, now: datetime, *, session_id: UUID | None = None
) -> GuestPrincipal | None:
    """Whoever may listen by this stay under this number (digits); None where the stay is over, or the number is no
    longer the guest's."""
    if not is_staying(stay, now) or not number or number != stay.number:
        return None
    return GuestPrincipal(
        hotel_id=stay.hotel_id,
        guest_id=stay.guest_id,
        stay_id=stay.stay_id,
        number=number,
        session_id=session_id,
        session_expires_at=end_of(stay.check_out, stay.timezone),
    )


def _spellings(number: str) -> tuple[str, ...]:
    """All ways to write the line that somebody names; none where it is no number."""
    try:
        return variants(read_phone(number))
    except ValueError:
        return ()
