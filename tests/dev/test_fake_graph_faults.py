"""The fake Meta fails in every way that was asked for, and writes down what it was sent and what became of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.channels.whatsapp.errors import OUTCOMES
from app.dev.fake_graph.errors import CODES
from tests.dev.meta import FIRST, GUEST, TEXT, Graph, bearer, code_of, running
from tests.eventually import eventually
from tests.serving import PLAIN


@pytest.fixture
async def graph() -> AsyncIterator[Graph]:
    async with running() as graph:
        yield graph


def numbered(number: int) -> dict[str, Any]:
    return TEXT | {"biz_opaque_callback_data": str(number)}


def test_every_code_that_the_sender_knows_has_its_words() -> None:
    assert set(OUTCOMES) <= set(CODES)


@pytest.mark.parametrize("code", [0, 4, 33, 100, 190, 368, 130429, 131026, 131047, 131056, 132001, 133004])
async def test_a_code_can_be_the_refusal(graph: Graph, code: int) -> None:
    await graph.fail(code=code)
    assert code_of(await graph.send()) == (CODES[code].status, code)
    assert await graph.sent() == []


@pytest.mark.parametrize("code", [131026, 131047, 131049, 132015, 190])
async def test_a_code_can_come_as_a_failed_status_after_a_200(graph: Graph, code: int) -> None:
    await graph.fail(failed=code)
    response = await graph.send(numbered(4711))
    status = await graph.hotel.next_status()
    assert response.status_code == 200
    assert (status.status, status.error_code, status.delivery_id) == ("failed", code, 4711)
    assert status.external_id == response.json()["messages"][0]["id"]
    assert [event["kind"] for event in await graph.events()] == ["status"]


async def test_a_time_out_may_have_accepted_or_not(graph: Graph) -> None:
    await graph.fail(stall=60)
    await graph.fail(delay=60)
    async with httpx.AsyncClient(
        base_url=graph.client.base_url, verify=PLAIN, timeout=httpx.Timeout(30, read=0.3)
    ) as impatient:
        for number in (1, 2):
            with pytest.raises(httpx.ReadTimeout):
                await impatient.post(
                    f"/v23.0/{FIRST.phone_number_id}/messages", json=numbered(number), headers=bearer()
                )
    assert [each["delivery_id"] for each in await graph.sent()] == ["2"]
    assert [(each["outcome"], each["answered"], each["fault"]) for each in await graph.requests()] == [
        ("lost", False, "stall"),
        ("accepted", False, "delay"),
    ]


async def test_a_stalled_request_ends_in_a_reset(graph: Graph) -> None:
    await graph.fail(stall=0.05)
    with pytest.raises(httpx.ReadError):
        await graph.send()
    assert await graph.sent() == []


async def test_a_connection_can_be_reset_before_and_after_accepting(graph: Graph) -> None:
    for when in ("before", "after"):
        await graph.fail(reset=when)
        with pytest.raises(httpx.ReadError):
            await graph.send()
    assert len(await graph.sent()) == 1
    assert [each["outcome"] for each in await graph.requests()] == ["lost", "accepted"]
    assert (await graph.send()).status_code == 200


async def test_a_late_answer_that_was_waited_for_is_an_answer(graph: Graph) -> None:
    await graph.fail(delay=0.05)
    assert (await graph.send()).status_code == 200
    assert [each["answered"] for each in await graph.requests()] == [True]


async def test_everything_that_was_posted_is_written_down_with_what_became_of_it(graph: Graph) -> None:
    message_id = (await graph.write()).json()["id"]
    await graph.send(numbered(1))
    await graph.send({"messaging_product": "whatsapp", "status": "read", "message_id": message_id})
    await graph.send(TEXT | {"text": {"body": ""}})
    await graph.send(token="EAAG-unknown")
    await graph.client.post(f"/v23.0/{FIRST.phone_number_id}/messages", content=b"{", headers=bearer())
    await graph.fail(status=502)
    await graph.send()
    await graph.fail(drop=True)
    with pytest.raises(httpx.RemoteProtocolError):
        await graph.send()
    asked = await graph.requests()
    [first, last] = await graph.sent()
    assert [(each["outcome"], each["status"], each["code"], each["id"]) for each in asked] == [
        ("accepted", 200, None, first["id"]),
        ("read", 200, None, None),
        ("refused", 400, 100, None),
        ("refused", 401, 190, None),
        ("refused", 400, 100, None),
        ("refused", 502, None, None),
        ("accepted", None, None, last["id"]),
    ]
    assert asked[0]["body"] == numbered(1)
    assert asked[4]["body"] == "{"
    assert await graph.requests(outcome="refused", to=GUEST) == [asked[2], asked[3], asked[5]]
    await graph.client.delete("/_fake/requests")
    assert await graph.requests() == []


async def fates(graph: Graph, *, at_once: bool) -> dict[str, list[str | None]]:
    """What became of twenty messages that are sent three times each, by message."""
    await graph.client.delete("/_fake/requests")
    await graph.client.delete("/_fake/faults")
    for fault in ({"code": 130429, "share": 0.3}, {"status": 500, "share": 0.2}, {"failed": 131026, "share": 0.1}):
        await graph.fail(times=0, **fault)
    for _ in range(3):
        sends = [graph.send(numbered(number)) for number in range(20)]
        if at_once:
            await asyncio.gather(*reversed(sends))
        else:
            for send in sends:
                await send
    kept: dict[str, list[str | None]] = {}
    for each in await graph.requests():
        kept.setdefault(each["body"]["biz_opaque_callback_data"], []).append(each["fault"])
    return kept


async def test_with_a_seed_each_try_of_a_message_meets_the_same_fate_in_whatever_order(graph: Graph) -> None:
    await graph.configure(seed=7)
    one_by_one = await fates(graph, at_once=False)
    assert await fates(graph, at_once=True) == one_by_one
    counted = Counter(fault for tries in one_by_one.values() for fault in tries)
    assert set(counted) == {"code", "status", "failed", None}
    await graph.configure(seed=8)
    assert await fates(graph, at_once=False) != one_by_one


async def test_hundreds_of_sends_at_once_with_all_faults_are_each_settled_and_reported(graph: Graph) -> None:
    """A drill in small: who repeats what was surely not taken, and asks for what may have been, gets all through."""
    await graph.configure(seed=3, statuses=True)
    await graph.fail(code=130429, share=0.3, times=0)
    await graph.fail(status=500, share=0.2, times=0)
    await graph.fail(stall=0.02, share=0.05, times=0)
    await graph.fail(delay=0.02, share=0.05, times=0)
    await graph.fail(reset="after", share=0.05, times=0)
    at_once = asyncio.Semaphore(16)

    async def settle(number: int) -> None:
        async with at_once:
            for _ in range(60):
                try:
                    response = await graph.send(numbered(number))
                except httpx.TransportError:
                    if any(each["body"] == numbered(number) for each in await graph.sent()):
                        return
                    continue
                if response.status_code == 200:
                    return
        raise AssertionError("never taken")

    await asyncio.gather(*(settle(number) for number in range(300)))

    async def all_reported() -> bool:
        return all(each["statuses"] == ["sent", "delivered"] for each in await graph.sent())

    accepted = await graph.sent()
    assert sorted(int(each["delivery_id"]) for each in accepted) == list(range(300))
    await eventually(all_reported, within=60)
