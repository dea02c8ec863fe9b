"""The fake Meta's limits: how fast one may send, and for how long after a guest has written."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.dev.fake_graph import FakeGraphConfig
from app.dev.fake_graph.config import Rate
from app.dev.fake_graph.errors import GraphError
from app.dev.fake_graph.limits import Limits
from tests.dev.meta import FIRST, GUEST, SECOND, TEXT, USER_ID, Graph, code_of, running

OTHER = TEXT | {"to": "+351912000222"}
TEMPLATE = {
    "messaging_product": "whatsapp",
    "to": f"+{GUEST}",
    "type": "template",
    "template": {"name": "spring_offer", "language": {"code": "en"}},
}


@pytest.fixture
async def graph() -> AsyncIterator[Graph]:
    async with running() as graph:
        yield graph


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def taken(limits: Limits, guest: str, tries: int) -> list[int | None]:
    """The code of each refusal, None where the message was taken."""
    codes: list[int | None] = []
    for _ in range(tries):
        try:
            limits.take(FIRST.phone_number_id, guest)
            codes.append(None)
        except GraphError as refused:
            codes.append(refused.code)
    return codes


def test_one_guest_takes_a_burst_and_then_one_message_every_six_seconds() -> None:
    clock = Clock()
    limits = Limits(FakeGraphConfig(webhook_url="http://hotel.example/", pair_rate=Rate()), clock)
    assert taken(limits, GUEST, 46) == [None] * 45 + [131056]
    assert taken(limits, "351912000222", 1) == [None]
    clock.now += 6
    assert taken(limits, GUEST, 2) == [None, 131056]


def test_one_number_takes_eighty_messages_a_second() -> None:
    clock = Clock()
    limits = Limits(FakeGraphConfig(webhook_url="http://hotel.example/", throughput=80), clock)
    assert taken(limits, GUEST, 81) == [None] * 80 + [130429]
    clock.now += 0.5
    assert taken(limits, GUEST, 41) == [None] * 40 + [130429]


async def test_limits_are_off_until_they_are_set_and_count_guests_and_numbers_apart(graph: Graph) -> None:
    assert {(await graph.send()).status_code for _ in range(50)} == {200}
    await graph.configure(pair_rate={"seconds": 1000, "burst": 2})
    assert [(await graph.send()).status_code for _ in range(3)] == [200, 200, 429]
    assert code_of(await graph.send()) == (429, 131056)
    assert (await graph.send(OTHER)).status_code == 200
    assert (await graph.send(number=SECOND)).status_code == 200
    await graph.configure(pair_rate=None)
    assert (await graph.send()).status_code == 200


async def test_too_many_messages_of_one_number_are_refused(graph: Graph) -> None:
    await graph.configure(throughput=0.001)
    assert (await graph.send()).status_code == 200
    assert code_of(await graph.send(OTHER)) == (429, 130429)
    assert (await graph.send(number=SECOND)).status_code == 200


async def set_window(graph: Graph, guest: str = GUEST, *, is_open: bool) -> None:
    body = {"number": guest, "phone_number_id": FIRST.phone_number_id, "open": is_open}
    (await graph.client.post("/_fake/window", json=body)).raise_for_status()


async def test_free_text_is_taken_only_after_the_guest_has_written(graph: Graph) -> None:
    await graph.configure(window="refuse")
    assert code_of(await graph.send()) == (400, 131047)
    await graph.write()
    assert (await graph.send()).status_code == 200
    assert code_of(await graph.send(number=SECOND)) == (400, 131047)
    assert code_of(await graph.send(OTHER)) == (400, 131047)


async def test_a_window_can_be_closed_and_opened_by_hand(graph: Graph) -> None:
    await graph.configure(window="refuse")
    await graph.write()
    await set_window(graph, is_open=False)
    assert code_of(await graph.send()) == (400, 131047)
    await set_window(graph, f"+{GUEST}", is_open=True)
    assert (await graph.send()).status_code == 200


async def test_a_window_counts_from_the_messages_own_time(graph: Graph) -> None:
    await graph.configure(window="refuse")
    day_old = str(int(time.time()) - 86_400 - 60)
    await graph.write(message={"type": "text", "text": {"body": "Late"}, "timestamp": day_old})
    assert code_of(await graph.send()) == (400, 131047)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "reaction", "reaction": {"message_id": "wamid.A1", "emoji": "👍"}},
        {
            "type": "edit",
            "edit": {"original_message_id": "wamid.A1", "message": {"type": "text", "text": {"body": "x"}}},
        },
        {"type": "revoke", "revoke": {"original_message_id": "wamid.A1"}},
    ],
)
async def test_a_reaction_and_a_correction_open_nothing(graph: Graph, message: dict[str, Any]) -> None:
    await graph.configure(window="refuse")
    await graph.write(message=message)
    assert code_of(await graph.send()) == (400, 131047)


async def test_a_template_is_taken_at_any_time_and_opens_nothing_until_the_guest_answers(graph: Graph) -> None:
    await graph.configure(window="refuse")
    assert (await graph.send(TEMPLATE)).status_code == 200
    assert code_of(await graph.send()) == (400, 131047)
    await graph.write(message={"type": "button", "button": {"payload": "more", "text": "Tell me more"}})
    assert (await graph.send()).status_code == 200


async def test_a_closed_window_can_be_reported_after_a_200(graph: Graph) -> None:
    await graph.configure(window="report")
    response = await graph.send()
    status = await graph.hotel.next_status()
    assert response.status_code == 200
    assert (status.status, status.error_code) == ("failed", 131047)


async def test_the_window_of_a_guest_of_whom_nothing_was_heard_can_count_as_open(graph: Graph) -> None:
    await graph.configure(window="refuse", unheard="open")
    assert (await graph.send()).status_code == 200
    await set_window(graph, is_open=False)
    assert code_of(await graph.send()) == (400, 131047)


async def test_a_guest_without_a_number_has_a_window_too_and_a_group_has_none(graph: Graph) -> None:
    await graph.configure(window="refuse")
    to_user = {name: value for name, value in TEXT.items() if name != "to"} | {"recipient": USER_ID}
    assert code_of(await graph.send(to_user)) == (400, 131047)
    await graph.write(USER_ID)
    assert (await graph.send(to_user)).status_code == 200
    assert (await graph.send(TEXT | {"recipient_type": "group", "to": "GROUP1"})).status_code == 200


@pytest.mark.parametrize("change", [{"window": "half"}, {"pair_rate": 6}, {"windw": "off"}, {"throughput": "80"}])
async def test_a_configuration_that_is_none_is_refused(graph: Graph, change: dict[str, Any]) -> None:
    assert (await graph.client.patch("/_fake/config", json=change)).status_code == 400
