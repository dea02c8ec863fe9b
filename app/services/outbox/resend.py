"""A message that has failed, sent again because staff want it.

It goes into the outbox anew, with all its tries, and its file to the provider. Where it may have arrived before, its
delivery stays marked as repeated: no answer of the provider, or none at all, then makes it go out by itself another
time. Of a long text the later parts, which were not sent without it, go with it.
"""

from datetime import datetime

from app.core.clock import Clock
from app.core.errors import Conflict, NotFound
from app.core.events import MessageStatusChanged
from app.core.principal import Principal
from app.core.types import DeliveryStatus, MessageType, OutboxState
from app.core.views import MessageView
from app.services.access import check_access
from app.services.templates.content import KEY
from app.services.templates.wishes import is_unasked, may_be_answered, unwanted
from app.store.conversations import ConversationState
from app.store.database import Database
from app.store.resending import Way
from app.store.unit_of_work import UnitOfWork


class ResendService:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def retry(self, principal: Principal, message_id: int) -> MessageView:
        """Queue a failed message again. Raises NotFound, Forbidden, and Conflict: ``not_failed`` where it has not, or
        is being tried; ``window_closed`` where only a template may be sent now; ``opted_out`` where a template may
        not."""
        return await self._database.run(self._retry, principal, message_id)

    async def _retry(self, work: UnitOfWork, principal: Principal, message_id: int) -> MessageView:
        message, conversation = await _lock(work, principal, message_id)
        way = await work.deliveries.way_of(message_id)
        if message.delivery_status is not DeliveryStatus.FAILED or way is None:
            raise _not_failed(message)
        _check(message, way, self._clock())
        if not await self._requeue(work, conversation, message_id):
            raise _not_failed(message)
        await work.media.forget_upload_id(message_id)
        for part in await work.deliveries.later_parts(message_id, OutboxState.DEAD):
            await self._requeue(work, conversation, part.message_id)
        work.has_deliveries = True
        queued = await work.messages.get(message_id)
        assert queued is not None, "it was there"
        return queued

    async def _requeue(self, work: UnitOfWork, conversation: ConversationState, message_id: int) -> bool:
        now = self._clock()
        if not await work.deliveries.requeue(message_id, now) or not await work.statuses.requeue(message_id):
            return False
        work.emit(
            conversation.hotel_id,
            MessageStatusChanged(
                conversation=conversation.ref(), message_id=message_id, delivery_status=DeliveryStatus.QUEUED
            ),
        )
        return True


async def _lock(work: UnitOfWork, principal: Principal, message_id: int) -> tuple[MessageView, ConversationState]:
    """The message as it stands, its conversation locked. Raises NotFound or Forbidden."""
    found = await work.messages.get(message_id)
    conversation = await work.conversations.lock(found.conversation_id) if found else None
    message = await work.messages.get(message_id)
    if message is None or conversation is None or conversation.hotel_id != principal.hotel_id:
        raise NotFound("There is no such message.")
    check_access(principal, conversation.ref())
    return message, conversation


def _check(message: MessageView, way: Way, now: datetime) -> None:
    """By the channel that it leaves by, whichever the conversation is on by now. Raises Conflict."""
    closes_at = way.window_closes_at
    if message.type is MessageType.TEMPLATE:
        category = message.details.get(KEY, {}).get("category", "")
        answers = may_be_answered(way.platform, closes_at, now)
        if way.opted_out_at is not None and is_unasked(category, answers=answers):
            raise unwanted()
    elif closes_at is not None and closes_at <= now:
        raise Conflict(
            "The window has closed: nothing more, or only a template, may be sent until the guest writes again.",
            code="window_closed",
        )


def _not_failed(message: MessageView) -> Conflict:
    return Conflict(
        "This message has not failed, or is being sent again already.",
        code="not_failed",
        details={"delivery_status": message.delivery_status},
    )
