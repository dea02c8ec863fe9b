"""What staff do with conversations (contracts 2 and 3). The rules are beside, in a module each.

A refusal is a Conflict whose ``code`` says why and whose ``details`` name what is. Whoever may not see the conversation
gets NotFound or Forbidden instead.
"""

from uuid import UUID

from app.core.clock import Clock
from app.core.principal import Principal
from app.core.types import Department
from app.core.views import ConversationRef, ConversationView, MessageView
from app.flows.definition import FlowBook
from app.services.access import check_access
from app.services.handling.assigning import Assignment, assign
from app.services.handling.creating import create
from app.services.handling.moving import Transfer, close, end_relay, reopen, transfer
from app.services.handling.noting import note
from app.services.handling.prioritising import prioritise
from app.store.database import Database


class HandlingService:
    def __init__(self, *, database: Database, book: FlowBook, clock: Clock) -> None:
        self._database = database
        self._book = book
        self._clock = clock

    async def create(self, principal: Principal, number: str, department: Department) -> ConversationView:
        """Begin a conversation between a guest, known by this number, and a department; it is staff's turn.

        Raises Forbidden for a department that is not the caller's, Invalid ``bad_phone``, NotFound ``no_such_guest``,
        and Conflict: ``conversation_open`` (``conversation_id``) where they have one, ``no_channel`` where nothing
        leads to this guest.
        """
        return await self._database.run(create, principal, number, department, self._clock)

    async def close(self, principal: Principal, conversation_id: int) -> ConversationRef:
        """Raises Conflict ``already_closed``."""
        return await self._database.run(close, principal, conversation_id, self._clock)

    async def reopen(self, principal: Principal, conversation_id: int) -> ConversationRef:
        """Open a closed conversation again, for staff. Raises Conflict: ``not_closed`` (``status``), or
        ``conversation_open`` (``conversation_id``) where the guest has begun another one."""
        return await self._database.run(reopen, principal, conversation_id, self._clock)

    async def transfer(
        self,
        principal: Principal,
        conversation_id: int,
        department: Department,
        *,
        from_department: Department | None = None,
    ) -> ConversationRef:
        """Hand a conversation over to a department, from the flow too; nobody is assigned to it then.

        Raises Conflict: ``already_there`` (``department``), ``moved_meanwhile`` (``department``) where it is not in
        ``from_department``, or no longer where it was when this call began, ``conversation_open``
        (``conversation_id``), ``conversation_closed``.
        """
        seen = await self._look(principal, conversation_id)
        wanted = Transfer(to=department, from_department=from_department, seen_in=seen.department)
        return await self._database.run(transfer, principal, conversation_id, wanted, self._clock)

    async def assign(
        self, principal: Principal, conversation_id: int, user_id: int | None, *, replaces: int | None = None
    ) -> ConversationRef:
        """Have somebody take care of a conversation; None releases it. Nothing happens where it is so already.

        Raises Invalid ``no_such_user`` for whoever is no active staff user who sees the conversation, and Conflict:
        ``already_assigned`` (``assignee_id``, ``assignee_name``) where somebody else holds it, is not the one that it
        ``replaces``, or has changed since this call began; ``conversation_closed``.
        """
        seen = await self._look(principal, conversation_id)
        wanted = Assignment(to=user_id, replaces=replaces, seen_with=seen.assignee_id)
        return await self._database.run(assign, principal, conversation_id, wanted)

    async def prioritise(self, principal: Principal, conversation_id: int, priority: int) -> ConversationRef:
        """Say how urgent a conversation is: 1 normal, 2 high, 3 urgent. Nothing happens where it is so already.

        Raises Conflict: ``prioritised_meanwhile`` (``priority``) where that has changed since this call began,
        ``conversation_closed``.
        """
        seen = await self._look(principal, conversation_id)
        return await self._database.run(prioritise, principal, conversation_id, priority, seen.priority)

    async def note(
        self, principal: Principal, conversation_id: int, content: str, *, client_message_id: UUID | None = None
    ) -> MessageView:
        """Write something for staff alone, also in a closed conversation, which stays as it is.

        Raises Invalid: ``empty_text``, ``text_too_long``; Conflict ``client_message_id_used``.
        """
        return await self._database.run(
            note, principal, conversation_id, content, self._clock, client_message_id=client_message_id
        )

    async def end_relay(self, principal: Principal, conversation_id: int) -> None:
        """Give the guest back to the flow, which starts anew. Raises Conflict ``not_in_relay`` (``status``)."""
        await self._database.run(end_relay, principal, conversation_id, self._book, self._clock)

    async def _look(self, principal: Principal, conversation_id: int) -> ConversationRef:
        """The conversation as it stands while nobody holds it."""
        async with self._database.read() as work:
            return check_access(principal, await work.views.get(conversation_id))
