"""An upgrade that is no handshake is answered and ended: nobody keeps a connection by it."""

import pytest
from starlette.types import Receive, Scope, Send

from app.ws.protocol import LobbyWebSocketProtocol
from tests.ws.raw import Listener, handshake, listen, peer

LONG = "x" * 9000
REFUSED = {
    "a long request line": (handshake(f"/?{LONG}"), b" 414 "),
    "a long header": (handshake(more=f"X-Long: {LONG}\r\n"), b" 431 "),
    "many headers": (handshake(more="".join(f"X-{each}: 1\r\n" for each in range(129))), b" 431 "),
    "a body": (handshake(more="Content-Length: 5\r\n") + b"hello", b" 400 "),
    "a body that never comes": (handshake(more="Content-Length: 5\r\n"), b" 400 "),
    "a body in chunks": (handshake(more="Transfer-Encoding: chunked\r\n"), b" 400 "),
}


class Hasty(LobbyWebSocketProtocol):
    handshake_within = 0.05


async def never_accepts(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass


@pytest.mark.parametrize("kind", REFUSED)
async def test_it_is_answered_and_ended_at_once(kind: str) -> None:
    said, status = REFUSED[kind]
    async with listen(Listener()) as server, peer(server) as stranger:
        await stranger.say(said)

        assert status in (await stranger.until_the_end()).partition(b"\r\n")[0]
        await server.is_rid_of_all()


async def test_a_handshake_that_is_not_completed_in_time_is_ended() -> None:
    async with listen(never_accepts, ws=Hasty) as server, peer(server) as stranger:
        await stranger.say(handshake())

        assert await stranger.until_the_end() == b""
        await server.is_rid_of_all()


async def test_a_socket_that_is_open_outlives_the_time_for_its_handshake() -> None:
    async with listen(Listener(), ws=Hasty, ws_ping_interval=0.2) as server, peer(server) as guest:
        await guest.say(handshake())
        await guest.reader.readuntil(b"\r\n\r\n")

        assert await guest.reader.readexactly(2) == b"\x89\x04"  # the first ping, well after that time
