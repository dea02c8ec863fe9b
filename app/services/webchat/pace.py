"""How much strangers may write, upload, claim and register: nobody fills the desk or the disk.

Counted in the database, so in all processes together, each in its own window: per visitor, per network that they call
from (where a whole hotel may be behind one address), and for files per hotel, whoever sends them.
"""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final, NamedTuple

from app.core.clock import Clock
from app.core.errors import TooBig, TooManyRequests, UnsupportedType
from app.core.principal import Principal, VisitorPrincipal
from app.core.text import clean
from app.media.sniff import MEGABYTE
from app.services.auth import network_of
from app.services.webchat.visitors import Somebody, account_of
from app.store.attempts import Counted
from app.store.database import Database
from app.store.unit_of_work import UnitOfWork

KILOBYTE: Final = 1024


class Bound(NamedTuple):
    """So many in so long a window: messages, or kilobytes."""

    most: int
    within: timedelta


BOUNDS: Final = {
    Counted.MESSAGES_OF_NETWORK: Bound(600, timedelta(minutes=1)),
    Counted.MESSAGES_OF_VISITOR: Bound(30, timedelta(minutes=1)),
    Counted.FILES_OF_HOTEL: Bound(4096 * MEGABYTE // KILOBYTE, timedelta(days=1)),
    Counted.FILES_OF_NETWORK: Bound(500 * MEGABYTE // KILOBYTE, timedelta(hours=1)),
    Counted.FILES_OF_VISITOR: Bound(100 * MEGABYTE // KILOBYTE, timedelta(hours=1)),
    Counted.CLAIMS_OF_NETWORK: Bound(30, timedelta(minutes=15)),
    Counted.CLAIMS_OF_VISITOR: Bound(5, timedelta(minutes=15)),
    Counted.REGISTRATIONS_OF_NETWORK: Bound(20, timedelta(minutes=15)),
}


class VisitorPace:
    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def count_message(self, who: Somebody, address: str) -> None:
        """Somebody is about to write, from this address. Raises TooManyRequests where they have written too much.

        Whoever has signed in counts for themselves alone: no stranger keeps them out who is in the same network."""
        names = {Counted.MESSAGES_OF_VISITOR: account_of(who)}
        if not isinstance(who, Principal):
            names = {Counted.MESSAGES_OF_NETWORK: network_of(clean(address)), **names}
        await self._database.run(self._count, names, 1, "You have written very much in a short time. Please wait.")

    @asynccontextmanager
    async def count_file(self, visitor: VisitorPrincipal, address: str, size: int) -> AsyncIterator[None]:
        """While a file of so many bytes is taken; one that is refused does not count. Raises TooManyRequests."""
        names = {
            Counted.FILES_OF_HOTEL: str(visitor.hotel_id),
            Counted.FILES_OF_NETWORK: network_of(clean(address)),
            Counted.FILES_OF_VISITOR: visitor.account,
        }
        said = "Too many files have been sent in a short time. Please wait."
        kilobytes = math.ceil(size / KILOBYTE)
        await self._database.run(self._count, names, kilobytes, said)
        try:
            yield
        except (UnsupportedType, TooBig):
            await self._database.run(self._count, names, -kilobytes, said)
            raise

    async def count_claim(self, visitor: VisitorPrincipal, address: str) -> None:
        """They are about to say where they stay: a guess, it may be. Raises TooManyRequests."""
        names = {
            Counted.CLAIMS_OF_NETWORK: network_of(clean(address)),
            Counted.CLAIMS_OF_VISITOR: visitor.account,
        }
        await self._database.run(self._count, names, 1, "You have asked too often. Please wait, or ask the reception.")

    async def count_registration(self, address: str) -> None:
        """Somebody is about to register, whatever comes of it. Raises TooManyRequests."""
        names = {Counted.REGISTRATIONS_OF_NETWORK: network_of(clean(address))}
        await self._database.run(self._count, names, 1, "Too many registrations from here. Please wait.")

    async def _count(self, work: UnitOfWork, names: dict[Counted, str], amount: int, said: str) -> None:
        """Always in one order, so that nobody waits in a circle. Raising undoes all counts."""
        now = self._clock()
        for by, name in names.items():
            bound = BOUNDS[by]
            found = await work.attempts.count(by, name, now=now, since=now - bound.within, amount=amount)
            if found.made > bound.most:
                left = found.window_started_at + bound.within - now
                raise TooManyRequests(said, retry_after=max(1, math.ceil(left.total_seconds())))
