"""Files down and up, over real HTTP: only what is whole is taken, and the bearer stays with Meta."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from app.channels.base import Credentials, FetchOutcome, FetchResult, SendOutcome, UploadResult
from app.channels.download import Pace
from app.channels.items import InboundMedia
from app.channels.whatsapp import WhatsApp
from app.channels.whatsapp.media import GraphMedia
from tests.channels.conftest import CREDENTIALS, HOTEL_NUMBER, TOKEN
from tests.channels.ports import closed_port
from tests.channels.scripted_meta import DIGEST, FILE, ID, Meta
from tests.serving import serve

LIMIT = 1024 * 1024


@pytest.fixture
async def meta() -> AsyncIterator[Meta]:
    meta = Meta()
    routes = [Route("/{path:path}", meta.answer, methods=["GET", "POST"])]
    async with serve(Starlette(routes=routes)) as url:
        meta.url = url
        yield meta


@pytest.fixture
def whatsapp(client: httpx.AsyncClient, meta: Meta) -> WhatsApp:
    return WhatsApp(client, base_url=meta.url, version="v23.0")


async def fetch(
    channel: WhatsApp, *, sha256: str | None = None, provider_id: str = ID, limit: int = LIMIT
) -> tuple[FetchResult, bytes]:
    into = io.BytesIO()
    result = await channel.fetch(
        InboundMedia(provider_id=provider_id, sha256=sha256),
        account=HOTEL_NUMBER,
        credentials=CREDENTIALS,
        into=into,
        limit=limit,
    )
    return result, into.getvalue()


async def test_a_file_comes_in_two_steps_both_with_the_bearer(whatsapp: WhatsApp, meta: Meta) -> None:
    result, data = await fetch(whatsapp)

    assert result == FetchResult(outcome=FetchOutcome.FETCHED, mime_type="image/jpeg", size=len(FILE))
    assert data == FILE
    assert meta.seen == [(f"/v23.0/{ID}", f"Bearer {TOKEN}"), ("/file", f"Bearer {TOKEN}")]


@pytest.mark.parametrize(
    "spelled",
    [DIGEST.hex(), DIGEST.hex().upper(), base64.b64encode(DIGEST).decode(), base64.urlsafe_b64encode(DIGEST).decode()],
    ids=["hex", "capitals", "base64", "url_safe"],
)
async def test_a_hash_is_read_however_it_is_spelled(whatsapp: WhatsApp, spelled: str) -> None:
    result, _ = await fetch(whatsapp, sha256=spelled)

    assert result.outcome is FetchOutcome.FETCHED


@pytest.mark.parametrize("announced", ["0" * 64, base64.b64encode(bytes(32)).decode(), "nonsense", ""])
async def test_another_file_than_was_announced_is_not_taken(whatsapp: WhatsApp, announced: str) -> None:
    result, _ = await fetch(whatsapp, sha256=announced)

    assert result.outcome is FetchOutcome.RETRY
    assert "SHA-256" in (result.detail or "")


async def test_the_hash_of_the_first_step_counts_too(whatsapp: WhatsApp, meta: Meta) -> None:
    meta.told["sha256"] = "0" * 64

    result, _ = await fetch(whatsapp, sha256=DIGEST.hex())

    assert result.outcome is FetchOutcome.RETRY


@pytest.mark.parametrize("size", [LIMIT + 1, str(LIMIT + 1)])
async def test_a_file_that_says_it_is_too_big_is_not_begun(whatsapp: WhatsApp, meta: Meta, size: object) -> None:
    meta.told["file_size"] = size

    result, _ = await fetch(whatsapp)

    assert result.outcome is FetchOutcome.TOO_BIG
    assert meta.paths == [f"/v23.0/{ID}"]


async def test_a_file_that_is_too_big_without_saying_so_is_broken_off(whatsapp: WhatsApp, meta: Meta) -> None:
    async def longer() -> AsyncIterator[bytes]:
        for _ in range(4 * LIMIT // 65_536):
            yield bytes(65_536)

    async def download(_: Request) -> Response:
        return StreamingResponse(longer())

    meta.told, meta.download = {"file_size": 10}, download
    result, data = await fetch(whatsapp)

    assert result.outcome is FetchOutcome.TOO_BIG
    assert len(data) <= LIMIT


async def test_a_byte_more_than_may_be_is_too_big_and_the_last_one_is_not(whatsapp: WhatsApp) -> None:
    assert (await fetch(whatsapp, limit=len(FILE)))[0].outcome is FetchOutcome.FETCHED
    assert (await fetch(whatsapp, limit=len(FILE) - 1))[0].outcome is FetchOutcome.TOO_BIG


async def test_a_file_cut_short_is_an_error(whatsapp: WhatsApp, meta: Meta) -> None:
    async def download(_: Request) -> Response:
        return Response(FILE[:1000])

    meta.told, meta.download = {"file_size": len(FILE)}, download
    result, _ = await fetch(whatsapp)

    assert result.outcome is FetchOutcome.RETRY
    assert "1000 of 256000" in (result.detail or "")


async def test_a_connection_that_breaks_is_an_error(whatsapp: WhatsApp, meta: Meta) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield FILE[:1000]
        raise ConnectionResetError

    async def download(_: Request) -> Response:
        return StreamingResponse(broken(), headers={"Content-Length": str(len(FILE))})

    meta.download = download
    result, _ = await fetch(whatsapp)

    assert result.outcome is FetchOutcome.RETRY


async def test_a_packed_answer_is_not_unpacked(whatsapp: WhatsApp, meta: Meta) -> None:
    async def download(_: Request) -> Response:
        return Response(FILE, headers={"Content-Encoding": "gzip"})

    meta.download = download
    result, data = await fetch(whatsapp)

    assert (result.outcome, data) == (FetchOutcome.RETRY, b"")


async def fetch_at(pace: Pace, client: httpx.AsyncClient, meta: Meta) -> FetchResult:
    """Fetch a file of any size that is announced without one."""
    meta.told = {}
    return await GraphMedia(client, base_url=meta.url, version="v23.0", pace=pace).fetch(
        InboundMedia(provider_id=ID), account=HOTEL_NUMBER, access_token=TOKEN, into=io.BytesIO(), limit=2**40
    )


async def test_a_download_that_trickles_is_broken_off(client: httpx.AsyncClient, meta: Meta) -> None:
    broken_off = asyncio.Event()

    async def trickle() -> AsyncIterator[bytes]:
        try:
            yield bytes(1500)
            yield bytes(1)
            await asyncio.wait_for(broken_off.wait(), 5)  # far longer than is waited for
        finally:
            broken_off.set()

    async def download(_: Request) -> Response:
        return StreamingResponse(trickle())

    meta.download = download
    result = await fetch_at(Pace(size=1000, seconds=0.2), client, meta)

    assert (result.outcome, result.detail) == (FetchOutcome.RETRY, "The download was too slow: 1501 bytes had come.")
    await asyncio.wait_for(broken_off.wait(), 5)


async def test_a_large_file_takes_its_time_as_long_as_enough_of_it_comes(client: httpx.AsyncClient, meta: Meta) -> None:
    pace, loop = Pace(size=1000, seconds=1.0), asyncio.get_running_loop()

    async def large() -> AsyncIterator[bytes]:
        ends = loop.time() + 2 * pace.seconds
        while loop.time() < ends:
            yield bytes(pace.size)

    async def download(_: Request) -> Response:
        return StreamingResponse(large())

    meta.download = download
    result = await fetch_at(pace, client, meta)

    assert result.outcome is FetchOutcome.FETCHED


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_an_address_that_has_run_out_is_asked_for_again(whatsapp: WhatsApp, meta: Meta, status: int) -> None:
    async def download(_: Request) -> Response:
        return Response(status_code=status) if meta.paths.count("/file") == 1 else Response(FILE)

    meta.download = download
    result, _ = await fetch(whatsapp)

    assert result.outcome is FetchOutcome.FETCHED
    assert meta.paths == [f"/v23.0/{ID}", "/file"] * 2


async def test_an_address_that_never_works_is_not_asked_for_for_ever(whatsapp: WhatsApp, meta: Meta) -> None:
    async def download(_: Request) -> Response:
        return Response(status_code=404)

    meta.download = download
    result, _ = await fetch(whatsapp)

    assert result.outcome is FetchOutcome.RETRY
    assert len(meta.seen) == 4


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (400, 100, FetchOutcome.FAILED),
        (400, 33, FetchOutcome.FAILED),
        (404, None, FetchOutcome.FAILED),
        (410, None, FetchOutcome.FAILED),
        (401, 190, FetchOutcome.PAUSE),
        (400, 190, FetchOutcome.PAUSE),
        (401, None, FetchOutcome.RETRY),
        (403, 10, FetchOutcome.PAUSE),
        (500, None, FetchOutcome.RETRY),
        (500, 131000, FetchOutcome.RETRY),
        (429, 130429, FetchOutcome.RETRY),
        (400, 999_999, FetchOutcome.RETRY),
    ],
)
async def test_errors_of_the_first_step(
    whatsapp: WhatsApp, meta: Meta, status: int, code: int | None, outcome: FetchOutcome
) -> None:
    meta.status, meta.error = status, {"code": code, "message": "No."} if code else None

    result, _ = await fetch(whatsapp)

    assert result.outcome is outcome
    assert result.detail


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/file",
        "http://lookaside.fbsbx.com/file",
        "https://lookaside.fbsbx.com:8443/file",
        "https://lookaside.fbsbx.com@evil.example/file",
        "https://user:word@lookaside.fbsbx.com/file",
        "https://evilfbsbx.com/file",
        "https://fbsbx.com.evil.example/file",
        "https://evil.example\\.fbsbx.com/file",
        "https://evil.example%2f.fbsbx.com/file",
        "https://graph.facebook.com.evil.example/x",
        "file:///etc/passwd",
        "ftp://lookaside.fbsbx.com/x",
        "//evil.example/x",
        "/relative",
        "http://127.0.0.1:1/",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
async def test_the_bearer_goes_to_no_address_outside_meta(whatsapp: WhatsApp, meta: Meta, address: str) -> None:
    meta.told["url"] = address

    result, _ = await fetch(whatsapp)

    assert result.outcome is FetchOutcome.FAILED
    assert "outside Meta" in (result.detail or "")
    assert meta.paths == [f"/v23.0/{ID}"]


@pytest.mark.parametrize("host", ["lookaside.fbsbx.com", "scontent.xx.fbcdn.net", "mmg.whatsapp.net", "x.facebook.com"])
async def test_metas_own_hosts_are_asked(meta: Meta, host: str) -> None:
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        step = {"url": f"https://{host}/file", **meta.told}
        return (
            httpx.Response(200, json=step)
            if "/v23.0/" in request.url.path
            else httpx.Response(200, stream=httpx.ByteStream(FILE))
        )

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        result, _ = await fetch(WhatsApp(client, base_url="https://graph.facebook.com", version="v23.0"))

    assert result.outcome is FetchOutcome.FETCHED
    assert [url.host for url in asked] == ["graph.facebook.com", host]


async def test_one_redirect_to_an_allowed_host_is_followed(whatsapp: WhatsApp, meta: Meta) -> None:
    async def download(request: Request) -> Response:
        return RedirectResponse("/elsewhere") if request.url.path == "/file" else Response(FILE)

    meta.download = download
    result, _ = await fetch(whatsapp)

    assert result.outcome is FetchOutcome.FETCHED
    assert meta.paths[1:] == ["/file", "/elsewhere"]


async def test_a_redirect_elsewhere_is_refused(whatsapp: WhatsApp, meta: Meta) -> None:
    other = Meta()
    async with serve(Starlette(routes=[Route("/{path:path}", other.answer)])) as elsewhere:

        async def download(_: Request) -> Response:
            return RedirectResponse(f"{elsewhere}/steal")

        meta.download = download
        result, _ = await fetch(whatsapp)

    assert result.outcome is FetchOutcome.FAILED
    assert not other.seen


async def test_a_second_redirect_is_not_followed(whatsapp: WhatsApp, meta: Meta) -> None:
    async def download(_: Request) -> Response:
        return RedirectResponse("/again")

    meta.download = download
    result, _ = await fetch(whatsapp)

    assert result.outcome is FetchOutcome.RETRY
    assert len(meta.seen) == 3


@pytest.mark.parametrize("provider_id", ["", ".", ".."])
async def test_an_id_that_is_none_asks_nobody(whatsapp: WhatsApp, meta: Meta, provider_id: str) -> None:
    assert (await fetch(whatsapp, provider_id=provider_id))[0].outcome is FetchOutcome.FAILED
    assert not meta.seen


async def test_an_id_stays_inside_its_part_of_the_path(whatsapp: WhatsApp, meta: Meta) -> None:
    await fetch(whatsapp, provider_id="../me/messages?x=1#y")

    assert meta.raw_paths[0].startswith(b"/v23.0/..%2Fme%2Fmessages%")


async def test_nobody_there_is_tried_again(client: httpx.AsyncClient, tmp_path: Path) -> None:
    nobody = WhatsApp(client, base_url=f"http://127.0.0.1:{closed_port()}", version="v23.0")

    assert (await fetch(nobody))[0].outcome is FetchOutcome.RETRY
    assert (await upload(nobody, tmp_path)).outcome is SendOutcome.RETRY


async def upload(channel: WhatsApp, folder: Path, credentials: Credentials = CREDENTIALS) -> UploadResult:
    path = folder / "file"
    path.write_bytes(FILE)
    return await channel.upload(
        mime_type="application/pdf",
        filename="Zimmer 101 Schlüssel.pdf",
        content=path,
        account=HOTEL_NUMBER,
        credentials=credentials,
    )


async def test_a_file_goes_up_as_meta_wants_it(whatsapp: WhatsApp, meta: Meta, tmp_path: Path) -> None:
    result = await upload(whatsapp, tmp_path)

    assert result == UploadResult(outcome=SendOutcome.ACCEPTED, upload_id="media-1")
    assert meta.seen == [(f"/v23.0/{HOTEL_NUMBER}/media", f"Bearer {TOKEN}")]
    [form] = meta.forms
    assert form == {
        "messaging_product": "whatsapp",
        "type": "application/pdf",
        "file": FILE,
        "filename": "Zimmer 101 Schlüssel.pdf",
        "content_type": "application/pdf",
    }


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {}, SendOutcome.RETRY),
        (400, {"error": {"code": 131053, "message": "Bad file"}}, SendOutcome.MALFORMED),
        (401, {"error": {"code": 190}}, SendOutcome.PAUSE),
        (401, {}, SendOutcome.RETRY),
        (429, {"error": {"code": 130429}}, SendOutcome.THROTTLED),
        (500, {}, SendOutcome.RETRY),
        (404, {}, SendOutcome.RETRY),
    ],
)
async def test_an_upload_that_fails_is_never_ambiguous(
    whatsapp: WhatsApp, meta: Meta, tmp_path: Path, status: int, body: dict[str, Any], outcome: SendOutcome
) -> None:
    async def answer(request: Request) -> Response:
        await request.body()
        return JSONResponse(body, status)

    meta.upload = answer

    assert (await upload(whatsapp, tmp_path)).outcome is outcome


async def test_a_token_that_cannot_be_one_asks_nobody(whatsapp: WhatsApp, meta: Meta, tmp_path: Path) -> None:
    result = await upload(whatsapp, tmp_path, Credentials(access_token="new\nline"))

    assert result.outcome is SendOutcome.PAUSE
    assert not meta.seen
