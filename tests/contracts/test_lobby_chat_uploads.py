"""``POST /api/chat/upload-media/``: a file for a conversation, kept for whoever sends it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app.core.settings import Settings
from app.core.types import Department
from app.models import Media
from app.store.database import Database
from tests import files
from tests.contracts.chat import Chat, chat_of
from tests.contracts.desk import Desk, assert_error
from tests.fake_graph import ALPINE_NUMBER
from tests.files import MEGABYTE, stored_under
from tests.ledger import Ledger
from tests.pinned import assert_json_pinned
from tests.world import HotelWorld, World

UPLOAD = "upload-media/"
FIELDS = {
    *("id", "media_id", "conversation_id", "file_url", "filename", "file_type", "file_size", "message_type", "caption")
}


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


async def upload(
    chat: Chat, conversation_id: object, data: bytes = files.PDF, filename: str = "menu.pdf", **fields: str
) -> httpx.Response:
    form = {"conversation_id": str(conversation_id), **fields}
    return await chat.call("POST", UPLOAD, data=form, files={"file": (filename, data)})


async def test_an_uploaded_file_is_answered_with_an_address_that_works(chat: Chat, johns: int) -> None:
    answer = await upload(chat, johns, caption="The menu")

    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body.keys() == FIELDS
    assert body["id"] == body["media_id"]
    assert (body["conversation_id"], body["caption"], body["filename"]) == (johns, "The menu", "menu.pdf")
    assert (body["file_type"], body["file_size"], body["message_type"]) == (
        "application/pdf",
        len(files.PDF),
        "document",
    )
    to = urlsplit(body["file_url"])
    assert (await chat.client.get(f"{to.path}?{to.query}")).content == files.PDF
    signed = re.compile(r"/api/media/\d+/original/\?expires=\d+&signature=[0-9a-f]{64}$")
    pinned = body | {"file_url": signed.sub("/api/media/<id>/original/?<signed>", body["file_url"])}
    assert_json_pinned("lobby_chat/upload_media.json", pinned)


@pytest.mark.parametrize(
    ("data", "file_type", "message_type"),
    [
        (files.photo_from_a_phone(), "image/jpeg", "image"),
        (files.encoded(files.drawing(512, 512), "WEBP"), "image/webp", "image"),
        (files.VOICE, "audio/ogg", "document"),
        (files.FILM, "video/mp4", "document"),
        (b"room,guest\n101,Doe\n", "text/plain", "document"),
    ],
    ids=["photo", "sticker", "voice", "film", "table"],
)
async def test_a_file_is_told_by_what_was_found_in_it(
    chat: Chat, johns: int, data: bytes, file_type: str, message_type: str
) -> None:
    body = (await upload(chat, johns, data, "holiday.exe")).json()

    assert (body["file_type"], body["message_type"], body["caption"]) == (file_type, message_type, "")


async def test_an_uploaded_file_is_sent_by_its_media_id(chat: Chat, desk: Desk, johns: int) -> None:
    uploaded = (await upload(chat, johns)).json()

    sent = await desk.call(
        "POST", f"{johns}/send_message/", json={"media_id": uploaded["media_id"], "text": "The menu"}
    )

    assert sent.status_code == 201, sent.text
    message = (await chat.messages(johns))[-1]
    assert (message["media"]["id"], message["content"]) == (uploaded["media_id"], "The menu")


async def test_only_whoever_sees_the_conversation_may_upload_and_else_nothing_is_kept(
    client: httpx.AsyncClient,
    chat: Chat,
    johns: int,
    world: World,
    hotel: HotelWorld,
    ledger: Ledger,
    settings: Settings,
) -> None:
    waiter = await chat_of(client, world, hotel, "waiter", Department.ROOM_SERVICE)
    anna = await chat_of(client, world, await world.hotel("alpine-lodge", ALPINE_NUMBER), "anna")

    for data in (files.PDF, files.PROGRAM, b""):  # whose kind and size are no concern of theirs
        assert_error(await upload(waiter, johns, data), 403, "forbidden")
        assert_error(await upload(anna, johns, data), 404, "not_found")
        assert_error(await upload(chat, 999999, data), 404, "not_found")
    assert not await ledger.rows(Media)
    assert not stored_under(Path(settings.media_dir))


@pytest.mark.parametrize("data", [files.HTML, files.PROGRAM, files.MACROS, b""], ids=["html", "exe", "macros", "empty"])
async def test_a_file_that_is_not_taken_is_refused_as_everywhere(
    chat: Chat, johns: int, ledger: Ledger, data: bytes
) -> None:
    assert_error(await upload(chat, johns, data, "holiday.jpg"), 415, "unsupported_media_type")
    assert not await ledger.rows(Media)


async def test_a_file_may_be_as_large_as_its_kind(chat: Chat, johns: int) -> None:
    assert (await upload(chat, johns, files.PDF + bytes(20 * MEGABYTE))).status_code == 201
    assert_error(await upload(chat, johns, files.MP3 + bytes(16 * MEGABYTE)), 413, "too_big")


async def test_a_form_that_is_too_big_is_refused_while_it_is_read(chat: Chat, johns: int) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        for _ in range(102):
            yield bytes(MEGABYTE)

    headers = chat.headers | {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await chat.client.post(f"/api/chat/{UPLOAD}", content=endless(), headers=headers, timeout=30)

    assert_error(answer, 413, "too_big")


async def test_a_form_that_lacks_something_names_it(chat: Chat, johns: int) -> None:
    for bad in ("", "x", "-1", "1.5", "9" * 19, f"{johns}\x00", f" {johns}"):
        assert assert_error(await upload(chat, bad), 400, "bad_fields").keys() == {"conversation_id"}, bad
    for caption in ("x" * 1025, "a\x00b"):
        answer = await upload(chat, johns, caption=caption)
        assert assert_error(answer, 400, "bad_fields").keys() == {"caption"}
    assert (await upload(chat, johns, caption="x" * 1024)).status_code == 201
    about = {"conversation_id": str(johns)}
    forms: tuple[tuple[dict[str, Any], set[str]], ...] = (
        ({"data": about}, {"file"}),
        ({"data": about | {"file": "text"}}, {"file"}),
        ({"files": {"file": b"x"}}, {"conversation_id"}),
        ({"files": {"conversation_id": ("1", b"1")}}, {"conversation_id"}),
        ({"json": {}}, {"conversation_id"}),
    )
    for form, fields in forms:
        answer = await chat.call("POST", UPLOAD, **form)
        assert assert_error(answer, 400, "bad_fields").keys() == fields, form


async def test_a_form_of_the_chat_that_cannot_be_read_is_a_bad_body(chat: Chat) -> None:
    headers = chat.headers | {"Content-Type": "multipart/form-data; boundary=x"}

    answer = await chat.client.post(f"/api/chat/{UPLOAD}", content=b"--other\r\n", headers=headers)

    assert_error(answer, 400, "bad_body")


async def test_the_upload_answers_with_and_without_its_slash(chat: Chat, johns: int) -> None:
    for path in (UPLOAD, UPLOAD.rstrip("/")):
        answer = await chat.call("POST", path, data={"conversation_id": str(johns)}, files={"file": files.PDF})
        assert answer.status_code == 201


async def test_a_field_that_is_there_twice_is_refused_and_nothing_is_kept(
    chat: Chat, johns: int, ledger: Ledger
) -> None:
    form = {"conversation_id": [str(johns), str(johns + 1)]}
    answer = await chat.call("POST", UPLOAD, data=form, files={"file": ("menu.pdf", files.PDF)})

    assert_error(answer, 400, "bad_fields")
    assert answer.json()["details"].keys() == {"conversation_id"}
    assert await ledger.rows(Media) == []
