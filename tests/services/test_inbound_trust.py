"""Whose body is believed, and whose items are taken from it: hotels share the URL, not the trust."""

from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from app.core.errors import Forbidden
from app.core.settings import Environment, Settings
from app.models import Channel, InboundUpdate, Message
from app.services.inbound.service import Receipt
from tests.desk import STRANGER, Desk, open_desk
from tests.fake_graph import ALPINE_NUMBER, APP_SECRET, SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.world import WEBHOOK, World, post_signed, signature, text_message, webhook_body

UNKNOWN_NUMBER = "700000000000099"


def hello(number: str = SEA_VIEW_NUMBER) -> tuple[str, list[dict[str, Any]]]:
    return number, [text_message(f"Hello {number}", STRANGER)]


async def guests_texts(ledger: Ledger) -> list[str]:
    return await ledger.texts(Message.sender_type == "guest")


async def test_over_http_only_the_right_signature_opens_the_door(client: httpx.AsyncClient, world: World) -> None:
    await world.hotel()
    body = webhook_body(hello())

    right = await post_signed(client, body)
    wrong = await post_signed(client, body, secret="another secret")
    changed = await client.post(WEBHOOK, content=body + b" ", headers=signature(body, APP_SECRET[SEA_VIEW_NUMBER]))
    old = await client.post(WEBHOOK, content=body, headers={"X-Hub-Signature-256": "", "X-Hub-Signature": "sha1=00"})

    assert (right.status_code, right.json()) == (200, {"status": "processed"})
    assert [each.status_code for each in (wrong, changed, old)] == [403, 403, 403]
    assert wrong.json()["code"] == "bad_signature"


async def test_a_wrongly_signed_body_leaves_nothing_behind(desk: Desk, world: World, ledger: Ledger) -> None:
    await world.hotel()

    with pytest.raises(Forbidden):
        await desk.take(webhook_body(hello()), secret="another secret")

    assert await ledger.rows(InboundUpdate) == []


async def test_another_hotels_secret_does_not_sign_for_this_one(desk: Desk, world: World, ledger: Ledger) -> None:
    await world.two_hotels()

    with pytest.raises(Forbidden):
        await desk.take(webhook_body(hello()), secret=APP_SECRET[ALPINE_NUMBER])

    assert await guests_texts(ledger) == []


async def test_of_a_body_of_two_hotels_only_the_signers_items_are_taken(
    desk: Desk, world: World, ledger: Ledger
) -> None:
    await world.two_hotels()

    with capture_logs() as logged:
        answer = await desk.take(webhook_body(hello(), hello(ALPINE_NUMBER)), secret=APP_SECRET[ALPINE_NUMBER])

    assert answer is Receipt.PROCESSED
    assert await guests_texts(ledger) == [f"Hello {ALPINE_NUMBER}"]
    alerts = [(each["event"], each["accounts"]) for each in logged if each["log_level"] == "error"]
    assert alerts == [("inbound_signed_by_another_account", [SEA_VIEW_NUMBER])], "the provider will not send it again"


async def test_two_hotels_that_share_a_secret_both_get_theirs(desk: Desk, world: World, ledger: Ledger) -> None:
    sea_view, alpine = await world.two_hotels()
    sealed = (await ledger.row(Channel, Channel.id == sea_view.channel_id)).credentials
    await ledger.change(Channel, Channel.id == alpine.channel_id, credentials=sealed)

    await desk.take(webhook_body(hello(), hello(ALPINE_NUMBER)), secret=APP_SECRET[SEA_VIEW_NUMBER])

    assert await guests_texts(ledger) == [f"Hello {SEA_VIEW_NUMBER}", f"Hello {ALPINE_NUMBER}"]


async def test_a_channel_whose_credentials_cannot_be_read_trusts_nobody_and_harms_nobody(
    desk: Desk, world: World, ledger: Ledger
) -> None:
    sea_view, _ = await world.two_hotels()
    await ledger.change(Channel, Channel.id == sea_view.channel_id, credentials=b"sealed by another key")

    await desk.take(webhook_body(hello(), hello(ALPINE_NUMBER)), secret=APP_SECRET[ALPINE_NUMBER])
    with pytest.raises(Forbidden):
        await desk.take(webhook_body(hello()), secret=APP_SECRET[SEA_VIEW_NUMBER])

    assert await guests_texts(ledger) == [f"Hello {ALPINE_NUMBER}"]


async def test_a_number_that_is_nobodys_is_ignored_and_kept(desk: Desk, world: World, ledger: Ledger) -> None:
    await world.hotel()
    body = webhook_body(hello(UNKNOWN_NUMBER))

    assert await desk.take(body) is Receipt.IGNORED
    with pytest.raises(Forbidden):
        await desk.take(body, secret="another secret")

    kept = await ledger.row(InboundUpdate)
    assert (kept.body, kept.state) == (body, "ignored")
    assert await guests_texts(ledger) == []


async def test_production_takes_no_unsigned_body(
    settings: Settings, clock: HeldClock, world: World, ledger: Ledger
) -> None:
    await world.hotel()

    async with open_desk(settings, clock, environment=Environment.PRODUCTION) as desk:
        with pytest.raises(Forbidden):
            await desk.take(webhook_body(hello()), secret=None)
        assert await guests_texts(ledger) == []

        assert await desk.take(webhook_body(hello())) is Receipt.PROCESSED


async def test_outside_production_an_unsigned_body_is_taken(desk: Desk, world: World, ledger: Ledger) -> None:
    await world.two_hotels()

    assert await desk.take(webhook_body(hello(), hello(ALPINE_NUMBER)), secret=None) is Receipt.PROCESSED

    assert len(await guests_texts(ledger)) == 2


async def test_the_number_of_a_documents_sample_means_the_first_channel(
    desk: Desk, world: World, ledger: Ledger
) -> None:
    sea_view, _ = await world.two_hotels()

    assert await desk.take(webhook_body(hello("PHONE_NUMBER_ID")), secret=None) is Receipt.PROCESSED

    assert (await ledger.row(Message, Message.sender_type == "guest")).channel_id == sea_view.channel_id


async def test_a_signed_body_with_such_a_number_is_nobodys(desk: Desk, world: World, ledger: Ledger) -> None:
    await world.hotel()

    assert await desk.take(webhook_body(hello("PHONE_NUMBER_ID"))) is Receipt.IGNORED

    assert await guests_texts(ledger) == []


async def test_a_documents_sample_with_a_cut_id_is_taken_once(desk: Desk, world: World, ledger: Ledger) -> None:
    await world.hotel()
    body = webhook_body((SEA_VIEW_NUMBER, [text_message("Hello", STRANGER, message_id="wamid.HBgL...")]))

    for _ in range(2):
        assert await desk.take(body, secret=None) is Receipt.PROCESSED

    assert await guests_texts(ledger) == ["Hello"]


async def test_what_is_no_json_is_kept_and_answered_as_an_error(desk: Desk, world: World, ledger: Ledger) -> None:
    await world.hotel()

    assert await desk.take(b'{"object": \xff') is Receipt.ERROR
    assert await desk.take(b"[", secret=None) is Receipt.ERROR

    first, second = await ledger.rows(InboundUpdate)
    assert (first.body, first.state, first.signed) == (b'{"object": \xff', "error", True)
    assert "JSON" in first.error
    assert (second.body, second.state, second.signed) == (b"[", "error", False)
