"""Templates at the fake Meta: listed a page at a time, checked when sent, shown on the phone, taken out of use."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.dev.fake_graph.config import BUSINESS_ACCOUNT
from app.dev.fake_graph.template import read_templates
from tests.dev.meta import FIRST, GUEST, SECOND, Graph, bearer, code_of, running

JPEG = b"\xff\xd8\xff\xe0 a picture"
Json = dict[str, Any]


@pytest.fixture
async def graph() -> AsyncIterator[Graph]:
    async with running() as graph:
        yield graph


async def page(graph: Graph, url: str = f"/v23.0/{BUSINESS_ACCOUNT}/message_templates", **query: Any) -> Json:
    answer: Json = (await graph.client.get(url, params=query or None, headers=bearer())).raise_for_status().json()
    return answer


def texts(*values: str) -> list[Json]:
    return [{"type": "text", "text": value} for value in values]


def named(**values: str) -> list[Json]:
    return [{"type": "text", "parameter_name": name, "text": value} for name, value in values.items()]


def body(*values: str) -> Json:
    return {"type": "body", "parameters": texts(*values)}


def button(index: int | str, sub_type: str, *parameters: Json) -> Json:
    return {"type": "button", "sub_type": sub_type, "index": index, "parameters": list(parameters)}


VIEW = button(0, "url", *texts("4711"))


async def send(graph: Graph, name: str, *components: Json, language: str = "en", **more: Any) -> httpx.Response:
    template = {"name": name, "language": {"code": language}, "components": list(components)}
    message = {"messaging_product": "whatsapp", "to": f"+{GUEST}", "type": "template", "template": template}
    return await graph.send(message | more)


async def shown(graph: Graph) -> Json:
    """The template that the phone shows last."""
    template: Json = (await graph.events())[-1]["content"]["template"]
    return template


async def test_an_accounts_templates_are_listed_with_their_components(graph: Graph) -> None:
    listed = (await page(graph))["data"]
    assert [(each["name"], each["language"]) for each in listed] == [
        (each.name, each.language) for each in read_templates()
    ]
    assert {each["status"] for each in listed} == {"APPROVED", "PENDING"}
    assert {each["category"] for each in listed} == {"UTILITY", "MARKETING"}
    assert {each["parameter_format"] for each in listed} == {"POSITIONAL", "NAMED"}
    assert listed[0]["components"][0]["text"].startswith("Good morning {{1}}")


async def test_pages_follow_each_other_by_cursor_and_by_link_and_hold_every_template_once(graph: Graph) -> None:
    first = await page(graph, limit=3, fields="name,language")
    second = await page(graph, first["paging"]["next"])
    third = await page(graph, limit=3, after=second["paging"]["cursors"]["after"])
    ids = [each["id"] for part in (first, second, third) for each in part["data"]]
    assert ids == [each.id for each in read_templates()]
    assert set(second["data"][0]) == {"id", "name", "language"}
    assert "previous" not in first["paging"]
    assert "next" not in third["paging"]
    assert await page(graph, second["paging"]["previous"]) == first


async def test_templates_are_found_by_status_and_by_name(graph: Graph) -> None:
    assert [each["name"] for each in (await page(graph, status="PENDING"))["data"]] == ["pool_closed"]
    assert len((await page(graph, name="checkout_reminder"))["data"]) == 2
    assert await page(graph, name="unknown") == {"data": []}


async def test_an_account_is_open_to_its_own_numbers_only(graph: Graph) -> None:
    url = "/v23.0/900000000000777/message_templates"
    assert code_of(await graph.client.get(url, headers=bearer())) == (400, 100)
    assert code_of(await graph.client.get(url)) == (401, 190)


async def test_a_template_is_shown_with_its_words_filled_in(graph: Graph) -> None:
    response = await send(graph, "checkout_reminder", body("Inês", "11:00"), language="pt_PT")
    assert response.status_code == 200
    assert (await shown(graph))["body"].startswith("Bom dia Inês, o check-out é até às 11:00")


async def test_named_words_are_filled_in_by_name(graph: Graph) -> None:
    response = await send(
        graph,
        "room_ready",
        {"type": "header", "parameters": named(room_number="101")},
        {"type": "body", "parameters": named(room="101", guest_name="Inês")},
    )
    template = await shown(graph)
    assert response.status_code == 200
    assert template["header"] == {"type": "text", "text": "Room 101"}
    assert template["body"].startswith("Dear Inês, your room 101 is ready.")
    assert template["footer"] == "Reception, at any hour"


async def test_a_picture_stands_above_the_words(graph: Graph) -> None:
    upload = await graph.client.post(
        f"/v23.0/{FIRST.phone_number_id}/media",
        data={"messaging_product": "whatsapp"},
        files={"file": ("door.jpg", JPEG, "image/jpeg")},
        headers=bearer(),
    )
    picture = {"type": "image", "image": {"id": upload.json()["id"]}}
    sent = await send(graph, "arrival_welcome", {"type": "header", "parameters": [picture]}, body("Inês"))
    assert sent.status_code == 200
    assert (await shown(graph))["header"] == picture
    unknown = {"type": "image", "image": {"id": "4100000000000001"}}
    refused = await send(graph, "arrival_welcome", {"type": "header", "parameters": [unknown]}, body("Inês"))
    assert code_of(refused) == (400, 131009)


async def test_buttons_lead_to_the_address_or_say_the_payload(graph: Graph) -> None:
    response = await send(
        graph,
        "booking_confirmed",
        body("B-4711"),
        button(0, "url", *texts("4711")),
        button("1", "quick_reply", {"type": "payload", "payload": "coming"}),
    )
    assert response.status_code == 200
    assert (await shown(graph))["buttons"] == [
        {"type": "URL", "text": "View booking", "url": "https://hotel.example/bookings/4711"},
        {"type": "QUICK_REPLY", "text": "Yes, I am coming", "payload": "coming"},
        {"type": "QUICK_REPLY", "text": "Plans have changed", "payload": "Plans have changed"},
    ]


@pytest.mark.parametrize(
    ("name", "language", "components", "code"),
    [
        ("unknown", "en", [], 132001),
        ("checkout_reminder", "fr", [body("Inês", "11:00")], 132001),
        ("pool_closed", "en", [body("Friday")], 132001),
        ("checkout_reminder", "en", [], 132000),
        ("checkout_reminder", "en", [body("Inês")], 132000),
        ("checkout_reminder", "en", [body("Inês", "11:00", "more")], 132000),
        ("spring_offer", "en", [body("Inês")], 132000),
        ("checkout_reminder", "en", [body("Inês", " ")], 131008),
        ("checkout_reminder", "en", [body("Inês", "a\nb")], 132007),
        ("checkout_reminder", "en", [body("Inês", "x" * 1000)], 132005),
        ("checkout_reminder", "en", [body("Inês", "11:00"), body("Inês", "11:00")], 100),
        ("checkout_reminder", "en", [{"type": "body", "parameters": [{"type": "text"}]}], 131008),
        ("checkout_reminder", "en", [{"type": "corpus", "parameters": []}], 100),
        ("checkout_reminder", "en", [{"type": "header", "parameters": texts("x")}, body("Inês", "11:00")], 132000),
        ("room_ready", "en", [{"type": "header", "parameters": texts("101")}, body("Inês", "101")], 132012),
        ("arrival_welcome", "en", [body("Inês")], 132012),
        ("arrival_welcome", "en", [{"type": "header", "parameters": texts("x")}, body("Inês")], 132012),
        ("booking_confirmed", "en", [body("B")], 131008),
        ("booking_confirmed", "en", [body("B"), button(0, "url", *texts("1", "2"))], 132000),
        ("booking_confirmed", "en", [body("B"), button(0, "quick_reply")], 132012),
        ("booking_confirmed", "en", [body("B"), VIEW, button(3, "quick_reply")], 132012),
        ("booking_confirmed", "en", [body("B"), VIEW, button(1, "quick_reply", *texts("x"))], 132012),
        ("booking_confirmed", "en", [body("B"), VIEW | {"index": None}], 131008),
    ],
)
async def test_a_template_that_is_not_sent_as_it_was_made_is_refused(
    graph: Graph, name: str, language: str, components: list[Json], code: int
) -> None:
    response = await send(graph, name, *components, language=language)
    assert response.json()["error"]["code"] == code
    assert await graph.sent() == []


@pytest.mark.parametrize(("status", "code"), [("PAUSED", 132015), ("DISABLED", 132016), ("REJECTED", 132001)])
async def test_a_template_can_be_taken_out_of_use_and_the_hotel_is_told(graph: Graph, status: str, code: int) -> None:
    change = {"name": "spring_offer", "status": status, "reason": "QUALITY"}
    assert (await graph.client.post("/_fake/templates/status", json=change)).status_code == 200
    assert (await send(graph, "spring_offer")).json()["error"]["code"] == code
    assert [each["status"] for each in (await page(graph, name="spring_offer"))["data"]] == [status]
    [told] = graph.hotel.changes()
    assert told == {
        "field": "message_template_status_update",
        "value": {
            "event": status,
            "message_template_id": 910000000000006,
            "message_template_name": "spring_offer",
            "message_template_language": "en",
            "reason": "QUALITY",
        },
    }


async def test_a_template_is_taken_into_use_without_a_word(graph: Graph) -> None:
    change = {"name": "pool_closed", "status": "APPROVED", "report": False}
    await graph.client.post("/_fake/templates/status", json=change)
    assert (await send(graph, "pool_closed", body("Friday"))).status_code == 200
    assert graph.hotel.bodies == []
    assert (await graph.client.post("/_fake/templates/status", json=change | {"name": "none"})).status_code == 404


async def test_a_template_of_ones_own_can_be_added_to_one_account(graph: Graph) -> None:
    template = {
        "id": "920000000000001",
        "name": "arrival",
        "language": "pt_PT",
        "components": [{"type": "BODY", "text": "Até logo"}],
        "business_account_id": BUSINESS_ACCOUNT,
    }
    for _ in range(2):
        assert (await graph.client.post("/_fake/templates", json=template)).status_code == 201
    assert len((await page(graph, name="arrival"))["data"]) == 1
    assert (await send(graph, "arrival", language="pt_PT")).status_code == 200
    second = {name: getattr(SECOND, name) for name in SECOND.__struct_fields__}
    await graph.configure(numbers=[second | {"business_account_id": "900000000000002"}])
    other = await graph.client.get("/v23.0/900000000000002/message_templates?name=arrival", headers=bearer(SECOND))
    assert other.json() == {"data": []}
