"""Guests who come to be known by another number or user id, and what they told the provider that they want to get.

Where the new identity is free, the guest's account and what waits for them follow it. Where it is somebody else's
here, both stay what they are: staff are told, nobody is linked.
"""

from datetime import datetime

import structlog

from app.channels.items import IdentityChanged, Preference
from app.core.phones import shown, variants
from app.core.types import IdentityKind
from app.services.inbound.changes import Changes
from app.services.inbound.guest_desk import add_note
from app.services.inbound.reception import Identity
from app.services.inbound.visitor import Visitor
from app.store.channels import ChannelRecord
from app.store.guests import AccountRecord
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)


async def change_identity(work: UnitOfWork, channel: ChannelRecord, item: IdentityChanged, at: datetime) -> None:
    """Carry over what is known of a guest, and leave a note for staff. Told twice, it is done once."""
    if item.old is None or await work.messages.places(channel.id, [item.external_id]):
        log.info("identity_changed", channel_id=channel.id, known=item.old is not None)
        return
    addresses = [*variants(item.old), *variants(item.new)]
    await work.guests.lock_known(channel.id, addresses)  # before the directory, as everybody who comes in does
    await work.guests.lock_directory(channel.hotel_id)
    accounts = await work.guests.lock_known(channel.id, addresses)
    guest_id = await _guest_of(work, channel, item.old, accounts)
    if guest_id is None:
        log.info("identity_changed", channel_id=channel.id, known=False)
        return
    if item.new == item.old:
        text = (
            f"WhatsApp cannot say whether {_named(item.new)} is still the same person: a new phone, or somebody else's."
        )
    elif await _guest_of(work, channel, item.new, accounts) not in {None, guest_id}:
        text = f"{_moved(item)} That belongs to another guest here, so nobody was linked."
    else:
        await _carry_over(work, channel, guest_id, item, accounts)
        text = _moved(item)
    await _leave_note(work, channel, guest_id, text, external_id=item.external_id, at=at)


async def note_preference(work: UnitOfWork, channel: ChannelRecord, item: Preference, at: datetime) -> None:
    """Whether a guest wants to be written to unasked; of somebody whom we do not know there is nothing to keep."""
    names = [*variants(item.sender.address), *filter(None, [item.sender.user_id])]
    for account in await work.guests.lock_known(channel.id, names):
        if (account.opted_out_at is None) is not item.wanted:
            await work.guests.set_opted_out(account.id, None if item.wanted else at)


async def _guest_of(work: UnitOfWork, channel: ChannelRecord, name: str, accounts: list[AccountRecord]) -> int | None:
    """The guest who is known by this number or user id, in any spelling."""
    spellings = variants(name)
    for spelling in spellings:
        for account in accounts:
            if account.address == spelling and account.guest_id is not None:
                return account.guest_id
    wanted = [identity for spelling in spellings for identity in _identities(spelling)]
    known = await work.guests.find_by_identity(channel.hotel_id, wanted)
    return next((known[identity] for identity in wanted if identity in known), None)


async def _carry_over(
    work: UnitOfWork, channel: ChannelRecord, guest_id: int, item: IdentityChanged, accounts: list[AccountRecord]
) -> None:
    assert item.old is not None
    old, new = (
        next((each for name in variants(known_as) for each in accounts if each.address == name), None)
        for known_as in (item.old, item.new)
    )
    if old is not None and old.guest_id == guest_id:
        if new is None:
            await work.guests.move_account(old.id, item.new)
        elif new.id != old.id:
            await work.conversations.move_account(old.id, new.id)
        await work.deliveries.readdress(channel.id, old.address, new.address if new else item.new)
    await work.guests.forget(guest_id, [each for each in _identities(item.old) if each[0] is not IdentityKind.PHONE])
    await work.guests.identify(channel.hotel_id, guest_id, _identities(item.new))
    if item.old.isdigit() and item.new.isdigit():
        await work.guests.change_phone(guest_id, [shown(each) for each in variants(item.old)], shown(item.new))


async def _leave_note(
    work: UnitOfWork, channel: ChannelRecord, guest_id: int, text: str, *, external_id: str, at: datetime
) -> None:
    """In the guest's conversation, where one is open."""
    conversations = await work.conversations.lock_open([guest_id])
    if not conversations:  # nor an account, it may be: known from a booking alone
        return
    guest = (await work.guests.by_ids([guest_id]))[guest_id]
    accounts = await work.guests.accounts_of([guest_id])
    visitor = Visitor(channel=channel, account=accounts[0], guest=guest, stay=None, conversations=conversations)
    conversation = visitor.choose()
    if conversation is None:
        return
    changes = Changes(at)
    add_note(changes, conversation, text, sender_name=channel.hotel_name, external_id=external_id)
    await changes.write(work)


def _identities(name: str) -> list[Identity]:
    if name.isdigit():
        return [(IdentityKind.WHATSAPP, name), (IdentityKind.PHONE, name)]
    return [(IdentityKind.WHATSAPP_USER, name)]


def _moved(item: IdentityChanged) -> str:
    assert item.old is not None
    return f"This guest has changed from {_named(item.old)} to {_named(item.new)} on WhatsApp."


def _named(name: str) -> str:
    return shown(name) if name.isdigit() else f"the user id {name}"
