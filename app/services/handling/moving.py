"""A conversation is closed, reopened, handed over, given back."""

import msgspec

from app.core.clock import Clock
from app.core.errors import Conflict
from app.core.events import Change
from app.core.principal import Principal
from app.core.types import ConversationStatus, Department
from app.core.views import ConversationRef
from app.flows.definition import FlowBook
from app.flows.engine import begin_state
from app.services.handling.turns import check_free, check_open, take_over, tell_change
from app.services.inbound.visitor import bind_stay, facts_of, put_state
from app.services.locking import lock_known, lock_visible
from app.store.unit_of_work import UnitOfWork


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """Where to, and from where: as the caller says, if they do, and as it was when they called."""

    to: Department
    from_department: Department | None
    seen_in: Department | None


async def close(work: UnitOfWork, principal: Principal, conversation_id: int, clock: Clock) -> ConversationRef:
    """Nobody waits any more. Who took care of it is kept; what the guest writes next begins anew."""
    conversation, _ = await lock_visible(work, principal, conversation_id)
    if conversation.status is ConversationStatus.CLOSED:
        raise Conflict(
            "This conversation is closed already.", code="already_closed", details={"status": conversation.status}
        )
    conversation.status = ConversationStatus.CLOSED
    conversation.closed_at = clock()
    conversation.waiting_since = None
    await work.conversations.save(conversation)
    tell_change(work, conversation, Change.CLOSED, principal)
    return conversation.ref()


async def reopen(work: UnitOfWork, principal: Principal, conversation_id: int, clock: Clock) -> ConversationRef:
    await work.guests.lock_of(conversation_id)
    conversation, others = await lock_visible(work, principal, conversation_id)
    if conversation.status is not ConversationStatus.CLOSED:
        raise Conflict("This conversation is open.", code="not_closed", details={"status": conversation.status})
    change = take_over(conversation, others, clock())
    assert change is Change.REOPENED, "it was closed"
    await work.conversations.save(conversation)
    tell_change(work, conversation, change, principal)
    return conversation.ref()


async def transfer(
    work: UnitOfWork, principal: Principal, conversation_id: int, wanted: Transfer, clock: Clock
) -> ConversationRef:
    """The guest waits for the new department, since when they waited for the old one. It is staff's turn.

    The caller's right to it is that of when they called: a conversation that has gone elsewhere since is refused for
    that, to whoever saw it then.
    """
    await work.guests.lock_of(conversation_id)
    conversation, others = await lock_known(work, conversation_id)
    lost_by = conversation.department
    check_open(conversation)
    if lost_by is wanted.to:
        raise _moved("already_there", "This conversation is with that department already.", lost_by)
    if lost_by is not wanted.seen_in or wanted.from_department not in {None, lost_by}:
        raise _moved("moved_meanwhile", "Somebody else has moved this conversation meanwhile.", lost_by)
    check_free(conversation, wanted.to, others)
    at = clock()
    conversation.department = wanted.to
    conversation.status = ConversationStatus.RELAY
    conversation.relayed_at = at
    conversation.waiting_since = conversation.waiting_since or at
    conversation.assignee_id = conversation.assignee_name = None
    await work.conversations.save(conversation)
    tell_change(work, conversation, Change.TRANSFERRED, principal, previous=lost_by)
    return conversation.ref()


async def end_relay(work: UnitOfWork, principal: Principal, conversation_id: int, book: FlowBook, clock: Clock) -> None:
    """The flow has its turn again, from its beginning, with the stay that counts now. Where the guest talks to it in
    another conversation of this place, it goes on there, and this one ends; so it does where the channel is not in use
    any more."""
    conversation, others = await lock_visible(work, principal, conversation_id)
    if conversation.status is not ConversationStatus.RELAY:
        raise Conflict(
            "This conversation is not relayed to staff.",
            code="not_in_relay",
            details={"status": conversation.status},
        )
    lost_by = conversation.department
    bots = [each for each in others if each.place == conversation.place and each.department is None]
    channel = next(iter(await work.channels.by_ids([conversation.channel_id])), None)
    if bots or channel is None:
        conversation.status = ConversationStatus.CLOSED
        conversation.closed_at = clock()
    else:
        guest = (await work.guests.by_ids([conversation.guest_id]))[conversation.guest_id]
        stay = (await work.guests.current_stays([guest.id])).get(guest.id)
        conversation.department = None
        bind_stay(conversation, stay)
        put_state(conversation, begin_state(book, facts_of(guest, stay, channel)))
    conversation.assignee_id = conversation.assignee_name = None
    conversation.waiting_since = None
    await work.conversations.save(conversation)
    previous = lost_by if conversation.department is None else None
    tell_change(work, conversation, Change.RELAY_ENDED, principal, previous=previous)


def _moved(code: str, sentence: str, department: Department | None) -> Conflict:
    return Conflict(sentence, code=code, details={"department": department})
