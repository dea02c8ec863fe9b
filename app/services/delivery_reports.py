"""What providers report of messages that left: sent, delivered, read, failed.

Reports come twice, in any order, and before the answer to the send that they are about. Each is kept once; a message's
status only rises. One that carries our delivery's id proves a send whose own answer was lost.
"""

from datetime import datetime

from app.channels.base import InboundStatus
from app.core.events import MessageStatusChanged
from app.core.types import DeliveryStatus
from app.store.channels import ChannelRecord
from app.store.messages import StatusReport
from app.store.unit_of_work import UnitOfWork


async def take_status(work: UnitOfWork, channel: ChannelRecord, item: InboundStatus, at: datetime) -> None:
    """Keep one report, and raise the status of its message where we know it."""
    report = StatusReport(
        channel_id=channel.id,
        external_id=item.external_id[:512],
        status=item.status[:32],
        delivery_id=item.delivery_id,
        error_code=item.error_code,
        error=item.error_title[:500] if item.error_title else None,
        at=item.at or at,
    )
    if not await work.messages.add_status(report):
        return
    revived = False
    if item.delivery_id is not None:
        settled = await work.deliveries.settle(channel.id, item.delivery_id, at)
        if settled is not None:
            await work.messages.set_external_id(settled, report.external_id)
            revived = await work.messages.revive(settled)
            work.has_deliveries = True  # the next of this conversation may go
    place = (await work.messages.places(channel.id, [report.external_id])).get(report.external_id)
    if place is not None and not await apply_report(work, *place, report) and revived:
        await _tell(work, *place, DeliveryStatus.SENT)


async def apply_report(work: UnitOfWork, message_id: int, conversation_id: int, report: StatusReport) -> bool:
    """Raise a message's status to what a report says; whether it rose. A word that we do not know raises nothing."""
    try:
        status = DeliveryStatus(report.status)
    except ValueError:
        return False
    error = (report.error or "The provider could not deliver this.") if status is DeliveryStatus.FAILED else None
    if not await work.messages.raise_status(message_id, status, error):
        return False
    await _tell(work, message_id, conversation_id, status, error)
    return True


async def _tell(
    work: UnitOfWork, message_id: int, conversation_id: int, status: DeliveryStatus, error: str | None = None
) -> None:
    conversation = await work.conversations.get(conversation_id)
    assert conversation is not None, "a message stands in a conversation"
    work.emit(
        conversation.hotel_id,
        MessageStatusChanged(
            conversation=conversation.as_ref(), message_id=message_id, delivery_status=status, error=error
        ),
    )
