"""Coming back to the chat with ``since``: what the departments were told, and then what the subscriptions were."""

from app.core.types import Department
from tests.ws.chat import Chat, command, kinds, subscribed


async def test_what_the_departments_were_told_meanwhile_comes_first(chat: Chat) -> None:
    async with chat.open("wanda") as wanda:
        conversation = await chat.relayed()
        seen = (await wanda.receive())["seq"]
    await chat.write("Are you there?")
    async with chat.open("rita") as rita:
        await command(rita, "close_conversation", conversation_id=conversation)

    async with chat.open("wanda", since=seen) as wanda:
        missed = [await wanda.receive() for _ in range(4)]

    assert kinds(missed) == [
        "conversation_update new_message",  # what the flow said last
        "conversation_update new_message",
        "conversation_update closed",
        "heartbeat",
    ]
    assert [each["seq"] for each in missed[:3]] == sorted({each["seq"] for each in missed[:3]})
    assert missed[3]["seq"] == missed[2]["seq"]


async def test_a_subscription_with_since_brings_the_messages_that_were_told_as_updates(chat: Chat) -> None:
    async with chat.open("wanda") as wanda:
        conversation = await chat.relayed()
        seen = (await wanda.receive())["seq"]
    await chat.write("Are you there?")

    async with chat.open("wanda", since=seen) as wanda:
        assert kinds([await wanda.receive() for _ in range(3)])[2] == "heartbeat"
        await subscribed(wanda, conversation, since=seen)
        told = await wanda.pending()

    assert kinds(told) == ["message", "message"]
    assert told[-1]["data"]["content"] == "Are you there?"


async def test_changes_that_were_told_as_updates_are_not_told_again(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda") as wanda, chat.open("rita") as rita:
        await chat.write("Hello?")
        seen = (await wanda.receive())["seq"] - 1
        await command(rita, "close_conversation", conversation_id=conversation)
        assert kinds(await wanda.pending()) == ["conversation_update closed"]
        await subscribed(wanda, conversation, since=seen)

        assert kinds(await wanda.pending()) == ["message"]


async def test_a_subscription_without_since_brings_nothing_of_the_past(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda") as wanda:
        await subscribed(wanda, conversation)

        assert await wanda.pending() == []


async def test_what_one_has_written_oneself_comes_with_a_later_subscription(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda") as wanda:
        await chat.write("Hello?")
        seen = (await wanda.receive())["seq"]
        await command(wanda, "text", conversation_id=conversation, content="Here we are")
        await wanda.pending()
        await subscribed(wanda, conversation, since=seen)

        told = [each["data"]["content"] for each in await wanda.pending() if each["type"] == "message"]

    assert told == ["Here we are"]


async def test_a_position_that_is_too_old_for_a_subscription_means_starting_afresh(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda") as wanda:
        await wanda.send({"type": "subscribe_conversation", "conversation_id": conversation, "since": 10**9})

        assert await wanda.closed_with() == 4409


async def test_an_old_client_of_the_chat_gets_neither_heartbeats_nor_the_past(chat: Chat) -> None:
    await chat.relayed(Department.ROOM_SERVICE)
    async with chat.open("wanda") as wanda:
        assert await wanda.pending() == []
