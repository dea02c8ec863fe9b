"""What visitors of a web chat write: kept, answered by the flow, and shown to staff, in one transaction.

Each message has a request, which says how its processing went (``processing.py``). Locks are taken in one order: the
visitor's session, the account, the user, the guest, then conversations by id. So of two messages of one visitor at once
the second sees what the first has done.
"""

from typing import Final
from uuid import uuid4

from msgspec.structs import replace

from app.channels.items import InboundMedia, InboundMessage, Sender
from app.channels.registry import ChannelRegistry
from app.core.bounds import LONGEST_TEXT
from app.core.clock import Clock
from app.core.drafts import VisitorDraft
from app.core.errors import Conflict, Invalid, NotFound, Unauthenticated
from app.core.events import Change
from app.core.principal import VisitorPrincipal
from app.core.text import clean, is_blank
from app.core.types import MessageType, RequestStatus
from app.core.views import MessageView
from app.services.inbound.arrivals import opening_of
from app.services.inbound.changes import Changes
from app.services.inbound.corrections import Reading
from app.services.inbound.guest_desk import GuestDesk, Taken
from app.services.inbound.reception import Caller, meet
from app.services.inbound.visitor import Visitor, put_state
from app.services.sending.outgoing import file_type
from app.services.webchat.chats import chat_name, check_chat_id, find_chat
from app.services.webchat.processing import Processing
from app.services.webchat.visitors import OVER
from app.store.conversations import ConversationState
from app.store.database import Database
from app.store.guests import Address
from app.store.media import FileRecord
from app.store.unit_of_work import UnitOfWork
from app.store.webchat import ChatRecord

EXTERNAL: Final = "webchat-"


class ReceivingService:
    def __init__(self, *, database: Database, desk: GuestDesk, channels: ChannelRegistry, clock: Clock) -> None:
        self._database = database
        self._desk = desk
        self._channels = channels
        self._clock = clock

    async def receive(self, visitor: VisitorPrincipal, draft: VisitorDraft) -> MessageView:
        """Keep what a visitor writes and have the flow answer it; the message as it was stored, or as it was the first
        time.

        Where the flow fails, the message is kept all the same, and its request tried again. Raises Invalid
        (``empty_text``, ``text_too_long``, ``bad_chat_id``, ``no_such_message``), NotFound (``no_such_chat`` for a chat
        of somebody else, ``no_such_upload``), Conflict ``client_message_id_used`` where another visitor has used that
        id, and Unauthenticated where the visitor's session has ended.
        """
        self.check(draft, has_file=draft.media_id is not None)
        return await self._database.run(self._receive, visitor, draft)

    def check(self, draft: VisitorDraft, *, has_file: bool) -> None:
        """What can be said of a message before anything is looked up. Raises Invalid as ``receive``."""
        if draft.chat_id is not None:
            check_chat_id(draft.chat_id)
        if not has_file and is_blank(draft.text):
            details = {"text": ["A text or a file is needed."]}
            raise Invalid("The message is empty.", code="empty_text", details=details)
        if len(draft.text) > LONGEST_TEXT:
            details = {"text": [f"{len(draft.text)} characters; at most {LONGEST_TEXT} can be sent."]}
            raise Invalid("The text is too long.", code="text_too_long", details=details)

    async def _receive(self, work: UnitOfWork, principal: VisitorPrincipal, draft: VisitorDraft) -> MessageView:
        processing = Processing(self._desk, self._clock)
        processing.reach(RequestStatus.IDENTIFYING)
        visitor = await self.greet(work, principal)
        if (first := await _earlier(work, visitor, draft)) is not None:
            if first.chat is not None:
                return first
            return replace(first, chat=(await open_chat(work, visitor, principal, draft.chat_id)).ref)  # it was cleared
        chat = await open_chat(work, visitor, principal, draft.chat_id)
        quoted = await _quoted(work, chat, draft.reply_to_message_id)
        file = None if draft.media_id is None else await work.media.lock_kept(draft.media_id, principal.hotel_id)
        changes = Changes(self._clock())  # not before: of several who wait, each is later than the one it waited for
        visitor.has_written(changes.at)
        taken = Taken(
            item=_item(principal, draft.text, file),
            reading=Reading(text=clean(draft.text)),
            conversation=await self._conversation(work, changes, visitor, quoted),
            reply_to=draft.reply_to_message_id,
            client_message_id=draft.client_message_id,
            file=file,
        )
        decision = processing.decide(visitor, taken)
        message = self._desk.keep(changes, visitor, taken, decision)
        await changes.write(work)
        await processing.follow(work, visitor, taken, decision, changes.at)
        await work.requests.add(principal.hotel_id, message.id, processing.end(visitor, message.id), changes.at)
        return message.written

    async def greet(self, work: UnitOfWork, principal: VisitorPrincipal) -> Visitor:
        """Their account, made where they write for the first time, and the guest who they are, both locked; what goes
        on by it is in no chat yet. Raises Unauthenticated where their session has ended, NotFound."""
        if principal.key is not None and not await work.webchat.hold_session(principal.key):
            raise Unauthenticated(OVER)
        found = await work.channels.by_ids([principal.channel_id])
        if not found:
            raise NotFound("There is no such web chat.", code="no_such_channel")
        channel = found[0]
        guest_id = None
        if principal.key is None:
            guest_id = await _known_guest(work, principal)
        sender = Sender(address=principal.account, name=_name_of(principal))
        callers = {(channel.id, principal.account): Caller(channel=channel, sender=sender, guest_id=guest_id)}
        (visitor,) = (await meet(work, self._channels.get(channel.platform), callers)).values()
        if principal.user is not None and guest_id is None:
            await work.users.set_guest(principal.user.user_id, visitor.guest.id)
        return visitor

    async def _conversation(
        self, work: UnitOfWork, changes: Changes, visitor: Visitor, quoted: MessageView | None
    ) -> ConversationState:
        """Where the message goes: as on every channel, or with the bot in a new one."""
        if chosen := visitor.choose(quoted.conversation_id if quoted else None):
            return chosen
        first_state = self._desk.first_state(visitor)
        ((conversation, is_new),) = await work.conversations.open_many([opening_of(visitor, first_state.status)])
        visitor.conversations.append(conversation)
        if is_new:
            put_state(conversation, first_state)
            changes.happened(conversation, Change.CREATED)
        return conversation


async def _known_guest(work: UnitOfWork, principal: VisitorPrincipal) -> int | None:
    """Who they are, where a link or their user's record says so; their account is theirs then. It is locked, before the
    user, as where somebody signs in."""
    address = Address(channel_id=principal.channel_id, address=principal.account, hotel_id=principal.hotel_id)
    (account,) = await work.guests.lock_accounts([address])
    if principal.user is not None:
        guest_id = await work.users.lock_guest_of(principal.user.user_id)
    else:
        assert principal.guest is not None, "or it is a visitor's session"
        guest_id = principal.guest.guest_id
    if guest_id is not None and account.guest_id not in {None, guest_id}:
        await work.guests.attach([(account.id, guest_id, None)])
    return guest_id


def _name_of(principal: VisitorPrincipal) -> str:
    """What staff call somebody whom they do not know yet."""
    if principal.user is not None:
        return principal.user.name
    return f"Visitor {(principal.key or principal.account)[:6]}"


async def _earlier(work: UnitOfWork, visitor: Visitor, draft: VisitorDraft) -> MessageView | None:
    """The first message with this client's id, wherever the guest has it by now. Of two at once the first commits, and
    the second sees it."""
    if draft.client_message_id is None:
        return None
    first = await work.messages.by_guests_client_id(visitor.channel.hotel_id, draft.client_message_id)
    if first is None:
        return None
    conversation = await work.views.get(first.conversation_id)
    if conversation is None or conversation.guest_id != visitor.guest.id:
        raise Conflict(
            "This client_message_id was used by another guest.",
            code="client_message_id_used",
            details={"client_message_id": [str(draft.client_message_id)]},
        )
    return first


async def open_chat(work: UnitOfWork, visitor: Visitor, principal: VisitorPrincipal, chat_id: str | None) -> ChatRecord:
    """Have the visitor be in this chat, which begins with its first message."""
    found = await find_chat(work, principal, chat_id)
    if found is None:
        public_id = await chat_name(work, principal, chat_id)
        await work.webchat.open_chat(visitor.channel.hotel_id, visitor.channel.id, visitor.account.id, public_id)
        found = await find_chat(work, principal, chat_id)
    assert found is not None, "it is there now"
    visitor.chat = found.ref
    return found


async def _quoted(work: UnitOfWork, chat: ChatRecord, message_id: int | None) -> MessageView | None:
    """The message that is answered: one that the visitor reads in this chat. Raises Invalid."""
    if message_id is None:
        return None
    found = await work.messages.get(message_id)
    if (
        found is None
        or found.chat is None
        or found.chat.id != chat.id
        or found.id <= (chat.cleared_up_to or 0)
        or not found.is_said
    ):
        details = {"reply_to_message_id": ["No message of this chat."]}
        raise Invalid("There is no such message to reply to in this chat.", code="no_such_message", details=details)
    return found


def _item(principal: VisitorPrincipal, text: str, file: FileRecord | None) -> InboundMessage:
    """What they have written, as from any provider. What is written may be what stands on a button, or its id."""
    text = clean(text)
    media = None
    if file is not None:
        media = InboundMedia(provider_id="", mime_type=file.mime_type, filename=file.filename, voice=file.voice)
    return InboundMessage(
        account="",
        external_id=f"{EXTERNAL}{uuid4()}",
        sender=Sender(address=principal.account),
        type=MessageType.TEXT if file is None else file_type(file.mime_type or ""),
        text=text,
        choice=text.strip(),
        media=media,
    )
