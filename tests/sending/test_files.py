"""A file that staff uploaded leaves as what it is, with its caption, and is handed to Meta once."""

import io
from typing import Any
from uuid import uuid4

from PIL import Image

from app.core.types import DeliveryStatus, OutboxState
from app.models import Delivery, Media, Message
from tests.eventually import eventually
from tests.ledger import Ledger
from tests.sending.conftest import Desk
from tests.world import HotelWorld, World, signed_in

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
OGG = b"OggS\x00\x02" + bytes(22) + b"\x01\x13OpusHead" + bytes(64)


def picture(color: str = "navy") -> bytes:
    with io.BytesIO() as into:
        Image.new("RGB", (64, 48), color).save(into, "JPEG")
        return into.getvalue()


async def upload(desk: Desk, data: bytes, name: str, mime_type: str, headers: dict[str, str] | None = None) -> int:
    answer = await desk.client.post(
        "/api/media/", files={"file": (name, data, mime_type)}, headers=headers or desk.headers
    )
    assert answer.status_code == 201, answer.text
    media_id: int = answer.json()["id"]
    return media_id


async def test_a_picture_arrives_with_its_caption(desk: Desk) -> None:
    media_id = await upload(desk, picture(), "pool.jpg", "image/jpeg")

    sent = await desk.send(media_id=media_id, text=" Our pool ", reply_to_message_id=desk.guests_message_id)

    [body] = await desk.arrived(1)
    assert body["type"] == "image"
    assert body["image"] == {"id": body["image"]["id"], "caption": "Our pool"}
    assert body["context"] == {"message_id": desk.guests_external_id}
    assert (sent["message_type"], sent["content"]) == ("image", "Our pool")
    assert (sent["media"]["id"], sent["media"]["state"], sent["media"]["width"]) == (media_id, "stored", 64)
    assert sent["media"]["url"]
    assert (await desk.messages())[-1]["media"]["id"] == media_id


async def test_a_document_arrives_under_its_name(desk: Desk) -> None:
    await desk.send(media_id=await upload(desk, PDF, "Dinner menu.pdf", "application/pdf"))

    [body] = await desk.arrived(1)
    assert body["document"] == {"id": body["document"]["id"], "filename": "Dinner menu.pdf"}
    listed = await desk.client.get("/api/message_manager/conversations/", headers=desk.headers)
    assert listed.json()["results"][0]["last_message"]["content"] == "[document]"


async def test_a_caption_that_is_too_long_or_shown_nowhere_is_refused(desk: Desk, ledger: Ledger) -> None:
    pool = await upload(desk, picture(), "pool.jpg", "image/jpeg")
    sound = await upload(desk, OGG, "hello.ogg", "audio/ogg")

    too_long = await desk.refused(422, media_id=pool, text="x" * 1025)
    not_shown = await desk.refused(422, media_id=sound, text="Listen")

    assert (too_long["code"], too_long["details"].keys()) == ("caption_too_long", {"text"})
    assert (not_shown["code"], not_shown["details"].keys()) == ("no_caption", {"text"})
    assert await ledger.rows(Message, Message.sender_type == "staff") == []
    assert [each.message_id for each in await ledger.rows(Media)] == [None, None]


async def test_only_ones_own_upload_can_be_sent(desk: Desk, world: World, hotel: HotelWorld) -> None:
    await world.user(hotel, "otto")
    ottos = await upload(desk, picture(), "pool.jpg", "image/jpeg", await signed_in(desk.client, "otto"))

    for media_id in (ottos, 999_999):
        error = await desk.refused(422, media_id=media_id)
        assert (error["code"], error["details"].keys()) == ("no_such_file", {"media_id"})


async def test_a_file_may_be_sent_twice(desk: Desk, ledger: Ledger) -> None:
    media_id = await upload(desk, picture(), "pool.jpg", "image/jpeg")

    first = await desk.send(media_id=media_id)
    second = await desk.send(media_id=media_id)

    assert [body["type"] for body in await desk.arrived(2)] == ["image", "image"]
    assert first["media"]["id"] != second["media"]["id"]
    assert len({each.message_id for each in await ledger.rows(Media)}) == 2


async def test_a_file_with_a_clients_id_is_sent_once(desk: Desk, ledger: Ledger) -> None:
    draft: dict[str, Any] = {
        "media_id": await upload(desk, picture(), "pool.jpg", "image/jpeg"),
        "client_message_id": str(uuid4()),
    }

    first, second = await desk.send(**draft), await desk.send(**draft)

    assert first["id"] == second["id"]
    assert first["media"]["id"] == second["media"]["id"]
    assert len(await ledger.rows(Media)) == 1


async def test_a_file_that_meta_does_not_take_is_shown_as_failed(desk: Desk, ledger: Ledger) -> None:
    media_id = await upload(desk, picture(), "pool.jpg", "image/jpeg")
    await desk.graph.fail(code=131053)

    sent = await desk.send(media_id=media_id)

    async def failed() -> bool:
        message: Message = await ledger.row(Message, Message.id == sent["id"])
        return message.delivery_status is DeliveryStatus.FAILED

    await eventually(failed)
    await desk.send(text="The picture will follow.")
    assert [body["type"] for body in await desk.arrived(1)] == ["text"]
    assert (await ledger.row(Delivery, Delivery.message_id == sent["id"])).state is OutboxState.DEAD


async def test_a_file_that_is_sent_again_is_handed_to_meta_again(desk: Desk, ledger: Ledger) -> None:
    """The id that it had may be why it failed: expired, or of a file that was damaged on its way."""
    media_id = await upload(desk, picture(), "pool.jpg", "image/jpeg")
    await desk.graph.fail(code=131053)
    sent = await desk.send(media_id=media_id)

    async def retried() -> bool:
        answer = await desk.client.post(f"/api/messages/{sent['id']}/retry/", headers=desk.headers)
        return answer.status_code == 200

    refused = await eventually(lambda: upload_id(ledger))
    await eventually(retried)

    [body] = await desk.arrived(1)
    assert body["image"]["id"] == await upload_id(ledger) != refused


async def upload_id(ledger: Ledger) -> str | None:
    known: str | None = (await ledger.row(Media)).upload_id
    return known
