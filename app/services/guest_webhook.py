"""What guests say by a program of the hotel's: contract 2's guest webhook.

A guest who stays (``staying.py``) is brought to people, without the bot: to the conversation of the hotel's own channel
that a department has and in which staff wrote last; else to theirs with Reception on another channel, which comes to
the hotel's own where staff could not answer it now; else to what is nobody's on the hotel's own; else to a new one.
Locks are taken as where staff begin a conversation: the account, the guest, then their open conversations by id; so of
two who begin one at once the second sees the first's. Nothing that a guest writes by this way has a meaning of its own,
STOP neither: it is for people to read.
"""

from datetime import datetime
from uuid import uuid4

import msgspec

from app.core.clock import Clock
from app.core.drafts import GuestDraft
from app.core.errors import Conflict, Forbidden, Invalid
from app.core.events import Change
from app.core.phones import read_phone, variants
from app.core.text import is_blank
from app.core.types import ConversationStatus, Department, MessageOrigin, Platform, SenderType
from app.services.inbound.changes import Changes
from app.services.inbound.guest_desk import preview_of
from app.services.inbound.visitor import last_with_staff
from app.services.staying import find_staying
from app.store.conversations import ConversationState, Opening
from app.store.database import Database
from app.store.guests import Address
from app.store.messages import NewMessage
from app.store.present_guests import KnownStay
from app.store.unit_of_work import UnitOfWork

RELAY, RECEPTION = ConversationStatus.RELAY, Department.RECEPTION


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """Where a guest's message stands."""

    message_id: int
    conversation_id: int


class GuestWebhookService:
    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def receive(self, draft: GuestDraft, *, hotel_id: int | None = None) -> Received:
        """Keep a guest's message and tell staff of it. With a ``hotel_id`` only guests of that hotel are meant.

        Raises Invalid for what is no number and for a message that says nothing, Forbidden ``no_active_stay``, and
        Conflict where the client's id was another guest's message.
        """
        try:
            spellings = variants(read_phone(draft.number))
        except ValueError as error:
            details = {"whatsapp_number": [f"This {error}."]}
            raise Invalid("Some fields are not right.", code="bad_fields", details=details) from None
        if is_blank(draft.text) and not draft.media_url:
            details = {"message": ["Only a message with a media_url may be without words."]}
            raise Invalid("The message is empty.", code="empty_text", details=details)
        return await self._database.run(self._receive, draft, spellings, hotel_id)

    async def _receive(
        self, work: UnitOfWork, draft: GuestDraft, spellings: tuple[str, ...], hotel_id: int | None
    ) -> Received:
        guest = await find_staying(work, spellings, self._clock(), hotel_id=hotel_id)
        if guest is None:
            raise Forbidden("No guest with this number stays here now.", code="no_active_stay")
        visit = await _meet(work, guest)
        if earlier := await _earlier(work, guest, draft):
            return earlier
        changes = Changes(self._clock())  # not before: of several who wait, each is later than the one it waited for
        conversation = await _conversation(work, visit, changes.at)
        message = _message(conversation, guest, draft, changes.at)
        preview = preview_of(draft.type, draft.text) or draft.media_url or ""
        conversation.waiting_since = conversation.waiting_since or changes.at
        # Whoever hears of the conversation is shown at once what it is about.
        conversation.note_message(0, preview, SenderType.GUEST, changes.at)
        for change in visit.happened:
            changes.happened(conversation, change)
        entry = changes.add(conversation, message, preview=preview)
        await changes.write(work)
        return Received(message_id=entry.id, conversation_id=conversation.id)


class _Visit(msgspec.Struct, kw_only=True):
    """A guest at the hotel's own channel; their account and ``open`` conversations are locked."""

    guest: KnownStay
    channel_id: int
    account_id: int
    open: list[ConversationState]
    happened: list[Change] = []


async def _meet(work: UnitOfWork, guest: KnownStay) -> _Visit:
    channel_id = await work.channels.internal(guest.stay.hotel_id)
    address = Address(channel_id=channel_id, address=guest.number, hotel_id=guest.stay.hotel_id)
    (account,) = await work.guests.lock_accounts([address])
    if account.guest_id != guest.stay.guest_id:  # it is new, or the number was somebody else's
        await work.guests.attach([(account.id, guest.stay.guest_id, guest.stay.guest_name)])
    await work.guests.lock(guest.stay.guest_id)
    return _Visit(
        guest=guest,
        channel_id=channel_id,
        account_id=account.id,
        open=await work.conversations.lock_open([guest.stay.guest_id]),
    )


async def _earlier(work: UnitOfWork, guest: KnownStay, draft: GuestDraft) -> Received | None:
    """What the first message with this client's id became. Two at once: the first commits, the second sees it."""
    if draft.client_message_id is None:
        return None
    first = await work.messages.by_guests_client_id(guest.stay.hotel_id, draft.client_message_id)
    if first is None:
        return None
    conversation = await work.views.get(first.conversation_id)
    if conversation is None or conversation.guest_id != guest.stay.guest_id:
        raise Conflict(
            "This client_message_id was used for another guest.",
            code="client_message_id_used",
            details={"client_message_id": [str(draft.client_message_id)]},
        )
    return Received(message_id=first.id, conversation_id=first.conversation_id)


async def _conversation(work: UnitOfWork, visit: _Visit, at: datetime) -> ConversationState:
    """Where the guest goes on, locked; what is new about it goes into ``visit.happened``."""
    with_reception = [each for each in visit.open if each.department is RECEPTION]
    here = [each for each in visit.open if each.channel_id == visit.channel_id]
    nobodys = [each for each in here if each.department is None]
    if own := [each for each in here if each.status is RELAY and each.department is not None]:
        found = max(own, key=last_with_staff)
    elif with_reception:
        answerable = await _answerable(work, with_reception, at)
        found = max(answerable or with_reception, key=_last_active)
        if not answerable:
            found.move_to(visit.channel_id, Platform.INTERNAL, visit.account_id, visit.guest.number)
            visit.happened.append(Change.MOVED)
    elif nobodys:  # no flow speaks here: staff have ended the relay, or opened again what they had ended
        found = nobodys[0]
    else:
        found = await _open(work, visit)
    if found.status is not RELAY or found.department is None or Change.CREATED in visit.happened:
        found.status, found.department, found.relayed_at = RELAY, found.department or RECEPTION, at
        visit.happened.append(Change.RELAY_STARTED)
    return found


async def _open(work: UnitOfWork, visit: _Visit) -> ConversationState:
    guest = visit.guest
    opening = Opening(
        hotel_id=guest.stay.hotel_id,
        guest_id=guest.stay.guest_id,
        channel_id=visit.channel_id,
        account_id=visit.account_id,
        stay_id=guest.stay.stay_id,
        status=RELAY,
        department=RECEPTION,
    )
    ((conversation, is_new),) = await work.conversations.open_many([opening])
    if is_new:
        visit.happened.append(Change.CREATED)
    return conversation


async def _answerable(
    work: UnitOfWork, conversations: list[ConversationState], at: datetime
) -> list[ConversationState]:
    """Those that staff have, and in which free text reaches the guest now."""
    found = [each for each in conversations if each.status is RELAY and _is_free(each, at)]
    if not found:
        return []
    channels = await work.channels.of_hotel(found[0].hotel_id)
    speaking = {each.id for each in channels if each.is_active and each.paused_at is None}
    return [each for each in found if each.channel_id in speaking]


def _is_free(conversation: ConversationState, at: datetime) -> bool:
    closes_at = conversation.window_closes_at
    return conversation.platform.window is None or (closes_at is not None and at < closes_at)


def _last_active(conversation: ConversationState) -> tuple[datetime, int]:
    return conversation.last_message_at or conversation.created_at, conversation.id


def _message(conversation: ConversationState, guest: KnownStay, draft: GuestDraft, at: datetime) -> NewMessage:
    link = {"media_url": draft.media_url, "media_filename": draft.media_filename}
    is_own = conversation.platform is Platform.INTERNAL
    return NewMessage(
        hotel_id=conversation.hotel_id,
        conversation_id=conversation.id,
        channel_id=conversation.channel_id,
        chat=conversation.chat,
        sender_type=SenderType.GUEST,
        origin=MessageOrigin.GUEST,
        sender_name=guest.stay.guest_name,
        content=draft.text,
        type=draft.type,
        extra={name: value for name, value in link.items() if value},
        external_id=f"internal-guest-{uuid4()}" if is_own else None,  # another channel's provider does not know it
        client_message_id=draft.client_message_id,
        created_at=at,
    )
