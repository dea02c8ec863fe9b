"""``/ws/guest/{whatsapp_number}/`` as contract 2 describes it, where the number of a guest who stays is enough."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from msgspec.structs import replace

from app.core.clock import utc_now
from app.core.events import MessageCreated
from app.core.settings import Settings
from app.core.types import SenderType, StayStatus
from app.main import create_app
from app.models import Account, Message, Stay
from app.services.container import Services
from tests.fake_graph import ALPINE_NUMBER
from tests.files import PDF
from tests.guests import GUEST, conversation_of, staying
from tests.ledger import Ledger
from tests.pinned import assert_json_pinned
from tests.serving import serve
from tests.sockets import Socket, open_socket
from tests.world import HotelWorld, World, guest_writes, signed_in

PATH = f"/ws/guest/+{GUEST}/"
OTHER = "4915112345678"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nothing leaves for guests' phones, so that no delivery's progress takes a number between two others."""
    return settings.model_copy(update={"run_outbox": False})


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
async def server(app: FastAPI) -> AsyncIterator[str]:
    async with serve(app) as url:
        yield url


@pytest.fixture
def ledger(app: FastAPI, server: str) -> Ledger:
    services: Services = app.state.services
    return Ledger(services.database)


@pytest.fixture
async def hotel(world: World) -> HotelWorld:
    """With Rita at its desk, and John, who stays."""
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    await staying(world, hotel)
    return hotel


@pytest.fixture
async def rita(client: httpx.AsyncClient, hotel: HotelWorld) -> dict[str, str]:
    return await signed_in(client, "rita")


@pytest.fixture
async def johns(client: httpx.AsyncClient, rita: dict[str, str]) -> int:
    """John's conversation with Room Service."""
    return await conversation_of(client, rita, choice="1")


async def write(client: httpx.AsyncClient, rita: dict[str, str], conversation_id: int, **draft: Any) -> dict[str, Any]:
    url = f"/api/conversations/{conversation_id}/messages/"
    answer = await client.post(url, json=draft, headers=rita)
    assert answer.status_code == 201, answer.text
    sent: dict[str, Any] = answer.json()
    return sent


async def unanswered(socket: Socket) -> list[dict[str, Any]]:
    """Everything that had been told before the answer to a ping."""
    await socket.send({"type": "ping"})
    frames = []
    while (frame := await socket.receive()) != {"type": "pong"}:
        frames.append(frame)
    return frames


def without_seq(frame: dict[str, Any]) -> dict[str, Any]:
    assert isinstance(frame["seq"], int)
    return {name: value for name, value in frame.items() if name != "seq"}


# What is told


async def test_the_guest_hears_what_staff_write_in_the_documents_words(
    client: httpx.AsyncClient, server: str, rita: dict[str, str], johns: int
) -> None:
    async with open_socket(server, PATH) as john:
        assert await unanswered(john) == []
        sent = await write(client, rita, johns, text="Your coffee is on its way.")
        heard = await john.receive()
        assert await unanswered(john) == []

    assert heard["data"]["id"] == sent["id"]
    assert heard["data"]["conversation_id"] == johns
    assert_json_pinned("guest_socket/message.json", without_seq(heard))


async def test_the_guest_hears_what_the_flow_writes_as_the_hotels_own(
    client: httpx.AsyncClient, server: str, hotel: HotelWorld
) -> None:
    async with open_socket(server, PATH) as john:
        assert await unanswered(john) == []
        await guest_writes(client, "services")
        [heard] = await unanswered(john)

    data = heard["data"]
    assert (data["sender_type"], data["message_type"]) == ("staff", "system")
    assert data["content"].startswith("How can we assist you today?")


async def test_a_program_that_writes_for_its_guest_by_the_webhook_hears_the_answer(
    client: httpx.AsyncClient, server: str, rita: dict[str, str]
) -> None:
    async with open_socket(server, PATH) as john:
        assert await unanswered(john) == []
        body = {"whatsapp_number": f"+{GUEST}", "message": "I need help with my room", "message_type": "text"}
        received = (await client.post("/api/chat/guest-webhook/", json=body)).json()
        await write(client, rita, received["conversation_id"], text="Somebody is on the way.")

        assert [each["data"]["content"] for each in await unanswered(john)] == ["Somebody is on the way."]


async def test_the_guest_is_told_that_staff_are_typing(
    client: httpx.AsyncClient, server: str, rita: dict[str, str], johns: int
) -> None:
    async with open_socket(server, PATH) as john:
        assert await unanswered(john) == []
        for is_typing in (True, False):
            url = f"/api/conversations/{johns}/typing/"
            assert (await client.post(url, json={"is_typing": is_typing}, headers=rita)).status_code == 204
        heard = [await john.receive_until("typing") for _ in range(2)]

    assert [each["data"]["is_typing"] for each in heard] == [True, False]
    assert_json_pinned("guest_socket/typing.json", without_seq(heard[0]))


async def test_a_file_of_staff_comes_with_an_address_that_works(
    client: httpx.AsyncClient, server: str, rita: dict[str, str], johns: int, settings: Settings
) -> None:
    file = {"file": ("breakfast.pdf", PDF, "application/pdf")}
    uploaded = await client.post("/api/media/", files=file, headers=rita)
    assert uploaded.status_code == 201, uploaded.text
    media_id = uploaded.json()["id"]
    async with open_socket(server, PATH) as john:
        assert await unanswered(john) == []
        await write(client, rita, johns, media_id=media_id, text="Our menu")
        data = (await john.receive())["data"]

    assert (data["message_type"], data["content"], data["media_filename"]) == ("document", "Our menu", "breakfast.pdf")
    fetched = await client.get(data["media_url"].removeprefix(settings.public_url))
    assert fetched.content == PDF


async def test_nothing_of_what_is_for_staff_is_told(
    client: httpx.AsyncClient, server: str, rita: dict[str, str], johns: int, ledger: Ledger
) -> None:
    """What waits says why to staff, and their client's id is theirs."""
    await ledger.change(Account, last_inbound_at=utc_now() - timedelta(hours=30))
    mine = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    async with open_socket(server, PATH) as john:
        assert await unanswered(john) == []
        sent = await write(client, rita, johns, text="When you wake up", hold=True, client_message_id=mine)
        heard = await john.receive()

    assert sent["delivery_error"] is not None
    assert heard["data"]["content"] == "When you wake up"
    assert sent["delivery_error"] not in str(heard)
    assert mine not in str(heard)


async def test_notes_reactions_and_the_guests_own_words_are_not_told(
    client: httpx.AsyncClient, server: str, rita: dict[str, str], johns: int, app: FastAPI, ledger: Ledger
) -> None:
    services: Services = app.state.services
    async with open_socket(server, PATH) as john:
        assert await unanswered(john) == []
        await guest_writes(client, "Hello?")
        own = max(row.id for row in await ledger.rows(Message, Message.content == "Hello?"))
        reaction = await client.post(f"/api/messages/{own}/reaction/", json={"emoji": "👍"}, headers=rita)
        assert reaction.status_code == 201
        async with services.database.transaction() as work:
            view, message = await work.views.get(johns), await work.messages.get(own)
            assert view is not None
            assert message is not None
            note = replace(message, sender_type=SenderType.STAFF, is_note=True, content="Difficult guest")
            work.emit(view.hotel_id, MessageCreated(conversation=view.as_ref(), message=note))

        assert await unanswered(john) == []


async def test_everybody_hears_their_own_hotels_words_to_them_alone(
    client: httpx.AsyncClient, server: str, world: World, hotel: HotelWorld, rita: dict[str, str], johns: int
) -> None:
    """Another guest of the hotel does not, nor somebody with the same number who stays elsewhere."""
    await staying(world, hotel, OTHER, "Erika Mustermann")
    async with open_socket(server, PATH) as john, open_socket(server, f"/ws/guest/{OTHER}/") as erika:
        assert (await unanswered(john), await unanswered(erika)) == ([], [])
        other = await world.hotel("alpine-lodge", ALPINE_NUMBER)
        await world.user(other, "anna")
        await world.guest(other, stay=StayStatus.COMPLETED)
        await guest_writes(client, "Hello", GUEST, ALPINE_NUMBER)
        await write(client, rita, johns, text="For John")

        assert [each["data"]["content"] for each in await unanswered(john)] == ["For John"]
        assert await unanswered(erika) == []


# Who may


@pytest.mark.parametrize(
    "spelled", [GUEST, f"+{GUEST}", f"%2B{GUEST}", f"00{GUEST}", "+351%20912-345-678", f"{GUEST[:3]}.{GUEST[3:]}"]
)
@pytest.mark.parametrize("slash", ["/", ""])
async def test_any_spelling_of_the_number_opens_it_with_and_without_the_slash(
    server: str, hotel: HotelWorld, spelled: str, slash: str
) -> None:
    async with open_socket(server, f"/ws/guest/{spelled}{slash}") as john:
        assert await unanswered(john) == []


NO_NUMBERS = [
    "nobody",
    "%00",
    "0",
    "9" * 3000,
    "%F0%9F%98%80",
    f"{GUEST[:5]}x{GUEST[5:]}",
    f"{GUEST}%00",
    f"++{GUEST}",
    quote("".join(chr(0x660 + int(each)) for each in GUEST)),  # in Arabic digits
]


@pytest.mark.parametrize("spelled", [OTHER, *NO_NUMBERS])
async def test_a_number_of_nobody_who_stays_is_told_4403(server: str, hotel: HotelWorld, spelled: str) -> None:
    async with open_socket(server, f"/ws/guest/{spelled}/") as nobody:
        assert await nobody.closed_with() == 4403


@pytest.mark.parametrize("status", [StayStatus.PENDING, StayStatus.COMPLETED, StayStatus.CANCELLED])
async def test_the_number_of_a_guest_who_is_not_staying_is_told_4403(
    server: str, hotel: HotelWorld, ledger: Ledger, status: StayStatus
) -> None:
    await ledger.change(Stay, status=status)

    async with open_socket(server, PATH) as john:
        assert await john.closed_with() == 4403


async def test_a_token_that_is_shown_is_looked_at_here_too(server: str, hotel: HotelWorld) -> None:
    for token in ("nonsense", ""):
        async with open_socket(server, PATH, token=token) as john:
            assert await john.closed_with() == 4401


# What may be asked


@pytest.mark.parametrize(
    "frame",
    [
        "not json",
        "[]",
        "{}",
        '{"type": "text", "conversation_id": 1, "content": "Hello"}',
        '{"type": "subscribe_conversation", "conversation_id": 1}',
        '{"type": "auth", "token": "x"}',
        '{"type": 7}',
        "[" * 20_000,
    ],
)
async def test_anything_but_a_ping_gets_an_error_and_the_socket_stays(
    server: str, hotel: HotelWorld, frame: str
) -> None:
    async with open_socket(server, PATH) as john:
        await john.send(frame)
        error = await john.receive()

        assert (error["type"], bool(error["message"])) == ("error", True)
        assert await unanswered(john) == []


# Coming back


async def test_a_guest_who_comes_back_hears_once_what_they_missed(
    client: httpx.AsyncClient, server: str, rita: dict[str, str], johns: int
) -> None:
    async with open_socket(server, PATH) as john:
        assert await unanswered(john) == []
        await write(client, rita, johns, text="One")
        seen = (await john.receive())["seq"]
    for text in ("Two", "Three"):
        await write(client, rita, johns, text=text)

    async with open_socket(server, f"{PATH}?since={seen}") as back:
        missed = [await back.receive() for _ in range(2)]
        heartbeat = await back.receive()
        await write(client, rita, johns, text="Four")
        live = await back.receive()
        assert await unanswered(back) == []

    assert [each["data"]["content"] for each in [*missed, live]] == ["Two", "Three", "Four"]
    assert (heartbeat["type"], heartbeat["seq"]) == ("heartbeat", missed[-1]["seq"])


async def test_a_conversation_with_the_socket_goes_as_it_was_pinned(
    client: httpx.AsyncClient, server: str, rita: dict[str, str], johns: int
) -> None:
    """One connection from its opening, with what came before it."""
    said: list[dict[str, Any]] = []
    await write(client, rita, johns, text="Good evening")
    async with open_socket(server, f"{PATH}?since=0") as john:

        async def ask(frame: dict[str, Any]) -> None:
            said.append({"client": frame})
            await john.send(frame)

        async def hear(count: int = 1) -> None:
            for _ in range(count):
                frame = await john.receive()
                said.append({"server": frame | ({"seq": "<seq>"} if "seq" in frame else {})})

        await hear(4)
        await ask({"type": "ping"})
        await hear()
        await ask({"type": "text", "conversation_id": johns, "content": "May I write here?"})
        await hear()
        await client.post(f"/api/conversations/{johns}/typing/", json={"is_typing": True}, headers=rita)
        await hear()
        await write(client, rita, johns, text="Please write on WhatsApp")
        await hear(2)
        assert await unanswered(john) == []

    assert_json_pinned("guest_socket/transcript.json", said)


async def test_a_position_that_is_no_longer_kept_is_told_4409(server: str, hotel: HotelWorld) -> None:
    async with open_socket(server, f"{PATH}?since=99999") as john:
        assert await john.closed_with() == 4409
