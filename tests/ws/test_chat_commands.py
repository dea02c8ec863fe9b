"""What staff may do to a conversation by the chat, what is acknowledged, and who is told."""

from uuid import uuid4

from app.core.types import Department
from tests.fake_graph import SEA_VIEW_NUMBER, FakeGraph
from tests.world import guest_writes, post_signed, text_message, webhook_body
from tests.ws import chat_printed as printed
from tests.ws.chat import GUEST, STRANGER, Chat, command, kinds, subscribed
from tests.ws.chat_printed import assert_printed, saying


async def test_reading_is_acknowledged_and_told_to_the_department(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda") as wanda, chat.open("wilma") as wilma, chat.open("rita") as rita:
        await subscribed(rita, conversation)
        await wanda.send({"type": "mark_read", "conversation_id": conversation})

        (acknowledged,) = await wanda.pending()
        assert_printed(acknowledged, printed.acknowledged("marked_read"))
        assert acknowledged["messages_marked_read"] == 2
        update, changed = await wilma.receive(), await rita.receive()
        assert kinds([update, changed]) == ["conversation_update marked_read", "conversation_changed marked_read"]
        assert update["data"]["data"]["user_name"] == "Wanda Staff"
        assert (await command(wanda, "mark_read", conversation_id=conversation))["messages_marked_read"] == 0


async def test_some_messages_alone_may_be_marked_as_read(chat: Chat) -> None:
    conversation = await chat.relayed()
    first = next(each["id"] for each in await chat.messages(conversation) if each["sender_type"] == "guest")
    async with chat.open("wanda") as wanda, chat.open("wilma") as wilma:
        answer = await command(wanda, "mark_read", conversation_id=conversation, message_ids=[first])

        assert answer["messages_marked_read"] == 1
        assert (await wilma.receive())["data"]["data"]["message_ids"] == [first]


async def test_a_transfer_is_acknowledged_and_told_to_both_departments(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with (
        chat.open("rita") as rita,
        chat.open("wanda") as wanda,
        chat.open("wilma") as wilma,
        chat.open("carla") as carla,
    ):
        await subscribed(wilma, conversation)
        await rita.send({"type": "transfer", "conversation_id": conversation, "department": "Café"})

        (acknowledged,) = await rita.pending()
        assert_printed(acknowledged, printed.acknowledged("transferred"))
        assert acknowledged["department"] == "café"
        for socket in (wanda, wilma, carla):
            (update,) = await socket.pending()
            assert kinds([update]) == ["conversation_update transferred"]
            assert update["data"]["data"]["department"] == "café"
            assert update["data"]["data"]["previous_department"] == "room_service"
            assert update["data"]["data"]["status"] == "active"
        await chat.write("Hello?")
        assert kinds(await carla.pending()) == ["conversation_update new_message"]
        for socket in (wanda, wilma):
            assert await socket.pending() == []


async def test_whoever_watched_what_was_nobodys_is_told_who_has_taken_it_and_no_more(chat: Chat) -> None:
    await chat.write("Hello", STRANGER)
    conversation = await chat.newest()
    async with chat.open("carla") as carla, chat.open("wanda", "/ws/chat/room_service/") as rooms:
        for socket in (carla, rooms):
            await subscribed(socket, conversation)
        async with chat.open("rita") as rita:
            await command(rita, "transfer", conversation_id=conversation, department="housekeeping")
        await chat.write("A secret of Housekeeping", STRANGER)

        (told,) = await carla.pending()
        assert kinds([told]) == ["conversation_changed transferred"]
        assert (told["data"]["data"]["department"], told["data"]["data"]["previous_department"]) == (
            "housekeeping",
            None,
        )
        assert kinds(await rooms.pending()) == ["conversation_update transferred"]


async def test_a_priority_is_acknowledged_and_told_to_the_department(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda") as wanda, chat.open("wilma") as wilma, chat.open("rita") as rita:
        await subscribed(rita, conversation)
        await wanda.send({"type": "priority", "conversation_id": conversation, "priority": 3})

        (acknowledged,) = await wanda.pending()
        assert_printed(acknowledged, printed.acknowledged("prioritised"))
        assert acknowledged["priority"] == 3
        update, changed = await wilma.receive(), await rita.receive()
        assert kinds([update, changed]) == ["conversation_update prioritised", "conversation_changed prioritised"]
        assert (update["data"]["data"]["priority"], update["data"]["data"]["user_name"]) == (3, "Wanda Staff")
        refused = await command(wanda, "priority", conversation_id=conversation, priority=4)
        assert (refused["type"], list(refused["details"])) == ("error", ["priority"])


async def test_of_two_transfers_the_second_is_told_where_the_conversation_is(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("rita") as rita, chat.open("rita") as other:
        await command(rita, "transfer", conversation_id=conversation, department="cafe")
        await other.pending()
        error = await command(
            other,
            "transfer",
            conversation_id=conversation,
            department="reception",
            from_department="room_service",
        )

    assert (error["type"], error["code"]) == ("error", "moved_meanwhile")
    assert error["details"] == {"department": "café"}
    assert error["conversation_id"] == conversation


async def test_an_assignment_is_acknowledged_and_told_to_the_department(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda") as wanda, chat.open("wilma") as wilma:
        mine = chat.hotel.staff["wanda"]
        await wanda.send({"type": "assign", "conversation_id": conversation, "user_id": mine})

        (acknowledged,) = await wanda.pending()
        assert_printed(acknowledged, printed.acknowledged("assigned"))
        assert (acknowledged["assignee_id"], acknowledged["assignee_name"]) == (mine, "Wanda Staff")
        update = await wilma.receive()
        assert kinds([update]) == ["conversation_update assigned"]
        assert update["data"]["data"]["assignee_name"] == "Wanda Staff"
        error = await command(wilma, "assign", conversation_id=conversation, user_id=chat.hotel.staff["wilma"])
        assert error["code"] == "already_assigned"
        assert error["details"] == {"assignee_id": mine, "assignee_name": "Wanda Staff"}
        released = await command(wanda, "assign", conversation_id=conversation, user_id=None)
        assert released["assignee_id"] is None


async def test_a_note_is_acknowledged_told_to_the_department_and_never_leaves(
    chat: Chat, fake_graph: FakeGraph
) -> None:
    conversation = await chat.relayed()
    before = await fake_graph.wait_for_texts(GUEST, 2)
    mine = str(uuid4())
    async with chat.open("wanda") as wanda, chat.open("wilma") as wilma, chat.open("rita") as rita:
        await subscribed(rita, conversation)
        note = {"conversation_id": conversation, "content": "Allergic to nuts", "client_message_id": mine}
        await wanda.send({"type": "note", **note})

        (acknowledged,) = await wanda.pending()
        assert_printed(acknowledged, saying(printed.RECEIVED, status="noted"))
        assert acknowledged["client_message_id"] == mine
        update = (await wilma.receive())["data"]
        assert (update["type"], update["data"]["content"]) == ("noted", "Allergic to nuts")
        message = (await rita.receive())["data"]
        assert (message["is_note"], message["content"], message["sender_type"]) == (True, "Allergic to nuts", "staff")
        again = await command(wanda, "note", **note)
        assert again["message_id"] == acknowledged["message_id"]
        await command(wanda, "text", conversation_id=conversation, content="Good evening")
    assert (await fake_graph.wait_for_texts(GUEST, len(before) + 1))[len(before) :] == ["Good evening"]


async def test_a_closed_conversation_is_reopened_and_the_department_told(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda") as wanda, chat.open("wilma") as wilma:
        await command(wanda, "close_conversation", conversation_id=conversation)
        again = await command(wanda, "close_conversation", conversation_id=conversation)
        assert again["code"] == "already_closed"
        await wanda.send({"type": "reopen", "conversation_id": conversation})

        (acknowledged,) = await wanda.pending()
        assert_printed(acknowledged, printed.acknowledged("reopened"))
        assert kinds(await wilma.pending()) == ["conversation_update closed", "conversation_update reopened"]


async def test_a_reopening_that_meets_another_open_conversation_names_it(chat: Chat) -> None:
    async with chat.open("rita") as rita:
        closed = await chat.begun(Department.CAFE)
        await rita.send({"type": "close_conversation", "conversation_id": closed})
        await rita.pending()
        current = await chat.begun(Department.CAFE)
        await rita.pending()

        error = await command(rita, "reopen", conversation_id=closed)

    assert error["code"] == "conversation_open"
    assert error["details"] == {"conversation_id": current}
    assert error["conversation_id"] == closed


async def test_what_is_open_already_is_told_by_the_chats_own_word(chat: Chat) -> None:
    conversation = await chat.relayed()
    for path in ("/ws/chat/", "/ws/chat/Room Service/"):
        async with chat.open("wanda", path) as wanda:
            error = await command(wanda, "reopen", conversation_id=conversation)

        assert (error["code"], error["details"]) == ("not_closed", {"status": "active"})


async def test_a_reaction_leaves_is_acknowledged_and_told(chat: Chat, fake_graph: FakeGraph) -> None:
    conversation = await chat.relayed()
    guests = next(each["id"] for each in await chat.messages(conversation) if each["sender_type"] == "guest")
    sent = len(await fake_graph.wait_for_sent(GUEST, 2))
    async with chat.open("wanda") as wanda, chat.open("wilma") as wilma, chat.open("rita") as rita:
        await subscribed(rita, conversation)
        await wanda.send({"type": "react", "message_id": guests, "emoji": "👍"})

        (acknowledged,) = await wanda.pending()
        assert_printed(acknowledged, saying(printed.RECEIVED, status="reacted"))
        assert (acknowledged["message_id"], acknowledged["emoji"]) == (guests, "👍")
        update = (await wilma.receive())["data"]
        assert (update["type"], update["data"]["message_id"], update["data"]["emoji"]) == ("reacted", guests, "👍")
        told = await rita.receive()
        assert told["type"] == "reaction"
        told["data"].pop("id")
        assert told["data"].pop("created_at").endswith("Z")
        assert told["data"] == {
            "message_id": guests,
            "conversation_id": conversation,
            "emoji": "👍",
            "sender_type": "staff",
            "sender_id": chat.hotel.staff["wanda"],
            "sender_name": "Wanda Staff",
        }
    assert (await fake_graph.wait_for_sent(GUEST, sent + 1))[-1]["reaction"]["emoji"] == "👍"


async def test_a_guests_reaction_and_its_taking_back_are_told_as_such_and_not_as_messages(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda") as wanda, chat.open("wilma", "/ws/chat/Room Service/") as rooms:
        await subscribed(wanda, conversation)
        await guest_writes(chat.client, "My key is gone", message_id="wamid.KEY")
        about = (await wanda.receive_until("message"))["data"]["id"]
        await rooms.pending()
        for emoji in ("❤", ""):
            reaction = {"type": "reaction", "reaction": {"message_id": "wamid.KEY", "emoji": emoji}}
            await post_signed(chat.client, webhook_body((SEA_VIEW_NUMBER, [text_message("", GUEST) | reaction])))
            for socket in (wanda, rooms):
                told = await socket.receive()
                data = told["data"]
                assert (told["type"], data["message_id"], data["emoji"]) == ("reaction", about, emoji)
                assert (data["sender_type"], data["sender_id"], data["sender_name"]) == ("guest", None, "John Doe")
                assert data["conversation_id"] == conversation


async def test_what_another_tab_does_is_told_to_the_one_whose_command_changed_nothing(chat: Chat) -> None:
    conversation = await chat.relayed()
    wanda, wilma = chat.hotel.staff["wanda"], chat.hotel.staff["wilma"]
    async with chat.open("wanda") as one, chat.open("wanda") as other:
        for user_id in (wanda, wanda):  # the second time it is hers already
            await command(one, "assign", conversation_id=conversation, user_id=user_id)
        await one.send({"type": "typing", "conversation_id": conversation, "is_typing": False})
        assert "conversation_update assigned" not in kinds(await one.pending()), "it was acknowledged"

        await command(other, "assign", conversation_id=conversation, user_id=wilma)
        await command(other, "mark_read", conversation_id=conversation)

        assert kinds(await one.pending()) == ["conversation_update assigned", "conversation_update marked_read"]
