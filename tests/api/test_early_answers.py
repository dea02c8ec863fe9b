"""Whoever is answered before the body was read gets to read the answer, and the connection goes on or ends in order."""

import asyncio

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send
from uvicorn.server import ServerState

from tests.files import MEGABYTE
from tests.world import WEBHOOK, World, signed_in
from tests.ws.raw import Peer, Server, listen, peer

NEXT = b"GET /health/live/ HTTP/1.1\r\nHost: here\r\n\r\n"
FORM = "Content-Type: multipart/form-data; boundary=x\r\n"
ROUNDS = 5


def head(path: str, length: int, more: str = "") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Length: {length}\r\n{more}\r\n".encode()


async def answer(sender: Peer) -> tuple[int, bytes]:
    """The status and the whole body of the next answer on the connection."""
    async with asyncio.timeout(20):
        status, *headers = (await sender.reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        length = next(int(each.removeprefix(b"content-length:")) for each in headers if b"content-length:" in each)
        return int(status.split()[1]), await sender.reader.readexactly(length)


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers at once, whatever is still being sent."""
    start: Message = {"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]}
    await send(start)
    await send({"type": "http.response.body"})


def at(url: str) -> Server:
    """A served application, as ``peer`` wants it."""
    return Server(httpx.URL(url).port or 80, ServerState())


@pytest.mark.parametrize("megabytes", [1, 3, 30])
async def test_after_a_refused_upload_the_next_request_is_answered(server: str, megabytes: int) -> None:
    body = bytes(megabytes * MEGABYTE)
    for _ in range(ROUNDS):
        async with peer(at(server)) as sender:
            await sender.say(head("/api/media/", len(body), f"{FORM}Authorization: Bearer none\r\n"), body)
            assert (await answer(sender))[0] == 401
            await sender.say(NEXT)
            assert (await answer(sender))[0] == 200


async def test_after_an_upload_of_two_files_the_next_request_is_answered(
    server: str, client: httpx.AsyncClient, world: World
) -> None:
    await world.user(await world.hotel(), "rita")
    token = (await signed_in(client, "rita"))["Authorization"]
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' + bytes(3 * MEGABYTE) + b"\r\n"
    body = part * 2 + b"--x--\r\n"
    for _ in range(ROUNDS):
        async with peer(at(server)) as sender:
            await sender.say(head("/api/media/", len(body), f"{FORM}Authorization: {token}\r\n"), body)
            status, told = await answer(sender)
            assert (status, b"Too many files" in told) == (422, True)
            await sender.say(NEXT)
            assert (await answer(sender))[0] == 200


async def test_whoever_sends_a_body_that_is_too_big_to_its_end_reads_that_it_is(server: str) -> None:
    body = bytes(6 * MEGABYTE)
    for _ in range(ROUNDS):
        async with peer(at(server)) as sender:
            await sender.say(head(WEBHOOK, len(body)), body)
            status, told = await answer(sender)
            assert (status, b"too_big" in told) == (413, True)
            assert await sender.until_the_end() == b""


async def test_whoever_wants_no_further_answer_reads_the_one(server: str) -> None:
    body = bytes(6 * MEGABYTE)
    for _ in range(ROUNDS):
        async with peer(at(server)) as sender:
            await sender.say(head("/api/media/", len(body), f"{FORM}Connection: close\r\n"), body)
            assert (await answer(sender))[0] == 401
            assert await sender.until_the_end() == b""


async def test_the_rest_of_a_refused_body_is_no_head_of_the_next_request() -> None:
    async with listen(refuse) as server, peer(server) as sender:
        await sender.say(head("/", 200_000))
        await answer(sender)

        await sender.say(bytes(200_000) + NEXT[:20])
        await sender.say(NEXT[20:])

        assert (await answer(sender))[0] == 401


async def test_a_head_without_end_is_refused_after_a_refused_body_too() -> None:
    async with listen(refuse) as server, peer(server) as sender:
        await sender.say(head("/", 200_000))
        await answer(sender)

        await sender.say(bytes(200_000), b"GET / HTTP/1.1\r\nX-Long: ", *[b"x" * 10_000] * 100)

        assert b" 400 " in await sender.until_the_end()
        await server.is_rid_of_all()


async def test_whoever_goes_on_sending_after_the_last_answer_is_not_listened_to_for_long() -> None:
    async with listen(refuse, timeout_keep_alive=1) as server, peer(server) as sender:
        await sender.say(head("/", 10**12, "Connection: close\r\n"))
        await answer(sender)

        async def send_on() -> None:
            while not sender.writer.is_closing():
                await sender.say(bytes(1000))
                await asyncio.sleep(0)

        sending = asyncio.create_task(send_on())
        await server.is_rid_of_all()
        sending.cancel()


async def test_what_is_asked_after_the_last_answer_is_not_done() -> None:
    asked: list[str] = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])
        await refuse(scope, receive, send)

    async with listen(note) as server, peer(server) as sender:
        await sender.say(head("/first", 200_000, "Connection: close\r\n"))
        await answer(sender)

        await sender.say(bytes(200_000), head("/second", 0))

        assert await sender.until_the_end() == b""
        sender.writer.write_eof()
        await server.is_rid_of_all()
    assert asked == ["/first"]
