"""A template of each kind, chosen and filled by the API, arrives at Meta as it wants it."""

import io
from typing import Any

import pytest
from PIL import Image

from app.models import Channel
from tests.fake_graph import BUSINESS_ACCOUNT, SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.sending.conftest import Desk
from tests.templates import CONFIRMATION, MEETING, PLAIN, PROMOTION, ROOM_READY, WELCOME

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
DOCK = {"latitude": 38.7, "longitude": -9.1, "name": "Dock", "address": "1 Quay Street"}
IN_WORDS: list[tuple[str, list[dict[str, Any]], dict[str, Any], str]] = [
    ("plain", PLAIN, {}, "Hello World\n\nWelcome and congratulations!\n\nThe hotel's team"),
    (
        "promotion",
        PROMOTION,
        {"header": {"variables": {"1": "Sale"}}, "body": {"1": "May", "2": "25OFF", "3": "25%"}},
        "Our Sale is on!\n\nBook through May and use code 25OFF to get 25% off.\n\nUse the buttons below",
    ),
    (
        "ready",
        ROOM_READY,
        {"header": {"variables": {"room_number": "101"}}, "body": {"guest_name": "Inês", "room": "101"}},
        "Room 101\n\nDear Inês, room 101 is ready, Inês.",
    ),
    ("meeting", MEETING, {"header": {"location": DOCK}, "body": {"1": "you"}}, "The shuttle for you waits here."),
]


@pytest.fixture(autouse=True)
async def account(desk: Desk, ledger: Ledger) -> None:
    await ledger.change(Channel, business_account=BUSINESS_ACCOUNT[SEA_VIEW_NUMBER])


async def approve(desk: Desk, name: str, components: list[dict[str, Any]]) -> None:
    """Meta has this template."""
    named = "{{room}}" in str(components)
    listed = {"id": f"99{len(name)}", "name": name, "language": "en", "components": components}
    body = listed | {"parameter_format": "NAMED" if named else "POSITIONAL"}
    (await desk.graph.client.post("/_fake/templates", json=body)).raise_for_status()


async def send(desk: Desk, name: str, **values: Any) -> dict[str, Any]:
    answer = await desk.post("templates", {"name": name, "language": "en", **values})
    assert answer.status_code == 201, answer.text
    sent: dict[str, Any] = answer.json()
    return sent


async def upload(desk: Desk, data: bytes, name: str, mime_type: str) -> int:
    answer = await desk.client.post("/api/media/", files={"file": (name, data, mime_type)}, headers=desk.headers)
    assert answer.status_code == 201, answer.text
    media_id: int = answer.json()["id"]
    return media_id


@pytest.mark.parametrize(("name", "components", "values", "reads"), IN_WORDS, ids=lambda each: str(each)[:12])
async def test_a_template_arrives_filled(
    desk: Desk, name: str, components: list[dict[str, Any]], values: dict[str, Any], reads: str
) -> None:
    await approve(desk, name, components)

    sent = await send(desk, name, **values)

    [body] = await desk.arrived(1)
    assert (body["type"], body["template"]["name"], body["template"]["language"]) == ("template", name, {"code": "en"})
    assert sent["content"] == reads


async def test_a_picture_leaves_in_the_header_under_its_id_at_meta(desk: Desk) -> None:
    await approve(desk, "entrance", WELCOME)
    with io.BytesIO() as into:
        Image.new("RGB", (64, 48), "navy").save(into, "JPEG")
        media_id = await upload(desk, into.getvalue(), "entrance.jpg", "image/jpeg")

    sent = await send(desk, "entrance", header={"media_id": media_id}, body={"1": "Inês"})

    [body] = await desk.arrived(1)
    header, _ = body["template"]["components"]
    [parameter] = header["parameters"]
    assert parameter["type"] == "image"
    assert parameter["image"].keys() == {"id"}
    assert (sent["media"]["id"], sent["media"]["state"]) == (media_id, "stored")


async def test_a_document_leaves_under_its_name_and_an_address_with_its_end(desk: Desk) -> None:
    await approve(desk, "confirmation", CONFIRMATION)
    media_id = await upload(desk, PDF, "booking.pdf", "application/pdf")

    await send(
        desk,
        "confirmation",
        header={"media_id": media_id},
        body={"1": "Mark", "2": "860198"},
        buttons={"1": "4711"},
    )

    [body] = await desk.arrived(1)
    header, _, button = body["template"]["components"]
    assert header["parameters"][0]["document"]["filename"] == "booking.pdf"
    assert (button["sub_type"], button["index"], button["parameters"]) == (
        "url",
        "1",
        [{"type": "text", "text": "4711"}],
    )


async def test_a_file_of_the_wrong_kind_is_refused_before_anything_is_stored(desk: Desk) -> None:
    await approve(desk, "entrance", WELCOME)
    media_id = await upload(desk, PDF, "booking.pdf", "application/pdf")
    before = len(await desk.messages())
    body = {"name": "entrance", "language": "en", "header": {"media_id": media_id}, "body": {"1": "Inês"}}
    answer = await desk.post("templates", body)
    assert (answer.status_code, answer.json()["details"].keys()) == (422, {"header.media_id"})
    assert len(await desk.messages()) == before
