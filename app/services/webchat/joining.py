"""Accounts of web chats that become another guest's: because their visitor has signed in, or has proved who they are.

``join`` is the one way. It holds the guests, then all conversations of the accounts and the open ones of the guest,
by id; the accounts are held before. What was written stays where it stands. A guest has one open conversation with a
department, and one with the flow in each chat: of two the one stays in which staff were last, it goes on where the
guest writes now, and the other is closed, with a note for staff.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from app.core.events import Change
from app.core.types import ConversationStatus, Platform
from app.core.views import ChatRef
from app.services.inbound.changes import Changes
from app.services.inbound.guest_desk import GuestDesk, add_note
from app.services.inbound.visitor import BOT_STATUSES, Visitor, bind_stay, last_with_staff
from app.store.channels import ChannelRecord
from app.store.conversations import ConversationState
from app.store.guests import AccountRecord, GuestRecord, StayRecord
from app.store.joining import OwnChat
from app.store.unit_of_work import UnitOfWork

CLOSED, RELAY = ConversationStatus.CLOSED, ConversationStatus.RELAY
NOBODY: Final = "Web chat"


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """An account that is to be the guest's, and the one on the same channel that takes its place: itself, where that
    does not change. Both are locked."""

    account: AccountRecord
    into: AccountRecord

    @property
    def goes(self) -> bool:
        return self.account.id != self.into.id


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation that was closed for another one, and that one. ``was_staffs``: staff had it. ``moved``: the other
    one has come to where it was."""

    closed: ConversationState
    kept: ConversationState
    was_staffs: bool
    moved: bool


async def join(
    work: UnitOfWork, desk: GuestDesk, moves: Sequence[Move], guest_id: int, *, at: datetime, note: str
) -> list[Joined]:
    """Have accounts and all that goes on by them be this guest's, and say which conversations were closed for others.
    ``note`` says to staff, where they have one of the conversations, who their guest is now."""
    former = {each.account.guest_id for each in moves if each.account.guest_id is not None} - {guest_id}
    guests = await work.guests.by_ids({guest_id, *former}, locked=True)
    guest = guests[guest_id]
    stay = (await work.guests.current_stays([guest_id])).get(guest_id)
    found = await work.conversations.lock_of([each.account.id for each in moves], [guest_id])
    chats = await _Chats.plan(work, moves)
    own = [each for each in found if any(each.account_id == move.account.id for move in moves)]
    for each in own:
        _hand_over(each, guest, {move.account.id: move for move in moves}[each.account_id], chats.refs)
    joined = _settle([each for each in found if each.status is not CLOSED], own, at)
    channels = {each.id: each for each in await work.channels.by_ids({each.into.channel_id for each in moves})}
    moved = {each.account.id: each.into for each in moves} | {each.into.id: each.into for each in moves}
    for each in own:
        if each.status is not CLOSED:
            _rebind(desk, each, Whose(moved[each.account_id], guest, stay, channels.get(each.channel_id)))
    touched = {each.id: each for each in (*own, *(each.kept for each in joined), *(each.closed for each in joined))}
    if touched:  # the closed ones first: none of the others may stand open beside them
        await work.conversations.save_many(
            sorted(touched.values(), key=lambda each: (each.status is not CLOSED, each.id))
        )
    await work.joining.hand_requests(chats.ids, [each.id for each in own], guest.id)
    await chats.merge(work)
    await _hand_accounts(work, moves, guest)
    hotel = next((each.hotel_name for each in channels.values()), NOBODY)
    await _tell(work, [each for each in own if each.status is RELAY], joined, _Told(note, hotel, at))
    await work.joining.remove_guests(former)
    return joined


class Whose(msgspec.Struct, frozen=True):
    """Whom a conversation is with now. ``channel`` is None where that is not in use any more."""

    account: AccountRecord
    guest: GuestRecord
    stay: StayRecord | None
    channel: ChannelRecord | None


class _Chats:
    """The chats of accounts that go: ``refs`` is what each is called by then, by its id."""

    def __init__(self, own: list[int]) -> None:
        self.ids = own
        self.refs: dict[int, ChatRef] = {}
        self._merged: list[tuple[OwnChat, OwnChat]] = []

    @classmethod
    async def plan(cls, work: UnitOfWork, moves: Sequence[Move]) -> "_Chats":
        """Hand over those that stay chats of their own; the default one takes the new account's id."""
        accounts = {each for move in moves for each in (move.account.id, move.into.id)}
        known = await work.joining.chats_of(accounts)
        chats = cls([each.id for each in known])
        for move in (each for each in moves if each.goes):
            theirs = [each for each in known if each.account_id == move.into.id]
            for chat in (each for each in known if each.account_id == move.account.id):
                name = move.into.address if chat.public_id == move.account.address else chat.public_id
                twin = next((each for each in theirs if name in each.names), None)
                if twin is None:
                    await work.joining.hand_chat(chat, move.into.id, name)
                else:
                    chats._merged.append((chat, twin))
                kept, called = (chat, name) if twin is None else (twin, twin.public_id)
                chats.refs[chat.id] = ChatRef(
                    id=kept.id, channel_id=chat.channel_id, account=move.into.address, public_id=called
                )
        return chats

    async def merge(self, work: UnitOfWork) -> None:
        """Once no conversation goes on in what is merged."""
        for chat, into in self._merged:
            await work.joining.merge_chat(chat, into)


def _hand_over(conversation: ConversationState, guest: GuestRecord, move: Move, refs: Mapping[int, ChatRef]) -> None:
    conversation.guest_id, conversation.guest_name = guest.id, guest.full_name
    conversation.guest_phone, conversation.guest_language = guest.phone, guest.language
    conversation.account_id, conversation.address = move.into.id, move.into.address
    if conversation.chat is not None:
        conversation.chat = refs.get(conversation.chat.id, conversation.chat)


def _settle(open_ones: list[ConversationState], own: list[ConversationState], at: datetime) -> list[Joined]:
    """Close what may not stand open beside another one; what of it counts goes over to that."""
    joined = []
    standing = [each for each in open_ones if each not in own]
    for here in (each for each in own if each.status is not CLOSED):
        rival = next((each for each in standing if _is_double(each, here)), None)
        if rival is None:
            standing.append(here)
            continue
        closed, kept = sorted((rival, here), key=_weight)
        moved = kept.place != here.place
        if moved:
            kept.move_to(here.channel_id, here.platform, here.account_id, here.address, here.chat)
            kept.window_opened_at = here.window_opened_at
        waiting = [each.waiting_since for each in (closed, kept) if each.waiting_since is not None]
        if kept.assignee_id is None:
            kept.assignee_id, kept.assignee_name = closed.assignee_id, closed.assignee_name
        kept.waiting_since = min(waiting, default=None)
        kept.priority = max(kept.priority, closed.priority)
        was_staffs = closed.status is RELAY
        closed.status, closed.closed_at, closed.waiting_since = CLOSED, at, None
        standing = [*(each for each in standing if each is not rival), kept]
        joined.append(Joined(closed=closed, kept=kept, was_staffs=was_staffs, moved=moved))
    return joined


def _is_double(one: ConversationState, other: ConversationState) -> bool:
    """With a department there is one whatever the place; the flow speaks in each."""
    return one.department is other.department and (one.department is not None or one.place == other.place)


def _weight(conversation: ConversationState) -> tuple[bool, float, float, int]:
    said_at = conversation.last_message_at
    return (
        conversation.status is RELAY,
        last_with_staff(conversation)[0],
        said_at.timestamp() if said_at else 0.0,
        conversation.id,
    )


def _rebind(desk: GuestDesk, conversation: ConversationState, whose: Whose) -> None:
    """The stay is the guest's that counts now. The flow begins anew with it; on a channel that is not in use it does
    when the guest writes again."""
    if conversation.status not in BOT_STATUSES:
        bind_stay(conversation, whose.stay)
    elif whose.channel is not None:
        desk.rebind(
            conversation,
            Visitor(channel=whose.channel, account=whose.account, guest=whose.guest, stay=whose.stay),
        )


async def _hand_accounts(work: UnitOfWork, moves: Sequence[Move], guest: GuestRecord) -> None:
    """The accounts themselves, and what hangs on them."""
    wishes = [*await work.guests.accounts_of([guest.id]), *(each.account for each in moves)]
    said = [(each.wished_at, each.opted_out_at) for each in wishes if each.wished_at is not None]
    kept = sorted({each.into.id for each in moves})
    await work.guests.attach([(account_id, guest.id, guest.full_name or None) for account_id in kept])
    if said:  # what was said last counts, from whichever account
        said_at, opted_out_at = max(said, key=lambda each: each[0])
        await work.guests.set_opted_out(kept[0], opted_out_at, said_at=said_at)
    for move in (each for each in moves if each.goes):
        await work.deliveries.readdress(move.into.channel_id, move.account.address, move.into.address)
        await work.stay_claims.move(move.account.id, move.into.id)
        await work.joining.remove_account(move.account.id, move.into.id)


class _Told(msgspec.Struct, frozen=True):
    """What notes say, by whom, and when."""

    text: str
    by: str
    at: datetime


async def _tell(work: UnitOfWork, relayed: list[ConversationState], joined: Sequence[Joined], told: _Told) -> None:
    changes = Changes(told.at)
    for each in joined:
        changes.happened(each.closed, Change.CLOSED)
        if each.moved:
            changes.happened(each.kept, Change.MOVED)
    for conversation in relayed:
        add_note(changes, conversation, told.text, sender_name=told.by)
    for each in joined:
        if each.was_staffs:
            add_note(changes, each.kept, _told(each.closed), sender_name=told.by)
    await changes.write(work)


def _told(closed: ConversationState) -> str:
    place = "the web chat" if closed.platform is Platform.WEBCHAT else str(closed.platform)
    return f"This guest had another open conversation, no. {closed.id} on {place}. It was closed, and goes on here."
