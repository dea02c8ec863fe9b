"""Sockets of guests in the registry: closed when their stay is over, by whatever way that becomes known."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from app.core.principal import Caller
from app.core.types import StayStatus
from app.core.views import ConversationRef
from app.models import Stay
from app.services.auth import AuthService
from app.services.sockets import LOOK_AGAIN_EVERY, OpenSockets
from tests.desk import GUEST, Desk
from tests.eventually import PATIENCE, eventually
from tests.ledger import Ledger
from tests.sign_ins import TODAY, HeldClock
from tests.world import HotelWorld, World

OTHER = "4915112345678"


@dataclass(eq=False)
class Socket:
    """One that writes down what becomes of it. Its life ends at ``until``, or with its session."""

    caller: Caller
    until: datetime
    codes: list[int] = field(default_factory=list)
    renewed: int = 0

    @property
    def expires_at(self) -> datetime:
        return min(self.until, self.caller.session_expires_at)

    def renew(self, caller: Caller) -> None:
        self.caller = caller
        self.renewed += 1

    def heed(self, conversation: ConversationRef) -> None:
        pass

    def end(self, code: int, reason: str) -> None:
        self.codes.append(code)


@pytest.fixture
async def sockets(auth: AuthService, desk: Desk, clock: HeldClock) -> AsyncIterator[OpenSockets]:
    sockets = OpenSockets(auth, desk.services.guest_sessions, desk.services.visitors, clock)
    sockets.start()
    yield sockets
    await sockets.stop()


@pytest.fixture
async def john(desk: Desk, hotel: HotelWorld, world: World, sockets: OpenSockets, clock: HeldClock) -> Socket:
    """A socket of John Doe, who stays to 23 November."""
    await world.guest(hotel)
    socket = Socket(await desk.services.guest_sessions.by_number(GUEST), clock.now + timedelta(days=1))
    sockets.add(socket)
    return socket


async def test_a_guest_whose_stay_has_ended_is_closed_and_no_other(
    john: Socket, desk: Desk, hotel: HotelWorld, world: World, sockets: OpenSockets, ledger: Ledger, clock: HeldClock
) -> None:
    theirs = await world.guest(hotel, "Erika", OTHER)
    erika = Socket(await desk.services.guest_sessions.by_number(OTHER), clock.now + timedelta(days=1))
    sockets.add(erika)
    await ledger.change(Stay, Stay.id != theirs, status=StayStatus.COMPLETED)

    sockets.look_again(john)
    sockets.look_again(erika)

    await eventually(lambda: john.codes and erika.renewed)
    assert (john.codes, erika.codes) == ([4401], [])


async def test_a_socket_has_the_end_of_its_stay_as_it_stands(
    john: Socket, sockets: OpenSockets, ledger: Ledger
) -> None:
    before = john.caller.session_expires_at
    await ledger.change(Stay, check_out=TODAY + timedelta(days=9))

    sockets.look_again(john)

    await eventually(lambda: john.renewed)
    assert john.caller.session_expires_at == before + timedelta(days=6)


async def test_a_socket_is_closed_at_its_end_though_nobody_says_a_word(
    desk: Desk, hotel: HotelWorld, world: World, sockets: OpenSockets, clock: HeldClock
) -> None:
    assert PATIENCE < LOOK_AGAIN_EVERY, "else the round would do it"
    await world.guest(hotel)
    john = Socket(await desk.services.guest_sessions.by_number(GUEST), clock.now + timedelta(milliseconds=100))
    sockets.add(john)
    clock.move(seconds=1)

    await eventually(lambda: john.codes)

    assert john.codes[0] == 4401


async def test_a_socket_that_was_to_end_stays_where_the_stay_was_made_longer(
    john: Socket, sockets: OpenSockets, ledger: Ledger, clock: HeldClock
) -> None:
    clock.now = john.caller.session_expires_at - timedelta(milliseconds=100)
    john.until = clock.now + timedelta(days=1)
    sockets.remove(john)
    sockets.add(john)
    await ledger.change(Stay, check_out=TODAY + timedelta(days=9))
    clock.move(seconds=1)

    await eventually(lambda: john.renewed)

    assert john.codes == []
