"""Who is writing: brings callers of a batch to their accounts, guests, stays and open conversations, all locked, and
writes back what has become of them.

Every batch locks in the same order (accounts by address, then guests, then conversations, by id), so that two batches
about the same guests wait for each other instead of dying. By the guest's row a batch also waits for whoever opens a
conversation of theirs on another channel.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from app.channels.base import Channel, Identity
from app.channels.items import Sender
from app.core.phones import shown, variants
from app.core.text import clean
from app.core.types import IdentityKind
from app.services.inbound.recycled import is_another, part_strangers
from app.services.inbound.visitor import Visitor
from app.store.channels import ChannelRecord
from app.store.conversations import ConversationState
from app.store.guests import AccountRecord, Address, NewGuest
from app.store.unit_of_work import UnitOfWork

NUMBERS = (IdentityKind.WHATSAPP, IdentityKind.PHONE)
_NAME_LENGTH = 200


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A person, or a group of some, at the other end of a channel. ``guest_id`` where it is known who they are."""

    channel: ChannelRecord
    sender: Sender
    is_group: bool = False
    guest_id: int | None = None


Callers = Mapping[tuple[int, str], Caller]
"""By channel id and address."""


async def meet(work: UnitOfWork, provider: Channel, callers: Callers) -> dict[tuple[int, str], Visitor]:
    """The visitors behind these callers; whoever is new gets a guest's record."""
    accounts = await work.guests.lock_accounts(
        [
            Address(
                channel_id=each.channel.id,
                address=each.sender.address,
                hotel_id=each.channel.hotel_id,
                is_group=each.is_group,
            )
            for each in callers.values()
        ]
    )
    senders = {
        each.id: (callers[each.channel_id, each.address].channel, callers[each.channel_id, each.address].sender)
        for each in accounts
    }
    accounts = await part_strangers(work, accounts, senders)
    known = [account for account in accounts if account.guest_id is not None]
    strangers = [account for account in accounts if account.guest_id is None]
    introduced = await _introduce(work, provider, strangers, callers)
    await _learn_user_ids(work, provider, known, callers)
    accounts = known + introduced
    guest_of = {account.id: account.guest_id for account in accounts if account.guest_id is not None}
    guests = await work.guests.by_ids(set(guest_of.values()), locked=True)
    stays = await work.guests.current_stays(guests)
    conversations: dict[int, list[ConversationState]] = {}
    for conversation in await work.conversations.lock_open(guests):
        conversations.setdefault(conversation.guest_id, []).append(conversation)
    visitors = {}
    for account in accounts:
        guest = guests[guest_of[account.id]]
        visitors[account.channel_id, account.address] = Visitor(
            channel=callers[account.channel_id, account.address].channel,
            account=account,
            guest=guest,
            stay=stays.get(guest.id),
            conversations=conversations.setdefault(guest.id, []),
            window_opened_at=account.last_inbound_at,
            opted_out_at=account.opted_out_at,
        )
    return visitors


async def settle(work: UnitOfWork, visitors: Iterable[Visitor], at: datetime) -> None:
    """Write what is otherwise with them than when they were met: since when they may be written to freely, what they
    wish, the check-in that they have submitted."""
    opened: dict[int, datetime] = {}
    for visitor in visitors:
        account = visitor.account
        if visitor.window_opened_at is not None and visitor.window_opened_at != account.last_inbound_at:
            opened[account.id] = visitor.window_opened_at
        if visitor.opted_out_at != account.opted_out_at:
            said_at = visitor.window_opened_at or at
            await work.guests.set_opted_out(account.id, visitor.opted_out_at, said_at=said_at)
        if visitor.submitted and visitor.stay is not None:
            await work.guests.set_checkin_state(visitor.stay.id, visitor.stay.checkin_state)
    if opened:
        for channel_id, address in await work.guests.open_windows(opened):
            if await work.deliveries.release_held(channel_id, address, at):
                work.has_deliveries = True


async def _learn_user_ids(work: UnitOfWork, provider: Channel, accounts: list[AccountRecord], callers: Callers) -> None:
    """Guests known by their number may hide it one day: by the provider's own id they are found then too."""
    known: dict[int, list[tuple[int, Identity]]] = {}
    for account in accounts:
        caller = callers[account.channel_id, account.address]
        if caller.sender.user_id and account.guest_id is not None:
            identities = provider.identities(caller.sender, is_group=caller.is_group)
            ids = [(account.guest_id, identity) for identity in identities if identity[0] not in NUMBERS]
            known.setdefault(caller.channel.hotel_id, []).extend(ids)
    for hotel_id in sorted(known):
        await work.guests.identify_many(hotel_id, known[hotel_id])


async def _introduce(
    work: UnitOfWork, provider: Channel, accounts: Sequence[AccountRecord], callers: Callers
) -> list[AccountRecord]:
    """New accounts with the guests whom they belong to: known to their hotel by number or id, or new."""
    by_hotel: dict[int, list[tuple[AccountRecord, Caller]]] = {}
    for account in accounts:
        caller = callers[account.channel_id, account.address]
        by_hotel.setdefault(caller.channel.hotel_id, []).append((account, caller))
    introduced: list[AccountRecord] = []
    for hotel_id in sorted(by_hotel):
        introduced += await _introduce_to(work, provider, hotel_id, by_hotel[hotel_id])
    return introduced


async def _introduce_to(
    work: UnitOfWork, provider: Channel, hotel_id: int, newcomers: Sequence[tuple[AccountRecord, Caller]]
) -> list[AccountRecord]:
    own = {account.id: provider.identities(caller.sender, is_group=caller.is_group) for account, caller in newcomers}
    await work.guests.lock_directory(hotel_id)
    asked = {identity for each in own.values() for identity in _all_spellings(each)}
    known = await _known_by(work, hotel_id, asked, [(own[account.id], caller) for account, caller in newcomers])
    ids = iter(await work.guests.reserve(len(newcomers)))
    guests: list[NewGuest] = []
    learned: list[tuple[int, Identity]] = []
    guest_of: dict[int, int] = {}
    for account, caller in newcomers:
        guest_id = caller.guest_id
        if guest_id is None:
            guest_id = next((known[each] for each in _all_spellings(own[account.id]) if each in known), None)
        if guest_id is None:
            guest_id = next(ids)
            guests.append(_new_guest(guest_id, hotel_id, caller))
        guest_of[account.id] = guest_id
        missing = [identity for identity in own[account.id] if identity not in known]
        known |= dict.fromkeys(missing, guest_id)  # the next newcomer may be the same person by another spelling
        learned += [(guest_id, identity) for identity in missing]
    if guests:
        await work.guests.add_many(guests)
    if learned:
        await work.guests.identify_many(hotel_id, learned)
    wishes = await work.guests.attach(
        [(account.id, guest_of[account.id], _name_of(caller)) for account, caller in newcomers]
    )
    return [
        msgspec.structs.replace(account, guest_id=guest_of[account.id], opted_out_at=wishes[account.id])
        for account, _ in newcomers
    ]


async def _known_by(
    work: UnitOfWork,
    hotel_id: int,
    asked: Collection[Identity],
    newcomers: Sequence[tuple[list[Identity], Caller]],
) -> dict[Identity, int]:
    """The guests who are known by these; not by a number that somebody else writes from by now."""
    known = await work.guests.find_by_identity(hotel_id, asked)
    if not known or not any(caller.sender.user_id for _, caller in newcomers):
        return known
    user_ids = await work.guests.user_ids_of(set(known.values()))
    for own, caller in newcomers:
        for kind, value in _all_spellings(own):
            guest_id = known.get((kind, value))
            if kind in NUMBERS and guest_id is not None and is_another(user_ids, guest_id, caller.sender):
                await work.guests.lapse(hotel_id, guest_id, variants(value))
                for number in variants(value):
                    for lapsed in NUMBERS:
                        known.pop((lapsed, number), None)
    return known


def _new_guest(guest_id: int, hotel_id: int, caller: Caller) -> NewGuest:
    sender = caller.sender
    phone = shown(sender.phone) if sender.phone else None
    name = f"Group {sender.address}" if caller.is_group else _name_of(caller) or phone or sender.address
    return NewGuest(id=guest_id, hotel_id=hotel_id, full_name=name[:_NAME_LENGTH], phone=phone)


def _name_of(caller: Caller) -> str | None:
    return clean(caller.sender.name or "").strip()[:_NAME_LENGTH] or None


def _all_spellings(own: Iterable[Identity]) -> Iterator[Identity]:
    """These, and then the same lines as others write them: to find a guest by, not to remember."""
    own = list(own)
    yield from own
    for known_as, value in own:
        if known_as in NUMBERS:
            yield from ((kind, spelling) for spelling in variants(value)[1:] for kind in NUMBERS)
