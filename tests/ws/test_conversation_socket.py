"""``/ws/chat/{conversation_id}/`` as document 4 describes it: what it begins with, takes and tells."""

from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from app.core.types import MessageOrigin
from app.models import Account, Message
from tests.fake_graph import SEA_VIEW_NUMBER, FakeGraph
from tests.ledger import Ledger
from tests.sockets import open_socket
from tests.world import guest_writes, post_signed, text_message, token_of, webhook_body
from tests.ws.chat import GUEST, STRANGER, Chat, command
from tests.ws.conversation_printed import CUSTOMER, MESSAGE, assert_printed
from tests.ws.conversations import recent, say, talking

JOHN: dict[str, Any] = {"first_name": "John", "last_name": "Doe", "source": "whatsapp"}


async def corrected(chat: Chat, kind: str, external_id: str, text: str | None = None) -> None:
    """The guest edits a message, or takes it back."""
    content: dict[str, Any] = {"original_message_id": external_id}
    if text is not None:
        content["message"] = {"type": "text", "text": {"body": text}}
    message = text_message("", GUEST) | {"type": kind, kind: content}
    del message["text"]
    answer = await post_signed(chat.client, webhook_body((SEA_VIEW_NUMBER, [message])))
    assert answer.json() == {"status": "processed"}


async def test_it_begins_with_the_last_fifty_messages_the_oldest_first(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("rita") as rita:
        for number in range(50):
            await command(rita, "text", conversation_id=conversation, content=f"Message {number}")
        await command(rita, "note", conversation_id=conversation, content="A word among us")

    shown = await recent(chat, conversation)

    assert [each["content"] for each in shown] == [f"Message {number}" for number in range(50)]
    assert [int(each["id"]) for each in shown] == sorted(int(each["id"]) for each in shown)


async def test_a_message_has_the_printed_fields(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with talking(chat, "wanda", conversation) as wanda:
        await wanda.send(say("Hello, how can I help you?"))

        told = await wanda.receive()

    assert told["type"] == "chat_message"
    assert_printed(told["message"], MESSAGE, is_answered=False, **JOHN, content="Hello, how can I help you?")
    assert told["message"]["type"] == "support"
    assert told["message"]["customer"].keys() == CUSTOMER.keys()
    assert (told["message"]["conversation_id"], told["conversation_id"]) == (str(conversation), str(conversation))
    assert type(told["seq"]) is int
    assert (told["message"]["sender_name"], told["message"]["message_type"]) == ("Wanda Staff", "text")


async def test_what_is_said_leaves_for_the_guest_and_comes_back_to_its_sender_and_to_all_others(
    chat: Chat, fake_graph: FakeGraph
) -> None:
    conversation = await chat.relayed()
    before = len(await fake_graph.wait_for_texts(GUEST, 2))
    async with talking(chat, "wanda", conversation) as wanda, talking(chat, "wilma", conversation) as wilma:
        await wanda.send(say("Hello, how can I help you?"))

        mine, theirs = await wanda.receive(), await wilma.receive()
        assert mine == theirs
        assert (mine["message"]["content"], mine["message"]["type"]) == ("Hello, how can I help you?", "support")
    assert (await fake_graph.wait_for_texts(GUEST, before + 1))[before:] == ["Hello, how can I help you?"]


async def test_a_message_with_the_same_clients_id_is_sent_once_and_told_to_its_sender_again(chat: Chat) -> None:
    conversation = await chat.relayed()
    mine = str(uuid4())
    async with talking(chat, "wanda", conversation) as wanda, talking(chat, "wilma", conversation) as wilma:
        for _ in range(2):
            await wanda.send(say("Hello!", client_message_id=mine))
        first, second = await wanda.receive_until("chat_message"), await wanda.receive_until("chat_message")

        assert first["message"]["client_message_id"] == second["message"]["client_message_id"] == mine
        assert first["message"]["id"] == second["message"]["id"]
        assert second["seq"] >= first["seq"]
        told = [each["message"]["content"] for each in await wilma.pending() if each["type"] == "chat_message"]
        assert told == ["Hello!"]
    assert [each["content"] for each in await chat.messages(conversation)].count("Hello!") == 1


async def test_a_long_text_comes_back_in_its_parts_and_by_its_clients_id_with_their_ids(chat: Chat) -> None:
    conversation = await chat.relayed()
    said = say("word " * 1000, client_message_id=str(uuid4()))
    async with talking(chat, "wanda", conversation) as wanda:
        await wanda.send(said)
        parts = [each["message"]["id"] for each in await wanda.pending() if each["type"] == "chat_message"]
        await wanda.send(said)
        again = await wanda.receive_until("chat_message")

    assert len(parts) == 2
    assert (again["message"]["id"], again["parts"]) == (parts[0], parts)


async def test_typing_is_told_as_printed_to_the_others_alone(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with talking(chat, "wanda", conversation) as wanda, talking(chat, "wilma", conversation) as wilma:
        for is_typing in (True, False):
            await wanda.send({"type": "typing", "is_typing": is_typing})
            told = await wilma.receive_until("typing_indicator")
            assert (told["username"], told["is_typing"]) == ("Wanda Staff", is_typing)
            assert told["user_id"] == chat.hotel.staff["wanda"]
        assert [each for each in await wanda.pending() if each["type"] == "typing_indicator"] == []


async def test_reading_is_told_as_printed_to_all_and_to_the_reader(chat: Chat) -> None:
    conversation = await chat.relayed()
    guests = [str(each["id"]) for each in await chat.messages(conversation) if each["sender_type"] == "guest"]
    async with talking(chat, "wanda", conversation) as wanda, talking(chat, "wilma", conversation) as wilma:
        for _ in range(2):  # the second time there is nothing new to read
            await wanda.send({"type": "mark_read"})

        for socket in (wanda, wilma):
            (told,) = await socket.pending()
            assert (told["type"], told["user_id"]) == ("messages_read", chat.hotel.staff["wanda"])
            assert (told["username"], told["up_to_id"]) == ("Wanda Staff", guests[-1])


async def test_everybody_who_writes_has_a_type_of_their_own(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with talking(chat, "wanda", conversation) as wanda:
        await chat.write("Two coffees, please")
        live = await wanda.receive()
        await wanda.send(say("At once"))
        await wanda.receive_until("chat_message")
    ledger = Ledger(chat.services.database)
    await ledger.change(Message, Message.content == "At once", origin=MessageOrigin.CAMPAIGN)

    shown = await recent(chat, conversation)

    assert (live["message"]["type"], live["message"]["is_ai_response"]) == ("customer", False)
    assert [(each["type"], each["is_ai_response"]) for each in shown] == [
        *[("customer", False), ("AI", True)] * 2,
        ("customer", False),
        ("marketing", False),
    ]


async def test_a_message_is_answered_where_the_hotel_has_written_since(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with talking(chat, "wanda", conversation) as wanda:
        await chat.write("Two coffees, please")
        assert (await wanda.receive())["message"]["is_answered"] is False
        before = [each["is_answered"] for each in await recent(chat, conversation)]
        await wanda.send(say("At once"))
        await wanda.receive_until("chat_message")

    after = [each["is_answered"] for each in await recent(chat, conversation)]

    assert before == [True, True, True, False, False], "the flow has answered twice, and nobody the last"
    assert after == [True] * 5 + [False]


async def test_notes_and_reactions_are_no_messages_here(chat: Chat) -> None:
    conversation = await chat.relayed()
    await guest_writes(chat.client, "My key is gone", message_id="wamid.KEY")
    async with talking(chat, "wanda", conversation) as wanda, chat.open("rita") as rita:
        await command(rita, "note", conversation_id=conversation, content="Again!")
        reaction = {"type": "reaction", "reaction": {"message_id": "wamid.KEY", "emoji": "❤"}}
        await post_signed(chat.client, webhook_body((SEA_VIEW_NUMBER, [text_message("", GUEST) | reaction])))

        assert await wanda.pending() == []
    assert (await recent(chat, conversation))[-1]["content"] == "My key is gone"


async def test_what_the_guest_edits_or_takes_back_is_told_as_it_reads_now(chat: Chat) -> None:
    conversation = await chat.relayed()
    await guest_writes(chat.client, "Two towls", message_id="wamid.TOWELS")
    async with talking(chat, "wanda", conversation) as wanda:
        await corrected(chat, "edit", "wamid.TOWELS", "Two towels")
        edited = await wanda.receive()
        await corrected(chat, "revoke", "wamid.TOWELS")
        revoked = await wanda.receive()

    assert [each["type"] for each in (edited, revoked)] == ["message_updated"] * 2
    assert [each["message"]["content"] for each in (edited, revoked)] == ["Two towels", "[revoked]"]
    assert edited["message"]["edited_at"].endswith("Z")
    assert "is_answered" not in edited["message"], "what is told of a change says nothing of what came since"
    assert (await recent(chat, conversation))[-1]["content"] == "[revoked]"


async def test_a_file_says_what_it_is_and_has_an_address_once_it_has_come(chat: Chat, fake_graph: FakeGraph) -> None:
    conversation = await chat.relayed()
    await fake_graph.configure(webhook_url=f"{chat.server}/api/message_manager/webhook/whatsapp/")
    async with talking(chat, "wanda", conversation) as wanda:
        pdf = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"
        await fake_graph.guest_sends_file(GUEST, pdf, "application/pdf")

        first = (await wanda.receive_until("chat_message"))["message"]
        then = (await wanda.receive_until("message_updated"))["message"]

    assert (first["content"], first["message_type"], first["media_url"]) == ("[document]", "document", None)
    assert then["id"] == first["id"]
    address = urlsplit(then["media_url"])
    assert (await chat.client.get(f"{address.path}?{address.query}")).status_code == 200


async def test_what_becomes_of_a_message_is_told_on_its_conversations_socket(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with talking(chat, "wanda", conversation, reports=True) as wanda:
        await wanda.send(say("Hello!"))
        sent = await wanda.receive_until("chat_message")
        status = await wanda.receive_until("message_status")
        while status["message_id"] != sent["message"]["id"]:
            status = await wanda.receive_until("message_status")

    assert (status["conversation_id"], status["delivery_status"]) == (str(conversation), "sent")


async def test_what_staff_do_with_the_conversation_is_told_with_how_it_stands(chat: Chat) -> None:
    conversation = await chat.relayed()
    about = {"conversation_id": conversation}
    async with talking(chat, "wanda", conversation) as wanda, chat.open("rita") as rita:
        await command(rita, "priority", **about, priority=3)
        await command(rita, "close_conversation", **about)
        await wanda.send(say("One more thing"))
        told = await wanda.pending()

    assert [(each["type"], each.get("change")) for each in told] == [
        ("conversation_updated", "prioritised"),
        ("conversation_updated", "closed"),
        ("conversation_updated", "reopened"),
        ("chat_message", None),
        ("messages_read", None),
    ]
    stands = [each["conversation"] for each in told[:3]]
    assert [(each["status"], each["priority"]) for each in stands] == [
        ("support_active", 3),
        ("closed", 3),
        ("support_active", 3),
    ]
    assert {each["id"] for each in stands} == {str(conversation)}


async def test_an_error_has_the_printed_form_and_the_socket_stays(chat: Chat) -> None:
    conversation = await chat.relayed()
    mine = str(uuid4())
    async with talking(chat, "wanda", conversation) as wanda:
        faults: list[tuple[Any, str, dict[str, Any]]] = [
            ("not json", "Invalid JSON format", {"code": "bad_json"}),
            ({"type": "sing"}, "Unknown command.", {"code": "unknown_command"}),
            ({"type": "get_conversations"}, "Unknown command.", {"code": "unknown_command"}),
            (
                {"type": "typing"},
                "typing: is_typing is missing.",
                {"code": "bad_fields", "details": {"is_typing": ["It is missing."]}},
            ),
            (
                say(" ", client_message_id=mine),
                "The text is empty.",
                {"code": "empty_text", "details": {"content": ["The text is empty."]}, "client_message_id": mine},
            ),
        ]
        for frame, sentence, beside in faults:
            await wanda.send(frame)
            assert await wanda.receive() == {"error": sentence, **beside}
        await wanda.send(say("Still here"))
        assert (await wanda.receive_until("chat_message"))["message"]["content"] == "Still here"


async def test_after_the_window_a_message_is_refused_and_nothing_of_it_is_kept(chat: Chat) -> None:
    conversation = await chat.relayed()
    await Ledger(chat.services.database).change(Account, last_inbound_at=None)
    async with talking(chat, "wanda", conversation) as wanda:
        await wanda.send(say("Good morning"))
        refused = await wanda.receive()

    assert (refused["code"], refused["details"]["conversation_id"]) == ("window_closed", str(conversation))
    assert "Good morning" not in [each["content"] for each in await chat.messages(conversation)]


async def test_whoever_comes_back_hears_what_they_missed_and_no_recent_messages(chat: Chat) -> None:
    conversation = await chat.relayed()
    token = await token_of(chat.client, "wanda")
    path = f"/ws/chat/{conversation}/"
    async with open_socket(chat.server, path, token=token) as wanda:
        begun = await wanda.receive()
        seen = begun["seq"]
    await chat.write("Are you there?")
    await chat.write("Hello", STRANGER)  # which is none of theirs

    async with open_socket(chat.server, f"{path}?since={seen}", token=token) as wanda:
        missed, heartbeat = await wanda.receive(), await wanda.receive()
        assert (missed["type"], missed["message"]["content"]) == ("chat_message", "Are you there?")
        assert heartbeat["type"] == "heartbeat"
        assert heartbeat["seq"] >= missed["seq"] > seen
        await chat.write("Hello?")
        assert (await wanda.receive())["message"]["content"] == "Hello?"


async def test_a_position_that_is_not_kept_is_told_4409_here_too(chat: Chat) -> None:
    conversation = await chat.relayed()
    token = await token_of(chat.client, "wanda")
    for path in (f"/ws/chat/{conversation}/", "/ws/conversations/"):
        for since in ("999999", "soon"):
            async with open_socket(chat.server, f"{path}?since={since}", token=token) as socket:
                assert await socket.closed_with() == 4409
