"""A body's items, taken: many at a time, each lot in a savepoint, and alone what is at fault.

Where a lot fails it is taken by halves, until the item that nobody can take stands by itself; its neighbours stand.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import datetime

import structlog

from app.channels.base import Channel, SendOutcome
from app.channels.items import (
    AccountFault,
    Blocked,
    Echo,
    Edited,
    IdentityChanged,
    InboundMessage,
    InboundStatus,
    Preference,
    Revoked,
    Unreadable,
)
from app.services import channels
from app.services.inbound.arrivals import arrival_of, take_messages
from app.services.inbound.corrections import correct, revoke_parts
from app.services.inbound.delivery_reports import take_statuses
from app.services.inbound.echoes import sort_echoes
from app.services.inbound.guest_desk import GuestDesk
from app.services.inbound.identities import change_identity, note_block, note_preference
from app.services.inbound.intake import Body, Placed
from app.services.retrying import own_fault
from app.store.saving import batched
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

LONGEST_ADDRESS = 254
LONGEST_ID = 512
MESSAGES_AT_ONCE = 1_000
STATUSES_AT_ONCE = 10_000

Failures = dict[int, Exception]
"""What failed, by the position of the item."""

Take = Callable[[Sequence[Placed]], Awaitable[None]]


class NotReadable(Exception):
    """An item that no further try will make readable."""


async def take_items(work: UnitOfWork, desk: GuestDesk, placed: Sequence[Placed], body: Body) -> Failures:
    """Take items, in their order where that matters: who wrote under which identity, and what was said first."""
    failures: Failures = {each.position: error for each in placed if (error := _misfit(each)) is not None}
    fitting = await sort_echoes(work, [each for each in placed if each.position not in failures])
    at, provider = body.received_at, body.provider

    async def take_some(some: Sequence[Placed]) -> None:
        arrivals = [
            arrival_of(each.channel, each.item, at=at, believed=body.signed)
            for each in some
            if isinstance(each.item, InboundMessage | Echo)
        ]
        await take_messages(work, provider, desk, arrivals, at)

    async def take_each(some: Sequence[Placed]) -> None:
        for each in some:
            await _take_change(work, provider, each, at)

    async def take_reports(some: Sequence[Placed]) -> None:
        reports = [(each.channel, each.item) for each in some if isinstance(each.item, InboundStatus)]
        await take_statuses(work, provider, reports, at)

    for run in _runs(each for each in fitting if not isinstance(each.item, InboundStatus | Edited | Revoked)):
        take, at_once = (take_some, MESSAGES_AT_ONCE) if _is_message(run[0]) else (take_each, len(run))
        for some in batched(run, at_once):
            await _by_halves(work, some, take, failures)
    await _by_halves(work, [each for each in fitting if isinstance(each.item, Edited | Revoked)], take_each, failures)
    for some in batched([each for each in fitting if isinstance(each.item, InboundStatus)], STATUSES_AT_ONCE):
        await _by_halves(work, some, take_reports, failures)
    return failures


async def _by_halves(work: UnitOfWork, placed: Sequence[Placed], take: Take, failures: Failures) -> None:
    """Take these all at once, each half by itself where that fails, and so on."""
    if not placed:
        return
    try:
        async with work.savepoint():
            await take(placed)
        return
    except Exception as error:
        fault = own_fault(error)
    if len(placed) == 1:
        failures[placed[0].position] = fault
        return
    half = len(placed) // 2
    await _by_halves(work, placed[:half], take, failures)
    await _by_halves(work, placed[half:], take, failures)


async def _take_change(work: UnitOfWork, provider: Channel, placed: Placed, at: datetime) -> None:
    """One item of the kinds that come one by one."""
    channel = placed.channel
    match placed.item:
        case Edited() | Revoked() as correction:
            await correct(work, channel, correction, at)
            if isinstance(correction, Revoked):
                await revoke_parts(work, channel, correction, at)
        case IdentityChanged() as change:
            await change_identity(work, provider, channel, change, at)
        case Preference() as preference:
            await note_preference(work, channel, preference, at)
        case Blocked() as block:
            await note_block(work, channel, block, at)
        case AccountFault() as fault:
            log.warning("provider_account_fault", channel_id=channel.id, code=fault.code, title=fault.title)
            if provider.outcome_of(fault.code) is SendOutcome.PAUSE:
                await channels.pause(work, channel.id, fault.title, code=fault.code)


def _is_message(placed: Placed) -> bool:
    return isinstance(placed.item, InboundMessage | Echo)


def _runs(placed: Iterable[Placed]) -> Iterator[list[Placed]]:
    """Messages that stand together, together; anything else, too."""
    run: list[Placed] = []
    for each in placed:
        if run and _is_message(each) is not _is_message(run[0]):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _misfit(placed: Placed) -> NotReadable | None:
    """What no database of ours could keep, or nobody could read."""
    match placed.item:
        case Unreadable() as unreadable:
            return NotReadable(unreadable.reason)
        case Echo(message=message) | (InboundMessage() as message) if not _fits(message):
            return NotReadable("an id or address longer than any provider's")
        case _:
            return None


def _fits(message: InboundMessage) -> bool:
    return (
        max(len(message.sender.address), len(message.group or "")) <= LONGEST_ADDRESS
        and len(message.external_id) <= LONGEST_ID
        and len(message.sender.user_id or "") <= LONGEST_ADDRESS
    )
