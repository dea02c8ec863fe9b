"""Numbers that have come to somebody else. Nobody says so, but the provider's own id of whoever writes is another one.

The guest who had the number keeps what is theirs, and is written to by the id; whoever has it now is met as a stranger.
"""

from collections.abc import Collection, Mapping

import msgspec
import structlog

from app.channels.items import Sender
from app.core.phones import variants
from app.store.channels import ChannelRecord
from app.store.guests import AccountRecord, Address
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

UserIds = Mapping[int, set[str]]
"""What the provider calls guests, by the guest's id, as far as it has told."""


def is_another(user_ids: UserIds, guest_id: int, sender: Sender) -> bool:
    """Whether the provider says that this is not the guest whom it was."""
    known = user_ids.get(guest_id)
    return bool(known and sender.user_id and sender.user_id not in known)


async def part_strangers(
    work: UnitOfWork, accounts: Collection[AccountRecord], senders: Mapping[int, tuple[ChannelRecord, Sender]]
) -> list[AccountRecord]:
    """The same accounts, those without a guest from which somebody else writes by now. ``senders`` by account id."""
    told = {each.id: each for each in accounts if senders[each.id][1].user_id and each.guest_id is not None}
    if not told:
        return list(accounts)
    user_ids = await work.guests.user_ids_of({each.guest_id for each in told.values() if each.guest_id is not None})
    parted = []
    for each in accounts:
        channel, sender = senders[each.id]
        if each.guest_id is not None and is_another(user_ids, each.guest_id, sender):
            await _part(work, channel, each, min(user_ids[each.guest_id]), is_number=each.address == sender.phone)
            parted.append(_nobodys(each))
        else:
            parted.append(each)
    return parted


async def _part(
    work: UnitOfWork, channel: ChannelRecord, account: AccountRecord, user_id: str, *, is_number: bool
) -> None:
    """Leave the address to whoever has it, and go on with its former guest by their id."""
    assert account.guest_id is not None
    log.warning("number_of_somebody_else", channel_id=channel.id, account_id=account.id)
    address = Address(channel_id=channel.id, address=user_id, hotel_id=channel.hotel_id)
    (by_id,) = await work.guests.lock_accounts([address])
    if by_id.guest_id is None:
        await work.guests.attach([(by_id.id, account.guest_id, None)])
    await work.conversations.move_account(account.id, by_id.id)
    await work.deliveries.readdress(channel.id, account.address, user_id)
    await work.guests.release_accounts([account.id])
    if is_number:
        await work.guests.lapse(channel.hotel_id, account.guest_id, variants(account.address))


def _nobodys(account: AccountRecord) -> AccountRecord:
    return msgspec.structs.replace(account, guest_id=None, last_inbound_at=None, opted_out_at=None, wished_at=None)
