"""However a socket closes, its connection ends soon after, and the process can end."""

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs
from websockets.frames import Opcode

from app.ws.protocol import LobbyWebSocketProtocol
from tests.eventually import eventually
from tests.ws.raw import Listener, closing, frame, handshake, listen, peer, socket_peer

MUCH = "x" * 12_000_000  # more than any kernel takes
SENT_ON = {
    1009: frame(Opcode.TEXT, b"x" * 12_000_000),
    4429: frame(Opcode.TEXT, b"{}") * 1000 + frame(Opcode.TEXT, b"x" * 1000) * 12_000,
}


class Hasty(LobbyWebSocketProtocol):
    answer_within = 0.05
    unread_within = 0.05


class Patient(LobbyWebSocketProtocol):
    answer_within = unread_within = 3600


async def refuses(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": 4401, "reason": "No credential was shown."})


async def says_much(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": MUCH})
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def test_a_peer_that_does_not_answer_our_close_is_not_waited_for_long() -> None:
    async with listen(refuses, ws=Hasty) as server, socket_peer(server) as silent:
        assert closing(4401) in await silent.until_the_end()
        await server.is_rid_of_all()


async def test_a_peer_that_answers_our_close_is_not_waited_for_at_all() -> None:
    async with listen(refuses, ws=Patient) as server, socket_peer(server) as guest:
        await guest.say(frame(Opcode.CLOSE, closing(4401)))

        assert closing(4401) in await guest.until_the_end()
        await server.is_rid_of_all()


@pytest.mark.parametrize("how", ["by a close frame", "by the end of the stream"])
async def test_a_peer_that_closes_and_leaves_much_unread_is_not_waited_for_long(how: str) -> None:
    async with listen(says_much, ws=Hasty) as server, peer(server, reads_little=True) as deaf:
        await deaf.say(handshake())
        await server.only_socket()
        if how == "by a close frame":
            await deaf.say(frame(Opcode.CLOSE, closing(1000)))
        else:
            deaf.writer.write_eof()

        await server.is_rid_of_all()


async def test_whoever_answers_no_ping_is_dropped_and_told_of_no_fault_of_ours() -> None:
    app = Listener()
    async with listen(app, ws_ping_interval=0.05, ws_ping_timeout=0.05) as server, socket_peer(server) as silent:
        told = await silent.until_the_end()

        assert told.startswith(b"\x89\x04")
        assert len(told) == 6  # the ping and nothing else
        await server.is_rid_of_all()
    assert [each["code"] for each in app.heard] == [1005]


async def test_text_that_is_no_utf8_is_told_1007_in_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    app = Listener()
    async with listen(app, ws=Hasty) as server, socket_peer(server) as guest:
        with capture_logs() as lines:
            await guest.say(frame(Opcode.TEXT, b"\xff\xfe"), frame(Opcode.TEXT, b"more"))
            assert closing(1007) in await guest.until_the_end()

        await server.is_rid_of_all()
    assert [each["code"] for each in app.heard] == [1007]
    assert [each["event"] for each in lines] == ["socket_sent_no_utf8"]
    assert not [each for each in caplog.records if each.exc_info]


@pytest.mark.parametrize("code", SENT_ON)
async def test_whoever_is_closed_while_it_sends_can_read_why_when_it_has_sent_all(code: int) -> None:
    app = Listener()
    async with listen(app, ws_max_size=64 * 1024) as server, socket_peer(server) as guest:
        await guest.say(SENT_ON[code])

        assert closing(code) in await guest.until_the_end()
        guest.go()
        await server.is_rid_of_all()
    assert app.heard[-1]["type"] == "websocket.disconnect"
    assert app.heard[-1]["code"] == code


async def test_what_comes_after_a_close_is_taken_in_up_to_a_limit_and_not_looked_at() -> None:
    taken: list[int] = []

    class Measuring(LobbyWebSocketProtocol):
        thrown_away_at_most = 1_000_000

        def data_received(self, data: bytes) -> None:
            taken.append(len(data))
            super().data_received(data)

    app = Listener()
    async with listen(app, ws=Measuring) as server, socket_peer(server) as flooding:
        await flooding.say(frame(Opcode.TEXT, b"\xff"), *[frame(Opcode.TEXT, b"x" * 50_000)] * 1000)

        await server.is_rid_of_all()
    assert 1_000_000 < sum(taken) < 2_000_000
    assert [each["type"] for each in app.heard] == ["websocket.disconnect"]


async def test_a_peer_that_ends_its_side_after_our_close_is_not_waited_for() -> None:
    async with listen(Listener(), ws=Patient) as server, socket_peer(server) as guest:
        await guest.say(frame(Opcode.TEXT, b"\xff"))
        assert closing(1007) in await guest.until_the_end()
        guest.writer.write_eof()

        await server.is_rid_of_all()


async def test_a_letter_may_be_in_two_parts_of_a_message() -> None:
    app = Listener()
    async with listen(app) as server, socket_peer(server) as guest:
        first, second = "é".encode()[:1], "é".encode()[1:]
        await guest.say(frame(Opcode.TEXT, first, fin=False), frame(Opcode.CONT, second))

        await eventually(lambda: app.heard == [{"type": "websocket.receive", "text": "é"}])


# When the process ends


async def test_a_peer_that_has_closed_and_left_much_unread_keeps_no_process_from_ending() -> None:
    async with listen(says_much, ws=Patient) as server, peer(server, reads_little=True) as deaf:
        await deaf.say(handshake())
        closed = await server.only_socket()
        await deaf.say(frame(Opcode.CLOSE, closing(1000)))
        await eventually(lambda: closed.transport.is_closing())

        closed.answer_within = 0.05
        closed.shutdown()

        await server.is_rid_of_all()


async def test_a_handshake_that_is_still_waiting_is_answered_once_when_the_process_ends() -> None:
    go_on = asyncio.Event()

    async def returns_late(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()

    async with listen(returns_late, ws=Patient) as server, peer(server) as guest:
        await guest.say(handshake())
        await eventually(lambda: server.sockets)
        tasks: set[asyncio.Task[Any]] = set(server.state.tasks)
        go_on.set()  # it returns after the answer, and before the connection is gone
        server.sockets[0].shutdown()

        assert (await guest.until_the_end()).count(b"HTTP/1.1 500 ") == 1
        await asyncio.wait(tasks)
    assert [each.exception() for each in tasks] == [None]
