"""What visitors read of their chats, and that they have read it: then staff see that they have."""

from collections.abc import Collection
from typing import Final

from app.core.clock import Clock
from app.core.errors import Invalid, NotFound, ResyncNeeded
from app.core.events import MessageStatusChanged
from app.core.principal import VisitorPrincipal
from app.core.types import DeliveryStatus
from app.core.views import MessageView, OpenChat
from app.core.webchat_views import ChatPage
from app.services.webchat.chats import chat_name, find_chat
from app.store.database import Database
from app.store.unit_of_work import UnitOfWork

NO_SUCH_CHAT: Final = "There is no such chat."


class ReadingService:
    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def page(
        self,
        visitor: VisitorPrincipal,
        chat_id: str | None,
        *,
        limit: int,
        before: int | None = None,
        after: int | None = None,
    ) -> ChatPage:
        """The newest ``limit`` messages of one's chat, of those behind ``after`` and below ``before``. What the hotel
        wrote among them has been read by that.

        Raises Invalid ``bad_chat_id``, and NotFound ``no_such_chat`` for a chat of somebody else and for one that has
        not begun, unless it is one's default chat: that is empty.
        """
        async with self._database.read() as work:
            chat = await find_chat(work, visitor, chat_id)
            if chat is None:
                if await chat_name(work, visitor, chat_id) != visitor.account:
                    raise NotFound(NO_SUCH_CHAT, code="no_such_chat")
                return ChatPage(chat_id=visitor.account, messages=[])
            above = chat.cleared_up_to or 0
            found = await work.messages.of_chat(chat.id, above=above, before=before, after=after, limit=limit + 1)
        page = ChatPage(chat_id=chat.public_id, messages=found[:limit], has_more=len(found) > limit)
        if unread := [each.id for each in page.messages if _is_unread(each)]:
            await self._database.run(self._mark_read, unread)
        return page

    async def open(self, visitor: VisitorPrincipal, chat_id: str) -> OpenChat:
        """The chat that a visitor's socket is for: what ``page`` reads. Raises NotFound ``no_such_chat``, always in the
        same words."""
        async with self._database.read() as work:
            try:
                chat = await find_chat(work, visitor, chat_id)
                name = await chat_name(work, visitor, chat_id)
            except Invalid:
                raise NotFound(NO_SUCH_CHAT, code="no_such_chat") from None
        if chat is not None:
            return OpenChat(public_id=chat.public_id, cleared_up_to=chat.cleared_up_to or 0)
        if name != visitor.account:
            raise NotFound(NO_SUCH_CHAT, code="no_such_chat")
        return OpenChat(public_id=visitor.account, cleared_up_to=0)

    async def check_since(self, visitor: VisitorPrincipal, since: int) -> None:
        """Whether the hotel's events after that number tell all that was written in the visitor's chats: not where
        they have signed in since, which brought along what was told to somebody else. Raises ResyncNeeded."""
        if visitor.user is None:
            return
        async with self._database.read() as work:
            if await work.webchat.has_signed_in(visitor.hotel_id, visitor.user.user_id, after=since):
                raise ResyncNeeded("You have signed in since then, with what you wrote before.")

    async def _mark_read(self, work: UnitOfWork, message_ids: Collection[int]) -> None:
        read = await work.statuses.mark_read(message_ids, self._clock())
        refs = await work.views.refs(set(read.values())) if read else {}
        for message_id in sorted(read):
            about = refs[read[message_id]]
            told = MessageStatusChanged(
                conversation=about, message_id=message_id, delivery_status=DeliveryStatus.READ, error=None
            )
            work.emit(about.hotel_id, told)


def _is_unread(message: MessageView) -> bool:
    return message.delivery_status is not None and message.delivery_status.rank < DeliveryStatus.READ.rank
