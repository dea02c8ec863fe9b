"""``/ws/staff/`` as contract 1 describes it."""

import httpx
import pytest

from app.core.types import Department, StayStatus, UserType
from tests.fake_graph import ALPINE_NUMBER, SEA_VIEW_NUMBER, FakeGraph
from tests.sockets import Socket, open_socket
from tests.world import HotelWorld, World, guest_writes, signed_in, token_of

GUEST = "351912345678"
STRANGER = "4915112345678"
PATH = "/ws/staff/"


@pytest.fixture
async def hotel(world: World) -> HotelWorld:
    hotel = await world.hotel()
    await world.user(hotel, "rita")
    return hotel


async def relay_to(client: httpx.AsyncClient, choice: str, guest: str = GUEST, number: str = SEA_VIEW_NUMBER) -> None:
    """A guest asks for a department's staff; one with a stay gets the menu for whatever they write first."""
    await guest_writes(client, "services", guest, number)
    await guest_writes(client, choice, guest, number)


async def test_every_active_staff_user_of_the_hotel_hears_of_a_relay_and_nobody_of_the_other(
    client: httpx.AsyncClient, server: str, world: World, hotel: HotelWorld
) -> None:
    other = await world.hotel("alpine-lodge", ALPINE_NUMBER)
    await world.user(other, "anna", UserType.MANAGER)
    await world.user(hotel, "carla", UserType.DEPARTMENT_STAFF, (Department.CAFE,))
    stay_id = await world.guest(hotel)
    async with (
        open_socket(server, PATH, token=await token_of(client, "rita")) as rita,
        open_socket(server, PATH, token=await token_of(client, "carla")) as carla,
        open_socket(server, PATH, token=await token_of(client, "anna")) as anna,
    ):
        await rita.pending(), await carla.pending(), await anna.pending()
        await relay_to(client, "1")

        for socket in (rita, carla):
            event = await socket.receive()
            assert event["type"] == "new_conversation"
            assert event["stay_id"] == stay_id
            assert event["message"] == "New conversation initiated"
            assert event["timestamp"].endswith("Z")
            assert event["is_demo"] is False
            assert isinstance(event["conversation_id"], int)
            assert isinstance(event["seq"], int)
        assert await anna.pending() == []


async def test_a_demo_relay_is_marked_and_has_no_stay(
    client: httpx.AsyncClient, server: str, hotel: HotelWorld
) -> None:
    async with open_socket(server, PATH, token=await token_of(client, "rita")) as rita:
        await rita.pending()
        await guest_writes(client, "Hello", STRANGER)
        await relay_to(client, "2", STRANGER)

        event = await rita.receive_until("new_conversation")

    assert event["stay_id"] is None
    assert event["is_demo"] is True


async def subscribed_to_demo(client: httpx.AsyncClient, rita: Socket) -> int:
    await guest_writes(client, "Hello", STRANGER)
    await relay_to(client, "3", STRANGER)
    conversation: int = (await rita.receive_until("new_conversation"))["conversation_id"]
    await rita.send({"command": "subscribe_to_conversation", "conversation_id": conversation})
    await rita.pending()
    return conversation


async def test_a_subscriber_of_a_stay_gets_the_guests_messages(
    client: httpx.AsyncClient, server: str, world: World, hotel: HotelWorld
) -> None:
    stay_id = await world.guest(hotel)
    await relay_to(client, "1")
    async with open_socket(server, PATH, token=await token_of(client, "rita")) as rita:
        await rita.send({"command": "subscribe_to_conversation", "stay_id": stay_id})
        await rita.pending()
        await guest_writes(client, "Two coffees, please", GUEST)

        event = await rita.receive()

    assert event["type"] == "new_message"
    assert event["stay_id"] == stay_id
    assert event["content"] == "Two coffees, please"
    assert event["sender_type"] == "guest"
    assert event["sender_name"] == "John Doe"
    assert event["timestamp"].endswith("Z")


async def test_a_demo_is_subscribed_to_by_its_conversation(
    client: httpx.AsyncClient, server: str, hotel: HotelWorld
) -> None:
    async with open_socket(server, PATH, token=await token_of(client, "rita")) as rita:
        conversation = await subscribed_to_demo(client, rita)
        await guest_writes(client, "Is anybody there?", STRANGER)

        event = await rita.receive_until("new_message")

    assert (event["content"], event["stay_id"]) == ("Is anybody there?", None)
    assert event["conversation_id"] == conversation


async def test_a_reply_by_socket_leaves_for_the_guest_and_comes_back_to_the_subscribed_sender(
    client: httpx.AsyncClient, server: str, world: World, hotel: HotelWorld, fake_graph: FakeGraph
) -> None:
    stay_id = await world.guest(hotel)
    await relay_to(client, "1")
    before = await fake_graph.wait_for_texts(GUEST, 2)
    async with open_socket(server, PATH, token=await token_of(client, "rita")) as rita:
        await rita.send({"command": "subscribe_to_conversation", "stay_id": stay_id})
        for text in ("Good evening!", "What may we bring?"):
            await rita.send({"command": "send_message", "stay_id": stay_id, "text": text})

        heard = [await rita.receive_until("new_message") for _ in range(2)]

    assert [(each["content"], each["sender_type"], each["sender_name"]) for each in heard] == [
        ("Good evening!", "staff", "Rita Staff"),
        ("What may we bring?", "staff", "Rita Staff"),
    ]
    texts = await fake_graph.wait_for_texts(GUEST, len(before) + 2)
    assert texts[-2:] == ["Good evening!", "What may we bring?"]


async def test_after_unsubscribing_messages_come_no_longer(
    client: httpx.AsyncClient, server: str, world: World, hotel: HotelWorld
) -> None:
    stay_id = await world.guest(hotel)
    await relay_to(client, "1")
    async with open_socket(server, PATH, token=await token_of(client, "rita")) as rita:
        await rita.send({"command": "subscribe_to_conversation", "stay_id": stay_id})
        await rita.send({"command": "unsubscribe_from_conversation", "stay_id": stay_id})
        await rita.pending()
        await guest_writes(client, "Hello?", GUEST)

        assert await rita.pending() == []


async def test_a_message_with_a_clients_id_is_acknowledged_first_and_sent_once(
    client: httpx.AsyncClient, server: str, world: World, hotel: HotelWorld, fake_graph: FakeGraph
) -> None:
    stay_id = await world.guest(hotel)
    await relay_to(client, "1")
    before = len(await fake_graph.wait_for_texts(GUEST, 2))
    mine = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    command = {"command": "send_message", "stay_id": stay_id, "text": "Once", "client_message_id": mine}
    async with open_socket(server, PATH, token=await token_of(client, "rita")) as rita:
        await rita.send({"command": "subscribe_to_conversation", "stay_id": stay_id})
        await rita.send(command)
        first, event = await rita.receive(), await rita.receive()
        await rita.send(command)
        second = await rita.receive()

    assert first["type"] == "acknowledgment"
    assert (event["type"], event["client_message_id"]) == ("new_message", mine)
    assert second["message_id"] == first["message_id"] == event["message_id"]
    assert (await fake_graph.wait_for_texts(GUEST, before + 1))[before:] == ["Once"]


@pytest.mark.parametrize(
    "frame",
    [
        "not json",
        "[]",
        '"text"',
        '{"command": "no_such_command"}',
        '{"command": 7}',
        "{}",
        '{"command": "subscribe_to_conversation"}',
        '{"command": "subscribe_to_conversation", "stay_id": 999999}',
        '{"command": "subscribe_to_conversation", "stay_id": "1"}',
        '{"command": "subscribe_to_conversation", "stay_id": -1}',
        '{"command": "subscribe_to_conversation", "stay_id": 1e400}',
        '{"command": "send_message", "stay_id": 999999, "text": "x"}',
        '{"command": "send_message", "conversation_id": 999999, "text": "x"}',
        '{"command": "send_message", "text": "x"}',
        '{"command": "send_message", "conversation_id": 1, "text": NaN}',
        '{"command": "send_message", "conversation_id": 1, "text": "\\u0000"}',
        '{"command": "send_message", "conversation_id": 1, "text": "\\ud800"}',
        "[" * 20_000,
        '{"command": "send_message", "conversation_id": ' + "9" * 5000 + ', "text": "x"}',
    ],
)
async def test_what_is_no_good_command_gets_an_error_and_the_socket_stays(
    client: httpx.AsyncClient, server: str, hotel: HotelWorld, frame: str
) -> None:
    async with open_socket(server, PATH, token=await token_of(client, "rita")) as rita:
        await rita.send(frame)

        error = await rita.receive()

        assert error["type"] == "error"
        assert error["message"]
        assert await rita.pending() == []


async def test_a_field_at_fault_is_named_in_a_sentence_of_its_own(
    client: httpx.AsyncClient, server: str, hotel: HotelWorld
) -> None:
    async with open_socket(server, PATH, token=await token_of(client, "rita")) as rita:
        for fields, field, sentence in (
            ({"stay_id": "1", "text": "x"}, "stay_id", "must be a whole number"),
            ({"stay_id": 1, "location": {"latitude": 1}}, "location.longitude", "is missing"),
            ({"stay_id": 1, "location": []}, "location", "must be a JSON object"),
        ):
            await rita.send({"command": "send_message", **fields})
            error = await rita.receive()
            assert error["message"] == f"send_message: {field} {sentence}."
            assert error["details"] == {field: [f"It {sentence}."]}
        await rita.send({"command": "mark_read"})
        assert list((await rita.receive())["details"]) == ["stay_id"]


async def test_an_empty_text_is_refused(
    client: httpx.AsyncClient, server: str, world: World, hotel: HotelWorld
) -> None:
    stay_id = await world.guest(hotel)
    await relay_to(client, "1")
    async with open_socket(server, PATH, token=await token_of(client, "rita")) as rita:
        await rita.send({"command": "send_message", "stay_id": stay_id, "text": "  "})

        assert (await rita.receive())["code"] == "empty_text"


async def test_another_hotels_stay_does_not_exist(
    client: httpx.AsyncClient, server: str, world: World, hotel: HotelWorld
) -> None:
    other = await world.hotel("alpine-lodge", ALPINE_NUMBER)
    theirs = await world.guest(other)
    await relay_to(client, "1", number=ALPINE_NUMBER)
    async with open_socket(server, PATH, token=await token_of(client, "rita")) as rita:
        await rita.send({"command": "subscribe_to_conversation", "stay_id": theirs})
        assert (await rita.receive())["code"] == "not_found"
        await rita.send({"command": "send_message", "stay_id": theirs, "text": "Hello"})
        assert (await rita.receive())["code"] == "not_found"


async def test_another_departments_conversation_is_refused_and_never_heard(
    client: httpx.AsyncClient, server: str, world: World, hotel: HotelWorld
) -> None:
    await world.user(hotel, "carla", UserType.DEPARTMENT_STAFF, (Department.CAFE,))
    stay_id = await world.guest(hotel)
    async with open_socket(server, PATH, token=await token_of(client, "carla")) as carla:
        await carla.send({"command": "subscribe_to_conversation", "stay_id": stay_id})
        await carla.pending()
        await guest_writes(client, "services", GUEST)
        assert (await carla.pending())[0]["content"] == "services"
        await guest_writes(client, "1", GUEST)  # Room Service's from here on
        await carla.receive_until("new_conversation")
        await carla.pending()
        await guest_writes(client, "A secret of Room Service", GUEST)

        assert await carla.pending() == []
        await carla.send({"command": "send_message", "stay_id": stay_id, "text": "Hello"})
        assert (await carla.receive())["code"] == "forbidden"
        await carla.send({"command": "subscribe_to_conversation", "stay_id": stay_id})
        assert (await carla.receive())["code"] == "forbidden"


async def test_a_stay_whose_guest_has_not_written_may_be_subscribed_to(
    client: httpx.AsyncClient, server: str, world: World, hotel: HotelWorld
) -> None:
    stay_id = await world.guest(hotel, stay=StayStatus.PENDING)
    async with open_socket(server, PATH, token=await token_of(client, "rita")) as rita:
        await rita.send({"command": "subscribe_to_conversation", "stay_id": stay_id})
        assert await rita.pending() == []
        await guest_writes(client, "Hi", GUEST)

        assert (await rita.receive())["content"] == "Hi"


async def test_end_relay_returns_the_guest_to_the_flow(
    client: httpx.AsyncClient, world: World, hotel: HotelWorld, fake_graph: FakeGraph
) -> None:
    await world.guest(hotel)
    await relay_to(client, "1")
    rita = await signed_in(client, "rita")
    listed = (await client.get("/api/message_manager/conversations/", headers=rita)).json()["results"]
    path = f"/api/message_manager/conversations/{listed[0]['id']}"
    sent = len(await fake_graph.wait_for_texts(GUEST, 2))

    ended = await client.post(f"{path}/end_relay/", headers=rita)
    await guest_writes(client, "Thanks", GUEST)

    assert ended.json() == {"status": "relay ended"}
    assert (await client.get(f"{path}/", headers=rita)).json()["status"] == "active"
    assert (await fake_graph.wait_for_texts(GUEST, sent + 1))[-1].startswith("How can we assist you today?")
