"""What a batch of messages will write, put together in memory and written in few statements.

A message gets its id only as it is written; until then an ``Entry`` stands for it. Events keep how their conversation
stood when they happened.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import msgspec

from app.core.events import Change, ConversationChanged, Event, MessageCreated
from app.core.views import ConversationRef, MediaView, MessageView
from app.store.conversations import ConversationState
from app.store.deliveries import NewDelivery
from app.store.media import FileRecord
from app.store.messages import NewMedia, NewMessage
from app.store.unit_of_work import UnitOfWork


@dataclass(eq=False)
class Entry:
    """A message to be. ``reply_to`` is one that is stored, or another entry; ``file`` is here already, with ``stay_id``
    as a document of that stay. ``id`` and ``view`` are there once it is written."""

    message: NewMessage
    conversation: ConversationRef
    reply_to: "int | Entry | None" = None
    address: str | None = None
    file: FileRecord | None = None
    stay_id: int | None = None
    id: int = 0
    view: MessageView | None = None

    @property
    def written(self) -> MessageView:
        """The message as it was stored."""
        assert self.view is not None, "it is written"
        return self.view


class Changes:
    """For one transaction, or one savepoint of it: ``write`` is the last thing that is done with it."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._entries: list[Entry] = []
        self._happened: list[Entry | tuple[ConversationRef, Change]] = []
        self._touched: dict[int, ConversationState] = {}
        self._newest: dict[int, Entry] = {}
        self._by_external_id: dict[tuple[int, str], Entry] = {}

    def add(
        self,
        conversation: ConversationState,
        message: NewMessage,
        *,
        preview: str | None = None,
        reply_to: int | Entry | None = None,
        deliver: bool = False,
        file: FileRecord | None = None,
        stay_id: int | None = None,
    ) -> Entry:
        """A message of this conversation. With a ``preview`` it shows in lists as the last one; with ``deliver`` it
        leaves for the guest. ``file`` is one of no message yet, which this transaction has locked."""
        noted = preview is not None and conversation.note_message(0, preview, message.sender_type, self.at)
        entry = Entry(
            message=message,
            conversation=conversation.ref(),
            reply_to=reply_to,
            address=conversation.address if deliver else None,
            file=file,
            stay_id=stay_id,
        )
        if noted:
            self._newest[conversation.id] = entry
        if message.external_id is not None:
            self._by_external_id[message.channel_id, message.external_id] = entry
        self._entries.append(entry)
        self._happened.append(entry)
        self.touch(conversation)
        return entry

    def happened(self, conversation: ConversationState, change: Change) -> None:
        """A conversation began or changed hands."""
        self._happened.append((conversation.ref(), change))
        self.touch(conversation)

    def touch(self, conversation: ConversationState) -> None:
        """It is to be saved."""
        self._touched[conversation.id] = conversation

    async def settle(self, work: UnitOfWork) -> None:
        """Have the database know where conversations are by now, before any is opened or loaded anew."""
        await self._save(work)

    def last_home(self, channel_id: int, conversation_ids: Collection[int]) -> int | None:
        """In which of these conversations the newest message by this channel will stand."""
        for entry in reversed(self._entries):
            if entry.message.channel_id == channel_id and entry.message.conversation_id in conversation_ids:
                return entry.message.conversation_id
        return None

    def entry(self, channel_id: int, external_id: str) -> Entry | None:
        return self._by_external_id.get((channel_id, external_id))

    async def write(self, work: UnitOfWork) -> None:
        """Store it all, and tell of it."""
        await self._write_messages(work)
        leaving = [_delivery(each) for each in self._entries if each.address is not None]
        if leaving:
            await work.deliveries.add_many(leaving)
            work.has_deliveries = True
        for conversation_id, newest in self._newest.items():
            self._touched[conversation_id].last_message_id = newest.id
        await self._save(work)
        for each in self._happened:
            event: Event
            if isinstance(each, Entry):
                event = MessageCreated(conversation=each.conversation, message=each.written)
            else:
                event = ConversationChanged(conversation=each[0], change=each[1])
            work.emit(event.conversation.hotel_id, event)

    async def _save(self, work: UnitOfWork) -> None:
        if self._touched:
            await work.conversations.save_many([self._touched[key] for key in sorted(self._touched)])

    async def _write_messages(self, work: UnitOfWork) -> None:
        files = [entry for entry in self._entries if entry.message.media is not None]
        ids, file_ids = await work.messages.reserve(len(self._entries), len(files))
        for entry, message_id in zip(self._entries, ids, strict=True):
            entry.id = message_id
        file_id_of = {id(entry): file_id for entry, file_id in zip(files, file_ids, strict=True)}
        for entry in self._entries:
            entry.view = _view(entry, file_id_of.get(id(entry)))
        if self._entries:
            await work.messages.add_many([(each.written, _resolved(each)) for each in self._entries])
        for entry in self._entries:
            if entry.file is not None:
                channel_id = entry.message.channel_id
                await work.media.give(entry.file.id, entry.id, channel_id=channel_id, stay_id=entry.stay_id)


def _resolved(entry: Entry) -> NewMessage:
    return msgspec.structs.replace(entry.message, reply_to_id=_id_of(entry.reply_to))


def _id_of(reply_to: int | Entry | None) -> int | None:
    return reply_to.id if isinstance(reply_to, Entry) else reply_to


def _delivery(entry: Entry) -> NewDelivery:
    assert entry.address is not None
    return NewDelivery(
        hotel_id=entry.message.hotel_id,
        channel_id=entry.message.channel_id,
        conversation_id=entry.message.conversation_id,
        message_id=entry.id,
        address=entry.address,
        at=entry.message.created_at,
    )


def _view(entry: Entry, file_id: int | None) -> MessageView:
    message = entry.message
    media = _file(message.media, file_id) if message.media is not None and file_id is not None else None
    return MessageView(
        id=entry.id,
        conversation_id=message.conversation_id,
        sender_type=message.sender_type,
        sender_name=message.sender_name,
        staff_user_id=message.staff_user_id,
        origin=message.origin,
        type=message.type,
        content=message.content,
        delivery_status=message.delivery_status,
        delivery_error=message.delivery_error,
        delivery_error_code=message.delivery_error_code,
        details=message.extra,
        media=media if entry.file is None else _kept(entry.file, entry.stay_id),
        reply_to_id=_id_of(entry.reply_to),
        is_note=message.is_note,
        edited_at=message.edited_at,
        revoked_at=message.revoked_at,
        client_message_id=message.client_message_id,
        chat=message.chat,
        created_at=message.created_at,
        provider_timestamp=message.provider_timestamp,
    )


def _file(file: NewMedia, file_id: int) -> MediaView:
    return MediaView(
        id=file_id,
        state=file.state,
        mime_type=file.mime_type,
        filename=file.filename,
        size=None,
        width=None,
        height=None,
        voice=file.voice,
        has_thumbnail=False,
        restricted=file.stay_id is not None,
        error=None,
    )


def _kept(file: FileRecord, stay_id: int | None) -> MediaView:
    return MediaView(
        id=file.id,
        state=file.state,
        mime_type=file.mime_type,
        filename=file.filename,
        size=file.size,
        width=file.width,
        height=file.height,
        voice=file.voice,
        has_thumbnail=file.thumbnail_key is not None,
        restricted=stay_id is not None,
        error=file.error,
    )
