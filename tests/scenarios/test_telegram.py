"""A guest on Telegram: the flow's menu as buttons, staff on both sockets, and their answer on the guest's channel."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.core.settings import Settings
from app.core.types import Platform
from app.models import Channel, Media, Message
from app.store.database import Database
from tests import files
from tests.eventually import eventually
from tests.fake_telegram import (
    BOT_ID,
    BOT_TOKEN,
    GUEST,
    SECRET,
    FakeTelegram,
    message,
    pressing,
    serve_fake_telegram,
)
from tests.ledger import Ledger
from tests.sockets import open_socket
from tests.world import World, signed_in, token_of


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with serve_fake_telegram() as telegram:
        yield telegram


@pytest.fixture
def settings(settings: Settings, telegram: FakeTelegram) -> Settings:
    return settings.model_copy(update={"telegram_api_url": telegram.url})


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture
async def rita(world: World, telegram: FakeTelegram, server: str) -> str:
    """A receptionist of a hotel that has a bot, whose webhook is set."""
    hotel = await world.hotel()
    await world.telegram(hotel, BOT_TOKEN, SECRET)
    await world.user(hotel, "rita")
    await telegram.set_webhook(f"{server}/api/webhooks/telegram/{BOT_ID}/")
    return "rita"


async def test_a_guest_presses_a_button_and_staff_answer_on_telegram(
    server: str, client: httpx.AsyncClient, telegram: FakeTelegram, rita: str
) -> None:
    await telegram.update(message=message(text="Hello"))
    await telegram.update(message=message(text="services"))
    _, menu = await telegram.wait_for("sendMessage", 2)
    buttons = [row[0] for row in menu["reply_markup"]["inline_keyboard"]]
    assert [each["text"] for each in buttons] == ["Room Service", "Housekeeping", "Reception", "Other"]
    token = await token_of(client, rita)
    async with (
        open_socket(server, "/ws/staff/", token=token) as staff,
        open_socket(server, "/ws/chat/", token=token) as chat,
    ):
        await telegram.update(**pressing(buttons[2]["callback_data"], "q-1", reply_markup=menu["reply_markup"]))
        assert await telegram.wait_for("answerCallbackQuery") == [{"callback_query_id": "q-1"}]
        conversation_id = (await staff.receive_until("new_conversation"))["conversation_id"]
        await staff.send({"command": "subscribe_to_conversation", "conversation_id": conversation_id})
        await staff.pending()
        await chat.receive_until("new_conversation")
        await chat.send({"type": "subscribe_conversation", "conversation_id": conversation_id})
        await chat.pending()
        assert (await telegram.texts(3))[2] == "Connecting you to Reception..."

        await telegram.update(message=message(text="Is there a bath?"))
        while (await staff.receive_until("new_message"))["content"] != "Is there a bath?":
            pass
        while (await chat.receive_until("message"))["data"]["content"] != "Is there a bath?":
            pass
        await chat.send({"type": "text", "conversation_id": conversation_id, "content": "A tub 🛁 & more"})

        answer = (await telegram.wait_for("sendMessage", 4))[3]
        assert answer == {"chat_id": GUEST, "text": "A tub 🛁 & more"}
        while (await staff.receive_until("new_message"))["content"] != "A tub 🛁 & more":
            pass
    headers = await signed_in(client, rita)
    path = f"/api/message_manager/conversations/{conversation_id}/messages/"
    written = (await client.get(path, headers=headers)).json()
    (listed,) = (await client.get("/api/chat/conversations/", headers=headers)).json()["results"]
    assert (listed["id"], listed["guest_info"]["full_name"]) == (conversation_id, "Tove")
    assert (await client.get(f"/api/chat/conversations/{conversation_id}/", headers=headers)).status_code == 200
    assert ("callback_query", "Reception") in [(each["message_type"], each["content"]) for each in written]


async def test_files_go_both_ways_and_go_along_once(
    client: httpx.AsyncClient, telegram: FakeTelegram, rita: str, ledger: Ledger
) -> None:
    file_id = await telegram.keep(files.photo_bytes(), name="tap.jpg")
    photo = [{"file_id": file_id, "file_unique_id": "u", "width": 640, "height": 480}]
    await telegram.update(message=message(photo=photo, caption="The tap drips"))

    async def fetched() -> bool:
        return [each.state.value for each in await ledger.rows(Media)] == ["stored"]

    await eventually(fetched)
    headers = await signed_in(client, rita)
    plan = {"file": ("plan.pdf", files.PDF, "application/pdf")}
    media_id = (await client.post("/api/media/", files=plan, headers=headers)).json()["id"]
    conversation_id = (await ledger.conversation()).id
    await telegram.fail(status=502, method="sendDocument")

    sent = await client.post(
        f"/api/conversations/{conversation_id}/messages/",
        json={"media_id": media_id, "text": "The plan"},
        headers=headers,
    )

    assert sent.status_code == 201, sent.text
    (fields,) = await telegram.wait_for("sendDocument")
    calls = await telegram.calls("sendDocument")
    assert ([each["files"] for each in calls], fields["caption"]) == ([["document"]] * 2, "The plan")

    async def named() -> bool:
        known = [each.upload_id for each in await ledger.rows(Media, Media.id == media_id)]
        return known == [f"document:{calls[1]['result']['document']['file_id']}"]

    await eventually(named)


async def test_typing_is_shown_to_the_guest(
    client: httpx.AsyncClient, telegram: FakeTelegram, rita: str, ledger: Ledger
) -> None:
    await telegram.update(message=message(text="Hello"))
    conversation_id = (await ledger.conversation()).id

    await client.post(
        f"/api/conversations/{conversation_id}/typing/", json={"is_typing": True}, headers=await signed_in(client, rita)
    )

    assert await telegram.wait_for("sendChatAction") == [{"chat_id": GUEST, "action": "typing"}]


async def test_staff_are_told_why_a_guest_who_blocked_the_bot_gets_nothing(
    client: httpx.AsyncClient, telegram: FakeTelegram, rita: str, ledger: Ledger
) -> None:
    await telegram.update(message=message(text="Hello"))
    await telegram.texts(1)
    await telegram.client.post(f"/_fake/{BOT_ID}/blocks", json={"chat_id": GUEST, "is_blocked": True})
    conversation_id = (await ledger.conversation()).id

    await client.post(
        f"/api/conversations/{conversation_id}/messages/",
        json={"text": "Are you there?"},
        headers=await signed_in(client, rita),
    )

    async def why() -> str | None:
        error: str | None = (await ledger.row(Message, Message.content == "Are you there?")).delivery_error
        return error

    assert "have blocked the bot" in (await eventually(why) or "")


async def test_a_bot_that_is_told_to_wait_waits_and_a_refused_token_pauses_it(
    client: httpx.AsyncClient, telegram: FakeTelegram, rita: str, ledger: Ledger
) -> None:
    await telegram.fail(code=429, parameters={"retry_after": 1}, method="sendMessage")
    await telegram.update(message=message(text="Hello"))
    await telegram.texts(1)
    assert [each.get("code") for each in await telegram.calls("sendMessage")] == [429, None]

    await telegram.fail(code=401, description="Unauthorized", method="sendMessage")
    await telegram.update(message=message(text="services"))

    async def paused() -> str | None:
        bot = await ledger.row(Channel, Channel.platform == Platform.TELEGRAM)
        reason: str | None = bot.pause_reason
        return reason

    assert "refuses the bot's token" in (await eventually(paused) or "")
