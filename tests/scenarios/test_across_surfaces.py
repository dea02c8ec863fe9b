"""One conversation on every surface at once: each shows what it may, once, in order, and in its own words."""

from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import httpx

from app.core.types import Department, UserType
from tests.fake_graph import FakeGraph
from tests.processes import Running
from tests.sockets import Socket, open_socket
from tests.world import World, guest_writes, signed_in, token_of

GUEST = "351912345678"
JOHN, RITA, DUARTE, DORA, NORA = "John Doe", "Rita Staff", "Duarte Staff", "Dora Staff", "Nora Staff"
SAID = [
    (JOHN, "The shower is cold"),
    (JOHN, "And the light is out"),
    (RITA, "We are on our way"),
    (DUARTE, "With a new lamp"),
    (DORA, "And a plumber"),
    (RITA, "Is it warm now?"),
    (NORA, "And bright?"),
    (JOHN, "Both, thank you!"),
]
"""Who writes what: by WhatsApp, by the guest webhook, on ``/ws/staff/``, ``/ws/chat/`` and a department's socket, by
contract 1's REST, by its neighbour, and by WhatsApp again."""

Written = tuple[int, str, str]
"""A message's id, who wrote it, and its text."""
Told = tuple[str, Written]
"""In which event it was told, and the message."""


class Listener:
    """Somebody's socket, and all that it was told so far."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []

    async def hear(self, kind: str) -> dict[str, Any]:
        """Listen until such an event comes."""
        while True:
            frame = await self.socket.receive()
            self.frames.append(frame)
            if frame["type"] == kind:
                return frame

    async def command(self, **fields: Any) -> None:
        """Carry something out; it is acknowledged."""
        await self.socket.send(fields)
        await self.hear("acknowledgment")

    async def told(self, last: Written) -> list[Told]:
        """Each time that it was told of a message of SAID, up to the last and whatever came after that."""
        while last not in [told[1] for frame in self.frames if (told := _read(frame))]:
            self.frames.append(await self.socket.receive())
        self.frames += await self.socket.pending()
        messages = [(frame["seq"], told) for frame in self.frames if (told := _read(frame))]
        positions = [position for position, _ in messages]
        assert positions == sorted(set(positions))
        return [told for _, told in messages if _is_said(told[1])]


async def test_what_anybody_writes_anywhere_is_seen_wherever_it_may_be_once_and_in_order(
    processes: tuple[Running, Running], world: World, fake_graph: FakeGraph
) -> None:
    here, there = processes
    stay_id = await _hotel(world)
    async with httpx.AsyncClient(base_url=here.url) as client, AsyncExitStack() as stack:

        async def listen(user: str, path: str, at: Running) -> Listener:
            token = await token_of(client, user)
            return Listener(await stack.enter_async_context(open_socket(at.url, path, token=token)))

        rita = await listen("rita", "/ws/staff/", here)
        duarte = await listen("duarte", "/ws/chat/", there)
        dora = await listen("dora", "/ws/chat/Reception/", here)
        nora = await listen("nora", "/ws/chat/", there)
        strangers = [
            await listen("hugo", "/ws/chat/housekeeping/", here),
            await listen("hugo", "/ws/chat/", there),
            await listen("heidi", "/ws/chat/", here),
            await listen("heidi", "/ws/staff/", there),
        ]
        john = Listener(await stack.enter_async_context(open_socket(there.url, f"/ws/guest/+{GUEST}/")))
        for listener in (rita, duarte, dora, nora, john, *strangers):
            await listener.socket.pending()

        await guest_writes(client, "services", GUEST)
        await guest_writes(client, "4", GUEST)
        for listener in (rita, dora, nora):
            await listener.hear("new_conversation")
        conversation_id = (await duarte.hear("new_conversation"))["data"]["id"]
        await rita.socket.send({"command": "subscribe_to_conversation", "stay_id": stay_id})
        await rita.socket.pending()
        await duarte.command(type="subscribe_conversation", conversation_id=conversation_id)

        await guest_writes(client, SAID[0][1], GUEST)
        await _post(client, "/api/chat/guest-webhook/", whatsapp_number=f"+{GUEST}", message=SAID[1][1])
        await rita.command(command="send_message", stay_id=stay_id, text=SAID[2][1], client_message_id=str(uuid4()))
        await duarte.command(type="text", conversation_id=conversation_id, content=SAID[3][1])
        await dora.command(type="text", conversation_id=conversation_id, content=SAID[4][1])
        by_contract_1 = f"/api/message_manager/conversations/{conversation_id}/send_message/"
        await _post(client, by_contract_1, "rita", text=SAID[5][1])
        await _post(client, f"/api/conversations/{conversation_id}/messages/", "nora", text=SAID[6][1])
        await guest_writes(client, SAID[7][1], GUEST)

        written = await _listed(client, f"/api/message_manager/conversations/{conversation_id}/messages/")
        assert [each[1:] for each in written] == SAID
        for listener, event in (
            (rita, "new_message"),
            (duarte, "message"),
            (dora, "message"),
            (nora, "conversation_update"),
        ):
            assert await listener.told(written[-1]) == [(event, each) for each in written]
        for stranger in strangers:
            assert [each for each in await stranger.socket.pending() if each["type"] != "user_status"] == []

        answers = [each for each in written if each[1] != JOHN]
        assert await john.told(answers[-1]) == [("message", each) for each in answers]
        seen = [told[1][2] for frame in john.frames if (told := _read(frame))]
        assert await fake_graph.wait_for_texts(GUEST, len(seen)) == seen

        thread = await _get(client, f"/api/chat/conversations/{conversation_id}/")
        assert [each for each in map(_whole, thread["messages"]) if _is_said(each)] == written
        await _assert_listed_once(client, conversation_id)
    assert await fake_graph.texts(GUEST) == seen


async def _hotel(world: World) -> int | None:
    """Sea View and a guest's stay in it; Alpine Lodge with Heidi."""
    hotel, other = await world.two_hotels()
    await world.user(hotel, "rita")
    for username in ("duarte", "dora", "nora"):
        await world.user(hotel, username, UserType.DEPARTMENT_STAFF, (Department.RECEPTION,))
    await world.user(hotel, "hugo", UserType.DEPARTMENT_STAFF, (Department.HOUSEKEEPING,))
    await world.user(other, "heidi")
    return await world.guest(hotel, phone=GUEST)


def _is_said(written: Written) -> bool:
    return written[1:] in SAID


def _read(frame: dict[str, Any]) -> Told | None:
    """A message, in the words of whichever contract."""
    match frame:
        case {"type": "new_message"}:
            return "new_message", (frame["message_id"], frame["sender_name"], frame["content"])
        case {"type": "message", "data": data}:
            return "message", _whole(data)
        case {"type": "conversation_update", "data": {"type": "new_message", "data": data}}:
            return "conversation_update", (data["message_id"], data["message_from"], data["last_message_preview"])
        case _:
            return None


def _whole(data: dict[str, Any]) -> Written:
    return data["id"], data["sender_name"], data["content"]


async def _post(client: httpx.AsyncClient, path: str, username: str | None = None, **body: object) -> None:
    headers = await signed_in(client, username) if username else {}
    answer = await client.post(path, json=body, headers=headers)
    assert answer.status_code == 201, answer.text


async def _get(client: httpx.AsyncClient, path: str) -> Any:
    answer = await client.get(path, headers=await signed_in(client, "rita"))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _listed(client: httpx.AsyncClient, path: str) -> list[Written]:
    """What contract 1's REST shows of ``SAID``."""
    shown = [(each["id"], each["sender_name"], each["content"]) for each in await _get(client, path)]
    return [each for each in shown if _is_said(each)]


async def _assert_listed_once(client: httpx.AsyncClient, conversation_id: int) -> None:
    """Both lists show the one conversation, and its end."""
    [by_contract_1] = (await _get(client, "/api/message_manager/conversations/"))["results"]
    [by_contract_2] = (await _get(client, "/api/chat/conversations/"))["results"]
    assert by_contract_1["id"] == by_contract_2["id"] == conversation_id
    assert by_contract_1["last_message"]["content"] == by_contract_2["last_message_preview"] == SAID[-1][1]
