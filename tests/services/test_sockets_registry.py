"""The registry of open sockets: whoever is signed out is out, whatever else goes wrong."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from app.core.links import GuestLinks
from app.core.principal import Caller, Principal
from app.core.settings import Settings
from app.core.types import Department
from app.core.views import ConversationRef
from app.services.auth import AuthService
from app.services.guest_sessions import GuestSessionService
from app.services.sockets import OpenSockets
from app.services.webchat.visitors import VisitorService
from app.store.database import Database
from tests.eventually import eventually
from tests.realtime.screens import conversation
from tests.sign_ins import HeldClock, add_user, change_user, sign_in

LAST_MOMENT = datetime.max.replace(tzinfo=UTC)


@dataclass(eq=False)
class Socket:
    """One that writes down what becomes of it."""

    caller: Principal
    expires_at: datetime = LAST_MOMENT
    codes: list[int] = field(default_factory=list)
    renewed: int = 0
    heeded: list[int] = field(default_factory=list)

    def renew(self, caller: Caller) -> None:
        assert isinstance(caller, Principal)
        self.caller = caller
        self.renewed += 1

    def heed(self, conversation: ConversationRef) -> None:
        self.heeded.append(conversation.id)

    def end(self, code: int, reason: str) -> None:
        self.codes.append(code)


class Doorway:
    """Users who come in and are told to look again."""

    def __init__(self, database: Database, auth: AuthService, sockets: OpenSockets) -> None:
        self._database = database
        self._auth = auth
        self._sockets = sockets

    async def socket_of(self, username: str) -> Socket:
        await add_user(self._database, username)
        tokens = (await sign_in(self._auth, username)).tokens
        socket = Socket(await self._auth.authenticate(tokens.access_token))
        self._sockets.add(socket)
        return socket

    async def sign_out(self, socket: Socket) -> None:
        await self._auth.end_session(socket.caller.session_id)
        self._sockets.look_again(socket)


@pytest.fixture
async def sockets(
    auth: AuthService, database: Database, settings: Settings, clock: HeldClock
) -> AsyncIterator[OpenSockets]:
    links = GuestLinks(settings.secret_key.get_secret_value(), settings.public_url, clock)
    guests = GuestSessionService(database=database, links=links, clock=clock)
    visitors = VisitorService(database=database, settings=settings, auth=auth, guest_sessions=guests, clock=clock)
    sockets = OpenSockets(auth, guests, visitors, clock)
    sockets.start()
    yield sockets
    await sockets.stop()


@pytest.fixture
def doorway(database: Database, auth: AuthService, sockets: OpenSockets) -> Doorway:
    return Doorway(database, auth, sockets)


async def test_the_socket_of_a_session_that_has_ended_is_closed_and_no_other(
    doorway: Doorway, sockets: OpenSockets
) -> None:
    rita, otto = await doorway.socket_of("rita"), await doorway.socket_of("otto")

    sockets.look_again(otto)
    await doorway.sign_out(rita)

    await eventually(lambda: rita.codes)
    await eventually(lambda: otto.renewed)
    assert (rita.codes, otto.codes) == ([4401], [])


async def test_a_socket_that_stays_has_its_users_rights_as_they_stand(
    doorway: Doorway, sockets: OpenSockets, database: Database
) -> None:
    rita = await doorway.socket_of("rita")
    await change_user(database, rita.caller.user_id, departments=[Department.CAFE])

    sockets.look_again(rita)

    await eventually(lambda: rita.renewed)
    assert rita.caller.departments == {Department.CAFE}


async def test_what_happens_to_a_conversation_asks_nothing_of_sockets_that_are_for_others(
    doorway: Doorway, sockets: OpenSockets
) -> None:
    """However many there are."""
    rita, otto, mia = [await doorway.socket_of(name) for name in ("rita", "otto", "mia")]
    sockets.follow(rita, 5)
    sockets.follow(otto, 6)

    sockets.changed(conversation(1, 5))
    sockets.remove(rita)
    sockets.changed(conversation(1, 5))

    assert (rita.heeded, otto.heeded, mia.heeded) == ([5], [], [])


async def test_a_user_who_cannot_be_read_keeps_nobody_else_in(
    doorway: Doorway, sockets: OpenSockets, database: Database
) -> None:
    rita, otto = await doorway.socket_of("rita"), await doorway.socket_of("otto")
    await change_user(database, rita.caller.user_id, departments=["A department of a later release"])

    sockets.look_again(rita)
    await doorway.sign_out(otto)

    await eventually(lambda: otto.codes)
    assert (otto.codes, rita.codes) == ([4401], [])


async def test_a_user_who_could_not_be_read_is_looked_up_again(
    doorway: Doorway, sockets: OpenSockets, database: Database
) -> None:
    rita, otto = await doorway.socket_of("rita"), await doorway.socket_of("otto")
    await change_user(database, rita.caller.user_id, departments=["A department of a later release"])
    sockets.look_again(rita)
    sockets.look_again(otto)
    await eventually(lambda: otto.renewed)

    await change_user(database, rita.caller.user_id, departments=[Department.CAFE])

    await eventually(lambda: rita.renewed)
    assert rita.caller.departments == {Department.CAFE}
