"""Conversations as staff use them: list, read, give back to the flow. ``sending.py`` is how they answer.

Every change locks the conversation's row first, so of two at once the second sees what the first has done, and is told
so (409). Contracts 1 to 4 are ways to call these.
"""

from datetime import datetime

from app.core.clock import Clock
from app.core.errors import Conflict, Forbidden, NotFound
from app.core.events import Change, ConversationChanged
from app.core.principal import Principal
from app.core.types import ConversationStatus
from app.core.views import ConversationView, MessageView, Page
from app.flows.definition import FlowBook
from app.flows.engine import begin_state
from app.services.access import check_access, scope_of
from app.services.inbound.visitor import bind_stay, facts_of, put_state
from app.store.conversations import ConversationState
from app.store.database import Database
from app.store.unit_of_work import UnitOfWork

MESSAGES_AT_ONCE = 1000


class ConversationService:
    def __init__(self, *, database: Database, book: FlowBook, clock: Clock) -> None:
        self._database = database
        self._book = book
        self._clock = clock

    async def list_page(
        self, principal: Principal, statuses: list[ConversationStatus], *, page: int, page_size: int
    ) -> Page[ConversationView]:
        """What the caller may see in these statuses, the last active first. Raises NotFound for a page past the end."""
        async with self._database.read() as work:
            found = await work.conversations.list_page(
                scope_of(principal), statuses, limit=page_size, offset=(page - 1) * page_size
            )
        if page > 1 and not found.items:
            raise NotFound("There is no such page.", code="no_such_page")
        return found

    async def get(self, principal: Principal, conversation_id: int) -> ConversationView:
        async with self._database.read() as work:
            conversation = await work.conversations.get(conversation_id)
        check_access(principal, conversation)
        assert conversation is not None, "checked"
        return conversation

    async def messages(
        self, principal: Principal, conversation_id: int, *, before: int | None = None, limit: int = MESSAGES_AT_ONCE
    ) -> list[MessageView]:
        """The newest ``limit`` messages, or those older than ``before``; the oldest of them first."""
        await self.get(principal, conversation_id)
        async with self._database.read() as work:
            return await work.messages.of_conversation(conversation_id, before=before, limit=limit)

    async def check_subscription(
        self, principal: Principal, *, stay_id: int | None = None, conversation_id: int | None = None
    ) -> None:
        """Whether somebody may listen to a stay, or to one conversation. Raises NotFound or Forbidden.

        A stay that has no conversation yet may be listened to; what one may not see is never told.
        """
        if conversation_id is not None:
            await self.get(principal, conversation_id)
            return
        async with self._database.read() as work:
            found = await work.conversations.of_stay(principal.hotel_id, stay_id or 0)
            known = bool(found) or await work.guests.has_stay(principal.hotel_id, stay_id or 0)
        if not known:
            raise NotFound("There is no such stay.")
        if found and not any(scope_of(principal).covers(each.hotel_id, each.department) for each in found):
            raise Forbidden("The conversations of this stay belong to another department.")

    async def named(
        self, principal: Principal, *, stay_id: int | None = None, conversation_id: int | None = None
    ) -> int:
        """The conversation that is meant: itself, or a stay's open one that was last active. Raises NotFound and
        Forbidden for a stay."""
        if conversation_id is not None:
            return conversation_id
        await self.check_subscription(principal, stay_id=stay_id)
        scope = scope_of(principal)
        async with self._database.read() as work:
            found = await work.conversations.of_stay(principal.hotel_id, stay_id or 0)
        visible = [each for each in found if scope.covers(each.hotel_id, each.department)]
        if not visible:
            raise NotFound("This stay has no conversation yet.")
        return max(visible, key=_openness).id

    async def end_relay(self, principal: Principal, conversation_id: int) -> None:
        """Give the guest back to the flow, which starts anew. Raises Conflict where no relay is going on."""
        await self._database.run(self._end_relay, principal, conversation_id)

    async def _end_relay(self, work: UnitOfWork, principal: Principal, conversation_id: int) -> None:
        conversation, others = await lock_visible(work, principal, conversation_id)
        if conversation.status is not ConversationStatus.RELAY:
            raise Conflict(
                "This conversation is not relayed to staff.",
                code="not_in_relay",
                details={"status": conversation.status},
            )
        bots = [each for each in others if each.channel_id == conversation.channel_id and each.department is None]
        guest = (await work.guests.by_ids([conversation.guest_id]))[conversation.guest_id]
        stay = (await work.guests.current_stays([guest.id])).get(guest.id)
        channel = (await work.channels.by_ids([conversation.channel_id]))[0]
        if bots:  # the guest already talks to the flow elsewhere: there it goes on, here it ends
            conversation.status = ConversationStatus.CLOSED
            conversation.closed_at = self._clock()
        else:
            conversation.department = None
            bind_stay(conversation, stay)
            put_state(conversation, begin_state(self._book, facts_of(guest, stay, channel)))
        conversation.assignee_id = None
        conversation.waiting_since = None
        await work.conversations.save(conversation)
        work.emit(
            conversation.hotel_id,
            ConversationChanged(conversation=conversation.ref(), change=Change.RELAY_ENDED, actor_id=principal.user_id),
        )


async def lock_visible(
    work: UnitOfWork, principal: Principal, conversation_id: int
) -> tuple[ConversationState, list[ConversationState]]:
    """The conversation, and the guest's other open ones, all locked. Raises NotFound or Forbidden."""
    locked = {each.id: each for each in await work.conversations.lock_with_open(conversation_id)}
    conversation = locked.pop(conversation_id, None)
    check_access(principal, conversation.ref() if conversation else None)
    assert conversation is not None, "checked"
    return conversation, list(locked.values())


def _openness(conversation: ConversationView) -> tuple[bool, datetime]:
    """Open ones first, then the last active."""
    last = conversation.last_message
    return conversation.status is not ConversationStatus.CLOSED, last.at if last else conversation.created_at
