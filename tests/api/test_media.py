"""Files over HTTP: by signed addresses, whole and in parts, never to be run; uploads; another try."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image
from sqlalchemy import insert

from app.api.files import range_of
from app.bootstrap import media_links
from app.core.clock import utc_now
from app.core.links import MediaLinks, Variant
from app.core.settings import Settings
from app.core.types import MediaState, MessageType
from app.media.storage import MediaStorage
from app.models import Media
from app.store.database import Database
from tests import files
from tests.files import MEGABYTE, stored_under
from tests.ledger import Ledger
from tests.world import HotelWorld, World, signed_in

SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "referrer-policy": "no-referrer",
}


class Shelf:
    """Puts files where the server finds them, and asks for them."""

    def __init__(
        self, database: Database, settings: Settings, client: httpx.AsyncClient, hotel: HotelWorld, folder: Path
    ) -> None:
        self._database = database
        self._storage = MediaStorage(settings)
        self._links = media_links(settings)
        self._public_url = settings.public_url
        self._client = client
        self._hotel = hotel
        self._folder = folder

    async def put(self, data: bytes, mime_type: str, **values: Any) -> int:
        path = self._folder / "file"
        path.write_bytes(data)
        values = {"state": MediaState.STORED, "original_key": await self._storage.put(path), "size": len(data)} | values
        async with self._database.transaction() as work:
            media_id: int | None = await work.connection.scalar(
                insert(Media).values(hotel_id=self._hotel.id, mime_type=mime_type, **values).returning(Media.id)
            )
        assert media_id is not None
        return media_id

    def address(self, media_id: int, variant: Variant = Variant.ORIGINAL) -> str:
        return self._links.url(media_id, variant).removeprefix(self._public_url)

    async def get(self, media_id: int, method: str = "GET", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._client.request(method, self.address(media_id), headers=named)


@pytest.fixture
async def hotel(world: World) -> HotelWorld:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    await world.user(hotel, "sam")
    return hotel


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture
def shelf(
    database: Database, settings: Settings, client: httpx.AsyncClient, hotel: HotelWorld, tmp_path: Path
) -> Shelf:
    return Shelf(database, settings, client, hotel, tmp_path)


async def test_a_file_is_sent_to_be_kept_and_never_to_be_run(shelf: Shelf) -> None:
    answer = await shelf.get(await shelf.put(files.PDF, "application/pdf", filename="Zażółć \u202e../x.pdf"))

    assert (answer.status_code, answer.content) == (200, files.PDF)
    assert answer.headers.items() >= (SAFE | {"content-type": "application/pdf"}).items()
    assert answer.headers["content-disposition"] == "attachment; filename=\"x.pdf\"; filename*=UTF-8''x.pdf"
    assert answer.headers["cache-control"].startswith("private, max-age=")
    assert 5 * 3600 - 60 <= int(answer.headers["cache-control"].rpartition("=")[2]) <= 6 * 3600
    assert answer.headers["content-length"] == str(len(files.PDF))
    assert "accept-ranges" not in answer.headers


async def test_a_large_file_arrives_whole(shelf: Shelf) -> None:
    film = files.FILM * 1000

    answer = await shelf.get(await shelf.put(film, "video/mp4"))

    assert answer.content == film


async def test_head_tells_the_same_and_sends_nothing(shelf: Shelf) -> None:
    media_id = await shelf.put(files.FILM, "video/mp4")
    whole, head = await shelf.get(media_id), await shelf.get(media_id, "HEAD")

    assert (head.status_code, head.content) == (200, b"")
    names = ("content-type", "content-length", "etag", "accept-ranges", "content-disposition")
    assert {name: head.headers[name] for name in names} == {name: whole.headers[name] for name in names}


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-99", 0, 100), ("bytes=100-", 100, None), ("bytes=-50", -50, None), ("bytes=9-9999999", 9, None)],
)
async def test_sound_and_film_are_sent_in_parts(shelf: Shelf, asked: str, start: int, end: int | None) -> None:
    answer = await shelf.get(await shelf.put(files.FILM, "video/mp4"), Range=asked)

    assert (answer.status_code, answer.content) == (206, files.FILM[start:end])
    first = start % len(files.FILM)
    span = f"bytes {first}-{first + len(answer.content) - 1}/{len(files.FILM)}"
    assert answer.headers["content-range"] == span


async def test_a_part_that_is_not_there_cannot_be_sent(shelf: Shelf) -> None:
    media_id = await shelf.put(files.VOICE, "audio/ogg")

    for asked in (f"bytes={len(files.VOICE)}-", "bytes=99999999-", "bytes=-0"):
        answer = await shelf.get(media_id, Range=asked)
        assert (answer.status_code, answer.content) == (416, b""), asked
        assert answer.headers["content-range"] == f"bytes */{len(files.VOICE)}"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=5-2", "bytes=-", "items=0-1", "bytes=a-b", "bytes=0-" * 999])
async def test_what_is_no_single_range_gets_all_of_it(shelf: Shelf, asked: str) -> None:
    answer = await shelf.get(await shelf.put(files.VOICE, "audio/ogg"), Range=asked)

    assert (answer.status_code, answer.content) == (200, files.VOICE)


def test_ranges_stay_inside_the_file() -> None:
    for asked in ("bytes=0-0", "bytes=-1", "bytes=-999", "bytes=9-", "bytes=3-4", "bytes=0-999999999999999999"):
        found = range_of(asked, 10)
        assert found is not None, asked
        assert 0 <= found[0] < found[1] <= 10, asked


async def test_a_document_is_not_sent_in_parts(shelf: Shelf) -> None:
    assert (await shelf.get(await shelf.put(files.PDF, "application/pdf"), Range="bytes=0-3")).status_code == 200


async def test_what_the_browser_has_is_not_sent_again(shelf: Shelf) -> None:
    media_id = await shelf.put(files.VOICE, "audio/ogg")
    tag = (await shelf.get(media_id)).headers["etag"]

    known = await shelf.get(media_id, If_None_Match=tag)
    assert (known.status_code, known.content) == (304, b"")
    assert (await shelf.get(media_id, Range="bytes=0-9", If_Range=tag)).status_code == 206
    assert (await shelf.get(media_id, Range="bytes=0-9", If_Range='"other"')).status_code == 200


async def test_without_its_signature_nothing_is_told(shelf: Shelf, client: httpx.AsyncClient) -> None:
    media_id = await shelf.put(files.PDF, "application/pdf")
    good = shelf.address(media_id)
    path, _, query = good.partition("?")

    for address in (
        path,
        f"{path}?{query[:-1]}0" if query[-1] != "0" else f"{path}?{query[:-1]}1",
        good.replace("expires=", "expires=1"),
        good.replace("expires=", "expires=-"),
        path + "?expires=" + "9" * 5000 + "&signature=x",
        path + "?expires=²&signature=é",
        good.replace("/original/", "/thumbnail/"),
        good.replace(f"/{media_id}/", f"/{media_id + 1}/"),
    ):
        answer = await client.get(address)
        assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature"), address


async def test_an_address_runs_out(shelf: Shelf, client: httpx.AsyncClient, settings: Settings) -> None:
    media_id = await shelf.put(files.PDF, "application/pdf")
    long_ago = MediaLinks(
        settings.secret_key.get_secret_value(), settings.public_url, lambda: utc_now() - timedelta(hours=7)
    )

    answer = await client.get(long_ago.url(media_id, Variant.ORIGINAL).removeprefix(settings.public_url))

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"state": MediaState.DELETED}, 410),
        ({"state": MediaState.PENDING}, 404),
        ({"state": MediaState.REFUSED}, 404),
        ({"original_key": None}, 404),
        ({"original_key": "ab/" + "0" * 38}, 404),
    ],
)
async def test_what_is_not_there_is_said_to_be_so(shelf: Shelf, values: dict[str, Any], status: int) -> None:
    media_id = await shelf.put(files.PDF, "application/pdf", **values)

    for method in ("GET", "HEAD"):
        assert (await shelf.get(media_id, method)).status_code == status


async def test_a_document_of_a_stay_has_no_signed_address(shelf: Shelf, world: World, hotel: HotelWorld) -> None:
    media_id = await shelf.put(files.PDF, "application/pdf", stay_id=await world.guest(hotel))

    assert (await shelf.get(media_id)).status_code == 404


@pytest.mark.parametrize(
    ("state", "error", "word"),
    [(MediaState.FAILED, "WhatsApp has it no more.", "retry"), (MediaState.PENDING, None, "on its way")],
)
async def test_a_document_that_is_not_there_says_how_it_stands(
    shelf: Shelf,
    client: httpx.AsyncClient,
    world: World,
    hotel: HotelWorld,
    state: MediaState,
    error: str | None,
    word: str,
) -> None:
    stay_id = await world.guest(hotel)
    media_id = await shelf.put(files.PDF, "application/pdf", stay_id=stay_id, state=state, error=error)

    answer = await client.get(f"/api/stays/{stay_id}/documents/{media_id}/", headers=await signed_in(client, "rita"))

    assert (answer.status_code, answer.json()["code"]) == (404, "not_stored")
    assert answer.json()["details"] == {"state": state, "error": error}
    assert word in answer.json()["error"]


async def upload(
    client: httpx.AsyncClient, data: bytes, name: str = "file", kind: str = "application/x-lie", user: str = "rita"
) -> httpx.Response:
    return await client.post(
        "/api/media/", files={"file": (name, data, kind)}, headers=await signed_in(client, user), timeout=30
    )


async def uploaded(client: httpx.AsyncClient, data: bytes, name: str = "file") -> Any:
    """What is told of a file that is taken."""
    answer = await upload(client, data, name)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("data", "kind", "mime_type"),
    [
        (files.photo_from_a_phone(), "image", "image/jpeg"),
        (files.encoded(files.drawing(), "PNG"), "image", "image/png"),
        (files.encoded(files.drawing(512, 512), "WEBP"), "sticker", "image/webp"),
        (files.encoded(files.drawing(), "WEBP"), "image", "image/jpeg"),
        (files.VOICE, "audio", "audio/ogg"),
        (files.MP3, "audio", "audio/mpeg"),
        (files.FILM, "video", "video/mp4"),
        (files.PDF, "document", "application/pdf"),
        (files.DOCX, "document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"room,guest\n101,Doe\n", "document", "text/plain"),
    ],
    ids=["photo", "png", "sticker", "webp", "voice", "mp3", "film", "pdf", "docx", "table"],
)
async def test_staff_upload_what_whatsapp_takes(
    client: httpx.AsyncClient, hotel: HotelWorld, ledger: Ledger, data: bytes, kind: str, mime_type: str
) -> None:
    answer = await upload(client, data, "guest list.csv")

    assert answer.status_code == 201, answer.text
    body = answer.json()
    row = await ledger.row(Media)
    assert (body["type"], body["mime_type"], body["id"]) == (kind, mime_type, row.id)
    assert (row.state, row.uploaded_by, row.message_id) == (MediaState.STORED, hotel.staff["rita"], None)
    assert body.keys() == {"id", "type", "mime_type", "filename", "size", "width", "height"}


async def test_an_uploaded_photo_loses_what_it_tells(
    client: httpx.AsyncClient, hotel: HotelWorld, settings: Settings
) -> None:
    body = await uploaded(client, files.photo_from_a_phone(), "../holiday.jpg")

    assert (body["width"], body["height"], body["filename"]) == (480, 640, "holiday.jpg")
    kept = [each.read_bytes() for each in stored_under(Path(settings.media_dir))]
    assert len(kept) == 2
    assert not [each for each in kept if b"SecretMaker" in each]
    assert max(map(len, kept)) == body["size"]


async def test_a_large_photo_is_scaled_down_rather_than_refused(client: httpx.AsyncClient, hotel: HotelWorld) -> None:
    photo = files.encoded(files.noise(2600, 2000), "JPEG", quality=100)
    assert len(photo) > 5 * MEGABYTE

    body = await uploaded(client, photo)

    assert body["size"] <= 5 * MEGABYTE


@pytest.mark.parametrize(
    "data",
    [
        files.HTML,
        files.SVG,
        files.PROGRAM,
        files.MACROS,
        files.ODT,
        files.VORBIS,
        files.animated("GIF"),
        files.photo_bytes()[:900],
        files.png_that_claims(90_000, 90_000),
        b"",
    ],
    ids=["html", "svg", "exe", "macros", "odt", "vorbis", "gif", "cut", "bomb", "empty"],
)
async def test_anything_else_is_refused_with_a_sentence_and_not_kept(
    client: httpx.AsyncClient, hotel: HotelWorld, ledger: Ledger, settings: Settings, data: bytes
) -> None:
    answer = await upload(client, data, "holiday.jpg", "image/jpeg")

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert answer.json()["error"].endswith(".")
    assert not await ledger.rows(Media)
    assert not stored_under(Path(settings.media_dir))


async def test_a_refusal_says_whose_rules_count(client: httpx.AsyncClient, hotel: HotelWorld) -> None:
    answer = await upload(client, files.VORBIS, "song.ogg", "audio/ogg")

    assert answer.json()["error"].endswith("Uploads go by WhatsApp's rules, whichever channel they are for.")


async def test_sound_of_more_than_sixteen_megabytes_is_too_big(client: httpx.AsyncClient, hotel: HotelWorld) -> None:
    answer = await upload(client, files.MP3 + bytes(16 * MEGABYTE))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_big")


async def test_a_body_that_is_too_big_is_refused_while_it_is_read(client: httpx.AsyncClient, hotel: HotelWorld) -> None:
    headers = await signed_in(client, "rita") | {"Content-Type": "multipart/form-data; boundary=x"}

    async def endless() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        for _ in range(102):
            yield bytes(MEGABYTE)

    answer = await client.post("/api/media/", content=endless(), headers=headers, timeout=30)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_big")


async def test_whoever_is_not_signed_in_is_told_so_before_anything_is_read(server: str) -> None:
    address = urlsplit(server)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"POST /api/media/ HTTP/1.1\r\nHost: here\r\nContent-Length: {100 * MEGABYTE}\r\n"
    writer.write(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n".encode())

    async with asyncio.timeout(10):
        answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_whoever_is_signed_in_no_more_reads_so_after_a_large_file(server: str) -> None:
    async with httpx.AsyncClient(base_url=server) as client:
        answer = await client.post("/api/media/", files={"file": ("film.mp4", bytes(20 * MEGABYTE))})
        after = await client.get("/health/live/")

    assert (answer.status_code, after.status_code) == (401, 200)


async def test_a_form_without_a_file_says_so(client: httpx.AsyncClient, hotel: HotelWorld) -> None:
    headers = await signed_in(client, "rita")
    forms: tuple[dict[str, Any], ...] = (
        {"data": {"file": "text"}},
        {"files": {"other": b"x"}},
        {"content": b"x"},
        {"json": {}},
    )
    for form in forms:
        answer = await client.post("/api/media/", headers=headers, **form)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_fields"), form


DISPOSITION = 'Content-Disposition: form-data; name="file"'
FORM = "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, f'--x\r\n{DISPOSITION}; filename="{"n" * 10_000}"\r\n\r\nx\r\n--x--\r\n'),
        (FORM, f"--other\r\n{DISPOSITION}\r\n\r\nx\r\n--other--\r\n"),
        (FORM, "--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--\r\n"),
        (FORM, f'--x\r\n{DISPOSITION}; filename="f"\r\n\r\nx\r\n' * 2 + "--x--\r\n"),
        (f"{FORM}; charset=undefined", f"--x\r\n{DISPOSITION}\r\n\r\nx\r\n--x--\r\n"),
        ("multipart/form-data", f"--x\r\n{DISPOSITION}\r\n\r\nx\r\n--x--\r\n"),
    ],
    ids=["long-name", "boundary", "nameless", "two-files", "charset", "no-boundary"],
)
async def test_a_form_that_cannot_be_read_is_a_bad_body(
    client: httpx.AsyncClient, hotel: HotelWorld, kind: str, body: str
) -> None:
    headers = await signed_in(client, "rita") | {"Content-Type": kind}

    answer = await client.post("/api/media/", headers=headers, content=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_body")
    assert answer.json()["details"].keys() == {"body"}


async def test_only_a_failed_download_is_tried_again(
    shelf: Shelf, client: httpx.AsyncClient, hotel: HotelWorld
) -> None:
    """A download that failed: the access test tries it, as everybody. Here is what is none."""
    headers = await signed_in(client, "rita")
    ours = (await uploaded(client, files.PDF))["id"]

    assert (await client.post(f"/api/media/{ours}/retry/", headers=headers)).status_code == 404
    assert (await client.post("/api/media/999/retry/", headers=headers)).status_code == 404


async def test_a_thumbnail_has_an_address_of_its_own(
    shelf: Shelf, client: httpx.AsyncClient, hotel: HotelWorld
) -> None:
    body = await uploaded(client, files.photo_bytes(1000, 800))

    answer = await client.get(shelf.address(body["id"], Variant.THUMBNAIL))

    assert answer.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(answer.content)).size == (480, 384)
    assert body["type"] == MessageType.IMAGE
