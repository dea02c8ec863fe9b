"""What the fake Meta reports of a message: signed, with the delivery's id, in whatever order one wants."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.dev.meta import FIRST, GUEST, TEXT, USER_ID, Graph, running

NUMBERED = TEXT | {"biz_opaque_callback_data": "4711"}


@pytest.fixture
async def graph() -> AsyncIterator[Graph]:
    async with running(statuses=True) as graph:
        yield graph


def statuses(graph: Graph) -> list[dict[str, Any]]:
    """The raw statuses that reached the hotel, in order."""
    return [status for change in graph.hotel.changes() for status in change["value"].get("statuses", [])]


async def words(graph: Graph, count: int) -> list[str]:
    return [(await graph.hotel.next_status()).status for _ in range(count)]


async def test_statuses_come_in_any_order_and_as_often_as_wanted(graph: Graph) -> None:
    await graph.configure(reports={"statuses": ["read", "delivered", "sent"], "times": 2})
    await graph.send(NUMBERED)
    assert await words(graph, 6) == ["read", "read", "delivered", "delivered", "sent", "sent"]
    assert {status["biz_opaque_callback_data"] for status in statuses(graph)} == {"4711"}


async def test_statuses_can_reach_the_hotel_before_the_answer_does(graph: Graph) -> None:
    await graph.configure(reports={"first": True})
    response = await graph.send(NUMBERED)
    assert [status["status"] for status in statuses(graph)] == ["sent", "delivered"]
    assert statuses(graph)[0]["id"] == response.json()["messages"][0]["id"]


async def test_statuses_can_come_late(graph: Graph) -> None:
    await graph.configure(reports={"after": 1})
    late = (await graph.send()).json()["messages"][0]["id"]
    await graph.configure(reports={})
    prompt = (await graph.send()).json()["messages"][0]["id"]
    await words(graph, 4)
    assert [status["id"] for status in statuses(graph)] == [prompt, prompt, late, late]


async def test_a_failure_says_why_as_meta_does(graph: Graph) -> None:
    await graph.fail(failed=131049)
    await graph.send(NUMBERED)
    await graph.hotel.next_status()
    [status] = statuses(graph)
    [error] = status["errors"]
    assert (status["status"], error["code"], error["title"]) == ("failed", 131049, "Meta chose not to deliver")
    assert error["error_data"]["details"]
    assert error["href"].startswith("/documentation/")


async def test_a_status_by_hand_may_be_repeated_and_have_a_time_of_its_own(graph: Graph) -> None:
    await graph.configure(statuses=False)
    message_id = (await graph.send(NUMBERED)).json()["messages"][0]["id"]
    body = {"id": message_id, "status": "delivered", "timestamp": "1795132801", "times": 2}
    assert (await graph.client.post("/_fake/status", json=body)).status_code == 200
    assert [(each["status"], each["timestamp"]) for each in statuses(graph)] == [("delivered", "1795132801")] * 2
    assert (await graph.client.post("/_fake/status", json=body | {"id": "wamid.unknown"})).status_code == 404


async def test_a_guest_listens_and_it_is_reported_once(graph: Graph) -> None:
    message_id = (await graph.send()).json()["messages"][0]["id"]
    await words(graph, 2)
    for _ in range(2):
        await graph.client.post(f"/_fake/phone/{GUEST}/played", json={"ids": [message_id]})
    assert await words(graph, 1) == ["played"]
    assert graph.hotel.items.empty()


async def test_a_guest_without_a_number_is_named_by_user_id(graph: Graph) -> None:
    body = {name: value for name, value in NUMBERED.items() if name != "to"} | {"recipient": USER_ID}
    answer = (await graph.send(body)).json()
    await words(graph, 2)
    assert answer["contacts"] == [{"input": USER_ID, "user_id": USER_ID}]
    assert {status["recipient_user_id"] for status in statuses(graph)} == {USER_ID}
    assert all("recipient_id" not in status for status in statuses(graph))


async def test_a_group_is_sent_to_and_reported_as_one(graph: Graph) -> None:
    answer = await graph.send(NUMBERED | {"recipient_type": "group", "to": "Y2FwaV9ncm91cDox"})
    await words(graph, 2)
    [accepted] = await graph.sent()
    assert answer.status_code == 200
    assert (accepted["to"], accepted["recipient"], accepted["delivery_id"]) == ("Y2FwaV9ncm91cDox", "group", "4711")
    assert {(each["recipient_id"], each["recipient_type"]) for each in statuses(graph)} == {
        ("Y2FwaV9ncm91cDox", "group")
    }


async def test_webhooks_name_the_account_of_the_number(graph: Graph) -> None:
    first = {name: getattr(FIRST, name) for name in FIRST.__struct_fields__}
    await graph.configure(numbers=[first | {"business_account_id": "900000000000041"}])
    await graph.write()
    assert b'"id":"900000000000041"' in graph.hotel.bodies[0]


async def test_any_change_can_be_sent_signed(graph: Graph) -> None:
    update = {"user_id": {"previous": USER_ID, "current": "PT.7000000000000000043"}}
    body = {"field": "user_id_update", "value": {"user_id_update": [update]}}
    assert (await graph.client.post("/_fake/webhook", json=body)).status_code == 200
    [change] = graph.hotel.changes()
    assert change["value"]["metadata"]["phone_number_id"] == FIRST.phone_number_id
    assert (await graph.hotel.next()).account == FIRST.phone_number_id
