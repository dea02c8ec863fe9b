"""``/ws/conversations/`` as document 4 describes it: the list of what its user sees, and what comes unasked."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import insert, update

from app.core.clock import utc_now
from app.core.events import UserChanged
from app.core.settings import Settings
from app.core.types import ConversationStatus, Department, MessageOrigin, MessageType, Platform, SenderType
from app.models import Account, Channel, Conversation, Guest, Message, User
from app.services.container import Services
from tests.fake_graph import ALPINE_NUMBER, SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.statements import recorded
from tests.world import guest_writes, post_signed, text_message, webhook_body
from tests.ws.chat import GUEST, STRANGER, Chat, command
from tests.ws.conversation_printed import CONVERSATION, MESSAGE, assert_printed
from tests.ws.conversations import LIST, listed, say, talking

JOHN: dict[str, Any] = {"first_name": "John", "last_name": "Doe", "source": "whatsapp"}


def in_short(frames: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    """The type, the conversation, and what was said or has changed."""
    return [
        (each["type"], int(each["conversation_id"]), each.get("change") or each["message"]["content"])
        for each in frames
    ]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nothing leaves, and nothing is asked of the database for that."""
    return settings.model_copy(update={"run_outbox": False})


@pytest.fixture
def ledger(chat: Chat) -> Ledger:
    return Ledger(chat.services.database)


async def test_nothing_comes_until_it_is_asked_for_and_both_commands_ask_for_the_same(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("rita", LIST) as rita:
        assert await rita.pending() == []
        answers = []
        for kind in ("get_conversations", "refresh_conversations"):
            await rita.send({"type": kind})
            answers += await rita.pending()

    assert [each["type"] for each in answers] == ["conversations_list"] * 2
    assert answers[0] == answers[1]
    assert [each["id"] for each in answers[0]["conversations"]] == [str(conversation)]
    assert answers[0]["count"] == 1


async def test_a_row_has_the_printed_fields(chat: Chat) -> None:
    await chat.relayed()
    await chat.write("Two coffees, please")

    (row,) = await listed(chat)

    assert_printed(
        row,
        CONVERSATION,
        **JOHN,
        title="whatsapp - John Doe",
        status="support_active",
        profile_picture=None,
        content="Two coffees, please",
        type="customer",
        priority=1,
        unread_count=3,
    )
    assert row["customer"].keys() == CONVERSATION["customer"].keys()
    assert row["last_message"].keys() == CONVERSATION["last_message"].keys()
    assert row["department"] == "room_service"


async def test_a_conversation_in_which_nobody_has_written_has_no_last_message(chat: Chat) -> None:
    await chat.begun(Department.CAFE)

    (row,) = await listed(chat)

    assert (row["last_message"], row["unread_count"]) == (None, 0)


async def test_each_sees_their_own_departments_and_what_has_none_yet(chat: Chat) -> None:
    rooms = await chat.relayed(Department.ROOM_SERVICE)
    await chat.write("Hello", STRANGER)
    nobodys = await chat.newest()
    alpine = await chat.world.hotel("alpine-lodge", ALPINE_NUMBER)
    await chat.world.user(alpine, "anna")

    seen = {name: [int(each["id"]) for each in await listed(chat, name)] for name in ("rita", "wanda", "carla", "anna")}

    assert seen == {"rita": [nobodys, rooms], "wanda": [nobodys, rooms], "carla": [nobodys], "anna": []}


async def test_closed_ones_are_listed_archived_ones_are_not_and_the_last_active_stands_first(
    chat: Chat, ledger: Ledger
) -> None:
    first = await chat.begun(Department.CAFE)
    archived = await chat.begun(Department.HOUSEKEEPING)
    await ledger.change(Conversation, Conversation.id == archived, is_archived=True)
    second = await chat.relayed(guest=STRANGER)
    async with chat.open("rita") as rita:
        await command(rita, "close_conversation", conversation_id=second)
        rows = [(int(each["id"]), each["status"]) for each in await listed(chat)]
        assert rows == [(second, "closed"), (first, "support_active")]
        await ledger.change(Conversation, Conversation.id == first, last_activity_at=utc_now())

    assert [int(each["id"]) for each in await listed(chat)] == [first, second]


@pytest.mark.parametrize(
    ("status", "kind", "shown"),
    [
        (ConversationStatus.DEMO, "general", "active"),
        (ConversationStatus.CHECKIN, "general", "active"),
        (ConversationStatus.ACTIVE, "general", "active"),
        (ConversationStatus.RELAY, "general", "support_active"),
        (ConversationStatus.CLOSED, "general", "closed"),
        (ConversationStatus.ACTIVE, "marketing", "marketing_active"),
        (ConversationStatus.RELAY, "marketing", "support_active"),
        (ConversationStatus.CLOSED, "marketing", "closed"),
    ],
)
async def test_every_status_is_one_of_the_documents_four(
    chat: Chat, ledger: Ledger, status: ConversationStatus, kind: str, shown: str
) -> None:
    await chat.relayed()
    await ledger.change(Conversation, status=status, conversation_type=kind)

    assert [each["status"] for each in await listed(chat)] == [shown]


async def test_every_channel_is_a_source_in_lower_case(chat: Chat, ledger: Ledger) -> None:
    await chat.relayed()
    shown = []
    for platform in Platform:
        await ledger.change(Channel, Channel.id == chat.hotel.channel_id, platform=platform)
        (row,) = await listed(chat)
        shown.append(row["customer"]["source"])
        assert row["title"] == f"{shown[-1]} - John Doe"

    assert shown == ["whatsapp", "telegram", "instagram", "webchat", "email", "internal"]


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("John Doe", "John", "Doe"), ("Tove", "Tove", ""), ("Maria da Silva", "Maria", "da Silva")],
)
async def test_a_full_name_is_the_first_word_and_the_rest(
    chat: Chat, ledger: Ledger, name: str, first: str, last: str
) -> None:
    await chat.relayed()
    await ledger.change(Guest, full_name=name)

    (row,) = await listed(chat)

    assert (row["customer"]["first_name"], row["customer"]["last_name"]) == (first, last)


@pytest.mark.parametrize(
    ("sender", "kind", "shown"),
    [
        (SenderType.GUEST, "general", "customer"),
        (SenderType.STAFF, "general", "support"),
        (SenderType.SYSTEM, "general", "AI"),
        (SenderType.SYSTEM, "marketing", "marketing"),
    ],
)
async def test_the_last_message_has_the_type_of_who_wrote_it(
    chat: Chat, ledger: Ledger, sender: SenderType, kind: str, shown: str
) -> None:
    await chat.relayed()
    await ledger.change(Conversation, last_message_sender=sender, conversation_type=kind)

    assert [each["last_message"]["type"] for each in await listed(chat)] == [shown]


async def test_a_hundred_stand_in_a_list_and_the_others_on_its_next_pages(chat: Chat) -> None:
    await add_conversations(chat, 103)
    async with chat.open("rita", LIST) as rita:
        answers = []
        for asked in ({}, {"page": 2}, {"page": 3}, {"page": 0}):
            await rita.send({"type": "get_conversations", **asked})
            answers += await rita.pending()

    assert [len(each["conversations"]) for each in answers[:2]] == [100, 3]
    assert [each["count"] for each in answers[:2]] == [103, 103]
    listed_once = [row["id"] for each in answers[:2] for row in each["conversations"]]
    assert len({*listed_once}) == 103
    assert [each["code"] for each in answers[2:]] == ["no_such_page", "bad_fields"]


async def test_a_list_takes_as_many_statements_for_fifty_as_for_one(app: FastAPI, chat: Chat) -> None:
    services: Services = app.state.services
    counted = []
    async with chat.open("rita", LIST) as rita:
        for more in (1, 49):
            await add_conversations(chat, more)
            with recorded(services.database.engine) as statements:
                await rita.send({"type": "get_conversations"})
                await rita.receive()
            counted.append(len([each for each in statements.sql if "conversations" in each or "messages" in each]))

    assert counted == [1, 1]


async def add_conversations(chat: Chat, count: int) -> None:
    """Of a guest each, who has written."""
    async with chat.services.database.transaction() as work:
        for _ in range(count):
            on = {"hotel_id": chat.hotel.id, "channel_id": chat.hotel.channel_id}
            guest = insert(Guest).values(hotel_id=chat.hotel.id, full_name="Ann Other").returning(Guest.id)
            guest_id = await work.connection.scalar(guest)
            account = insert(Account).values(**on, guest_id=guest_id, address=f"49151{guest_id:08d}")
            account_id = await work.connection.scalar(account.returning(Account.id))
            begun = insert(Conversation).values(
                **on, guest_id=guest_id, account_id=account_id, status=ConversationStatus.RELAY
            )
            conversation_id = await work.connection.scalar(begun.returning(Conversation.id))
            await work.connection.execute(
                insert(Message).values(
                    **on,
                    conversation_id=conversation_id,
                    sender_type=SenderType.GUEST,
                    origin=MessageOrigin.GUEST,
                    sender_name="Ann Other",
                    type=MessageType.TEXT,
                    content="Hello",
                    created_at=utc_now(),
                )
            )


async def test_each_message_of_a_guest_comes_unasked_also_those_that_the_flow_answers(chat: Chat) -> None:
    async with chat.open("wanda", LIST) as wanda, chat.open("carla", LIST) as carla:
        await chat.write("services")
        conversation = await chat.newest()
        for socket in (wanda, carla):
            told = await socket.pending()
            assert in_short(told) == [
                ("new_customer_message", conversation, "services"),
                ("conversation_updated", conversation, "message"),
            ]
        await chat.write("1")
        await wanda.pending()
        assert in_short(await carla.pending()) == [
            ("new_customer_message", conversation, "1"),
            ("conversation_updated", conversation, "relay_started"),
        ]
        await chat.write("Two coffees, please")

        (last,) = await wanda.pending()
        assert in_short([last]) == [("new_customer_message", conversation, "Two coffees, please")]
        said = last["message"]
        assert_printed(said, MESSAGE, **JOHN, type="customer", content="Two coffees, please", is_answered=False)
        assert await carla.pending() == [], "it is Room Service's now"


async def test_whoever_listed_what_has_found_its_department_is_told_so_and_no_more(chat: Chat) -> None:
    await chat.write("Hello", STRANGER)
    conversation = await chat.newest()
    async with chat.open("carla", LIST) as carla, chat.open("wanda", LIST) as wanda, chat.open("rita") as rita:
        for department in ("room_service", "housekeeping"):
            await command(rita, "transfer", conversation_id=conversation, department=department)
        await chat.write("A secret of Housekeeping", STRANGER)

        moved = ("conversation_updated", conversation, "transferred")
        assert in_short(await carla.pending()) == [moved]
        assert in_short(await wanda.pending()) == [moved, moved]


async def test_what_else_happens_to_a_row_is_told_as_a_change_of_it(chat: Chat) -> None:
    conversation = await chat.relayed()
    about = {"conversation_id": conversation}
    await guest_writes(chat.client, "Two towls", message_id="wamid.TOWELS")
    async with (
        chat.open("wanda", LIST) as wanda,
        chat.open("rita") as rita,
        talking(chat, "rita", conversation) as talker,
    ):
        await command(rita, "mark_read", **about)
        edit = {"original_message_id": "wamid.TOWELS", "message": {"type": "text", "text": {"body": "Two towels"}}}
        message = text_message("", GUEST) | {"type": "edit", "edit": edit}
        await post_signed(chat.client, webhook_body((SEA_VIEW_NUMBER, [message])))
        await talker.send(say("At once"))
        await talker.receive_until("chat_message")
        await command(rita, "note", **about, content="Again!")
        await command(rita, "priority", **about, priority=3)
        await command(rita, "close_conversation", **about)
        told = await wanda.pending()

    assert [change for _, _, change in in_short(told)] == [
        "marked_read",
        "message_updated",
        "message",
        "prioritised",
        "closed",
    ]
    assert {each["type"] for each in told} == {"conversation_updated"}
    assert (told[-1]["conversation"]["status"], told[-1]["conversation"]["priority"]) == ("closed", 3)
    (row,) = await listed(chat, "wanda")
    assert {name: row[name] for name in told[-1]["conversation"]} == told[-1]["conversation"], "as the list has it"


async def test_the_list_follows_its_user_from_one_department_to_another(chat: Chat) -> None:
    rooms = await chat.relayed(Department.ROOM_SERVICE)
    user_id = chat.hotel.staff["wanda"]
    async with chat.open("wanda", LIST) as wanda:
        async with chat.services.database.transaction() as work:
            moved = update(User).where(User.id == user_id).values(departments=[Department.CAFE.value])
            await work.connection.execute(moved)
            work.emit(chat.hotel.id, UserChanged(user_id=user_id))
        cafe = await chat.begun(Department.CAFE)
        told = await wanda.receive()
        assert in_short([told]) == [("conversation_updated", cafe, "relay_started")]
        await wanda.send({"type": "get_conversations"})
        rows = (await wanda.receive())["conversations"]

    assert [int(each["id"]) for each in rows] == [cafe]
    assert rooms != cafe


async def test_an_error_of_the_list_has_the_printed_form_and_the_socket_stays(chat: Chat) -> None:
    async with chat.open("wanda", LIST) as wanda:
        for frame, sentence in (
            ("not json", "Invalid JSON format"),
            ("[]", "A command is a JSON object."),
            (say("Hello"), "Unknown command."),
            ({"type": "get_conversations", "page": "x"}, "get_conversations: page must be a whole number."),
        ):
            await wanda.send(frame)
            error = await wanda.receive()
            assert error["error"] == sentence
            assert error.keys() <= {"error", "code", "details"}
        await wanda.send({"type": "refresh_conversations"})
        assert (await wanda.receive())["type"] == "conversations_list"


async def test_a_list_that_comes_back_hears_what_it_missed(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda", LIST) as wanda:
        await wanda.send({"type": "get_conversations"})
        seen = (await wanda.receive())["seq"]
    await chat.write("Are you there?")

    async with chat.open("wanda", LIST, since=seen) as wanda:
        missed, heartbeat = await wanda.receive(), await wanda.receive()

    assert in_short([missed]) == [("new_customer_message", conversation, "Are you there?")]
    assert (heartbeat["type"], heartbeat["seq"] >= missed["seq"] > seen) == ("heartbeat", True)
