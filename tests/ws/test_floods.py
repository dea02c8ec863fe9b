"""Frames that are no messages are counted too, and what they leave behind is bounded."""

import pytest
from websockets.frames import Opcode

from app.ws.protocol import LobbyWebSocketProtocol
from tests.eventually import eventually
from tests.ws.raw import Listener, closing, frame, handshake, listen, peer, socket_peer

EMPTY = {
    "pings": frame(Opcode.PING),
    "pongs": frame(Opcode.PONG),
    "continuations": frame(Opcode.CONT, fin=False),
}
BEGUN = frame(Opcode.TEXT, b"begun", fin=False)


class Strict(LobbyWebSocketProtocol):
    frames_at_once = 50
    frames_per_second = 0.001
    answer_within = 1.0


class Generous(LobbyWebSocketProtocol):
    frames_at_once = 10.0**9


@pytest.mark.parametrize("kind", EMPTY)
async def test_a_flood_is_told_4429_and_cut_off(kind: str) -> None:
    app = Listener()
    async with listen(app, ws=Strict) as server, socket_peer(server) as flooding:
        await flooding.say(BEGUN, EMPTY[kind] * 100_000)

        assert closing(4429) in await flooding.until_the_end()
        await server.is_rid_of_all()
    assert [(each["type"], each["code"]) for each in app.heard] == [("websocket.disconnect", 4429)]


async def test_of_a_flood_in_one_piece_little_is_parsed_before_it_is_noticed() -> None:
    parsed = []

    class Counting(Strict):
        def handle_events(self) -> None:
            parsed.append(len(self.conn.events))
            super().handle_events()

    async with listen(Listener(), ws=Counting) as server, socket_peer(server) as flooding:
        await flooding.say(EMPTY["pings"] * 100_000)
        await flooding.until_the_end()

    assert 50 < sum(parsed) < 1500


async def test_pings_in_peace_are_answered_and_the_socket_lives_on() -> None:
    app = Listener()
    async with listen(app, ws=Strict) as server, socket_peer(server) as guest:
        await guest.say(*[EMPTY["pings"]] * 40, frame(Opcode.TEXT, b"hello"))

        assert await guest.reader.readexactly(80) == b"\x8a\x00" * 40
        await eventually(lambda: app.heard == [{"type": "websocket.receive", "text": "hello"}])


async def test_empty_parts_of_a_message_take_no_memory() -> None:
    app = Listener()
    async with listen(app, ws=Strict) as server, socket_peer(server) as guest:
        await guest.say(BEGUN, *[EMPTY["continuations"]] * 30, EMPTY["pings"])
        await guest.reader.readexactly(2)
        kept = (await server.only_socket()).frames
        assert len(kept) == 1

        await guest.say(frame(Opcode.CONT, b" and ended"))
        await eventually(lambda: app.heard == [{"type": "websocket.receive", "text": "begun and ended"}])


async def test_whoever_pings_and_never_reads_is_cut_off() -> None:
    async with listen(Listener(), ws=Generous) as server, peer(server, reads_little=True) as deaf:
        await deaf.say(handshake())
        await server.only_socket()

        await deaf.say(*[frame(Opcode.PING, b"x" * 125) * 500] * 400)  # 26 MB of pongs: more than any kernel takes

        await server.is_rid_of_all()
