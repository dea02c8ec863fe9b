"""An update, turned into items. It holds one thing; of which kind, the name of its field says.

A message is known as ``{chat}:{message id}``, for its id counts within its chat alone; a pressed button as
``{chat}:q{callback query}``; anything else as ``{chat}:u{update}``. What is not for us gives no item.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from app.channels.base import Malformed
from app.channels.items import Blocked, Edited, IdentityChanged, InboundMessage, Item, Sender, Unreadable
from app.channels.shapes import Json, as_id, as_list, as_object, as_text, as_time
from app.channels.telegram.content import Content, is_service, read_content
from app.core.bounds import fitting
from app.core.text import read_json
from app.core.types import MessageType

UPDATES = ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction")
"""The kinds of updates that concern us; Telegram tells of reactions only where they are asked for."""

GROUPS = frozenset({"group", "supergroup"})
_GONE = frozenset({"kicked", "left"})
_KEPT = ("forward_origin", "media_group_id", "quote")


def parse(body: bytes, *, received_at: datetime) -> list[Item]:
    """The items of one update. Raises Malformed where it is no JSON; JSON of another shape holds nothing for us."""
    try:
        update = as_object(read_json(body))
    except ValueError as error:
        raise Malformed(f"no JSON: {error}") from None
    return list(_Reader(update, received_at).items())


class _Reader:
    def __init__(self, update: Json, received_at: datetime) -> None:
        self._update = update
        self._id = as_id(update.get("update_id"), limit=32)
        self._received_at = received_at

    def items(self) -> Iterator[Item]:
        readers: tuple[Callable[[Json], Iterator[Item]], ...] = (
            self._message,
            self._edited,
            self._pressed,
            self._membership,
            self._reaction,
        )
        for name, read in zip(UPDATES, readers, strict=True):
            if name in self._update:
                yield from read(as_object(self._update[name]))

    def _message(self, message: Json) -> Iterator[Item]:
        chat, group = _chat(message)
        number = as_id(message.get("message_id"), limit=32)
        sender = _writer(message, chat, group)
        if not chat or not number or sender is None:
            yield Unreadable(account="", reason="a message without an id, a chat or a sender")
            return
        known_as = f"{chat}:{number}"
        if moved_to := as_id(message.get("migrate_to_chat_id"), limit=32):
            yield IdentityChanged(account="", external_id=known_as, old=chat, new=moved_to)
        elif not is_service(message) and not _is_channel(message):
            yield self._inbound(message, known_as, sender, chat, group, read_content(message))

    def _inbound(
        self, message: Json, known_as: str, sender: Sender, chat: str, group: str | None, content: Content
    ) -> InboundMessage:
        answered = as_id(as_object(message.get("reply_to_message")).get("message_id"), limit=32)
        return InboundMessage(
            account="",
            external_id=known_as,
            sender=sender,
            type=content.type,
            text=content.text,
            wordless=content.wordless,
            unreadable=content.unreadable,
            too_big=content.too_big,
            media=content.media,
            reply_to=f"{chat}:{answered}" if answered else None,
            group=group,
            sent_at=as_time(message.get("date"), latest=self._received_at) or self._received_at,
            extra=fitting(content.extra | {name: message[name] for name in _KEPT if message.get(name)}),
        )

    def _edited(self, message: Json) -> Iterator[Item]:
        chat, group = _chat(message)
        number = as_id(message.get("message_id"), limit=32)
        sender = _writer(message, chat, group)
        if not chat or not number or not self._id or sender is None:
            yield Unreadable(account="", reason="an edit without an id, a chat or a sender")
        elif not _is_channel(message):
            yield Edited(
                account="",
                external_id=f"{chat}:u{self._id}",
                sender=sender,
                target=f"{chat}:{number}",
                text=read_content(message).text,
                group=group,
                at=as_time(message.get("edit_date"), latest=self._received_at),
            )

    def _pressed(self, query: Json) -> Iterator[Item]:
        """A button below a message of ours. That message may be too old for Telegram to show: then its date is 0."""
        message = as_object(query.get("message"))
        person = as_object(query.get("from"))
        chat, group = _chat(message)
        chat = chat or as_id(person.get("id"), limit=32)
        query_id = as_id(query.get("id"), limit=64)
        sender = _person(person, None if group else chat)
        if not chat or not query_id or sender is None:
            yield Unreadable(account="", reason="a pressed button without an id or a sender")
            return
        data = as_text(query.get("data"), 256)
        title = _title_of(message, data) or data
        number = as_id(message.get("message_id"), limit=32)
        yield InboundMessage(
            account="",
            external_id=f"{chat}:q{query_id}",
            sender=sender,
            type=MessageType.CALLBACK_QUERY,
            text=title or "A button that cannot be shown here.",
            wordless=not title,
            unreadable=not title,
            choice=data or None,
            reply_to=f"{chat}:{number}" if number else None,
            group=group,
            sent_at=self._received_at,
            is_awaited=True,
            extra={"choice": {"id": data, "title": title, "description": ""}} if data else {},
        )

    def _membership(self, change: Json) -> Iterator[Item]:
        """Whether the bot may still write here: a guest has blocked it, or a group has put it out."""
        chat, group = _chat(change)
        now = as_text(as_object(change.get("new_chat_member")).get("status"), 32)
        before = as_text(as_object(change.get("old_chat_member")).get("status"), 32)
        if chat and self._id and not _is_channel(change) and (now in _GONE) is not (before in _GONE):
            yield Blocked(
                account="",
                external_id=f"{chat}:u{self._id}",
                sender=Sender(address=group or chat),
                is_blocked=now in _GONE,
                at=as_time(change.get("date"), latest=self._received_at),
            )

    def _reaction(self, change: Json) -> Iterator[Item]:
        """Told only where a bot asks for it (``allowed_updates``). Of several emoji the last counts."""
        chat, group = _chat(change)
        number = as_id(change.get("message_id"), limit=32)
        sender = _person(as_object(change.get("user")), None if group else chat)
        if not chat or not number or not self._id or sender is None:
            return  # of a channel, or of somebody who is not named
        emoji = [as_text(as_object(each).get("emoji"), 64) for each in as_list(change.get("new_reaction"))]
        yield InboundMessage(
            account="",
            external_id=f"{chat}:u{self._id}",
            sender=sender,
            type=MessageType.REACTION,
            text=(emoji[-1] or "\N{WHITE MEDIUM STAR}") if emoji else "",  # one of Telegram's own has no character
            reply_to=f"{chat}:{number}",
            group=group,
            sent_at=as_time(change.get("date"), latest=self._received_at) or self._received_at,
        )


def _chat(about: Json) -> tuple[str, str | None]:
    """The chat's id, "" where there is none, and the same where it is a group's."""
    chat = as_object(about.get("chat"))
    chat_id = as_id(chat.get("id"), limit=32)
    return chat_id, chat_id if chat_id and as_text(chat.get("type")) in GROUPS else None


def _is_channel(about: Json) -> bool:
    return as_object(about.get("chat")).get("type") == "channel"


def _writer(message: Json, chat: str, group: str | None) -> Sender | None:
    """In a group a chat may write in nobody's name; with a guest alone, the chat is the guest."""
    if group is None:
        return _person(as_object(message.get("from")) or as_object(message.get("chat")), chat)
    return _person(as_object(message.get("sender_chat")) or as_object(message.get("from")), None)


def _person(person: Json, address: str | None) -> Sender | None:
    address = address or as_id(person.get("id"), limit=32)
    if not address:
        return None
    names = [as_text(person.get(name), 200).strip() for name in ("first_name", "last_name")]
    name = " ".join(filter(None, names)) or as_text(person.get("title"), 200) or as_text(person.get("username"), 200)
    return Sender(address=address, name=name or None)


def _title_of(message: Json, data: str) -> str:
    """What stands on the button with this data."""
    for row in as_list(as_object(message.get("reply_markup")).get("inline_keyboard")):
        for button in map(as_object, as_list(row)):
            if data and button.get("callback_data") == data:
                return as_text(button.get("text"), 256)
    return ""
