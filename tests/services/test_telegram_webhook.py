"""A bot's own address: who is believed there, what is taken once, and what becomes of it."""

import asyncio
import json

import httpx
import pytest
from sqlalchemy import true

from app.core.settings import SettingsError
from app.core.types import IdentityKind, Platform, UpdateState
from app.models import Account, Channel, Conversation, Guest, GuestIdentity, InboundItem, InboundUpdate, Message
from app.services.inbound.intake import RawUpdate
from app.services.inbound.service import Receipt
from tests.channels.telegram_cases import GROUP, in_group, member
from tests.desk import Desk
from tests.fake_telegram import (
    BOT_ID,
    BOT_TOKEN,
    GUEST,
    OTHER_ID,
    OTHER_SECRET,
    OTHER_TOKEN,
    SECRET,
    Json,
    message,
)
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.triggers import trigger
from tests.world import HotelWorld, World

HEADER = "x-telegram-bot-api-secret-token"


@pytest.fixture
async def hotel(world: World) -> HotelWorld:
    """Sea View, which has a bot as Alpine Lodge has another."""
    sea_view, alpine = await world.two_hotels()
    await world.telegram(sea_view, BOT_TOKEN, SECRET)
    await world.telegram(alpine, OTHER_TOKEN, OTHER_SECRET)
    return sea_view


async def take(desk: Desk, update: Json, *, bot: str = BOT_ID, secret: str | None = SECRET) -> Receipt:
    headers = {} if secret is None else {HEADER: secret}
    raw = RawUpdate(platform=Platform.TELEGRAM, body=json.dumps(update).encode(), headers=headers, account=bot)
    return await desk.services.inbound.receive(raw)


async def test_an_update_belongs_to_the_bot_whose_address_was_called(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    same = {"update_id": 1, "message": message(5, text="Hello")}

    assert await take(desk, same) is Receipt.PROCESSED
    assert await take(desk, same, bot=OTHER_ID, secret=OTHER_SECRET) is Receipt.PROCESSED

    channels = {each.id: each.account for each in await ledger.rows(Channel, Channel.platform == Platform.TELEGRAM)}
    written = await ledger.rows(Message, Message.sender_type == "guest")
    assert [(channels[each.channel_id], each.external_id) for each in written] == [
        (BOT_ID, f"{GUEST}:5"),
        (OTHER_ID, f"{GUEST}:5"),
    ]
    assert len({each.hotel_id for each in written}) == 2


async def test_one_update_delivered_many_times_at_once_is_taken_once(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    update = {"update_id": 1, "message": message(5, text="Hello")}

    receipts = await asyncio.gather(*(take(desk, update) for _ in range(8)))

    assert set(receipts) == {Receipt.PROCESSED}
    assert await ledger.texts(Message.sender_type == "guest") == ["Hello"]
    assert len(await ledger.rows(Guest)) == 1


async def test_a_guest_is_known_by_their_telegram_id_and_named_as_their_profile(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await take(desk, {"update_id": 1, "message": message(5, text="Hello")})

    guest = await ledger.row(Guest)
    known_as = await ledger.row(GuestIdentity)
    assert (guest.full_name, guest.phone) == ("Tove", None)
    assert (known_as.kind, known_as.value) == (IdentityKind.TELEGRAM, str(GUEST))
    assert (await ledger.row(Account)).address == str(GUEST)


async def test_a_group_is_a_guest_of_its_own_and_goes_to_reception(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await take(desk, {"update_id": 1, "message": in_group(text="When is dinner?")})

    conversation = await ledger.conversation()
    account = await ledger.row(Account)
    written = await ledger.row(Message)
    assert (conversation.status, conversation.department) == ("relay", "Reception")
    assert (account.address, account.is_group, written.sender_name) == (str(GROUP), True, "Tove")


async def test_a_group_that_moves_keeps_its_conversation(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await take(desk, {"update_id": 1, "message": in_group(text="When is dinner?")})
    moved = in_group(migrate_to_chat_id=-1009) | {"message_id": 6}

    await take(desk, {"update_id": 2, "message": moved})
    after = message(1, text="And where?") | {"chat": {"id": -1009, "type": "supergroup"}}
    await take(desk, {"update_id": 3, "message": after})

    assert len(await ledger.rows(Conversation)) == 1
    assert [each.address for each in await ledger.rows(Account)] == ["-1009"]


async def test_an_edit_is_how_the_message_reads_then(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    await take(desk, {"update_id": 1, "message": message(5, text="two towels")})
    edited = message(5, text="three towels", edit_date=1795132900)

    for _ in range(2):
        await take(desk, {"update_id": 2, "edited_message": edited})

    assert await ledger.texts(Message.sender_type == "guest") == ["three towels"]


async def test_staff_are_told_once_that_a_guest_has_blocked_the_bot(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await take(desk, {"update_id": 1, "message": message(5, text="Hello")})

    for _ in range(2):
        again = await take(desk, {"update_id": 2, "my_chat_member": member("member", "kicked")})
    assert again is Receipt.PROCESSED

    (note,) = await ledger.texts(Message.is_note == true())
    assert "has blocked the hotel on Telegram" in note
    assert (await ledger.row(Account)).opted_out_at is not None

    await take(desk, {"update_id": 3, "my_chat_member": member("kicked", "member")})
    again = await take(desk, {"update_id": 2, "my_chat_member": member("member", "kicked")})
    assert again is Receipt.PROCESSED

    assert (await ledger.row(Account)).opted_out_at is None


async def test_an_update_that_failed_is_tried_again_for_its_own_bot(
    desk: Desk, ledger: Ledger, hotel: HotelWorld, clock: HeldClock
) -> None:
    async with trigger(ledger.database, "INSERT ON messages", "RAISE EXCEPTION 'nothing goes'"):
        answer = await take(
            desk, {"update_id": 1, "message": message(5, text="Hello")}, bot=OTHER_ID, secret=OTHER_SECRET
        )
    assert answer is Receipt.ERROR
    clock.move(minutes=1)

    assert await desk.services.inbound.retry_one() is True

    written = await ledger.row(Message, Message.sender_type == "guest")
    channel = await ledger.row(Channel, Channel.id == written.channel_id)
    assert (written.content, channel.account) == ("Hello", OTHER_ID)
    assert (await ledger.row(InboundItem)).state is UpdateState.PROCESSED


@pytest.mark.parametrize(
    ("bot", "secret"),
    [
        pytest.param(BOT_ID, None, id="none"),
        pytest.param(BOT_ID, "", id="empty"),
        pytest.param(BOT_ID, SECRET[:-1], id="nearly"),
        pytest.param(BOT_ID, "sécret", id="not ascii"),
        pytest.param(BOT_ID, OTHER_SECRET, id="of another bot"),
        pytest.param("1", SECRET, id="for a bot that is nobody's"),
    ],
)
async def test_whoever_does_not_know_the_bots_secret_is_refused(
    client: httpx.AsyncClient, ledger: Ledger, hotel: HotelWorld, bot: str, secret: str | None
) -> None:
    headers = {} if secret is None else {HEADER.encode(): secret.encode()}

    answer = await client.post(
        f"/api/webhooks/telegram/{bot}/", json={"update_id": 1, "message": message(5, text="Hello")}, headers=headers
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature")
    assert await ledger.rows(InboundUpdate) == []


async def test_a_bot_without_a_secret_believes_nobody(client: httpx.AsyncClient, world: World, ledger: Ledger) -> None:
    await world.telegram(await world.hotel(), BOT_TOKEN, "")

    for headers in ({}, {HEADER: ""}):
        answer = await client.post(f"/api/webhooks/telegram/{BOT_ID}/", json={"update_id": 1}, headers=headers)
        assert answer.status_code == 403

    assert await ledger.rows(InboundUpdate) == []


async def test_production_does_not_start_with_a_bot_without_a_secret(desk: Desk, world: World) -> None:
    await world.telegram(await world.hotel(), BOT_TOKEN, "")

    async with desk.services.database.read() as work:
        with pytest.raises(SettingsError, match=f"Telegram channel {BOT_ID} .*no app_secret"):
            await desk.services.intake.check_secrets(work)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'"text"', b"[[[[" * 500])
async def test_a_body_that_is_no_update_is_answered_and_kept(
    client: httpx.AsyncClient, ledger: Ledger, hotel: HotelWorld, body: bytes
) -> None:
    answer = await client.post(f"/api/webhooks/telegram/{BOT_ID}/", content=body, headers={HEADER: SECRET})

    assert answer.status_code == 200
    assert (await ledger.row(InboundUpdate)).body == body
