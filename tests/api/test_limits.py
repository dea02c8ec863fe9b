"""How large a request may be, whether it says so or not."""

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx

from tests.world import WEBHOOK, World, post_signed, text_message, webhook_body

MEGABYTE = 1024 * 1024
PATHS = (
    "/api/auth/token/",
    "/api/auth/refresh",
    "/api/auth/logout/",
    "/api/message_manager/conversations/1/send_message",
)
FORM = "application/x-www-form-urlencoded"


async def in_chunks(body: bytes) -> AsyncIterator[bytes]:
    """Sent without saying how long it is."""
    for start in range(0, len(body), 64 * 1024):
        yield body[start : start + 64 * 1024]


async def answer_to_head(server: str, path: str, length: int) -> str:
    """The status line for a request that only says how long its body is going to be."""
    address = urlsplit(server)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {length}\r\n\r\n"
    try:
        writer.write(head.encode())
        async with asyncio.timeout(20):
            return (await reader.readline()).decode().strip()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_body_that_says_it_is_too_big_is_refused_unread(server: str) -> None:
    for path in (*PATHS, "/nowhere"):
        for length in (MEGABYTE + 1, 10**12, 10**18):
            status = await answer_to_head(server, path, length)
            assert status.startswith("HTTP/1.1 413 "), (path, length)


async def test_a_body_that_does_not_say_so_is_refused_once_it_is(client: httpx.AsyncClient) -> None:
    body = b'{"text": "' + b"x" * MEGABYTE + b'"}'
    for path in PATHS:
        for kind in ("application/json", FORM):
            answer = await client.post(path, content=in_chunks(body), headers={"Content-Type": kind})
            assert (answer.status_code, answer.json()["code"]) == (413, "too_big"), (path, kind)


async def test_a_body_of_a_megabyte_is_read(client: httpx.AsyncClient) -> None:
    body = json.dumps({"refresh_token": ""}).encode()
    body += b" " * (MEGABYTE - len(body))

    for content in (body, in_chunks(body)):
        answer = await client.post("/api/auth/refresh/", content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_fields")


def webhook_of(size: int) -> bytes:
    """A webhook body of at least so many bytes: one message, and much that Meta might add one day."""
    body: dict[str, object] = json.loads(webhook_body(("700000000000001", [text_message("Hello", "4915112345678")])))
    return json.dumps({**body, "padding": "x" * size}).encode()


async def test_a_webhook_may_have_three_megabytes(client: httpx.AsyncClient, world: World) -> None:
    await world.hotel()

    answer = await post_signed(client, webhook_of(3 * MEGABYTE))

    assert (answer.status_code, answer.json()) == (200, {"status": "processed"})


async def test_a_webhook_of_more_than_four_is_refused(client: httpx.AsyncClient, server: str, world: World) -> None:
    await world.hotel()
    for path in (WEBHOOK, WEBHOOK.rstrip("/")):
        declared = await answer_to_head(server, path, 4 * MEGABYTE + 1)
        told_later = await client.post(path, content=in_chunks(webhook_of(4 * MEGABYTE)))
        assert declared.startswith("HTTP/1.1 413 ")
        assert (told_later.status_code, told_later.json()["code"]) == (413, "too_big")
