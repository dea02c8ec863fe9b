"""Visitors' requests: what became of them, and how a failed one is tried again, by itself or by hand.

A message that was kept is answered as its conversation stands now. Where people have it meanwhile, or it is closed, or
goes on elsewhere, there is nothing left for the flow to say; nor, unless it is asked to by hand, where it has answered
what the visitor wrote later: out of turn a "1" would choose from another menu. Locks are taken as by ``receiving.py``,
the request's own row last: of two tries at once the second sees what the first has done.
"""

from collections.abc import Collection

from app.channels.items import InboundMedia, InboundMessage, Sender
from app.channels.registry import ChannelRegistry
from app.core.clock import Clock
from app.core.errors import Conflict, NotFound
from app.core.principal import Principal
from app.core.types import RequestStatus
from app.core.views import MessageView, Page, RequestView
from app.services.access import require_manager
from app.services.inbound.corrections import Reading
from app.services.inbound.guest_desk import GuestDesk, Taken
from app.services.inbound.phrases import is_wish
from app.services.inbound.reception import Caller, meet
from app.services.inbound.visitor import Visitor
from app.services.retrying import MAX_ATTEMPTS, next_attempt
from app.services.webchat.processing import Processing
from app.store.database import Database
from app.store.requests import DueRequest
from app.store.unit_of_work import UnitOfWork


class RequestService:
    def __init__(self, *, database: Database, desk: GuestDesk, channels: ChannelRegistry, clock: Clock) -> None:
        self._database = database
        self._desk = desk
        self._channels = channels
        self._clock = clock

    async def list_page(
        self, principal: Principal, statuses: Collection[RequestStatus], *, page: int, page_size: int
    ) -> Page[RequestView]:
        """The hotel's requests, in these statuses or in any, the newest first. Raises Forbidden for everybody but
        managers, and NotFound for a page past the end."""
        require_manager(principal)
        async with self._database.read() as work:
            found = await work.requests.page(
                principal.hotel_id, statuses, limit=page_size, offset=(page - 1) * page_size
            )
        if page > 1 and not found.items:
            raise NotFound("There is no such page.", code="no_such_page")
        return found

    async def retry(self, principal: Principal, request_id: int) -> RequestView:
        """Try a failed request again now, whatever its next time; how it stands then. Raises Forbidden for everybody
        but managers, NotFound, and Conflict ``request_not_failed``: of two at once the second finds it done."""
        require_manager(principal)
        return await self._database.run(self._retry_by_hand, principal, request_id)

    async def retry_one(self) -> bool:
        """Try the failed request again that has waited longest for it; False where none is due."""
        due = await self._database.run(self._take_due)
        if due is not None:
            await self._database.run(self._retry_due, due)
        return due is not None

    async def _take_due(self, work: UnitOfWork) -> DueRequest | None:
        """The request whose time has come, its next time set already: a try that never ends is in nobody's way."""
        due = await work.requests.next_due(self._clock())
        if due is None:
            return None
        if due.attempts >= MAX_ATTEMPTS:  # none of its tries has come to an end
            await work.requests.postpone(due.id, attempts=due.attempts, next_attempt_at=None)
            return None
        attempts = due.attempts + 1
        await work.requests.postpone(due.id, attempts=attempts, next_attempt_at=next_attempt(self._clock(), attempts))
        return DueRequest(id=due.id, attempts=attempts)

    async def _retry_due(self, work: UnitOfWork, due: DueRequest) -> None:
        found = await self._hold(work, due.id)
        if found is not None:
            visitor, request = found
            if request.status is RequestStatus.FAILED:  # nobody was faster, by hand
                await self._try_again(work, visitor, request, due.attempts, by_hand=False)

    async def _retry_by_hand(self, work: UnitOfWork, principal: Principal, request_id: int) -> RequestView:
        known = await work.requests.get(request_id)
        if known is None or known.hotel_id != principal.hotel_id:
            raise NotFound("There is no such request.")
        found = await self._hold(work, request_id)
        if found is None:
            raise NotFound("There is no such request.")
        visitor, request = found
        if request.status is not RequestStatus.FAILED:
            raise Conflict(
                "This request has not failed.", code="request_not_failed", details={"status": request.status}
            )
        await self._try_again(work, visitor, request, request.attempts + 1, by_hand=True)
        await work.audit.add(
            hotel_id=principal.hotel_id,
            user_id=principal.user_id,
            action="request.retried",
            target=f"request:{request_id}",
            details={},
            at=self._clock(),
        )
        view = await work.requests.get(request_id)
        assert view is not None, "it is locked"
        return view

    async def _hold(self, work: UnitOfWork, request_id: int) -> tuple[Visitor, RequestView] | None:
        """The request, and who wrote it, as both stand now; locked."""
        request = await work.requests.get(request_id)
        if request is None:
            return None
        # An account that is another's from this moment on is gone: the second look finds whose the chat is now.
        address = await work.requests.lock_caller(request.message_id) or await work.requests.lock_caller(
            request.message_id
        )
        channels = await work.channels.by_ids([address.channel_id]) if address is not None else []
        if address is None or not channels:
            raise Conflict("The web chat of this request is not in use.", code="channel_not_in_use")
        caller = Caller(channel=channels[0], sender=Sender(address=address.address))
        provider = self._channels.get(channels[0].platform)
        (visitor,) = (await meet(work, provider, {(address.channel_id, address.address): caller})).values()
        locked = await work.requests.lock(request_id)
        return (visitor, locked) if locked is not None else None

    async def _try_again(
        self, work: UnitOfWork, visitor: Visitor, request: RequestView, attempts: int, *, by_hand: bool
    ) -> None:
        processing = Processing(
            self._desk, self._clock, attempts=attempts, history=request.history, category=request.category
        )
        processing.reach(RequestStatus.IDENTIFYING)
        message = await work.messages.get(request.message_id)
        assert message is not None, "it has a request"
        taken = _taken_again(visitor, message)
        if taken is not None and (by_hand or not await _is_passed(work, visitor, taken.item, message)):
            decision = processing.decide(visitor, taken)
            await processing.follow(work, visitor, taken, decision, self._clock())
        standing = processing.end(visitor, message.id)
        await work.requests.save(request.id, standing, self._clock())


async def _is_passed(work: UnitOfWork, visitor: Visitor, item: InboundMessage, message: MessageView) -> bool:
    """Whether its turn is over. A wish about messages, as STOP, is heeded whenever it comes."""
    if is_wish(item, opted_out=visitor.opted_out_at is not None):
        return False
    return await work.requests.is_passed(message.conversation_id, message.id)


def _taken_again(visitor: Visitor, message: MessageView) -> Taken | None:
    """A kept message, as it came; None where its conversation is no longer open in its chat."""
    visitor.chat = message.chat
    conversation = next((each for each in visitor.here if each.id == message.conversation_id), None)
    if conversation is None:
        return None
    file = message.media
    item = InboundMessage(
        account="",
        external_id="",
        sender=Sender(address=visitor.account.address),
        type=message.type,
        text=message.content,
        choice=message.content.strip(),
        media=InboundMedia(provider_id="", mime_type=file.mime_type) if file is not None else None,
    )
    return Taken(
        item=item,
        reading=Reading(text=message.content, revoked_at=message.revoked_at),
        conversation=conversation,
    )
