"""Read models of the web chat: what visitors read of their own chats (contract 5)."""

from datetime import datetime

import msgspec

from app.core.desk_views import DeskStatus
from app.core.types import Department
from app.core.views import LastMessage, MessageView


class ChatItem(msgspec.Struct, frozen=True, kw_only=True):
    """A chat as its visitor's list shows it. ``status`` and ``department`` follow the conversation of its last message,
    unless the visitor has put the chat away; ``unread_count`` is of what the hotel wrote there."""

    id: int
    public_id: str
    name: str
    channel_id: int
    status: DeskStatus
    department: Department | None
    last_message: LastMessage | None
    unread_count: int
    is_archived: bool
    created_at: datetime


class ChatFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which chats are wanted: all where nothing is named."""

    status: DeskStatus | None = None
    is_archived: bool | None = None
    department: Department | None = None
    name: str | None = None


class ChatPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some messages of a chat, the newest first, and whether there are older ones of those that were asked for."""

    chat_id: str
    messages: list[MessageView]
    has_more: bool = False
