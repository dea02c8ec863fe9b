"""Guests on Telegram and on Instagram, and staff with document 4's client: one list, a socket for each conversation,
and each answer on its guest's own channel."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.core.settings import Settings
from app.store.database import Database
from tests.fake_graph import FakeGraph
from tests.fake_telegram import BOT_ID, BOT_TOKEN, GUEST, SECRET, FakeTelegram, message, serve_fake_telegram
from tests.instagram import Instagram, open_account
from tests.sockets import open_socket
from tests.world import HotelWorld, World, token_of


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with serve_fake_telegram() as telegram:
        yield telegram


@pytest.fixture
def settings(settings: Settings, telegram: FakeTelegram) -> Settings:
    return settings.model_copy(update={"telegram_api_url": telegram.url})


@pytest.fixture
async def hotel(world: World, telegram: FakeTelegram, server: str) -> HotelWorld:
    """Rita's, with a bot on Telegram, whose webhook is set."""
    hotel = await world.hotel()
    await world.telegram(hotel, BOT_TOKEN, SECRET)
    await world.user(hotel, "rita")
    await telegram.set_webhook(f"{server}/api/webhooks/telegram/{BOT_ID}/")
    return hotel


@pytest.fixture
async def instagram(
    hotel: HotelWorld, database: Database, settings: Settings, fake_graph: FakeGraph, server: str
) -> Instagram:
    await open_account(database, settings, hotel)
    instagram = Instagram(fake_graph)
    await instagram.serve(server, window="refuse")
    return instagram


async def test_guests_on_telegram_and_on_instagram_are_in_one_list_and_answered_where_they_wrote(
    client: httpx.AsyncClient, server: str, telegram: FakeTelegram, instagram: Instagram
) -> None:
    token = await token_of(client, "rita")
    async with open_socket(server, "/ws/conversations/", token=token) as everything:
        await everything.pending()
        await telegram.update(message=message(text="Is there a bath?"))
        by_telegram = await everything.receive_until("new_customer_message")
        await instagram.guest_writes("Do you allow dogs?")
        by_instagram = await everything.receive_until("new_customer_message")
        await everything.send({"type": "get_conversations"})
        rows = (await everything.receive_until("conversations_list"))["conversations"]

    assert said(by_telegram) == ("telegram", "Is there a bath?")
    assert said(by_instagram) == ("instagram", "Do you allow dogs?")
    ids = [by_telegram["conversation_id"], by_instagram["conversation_id"]]
    assert {each["id"]: each["customer"]["source"] for each in rows} == dict(
        zip(ids, ("telegram", "instagram"), strict=True)
    )
    titles = {each["title"] for each in rows}
    assert "telegram - Tove" in titles

    await telegram.texts(1)  # the flow's
    await instagram.wait_for_texts(1)
    await answer(server, token, ids[0], "A tub, indeed.")
    await answer(server, token, ids[1], "Small ones, with pleasure.")
    sent = await telegram.wait_for("sendMessage", 2)
    assert sent[1] == {"chat_id": GUEST, "text": "A tub, indeed."}
    assert (await instagram.wait_for_texts(2))[1] == "Small ones, with pleasure."


async def test_a_guest_on_telegram_and_staff_talk_on_the_socket_of_their_conversation(
    client: httpx.AsyncClient, server: str, telegram: FakeTelegram, hotel: HotelWorld
) -> None:
    await telegram.update(message=message(text="Hello"))
    token = await token_of(client, "rita")
    async with open_socket(server, "/ws/conversations/", token=token) as everything:
        await everything.send({"type": "get_conversations"})
        (row,) = (await everything.receive())["conversations"]
    async with open_socket(server, f"/ws/chat/{row['id']}/", token=token) as chat:
        first, flows = (await chat.receive())["messages"]
        assert (first["content"], first["type"], first["customer"]["source"]) == ("Hello", "customer", "telegram")
        assert (flows["type"], flows["is_ai_response"]) == ("AI", True)
        await chat.send({"type": "typing", "is_typing": True})
        assert await telegram.wait_for("sendChatAction") == [{"chat_id": GUEST, "action": "typing"}]
        await chat.send({"type": "chat_message", "content": "Good evening"})
        assert said(await chat.receive_until("chat_message")) == ("telegram", "Good evening")
        await telegram.update(message=message(text="Is there a bath?"))
        assert said(await chat.receive_until("chat_message")) == ("telegram", "Is there a bath?")


async def answer(server: str, token: str, conversation_id: str, content: str) -> None:
    """Staff answer on the conversation's own socket, and see it."""
    async with open_socket(server, f"/ws/chat/{conversation_id}/", token=token) as chat:
        await chat.send({"type": "chat_message", "content": content})
        assert (await chat.receive_until("chat_message"))["message"]["content"] == content


def said(frame: dict[str, Any]) -> tuple[str, str]:
    return frame["message"]["customer"]["source"], frame["message"]["content"]
