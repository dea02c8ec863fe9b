"""``/ws/chat/`` as document 3 describes it: who opens it, and who is told what."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.core.drafts import GuestDraft
from app.core.types import Department, UserType
from tests.fake_graph import FakeGraph
from tests.sockets import Socket, open_socket
from tests.world import PASSWORD, signed_in, token_of
from tests.ws import chat_printed as printed
from tests.ws.chat import GUEST, PATH, STRANGER, Chat, command, kinds, subscribed
from tests.ws.chat_printed import assert_printed, saying


@pytest.mark.parametrize("user_type", [each for each in UserType if each is not UserType.GUEST])
async def test_every_type_of_staff_opens_it(chat: Chat, user_type: UserType) -> None:
    await chat.world.user(chat.hotel, "sam", user_type, (Department.CAFE,))
    async with chat.open("sam") as sam:
        assert await command(sam, "ping") == {"type": "pong"}


async def test_a_user_who_is_no_staff_is_told_4403(chat: Chat) -> None:
    await chat.world.user(chat.hotel, "gwen", UserType.GUEST)
    async with open_socket(chat.server, PATH, token=await token_of(chat.client, "gwen")) as gwen:
        assert await gwen.closed_with() == 4403


@pytest.mark.parametrize("path", [PATH, "/ws/chat/Reception/"])
async def test_nobody_without_a_good_token_opens_a_chat_socket(chat: Chat, path: str) -> None:
    async with open_socket(chat.server, path, token="none.of.ours") as socket:
        assert await socket.closed_with() == 4401


@pytest.mark.parametrize("path", [PATH, "/ws/chat/Reception/"])
async def test_a_chat_socket_takes_its_token_by_every_way(chat: Chat, path: str) -> None:
    token = await token_of(chat.client, "rita")
    ways = ({"additional_headers": {"Authorization": f"Bearer {token}"}}, {"subprotocols": ["bearer", token]})
    for options in ways:
        async with open_socket(chat.server, path, **options) as socket:
            assert await command(socket, "ping") == {"type": "pong"}
    async with open_socket(chat.server, path) as socket:
        await socket.send({"type": "auth", "token": token})
        assert await command(socket, "ping") == {"type": "pong"}


async def test_a_move_is_told_with_the_channel_that_it_came_to(chat: Chat) -> None:
    conversation = await chat.relayed(Department.RECEPTION)
    post = GuestDraft(number=f"+{GUEST}", text="By the app now")
    async with chat.services.database.transaction() as work:
        await work.channels.pause(chat.hotel.channel_id, "Its token has run out.")
    async with chat.open("rita") as rita:
        await chat.services.guest_webhook.receive(post)
        await chat.write("services")
        await chat.write("3")

        told = [each async for each in _until(rita, "new_conversation")]

    moves = [each["data"]["data"] for each in told if kinds([each]) == ["conversation_update moved"]]
    assert [(each["id"], each["platform"], each["window_closes_at"] is None) for each in moves] == [
        (conversation, "Internal", True),
        (conversation, "WhatsApp", False),
    ]


async def _until(socket: Socket, kind: str) -> AsyncIterator[dict[str, Any]]:
    while (frame := await socket.receive())["type"] != kind:
        yield frame


async def test_a_relay_is_announced_to_the_staff_of_its_department_as_printed(chat: Chat) -> None:
    async with chat.open("wanda") as wanda, chat.open("wilma") as wilma, chat.open("carla") as carla:
        conversation = await chat.relayed(Department.ROOM_SERVICE)

        for socket in (wanda, wilma):
            event = await socket.receive()
            wanted = saying(
                printed.NEW_CONVERSATION, guest_name="John Doe", department="room_service", last_message_preview="1"
            )
            assert_printed(event, wanted)
            assert event["data"]["id"] == event["data"]["conversation_id"] == conversation
        assert await carla.pending() == []


async def test_who_sees_the_whole_hotel_is_joined_to_every_department(chat: Chat) -> None:
    async with chat.open("rita") as rita:
        for department in Department:
            conversation = await chat.begun(department)
            event = await rita.receive()
            assert (event["type"], event["data"]["id"]) == ("new_conversation", conversation)
            assert event["data"]["department"] == department.group


async def test_a_conversation_that_staff_begin_is_announced_once_by_every_contract(chat: Chat) -> None:
    async with chat.open("wanda") as wanda, chat.open("carla") as carla, chat.open("carla", "/ws/staff/") as all_staff:
        conversation = await chat.begun(Department.ROOM_SERVICE)

        (event,) = await wanda.pending()
        assert (event["type"], event["data"]["id"]) == ("new_conversation", conversation)
        assert kinds(await all_staff.pending()) == ["new_conversation"]
        assert await carla.pending() == []


async def test_a_guests_message_comes_to_subscribers_and_as_an_update_to_the_others_of_the_department(
    chat: Chat,
) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda") as wanda, chat.open("wilma") as wilma, chat.open("carla") as carla:
        await subscribed(wanda, conversation)
        await chat.write("Two coffees, please")

        message, update = await wanda.receive(), await wilma.receive()
        wanted = saying(printed.MESSAGE, sender_type="guest", sender_name="John Doe", content="Two coffees, please")
        assert_printed(message, saying(wanted, name="John Doe"))
        assert message["data"]["conversation_id"] == conversation
        wanted = saying(printed.NEW_MESSAGE, guest_name="John Doe", department="room_service")
        assert_printed(update, saying(wanted, last_message_preview="Two coffees, please", message_from="John Doe"))
        assert update["data"]["data"]["conversation_id"] == conversation
        assert message["seq"] == update["seq"]
        for socket in (wanda, wilma, carla):
            assert await socket.pending() == [], "nobody gets both"


async def test_beside_the_printed_fields_a_message_has_all_that_rest_tells_of_it(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("rita") as rita:
        await subscribed(rita, conversation)
        await chat.write("Hello")

        message = (await rita.receive())["data"]

    assert message["sender_id"] is None
    assert (message["message_type"], message["kind"]) == ("text", "text")
    assert message["media_url"] is message["media_filename"] is message["media"] is None
    assert message["client_message_id"] is message["reply_to_message_id"] is None
    assert message["is_note"] is False
    assert message["delivery_status"] is None
    assert message["details"] == {}
    assert message["guest_info"]["whatsapp_number"] == f"+{GUEST}"
    assert (message["guest_info"]["room_number"], message["guest_info"]["floor"]) == ("101", 1)


async def test_what_the_flow_writes_is_staffs_by_nobody_and_of_the_type_system(chat: Chat) -> None:
    await chat.write("Hello", STRANGER)
    conversation = await chat.newest()
    async with chat.open("rita") as rita:
        await subscribed(rita, conversation)
        await chat.write("services", STRANGER)

        guests, flows = (await rita.receive())["data"], (await rita.receive())["data"]

    assert (guests["sender_type"], guests["message_type"]) == ("guest", "text")
    assert (flows["sender_type"], flows["sender_id"], flows["message_type"]) == ("staff", None, "system")


async def test_a_conversation_of_no_department_is_heard_of_by_its_subscribers_alone(chat: Chat) -> None:
    await chat.write("Hello", STRANGER)
    conversation = await chat.newest()
    async with chat.open("rita") as rita, chat.open("carla") as carla:
        await subscribed(carla, conversation)
        await chat.write("services", STRANGER)

        assert kinds(await carla.pending()) == ["message", "message"]
        assert await rita.pending() == []


async def test_a_subscriber_who_hears_a_relay_begin_is_told_of_it_once(chat: Chat) -> None:
    await chat.write("services")
    conversation = await chat.newest()
    async with chat.open("wanda") as wanda:
        await subscribed(wanda, conversation)
        await chat.write("1")

        told = kinds(await wanda.pending())

    assert sorted(told) == ["message", "message", "new_conversation"]


async def test_the_acknowledgement_comes_first_and_the_subscribed_sender_gets_the_message_too(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda") as wanda:
        await subscribed(wanda, conversation)
        acknowledged = await command(wanda, "text", conversation_id=conversation, content="Hello!")
        message = await wanda.receive_until("message")

    assert_printed(acknowledged, printed.RECEIVED)
    assert_printed(message, saying(printed.MESSAGE, sender_name="Wanda Staff", name="John Doe"))
    assert message["data"]["id"] == acknowledged["message_id"]
    assert message["data"]["sender_id"] == chat.hotel.staff["wanda"]
    assert acknowledged["conversation_id"] == conversation


async def test_a_sender_who_has_not_subscribed_gets_the_acknowledgement_only(chat: Chat, fake_graph: FakeGraph) -> None:
    conversation = await chat.relayed()
    before = len(await fake_graph.wait_for_texts(GUEST, 2))
    async with chat.open("wanda") as wanda, chat.open("wilma") as wilma:
        await wanda.send({"type": "text", "conversation_id": conversation, "content": "Hello!"})

        assert kinds(await wanda.pending()) == ["acknowledgment received"]
        update = (await wilma.receive_until("conversation_update"))["data"]
        while update["type"] != "new_message":
            update = (await wilma.receive_until("conversation_update"))["data"]
        assert (update["data"]["message_from"], update["data"]["last_message_preview"]) == ("Wanda Staff", "Hello!")
    assert (await fake_graph.wait_for_texts(GUEST, before + 1))[before:] == ["Hello!"]


async def test_the_other_tab_of_the_sender_hears_of_it_as_a_colleague_does(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda") as one, chat.open("wanda") as other:
        await one.send({"type": "text", "conversation_id": conversation, "content": "Hello!"})
        await one.pending()

        assert "conversation_update new_message" in kinds(await other.pending())


async def test_after_unsubscribing_messages_come_as_updates_again(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda") as wanda:
        await subscribed(wanda, conversation)
        answer = await command(wanda, "unsubscribe_conversation", conversation_id=conversation)
        assert_printed(answer, printed.acknowledged("unsubscribed"))
        await chat.write("Hello?")

        assert kinds(await wanda.pending()) == ["conversation_update new_message"]


async def test_a_closed_conversation_is_told_to_the_department_as_printed(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with (
        chat.open("rita") as rita,
        chat.open("wanda") as wanda,
        chat.open("wilma") as wilma,
        chat.open("carla") as carla,
    ):
        await subscribed(wilma, conversation)
        await rita.send({"type": "close_conversation", "conversation_id": conversation})

        (acknowledged,) = await rita.pending()
        assert_printed(acknowledged, printed.acknowledged("conversation_closed"))
        update = await wanda.receive()
        assert_printed(update, saying(printed.CLOSED, guest_name="John Doe", department="room_service"))
        assert update["data"]["data"]["id"] == conversation
        assert update["data"]["data"]["user_name"] == "Rita Staff"
        changed = await wilma.receive()
        assert (changed["type"], changed["data"]) == ("conversation_changed", update["data"])
        for socket in (wanda, wilma, carla):
            assert await socket.pending() == []


@pytest.mark.parametrize("prefix", ["", "/api"])
async def test_what_is_closed_and_begun_by_rest_is_told_to_the_department(chat: Chat, prefix: str) -> None:
    headers = await signed_in(chat.client, "rita")
    async with chat.open("wanda") as wanda, chat.open("carla") as carla:
        begun = await chat.client.post(
            f"{prefix}/chat/conversations/create/",
            headers=headers,
            json={"guest_whatsapp_number": f"+{GUEST}", "department_type": "Room Service"},
        )
        assert begun.status_code == 201, begun.text
        conversation = begun.json()["conversation_id"]
        event = await wanda.receive()
        wanted = saying(printed.NEW_CONVERSATION, guest_name="John Doe", department="room_service")
        assert_printed(event, saying(wanted, last_message_preview=None))
        assert event["data"]["id"] == conversation
        closed = await chat.client.post(
            f"{prefix}/chat/conversations/close/", headers=headers, json={"conversation_id": conversation}
        )
        assert closed.status_code == 200, closed.text
        event = await wanda.receive()
        assert_printed(event, saying(printed.CLOSED, guest_name="John Doe", department="room_service"))
        assert await wanda.pending() == await carla.pending() == []


async def test_typing_is_told_to_subscribers_and_to_nobody_else(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with (
        chat.open("rita") as rita,
        chat.open("rita") as tab,
        chat.open("wanda") as wanda,
        chat.open("wilma") as wilma,
    ):
        for socket in (rita, tab, wanda):
            await subscribed(socket, conversation)
        await rita.send({"type": "typing", "conversation_id": conversation, "is_typing": True})

        event = await wanda.receive_until("typing")
        assert_printed(event, saying(printed.TYPING, user_name="Rita Staff"))
        assert event["data"]["user_id"] == chat.hotel.staff["rita"]
        assert isinstance(event["seq"], int)
        for socket in (rita, tab, wilma):
            assert "typing" not in kinds(await socket.pending())


async def test_what_becomes_of_a_message_is_told_to_subscribers(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda", reports=True) as wanda:
        await subscribed(wanda, conversation)
        sent = await command(wanda, "text", conversation_id=conversation, content="Hello!")

        status = await wanda.receive_until("message_status")
        while status["data"]["message_id"] != sent["message_id"]:
            status = await wanda.receive_until("message_status")

    assert status["data"]["conversation_id"] == conversation
    assert (status["data"]["delivery_status"], status["data"]["error"]) == ("sent", None)


async def test_a_file_that_has_come_is_told_to_subscribers_as_the_message_reads_now(
    chat: Chat, fake_graph: FakeGraph
) -> None:
    conversation = await chat.relayed()
    await fake_graph.configure(webhook_url=f"{chat.server}/api/message_manager/webhook/whatsapp/")
    async with chat.open("wanda") as wanda:
        await subscribed(wanda, conversation)
        await fake_graph.guest_sends_file(
            GUEST, b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n", "application/pdf"
        )

        first = (await wanda.receive_until("message"))["data"]
        then = (await wanda.receive_until("message_updated"))["data"]

    assert first["message_type"] == then["message_type"] == "document"
    assert first["media_url"] is None
    address = urlsplit(then["media_url"])
    assert (await chat.client.get(f"{address.path}?{address.query}")).status_code == 200
    assert then["id"] == first["id"]


async def test_signing_out_ends_it(chat: Chat) -> None:
    answer = await chat.client.post("/api/auth/token/", json={"username": "wanda", "password": PASSWORD})
    token = answer.json()["access_token"]
    async with open_socket(chat.server, PATH, token=token) as wanda:
        await wanda.pending()
        await chat.client.post("/api/auth/logout/", headers={"Authorization": f"Bearer {token}"})
        assert await wanda.closed_with() == 4401
