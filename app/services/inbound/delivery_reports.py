"""What providers report of messages that left: sent, delivered, read, failed.

Reports come twice, in any order, and before the answer to the send that they are about. Each is kept once; a message's
status only rises. One that carries our delivery's id proves a send whose own answer was lost. A failure is treated by
its code as one that answers a send: what came too late for the window waits for the guest, what tells of the channel's
own trouble pauses it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from app.channels.base import Channel, SendOutcome
from app.channels.items import InboundStatus
from app.core.events import MessageStatusChanged
from app.core.types import DeliveryStatus, Platform
from app.core.views import ConversationRef
from app.services import channels
from app.services.templates.news import template_refused
from app.store.channels import ChannelRecord
from app.store.statuses import NewStatus, Standing, StatusReport
from app.store.unit_of_work import UnitOfWork

WINDOW_CLOSED = "The 24-hour window has closed: send a template. This goes out when the guest writes again."
WAITS_FOR_GUEST = "The guest wrote too long ago. This goes out when they write again."
WINDOW_CODE: Final = 131047
"""Meta's, also for what is held without asking Meta first."""
WINDOW: Final = timedelta(hours=24)
FAILED = "The provider could not deliver this."

_WORDS = {each.value: each for each in DeliveryStatus}
_READ = frozenset({DeliveryStatus.READ, DeliveryStatus.PLAYED})


def why_held(platform: Platform) -> str:
    """What staff are told of a message that waits for its guest to write."""
    return WINDOW_CLOSED if platform is Platform.WHATSAPP else WAITS_FOR_GUEST


async def take_statuses(
    work: UnitOfWork, provider: Channel, reported: Sequence[tuple[ChannelRecord, InboundStatus]], at: datetime
) -> None:
    """Keep a provider's reports, and raise the statuses of the messages that we know."""
    told: dict[tuple[int, str, str], StatusReport] = {}
    for channel, item in reported:
        report = _report(channel.id, item, at)
        told.setdefault((report.channel_id, report.external_id, report.status), report)
    # Providers send the same statuses in several bodies at once: all go through them in one order.
    fresh = await work.statuses.add_statuses([told[key] for key in sorted(told)])
    by_channel: dict[int, list[StatusReport]] = {}
    for key in sorted(fresh):
        by_channel.setdefault(key[0], []).append(told[key])
    for channel_id, reports in by_channel.items():
        await _apply(work, provider, channel_id, reports, at)


async def apply_report(
    work: UnitOfWork, provider: Channel, message_id: int, conversation_id: int, report: StatusReport
) -> bool:
    """Raise a message's status to what a report says; whether that changed it. A word that we do not know changes
    nothing."""
    standing = await work.statuses.lock_standing(message_id=message_id)
    return bool(await _raise(work, provider, standing, {each.external_id: [report] for each in standing}))


async def _apply(
    work: UnitOfWork, provider: Channel, channel_id: int, reports: Sequence[StatusReport], at: datetime
) -> None:
    """What new reports of one channel bring about."""
    revived: set[int] = set()
    ours = {each.delivery_id: each.external_id for each in reports if each.delivery_id is not None}
    if ours and (settled := await work.deliveries.settle_many(channel_id, ours, at)):
        await work.messages.set_external_ids(settled)
        revived = await work.statuses.revive_many(settled)
        work.has_deliveries = True  # the next of these conversations may go
    by_id: dict[str, list[StatusReport]] = {}
    for report in reports:
        by_id.setdefault(report.external_id, []).append(report)
    standing = await work.statuses.lock_standing(channel_id=channel_id, external_ids=by_id)
    raised = await _raise(work, provider, standing, by_id)
    if untold := [each for each in standing if each.id in revived - raised]:
        refs = await work.views.refs({each.conversation_id for each in untold})
        for each in untold:
            _tell(work, refs[each.conversation_id], each.id, NewStatus(delivery_status=DeliveryStatus.SENT))


async def _raise(
    work: UnitOfWork,
    provider: Channel,
    standing: Iterable[Standing],
    reports: Mapping[str, Sequence[StatusReport]],
) -> set[int]:
    """Write and tell what became of locked messages; the ids of those that changed."""
    changes: dict[int, NewStatus] = {}
    places: dict[int, int] = {}
    for message in standing:
        highest = _highest(message, reports[message.external_id])
        if highest is None:
            continue
        status = _WORDS[highest.status]
        if status is DeliveryStatus.FAILED:
            changes[message.id] = await _failed(work, provider, message, highest)
        else:
            changes[message.id] = NewStatus(delivery_status=status, read_at=_read_at(reports[message.external_id]))
        places[message.id] = message.conversation_id
    if not changes:
        return set()
    await work.statuses.set_statuses(changes)
    refs = await work.views.refs(set(places.values()))
    for message_id in sorted(changes):
        _tell(work, refs[places[message_id]], message_id, changes[message_id])
    return set(changes)


def _highest(message: Standing, reports: Sequence[StatusReport]) -> StatusReport | None:
    """The report that says most of a message, where that is more than stands."""
    known = [each for each in reports if each.status in _WORDS]
    highest = max(known, key=lambda each: _WORDS[each.status].rank, default=None)
    waits_again = message.delivery_status is DeliveryStatus.QUEUED and message.delivery_error_code is not None
    rank = DeliveryStatus.FAILED.rank if waits_again else message.delivery_status.rank
    return highest if highest is not None and _WORDS[highest.status].rank > rank else None


def _read_at(reports: Sequence[StatusReport]) -> datetime | None:
    """When the guest first read, or played, what these are about."""
    return min((each.at for each in reports if each.status in _READ and each.at is not None), default=None)


async def _failed(work: UnitOfWork, provider: Channel, message: Standing, report: StatusReport) -> NewStatus:
    outcome = provider.outcome_of(report.error_code)
    if outcome is SendOutcome.WINDOW and await _hold(work, message, report):
        return NewStatus(delivery_status=DeliveryStatus.QUEUED, error=WINDOW_CLOSED, error_code=report.error_code)
    if outcome is SendOutcome.PAUSE:
        await channels.pause(work, report.channel_id, report.error, code=report.error_code)
    if outcome is SendOutcome.TEMPLATE:
        await _template_refused(work, provider, message, report)
    error = FAILED if report.error_code is None else provider.explain(report.error_code, report.error)
    return NewStatus(delivery_status=DeliveryStatus.FAILED, error=error, error_code=report.error_code)


async def _template_refused(work: UnitOfWork, provider: Channel, message: Standing, report: StatusReport) -> None:
    sent = await work.messages.get(message.id)
    assert sent is not None, "it was locked"
    reason = provider.explain(report.error_code, report.error)
    await template_refused(work, report.channel_id, sent.details, code=report.error_code, reason=reason)


async def _hold(work: UnitOfWork, message: Standing, report: StatusReport) -> bool:
    """Keep what the window refused until the guest writes; whether that could be done. Where they have written since
    it left, it may leave again at once."""
    held = await work.deliveries.hold_sent(message.id, error_code=report.error_code, error=WINDOW_CLOSED)
    if held is None:
        return False
    # Locked: a message that is just coming in has not seen what is held here, and nobody else would release it.
    wrote_at = await work.pace.lock_window(held.channel_id, held.address)
    left_at = min(filter(None, (held.taken_at, report.at)), default=None)
    if wrote_at is not None and left_at is not None and wrote_at > left_at:
        released = await work.deliveries.release_held(held.channel_id, held.address, wrote_at)
        work.has_deliveries = work.has_deliveries or released > 0
    elif left_at is not None:  # it had closed by then
        await work.pace.close_window(held.channel_id, held.address, left_at - WINDOW)
    return True


def _report(channel_id: int, item: InboundStatus, at: datetime) -> StatusReport:
    return StatusReport(
        channel_id=channel_id,
        external_id=item.external_id[:512],
        status=item.status[:32],
        delivery_id=item.delivery_id,
        error_code=item.error_code,
        error=item.error_title[:500] if item.error_title else None,
        at=item.at or at,
    )


def _tell(work: UnitOfWork, conversation: ConversationRef, message_id: int, new: NewStatus) -> None:
    work.emit(
        conversation.hotel_id,
        MessageStatusChanged(
            conversation=conversation,
            message_id=message_id,
            delivery_status=new.delivery_status,
            error=new.error,
            error_code=new.error_code,
        ),
    )
