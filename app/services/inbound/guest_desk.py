"""What one message of a guest brings about: its place in a conversation and in the flow, the answers that leave.

Decides in memory, on what ``arrivals.py`` has loaded and locked; what is to be written goes into ``changes.py``.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from app.channels.items import InboundMedia, InboundMessage, Sender
from app.channels.registry import ChannelRegistry
from app.core.events import Change
from app.core.phones import shown
from app.core.types import (
    CheckinState,
    ConversationStatus,
    DeliveryStatus,
    Department,
    MediaState,
    MessageOrigin,
    MessageType,
    Platform,
    SenderType,
)
from app.flows.definition import FlowBook
from app.flows.engine import PAPERS, begin_state, flow_for, step
from app.flows.texts import in_language
from app.flows.types import Expects, FlowState, GuestInput, Outcome, RelayTo, Reply, StoreDocument, SubmitCheckin
from app.services.inbound.changes import Changes, Entry
from app.services.inbound.corrections import WRITER, Reading
from app.services.inbound.phrases import RESUMED, STOPPED, TOO_BIG, is_wish, wants_in, wants_out
from app.services.inbound.visitor import BOT_STATUSES, Visitor, bind_stay, put_state
from app.services.sending.outgoing import menu_pieces
from app.store.conversations import PREVIEW_LENGTH, ConversationState
from app.store.media import FileRecord
from app.store.messages import NewMedia, NewMessage

STOP_NOTE = "This guest has asked for no more messages than answers to their own (STOP)."
START_NOTE = "This guest wants messages from the hotel again (START)."
GROUP_REASON = "A group has written"


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A message on its way in: how it reads by now, where it belongs, what it answers, what the guest's own client
    calls it, and its ``file`` where that is here already."""

    item: InboundMessage
    reading: Reading
    conversation: ConversationState
    reply_to: int | Entry | None = None
    client_message_id: UUID | None = None
    file: FileRecord | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a message is to bring about. ``told_before`` is what the conversation showed as its last message."""

    outcome: Outcome
    is_document: bool
    told_before: str | None


class GuestDesk:
    """Takes guests' messages. ``book`` holds the flows, ``channels`` know what they may say at once."""

    def __init__(self, book: FlowBook, channels: ChannelRegistry) -> None:
        self._book = book
        self._channels = channels

    def first_state(self, visitor: Visitor) -> FlowState:
        """Where a new conversation of this guest begins."""
        return begin_state(self._book, visitor.facts)

    def take(self, changes: Changes, visitor: Visitor, taken: Taken) -> None:
        """A message of a guest: kept, answered by the flow where that speaks, and shown to staff."""
        decision = self.decide(visitor, taken)
        self.keep(changes, visitor, taken, decision)
        self.follow(changes, visitor, taken, decision)

    def category(self, visitor: Visitor, taken: Taken) -> str | None:
        """Who is to deal with it: the department that has the conversation, or a flow, by name."""
        conversation = taken.conversation
        self.rebind(conversation, visitor)
        flow = flow_for(self._book, _state(conversation), _said(taken), visitor.facts)
        return conversation.department if flow is None else flow.name

    def decide(self, visitor: Visitor, taken: Taken) -> Decision:
        """What the flow makes of it. Nothing is written yet."""
        conversation = taken.conversation
        conversation.account_id, conversation.address = visitor.account.id, visitor.account.address
        conversation.window_opened_at = visitor.window_opened_at
        self.rebind(conversation, visitor)
        told_before = conversation.last_message_preview
        outcome = self._ask_flow(conversation, visitor, taken)
        is_document = any(isinstance(effect, StoreDocument) for effect in outcome.effects)
        return Decision(outcome=outcome, is_document=is_document, told_before=told_before)

    def keep(self, changes: Changes, visitor: Visitor, taken: Taken, decision: Decision | None) -> Entry:
        """Store it, and show it to staff; also one of which nothing could be decided."""
        conversation = taken.conversation
        if visitor.bring(conversation):
            changes.happened(conversation, Change.MOVED)
        is_document = (
            (decision is not None and decision.is_document)
            or _is_early_page(conversation, visitor, taken.item)
            or _is_late_page(conversation, visitor, taken.item)
        )
        entry = self._keep(changes, visitor, taken, stay_id=conversation.stay_id if is_document else None)
        if conversation.status is ConversationStatus.RELAY and conversation.waiting_since is None:
            conversation.waiting_since = changes.at
        return entry

    def follow(self, changes: Changes, visitor: Visitor, taken: Taken, decision: Decision) -> None:
        """Do what was decided about a message that is kept: answers, a relay, a check-in, the guest's wishes."""
        item, conversation = taken.item, taken.conversation
        self._carry_out(changes, visitor, conversation, decision.outcome)
        if taken.reading.revoked_at is None:
            self._heed_wishes(changes, visitor, conversation, item)
        if item.too_big and item.group is None and conversation.status in BOT_STATUSES:
            text = in_language(TOO_BIG, visitor.facts.language)
            if decision.told_before not in {text, _preview(taken)[:PREVIEW_LENGTH]}:  # of several in a row, once
                self.reply(changes, visitor, conversation, Reply(text=text))

    def take_reaction(self, changes: Changes, visitor: Visitor, taken: Taken, *, by_hotel: bool = False) -> None:
        """A reaction stands beside what it is about, and asks for nothing: no flow, no waiting, no last message."""
        self._keep(changes, visitor, taken, by_hotel=by_hotel, shows=False)

    def take_echo(self, changes: Changes, visitor: Visitor, taken: Taken) -> None:
        """Somebody of the hotel answered from the phone: as if they had here, so the flow falls silent."""
        conversation, at = taken.conversation, changes.at
        if conversation.status is not ConversationStatus.RELAY:
            conversation.status = ConversationStatus.RELAY
            conversation.relayed_at = at
            changes.happened(conversation, Change.RELAY_STARTED)
        self._keep(changes, visitor, taken, by_hotel=True)
        conversation.last_staff_message_at = at
        conversation.waiting_since = None

    def _keep(
        self,
        changes: Changes,
        visitor: Visitor,
        taken: Taken,
        *,
        by_hotel: bool = False,
        shows: bool = True,
        stay_id: int | None = None,
    ) -> Entry:
        """Store it as it reads by now. ``shows``: as the last message in lists; with ``stay_id`` its file is a document
        of that stay."""
        item, conversation, reading = taken.item, taken.conversation, taken.reading
        in_group = item.group is not None and not by_hotel
        if by_hotel:
            app = "phone" if visitor.channel.platform is Platform.WHATSAPP else visitor.channel.platform.value
            name = f"{visitor.channel.hotel_name} ({app})"
        else:
            name = _name_of(item.sender) if in_group else conversation.guest_name
        return changes.add(
            conversation,
            NewMessage(
                hotel_id=conversation.hotel_id,
                conversation_id=conversation.id,
                chat=visitor.chat,
                channel_id=visitor.channel.id,  # whose ids it bears; the conversation may have gone elsewhere
                sender_type=SenderType.STAFF if by_hotel else SenderType.GUEST,
                origin=MessageOrigin.STAFF if by_hotel else MessageOrigin.GUEST,
                sender_name=name,
                content=reading.text,
                type=item.type,
                media=_media(item.media, reading, stay_id) if item.media and taken.file is None else None,
                external_id=item.external_id,
                client_message_id=taken.client_message_id,
                extra=reading.extra | {WRITER: _writer(item.sender)} if in_group else reading.extra,
                delivery_status=DeliveryStatus.SENT if by_hotel else None,
                edited_at=reading.edited_at,
                revoked_at=reading.revoked_at,
                provider_timestamp=item.sent_at,
                created_at=changes.at,
            ),
            preview=_preview(taken) if shows else None,
            reply_to=taken.reply_to,
            file=taken.file,
            stay_id=stay_id,
        )

    def rebind(self, conversation: ConversationState, visitor: Visitor) -> None:
        """Another stay counts now than when the bot last spoke: it starts anew with that one."""
        if conversation.status not in BOT_STATUSES:
            return
        stay = visitor.stay
        if conversation.stay_id == (stay.id if stay else None):
            return
        bind_stay(conversation, stay)
        put_state(conversation, begin_state(self._book, visitor.facts))

    def _ask_flow(self, conversation: ConversationState, visitor: Visitor, taken: Taken) -> Outcome:
        """What the flow makes of it. It hears nothing of what says nothing, of a wish about messages as such, and of
        another page of a document that it has. In a group it would answer one of many: that is for people, at once."""
        item, text = taken.item, taken.reading.text
        state = _state(conversation)
        if item.group is not None:
            if conversation.status is ConversationStatus.RELAY:
                return Outcome(state=state)
            to_people = RelayTo(department=Department.RECEPTION, reason=GROUP_REASON)
            return Outcome(state=state, effects=(to_people,))
        is_blank = item.type is MessageType.TEXT and not text.strip()
        is_gone = item.too_big or item.unreadable or taken.reading.revoked_at is not None
        is_unheard = is_blank or is_gone or is_wish(item, opted_out=visitor.opted_out_at is not None)
        if is_unheard or (_is_late_page(conversation, visitor, item) and not self._awaits_file(conversation)):
            return Outcome(state=state)
        return step(self._book, state, _said(taken), visitor.facts)

    def _awaits_file(self, conversation: ConversationState) -> bool:
        flow = self._book.flows.get(conversation.flow_name or "")
        here = flow.steps.get(conversation.current_step or "") if flow else None
        return here is not None and here.expects is Expects.MEDIA

    def _carry_out(self, changes: Changes, visitor: Visitor, conversation: ConversationState, outcome: Outcome) -> None:
        relays = [effect for effect in outcome.effects if isinstance(effect, RelayTo)]
        put_state(conversation, outcome.state)
        relayed = self._relay(changes, visitor, conversation, relays[-1]) if relays else None
        if relayed is not None:  # told before what is said there, or its department would hear of a stranger first
            changes.happened(relayed, Change.RELAY_STARTED)
        for reply in outcome.replies:
            self.reply(changes, visitor, conversation, reply)
        if any(isinstance(effect, SubmitCheckin) for effect in outcome.effects) and visitor.stay is not None:
            visitor.submitted = True
            visitor.stay = msgspec.structs.replace(visitor.stay, checkin_state=CheckinState.SUBMITTED)

    def _relay(
        self, changes: Changes, visitor: Visitor, conversation: ConversationState, effect: RelayTo
    ) -> ConversationState:
        """Hand over to a department: in the conversation that the guest already has with it, if there is one. That of
        another channel comes here, so that staff's answers reach the guest where they have asked."""
        target = visitor.with_department(effect.department) or conversation
        if target is not conversation:
            put_state(conversation, begin_state(self._book, visitor.facts))
            if visitor.bring(target):
                changes.happened(target, Change.MOVED)
        target.status = ConversationStatus.RELAY
        target.department = effect.department
        target.relayed_at = changes.at
        target.waiting_since = target.waiting_since or changes.at
        return target

    def _heed_wishes(
        self, changes: Changes, visitor: Visitor, conversation: ConversationState, item: InboundMessage
    ) -> None:
        """STOP and START: kept, said to the guest once, and to staff."""
        if wants_out(item):
            if visitor.opted_out_at is None:
                visitor.opted_out_at = changes.at
                self._confirm(changes, visitor, conversation, STOPPED, STOP_NOTE)
        elif visitor.opted_out_at is not None and wants_in(item):
            visitor.opted_out_at = None
            self._confirm(changes, visitor, conversation, RESUMED, START_NOTE)

    def _confirm(
        self,
        changes: Changes,
        visitor: Visitor,
        conversation: ConversationState,
        phrase: Mapping[str, str],
        note: str,
    ) -> None:
        self.reply(changes, visitor, conversation, Reply(text=in_language(phrase, visitor.facts.language)))
        add_note(changes, conversation, note, sender_name=visitor.channel.hotel_name)

    def reply(self, changes: Changes, visitor: Visitor, conversation: ConversationState, reply: Reply) -> None:
        options = [msgspec.structs.asdict(option) for option in reply.options]
        for piece in menu_pieces(self._channels.get(conversation.platform), reply.text, options, reply.opens):
            written = msgspec.structs.replace(
                _of_hotel(conversation, piece.content, sender_name=visitor.channel.hotel_name, at=changes.at),
                extra=piece.extra,
                delivery_status=DeliveryStatus.QUEUED,
            )
            changes.add(conversation, written, preview=piece.content, deliver=True)


def add_note(
    changes: Changes,
    conversation: ConversationState,
    text: str,
    *,
    sender_name: str,
    external_id: str | None = None,
    channel_id: int | None = None,
) -> None:
    """A note for staff. One with an ``external_id``, on the channel whose id that is, stands there once, however often
    it is told."""
    note = _of_hotel(conversation, text, sender_name=sender_name, at=changes.at)
    place = conversation.channel_id if channel_id is None else channel_id
    changes.add(conversation, msgspec.structs.replace(note, is_note=True, external_id=external_id, channel_id=place))


def _of_hotel(conversation: ConversationState, content: str, *, sender_name: str, at: datetime) -> NewMessage:
    """What Lobby writes by itself."""
    return NewMessage(
        hotel_id=conversation.hotel_id,
        conversation_id=conversation.id,
        channel_id=conversation.channel_id,
        chat=conversation.chat,
        sender_type=SenderType.SYSTEM,
        origin=MessageOrigin.FLOW,
        sender_name=sender_name,
        content=content,
        created_at=at,
    )


def _state(conversation: ConversationState) -> FlowState:
    return FlowState(
        status=conversation.status,
        flow=conversation.flow_name,
        step=conversation.current_step,
        context=conversation.context_data,
    )


def _said(taken: Taken) -> GuestInput:
    item = taken.item
    return GuestInput(
        text="" if item.wordless else taken.reading.text,
        choice=item.choice,
        type=item.type,
        has_media=item.media is not None,
    )


def _is_early_page(conversation: ConversationState, visitor: Visitor, item: InboundMessage) -> bool:
    """While the guest checks in, what may be a document is no picture for everybody: they send it before it is asked
    for."""
    begun = conversation.status is ConversationStatus.CHECKIN and conversation.current_step is not None
    return begun and visitor.stay is not None and visitor.stay.checkin_due and _may_be_page(item)


def _is_late_page(conversation: ConversationState, visitor: Visitor, item: InboundMessage) -> bool:
    """And they send its second side when the flow has moved on."""
    submitted = visitor.stay is not None and visitor.stay.checkin_state is CheckinState.SUBMITTED
    return submitted and conversation.status in BOT_STATUSES and _may_be_page(item)


def _may_be_page(item: InboundMessage) -> bool:
    return item.media is not None and item.type in PAPERS


def _media(file: InboundMedia, reading: Reading, stay_id: int | None) -> NewMedia:
    gone = reading.revoked_at is not None
    return NewMedia(
        stay_id=stay_id,
        state=MediaState.DELETED if gone else MediaState.PENDING,
        deleted_at=reading.revoked_at,
        provider_id=file.provider_id,
        mime_type=file.mime_type[:128] if file.mime_type else None,
        filename=file.filename[:255] if file.filename else None,
        sha256=file.sha256[:128] if file.sha256 else None,
        voice=file.voice,
    )


def _preview(taken: Taken) -> str:
    if taken.reading.revoked_at is not None:
        return ""
    return preview_of(taken.item.type, taken.reading.text)


def preview_of(kind: MessageType, text: str) -> str:
    """How a message shows in lists."""
    return text or ("" if kind is MessageType.TEXT else f"[{kind}]")


def _name_of(sender: Sender) -> str:
    return sender.name or (shown(sender.phone) if sender.phone else sender.address)


def _writer(sender: Sender) -> dict[str, str | None]:
    """Who wrote in a group: the group's conversation is nobody's own."""
    return {"address": sender.address, "phone": sender.phone, "user_id": sender.user_id, "name": sender.name}
