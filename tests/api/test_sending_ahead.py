"""How much one connection may ask without waiting, how long its questions, and how it must take the answers."""

import asyncio

from starlette.types import Message, Receive, Scope, Send

from app.api.protocol import LobbyHttpProtocol
from tests.eventually import eventually
from tests.ws.raw import listen, peer

MUCH = b"x" * 12_000_000  # more than any kernel takes


def asking(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode()


async def answer(send: Send, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    start: Message = {"type": "http.response.start", "status": 200, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})


class Desk:
    """Answers each request with its path, the first only when it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go_on = asyncio.Event()
        self.gone = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        if len(self.asked) == 1:
            await self.until_told(receive)
        await answer(send, scope["path"].encode())

    async def until_told(self, receive: Receive) -> None:
        going = asyncio.create_task(self.go_on.wait())
        hearing = asyncio.create_task(self._hear_of_the_end(receive))
        await asyncio.wait([going, hearing], return_when=asyncio.FIRST_COMPLETED)
        going.cancel(), hearing.cancel()

    async def _hear_of_the_end(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.gone.set()


async def test_a_few_requests_sent_ahead_are_answered_in_order() -> None:
    desk = Desk()
    paths = [f"/{number}" for number in range(8)]
    async with listen(desk) as server, peer(server) as eager:
        await eager.say(b"".join(map(asking, paths)))
        await eventually(lambda: desk.asked == paths[:1])
        desk.go_on.set()

        for path in paths:
            head = await eager.reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await eager.reader.readexactly(len(path)) == path.encode()
    assert desk.asked == paths


async def test_whoever_sends_many_ahead_is_cut_off_and_nothing_of_it_is_kept() -> None:
    desk = Desk()
    async with listen(desk) as server, peer(server) as eager:
        await eager.say(b"".join(asking(f"/{number}") for number in range(10_000)))

        assert await eager.until_the_end() == b""
        await server.is_rid_of_all()
    assert desk.asked == ["/0"]


async def test_a_request_that_is_being_answered_hears_that_its_client_went_though_others_wait() -> None:
    desk = Desk()
    async with listen(desk) as server, peer(server) as eager:
        await eager.say(asking("/first") + asking("/second") + asking("/third"))
        await eventually(lambda: desk.asked)
        eager.go()

        async with asyncio.timeout(8):
            await desk.gone.wait()


async def test_a_head_without_end_is_refused_and_not_kept() -> None:
    async with listen(Desk()) as server, peer(server) as talker:
        await talker.say(b"GET / HTTP/1.1\r\nX-Long: ", *[b"x" * 10_000] * 100)

        assert b" 400 " in await talker.until_the_end()
        await server.is_rid_of_all()


async def test_whoever_does_not_take_an_answer_is_not_waited_for_long() -> None:
    class Hasty(LobbyHttpProtocol):
        unread_within = 0.05

    async def says_much(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, MUCH)

    async with listen(says_much, http=Hasty) as server, peer(server, reads_little=True) as deaf:
        await deaf.say(asking("/"))

        await eventually(lambda: server.state.total_requests)
        await server.is_rid_of_all()
