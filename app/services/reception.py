"""Who is writing: brings senders of a batch to their accounts, guests, stays and open conversations, all locked.

Every batch locks in the same order (accounts by address, then conversations by id), so that two batches about the same
guests wait for each other instead of dying.
"""

from collections.abc import Mapping
from datetime import datetime

from app.channels.base import Sender
from app.core.phones import shown, variants
from app.core.text import clean
from app.core.types import IdentityKind, Platform
from app.services.guest_desk import Visitor
from app.store.channels import ChannelRecord
from app.store.conversations import ConversationState
from app.store.guests import AccountRecord, Address
from app.store.unit_of_work import UnitOfWork

Senders = Mapping[tuple[int, str], tuple[ChannelRecord, Sender]]
"""Who wrote, by channel id and address."""

Identity = tuple[IdentityKind, str]

_BY_ADDRESS = {Platform.TELEGRAM: IdentityKind.TELEGRAM, Platform.INSTAGRAM: IdentityKind.INSTAGRAM}
_NAME_LENGTH = 200


async def meet(work: UnitOfWork, senders: Senders, at: datetime) -> dict[tuple[int, str], Visitor]:
    """The visitors behind these senders; whoever is new gets a guest's record."""
    accounts = await work.guests.lock_accounts(
        [
            Address(channel_id=channel.id, address=sender.address, hotel_id=channel.hotel_id)
            for channel, sender in senders.values()
        ],
        at,
    )
    guest_of = {account.id: account.guest_id for account in accounts if account.guest_id is not None}
    for account in accounts:
        if account.guest_id is None:
            channel, sender = senders[account.channel_id, account.address]
            guest_of[account.id] = await _introduce(work, account, channel, sender)
    await _learn_user_ids(work, [account for account in accounts if account.guest_id is not None], senders)
    guests = await work.guests.by_ids(set(guest_of.values()))
    stays = await work.guests.current_stays(guests)
    conversations: dict[int, list[ConversationState]] = {}
    for conversation in await work.conversations.lock_open(guests):
        conversations.setdefault(conversation.guest_id, []).append(conversation)
    visitors = {}
    for account in accounts:
        guest = guests[guest_of[account.id]]
        channel, _ = senders[account.channel_id, account.address]
        visitors[account.channel_id, account.address] = Visitor(
            channel=channel,
            account=account,
            guest=guest,
            stay=stays.get(guest.id),
            conversations=conversations.setdefault(guest.id, []),
        )
    return visitors


async def reload_conversations(work: UnitOfWork, visitor: Visitor) -> None:
    """After a savepoint was undone: what was changed in memory counts no longer."""
    visitor.conversations[:] = await work.conversations.lock_open([visitor.guest.id])


async def _learn_user_ids(work: UnitOfWork, accounts: list[AccountRecord], senders: Senders) -> None:
    """Guests known by their number may hide it one day: by the provider's own id they are found then too."""
    known: dict[int, list[tuple[int, Identity]]] = {}
    for account in accounts:
        channel, sender = senders[account.channel_id, account.address]
        if channel.platform is Platform.WHATSAPP and sender.user_id and account.guest_id is not None:
            identity = (IdentityKind.WHATSAPP_USER, sender.user_id)
            known.setdefault(channel.hotel_id, []).append((account.guest_id, identity))
    for hotel_id in sorted(known):
        await work.guests.identify_many(hotel_id, known[hotel_id])


async def _introduce(work: UnitOfWork, account: AccountRecord, channel: ChannelRecord, sender: Sender) -> int:
    """The guest whom a new account belongs to: known to the hotel by number or id, or new."""
    own = _identities(channel.platform, sender)
    identities = [*own, *_other_spellings(own)]
    await work.guests.lock_directory(channel.hotel_id)
    known = await work.guests.find_by_identity(channel.hotel_id, identities)
    guest_id = next((known[identity] for identity in identities if identity in known), None)
    name = clean(sender.name or "").strip()[:_NAME_LENGTH]
    if guest_id is None:
        phone = shown(sender.phone) if sender.phone else None
        shown_as = name or phone or sender.address[:_NAME_LENGTH]
        guest_id = await work.guests.add(channel.hotel_id, full_name=shown_as, phone=phone)
    if missing := [identity for identity in own if identity not in known]:
        await work.guests.identify(channel.hotel_id, guest_id, missing)
    await work.guests.attach(account.id, guest_id, name or None)
    return guest_id


def _identities(platform: Platform, sender: Sender) -> list[Identity]:
    """By what a sender may be known already, the surest first."""
    if platform is not Platform.WHATSAPP:
        return [(_BY_ADDRESS[platform], sender.address)] if platform in _BY_ADDRESS else []
    identities: list[Identity] = []
    if sender.user_id:
        identities.append((IdentityKind.WHATSAPP_USER, sender.user_id))
    numbers = dict.fromkeys(filter(None, (sender.phone, sender.provider_phone)))
    identities += [(IdentityKind.WHATSAPP, number) for number in numbers]
    if sender.phone:
        identities.append((IdentityKind.PHONE, sender.phone))
    return identities


def _other_spellings(identities: list[Identity]) -> list[Identity]:
    """The same lines as others write them: to find a guest by, not to remember."""
    numbers = (IdentityKind.WHATSAPP, IdentityKind.PHONE)
    return [
        (kind, spelling)
        for known_as, value in identities
        if known_as in numbers
        for spelling in variants(value)[1:]
        for kind in numbers
    ]
