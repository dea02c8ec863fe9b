"""Templates by REST: what is listed for a conversation, what may be asked for, and how a bad request is refused."""

from typing import Any

import httpx
import pytest
from sqlalchemy import update

from app.core.types import Department, UserType
from app.models import Channel
from app.store.database import Database
from tests.fake_graph import ALPINE_NUMBER, BUSINESS_ACCOUNT, SEA_VIEW_NUMBER
from tests.world import World, guest_writes, signed_in

STRANGER = "4915112345678"


@pytest.fixture
async def rita(client: httpx.AsyncClient, world: World, database: Database) -> dict[str, str]:
    """A receptionist; her hotel's templates have been listed, and conversation 1 is a stranger's."""
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    await world.user(hotel, "carla", UserType.DEPARTMENT_STAFF, (Department.CAFE,))
    async with database.transaction() as work:
        await work.connection.execute(update(Channel).values(business_account=BUSINESS_ACCOUNT[SEA_VIEW_NUMBER]))
    await guest_writes(client, "Hello", STRANGER)
    return await signed_in(client, "rita")


async def listed(client: httpx.AsyncClient, headers: dict[str, str], **query: str) -> dict[str, dict[str, Any]]:
    answer = await client.get("/api/conversations/1/templates/", headers=headers, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.json()["listed_at"].endswith("Z")
    return {f"{each['name']}/{each['language']}": each for each in answer.json()["templates"]}


async def send(client: httpx.AsyncClient, headers: dict[str, str], **body: Any) -> httpx.Response:
    return await client.post("/api/conversations/1/templates/", headers=headers, json=body)


async def test_a_template_is_listed_with_all_that_it_needs(client: httpx.AsyncClient, rita: dict[str, str]) -> None:
    found = await listed(client, rita)
    booking = found["booking_confirmed/en"]
    assert booking.pop("id") > 0
    assert booking == {
        "name": "booking_confirmed",
        "language": "en",
        "category": "UTILITY",
        "header": {"format": "none", "text": None, "variables": []},
        "body": {
            "text": "Your booking {{1}} is confirmed. May we expect you?",
            "variables": [{"name": "1", "example": "B-4711"}],
        },
        "footer": None,
        "buttons": [
            {
                "index": 0,
                "type": "URL",
                "text": "View booking",
                "url": "https://hotel.example/bookings/{{1}}",
                "phone_number": None,
                "variable": {"name": "1", "example": "https://hotel.example/bookings/4711"},
            },
            {
                "index": 1,
                "type": "QUICK_REPLY",
                "text": "Yes, I am coming",
                "url": None,
                "phone_number": None,
                "variable": None,
            },
            {
                "index": 2,
                "type": "QUICK_REPLY",
                "text": "Plans have changed",
                "url": None,
                "phone_number": None,
                "variable": None,
            },
        ],
        "sendable": True,
        "why": None,
    }
    assert found["arrival_welcome/en"]["header"]["format"] == "IMAGE"
    assert found["room_ready/en"]["header"] == {
        "format": "TEXT",
        "text": "Room {{room_number}}",
        "variables": [{"name": "room_number", "example": "101"}],
    }


async def test_one_language_may_be_asked_for(client: httpx.AsyncClient, rita: dict[str, str]) -> None:
    assert (await listed(client, rita, language="pt")).keys() == {"checkout_reminder/pt_PT"}
    assert await listed(client, rita, language="de") == {}


async def test_a_template_is_sent_by_name_and_by_id(client: httpx.AsyncClient, rita: dict[str, str]) -> None:
    by_name = await send(
        client, rita, name="room_ready", language="en",
        header={"variables": {"room_number": "101"}}, body={"guest_name": "Inês", "room": "101"},
    )  # fmt: skip
    assert by_name.status_code == 201, by_name.text
    assert by_name.json()["message_type"] == "template"
    assert by_name.json()["content"].startswith("Room 101\n\nDear Inês, your room 101 is ready.")

    template_id = (await listed(client, rita))["booking_confirmed/en"]["id"]
    by_id = await send(client, rita, id=template_id, body={"1": "B-1"}, buttons={"0": "B-1"})
    assert by_id.status_code == 201, by_id.text
    buttons = by_id.json()["details"]["template"]["buttons"]
    assert [each["text"] for each in buttons] == ["View booking", "Yes, I am coming", "Plans have changed"]
    assert buttons[0]["url"] == "https://hotel.example/bookings/B-1"

    messages = await client.get("/api/message_manager/conversations/1/messages/", headers=rita)
    assert [each["message_type"] for each in messages.json()][-2:] == ["template", "template"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "room_ready"},
        {"name": "", "language": "en"},
        {"id": 0},
        {"id": 10**18},
        {"id": "x"},
        {"id": 1, "body": {"1": 7}},
        {"id": 1, "body": ["x"]},
        {"id": 1, "header": {"link": "https://elsewhere.example/x.jpg"}},
        {"id": 1, "header": {"location": {"latitude": 91, "longitude": 0, "name": "x", "address": "y"}}},
        {"id": 1, "client_message_id": "x"},
    ],
)
async def test_a_request_that_names_nothing_or_nonsense_is_refused(
    client: httpx.AsyncClient, rita: dict[str, str], body: dict[str, Any]
) -> None:
    answer = await send(client, rita, **body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["details"]


async def test_every_value_that_is_missing_is_named(client: httpx.AsyncClient, rita: dict[str, str]) -> None:
    await listed(client, rita)
    answer = await send(client, rita, name="arrival_welcome", language="en")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_template_values")
    assert answer.json()["details"].keys() == {"header.media_id", "body.1"}


async def test_a_file_that_is_not_there_is_named(client: httpx.AsyncClient, rita: dict[str, str]) -> None:
    await listed(client, rita)
    answer = await send(
        client, rita, name="arrival_welcome", language="en", body={"1": "Inês"}, header={"media_id": 4711}
    )
    assert (answer.status_code, answer.json()["details"].keys()) == (422, {"header.media_id"})


async def test_whoever_sees_the_whole_hotel_may_have_its_own_templates_fetched(
    client: httpx.AsyncClient, rita: dict[str, str], world: World
) -> None:
    other = await world.hotel("alpine-lodge", ALPINE_NUMBER)
    path = "/api/channels/{}/templates/refresh/"
    answer = await client.post(path.format(1), headers=rita)
    assert (answer.status_code, answer.json()) == (200, {"status": "refreshed", "count": 7})
    assert (await client.post(path.format(other.channel_id), headers=rita)).status_code == 404
    carla = await signed_in(client, "carla")
    assert (await client.post(path.format(1), headers=carla)).status_code == 403
