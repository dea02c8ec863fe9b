"""The fake Meta keeps Meta's habits: it refuses what Meta refuses, signs and repeats, and fails when told to."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from app.channels.items import InboundMessage, InboundStatus
from app.dev.fake_graph import FakeGraphConfig
from app.dev.fake_graph.errors import GraphError
from app.dev.fake_graph.phone_routes import PAGE, PAGE_FILES
from app.dev.fake_graph.requests import MessageRequest, read_request
from tests.channels.ports import closed_port
from tests.dev.meta import AS_JSON, FIRST, GUEST, SECOND, TEXT, USER_ID, Graph, running


@pytest.fixture
async def graph() -> AsyncIterator[Graph]:
    async with running() as graph:
        yield graph


@pytest.fixture
async def reporting_graph() -> AsyncIterator[Graph]:
    """One that reports statuses."""
    async with running(statuses=True) as graph:
        yield graph


async def test_an_accepted_message_is_answered_as_meta_does(graph: Graph) -> None:
    response = await graph.send()
    [accepted] = await graph.sent()
    assert response.status_code == 200
    assert accepted["id"].startswith("wamid.")
    assert response.json() == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": f"+{GUEST}", "wa_id": GUEST}],
        "messages": [{"id": accepted["id"]}],
    }


async def test_what_was_accepted_is_listed_in_order_and_by_guest_and_can_be_forgotten(graph: Graph) -> None:
    for to, body in ((GUEST, "one"), ("351912000222", "other"), (f"+{GUEST}", "two")):
        await graph.send(TEXT | {"to": to, "text": {"body": body}})
    assert [each["body"]["text"]["body"] for each in await graph.sent()] == ["one", "other", "two"]
    assert [each["body"]["text"]["body"] for each in await graph.sent(f"+{GUEST}")] == ["one", "two"]
    await graph.client.delete("/_fake/sent")
    assert await graph.sent() == []


def interactive(**menu: Any) -> dict[str, Any]:
    return {"type": "interactive", "interactive": {"body": {"text": "How can we help?"}} | menu}


def buttons(count: int, title: str = "Yes") -> dict[str, Any]:
    replies = [{"type": "reply", "reply": {"id": f"b{each}", "title": title}} for each in range(count)]
    return interactive(type="button", action={"buttons": replies})


def rows(*counts: int, title: str = "Row") -> dict[str, Any]:
    sections = [
        {"title": "S", "rows": [{"id": f"r{section}.{each}", "title": title} for each in range(n)]}
        for section, n in enumerate(counts)
    ]
    return interactive(type="list", action={"button": "Choose", "sections": sections})


@pytest.mark.parametrize(
    "content",
    [
        {"type": "image", "image": {"id": "1", "caption": "x"}},
        {"type": "document", "document": {"link": "https://example.com/a.pdf", "filename": "a.pdf"}},
        {"type": "audio", "audio": {"id": "1"}},
        {"type": "location", "location": {"latitude": 0, "longitude": -9.1}},
        {"type": "reaction", "reaction": {"message_id": "wamid.A1", "emoji": ""}},
        {"type": "template", "template": {"name": "arrival", "language": {"code": "pt_PT"}}},
        {"text": {"body": "without a type"}},
        {"type": "text", "text": {"body": "x" * 4096}, "context": {"message_id": "wamid.A1"}},
        buttons(3),
        rows(4, 6),
    ],
)
def test_what_meta_takes_is_taken(content: dict[str, Any]) -> None:
    request = read_request({"messaging_product": "whatsapp", "to": f"+{GUEST}", **content})
    assert isinstance(request, MessageRequest)
    assert request.address == GUEST


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"messaging_product": None}, 131008),
        ({"messaging_product": "sms"}, 100),
        ({"recipient_type": "everybody"}, 100),
        ({"to": None}, 131008),
        ({"to": 351912000111}, 100),
        ({"to": "front desk"}, 131009),
        ({"to": None, "recipient": "nobody"}, 131009),
        ({"type": "carrier_pigeon"}, 100),
        ({"type": "image"}, 131008),
        ({"text": {}}, 131008),
        ({"text": {"body": ""}}, 100),
        ({"text": {"body": "x" * 4097}}, 100),
        ({"text": {"body": 7}}, 100),
        ({"text": {"body": "x", "bold": True}}, 100),
        ({"urgent": True}, 100),
        ({"context": {}}, 131008),
        ({"biz_opaque_callback_data": 4711}, 100),
        ({"type": "image", "image": {"caption": "no file"}}, 131009),
        ({"type": "image", "image": {"id": "1", "link": "https://example.com"}}, 131009),
        ({"type": "image", "image": {"id": "1", "caption": "x" * 1025}}, 100),
        (buttons(0), 100),
        (buttons(4), 100),
        (buttons(1, "x" * 21), 100),
        (rows(11), 100),
        (rows(6, 5), 131009),
        (rows(1, title="x" * 25), 100),
        (interactive(type="carousel"), 100),
    ],
)
def test_what_meta_refuses_is_refused_with_its_code(change: dict[str, Any], code: int) -> None:
    body = {key: value for key, value in (TEXT | change).items() if value is not None}
    with pytest.raises(GraphError) as refused:
        read_request(body)
    assert refused.value.code == code
    assert refused.value.details


async def test_a_refusal_has_metas_form_and_nothing_is_accepted(graph: Graph) -> None:
    response = await graph.send(TEXT | {"text": {"body": "x" * 4097}})
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["type"]) == (400, 100, "OAuthException")
    assert error["message"].startswith("(#100)")
    assert error["fbtrace_id"]
    assert "text['body']" in error["error_data"]["details"]
    assert await graph.sent() == []


async def test_a_body_that_is_no_json_is_refused(graph: Graph) -> None:
    headers = {"Authorization": f"Bearer {FIRST.access_token}"}
    url = f"/v23.0/{FIRST.phone_number_id}/messages"
    for body in (b"", b"{", b"[]", b'"text"'):
        response = await graph.client.post(url, content=body, headers=headers)
        assert (response.status_code, response.json()["error"]["code"]) == (400, 100)


async def test_a_bearer_sends_from_its_own_number_only(graph: Graph) -> None:
    unknown = await graph.send(token="EAAG-unknown")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (401, 190)
    foreign = await graph.send(number=SECOND, token=FIRST.access_token)
    assert (foreign.status_code, foreign.json()["error"]["code"]) == (400, 100)
    assert (await graph.client.post(f"/v23.0/{FIRST.phone_number_id}/messages", json=TEXT)).status_code == 401
    assert (await graph.send(version="latest")).status_code == 400
    assert await graph.sent() == []


async def test_a_guests_message_reaches_the_hotel_signed_and_in_metas_form(graph: Graph) -> None:
    response = await graph.write(text="Bom dia / ä \U0001f6bf", phone_number_id=SECOND.phone_number_id)
    item = await graph.hotel.next()
    assert isinstance(item, InboundMessage)
    assert item.text == "Bom dia / ä \U0001f6bf"
    assert (item.account, item.sender.address, item.sender.name) == (SECOND.phone_number_id, GUEST, "Inês")
    assert response.json() == {"id": item.external_id, "attempts": 1, "status": 200}
    assert rb"Bom dia \/ \u00e4 \ud83d\udebf" in graph.hotel.bodies[0]


async def test_a_guest_without_a_number_writes_under_a_user_id(graph: Graph) -> None:
    await graph.write(USER_ID)
    item = await graph.hotel.next()
    assert isinstance(item, InboundMessage)
    assert (item.sender.address, item.sender.phone, item.sender.name) == (USER_ID, None, "Inês")


async def test_a_guest_may_send_what_is_no_text(graph: Graph) -> None:
    await graph.write(message={"type": "image", "image": {"id": "4100", "caption": "My document"}})
    item = await graph.hotel.next()
    assert isinstance(item, InboundMessage)
    assert (item.type, item.text) == ("image", "My document")


async def test_a_webhook_that_is_not_answered_with_200_is_repeated_byte_for_byte(graph: Graph) -> None:
    graph.hotel.answers = [503, 204, 403]
    response = await graph.write()
    assert response.json()["attempts"] == 4
    assert len(set(graph.hotel.bodies)) == 1


async def test_a_webhook_that_is_never_taken_is_given_up_and_can_be_sent_again_unchanged(graph: Graph) -> None:
    graph.hotel.answers = [500] * 5
    given_up = await graph.write()
    assert (given_up.status_code, given_up.json()["status"]) == (502, 500)
    again = await graph.write(id=given_up.json()["id"])
    assert (again.status_code, again.json()["attempts"]) == (200, 1)
    assert len(set(graph.hotel.bodies)) == 1
    kinds = [(event["kind"], event.get("status")) for event in await graph.events()]
    assert kinds == [("message", None), ("status", "failed"), ("status", "delivered")]


async def test_where_the_hotel_is_away_the_guest_is_told(graph: Graph) -> None:
    nowhere = FakeGraphConfig(webhook_url=f"http://127.0.0.1:{closed_port()}/", numbers=(FIRST,), backoff=0.01)
    await graph.client.put("/_fake/config", content=msgspec.json.encode(nowhere), headers=AS_JSON)
    response = await graph.write()
    assert (response.status_code, response.json()["status"]) == (502, None)


async def test_sent_and_delivered_are_reported_with_the_delivery_they_belong_to(reporting_graph: Graph) -> None:
    await reporting_graph.send(TEXT | {"biz_opaque_callback_data": "4711"})
    reported = [await reporting_graph.hotel.next() for _ in range(2)]
    [accepted] = await reporting_graph.sent()
    assert [
        (item.status, item.delivery_id, item.external_id) for item in reported if isinstance(item, InboundStatus)
    ] == [
        ("sent", 4711, accepted["id"]),
        ("delivered", 4711, accepted["id"]),
    ]


async def test_a_message_seen_on_the_phone_is_reported_as_read_once(reporting_graph: Graph) -> None:
    message_id = (await reporting_graph.send()).json()["messages"][0]["id"]
    for _ in range(2):
        await reporting_graph.hotel.next()
    for ids in ([message_id], [message_id, "wamid.unknown"]):
        await reporting_graph.client.post(f"/_fake/phone/{GUEST}/read", json={"ids": ids})
    item = await reporting_graph.hotel.next()
    assert isinstance(item, InboundStatus)
    assert item.status == "read"
    assert reporting_graph.hotel.items.empty()


async def test_a_status_can_be_reported_by_hand(graph: Graph) -> None:
    message_id = (await graph.send()).json()["messages"][0]["id"]
    await graph.client.post("/_fake/status", json={"id": message_id, "status": "failed", "code": 131047})
    item = await graph.hotel.next()
    assert isinstance(item, InboundStatus)
    assert (item.external_id, item.status, item.error_code) == (message_id, "failed", 131047)


async def test_the_phone_sees_what_the_hotel_sends_as_soon_as_it_is_accepted(graph: Graph) -> None:
    waiting = asyncio.create_task(graph.events(wait=25))
    await graph.send()
    [event] = await waiting
    assert (event["seq"], event["sender"], event["text"]) == (1, "hotel", "Good evening")
    assert event["hotel"] == FIRST.phone_number_id
    assert await graph.events(since=1) == []


async def test_the_phone_sees_that_the_hotel_has_read_and_is_typing(graph: Graph) -> None:
    message_id = (await graph.write()).json()["id"]
    read = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id}
    response = await graph.send(read | {"typing_indicator": {"type": "text"}})
    assert response.json() == {"success": True}
    assert [(event["kind"], event.get("status")) for event in await graph.events()][2:] == [
        ("status", "read"),
        ("typing", None),
    ]
    unknown = read | {"message_id": "wamid.unknown"}
    assert (await graph.send(unknown)).json()["error"]["code"] == 131009
    await graph.configure(reads="any")
    assert (await graph.send(unknown)).json() == {"success": True}


async def test_a_fault_happens_as_often_as_it_was_asked_to(graph: Graph) -> None:
    await graph.fail(status=500, times=2)
    await graph.fail(code=131056, retry_after=6)
    answers = [await graph.send() for _ in range(4)]
    assert [answer.status_code for answer in answers] == [500, 500, 429, 200]
    assert answers[2].json()["error"]["code"] == 131056
    assert answers[2].headers["retry-after"] == "6"
    assert len(await graph.sent()) == 1


async def test_a_fault_without_an_end_lasts_until_it_is_cleared(graph: Graph) -> None:
    await graph.fail(code=131000, times=0)
    assert [(await graph.send()).status_code for _ in range(3)] == [500] * 3
    assert len((await graph.client.get("/_fake/faults")).json()) == 1
    await graph.client.delete("/_fake/faults")
    assert (await graph.send()).status_code == 200


async def test_a_fault_of_one_guest_leaves_the_others_alone(graph: Graph) -> None:
    await graph.fail(code=131056, to=f"+{GUEST}", times=0)
    assert (await graph.send()).status_code == 429
    assert (await graph.send(TEXT | {"to": "351912000222"})).status_code == 200


async def test_shares_of_several_faults_add_up(graph: Graph) -> None:
    await graph.fail(status=500, share=0.5, times=0)
    await graph.fail(status=503, share=0.5, times=0)
    answers = {(await graph.send()).status_code for _ in range(30)}
    assert answers == {500, 503}


async def test_a_refused_request_uses_up_no_fault(graph: Graph) -> None:
    await graph.fail(status=500)
    await graph.send({})
    assert (await graph.send()).status_code == 500


@pytest.mark.parametrize("fault", [{}, {"status": 500, "drop": True}, {"stauts": 500}, {"status": "500"}, []])
async def test_a_fault_that_is_none_is_refused(graph: Graph, fault: object) -> None:
    assert (await graph.client.post("/_fake/faults", json=fault)).status_code == 400


async def test_the_pages_configuration_holds_no_secret(graph: Graph) -> None:
    answer = await graph.client.get("/_fake/config")
    assert [hotel["name"] for hotel in answer.json()["hotels"]] == ["Sea View", "Harbour House"]
    assert answer.json()["guests"] == [{"name": "Inês", "number": GUEST, "hint": "room 12"}]
    for secret in (FIRST.access_token, FIRST.app_secret, SECOND.access_token, SECOND.app_secret):
        assert secret not in answer.text
        assert secret not in repr((FIRST, SECOND))


async def test_the_phone_page_loads_nothing_from_elsewhere_and_sets_text_as_text(graph: Graph) -> None:
    page = await graph.client.get("/dev/phone")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    links = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    files = {name: await graph.client.get(f"/dev/phone/{name}") for name in PAGE_FILES}
    assert set(links) <= {f"/dev/phone/{name}" for name in files}
    assert {each.name for each in PAGE.iterdir()} == {"phone.html", *files}
    assert {file.status_code for file in files.values()} == {200}
    whole = page.text + "".join(file.text for file in files.values())
    assert not re.search(r"https?://(?!127\.0\.0\.1)|innerHTML|outerHTML|insertAdjacent|document\.write", whole)
    assert (await graph.client.get("/dev/phone/app.py")).status_code == 404


async def test_it_runs_as_a_process_of_its_own_until_told_to_end(tmp_path: Path) -> None:
    file = tmp_path / "fake.json"
    file.write_bytes(msgspec.json.encode(FakeGraphConfig(webhook_url="http://127.0.0.1:9/", numbers=(FIRST,))))
    port = closed_port()
    command = [sys.executable, "-m", "app.dev.fake_graph", "--config", str(file), "--port", str(port)]
    process = subprocess.Popen(command)  # noqa: ASYNC220 -- it is asked over HTTP, not by its pipes
    transport = httpx.AsyncHTTPTransport(retries=8)  # each waits twice as long as the one before, 32 s at the last
    try:
        async with httpx.AsyncClient(transport=transport, timeout=60) as client:
            answer = await client.get(f"http://127.0.0.1:{port}/_fake/config")
            assert answer.json()["hotels"][0]["id"] == FIRST.phone_number_id
    finally:
        process.terminate()
        assert await asyncio.to_thread(process.wait, 30) in {0, -signal.SIGTERM}
