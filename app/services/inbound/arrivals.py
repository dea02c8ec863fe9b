"""A batch of messages on its way in: everything they need is loaded and locked in few statements, decided in memory
by the guest desk, and written in few more. However many there are, they take about as many statements as one.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from app.channels.base import Channel
from app.channels.items import Echo, InboundMessage, Sender
from app.core.events import Change
from app.core.types import ConversationStatus, MessageType
from app.services.inbound.changes import Changes, Entry
from app.services.inbound.corrections import reading_on_arrival, spellings_of
from app.services.inbound.guest_desk import GuestDesk, Taken
from app.services.inbound.reception import Caller, meet, settle
from app.services.inbound.visitor import Visitor, put_state
from app.store.channels import ChannelRecord
from app.store.conversations import ConversationState, Opening
from app.store.corrections import Correction
from app.store.unit_of_work import UnitOfWork


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """One message, of a guest or of the hotel's own phone, and the channel that it came by.

    ``opens_at`` is the time that counts for the window: the provider's, where the body was signed.
    """

    channel: ChannelRecord
    item: InboundMessage
    by_hotel: bool = False
    opens_at: datetime

    @property
    def caller(self) -> tuple[int, str]:
        return self.channel.id, self.item.group or self.item.sender.address

    @property
    def is_reaction(self) -> bool:
        return self.item.type is MessageType.REACTION


def arrival_of(channel: ChannelRecord, item: InboundMessage | Echo, *, at: datetime, believed: bool) -> Arrival:
    """``at`` is when it was received; ``believed`` whether the provider's own times are to be trusted."""
    if isinstance(item, Echo):
        return Arrival(channel=channel, item=item.message, by_hotel=True, opens_at=at)
    return Arrival(channel=channel, item=item, opens_at=item.sent_at or at if believed else at)


async def take_messages(
    work: UnitOfWork, provider: Channel, desk: GuestDesk, arrivals: Sequence[Arrival], at: datetime
) -> None:
    """Take them all, or raise what is wrong with one of them. One that was taken before is passed over."""
    own_words_last = sorted(arrivals, key=lambda each: not each.by_hotel)  # they tell more of a guest than an echo does
    visitors = await meet(work, provider, {each.caller: _caller(each) for each in own_words_last})
    batch = _Batch(work, desk, visitors, at)
    await batch.look_up(arrivals)
    fresh = batch.fresh(arrivals)
    await batch.open_conversations(fresh)
    for arrival in fresh:
        await batch.take(arrival)
    await batch.write()


class _Batch:
    """What one call has loaded."""

    def __init__(
        self, work: UnitOfWork, desk: GuestDesk, visitors: dict[tuple[int, str], Visitor], at: datetime
    ) -> None:
        self._work = work
        self._desk = desk
        self._visitors = visitors
        self._changes = Changes(at)
        self._at = at
        self._places: dict[tuple[int, str], tuple[int, int]] = {}
        self._corrections: dict[tuple[int, str], list[Correction]] = {}
        self._spellings: dict[int, set[str]] = {}

    async def look_up(self, arrivals: Sequence[Arrival]) -> None:
        """What is known of these messages, of those that they answer, and of how they read by now."""
        for channel_id, ids in _by_channel(arrivals):
            answered = {each.item.reply_to for each in arrivals if each.channel.id == channel_id and each.item.reply_to}
            found = await self._work.messages.places(channel_id, ids | answered)
            self._places |= {(channel_id, external_id): place for external_id, place in found.items()}
            if new := [each for each in ids if each not in found]:
                told = await self._work.corrections.of_targets(channel_id, new)
                self._corrections |= {(channel_id, target): each for target, each in told.items()}
        if self._corrections:
            guests = {visitor.guest.id for visitor in self._visitors.values()}
            self._spellings = await self._work.guests.spellings_of(guests)

    def fresh(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Those that were not taken before, each once."""
        first: dict[tuple[int, str], Arrival] = {}
        for each in arrivals:
            key = each.channel.id, each.item.external_id
            if key not in self._places:
                first.setdefault(key, each)
        return list(first.values())

    async def open_conversations(self, arrivals: Sequence[Arrival]) -> None:
        """Everybody who says something has a conversation; one who merely reacts needs none to be open, nor who goes on
        with what has moved."""
        visitors: dict[tuple[int, int], Visitor] = {}
        for arrival in arrivals:
            visitor = self._visitors[arrival.caller]
            goes_on = visitor.choose(self._replied_to(arrival)[1]) or (arrival.by_hotel and visitor.away)
            if not arrival.is_reaction and not goes_on:
                visitors.setdefault((visitor.guest.id, visitor.channel.id), visitor)
        if visitors:
            await self._open_for(visitors)

    async def _open(self, visitor: Visitor) -> ConversationState:
        await self._open_for({(visitor.guest.id, visitor.channel.id): visitor})
        return visitor.conversations[-1]

    async def _open_for(self, openings: dict[tuple[int, int], Visitor]) -> None:
        """With the bot, for visitors by their guest and channel."""
        await self._changes.settle(self._work)
        wanted = [opening_of(visitor, self._desk.first_state(visitor).status) for visitor in openings.values()]
        for conversation, is_new in await self._work.conversations.open_many(wanted):
            visitor = openings[conversation.guest_id, conversation.channel_id]
            visitor.conversations.append(conversation)
            if is_new:
                put_state(conversation, self._desk.first_state(visitor))
                self._changes.happened(conversation, Change.CREATED)

    async def take(self, arrival: Arrival) -> None:
        visitor = self._visitors[arrival.caller]
        reply_to, replies_in = self._replied_to(arrival)
        if arrival.is_reaction:
            conversation = await self._home_of_reaction(visitor, replies_in)
        elif arrival.by_hotel:
            conversation = await self._home_of_echo(visitor, replies_in)
        else:
            # What was open here may have gone to another channel with an earlier message of the batch.
            conversation = visitor.choose(replies_in) or await self._open(visitor)
        taken = Taken(
            item=arrival.item,
            reading=reading_on_arrival(arrival.item, self._told_of(arrival), writer=self._writer(arrival, visitor)),
            conversation=conversation,
            reply_to=reply_to,
        )
        if arrival.is_reaction:
            self._desk.take_reaction(self._changes, visitor, taken, by_hotel=arrival.by_hotel)
        elif arrival.by_hotel:
            self._desk.take_echo(self._changes, visitor, taken)
        else:
            visitor.has_written(arrival.opens_at)
            self._desk.take(self._changes, visitor, taken)

    async def write(self) -> None:
        await self._changes.write(self._work)
        await settle(self._work, self._visitors.values(), self._at)

    def _replied_to(self, arrival: Arrival) -> tuple[int | Entry | None, int | None]:
        """The message that this one answers, and the conversation of that."""
        external_id = arrival.item.reply_to
        if external_id is None:
            return None, None
        if entry := self._changes.entry(arrival.channel.id, external_id):
            return entry, entry.conversation.id
        return self._places.get((arrival.channel.id, external_id), (None, None))

    async def _home_of_echo(self, visitor: Visitor, replies_in: int | None) -> ConversationState:
        """Where the hotel's phone answers: as a guest's message goes, but what staff have had on this channel and have
        on another by now keeps its answers. Of that and the flow's, whichever spoke here last."""
        chosen = visitor.choose(replies_in)
        if visitor.away and (chosen is None or chosen.status is not ConversationStatus.RELAY):
            open_ones = {each.id: each for each in (*visitor.here, *visitor.away)}
            last = self._changes.last_home(visitor.channel.id, open_ones)
            last = last or await self._work.messages.last_home(visitor.channel.id, open_ones)
            chosen = open_ones[last] if last is not None else chosen
        return chosen or await self._open(visitor)

    async def _home_of_reaction(self, visitor: Visitor, replies_in: int | None) -> ConversationState:
        """The conversation of what it reacts to, also a closed one; else the guest's open one; else their last.
        Somebody without any, who reacts to what we do not know, gets one that is closed from the start."""
        if replies_in is not None:
            for each in (*visitor.conversations, *visitor.elsewhere.values()):
                if each.id == replies_in:
                    return each
            await self._changes.settle(self._work)
            found = await self._work.conversations.lock_many([replies_in])
            if found and found[0].guest_id == visitor.guest.id:
                return visitor.elsewhere.setdefault(replies_in, found[0])
        if chosen := visitor.choose():
            return chosen
        if visitor.elsewhere:
            return visitor.elsewhere[max(visitor.elsewhere)]
        await self._changes.settle(self._work)
        last = await self._work.conversations.newest_of(visitor.guest.id, visitor.channel.id)
        if last is None:
            ((last, _),) = await self._work.conversations.open_many([opening_of(visitor, ConversationStatus.CLOSED)])
            last.closed_at = self._at
        return visitor.elsewhere.setdefault(last.id, last)

    def _told_of(self, arrival: Arrival) -> list[Correction]:
        return self._corrections.get((arrival.channel.id, arrival.item.external_id), [])

    def _writer(self, arrival: Arrival, visitor: Visitor) -> set[str]:
        if arrival.by_hotel:
            return {arrival.channel.account}
        own = spellings_of(arrival.item.sender)
        # All others who write in a group are known as the group, too.
        return own if arrival.item.group is not None else own | self._spellings.get(visitor.guest.id, set())


def _caller(arrival: Arrival) -> Caller:
    group = arrival.item.group
    if group is None:
        return Caller(channel=arrival.channel, sender=arrival.item.sender)
    return Caller(channel=arrival.channel, sender=Sender(address=group), is_group=True)


def opening_of(visitor: Visitor, status: ConversationStatus) -> Opening:
    """A conversation with nobody in particular, where the guest writes now."""
    return Opening(
        hotel_id=visitor.channel.hotel_id,
        guest_id=visitor.guest.id,
        channel_id=visitor.channel.id,
        account_id=visitor.account.id,
        chat_id=visitor.place[1],
        stay_id=visitor.stay.id if visitor.stay else None,
        status=status,
    )


def _by_channel(arrivals: Iterable[Arrival]) -> Iterator[tuple[int, set[str]]]:
    """The external ids, channel by channel."""
    found: dict[int, set[str]] = {}
    for each in arrivals:
        found.setdefault(each.channel.id, set()).add(each.item.external_id)
    yield from sorted(found.items())
