"""What the chat refuses, and how it says so."""

from uuid import uuid4

import pytest

from app.core.links import Variant
from app.core.types import Department
from tests.fake_graph import ALPINE_NUMBER
from tests.ws.chat import COMMANDS, PATH, STRANGER, Chat, command, refused, upload

ROOMS = "/ws/chat/Room Service/"

BAD = [
    ("not json", "bad_json"),
    ("[]", "bad_json"),
    ("[" * 20_000, "bad_json"),
    ("{}", "unknown_command"),
    ('{"type": "no_such_command"}', "unknown_command"),
    ('{"type": 7}', "unknown_command"),
    ('{"command": "ping"}', "unknown_command"),
    ('{"type": "text", "conversation_id": 1, "content": "\\ud800"}', "bad_json"),
    ('{"type": "text", "conversation_id": 1, "content": "\\u0000"}', "bad_fields"),
    ('{"type": "text", "conversation_id": 1}', "bad_fields"),
    ('{"type": "text", "content": "x"}', "bad_fields"),
    ('{"type": "text", "conversation_id": "1", "content": "x"}', "bad_fields"),
    ('{"type": "text", "conversation_id": -1, "content": "x"}', "bad_fields"),
    ('{"type": "text", "conversation_id": ' + "9" * 5000 + ', "content": "x"}', "bad_json"),
    ('{"type": "text", "conversation_id": 1, "content": "x", "message_type": "image"}', "bad_fields"),
    ('{"type": "text", "conversation_id": 1, "content": "x", "client_message_id": "7"}', "bad_fields"),
    ('{"type": "subscribe_conversation", "conversation_id": 999999}', "not_found"),
    ('{"type": "subscribe_conversation", "conversation_id": 1, "since": -1}', "bad_fields"),
    ('{"type": "text", "conversation_id": 999999, "content": "x"}', "not_found"),
    ('{"type": "mark_read", "conversation_id": 999999}', "not_found"),
    ('{"type": "typing", "conversation_id": 999999, "is_typing": true}', "not_found"),
    ('{"type": "close_conversation", "conversation_id": 999999}', "not_found"),
    ('{"type": "transfer", "conversation_id": 999999, "department": "cafe"}', "not_found"),
    ('{"type": "assign", "conversation_id": 999999, "user_id": null}', "not_found"),
    ('{"type": "assign", "conversation_id": 999999}', "bad_fields"),
    ('{"type": "note", "conversation_id": 999999, "content": "x"}', "not_found"),
    ('{"type": "reopen", "conversation_id": 999999}', "not_found"),
    ('{"type": "viewing", "conversation_id": 999999}', "not_found"),
    ('{"type": "react", "message_id": 999999, "emoji": "👍"}', "not_found"),
]


@pytest.mark.parametrize("path", [PATH, ROOMS])
async def test_what_is_no_good_command_of_the_chat_gets_an_error_and_the_socket_stays(chat: Chat, path: str) -> None:
    async with chat.open("rita", path) as rita:
        for frame, code in BAD:
            await rita.send(frame)
            error = await rita.receive()

            assert (error["type"], error.get("code")) == ("error", code), frame
            assert error["message"]
        assert await command(rita, "ping") == {"type": "pong"}


async def test_an_error_repeats_what_the_command_was_about(chat: Chat) -> None:
    mine = str(uuid4())
    error = await refused(chat, "rita", type="text", conversation_id=999999, content="x", client_message_id=mine)

    assert (error["conversation_id"], error["client_message_id"]) == (999999, mine)
    assert "message_id" not in error


WRONG: list[tuple[str, str, str]] = [
    ('{"type": "text", "conversation_id": 1}', "content", "is missing"),
    ('{"type": "text", "content": "x"}', "conversation_id", "is missing"),
    ('{"type": "text", "conversation_id": "1", "content": "x"}', "conversation_id", "must be a whole number"),
    ('{"type": "text", "conversation_id": 0, "content": "x"}', "conversation_id", "must be at least 1"),
    ('{"type": "typing", "conversation_id": 1}', "is_typing", "is missing"),
    ('{"type": "note", "conversation_id": 1, "content": null}', "content", "must be a text"),
    ('{"type": "text", "conversation_id": 1, "content": "x", "hold": 1}', "hold", "must be true or false"),
    (
        '{"type": "text", "conversation_id": 1, "content": "x", "client_message_id": "7"}',
        "client_message_id",
        "must be a UUID",
    ),
    (
        '{"type": "text", "conversation_id": 1, "content": "x", "client_message_id": 7}',
        "client_message_id",
        "must be a UUID",
    ),
    (
        '{"type": "text", "conversation_id": 1, "content": "x", "message_type": "image"}',
        "message_type",
        "is none of the values that are taken",
    ),
    ('{"type": "mark_read", "conversation_id": 1, "message_ids": 7}', "message_ids", "must be a list"),
    ('{"type": "mark_read", "conversation_id": 1, "message_ids": [1, "2"]}', "message_ids", "must be a whole number"),
    (
        '{"type": "mark_read", "conversation_id": 1, "message_ids": [' + "1, " * 1000 + "1]}",
        "message_ids",
        "may have at most 1000 entries",
    ),
    ('{"type": "assign", "conversation_id": 1, "user_id": "x"}', "user_id", "must be a whole number"),
]


async def test_a_field_at_fault_is_named_by_its_command_in_a_sentence_of_its_own(chat: Chat) -> None:
    async with chat.open("rita") as rita:
        for frame, field, sentence in WRONG:
            await rita.send(frame)
            error = await rita.receive()

            assert (error["code"], error.get("details")) == ("bad_fields", {field: [f"It {sentence}."]}), frame
            assert error["message"].endswith(f": {field} {sentence}.")
        await rita.send('{"type": "text", "conversation_id": 1, "content": "\\u0000"}')
        assert list((await rita.receive())["details"]) == ["content"]


async def test_what_cannot_be_sent_is_told_by_the_field_of_its_command(chat: Chat) -> None:
    conversation = await chat.relayed()
    mine = await upload(chat, "wanda")
    colleagues = chat.services.links.url(await upload(chat, "wilma"), Variant.ORIGINAL)
    async with chat.open("wanda") as wanda:
        for kind, fields, code, field in (
            ("text", {"content": " "}, "empty_text", "content"),
            ("media", {"file_url": colleagues}, "no_such_file", "file_url"),
            ("media", {"media_id": 10**9}, "no_such_file", "media_id"),
            ("media", {"media_id": mine, "caption": "x" * 1025}, "caption_too_long", "caption"),
            ("note", {"content": " "}, "empty_text", "content"),
        ):
            error = await command(wanda, kind, conversation_id=conversation, **fields)
            assert (error.get("code"), list(error.get("details", {}))) == (code, [field]), kind


async def test_a_department_that_there_is_not_is_named_as_the_field_at_fault(chat: Chat) -> None:
    conversation = await chat.relayed()
    error = await refused(chat, "rita", type="transfer", conversation_id=conversation, department="Spa")

    assert (error["code"], list(error["details"])) == ("bad_fields", ["department"])


async def test_another_departments_and_another_hotels_conversations_are_refused(chat: Chat) -> None:
    other = await chat.world.hotel("alpine-lodge", ALPINE_NUMBER)
    await chat.world.guest(other, "Jane Roe", STRANGER)
    await chat.world.user(other, "anna")
    theirs = await chat.services.handling.create(await chat.principal("anna"), STRANGER, Department.CAFE)
    rooms = await chat.relayed()
    async with chat.open("carla") as carla:
        for name, fields in COMMANDS.items():
            for conversation, code in ((rooms, "forbidden"), (theirs.id, "not_found")):
                answer = await command(carla, name, conversation_id=conversation, **fields)
                assert (answer["type"], answer.get("code")) == ("error", code), (name, answer)
        message = (await chat.messages(rooms))[0]["id"]
        assert (await command(carla, "react", message_id=message, emoji="👍"))["code"] == "forbidden"
