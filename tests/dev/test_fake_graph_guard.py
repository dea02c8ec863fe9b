"""No web page but its own may drive the fake Meta; programs may."""

import socket
from collections.abc import AsyncIterator

import pytest

from tests.dev.meta import FIRST, GUEST, TEXT, Graph, bearer, running

SEND = f"/_fake/phone/{GUEST}/send"
HELLO = {"text": "Hello"}


@pytest.fixture
async def graph() -> AsyncIterator[Graph]:
    async with running() as graph:
        yield graph


def own_origin(graph: Graph) -> str:
    return str(graph.client.base_url).rstrip("/")


async def test_its_own_page_and_a_program_may_drive_it(graph: Graph) -> None:
    own = {"Origin": own_origin(graph), "Sec-Fetch-Site": "same-origin"}
    for headers in ({}, own):
        assert (await graph.client.post(SEND, json=HELLO, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_another_page_may_not(graph: Graph, headers: dict[str, str]) -> None:
    assert (await graph.client.post(SEND, json=HELLO, headers=headers)).status_code == 403
    assert (await graph.client.get("/_fake/sent", headers=headers)).status_code == 403
    assert (await graph.client.delete("/_fake/sent", headers=headers)).status_code == 403
    assert graph.hotel.bodies == []


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", ""]
)
async def test_a_name_that_was_made_to_lead_here_is_refused(graph: Graph, host: str) -> None:
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert (await graph.client.post(SEND, json=HELLO, headers=headers)).status_code == 403
    assert (await graph.client.get("/dev/phone", headers={"Host": host})).status_code == 403


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8001", "lobby.localhost", "127.0.0.1:80", "[::1]:8001", "[::1]", "192.0.2.7"]
)
async def test_it_goes_by_this_machines_names_and_by_any_address(graph: Graph, host: str) -> None:
    assert (await graph.client.get("/dev/phone", headers={"Host": host})).status_code == 200
    machine = socket.gethostname()
    assert (await graph.client.get("/dev/phone", headers={"Host": machine})).status_code == 200


async def test_it_goes_by_a_name_that_it_was_given(graph: Graph) -> None:
    assert (await graph.client.get("/dev/phone", headers={"Host": "demo.example"})).status_code == 403
    await graph.configure(hosts=["demo.example"])
    assert (await graph.client.get("/dev/phone", headers={"Host": "demo.example"})).status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_what_a_form_can_post_is_no_json(graph: Graph, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    for path in (SEND, "/_fake/faults", "/_fake/status", "/_fake/window", "/_fake/webhook"):
        assert (await graph.client.post(path, content=b'{"text": "Hello"}', headers=headers)).status_code == 415
    assert (await graph.client.put("/_fake/config", content=b"{}", headers=headers)).status_code == 415


async def test_a_file_may_be_of_any_type_and_still_comes_from_its_own_page_only(graph: Graph) -> None:
    path = f"/_fake/phone/{GUEST}/media"
    headers = {"Content-Type": "text/plain"}
    assert (await graph.client.post(path, content=b"a note", headers=headers)).status_code == 200
    foreign = headers | {"Origin": "https://evil.example"}
    assert (await graph.client.post(path, content=b"a note", headers=foreign)).status_code == 403


async def test_the_graph_api_goes_by_any_name_for_it_wants_a_bearer(graph: Graph) -> None:
    answer = await graph.client.post(
        f"/v23.0/{FIRST.phone_number_id}/messages", json=TEXT, headers=bearer() | {"Host": "graph.example"}
    )
    assert answer.status_code == 200
