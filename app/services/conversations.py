"""Conversations as staff look at them: lists, details, messages, and what one may listen to.

What staff do with a conversation is in ``handling/``, how they answer in ``sending/``. Contracts 1 to 4 are ways to
call these.
"""

from datetime import datetime

from app.core.errors import Forbidden, NotFound
from app.core.principal import Principal
from app.core.types import ConversationStatus
from app.core.views import ConversationView, MessageView, Page
from app.services.access import check_access, scope_of
from app.store.database import Database

MESSAGES_AT_ONCE = 1000


class ConversationService:
    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def list_page(
        self, principal: Principal, statuses: list[ConversationStatus], *, page: int, page_size: int
    ) -> Page[ConversationView]:
        """What the caller may see in these statuses, the last active first. Raises NotFound for a page past the end."""
        async with self._database.read() as work:
            found = await work.views.list_page(
                scope_of(principal), statuses, limit=page_size, offset=(page - 1) * page_size
            )
        if page > 1 and not found.items:
            raise NotFound("There is no such page.", code="no_such_page")
        return found

    async def get(self, principal: Principal, conversation_id: int) -> ConversationView:
        async with self._database.read() as work:
            conversation = await work.views.get(conversation_id)
        check_access(principal, conversation)
        assert conversation is not None, "checked"
        return conversation

    async def of_message(self, principal: Principal, message_id: int) -> ConversationView:
        """The conversation in which a message stands. Raises NotFound or Forbidden."""
        async with self._database.read() as work:
            message = await work.messages.get(message_id)
            conversation = await work.views.get(message.conversation_id) if message is not None else None
        if conversation is None or conversation.hotel_id != principal.hotel_id:
            raise NotFound("There is no such message.")
        check_access(principal, conversation)
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
            found = await work.views.of_stay(principal.hotel_id, stay_id or 0)
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
            found = await work.views.of_stay(principal.hotel_id, stay_id or 0)
        visible = [each for each in found if scope.covers(each.hotel_id, each.department)]
        if not visible:
            raise NotFound("This stay has no conversation yet.")
        return max(visible, key=_openness).id


def _openness(conversation: ConversationView) -> tuple[bool, datetime]:
    """Open ones first, then the last active."""
    last = conversation.last_message
    return conversation.status is not ConversationStatus.CLOSED, last.at if last else conversation.created_at
