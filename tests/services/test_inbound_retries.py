"""A second try that cannot even be noted as failed stands in nobody's way."""

import pytest

from app.core.errors import Unavailable
from app.core.types import UpdateState
from app.models import InboundItem, Message
from tests.desk import GUEST, STRANGER, Desk
from tests.ledger import Ledger
from tests.sign_ins import HeldClock
from tests.triggers import trigger
from tests.world import World, text_message


def fault_at(text: str, code: str) -> str:
    return f"IF NEW.content = '{text}' THEN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END IF"


@pytest.mark.parametrize("code", ["57014", "08006", "40P01"], ids=["too_slow", "disconnected", "deadlock"])
async def test_an_item_whose_try_ends_the_transaction_blocks_no_other(
    desk: Desk, world: World, ledger: Ledger, clock: HeldClock, code: str
) -> None:
    await world.hotel()
    async with trigger(ledger.database, "INSERT ON messages", "RAISE EXCEPTION 'nothing goes'"):
        await desk.take_messages(text_message("First", GUEST))
        clock.move(seconds=1)
        await desk.take_messages(text_message("Second", STRANGER))
    clock.move(minutes=1)

    async with trigger(ledger.database, "INSERT ON messages", fault_at("First", code)):
        with pytest.raises(Unavailable):
            await desk.services.inbound.retry_one()
        assert await desk.services.inbound.retry_one() is True
        assert await desk.services.inbound.retry_one() is False, "its next time has not come"

    assert await ledger.texts(Message.sender_type == "guest") == ["Second"]
    assert [each.state for each in await ledger.rows(InboundItem)] == [UpdateState.PENDING, UpdateState.PROCESSED]
    clock.move(minutes=1)
    assert await desk.services.inbound.retry_one() is True
    assert await ledger.texts(Message.sender_type == "guest") == ["Second", "First"]
