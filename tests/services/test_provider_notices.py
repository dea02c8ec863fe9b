"""What the provider tells of the hotel's own number: logged, and a channel that it refuses is paused."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from app.core.events import ChannelChanged
from app.models import Channel, InboundItem, Message
from app.services.inbound.service import Receipt
from tests.channels.whatsapp_payloads import change, document, encode, text
from tests.desk import STRANGER, Desk, status
from tests.fake_graph import SEA_VIEW_NUMBER
from tests.ledger import Ledger
from tests.world import HotelWorld, text_message


async def take(desk: Desk, **value: Any) -> Receipt:
    return await desk.take(encode(document(change(number=SEA_VIEW_NUMBER, **value))))


async def test_a_fault_of_the_channels_standing_pauses_it(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    for _ in range(2):
        await take(desk, errors=[{"code": 131031, "title": "Account has been locked"}])

    channel = await ledger.row(Channel)
    assert channel.paused_at is not None
    assert channel.pause_reason == "Account has been locked"
    (told,) = [each for each in await ledger.events(hotel.id) if isinstance(each, ChannelChanged)]
    assert told.channel.pause_reason == "Account has been locked"


async def test_a_fault_that_passes_is_logged_alone(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    with capture_logs() as logged:
        await take(desk, errors=[{"code": 130429, "title": "Rate limit hit"}, "x"])

    assert (await ledger.row(Channel)).paused_at is None
    faults = [each["code"] for each in logged if each["event"] == "provider_account_fault"]
    assert faults == [130429, None]


async def test_a_message_that_failed_for_the_token_pauses_the_channel_too(
    desk: Desk, ledger: Ledger, hotel: HotelWorld
) -> None:
    await desk.take_messages(text_message("Hello", STRANGER))
    await ledger.change(Message, Message.sender_type == "system", external_id="wamid.OUT", delivery_status="sent")

    await desk.take_statuses(status("wamid.OUT", "failed", errors=[{"code": 190, "title": "Token expired"}]))

    message = await ledger.row(Message, Message.sender_type == "system")
    assert (message.delivery_status, message.delivery_error_code) == ("failed", 190)
    assert (await ledger.row(Channel)).pause_reason == "Token expired"


@pytest.mark.parametrize(
    ("field", "value", "grave"),
    [
        ("account_update", {"event": "ACCOUNT_RESTRICTION", "restriction_info": [{"restriction_type": "X"}]}, True),
        ("message_template_status_update", {"event": "REJECTED", "message_template_name": "arrival"}, True),
        ("message_template_status_update", {"event": "APPROVED", "message_template_name": "arrival"}, False),
        ("message_template_quality_update", {"new_quality_score": "RED"}, True),
        ("phone_number_quality_update", {"event": "THROUGHPUT_UPGRADE"}, False),
        ("security", {"event": "PIN_RESET_REQUEST"}, True),
        ("business_username_update", {"status": "approved"}, False),
        ("account_alerts", {"alert_info": {}}, True),
    ],
)
async def test_notices_are_logged_by_their_weight_and_ignored(
    desk: Desk, hotel: HotelWorld, field: str, value: dict[str, Any], *, grave: bool
) -> None:
    with capture_logs() as logged:
        assert await desk.take(encode(document({"field": field, "value": value}))) is Receipt.IGNORED

    warnings = [each["subject"] for each in logged if each["log_level"] == "warning"]
    assert warnings == ([field] if grave else [])


async def test_a_number_that_is_not_set_up_here_is_an_alert(desk: Desk, ledger: Ledger, hotel: HotelWorld) -> None:
    with capture_logs() as logged:
        answer = await desk.take(encode(document(change(text("Hello"), number="799000000000000"))))

    assert answer is Receipt.IGNORED
    (alert,) = [each for each in logged if each["event"] == "inbound_for_an_unknown_account"]
    assert (alert["accounts"], alert["log_level"]) == (["799000000000000"], "error")
    assert await ledger.rows(InboundItem) == []
