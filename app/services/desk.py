"""The staff's desk: which conversations there are, found and filtered, and one of them with its messages.

Reading only; contracts 2 and 4 show it. How conversations change is in ``handling/``, how they are answered in
``sending/``.
"""

from app.core.desk_views import DeskFilter, DeskItem, DeskThread
from app.core.errors import Forbidden, NotFound
from app.core.principal import Principal
from app.core.views import ConversationRef, MessageView, Page
from app.services.access import check_access, scope_of
from app.store.database import Database

MESSAGES_AT_ONCE = 50


class DeskService:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def search(self, principal: Principal, wanted: DeskFilter, *, page: int, page_size: int) -> Page[DeskItem]:
        """What the caller may see of what is wanted, the last active first.

        Raises Forbidden for a department that is not theirs, NotFound ``no_such_page`` for a page past the end.
        """
        scope = scope_of(principal)
        if not scope.covers(principal.hotel_id, wanted.department):
            raise Forbidden("These conversations belong to another department.")
        async with self._database.read() as work:
            found = await work.desk.page(scope, wanted, limit=page_size, offset=(page - 1) * page_size)
        if page > 1 and not found.items:
            raise NotFound("There is no such page.", code="no_such_page")
        return found

    async def recent(
        self, principal: Principal, conversation_id: int, *, limit: int
    ) -> tuple[ConversationRef, list[MessageView]]:
        """One conversation with the newest ``limit`` messages of what guest and hotel have said to each other, the
        oldest of them first. Raises NotFound or Forbidden."""
        async with self._database.read() as work:
            conversation = check_access(principal, await work.views.get(conversation_id))
            return conversation, await work.messages.of_conversation(conversation_id, limit=limit, said=True)

    async def thread(
        self, principal: Principal, conversation_id: int, *, before: int | None = None, limit: int = MESSAGES_AT_ONCE
    ) -> DeskThread:
        """One conversation with its newest ``limit`` messages, or those older than ``before``; the oldest of them
        first. Raises NotFound or Forbidden."""
        async with self._database.read() as work:
            item = await work.desk.item(conversation_id)
            check_access(principal, item)
            assert item is not None, "checked"
            return DeskThread(
                item=item,
                participants=await work.desk.participants(conversation_id),
                messages=await work.messages.of_conversation(conversation_id, before=before, limit=limit),
            )
