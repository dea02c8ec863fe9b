"""Connections that say little or nothing are ended, and keep nobody else waiting."""

import asyncio
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import httpx

from tests.world import WEBHOOK

ENDED_WITHIN = 60.0  # several times the server's limits: machines are slow
HALF_A_HEAD = b"GET /health/live HTTP/1.1\r\nHost: here\r\nX-And-Then"
BLANK_LINE_AFTER_A_REQUEST = b"GET /health/live HTTP/1.1\r\nHost: here\r\n\r\n", b"\r\n"
BODY_BEGUN = f"POST {WEBHOOK} HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n{{".encode()


class Dawdler:
    """A connection that sends a little, and then waits."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def until_the_end(self) -> bytes:
        """What the server says before it ends the connection."""
        told = b""
        try:
            async with asyncio.timeout(ENDED_WITHIN):
                while more := await self.reader.read(65536):
                    told += more
        except ConnectionError:  # an end without ceremony
            pass
        return told


async def dawdle(server: str, stack: AsyncExitStack, begun: bytes = b"") -> Dawdler:
    address = urlsplit(server)
    dawdler = Dawdler(*await asyncio.open_connection(address.hostname, address.port))
    stack.callback(dawdler.writer.close)
    dawdler.writer.write(begun)
    await dawdler.writer.drain()
    return dawdler


async def test_whoever_says_too_little_is_let_go_and_others_are_answered_meanwhile(
    server: str, client: httpx.AsyncClient
) -> None:
    request, blank_line = BLANK_LINE_AFTER_A_REQUEST
    async with AsyncExitStack() as stack:
        silent = await dawdle(server, stack)
        half_a_head = await dawdle(server, stack, HALF_A_HEAD)
        body_begun = await dawdle(server, stack, BODY_BEGUN)
        done_before = await dawdle(server, stack, request)
        assert b"200 OK" in await done_before.reader.readuntil(b"\r\n\r\n")
        done_before.writer.write(blank_line)
        everybody = silent, half_a_head, body_begun, done_before
        ends = [asyncio.create_task(each.until_the_end()) for each in everybody]

        assert (await client.get("/health/live")).status_code == 200
        assert not any(each.done() for each in ends)
        told = await asyncio.gather(*ends)

    assert told[:2] == [b"", b""]
    assert told[2].startswith(b"HTTP/1.1 408 ")
