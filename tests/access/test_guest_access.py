"""What opens a guest's own socket: their number while they stay, or where that is not enough, their session's token."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from sqlalchemy import insert, update
from websockets.exceptions import ConnectionClosed

from app.core.clock import utc_now
from app.core.security import digest
from app.core.settings import GuestSocketMode, Settings
from app.core.signals import Signal
from app.core.types import StayStatus
from app.main import create_app
from app.models import GuestLink, GuestSession, Stay
from app.services.container import Services
from app.store.database import Database
from tests.access.happenings import What, happened
from tests.access.town import Thread, Town
from tests.serving import PLAIN, serve
from tests.sockets import open_socket

OPEN = (0, "")


@pytest.fixture
async def server_of_tokens(settings: Settings) -> AsyncIterator[str]:
    """As in production: a number alone opens nothing."""
    async with serve(create_app(settings.model_copy(update={"guest_socket": GuestSocketMode.TOKEN}))) as url:
        yield url


async def opened(server: str, number: str, token: str | None = None) -> tuple[int, str]:
    """Why it was closed, and in which words; OPEN where it was not."""
    async with open_socket(server, f"/ws/guest/{number}/", token=token) as socket:
        await socket.send({"type": "ping"})
        try:
            assert await socket.receive() == {"type": "pong"}
        except ConnectionClosed as closed:
            return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")
        return OPEN


async def session_of(database: Database, thread: Thread, *, ended: bool = False) -> str:
    """The token of a session that its guest has opened by a link."""
    token, now = uuid4().hex, utc_now()
    async with database.transaction() as work:
        stay = await work.guest_sessions.stays([thread.stay_id])
        whose = {
            "hotel_id": thread.hotel.id,
            "stay_id": thread.stay_id,
            "guest_id": stay[thread.stay_id].guest_id,
            "number": thread.number,
        }
        link_id = await work.connection.scalar(
            insert(GuestLink).values(**whose, expires_at=now + timedelta(days=1), used_at=now).returning(GuestLink.id)
        )
        await work.connection.execute(
            insert(GuestSession).values(
                **whose, id=uuid4(), link_id=link_id, token_hash=digest(token), ended_at=now if ended else None
            )
        )
    return token


async def end_stay(database: Database, thread: Thread, **values: object) -> None:
    async with database.transaction() as work:
        await work.connection.execute(update(Stay).where(Stay.id == thread.stay_id).values(**values))


async def test_where_a_number_is_enough_it_opens_while_its_guest_stays(
    server: str, town: Town, database: Database
) -> None:
    here, gone, coming, late, elsewhere = town.relayed[:5]
    assert here.hotel != elsewhere.hotel
    await end_stay(database, gone, status=StayStatus.COMPLETED)
    await end_stay(database, coming, status=StayStatus.PENDING)
    await end_stay(database, late, check_out=utc_now().date() - timedelta(days=2))

    for thread in (here, elsewhere):
        assert await opened(server, thread.number) == OPEN
    refused = {each: await opened(server, each) for each in (gone.number, coming.number, late.number, "+49999", "x")}
    assert {code for code, _ in refused.values()} == {4403}, refused


async def test_where_a_token_is_asked_for_all_else_is_refused_in_the_same_words(
    server_of_tokens: str, town: Town, database: Database
) -> None:
    guest, neighbour, gone = town.relayed[:3]
    token, ended, past = [
        await session_of(database, thread, ended=thread is neighbour) for thread in (guest, neighbour, gone)
    ]
    neighbours = await session_of(database, neighbour)
    await end_stay(database, gone, status=StayStatus.COMPLETED)
    admin = next(each for each in town.staff if each.hotel == guest.hotel)

    assert await opened(server_of_tokens, guest.number, token) == OPEN
    refused = {
        "no token": await opened(server_of_tokens, guest.number),
        "an empty one": await opened(server_of_tokens, guest.number, ""),
        "a wrong one": await opened(server_of_tokens, guest.number, "a.b.c"),
        "one of staff": await opened(server_of_tokens, guest.number, admin.token),
        "another guest's": await opened(server_of_tokens, guest.number, neighbours),
        "one that was ended": await opened(server_of_tokens, neighbour.number, ended),
        "one of a stay that is over": await opened(server_of_tokens, gone.number, past),
        "no token, nobody's number": await opened(server_of_tokens, "+49999"),
        "a token, nobody's number": await opened(server_of_tokens, "+49999", token),
        "a token, no number": await opened(server_of_tokens, "x", token),
    }
    assert len(set(refused.values())) == 1, refused
    assert {code for code, _ in refused.values()} == {4401}


async def test_of_two_guests_with_one_number_each_hears_their_own(app: FastAPI, server: str, town: Town) -> None:
    """Numbers come to other people: who shows one is told of their own stay."""
    services: Services = app.state.services
    (guest, own), (_, neighbours) = await town.refs(town.relayed[:2])
    same_number = msgspec.structs.replace(neighbours, guest_phone=own.guest_phone)
    async with open_socket(server, f"/ws/guest/{guest.number}/") as socket:
        await socket.send({"type": "ping"})
        assert await socket.receive() == {"type": "pong"}
        for ref in (same_number, own):
            for what in (What.STAFF_WROTE, What.TYPING):
                event = happened(what, ref)
                if isinstance(event, Signal):
                    services.hub.signal(ref.hotel_id, event)
                else:
                    async with services.database.transaction() as work:
                        work.emit(ref.hotel_id, event)

        for kind in ("message", "typing"):
            frame = await socket.receive()
            assert (frame["type"], frame["data"]["conversation_id"]) == (kind, guest.id)


async def test_a_guests_token_opens_nothing_of_staffs(server_of_tokens: str, town: Town, database: Database) -> None:
    token = await session_of(database, town.relayed[0])

    for path in ("/ws/staff/", "/ws/chat/", "/ws/chat/reception/"):
        async with open_socket(server_of_tokens, path, token=token) as socket:
            assert await socket.closed_with() == 4401, path
    async with httpx.AsyncClient(base_url=server_of_tokens, verify=PLAIN) as client:
        answer = await client.get("/api/chat/conversations/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
