"""Guests' files are fetched from where Meta keeps them, whole, within bounds, and from nowhere else."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.channels.base import Credentials, FetchOutcome, FetchResult
from app.channels.instagram import Instagram
from app.channels.items import InboundMedia
from tests.channels.instagram_payloads import ACCOUNT
from tests.channels.ports import closed_port
from tests.serving import serve

FILE = bytes(range(256)) * 100
LIMIT = 1_000_000


@asynccontextmanager
async def meta(seen: list[Request]) -> AsyncIterator[str]:
    """Files, and addresses that lead to others."""

    async def answer(request: Request) -> Response:
        seen.append(request)
        if request.url.path == "/file":
            return Response(FILE, media_type="image/jpeg")
        if target := request.query_params.get("to"):
            return RedirectResponse(target, 302)
        return Response("gone", int(request.query_params.get("status", "404")))

    async with serve(Starlette(routes=[Route("/{path:path}", answer)])) as url:
        yield url


async def fetch(client: httpx.AsyncClient, base: str, address: str, *, limit: int = LIMIT) -> tuple[FetchResult, bytes]:
    into = io.BytesIO()
    channel = Instagram(client, base_url=base, version="v23.0")
    credentials = Credentials(access_token="IGQV-secret")
    file = InboundMedia(provider_id=address)
    result = await channel.fetch(file, account=ACCOUNT, credentials=credentials, into=into, limit=limit)
    return result, into.getvalue()


@pytest.mark.parametrize("path", ["/file", "/there?to=/file", "/a?to=/b%3Fto%3D/file"])
async def test_a_file_is_fetched_without_the_token(client: httpx.AsyncClient, path: str) -> None:
    seen: list[Request] = []
    async with meta(seen) as url:
        result, data = await fetch(client, url, url + path)
    assert (result.outcome, result.mime_type, result.size, data) == (
        FetchOutcome.FETCHED,
        "image/jpeg",
        len(FILE),
        FILE,
    )
    assert not any("authorization" in request.headers for request in seen)


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("/x?status=403", FetchOutcome.FAILED),
        ("/x?status=404", FetchOutcome.FAILED),
        ("/x?status=410", FetchOutcome.FAILED),
        ("/x?status=500", FetchOutcome.RETRY),
        ("/x?to=/x%3Fto%3D/x%3Fto%3D/x", FetchOutcome.RETRY),
        ("/x?to=http://127.0.0.1:1/", FetchOutcome.FAILED),
    ],
)
async def test_what_is_not_there_is_told_apart_from_a_disturbance(
    client: httpx.AsyncClient, path: str, outcome: FetchOutcome
) -> None:
    async with meta([]) as url:
        result, _ = await fetch(client, url, url + path)
    assert result.outcome is outcome


async def test_no_more_is_taken_than_may_be(client: httpx.AsyncClient) -> None:
    async with meta([]) as url:
        result, data = await fetch(client, url, f"{url}/file", limit=100)
    assert (result.outcome, len(data) <= 100) == (FetchOutcome.TOO_BIG, True)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "x" * 20,
        "https://[",
        "http://lookaside.fbsbx.com/file",
        "https://lookaside.fbsbx.com:8443/file",
        "https://user@lookaside.fbsbx.com/file",
        "https://fbsbx.com.evil.example/file",
        "https://evilfbsbx.com/file",
        "http://127.0.0.1:{port}/file",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
    ],
)
async def test_only_metas_own_addresses_are_asked(client: httpx.AsyncClient, address: str) -> None:
    seen: list[Request] = []
    async with meta(seen) as url:
        nobody = f"http://127.0.0.1:{closed_port()}"
        result, _ = await fetch(client, nobody, address.replace("{port}", url.rpartition(":")[2]))
    assert (result.outcome, seen) == (FetchOutcome.FAILED, [])
