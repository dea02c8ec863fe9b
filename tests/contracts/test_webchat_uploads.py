"""Contract 5, "file upload via multipart/form-data": what visitors may send, how it is kept, and how much of it."""

import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image
from sqlalchemy import update

from app.core.clock import utc_now
from app.core.settings import Settings
from app.models import Media, Message, SignInAttempt
from app.services.container import Services
from app.services.webchat.pace import BOUNDS
from app.store.attempts import Counted
from tests import files
from tests.contracts.chat import Chat as StaffChat
from tests.contracts.webchat import Browser, named_anew, refused
from tests.files import MEGABYTE, stored_under
from tests.ledger import Ledger
from tests.pinned import assert_json_pinned

SIGNED = re.compile(r"http\S*/api/media/\d+/(original|thumbnail)/\?expires=\d+&signature=[0-9a-f]{64}")


async def upload(
    browser: Browser, data: bytes, filename: str = "holiday.jpg", kind: str = "image/jpeg", **fields: str
) -> httpx.Response:
    return await browser.call("POST", "send/", data=fields, files={"media": (filename, data, kind)})


async def fetched(browser: Browser, url: str) -> bytes:
    to = urlsplit(url)
    answer = await browser.client.get(f"{to.path}?{to.query}")
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_a_picture_is_sent_with_its_text_and_shown_by_an_address_that_works(
    ann: Browser, chat: StaffChat
) -> None:
    account = await ann.arrive()
    answer = await upload(ann, files.photo_from_a_phone(), text="Our view", chat_id="holiday")

    assert answer.status_code == 201, answer.text
    message = answer.json()["message"]
    assert (message["text"], message["media_type"], message["chat_id"]) == ("Our view", "image", "holiday")
    picture = Image.open(io.BytesIO(await fetched(ann, message["media_url"])))
    assert not picture.getexif(), "made anew"
    (row,) = (await chat.get("conversations/"))["results"]
    theirs = next(each for each in await chat.messages(row["id"]) if each["sender_type"] == "guest")
    assert (theirs["message_type"], theirs["content"]) == ("image", "Our view")
    for name in ("url", "thumbnail_url"):
        message["media"][name] = SIGNED.sub(r"<\1>", message["media"][name])
    message["media_url"] = SIGNED.sub(r"<\1>", message["media_url"])
    message["media"]["size"] = "<size>"
    assert_json_pinned("webchat/picture.json", named_anew(message, account))


@pytest.mark.parametrize(
    ("data", "declared", "media_type"),
    [
        (files.photo_bytes(), "image/jpeg", "image"),
        (files.encoded(files.drawing(), "PNG"), "image/png", "image"),
        (files.encoded(files.drawing(512, 512), "WEBP"), "image/webp", "image"),
        (files.VOICE, "audio/ogg", "audio"),
        (files.MP3, "audio/mpeg", "audio"),
        (files.FILM, "audio/mp4", "audio"),
        (files.FILM, "video/mp4", "video"),
        (files.PDF, "application/pdf", "document"),
    ],
    ids=["jpeg", "png", "webp", "voice", "mp3", "recorded", "film", "pdf"],
)
async def test_a_file_needs_no_text_and_is_what_its_bytes_say(
    ann: Browser, data: bytes, declared: str, media_type: str
) -> None:
    message = (await upload(ann, data, "file.exe", declared)).json()["message"]

    assert (message["text"], message["media_type"]) == ("", media_type)
    assert (await ann.get("messages/", order="asc"))["messages"][0]["media_url"]
    assert await fetched(ann, message["media_url"])


@pytest.mark.parametrize(
    "data",
    [files.HTML, files.SVG, files.PROGRAM, files.MACROS, files.DOCX, b"room,guest\n101,Doe\n", b""],
    ids=["html", "svg", "exe", "macros", "docx", "table", "empty"],
)
async def test_what_is_not_taken_is_refused_and_not_kept(
    ann: Browser, ledger: Ledger, settings: Settings, data: bytes
) -> None:
    refused(await upload(ann, data, text="Look"), 415, "unsupported_media_type")

    assert not await ledger.rows(Media)
    assert not await ledger.rows(Message)
    assert not stored_under(Path(settings.media_dir))


async def test_a_file_of_more_than_sixteen_megabytes_is_refused(ann: Browser, ledger: Ledger) -> None:
    refused(await upload(ann, files.MP3 + bytes(16 * MEGABYTE), "a.mp3", "audio/mpeg"), 413, "too_big")
    refused(await upload(ann, files.MP3 + bytes(18 * MEGABYTE), "a.mp3", "audio/mpeg"), 413, "too_big")
    assert not await ledger.rows(Media)


async def test_a_field_without_a_chosen_file_is_as_none(ann: Browser) -> None:
    boundary = b"--x\r\nContent-Disposition: form-data; name="
    content = (
        boundary
        + b'"text"\r\n\r\nHello\r\n'
        + boundary
        + b'"media"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--x--\r\n'
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    answer = await ann.call("POST", "send/", content=content, headers=headers)

    assert (answer.status_code, answer.json()["message"]["media_type"]) == (201, "text"), answer.text


async def test_a_file_in_another_field_and_two_files_are_refused(ann: Browser, ledger: Ledger) -> None:
    photo = ("a.jpg", files.photo_bytes(), "image/jpeg")
    strange = await ann.call("POST", "send/", data={"text": "x"}, files={"file": photo})
    assert refused(strange, 400, "bad_fields")["details"].keys() == {"file"}
    refused(await ann.call("POST", "send/", files=[("media", photo), ("media", photo)]), 400, "bad_body")
    text = await ann.call("POST", "send/", files={"media": (None, "photo.jpg"), "text": (None, "x")})
    assert refused(text, 400, "bad_fields")["details"].keys() == {"media"}
    assert not await ledger.rows(Media)


async def test_a_bad_field_beside_a_file_keeps_neither(ann: Browser, ledger: Ledger) -> None:
    refused(await upload(ann, files.PDF, channel_id="x"), 400, "bad_fields")
    refused(await upload(ann, files.PDF, channel_id="999999"), 404, "no_such_channel")
    assert not await ledger.rows(Media)


async def test_what_no_message_took_is_deleted_after_a_day(
    ann: Browser, ledger: Ledger, services: Services, settings: Settings
) -> None:
    """As where the message was refused after its file had been kept."""
    somebodys = f"webchat_guest_{'0' * 32}"
    refused(await upload(ann, files.PDF, text="x", chat_id=somebodys), 404, "no_such_chat")
    await ledger.change(Media, created_at=utc_now() - timedelta(hours=25))

    await services.housekeeping.tidy()

    assert not await ledger.rows(Media)
    assert not stored_under(Path(settings.media_dir))


@pytest.mark.parametrize("by", [Counted.FILES_OF_VISITOR, Counted.FILES_OF_NETWORK, Counted.FILES_OF_HOTEL])
async def test_whoever_leaves_very_much_here_is_told_to_wait(
    ann: Browser, ledger: Ledger, settings: Settings, by: Counted
) -> None:
    assert (await upload(ann, files.PDF)).status_code == 201
    before = stored_under(Path(settings.media_dir))
    async with ledger.database.transaction() as work:
        await work.connection.execute(
            update(SignInAttempt).where(SignInAttempt.key.startswith(f"{by}:")).values(count=BOUNDS[by].most)
        )

    answer = await upload(ann, files.PDF)

    refused(answer, 429, "too_many_requests")
    assert 1 <= int(answer.headers["retry-after"]) <= BOUNDS[by].within.total_seconds()
    assert stored_under(Path(settings.media_dir)) == before
    assert (await ann.send("Without a file"))["text"] == "Without a file"


async def test_a_file_counts_by_its_size(ann: Browser, ledger: Ledger) -> None:
    await upload(ann, files.PDF)
    await upload(ann, files.MP3 + bytes(3 * MEGABYTE), "a.mp3", "audio/mpeg")

    counted: dict[str, Any] = {row.key.partition(":")[0]: row.count for row in await ledger.rows(SignInAttempt)}
    assert counted[Counted.FILES_OF_VISITOR] == counted[Counted.FILES_OF_HOTEL] == 3 * 1024 + 2


async def test_a_file_that_is_refused_does_not_count(ann: Browser, ledger: Ledger) -> None:
    refused(
        await upload(ann, b"MZ" + bytes(100_000), "a.exe", "application/octet-stream"), 415, "unsupported_media_type"
    )

    counts = [each.count for each in await ledger.rows(SignInAttempt) if each.key.startswith("files")]
    assert set(counts) == {0}
