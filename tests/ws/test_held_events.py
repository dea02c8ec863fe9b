"""What waits for a socket, and what a client may make of a heartbeat; frames that are nested without end."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import httpx
import pytest

from app.core.clock import utc_now
from app.core.events import UserChanged
from app.core.links import MediaLinks
from app.core.settings import Settings
from app.ws.session import Session
from app.ws.staff import StaffSocket
from tests.desk import Desk, open_desk
from tests.eventually import PATIENCE, eventually
from tests.sockets import open_socket
from tests.world import PASSWORD, HotelWorld, World, token_of
from tests.ws.client import Client

PATH = "/ws/staff/"
DEEP = "[" * 2000 + "]" * 2000


@pytest.fixture
async def hotel(world: World) -> HotelWorld:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    return hotel


class WhileOpening(StaffSocket):
    """The staff socket, and something that happens when it hears already and is not quite open yet."""

    def __init__(self, links: MediaLinks, happens: Callable[[], Awaitable[None]]) -> None:
        super().__init__(links)
        self._happens = happens

    async def audiences(self, session: Session) -> Iterable[str]:
        audiences = tuple(await super().audiences(session))
        await session.join(audiences)
        await self._happens()
        return audiences


async def test_a_heartbeat_names_nothing_that_is_still_waiting(
    settings: Settings, world: World, hotel: HotelWorld
) -> None:
    await world.guest(hotel)
    async with open_desk(settings, utc_now) as desk:
        await desk.services.sockets.stop()  # rights that are doubtful stay so, and what comes then waits
        session, client = await opening(desk, WhileOpening(desk.services.links, lambda: doubt_and_relay(desk, hotel)))
        running = asyncio.create_task(session.run())

        (heartbeat,) = await eventually(lambda: client.frames)
        assert heartbeat["type"] == "heartbeat"
        desk.services.sockets.start()
        await eventually(lambda: len(client.frames) == 2)
        client.go()
        await asyncio.wait_for(running, PATIENCE)

        waited = client.frames[1]
        assert waited["type"] == "new_conversation"
        assert heartbeat["seq"] < waited["seq"]


async def opening(desk: Desk, contract: StaffSocket) -> tuple[Session, Client]:
    """Rita's socket, accepted and not yet run; it resumes, and so has heartbeats."""
    signed_in = await desk.services.auth.sign_in("rita", PASSWORD, "192.0.2.7")
    principal = await desk.services.auth.authenticate(signed_in.tokens.access_token)
    client = Client(PATH)
    await client.websocket.accept()
    return Session(client.websocket, desk.services, contract, principal, since=0), client


async def doubt_and_relay(desk: Desk, hotel: HotelWorld) -> None:
    """Rita's rights are to be looked up anew; a guest asks for Room Service."""
    async with desk.services.database.transaction() as work:
        work.emit(hotel.id, UserChanged(user_id=hotel.staff["rita"]))
    await desk.say("services", "1")


async def test_a_session_that_ends_while_its_socket_is_told_what_it_missed_ends_it_at_once(
    settings: Settings, hotel: HotelWorld
) -> None:
    async with open_desk(settings, utc_now) as desk:
        session, _ = await opening(desk, StaffSocket(desk.services.links))
        await desk.services.auth.end_sessions(hotel.staff["rita"])  # it hears of that as of the past

        await asyncio.wait_for(session.run(), PATIENCE)


async def test_a_first_frame_that_is_nested_without_end_is_told_4401(server: str, hotel: HotelWorld) -> None:
    async with open_socket(server, PATH) as socket:
        await socket.send(f'{{"type":"auth","token":"x","z":{DEEP}}}')
        assert await socket.closed_with() == 4401


async def test_a_command_that_is_nested_without_end_is_an_error_and_the_socket_stays(
    client: httpx.AsyncClient, server: str, hotel: HotelWorld
) -> None:
    async with open_socket(server, PATH, token=await token_of(client, "rita")) as socket:
        await socket.send(f'{{"command":"send_message","stay_id":1,"text":{DEEP}}}')
        answer = await socket.receive()
        assert (answer["type"], answer["code"]) == ("error", "bad_json")
        assert await socket.pending() == []
