"""How staff answer a guest: texts, files, places, reactions.

Everything that is refused is refused before anything is stored. Of two at once the second sees what the first has
done. A ``client_message_id`` that this user has sent before answers with what it brought about then.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial

import msgspec
from msgspec.structs import replace

from app.channels.base import NotSendable, ReactionOut
from app.channels.registry import ChannelRegistry
from app.core.clock import Clock
from app.core.drafts import Draft
from app.core.errors import Conflict, Invalid, NotFound
from app.core.events import Change, MessageCreated, MessageStatusChanged
from app.core.principal import Principal
from app.core.types import DeliveryStatus, MessageOrigin, MessageType, Platform, SenderType
from app.core.views import MessageView
from app.services.conversations import ConversationService
from app.services.handling.turns import take_over, tell_change
from app.services.inbound.delivery_reports import WINDOW_CODE, why_held
from app.services.locking import lock_visible
from app.services.once import earlier, used_elsewhere
from app.services.sending.outgoing import Piece, pieces_of, refusal
from app.services.sending.receipts import ReadBack, ReceiptService, read_messages
from app.store.conversations import ConversationState
from app.store.database import Database
from app.store.media import FileRecord
from app.store.messages import NewMessage
from app.store.unit_of_work import UnitOfWork

Compose = Callable[[UnitOfWork, ConversationState], Awaitable[list[Piece]]]
"""What is to be sent in a conversation that is locked now. Raises Invalid and Conflict."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The message as it was stored. A long text is several: then ``parts`` are the ids of all, in order, and the first
    of them stands here. ``repeated``: it had been sent before, with the same client's id, and nobody is told again."""

    message: MessageView
    parts: tuple[int, ...] = ()
    repeated: bool = False


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
        return await self.post(principal, conversation_id, partial(self._compose, principal, draft), draft)

    async def post(self, principal: Principal, conversation_id: int, compose: Compose, terms: Draft) -> Sent:
        """Answer with what ``compose`` makes once the conversation is locked. Of ``terms`` counts how it is to go: what
        it quotes, whether it may wait, the client's id. Raises as ``send`` does, and what ``compose`` raises."""
        sent, read = await self._database.run(self._post, principal, conversation_id, compose, terms)
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

    async def _compose(
        self, principal: Principal, draft: Draft, work: UnitOfWork, conversation: ConversationState
    ) -> list[Piece]:
        file = await own_upload(work, principal, draft.media_id, self._clock())
        return pieces_of(self._channels.get(conversation.platform), draft, file)

    async def _post(
        self, work: UnitOfWork, principal: Principal, conversation_id: int, compose: Compose, terms: Draft
    ) -> tuple[Sent, ReadBack | None]:
        await work.guests.lock_of(conversation_id)
        conversation, others = await lock_visible(work, principal, conversation_id)
        if (first := await earlier(work, principal, conversation_id, terms.client_message_id)) is not None:
            return replace(_sent(await work.messages.parts_of(first), first), repeated=True), None
        pieces = await compose(work, conversation)
        await _check_quote(work, conversation, terms.reply_to_message_id)
        now = self._clock()
        is_held = _is_held(conversation, pieces, now, hold=terms.hold)
        change = take_over(conversation, others, now)
        stored: list[MessageView] = []
        for piece in pieces:
            message = _message(conversation, principal, piece, now)
            if is_held:
                message = replace(
                    message, delivery_error=why_held(conversation.platform), delivery_error_code=WINDOW_CODE
                )
            if stored:
                message = replace(message, extra={**message.extra, "part_of": stored[0].id})
            else:
                message = replace(
                    message, client_message_id=terms.client_message_id, reply_to_id=terms.reply_to_message_id
                )
            stored.append(await _store(work, conversation, message, is_held, file_id=piece.media_id))
            conversation.note_message(stored[-1].id, piece.preview, SenderType.STAFF, now)
        conversation.last_staff_message_at = now
        conversation.waiting_since = None
        await work.conversations.save(conversation)
        _tell(work, conversation, principal, stored, change)
        _, read = await read_messages(work, conversation, principal, now)
        return _sent([each.id for each in stored], stored[0]), read

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
        piece = Piece(type=MessageType.REACTION, content=emoji)
        _is_held(conversation, [piece], now, hold=False)
        message = replace(_message(conversation, principal, piece, now), reply_to_id=target.id)
        stored = await _store(work, conversation, message, False)
        work.emit(conversation.hotel_id, MessageCreated(conversation=conversation.ref(), message=stored))
        return stored


def _is_held(conversation: ConversationState, pieces: list[Piece], now: datetime, *, hold: bool) -> bool:
    """Whether it has to wait for the guest. Raises Conflict where it may not be sent, nor is to wait."""
    if conversation.platform.window is None or all(piece.type is MessageType.TEMPLATE for piece in pieces):
        return False
    closes_at = conversation.window_closes_at
    if closes_at is not None and now < closes_at:
        return False
    if hold:
        return True
    window, templates = conversation.platform.window, conversation.platform is Platform.WHATSAPP
    long_ago = f"last wrote more than {f'{window.days} days' if window.days > 1 else '24 hours'} ago"
    raise Conflict(
        f"The guest {'has not written yet' if closes_at is None else long_ago}: "
        f"{'only a template' if templates else 'nothing'} can be sent until they write.",
        code="window_closed",
        details={
            "window_closes_at": closes_at and closes_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "conversation_id": conversation.id,
        },
    )


def _message(conversation: ConversationState, principal: Principal, piece: Piece, now: datetime) -> NewMessage:
    return NewMessage(
        hotel_id=conversation.hotel_id,
        conversation_id=conversation.id,
        channel_id=conversation.channel_id,
        chat=conversation.chat,
        sender_type=SenderType.STAFF,
        origin=MessageOrigin.STAFF,
        sender_name=principal.name,
        staff_user_id=principal.user_id,
        type=piece.type,
        content=piece.content,
        extra=piece.extra,
        delivery_status=DeliveryStatus.QUEUED,
        created_at=now,
    )


async def _store(
    work: UnitOfWork,
    conversation: ConversationState,
    message: NewMessage,
    is_held: bool,
    *,
    file_id: int | None = None,
) -> MessageView:
    stored = await work.messages.add(message)
    if stored is None:  # in this moment, by the same client, to another guest
        raise used_elsewhere(message.client_message_id)
    await work.deliver(conversation, stored.id, message.created_at, held=is_held)
    if file_id is not None and message.staff_user_id is not None:
        await work.media.attach(
            file_id,
            stored.id,
            hotel_id=message.hotel_id,
            user_id=message.staff_user_id,
            channel_id=message.channel_id,
        )
        stored = await work.messages.get(stored.id) or stored
    return stored


def _tell(
    work: UnitOfWork,
    conversation: ConversationState,
    principal: Principal,
    stored: list[MessageView],
    change: Change | None,
) -> None:
    ref = conversation.ref()
    if change is not None:
        tell_change(work, conversation, change, principal)
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
                    error_code=message.delivery_error_code,
                ),
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


def _sent(ids: list[int], first: MessageView) -> Sent:
    return Sent(message=first, parts=tuple(ids) if len(ids) > 1 else ())


async def own_upload(work: UnitOfWork, principal: Principal, media_id: int | None, now: datetime) -> FileRecord | None:
    """The caller's uploaded file of this id, locked; one that was sent before is sent as a copy. None for no other."""
    if media_id is None:
        return None
    hotel_id, user_id = principal.hotel_id, principal.user_id
    try:
        file = await work.media.lock_upload(media_id, hotel_id=hotel_id, user_id=user_id)
        if file.message_id is None:
            return file
        copy_id = await work.media.copy(file.id, hotel_id=hotel_id, user_id=user_id, at=now)
    except NotFound:
        return None
    return await work.media.get(copy_id)
