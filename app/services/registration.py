"""Guests who register on a hotel's site: a user of the hotel whose web chat it is, and their guest record (the Member).

What they say of themselves proves nothing: an e-mail address or a number that the hotel knows somebody by joins nobody.
Whoever registers is no staff. That a name is taken cannot be hidden here, so it is counted how often a network asks
(``webchat/pace.py``).
"""

from typing import Final

from app.core.errors import Conflict, Invalid
from app.core.passwords import new_password_fault
from app.core.profile import Registration, full_name
from app.core.types import UserType
from app.services.auth import AuthService, SignedIn
from app.services.hashing import Hashing
from app.services.webchat.pace import VisitorPace
from app.services.webchat.visitors import VisitorService
from app.store.database import Database
from app.store.guests import NewGuest
from app.store.unit_of_work import UnitOfWork
from app.store.users import NewUser

LONGEST_NAME: Final = 200


class RegistrationService:
    def __init__(
        self, *, database: Database, auth: AuthService, visitors: VisitorService, hashing: Hashing, pace: VisitorPace
    ) -> None:
        self._database = database
        self._auth = auth
        self._visitors = visitors
        self._hashing = hashing
        self._pace = pace

    async def register(self, wanted: Registration, address: str) -> SignedIn:
        """Make the user and sign them in. ``address`` is the client's, for counting.

        Raises Invalid for what may be no new password, Conflict ``username_taken``, NotFound ``no_such_channel``,
        TooManyRequests, Unavailable.
        """
        if fault := new_password_fault(wanted.password):
            raise Invalid(f"The password {fault}.", details={"password": [f"It {fault}."]})
        await self._pace.count_registration(address)
        channel = await self._visitors.channel(wanted.channel_id)
        async with self._database.read() as work:
            if await work.users.is_taken(wanted.username):  # asked again below; hashing takes its time
                raise _taken()
        password_hash = await self._hashing.hash(wanted.password)
        return await self._database.run(self._register, wanted, channel.hotel_id, password_hash)

    async def _register(self, work: UnitOfWork, wanted: Registration, hotel_id: int, password_hash: str) -> SignedIn:
        (guest_id,) = await work.guests.reserve(1)
        name = full_name(wanted.first_name, wanted.last_name, wanted.username)[:LONGEST_NAME]
        member = NewGuest(
            id=guest_id, hotel_id=hotel_id, full_name=name, phone=wanted.phone, email=wanted.email or None
        )
        await work.guests.add_many([member])
        profile = await work.users.add(
            NewUser(
                hotel_id=hotel_id,
                guest_id=guest_id,
                username=wanted.username,
                password_hash=password_hash,
                first_name=wanted.first_name,
                last_name=wanted.last_name,
                email=wanted.email,
                user_type=UserType.GUEST,
            )
        )
        if profile is None:
            raise _taken()
        return await self._auth.open_session(work, profile)


def _taken() -> Conflict:
    sentence = "A user with that username already exists."
    return Conflict(sentence, code="username_taken", details={"username": [sentence]})
