"""How staff answer a guest: texts, files, places, reactions.

Everything that is refused is refused before anything is stored. Of two at once the second sees what the first has
done. A ``client_message_id`` that this user has sent before answers with what it brought about then.
"""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from app.channels.base import NotSendable, ReactionOut
from app.channels.registry import ChannelRegistry
from app.core.clock import Clock
from app.core.drafts import Draft
from app.core.errors import Conflict, Invalid, NotFound
from app.core.events import Change, ConversationChanged, MessageCreated, MessageStatusChanged
from app.core.principal import Principal
from app.core.types import ConversationStatus, DeliveryStatus, MessageOrigin, MessageType, SenderType
from app.core.views import MediaView, MessageView
from app.services.conversations import ConversationService, lock_visible
from app.services.outgoing import Piece, pieces_of, refusal
from app.services.receipts import ReadBack, ReceiptService, read_newest
from app.store.conversations import ConversationState
from app.store.database import Database
from app.store.messages import NewMessage
from app.store.unit_of_work import UnitOfWork

HELD = "Waits until the guest writes again: the 24-hour window has closed."


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The message as it was stored. A long text is several: then ``parts`` are the ids of all, in order, and the first
    of them stands here."""

    message: MessageView
    parts: tuple[int, ...] = ()


class SendingService:
    def __init__(
        self,
        *,
        database: Database,
        channels: ChannelRegistry,
        conversations: ConversationService,
        receipts: ReceiptService,
        clock: Clock,
    ) -> None:
        self._database = database
        self._channels = channels
        self._conversations = conversations
        self._receipts = receipts
        self._clock = clock

    async def send(self, principal: Principal, conversation_id: int, draft: Draft) -> Sent:
        """Answer the guest. Takes the conversation over from the flow, and reopens a closed one.

        Raises NotFound, Forbidden, Invalid, and Conflict: ``window_closed`` where only a template may be sent now,
        ``conversation_open`` where reopening meets another open conversation of the guest.
        """
        sent, read = await self._database.run(self._send, principal, conversation_id, draft)
        self._receipts.tell(read)
        return sent

    async def send_about(
        self, principal: Principal, draft: Draft, *, stay_id: int | None = None, conversation_id: int | None = None
    ) -> Sent:
        """Answer in a conversation, or in a stay's open one that was last active. Raises as ``send`` does."""
        named = await self._conversations.named(principal, stay_id=stay_id, conversation_id=conversation_id)
        return await self.send(principal, named, draft)

    async def react(self, principal: Principal, message_id: int, emoji: str) -> MessageView:
        """Put one emoji to a guest's message; none takes it back. Leaves the conversation as it stands.

        Raises NotFound, Forbidden, Invalid, and Conflict ``window_closed``, or ``no_reaction`` where the message is
        none that can be reacted to.
        """
        return await self._database.run(self._react, principal, message_id, emoji.strip())

    async def _send(
        self, work: UnitOfWork, principal: Principal, conversation_id: int, draft: Draft
    ) -> tuple[Sent, ReadBack | None]:
        conversation, others = await lock_visible(work, principal, conversation_id)
        if draft.client_message_id is not None:
            earlier = await _earlier(work, principal, conversation_id, draft.client_message_id)
            if earlier is not None:
                return earlier, None
        now = self._clock()
        pieces = pieces_of(self._channels.get(conversation.platform), draft, await _file(work, principal, draft))
        await _check_quote(work, conversation, draft.reply_to_message_id)
        is_held = self._is_held(conversation, now, hold=draft.hold)
        change = self._take_over(conversation, others)
        stored: list[MessageView] = []
        for piece in pieces:
            extra = {"part_of": stored[0].id} if stored else {}
            message = _message(conversation, principal, piece, extra, now, is_held)
            if not stored:
                message = msgspec.structs.replace(
                    message, client_message_id=draft.client_message_id, reply_to_id=draft.reply_to_message_id
                )
            stored.append(await self._store(work, conversation, message, now, is_held))
            conversation.note_message(stored[-1].id, piece.preview, SenderType.STAFF, now)
        conversation.last_staff_message_at = now
        conversation.waiting_since = None
        await work.conversations.save(conversation)
        _tell(work, conversation, principal, stored, change)
        read = await read_newest(work, conversation, now)
        return _sent([each.id for each in stored], stored[0]), read

    async def _store(
        self, work: UnitOfWork, conversation: ConversationState, message: NewMessage, now: datetime, is_held: bool
    ) -> MessageView:
        stored = await work.messages.add(message)
        if stored is None:  # in this moment, by the same client, to another guest
            raise _used_elsewhere(message.client_message_id)
        await work.deliver(conversation, stored.id, now, held=is_held)
        return stored

    async def _react(self, work: UnitOfWork, principal: Principal, message_id: int, emoji: str) -> MessageView:
        target = await work.messages.get(message_id)
        if target is None:
            raise NotFound("There is no such message.")
        try:
            conversation, _ = await lock_visible(work, principal, target.conversation_id)
        except NotFound:
            raise NotFound("There is no such message.") from None  # another hotel's is told by nothing
        try:
            self._channels.get(conversation.platform).check(ReactionOut(target=str(target.id), emoji=emoji))
        except NotSendable as error:
            raise refusal(error) from None
        if (
            target.sender_type is not SenderType.GUEST
            or target.type is MessageType.REACTION
            or target.revoked_at is not None
            or not await work.messages.is_known_outside(target.id)
        ):
            raise Conflict("Only a guest's message can be reacted to, while it is there.", code="no_reaction")
        now = self._clock()
        self._is_held(conversation, now, hold=False)
        piece = Piece(type=MessageType.REACTION, content=emoji)
        message = msgspec.structs.replace(
            _message(conversation, principal, piece, {}, now, False), reply_to_id=target.id
        )
        stored = await self._store(work, conversation, message, now, False)
        work.emit(conversation.hotel_id, MessageCreated(conversation=conversation.ref(), message=stored))
        return stored

    def _is_held(self, conversation: ConversationState, now: datetime, *, hold: bool) -> bool:
        """Whether it has to wait for the guest. Raises Conflict where it may not be sent, nor is to wait."""
        if conversation.platform.window is None:
            return False
        closes_at = conversation.window_closes_at
        if closes_at is not None and now < closes_at:
            return False
        if hold:
            return True
        since = "has not written yet" if closes_at is None else "last wrote more than 24 hours ago"
        raise Conflict(
            f"The guest {since}: only a template can be sent until they write.",
            code="window_closed",
            details={
                "window_closes_at": closes_at and closes_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                "conversation_id": conversation.id,
            },
        )

    def _take_over(self, conversation: ConversationState, others: list[ConversationState]) -> Change | None:
        """Staff speak now: the flow falls silent, a closed conversation is open again. Raises Conflict."""
        if conversation.status is ConversationStatus.RELAY:
            return None
        reopened = conversation.status is ConversationStatus.CLOSED
        if reopened:
            _check_reopening(conversation, others)
            conversation.closed_at = None
        conversation.status = ConversationStatus.RELAY
        conversation.relayed_at = self._clock()
        return Change.REOPENED if reopened else Change.RELAY_STARTED


def _message(
    conversation: ConversationState,
    principal: Principal,
    piece: Piece,
    extra: dict[str, int],
    now: datetime,
    is_held: bool,
) -> NewMessage:
    return NewMessage(
        hotel_id=conversation.hotel_id,
        conversation_id=conversation.id,
        channel_id=conversation.channel_id,
        sender_type=SenderType.STAFF,
        origin=MessageOrigin.STAFF,
        sender_name=principal.name,
        staff_user_id=principal.user_id,
        type=piece.type,
        content=piece.content,
        extra={**piece.extra, **extra},
        delivery_status=DeliveryStatus.QUEUED,
        delivery_error=HELD if is_held else None,
        created_at=now,
    )


def _tell(
    work: UnitOfWork,
    conversation: ConversationState,
    principal: Principal,
    stored: list[MessageView],
    change: Change | None,
) -> None:
    ref = conversation.ref()
    if change is not None:
        work.emit(ref.hotel_id, ConversationChanged(conversation=ref, change=change, actor_id=principal.user_id))
    for message in stored:
        work.emit(ref.hotel_id, MessageCreated(conversation=ref, message=message))
        if message.delivery_error is not None:
            work.emit(
                ref.hotel_id,
                MessageStatusChanged(
                    conversation=ref,
                    message_id=message.id,
                    delivery_status=DeliveryStatus.QUEUED,
                    error=message.delivery_error,
                ),
            )


def _check_reopening(conversation: ConversationState, others: list[ConversationState]) -> None:
    for other in others:
        if other.channel_id == conversation.channel_id and other.department is conversation.department:
            raise Conflict(
                "The guest has another open conversation with this department.",
                code="conversation_open",
                details={"conversation_id": other.id},
            )


async def _check_quote(work: UnitOfWork, conversation: ConversationState, quoted_id: int | None) -> None:
    if quoted_id is None:
        return
    quoted = await work.messages.get(quoted_id)
    if quoted is None or quoted.conversation_id != conversation.id or quoted.is_note:
        raise Invalid(
            "There is no such message to reply to in this conversation.",
            code="no_such_message",
            details={"reply_to_message_id": ["No message of this conversation."]},
        )


async def _earlier(
    work: UnitOfWork, principal: Principal, conversation_id: int, client_message_id: UUID
) -> Sent | None:
    """What the first message with this client's id became."""
    first = await work.messages.by_client_id(principal.user_id, client_message_id)
    if first is None:
        return None
    if first.conversation_id != conversation_id:
        raise _used_elsewhere(client_message_id)
    return _sent(await work.messages.parts_of(first), first)


def _sent(ids: list[int], first: MessageView) -> Sent:
    return Sent(message=first, parts=tuple(ids) if len(ids) > 1 else ())


def _used_elsewhere(client_message_id: UUID | None) -> Conflict:
    return Conflict(
        "This client_message_id was used for another conversation.",
        code="client_message_id_used",
        details={"client_message_id": [str(client_message_id)]},
    )


async def _file(work: UnitOfWork, principal: Principal, draft: Draft) -> MediaView | None:
    """The uploaded file that a draft names."""
    return None
