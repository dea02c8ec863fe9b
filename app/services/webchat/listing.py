"""A visitor's chats: listed, named, put away, and cleared.

Whoever changes one holds the visitor's session and account first, as those do who write there and who sign in, so that
it is no other's meanwhile.
"""

from app.core.clock import Clock
from app.core.errors import NotFound, Unauthenticated
from app.core.principal import VisitorPrincipal
from app.core.webchat_views import ChatFilter, ChatItem
from app.services.webchat.chats import find_chat
from app.services.webchat.reading import NO_SUCH_CHAT
from app.services.webchat.visitors import OVER, Somebody, VisitorService
from app.store.database import Database
from app.store.unit_of_work import UnitOfWork
from app.store.webchat import ChatRecord


class ChatService:
    def __init__(self, *, database: Database, visitors: VisitorService, clock: Clock) -> None:
        self._database = database
        self._visitors = visitors
        self._clock = clock

    async def list(
        self, who: Somebody, wanted: ChatFilter, *, channel_id: int | None, limit: int, offset: int
    ) -> list[ChatItem]:
        """The chats of somebody in which there is something to read, the last active first; on all channels unless one
        is named. Raises NotFound ``no_such_channel``."""
        account, channels = await self._visitors.everywhere(who, channel_id)
        async with self._database.read() as work:
            return await work.webchat.chats(account, channels, wanted, limit=limit, offset=offset)

    async def change(self, visitor: VisitorPrincipal, chat_id: str, **values: object) -> ChatItem:
        """Name a chat (``title``, None for no name), or put it away and take it out again (``is_archived``). Raises
        NotFound ``no_such_chat``, Invalid ``bad_chat_id``."""
        return await self._database.run(self._change, visitor, chat_id, values)

    async def clear(self, visitor: VisitorPrincipal, chat_id: str) -> str:
        """Show the visitor no more of what stands in a chat up to now; the hotel keeps it. Its id. Raises likewise."""
        return await self._database.run(self._clear, visitor, chat_id)

    async def _change(
        self, work: UnitOfWork, visitor: VisitorPrincipal, chat_id: str, values: dict[str, object]
    ) -> ChatItem:
        chat = await _hold(work, visitor, chat_id)
        if values:
            await work.webchat.change(chat.id, self._clock(), **values)
        return await work.webchat.item(chat.id)

    async def _clear(self, work: UnitOfWork, visitor: VisitorPrincipal, chat_id: str) -> str:
        chat = await _hold(work, visitor, chat_id, also_staff=True)
        await work.webchat.clear(chat.id, self._clock())
        return chat.public_id


async def _hold(work: UnitOfWork, visitor: VisitorPrincipal, chat_id: str, *, also_staff: bool = False) -> ChatRecord:
    """The visitor's chat, which nobody writes in until the transaction ends; nor do staff, where that is asked for."""
    if visitor.key is not None and not await work.webchat.hold_session(visitor.key):
        raise Unauthenticated(OVER)
    accounts = await work.guests.lock_known(visitor.channel_id, [visitor.account])
    chat = await find_chat(work, visitor, chat_id)
    if chat is None or not accounts:
        raise NotFound(NO_SUCH_CHAT, code="no_such_chat")
    if also_staff:
        if (guest_id := accounts[0].guest_id) is not None:
            await work.guests.lock(guest_id)
        await work.conversations.lock_many(await work.webchat.conversations_in(chat.id))
    return chat
