"""Guests who come to be known by another number or user id, and what they told the provider that they want to get.

Where the new identity is free, the guest's account and what waits for them follow it. Where it is somebody else's
here, both stay what they are: staff are told, nobody is linked.
"""

from datetime import datetime

import msgspec
import structlog

from app.channels.base import Channel, Identity
from app.channels.items import Blocked, IdentityChanged, Preference, Sender
from app.core.phones import shown, variants
from app.core.types import ConversationStatus, IdentityKind
from app.services.inbound.changes import Changes
from app.services.inbound.guest_desk import add_note
from app.services.inbound.visitor import Visitor, last_with_staff
from app.store.channels import ChannelRecord
from app.store.conversations import ConversationState
from app.store.guests import AccountRecord
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)


async def change_identity(
    work: UnitOfWork, provider: Channel, channel: ChannelRecord, item: IdentityChanged, at: datetime
) -> None:
    """Carry over what is known of a guest, and leave a note for staff. Told twice, it is done once."""
    if item.old is None or await work.messages.places(channel.id, [item.external_id]):
        log.info("identity_changed", channel_id=channel.id, known=item.old is not None)
        return
    addresses = [*variants(item.old), *variants(item.new)]
    await work.guests.lock_known(channel.id, addresses)  # before the directory, as everybody who comes in does
    await work.guests.lock_directory(channel.hotel_id)
    accounts = await work.guests.lock_known(channel.id, addresses)
    guest_id = await _guest_of(work, provider, channel, item.old, accounts)
    if guest_id is None:
        log.info("identity_changed", channel_id=channel.id, known=False)
        return
    if item.old.isdigit() and not item.new.isdigit():  # an id, told beside a number that stays as it is
        await work.guests.identify(channel.hotel_id, guest_id, _identities(provider, item.new))
        return
    if item.new == item.old:
        text = (
            f"{channel.platform} cannot say whether {_named(item.new)} is still the same person: a new phone, or "
            "somebody else's."
        )
    elif await _guest_of(work, provider, channel, item.new, accounts) not in {None, guest_id}:
        text = f"{_moved(channel, item)} That belongs to another guest here, so nobody was linked."
    else:
        await _carry_over(work, provider, channel, guest_id, item)
        text = _moved(channel, item)
    await _leave_note(work, channel, guest_id, text, external_id=item.external_id, at=at)


async def note_preference(work: UnitOfWork, channel: ChannelRecord, item: Preference, at: datetime) -> None:
    """Whether a guest wants to be written to unasked; of somebody whom we do not know there is nothing to keep.

    What they have said since counts, whichever comes first.
    """
    said_at = item.at or at
    names = [*variants(item.sender.address), *filter(None, [item.sender.user_id])]
    for account in await work.guests.lock_known(channel.id, names):
        if account.wished_at is None or account.wished_at <= said_at:
            since = None if item.wanted else account.opted_out_at or said_at
            await work.guests.set_opted_out(account.id, since, said_at=said_at)


async def note_block(work: UnitOfWork, channel: ChannelRecord, item: Blocked, at: datetime) -> None:
    """Nothing reaches a guest who has blocked us: they want nothing unasked, and staff are told. Told twice, it is done
    once."""
    for account in await work.guests.lock_known(channel.id, [item.sender.address]):
        if account.guest_id is None or await work.messages.places(channel.id, [item.external_id]):
            continue
        said_at = item.at or at
        since = (account.opted_out_at or said_at) if item.is_blocked else None
        if account.wished_at is None or account.wished_at <= said_at:
            await work.guests.set_opted_out(account.id, since, said_at=said_at)
        text = (
            f"This guest has blocked the hotel on {channel.platform}: nothing reaches them until they take that back."
            if item.is_blocked
            else f"This guest can be written to on {channel.platform} again."
        )
        await _leave_note(work, channel, account.guest_id, text, external_id=item.external_id, at=at)


async def _guest_of(
    work: UnitOfWork, provider: Channel, channel: ChannelRecord, name: str, accounts: list[AccountRecord]
) -> int | None:
    """The guest who is known by this number or user id, in any spelling."""
    spellings = variants(name)
    for spelling in spellings:
        for account in accounts:
            if account.address == spelling and account.guest_id is not None:
                return account.guest_id
    wanted = [identity for spelling in spellings for identity in _identities(provider, spelling)]
    known = await work.guests.find_by_identity(channel.hotel_id, wanted)
    return next((known[identity] for identity in wanted if identity in known), None)


async def _carry_over(
    work: UnitOfWork, provider: Channel, channel: ChannelRecord, guest_id: int, item: IdentityChanged
) -> None:
    """The old identity lapses: providers give numbers to others, who are to find nothing of this guest's, whichever of
    the hotel's numbers they write to."""
    assert item.old is not None
    for each in await work.channels.of_hotel(channel.hotel_id):
        if each.platform is channel.platform:
            await _move_accounts(work, each.id, guest_id, item.old, item.new)
    if item.old.isdigit():
        await work.guests.lapse(channel.hotel_id, guest_id, variants(item.old))
    else:
        await work.guests.forget(guest_id, _identities(provider, item.old))
    await work.guests.identify(channel.hotel_id, guest_id, _identities(provider, item.new))
    if item.old.isdigit() and item.new.isdigit():
        await work.guests.forget(guest_id, [(IdentityKind.FORMER_PHONE, each) for each in variants(item.new)])
        await work.guests.change_phone(guest_id, [shown(each) for each in variants(item.old)], shown(item.new))


async def _move_accounts(work: UnitOfWork, channel_id: int, guest_id: int, old: str, new: str) -> None:
    """What goes on by the guest's old address on this channel goes on by the new one."""
    accounts = await work.guests.lock_known(channel_id, [*variants(old), *variants(new)])
    before = [each for name in variants(old) for each in accounts if (each.address, each.guest_id) == (name, guest_id)]
    if not before:
        return
    after = next((each for name in variants(new) for each in accounts if each.address == name), None)
    if after is None:
        after = msgspec.structs.replace(before[0], address=new)
        await work.guests.move_account(after.id, new)
        await work.deliveries.readdress(channel_id, before[0].address, new)
    left = [each for each in before if each.id != after.id]
    for each in left:
        await work.conversations.move_account(each.id, after.id)
        await work.deliveries.readdress(channel_id, each.address, after.address)
    if left:
        await work.guests.release_accounts([each.id for each in left])


async def _leave_note(
    work: UnitOfWork, channel: ChannelRecord, guest_id: int, text: str, *, external_id: str, at: datetime
) -> None:
    """In the guest's conversation, where one is open: on this channel, else where staff are, else the newest."""
    conversations = await work.conversations.lock_open([guest_id])
    if not conversations:  # nor an account, it may be: known from a booking alone
        return
    guest = (await work.guests.by_ids([guest_id]))[guest_id]
    accounts = await work.guests.accounts_of([guest_id])
    visitor = Visitor(channel=channel, account=accounts[0], guest=guest, stay=None, conversations=conversations)
    conversation = visitor.choose() or max(conversations, key=_with_staff_first)
    changes = Changes(at)
    add_note(
        changes, conversation, text, sender_name=channel.hotel_name, external_id=external_id, channel_id=channel.id
    )
    await changes.write(work)


def _with_staff_first(conversation: ConversationState) -> tuple[bool, float, int]:
    return conversation.status is ConversationStatus.RELAY, *last_with_staff(conversation)


def _identities(provider: Channel, name: str) -> list[Identity]:
    sender = Sender(address=name, phone=name) if name.isdigit() else Sender(address=name, user_id=name)
    return provider.identities(sender)


def _moved(channel: ChannelRecord, item: IdentityChanged) -> str:
    assert item.old is not None
    return f"This guest has changed from {_named(item.old)} to {_named(item.new)} on {channel.platform}."


def _named(name: str) -> str:
    return shown(name) if name.isdigit() else f"the user id {name}"
