"""Messages of ours as Telegram takes them, over real HTTP, and what is made of its refusals."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.channels.base import (
    Choice,
    Credentials,
    LocalFile,
    LocationOut,
    MediaOut,
    MenuOut,
    NotSendable,
    Outgoing,
    OutgoingContent,
    ReactionOut,
    SendOutcome,
    SendResult,
    TemplateOut,
    TextOut,
)
from app.channels.splitting import utf16_units
from app.channels.telegram import Telegram
from app.core.types import MessageType
from tests.fake_telegram import BOT_ID, BOT_TOKEN, GUEST, FakeTelegram, serve_fake_telegram
from tests.serving import PLAIN

CREDENTIALS = Credentials(access_token=BOT_TOKEN)


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with serve_fake_telegram() as telegram:
        yield telegram


@pytest.fixture
async def channel(telegram: FakeTelegram) -> AsyncIterator[Telegram]:
    async with httpx.AsyncClient(verify=PLAIN) as client:
        yield Telegram(client, base_url=f"{telegram.url}/")


async def send(channel: Telegram, content: OutgoingContent, to: str = str(GUEST), **more: Any) -> SendResult:
    message = Outgoing(delivery_id=7, to=to, content=content, **more)
    return await channel.send(message, account=BOT_ID, credentials=CREDENTIALS)


async def fields(telegram: FakeTelegram, method: str) -> dict[str, Any]:
    """Of the only good call."""
    (call,) = await telegram.calls(ok=True)
    assert call["method"] == method
    found: dict[str, Any] = call["fields"]
    return found


async def test_a_text_is_sent_as_it_is_and_known_by_its_chat_and_number(
    channel: Telegram, telegram: FakeTelegram
) -> None:
    text = "<b>2 < 3</b> & *so* _on_ 👋"

    result = await send(channel, TextOut(text=text))

    assert await fields(telegram, "sendMessage") == {"chat_id": GUEST, "text": text}
    assert (result.outcome, result.external_id) == (SendOutcome.ACCEPTED, f"{GUEST}:1001")


async def test_a_quote_names_the_message_in_the_same_chat_alone(channel: Telegram, telegram: FakeTelegram) -> None:
    for reply_to in (f"{GUEST}:44", "99:44", f"{GUEST}:q44"):
        await send(channel, TextOut(text="yes"), reply_to=reply_to)

    sent = [each["fields"].get("reply_parameters") for each in await telegram.calls("sendMessage")]
    assert sent == [{"message_id": 44, "allow_sending_without_reply": True}, None, None]


async def test_a_menu_is_a_keyboard_below_its_text(channel: Telegram, telegram: FakeTelegram) -> None:
    choices = (Choice(id="room_service", title="Room Service"), Choice(id="é" * 32, title="Other"))

    await send(channel, MenuOut(text="What may it be?", choices=choices, opens="Choose"))

    sent = await fields(telegram, "sendMessage")
    assert sent["reply_markup"]["inline_keyboard"] == [
        [{"text": "Room Service", "callback_data": "room_service"}],
        [{"text": "Other", "callback_data": "é" * 32}],
    ]


async def test_a_menu_that_no_button_can_carry_is_its_text(channel: Telegram, telegram: FakeTelegram) -> None:
    choices = (Choice(id="yes", title="Yes"), Choice(id="é" * 33, title="65 bytes and more"))

    result = await send(channel, MenuOut(text="1. Yes 2. Else", choices=choices, opens="Choose"))

    assert result.outcome is SendOutcome.ACCEPTED
    assert await fields(telegram, "sendMessage") == {"chat_id": GUEST, "text": "1. Yes 2. Else"}


@pytest.mark.parametrize(
    ("kind", "mime_type", "method", "field"),
    [
        (MessageType.IMAGE, "image/jpeg", "sendPhoto", "photo"),
        (MessageType.DOCUMENT, "application/pdf", "sendDocument", "document"),
        (MessageType.AUDIO, "audio/ogg", "sendVoice", "voice"),
        (MessageType.AUDIO, "audio/mpeg", "sendAudio", "audio"),
        (MessageType.AUDIO, "audio/amr", "sendDocument", "document"),
        (MessageType.VIDEO, "video/mp4", "sendVideo", "video"),
        (MessageType.STICKER, "image/webp", "sendSticker", "sticker"),
    ],
)
async def test_a_file_goes_along_and_is_named_by_its_id_the_next_time(
    channel: Telegram,
    telegram: FakeTelegram,
    tmp_path: Path,
    kind: MessageType,
    mime_type: str,
    method: str,
    field: str,
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"bytes of it")
    caption = "" if kind is MessageType.STICKER else "Ça va"
    file = LocalFile(path=path, mime_type=mime_type, filename="né.bin")

    first = await send(channel, MediaOut(type=kind, upload_id="", caption=caption, file=file))
    assert first.upload_id is not None
    again = await send(channel, MediaOut(type=kind, upload_id=first.upload_id, caption=caption))

    assert first.upload_id.startswith(f"{field}:")
    assert (first.outcome, again.outcome) == (SendOutcome.ACCEPTED, SendOutcome.ACCEPTED)
    calls = await telegram.calls(ok=True)
    assert [(each["method"], each["files"]) for each in calls] == [(method, [field]), (method, [])]
    assert [each["fields"].get("caption", "") for each in calls] == [caption, caption]
    assert str(calls[0]["fields"]["chat_id"]) == str(GUEST)


async def test_a_file_that_telegram_would_not_take_is_not_sent(
    channel: Telegram, telegram: FakeTelegram, tmp_path: Path
) -> None:
    path = tmp_path / "upload"
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024 + 1)
    local = LocalFile(path=path, mime_type="application/pdf", filename="a.pdf")

    result = await send(channel, MediaOut(type=MessageType.DOCUMENT, upload_id="", file=local))

    assert (result.outcome, await telegram.calls()) == (SendOutcome.REFUSED, [])


async def test_a_picture_that_telegram_shows_as_none_goes_as_a_file(
    channel: Telegram, telegram: FakeTelegram, tmp_path: Path
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"a panorama")
    local = LocalFile(path=path, mime_type="image/jpeg", filename="view.jpg")
    await telegram.fail(code=400, description="Bad Request: PHOTO_INVALID_DIMENSIONS", method="sendPhoto")

    result = await send(channel, MediaOut(type=MessageType.IMAGE, upload_id="", caption="The view", file=local))

    assert result.outcome is SendOutcome.ACCEPTED
    assert result.upload_id is not None
    assert result.upload_id.startswith("document:")
    (sent,) = await telegram.calls("sendDocument", ok=True)
    assert (sent["files"], sent["fields"]["caption"]) == (["document"], "The view")


async def test_too_much_in_a_group_silences_the_group_and_nobody_else(
    channel: Telegram, telegram: FakeTelegram
) -> None:
    """Telegram takes twenty messages a minute in one."""
    for to, is_group in (("-1001", True), (str(GUEST), False)):
        await telegram.fail(code=429, description="Too Many Requests: retry after 40", parameters={"retry_after": 40})
        result = await send(channel, TextOut(text="Hello"), to=to, to_group=is_group)
        assert result.retry_after == 40
        assert result.outcome is (SendOutcome.PAIR_RATE if is_group else SendOutcome.THROTTLED)


async def test_places_are_pins_and_those_with_a_name_are_venues(channel: Telegram, telegram: FakeTelegram) -> None:
    await send(channel, LocationOut(latitude=1.5, longitude=-2.5))
    await send(channel, LocationOut(latitude=1.5, longitude=-2.5, name="Pier 4"))

    pin, venue = await telegram.calls(ok=True)
    assert (pin["method"], pin["fields"]) == ("sendLocation", {"chat_id": GUEST, "latitude": 1.5, "longitude": -2.5})
    assert (venue["method"], venue["fields"]["title"], venue["fields"]["address"]) == ("sendVenue", "Pier 4", "Pier 4")


async def test_reactions_come_and_go(channel: Telegram, telegram: FakeTelegram) -> None:
    put = await send(channel, ReactionOut(target=f"{GUEST}:44", emoji="❤️"))
    taken = await send(channel, ReactionOut(target=f"{GUEST}:44", emoji=""))

    assert (put.external_id, taken.outcome) == (f"{GUEST}:r7", SendOutcome.ACCEPTED)
    assert [each["fields"]["reaction"] for each in await telegram.calls("setMessageReaction", ok=True)] == [
        [{"type": "emoji", "emoji": "❤"}],
        [],
    ]


async def test_typing_is_shown_and_reading_is_not_told(channel: Telegram, telegram: FakeTelegram) -> None:
    for typing in (False, True):
        result = await channel.mark_read(
            f"{GUEST}:44", to=str(GUEST), typing=typing, account=BOT_ID, credentials=CREDENTIALS
        )
        assert result.outcome is SendOutcome.ACCEPTED

    assert await fields(telegram, "sendChatAction") == {"chat_id": GUEST, "action": "typing"}


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"code": 429, "parameters": {"retry_after": 7}}, SendOutcome.THROTTLED),
        ({"code": 401, "description": "Unauthorized"}, SendOutcome.PAUSE),
        ({"code": 404, "description": "Not Found"}, SendOutcome.PAUSE),
        ({"code": 403, "description": "Forbidden: bot was blocked by the user"}, SendOutcome.REFUSED),
        ({"code": 403, "description": "Forbidden: user is deactivated"}, SendOutcome.REFUSED),
        ({"code": 400, "description": "Bad Request: chat not found"}, SendOutcome.REFUSED),
        ({"code": 400, "description": "Bad Request: can't parse entities"}, SendOutcome.MALFORMED),
        ({"code": 413, "description": "Request Entity Too Large"}, SendOutcome.REFUSED),
        ({"code": 409, "description": "Conflict"}, SendOutcome.RETRY),
        ({"code": 500, "description": "Internal Server Error"}, SendOutcome.RETRY),
        ({"status": 502}, SendOutcome.RETRY),
        ({"status": 429}, SendOutcome.THROTTLED),
        ({"status": 401}, SendOutcome.RETRY),
        ({"drop": True}, SendOutcome.AMBIGUOUS),
    ],
)
async def test_what_a_refusal_means(
    channel: Telegram, telegram: FakeTelegram, fault: dict[str, Any], outcome: SendOutcome
) -> None:
    await telegram.fail(**fault)

    result = await send(channel, TextOut(text="Hello"))

    assert (result.outcome, result.external_id) == (outcome, None)
    assert result.retry_after == (7.0 if "parameters" in fault else None)
    assert BOT_ID not in (result.detail or BOT_ID)
    assert (await send(channel, TextOut(text="Hello"))).outcome is SendOutcome.ACCEPTED


async def test_a_group_that_has_moved_is_written_to_where_it_is(channel: Telegram, telegram: FakeTelegram) -> None:
    await telegram.fail(code=400, description="Bad Request: group moved", parameters={"migrate_to_chat_id": -1009})

    result = await send(channel, TextOut(text="Hello"), to="-55", to_group=True)

    assert result.external_id == "-1009:1001"
    assert [each["fields"]["chat_id"] for each in await telegram.calls("sendMessage")] == [-55, -1009]


async def test_a_host_that_is_not_there_took_nothing() -> None:
    async with httpx.AsyncClient(verify=PLAIN) as client:
        result = await send(Telegram(client, base_url="http://127.0.0.1:1"), TextOut(text="Hello"))

    assert result.outcome is SendOutcome.RETRY
    assert BOT_ID not in (result.detail or BOT_ID)


@pytest.mark.parametrize("token", ["", "abc", "1:a/../b", "8100000001:A B", "8100000001:A\n"])
async def test_what_can_be_no_token_stands_in_no_address(channel: Telegram, telegram: FakeTelegram, token: str) -> None:
    message = Outgoing(delivery_id=7, to=str(GUEST), content=TextOut(text="Hello"))

    result = await channel.send(message, account=BOT_ID, credentials=Credentials(access_token=token))

    assert (result.outcome, await telegram.calls()) == (SendOutcome.PAUSE, [])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (TextOut(text=" \u200b"), "empty_text"),
        (TextOut(text="👋" * 2049), "text_too_long"),
        (MediaOut(type=MessageType.IMAGE, upload_id="1", caption="👋" * 513), "caption_too_long"),
        (MediaOut(type=MessageType.STICKER, upload_id="1", caption="x"), "no_caption"),
        (MediaOut(type=MessageType.CONTACTS, upload_id="1"), "bad_media_type"),
        (LocationOut(latitude=91, longitude=0), "bad_coordinates"),
        (LocationOut(latitude=0, longitude=float("nan")), "bad_coordinates"),
        (ReactionOut(target="1:1", emoji="🛎️"), "bad_emoji"),
        (MediaOut(type=MessageType.DOCUMENT, upload_id="", size=50 * 1024 * 1024 + 1), "file_too_big"),
        (TemplateOut(name="wifi", language="en"), "no_template"),
    ],
)
def test_what_cannot_be_sent_is_told_with_a_word(content: OutgoingContent, code: str) -> None:
    channel = Telegram(httpx.AsyncClient(verify=PLAIN), base_url="http://127.0.0.1:1")

    with pytest.raises(NotSendable) as refused:
        channel.check(content)

    assert refused.value.code == code


def test_a_long_text_is_cut_as_telegram_counts() -> None:
    channel = Telegram(httpx.AsyncClient(verify=PLAIN), base_url="http://127.0.0.1:1")
    family = "👨‍👩‍👧"
    text = f"{family * 400} {family * 400}. {'word ' * 500}"

    parts = channel.split(text)

    assert len(parts) > 1
    assert all(utf16_units(part) <= 4096 for part in parts)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")
    assert all(part.count("👨") == part.count("👧") for part in parts)
    assert channel.split("👋" * 2048) == ["👋" * 2048]
    with pytest.raises(NotSendable):
        channel.split("👋" * 2048 * 9)
