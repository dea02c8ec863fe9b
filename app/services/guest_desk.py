"""What one message of a guest brings about: its conversation, its place in the flow, the answers that leave.

Works inside the transaction of ``services/inbound.py``, on rows that are locked there.
"""

from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import structlog

from app.channels.base import InboundMedia, InboundMessage
from app.channels.registry import ChannelRegistry
from app.core.events import Change, ConversationChanged, MessageCreated
from app.core.types import (
    CheckinState,
    ConversationStatus,
    DeliveryStatus,
    MessageOrigin,
    MessageType,
    SenderType,
)
from app.flows.definition import FlowBook
from app.flows.engine import begin_state, step
from app.flows.types import Facts, FlowState, GuestInput, Outcome, RelayTo, Reply, StoreDocument, SubmitCheckin
from app.services.outgoing import menu_pieces
from app.store.channels import ChannelRecord
from app.store.conversations import ConversationState
from app.store.guests import AccountRecord, GuestRecord, StayRecord
from app.store.messages import NewMedia, NewMessage
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

BOT_STATUSES = frozenset({ConversationStatus.DEMO, ConversationStatus.CHECKIN, ConversationStatus.ACTIVE})


class AlreadyTaken(Exception):
    """The provider's id of this message is known: it has been delivered before."""


@dataclass
class Visitor:
    """A guest who is writing, on one channel: what the transaction has loaded and locked of them."""

    channel: ChannelRecord
    account: AccountRecord
    guest: GuestRecord
    stay: StayRecord | None
    conversations: list[ConversationState] = field(default_factory=list)

    @property
    def facts(self) -> Facts:
        return facts_of(self.guest, self.stay, self.channel)


def facts_of(guest: GuestRecord, stay: StayRecord | None, channel: ChannelRecord) -> Facts:
    """What the flows may know of a guest."""
    return Facts(
        hotel_name=channel.hotel_name,
        guest_name=guest.full_name,
        booking_name=guest.full_name if stay else "",
        room_number=stay.room_number if stay else "",
        language=guest.language or channel.hotel_language,
        has_stay=stay is not None,
        checkin_due=stay is not None and stay.checkin_due,
    )


class GuestDesk:
    """Takes guests' messages. ``book`` holds the flows, ``channels`` know what they may say at once."""

    def __init__(self, book: FlowBook, channels: ChannelRegistry) -> None:
        self._book = book
        self._channels = channels

    async def take(
        self,
        work: UnitOfWork,
        visitor: Visitor,
        item: InboundMessage,
        *,
        at: datetime,
    ) -> None:
        """Store the message, let the flow answer it, and put what it answers into the outbox. Raises AlreadyTaken."""
        replies_to = await _replied_to(work, visitor, item)
        conversation = self._choose(visitor, replies_to) or await self._open(work, visitor)
        conversation.account_id, conversation.address = visitor.account.id, visitor.account.address
        self._rebind(conversation, visitor)
        outcome = self._ask_flow(conversation, visitor, item)
        stored = await work.messages.add(
            NewMessage(
                hotel_id=conversation.hotel_id,
                conversation_id=conversation.id,
                channel_id=conversation.channel_id,
                sender_type=SenderType.GUEST,
                origin=MessageOrigin.GUEST,
                sender_name=conversation.guest_name,
                content=item.text,
                type=item.type,
                media=_media(item.media, conversation, outcome) if item.media else None,
                external_id=item.external_id,
                reply_to_id=replies_to[0] if replies_to else None,
                extra=item.extra,
                provider_timestamp=item.sent_at,
                created_at=at,
            )
        )
        if stored is None:
            raise AlreadyTaken
        conversation.note_message(stored.id, _preview(item), SenderType.GUEST, at)
        if conversation.status is ConversationStatus.RELAY and conversation.waiting_since is None:
            conversation.waiting_since = at
        work.emit(conversation.hotel_id, MessageCreated(conversation=conversation.ref(), message=stored))
        await self._carry_out(work, visitor, conversation, outcome, at)
        await work.conversations.save(conversation)

    def _choose(self, visitor: Visitor, replies_to: tuple[int, int] | None) -> ConversationState | None:
        """The one that it replies to; else the one where staff are, the last active; else the bot's."""
        here = [each for each in visitor.conversations if each.channel_id == visitor.channel.id]
        if replies_to:
            for each in here:
                if each.id == replies_to[1]:
                    return each
        with_staff = [each for each in here if each.status is ConversationStatus.RELAY]
        if with_staff:
            return max(with_staff, key=_last_with_staff)
        return next((each for each in here if each.status in BOT_STATUSES), None)

    async def _open(self, work: UnitOfWork, visitor: Visitor) -> ConversationState:
        """A new conversation, where its flow begins; or the one that a message from elsewhere has just begun."""
        state = begin_state(self._book, visitor.facts)
        conversation, is_new = await work.conversations.open(
            hotel_id=visitor.channel.hotel_id,
            guest_id=visitor.guest.id,
            channel_id=visitor.channel.id,
            account_id=visitor.account.id,
            stay_id=visitor.stay.id if visitor.stay else None,
            status=state.status,
        )
        visitor.conversations.append(conversation)
        if is_new:
            put_state(conversation, state)
            created = ConversationChanged(conversation=conversation.ref(), change=Change.CREATED)
            work.emit(conversation.hotel_id, created)
        return conversation

    def _rebind(self, conversation: ConversationState, visitor: Visitor) -> None:
        """Another stay counts now than when the bot last spoke: it starts anew with that one."""
        if conversation.status not in BOT_STATUSES:
            return
        stay = visitor.stay
        if conversation.stay_id == (stay.id if stay else None):
            return
        bind_stay(conversation, stay)
        put_state(conversation, begin_state(self._book, visitor.facts))

    def _ask_flow(self, conversation: ConversationState, visitor: Visitor, item: InboundMessage) -> Outcome:
        """What the flow makes of it. In a group it keeps silent: it would answer one of many."""
        state = FlowState(
            status=conversation.status,
            flow=conversation.flow_name,
            step=conversation.current_step,
            context=conversation.context_data,
        )
        if item.group is not None:
            return Outcome(state=state)
        said = GuestInput(text=item.text, choice=item.choice, type=item.type, has_media=item.media is not None)
        return step(self._book, state, said, visitor.facts)

    async def _carry_out(
        self,
        work: UnitOfWork,
        visitor: Visitor,
        conversation: ConversationState,
        outcome: Outcome,
        at: datetime,
    ) -> None:
        relays = [effect for effect in outcome.effects if isinstance(effect, RelayTo)]
        put_state(conversation, outcome.state)
        relayed = self._relay(visitor, conversation, relays[-1], at) if relays else None
        for reply in outcome.replies:
            await self._reply(work, visitor, conversation, reply, at)
        if any(isinstance(effect, SubmitCheckin) for effect in outcome.effects) and visitor.stay is not None:
            await work.guests.set_checkin_state(visitor.stay.id, CheckinState.SUBMITTED)
        if relayed is not None:
            if relayed is not conversation:
                await work.conversations.save(relayed)
            work.emit(
                conversation.hotel_id,
                ConversationChanged(conversation=relayed.ref(), change=Change.RELAY_STARTED),
            )

    def _relay(
        self, visitor: Visitor, conversation: ConversationState, effect: RelayTo, at: datetime
    ) -> ConversationState:
        """Hand over to a department: in the conversation that the guest already has with it, if there is one."""
        for other in visitor.conversations:
            if (
                other is not conversation
                and other.channel_id == conversation.channel_id
                and other.department is effect.department
            ):
                put_state(conversation, begin_state(self._book, visitor.facts))
                target = other
                break
        else:
            target = conversation
        target.status = ConversationStatus.RELAY
        target.department = effect.department
        target.relayed_at = at
        target.waiting_since = target.waiting_since or at
        return target

    async def _reply(
        self, work: UnitOfWork, visitor: Visitor, conversation: ConversationState, reply: Reply, at: datetime
    ) -> None:
        options = [msgspec.structs.asdict(option) for option in reply.options]
        for piece in menu_pieces(self._channels.get(conversation.platform), reply.text, options, reply.opens):
            stored = await work.messages.add(
                NewMessage(
                    hotel_id=conversation.hotel_id,
                    conversation_id=conversation.id,
                    channel_id=conversation.channel_id,
                    sender_type=SenderType.SYSTEM,
                    origin=MessageOrigin.FLOW,
                    sender_name=visitor.channel.hotel_name,
                    content=piece.content,
                    extra=piece.extra,
                    delivery_status=DeliveryStatus.QUEUED,
                    created_at=at,
                )
            )
            assert stored is not None, "a message without an outside id meets no other"
            await work.deliver(conversation, stored.id, at)
            conversation.note_message(stored.id, piece.content, SenderType.SYSTEM, at)
            work.emit(conversation.hotel_id, MessageCreated(conversation=conversation.ref(), message=stored))


async def _replied_to(work: UnitOfWork, visitor: Visitor, item: InboundMessage) -> tuple[int, int] | None:
    """The message that this one answers, and its conversation."""
    if item.reply_to is None:
        return None
    return (await work.messages.places(visitor.channel.id, [item.reply_to])).get(item.reply_to)


def bind_stay(conversation: ConversationState, stay: StayRecord | None) -> None:
    """Have the conversation be about this stay, or about none."""
    conversation.stay_id = stay.id if stay else None
    conversation.room_number = stay.room_number if stay else None
    conversation.floor = stay.floor if stay else None


def put_state(conversation: ConversationState, state: FlowState) -> None:
    """Keep where the flow stands on the conversation."""
    conversation.status = state.status
    conversation.flow_name = state.flow
    conversation.current_step = state.step
    conversation.context_data = state.context


def _last_with_staff(conversation: ConversationState) -> tuple[float, int]:
    moments = [at.timestamp() for at in (conversation.last_staff_message_at, conversation.relayed_at) if at]
    return max(moments, default=0.0), conversation.id


def _media(file: InboundMedia, conversation: ConversationState, outcome: Outcome) -> NewMedia:
    is_document = any(isinstance(effect, StoreDocument) for effect in outcome.effects)
    return NewMedia(
        stay_id=conversation.stay_id if is_document else None,
        provider_id=file.provider_id[:512],
        mime_type=file.mime_type[:128] if file.mime_type else None,
        filename=file.filename[:255] if file.filename else None,
        sha256=file.sha256[:128] if file.sha256 else None,
        voice=file.voice,
    )


def _preview(item: InboundMessage) -> str:
    return item.text or ("" if item.type is MessageType.TEXT else f"[{item.type}]")
