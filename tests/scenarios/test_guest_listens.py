"""From staff's wish to the guest's own page and its end: only the guest's phone ever sees the link."""

import contextlib
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import structlog

from app.bootstrap import open_database
from app.core import yaml_source
from app.core.clock import utc_now
from app.core.settings import GuestSocketMode, Settings
from app.core.types import StayStatus
from app.services.hotel_file import HotelFileService
from tests import hotel_files
from tests.fake_graph import FakeGraph
from tests.guests import GUEST, SESSION, ask_for_link, conversation_of, link_on_phone, staying
from tests.sockets import Socket, open_socket
from tests.world import HotelWorld, World, signed_in, token_of


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"guest_socket": GuestSocketMode.TOKEN})


@pytest.fixture
async def hotel(world: World) -> HotelWorld:
    """With Rita at its desk, and John, who stays."""
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    await staying(world, hotel)
    return hotel


@contextlib.contextmanager
def everything_logged() -> Iterator[list[Any]]:
    """Every line, of whatever level."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    try:
        with structlog.testing.capture_logs() as lines:
            yield lines
    finally:
        structlog.configure(wrapper_class=before)


async def check_out(settings: Settings) -> None:
    """The property system's export says that John has left, and is loaded as by ``lobby import``."""
    began = utc_now().date() - timedelta(days=1)
    text = hotel_files.hotel(
        "guests:",
        f'  - {{full_name: John Doe, whatsapp_number: "+{GUEST}", stays: [',
        f"      {{status: {StayStatus.COMPLETED}, check_in: {began}, check_out: {began + timedelta(days=3)}}}]}}",
    )
    async with open_database(settings) as database:
        await HotelFileService(database, hotel_files.VAULT).load(yaml_source.parse(text, "hotel.yaml"))


async def heard_until(socket: Socket, content: str) -> list[dict[str, Any]]:
    """The messages that a guest was told, to the one with this content and what stood behind it."""
    frames = []
    while True:
        frames.append(await socket.receive_until("message"))
        if frames[-1]["data"]["content"] == content:
            break
    await socket.send({"type": "ping"})
    while (frame := await socket.receive())["type"] != "pong":
        frames.append(frame)
    return frames


async def test_a_guest_opens_their_link_hears_the_hotel_once_and_no_more_after_check_out(
    client: httpx.AsyncClient, server: str, hotel: HotelWorld, fake_graph: FakeGraph, settings: Settings
) -> None:
    rita, token = await signed_in(client, "rita"), await token_of(client, "rita")
    conversation_id = await conversation_of(client, rita, choice="1")
    with everything_logged() as lines:
        async with (
            open_socket(server, "/ws/staff/", token=token, reports=True) as desk,
            open_socket(server, "/ws/chat/", token=token, reports=True) as chat,
        ):
            await chat.send({"type": "subscribe_conversation", "conversation_id": conversation_id})
            await chat.receive_until("acknowledgment")
            await desk.send({"command": "subscribe_to_conversation", "conversation_id": conversation_id})
            asked = await ask_for_link(client, rita, conversation_id)
            assert asked.status_code == 201, asked.text
            link = await link_on_phone(fake_graph)
            sent = await desk.receive_until("message_status")  # it has left, and its address with it
            await desk.send({"command": "subscribe_to_conversation", "conversation_id": conversation_id, "since": 0})
            frames = [await chat.receive_until("message"), *await desk.pending()]

        base = "/api/message_manager/conversations/"
        paths = [base, f"{base}{conversation_id}/", f"{base}{conversation_id}/messages/"]
        paths += ["/api/chat/conversations/", f"/api/chat/conversations/{conversation_id}/"]
        answers = [(await client.get(each, headers=rita)).text for each in paths]
        session = (await client.post(SESSION, json={"token": link})).json()
        path = f"{session['socket']}?since={session['seq']}"
        async with open_socket(server, path, token=session["guest_token"]) as john:
            await client.post(f"{base}{conversation_id}/send_message/", json={"text": "Welcome back"}, headers=rita)

            told = await heard_until(john, "Welcome back")
            assert [each["data"]["content"] for each in told] == ["Welcome back"]

            await check_out(settings)
            assert await john.closed_with() == 4401
    async with open_socket(server, session["socket"], token=session["guest_token"]) as late:
        assert await late.closed_with() == 4401
    assert (await client.post(SESSION, json={"token": link})).status_code == 401
    assert (await ask_for_link(client, rita, conversation_id)).json()["code"] == "not_staying"

    signature = link.rpartition(".")[2]
    assert lines, "nothing was logged"
    for name, seen in {
        "REST": [asked.text, *answers],
        "sockets": [json.dumps(each) for each in (sent, *frames, *told)],
        "log": [repr(each) for each in lines],
    }.items():
        assert not [each for each in seen if signature in each or "#token" in each], name
        assert not [each for each in seen if session["guest_token"] in each], name
    sockets = [each["path"] for each in lines if each["event"] == "websocket"]
    assert sorted(sockets) == ["/ws/chat/", "/ws/guest/…/", "/ws/staff/"], "a guest's number stands in the log"
    assert any("personal link" in each for each in answers), "staff see the message"
