"""Texts and files by the chat."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from app.bootstrap import media_links
from app.core.clock import utc_now
from app.core.links import MediaLinks, Variant
from app.core.settings import Settings
from app.core.types import Department
from tests.fake_graph import FakeGraph
from tests.files import PDF
from tests.world import signed_in
from tests.ws import chat_printed as printed
from tests.ws.chat import GUEST, Chat, command, refused, subscribed, upload
from tests.ws.chat_printed import assert_printed


@pytest.mark.parametrize("named_by", ["file_url", "media_id"])
async def test_an_uploaded_file_is_sent_by_its_address_or_its_id(
    chat: Chat, fake_graph: FakeGraph, named_by: str
) -> None:
    conversation = await chat.relayed()
    sent = len(await fake_graph.wait_for_sent(GUEST, 2))
    answer = await chat.client.post(
        "/api/chat/upload-media/",
        headers=await signed_in(chat.client, "wanda"),
        data={"conversation_id": str(conversation), "caption": "Our menu"},
        files={"file": ("menu.pdf", PDF, "application/pdf")},
    )
    uploaded = answer.json()
    fields = {name: uploaded[name] for name in ("conversation_id", named_by, "filename", "file_type", "caption")}
    async with chat.open("wanda") as wanda:
        await subscribed(wanda, conversation)
        acknowledged = await command(wanda, "media", **fields)
        message = (await wanda.receive_until("message"))["data"]

    assert_printed(acknowledged, printed.RECEIVED)
    assert (message["message_type"], message["content"], message["media_filename"]) == (
        "document",
        "Our menu",
        "menu.pdf",
    )
    address = urlsplit(message["media_url"])
    assert (await chat.client.get(f"{address.path}?{address.query}")).content == PDF
    body = (await fake_graph.wait_for_sent(GUEST, sent + 1))[-1]
    assert (body["type"], body["document"]["caption"]) == ("document", "Our menu")


async def test_the_address_of_an_upload_names_it_after_it_has_run_out_too(chat: Chat, settings: Settings) -> None:
    conversation = await chat.relayed()
    media_id = await upload(chat, "wanda")
    long_ago = media_links(settings, lambda: utc_now() - timedelta(days=2)).url(media_id, Variant.ORIGINAL)
    assert (await chat.client.get(long_ago.removeprefix(settings.public_url))).status_code == 403
    async with chat.open("wanda") as wanda:
        answer = await command(wanda, "media", conversation_id=conversation, file_url=long_ago)

    assert answer["status"] == "received"


async def test_an_address_that_is_none_of_an_own_upload_is_refused(chat: Chat, settings: Settings) -> None:
    conversation = await chat.relayed()
    mine, colleagues = await upload(chat, "wanda"), await upload(chat, "wilma")
    links = media_links(settings)
    forged = MediaLinks("another-secret-of-32-bytes-or-more", settings.public_url)
    async with chat.open("wanda") as wanda:
        for address in (
            "https://elsewhere.example/menu.pdf",
            forged.url(mine, Variant.ORIGINAL),
            links.url(colleagues, Variant.ORIGINAL),
            links.url(colleagues, Variant.ORIGINAL).replace(f"/{colleagues}/", f"/{mine}/"),
            links.url(mine, Variant.ORIGINAL).replace("/original/", "/other/"),
            f"{settings.public_url}/api/media/{mine}/original/",
            "",
        ):
            error = await command(wanda, "media", conversation_id=conversation, file_url=address)
            assert error.get("code") == "no_such_file", address
        answer = await command(wanda, "media", conversation_id=conversation, file_url=links.url(mine, Variant.ORIGINAL))
        assert answer["status"] == "received"


async def test_a_file_is_named_once(chat: Chat) -> None:
    conversation = await chat.relayed()
    both: dict[str, Any] = {"file_url": "https://x.example/", "media_id": 1}
    for fields in ({}, both):
        error = await refused(chat, "wanda", type="media", conversation_id=conversation, **fields)
        assert (error["code"], list(error["details"])) == ("bad_fields", ["file_url"])


async def test_a_message_with_the_same_clients_id_is_sent_once_and_acknowledged_again(
    chat: Chat, fake_graph: FakeGraph
) -> None:
    conversation = await chat.relayed()
    before = len(await fake_graph.wait_for_texts(GUEST, 2))
    mine = str(uuid4())
    async with chat.open("wanda") as wanda:
        await subscribed(wanda, conversation)
        fields = {"conversation_id": conversation, "content": "Once", "client_message_id": mine}
        first = await command(wanda, "text", **fields)
        message = (await wanda.receive_until("message"))["data"]
        await wanda.pending()
        second = await command(wanda, "text", **fields)
        assert await wanda.pending() == []

    assert second == first
    assert first["client_message_id"] == message["client_message_id"] == mine
    assert (await fake_graph.wait_for_texts(GUEST, before + 1))[before:] == ["Once"]


async def test_a_long_text_is_acknowledged_with_all_its_parts(chat: Chat) -> None:
    conversation = await chat.relayed()
    async with chat.open("wanda") as wanda:
        answer = await command(wanda, "text", conversation_id=conversation, content="word " * 1000)

        assert len(answer["parts"]) == 2
        assert answer["message_id"] == answer["parts"][0]
        assert await wanda.pending() == []


async def test_what_is_quoted_is_quoted(chat: Chat) -> None:
    conversation = await chat.relayed()
    guests = next(each["id"] for each in await chat.messages(conversation) if each["sender_type"] == "guest")
    async with chat.open("wanda") as wanda:
        await subscribed(wanda, conversation)
        await command(wanda, "text", conversation_id=conversation, content="Yes", reply_to_message_id=guests)

        assert (await wanda.receive_until("message"))["data"]["reply_to_message_id"] == guests


async def test_after_the_window_a_text_is_refused_unless_it_may_wait(chat: Chat, settings: Settings) -> None:
    conversation = await chat.begun(Department.ROOM_SERVICE)  # the guest has never written
    error = await refused(chat, "wanda", type="text", conversation_id=conversation, content="Hello")
    assert error["code"] == "window_closed"
    async with chat.open("wanda") as wanda:
        answer = await command(wanda, "text", conversation_id=conversation, content="Hello", hold=True)
    assert answer["status"] == "received"
