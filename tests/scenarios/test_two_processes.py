"""The main job over several worker processes: a webhook answered by one, sockets held by the other."""

import os
import signal
from typing import Any

import httpx

from app.core.settings import Settings
from app.dev.embedded.valkey import Valkey
from tests.eventually import eventually
from tests.fake_graph import FakeGraph
from tests.processes import Running, children_of, lobby_serve
from tests.sockets import open_socket
from tests.world import World, guest_writes, token_of

GUEST = "351912345678"


async def test_sockets_of_one_process_hear_what_another_was_told_also_while_redis_is_stopped_and_started(
    processes: tuple[Running, Running], world: World, fake_graph: FakeGraph, valkey: Valkey
) -> None:
    here, there = processes
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    stay_id = await world.guest(hotel)
    async with (
        httpx.AsyncClient(base_url=here.url) as webhooks,
        open_socket(there.url, "/ws/staff/", token=await token_of(webhooks, "rita")) as rita,
    ):
        await rita.send({"command": "subscribe_to_conversation", "stay_id": stay_id})
        await rita.pending()
        await guest_writes(webhooks, "services", GUEST)
        await guest_writes(webhooks, "1", GUEST)
        assert (await rita.receive_until("new_conversation"))["stay_id"] == stay_id

        await guest_writes(webhooks, "before", GUEST)
        valkey.stop()
        for number in range(5):
            await guest_writes(webhooks, f"without Redis {number}", GUEST)
        valkey.start()
        await guest_writes(webhooks, "after", GUEST)

        expected = ["before", *(f"without Redis {number}" for number in range(5)), "after"]
        heard: list[dict[str, Any]] = []
        while len(heard) < len(expected):
            event = await rita.receive_until("new_message")
            if event["sender_type"] == "guest" and event["content"] not in {"services", "1"}:
                heard.append(event)
        assert [each["content"] for each in heard] == expected
        assert [each["seq"] for each in heard] == sorted({each["seq"] for each in heard})

        await rita.send({"command": "send_message", "stay_id": stay_id, "text": "Coming!"})
        assert (await rita.receive_until("new_message"))["content"] == "Coming!"
        assert (await fake_graph.wait_for_texts(GUEST, 3))[-1] == "Coming!"


async def test_what_a_killed_process_had_accepted_is_sent_by_another(
    settings: Settings, world: World, fake_graph: FakeGraph
) -> None:
    await world.hotel()
    async with lobby_serve(settings, RUN_OUTBOX="false") as here:
        async with httpx.AsyncClient(base_url=here.url) as client:
            await guest_writes(client, "Hello", GUEST)
        await here.end(signal.SIGKILL)
    assert await fake_graph.texts(GUEST) == []

    async with lobby_serve(settings):
        assert await fake_graph.wait_for_texts(GUEST, 1) == ['Welcome to our hotel demo! Type "services" to explore.']


async def test_a_client_resumes_on_another_process_without_a_gap_or_a_double(
    processes: tuple[Running, Running], world: World
) -> None:
    here, there = processes
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    stay_id = await world.guest(hotel)
    subscribe = {"command": "subscribe_to_conversation", "stay_id": stay_id}
    async with httpx.AsyncClient(base_url=here.url) as client:
        token = await token_of(client, "rita")
        async with open_socket(here.url, "/ws/staff/", token=token) as rita:
            await rita.send(subscribe)
            await rita.pending()
            await guest_writes(client, "one", GUEST)
            last = (await rita.receive_until("new_message"))["seq"]
        await guest_writes(client, "two", GUEST)

        async with open_socket(there.url, f"/ws/staff/?since={last}", token=token) as rita:
            await rita.receive_until("heartbeat")
            await rita.send({**subscribe, "since": last})
            await guest_writes(client, "three", GUEST)

            heard: list[str] = []
            while "three" not in heard:
                event = await rita.receive_until("new_message")
                if event["sender_type"] == "guest":
                    heard.append(event["content"])
            assert heard == ["two", "three"]


async def test_a_process_that_is_told_to_end_sends_its_sockets_elsewhere_and_exits(
    processes: tuple[Running, Running], world: World
) -> None:
    here, _ = processes
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    async with httpx.AsyncClient(base_url=here.url) as client:
        token = await token_of(client, "rita")
    async with open_socket(here.url, "/ws/staff/", token=token) as rita:
        await rita.pending()
        here.process.send_signal(signal.SIGTERM)
        assert await rita.closed_with() == 1012
    assert await here.end() in {0, -signal.SIGTERM}


async def test_a_killed_worker_is_replaced_and_all_end_with_their_supervisor(settings: Settings) -> None:
    async with lobby_serve(settings, workers=2) as lobby:
        workers = await eventually(lambda: _workers(lobby))
        os.kill(workers[0], signal.SIGKILL)

        async def replaced() -> bool:
            now = await _workers(lobby)
            return len(now) == 2 and workers[0] not in now

        assert await eventually(replaced, within=60)
        assert await lobby.end() == 0
        assert await _workers(lobby) == []


async def _workers(lobby: Running) -> list[int]:
    """The serving processes below a supervisor, the resource tracker of multiprocessing aside."""
    found = await children_of(lobby.process.pid)
    return sorted(found)[-2:] if len(found) > 2 else found
