"""Contract 5, "WebChat", by REST and on its socket: messages and chats as a visitor reads them. Translates only.

Ids are strings here; a message's is its number, a chat's what the client calls it. Fields that the document does not
have stand beside its own, null where there is nothing.
"""

import re
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from app.contracts.media import MediaOut, media_out
from app.contracts.timestamps import Timestamp
from app.core.desk_views import DeskStatus
from app.core.drafts import VisitorDraft
from app.core.links import MediaLinks
from app.core.types import Department, MessageType, Platform, SenderType
from app.core.views import MessageView
from app.core.webchat_views import ChatItem, ChatPage

MediaType = Literal["text", "image", "audio", "video", "document"]

_DIGITS: Final = re.compile("[0-9]{1,18}")
_MEDIA_TYPES: Final[dict[MessageType, MediaType]] = {
    MessageType.IMAGE: "image",
    MessageType.STICKER: "image",
    MessageType.STORY_MENTION: "image",
    MessageType.AUDIO: "audio",
    MessageType.VIDEO: "video",
    MessageType.DOCUMENT: "document",
}


def _id(given: object) -> object:
    """A number, or its digits in a string."""
    return int(given) if isinstance(given, str) and _DIGITS.fullmatch(given) else given


def _no_file(given: object) -> None:
    if given is not None:
        raise ValueError("Send a file, in a multipart form.")


ChannelId = Annotated[int, BeforeValidator(_id), Field(strict=True, ge=1, lt=10**18)]
MessageId = Annotated[int, BeforeValidator(_id), Field(strict=True, ge=1, lt=10**18)]


class WebWire(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WebButtonOut(WebWire):
    """One choice of a menu. Whoever chooses it sends its ``id``, or its ``text``, as a message."""

    id: str
    text: str


class WebMessageOut(WebWire):
    """A message of a chat. From ``chat_id`` on, what stands beside the document's own fields."""

    id: str = Field(examples=["4711"])
    text: str = Field(description="What people read of it; the caption of a file.")
    is_outgoing: bool = Field(description="The hotel wrote it: its staff, or the flow.")
    sender_name: str = Field(examples=["John Doe"])
    timestamp: Timestamp = Field(description="When it came in or was written here; UTC.")
    media_type: MediaType = Field(description="`text` for all that has no file.")
    media_url: str | None = Field(description="Where its file is: a signed address that runs out after some hours.")
    chat_id: str = Field(examples=["webchat_user_123"])
    html: str | None = None
    reply_to_message_id: str | None = Field(description="The message that it answers.")
    interactive_buttons: list[WebButtonOut] | None = Field(description="The choices of a menu.")
    client_message_id: UUID | None
    media: MediaOut | None
    edited_at: Timestamp | None
    revoked_at: Timestamp | None = Field(description="When it was taken back by whoever wrote it.")


class WebSendIn(BaseModel):
    """What a visitor writes: ``text``, a file in a form's field ``media``, or both. Ids may be numbers or strings."""

    text: str = Field(
        default="", examples=["Hello!"], description="At most 16,384 characters; beside a file its caption."
    )
    chat_id: str | None = Field(
        default=None,
        examples=["my-holiday"],
        description="One's own chat, or the name of a new one: letters, digits and `_ - . : @ ~ + =`, 128 at most. The "
        "default chat where none is named.",
    )
    channel_id: ChannelId | None = Field(
        default=None, examples=[None], description="A WebChat channel; the first one in use if none."
    )
    client_message_id: UUID | None = Field(
        default=None, description="The client's own id: its second arrival answers with the first one's result."
    )
    reply_to_message_id: MessageId | None = Field(default=None, description="A message of this chat that is answered.")
    media: Annotated[None, BeforeValidator(_no_file)] = None

    def draft(self, media_id: int | None) -> VisitorDraft:
        return VisitorDraft(
            text=self.text,
            chat_id=self.chat_id,
            media_id=media_id,
            reply_to_message_id=self.reply_to_message_id,
            client_message_id=self.client_message_id,
        )


class ChatChangeIn(BaseModel):
    """What is to change of a chat; what is not there stays."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = Field(
        default=None, description="What the visitor calls it; null or empty for no name of its own."
    )
    is_archived: bool = Field(default=False, description="Whether it is put away.")

    def values(self) -> dict[str, object]:
        given = self.model_dump(exclude_unset=True)
        return given | ({"title": given["title"] or None} if "title" in given else {})


class SessionIn(BaseModel):
    """The web chat that a widget is for."""

    channel_id: ChannelId | None = Field(default=None, description="A WebChat channel; the first one in use if none.")


class SessionOut(WebWire):
    """A visitor's session that was just begun. ``guest_token`` is told this once; whoever shows it is the visitor."""

    success: Literal[True] = True
    guest_token: str
    account_id: str = Field(examples=["webchat_guest_0123456789abcdef0123456789abcdef"])
    chat_id: str = Field(description="The default chat's: the account's.")
    channel_id: int


class SentOut(WebWire):
    success: Literal[True] = True
    message: WebMessageOut


class MessagesOut(WebWire):
    success: Literal[True] = True
    chat_id: str
    messages: list[WebMessageOut]
    has_more: bool = Field(description="There are older ones, of those that were asked for.")
    next_cursor: str | None = Field(description="For `before`: the oldest id of this page, where there are older ones.")


class WebLastMessageOut(WebWire):
    text: str
    timestamp: Timestamp


class ChatOut(WebWire):
    """A chat. From ``status`` on, what stands beside the document's own fields."""

    id: str = Field(examples=["webchat_user_123"])
    name: str = Field(description="Its title; else `My Chat` for the default one, and the id for any other.")
    platform: Literal[Platform.WEBCHAT] = Platform.WEBCHAT
    channel_id: int
    last_message: WebLastMessageOut | None = Field(description="Null where nothing is left to read.")
    is_archived: bool
    status: DeskStatus = Field(
        description="`archived` once its visitor has put it away; else `closed` once staff have closed what its last "
        "message stands in."
    )
    department: Department | None = Field(description="With which department that is.")
    unread_count: int = Field(description="What the hotel wrote there, and the visitor has not read.")
    created_at: Timestamp


class ChatsOut(WebWire):
    success: Literal[True] = True
    chats: list[ChatOut]
    has_more: bool


class ChatChangedOut(WebWire):
    success: Literal[True] = True
    chat: ChatOut


class ChatDeletedOut(WebWire):
    success: Literal[True] = True
    chat_id: str


def messages(page: ChatPage, links: MediaLinks, *, oldest_first: bool) -> MessagesOut:
    shown = [message(each, links) for each in page.messages]
    return MessagesOut(
        chat_id=page.chat_id,
        messages=shown[::-1] if oldest_first else shown,
        has_more=page.has_more,
        next_cursor=shown[-1].id if page.has_more else None,
    )


def chat(item: ChatItem) -> ChatOut:
    last = item.last_message
    return ChatOut(
        id=item.public_id,
        name=item.name,
        channel_id=item.channel_id,
        last_message=None if last is None else WebLastMessageOut(text=last.content, timestamp=last.at),
        is_archived=item.is_archived,
        status=item.status,
        department=item.department,
        unread_count=item.unread_count,
        created_at=item.created_at,
    )


def message(view: MessageView, links: MediaLinks) -> WebMessageOut:
    """A message that stands in a chat, as its visitor reads it."""
    assert view.chat is not None, "what stands in no chat is no visitor's"
    file = media_out(view.media, links)
    return WebMessageOut(
        id=str(view.id),
        text=view.content,
        is_outgoing=view.sender_type is not SenderType.GUEST,
        sender_name=view.sender_name,
        timestamp=view.created_at,
        media_type=_MEDIA_TYPES.get(view.type, "text"),
        media_url=None if file is None else file.url,
        chat_id=view.chat.public_id,
        reply_to_message_id=None if view.reply_to_id is None else str(view.reply_to_id),
        interactive_buttons=_buttons(view.details),
        client_message_id=view.client_message_id if view.sender_type is SenderType.GUEST else None,
        media=file,
        edited_at=view.edited_at,
        revoked_at=view.revoked_at,
    )


def _buttons(details: dict[str, Any]) -> list[WebButtonOut] | None:
    options = details.get("options")
    return [WebButtonOut(id=each["id"], text=each["label"]) for each in options] if options else None
