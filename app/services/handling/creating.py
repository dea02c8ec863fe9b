"""Staff begin a conversation with a guest whom the hotel knows.

Two who begin one at once wait for each other by the guest's row: so the rule holds across channels, where no index
could see it. Locked are the account, the guest, then the guest's open conversations in the order of their ids, as
everybody does.
"""

from datetime import UTC, datetime
from typing import Final

import msgspec

from app.core.clock import Clock
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.events import Change
from app.core.phones import read_phone, variants
from app.core.principal import Principal
from app.core.types import ConversationStatus, Department, IdentityKind, Platform
from app.core.views import ConversationView
from app.services.access import departments_of
from app.services.handling.turns import open_already, tell_change
from app.store.guests import AccountRecord, Address
from app.store.unit_of_work import UnitOfWork

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    """A guest of the hotel, and the number, as it is spelled here, by which they are known."""

    guest_id: int
    number: str


async def create(
    work: UnitOfWork, principal: Principal, number: str, department: Department, clock: Clock
) -> ConversationView:
    """In relay with the department, bound to the guest's stay that counts now, nobody's yet and nobody waiting."""
    if department not in departments_of(principal):
        raise Forbidden("Conversations can be begun for one's own departments only.")
    known = await _find(work, principal.hotel_id, number)
    account = await _account(work, principal.hotel_id, known)
    await work.guests.lock(known.guest_id)
    for each in await work.conversations.lock_open([known.guest_id]):
        if each.department is department:
            raise open_already(each.id)
    stay = (await work.guests.current_stays([known.guest_id])).get(known.guest_id)
    conversation, is_new = await work.conversations.open(
        hotel_id=principal.hotel_id,
        guest_id=known.guest_id,
        channel_id=account.channel_id,
        account_id=account.id,
        stay_id=stay.id if stay else None,
        status=ConversationStatus.RELAY,
        department=department,
    )
    if not is_new:
        raise open_already(conversation.id)
    conversation.relayed_at = clock()
    await work.conversations.save(conversation)
    tell_change(work, conversation, Change.CREATED, principal)
    tell_change(work, conversation, Change.RELAY_STARTED, principal)
    view = await work.views.get(conversation.id)
    assert view is not None, "it was made"
    return view


async def _find(work: UnitOfWork, hotel_id: int, number: str) -> _Known:
    """By any spelling of the number. Raises Invalid and NotFound."""
    try:
        digits = read_phone(number)
    except ValueError as error:
        raise Invalid(
            "This is not a phone number with its country code.",
            code="bad_phone",
            details={"guest_whatsapp_number": [str(error)]},
        ) from None
    kinds = (IdentityKind.WHATSAPP, IdentityKind.PHONE)
    asked = [(kind, spelling) for spelling in variants(digits) for kind in kinds]
    known = await work.guests.find_by_identity(hotel_id, asked)
    for identity in asked:
        if identity in known:
            return _Known(guest_id=known[identity], number=identity[1])
    raise NotFound("No guest of this hotel has this number.", code="no_such_guest")


async def _account(work: UnitOfWork, hotel_id: int, known: _Known) -> AccountRecord:
    """Where the guest is written to: where they last wrote on WhatsApp, else their number there, else the hotel's own
    channel. Locked: whoever comes to have it in this moment is not to read what is for this guest. Raises Conflict."""
    channels = [each for each in await work.channels.of_hotel(hotel_id) if each.is_active]
    on_whatsapp = [each.id for each in channels if each.platform is Platform.WHATSAPP]
    accounts = await work.guests.accounts_of([known.guest_id])
    if used := [each for each in accounts if each.channel_id in on_whatsapp]:
        last = max(used, key=lambda each: (each.last_inbound_at or _LONG_AGO, each.id))
        (account,) = await work.guests.lock_accounts(
            [Address(hotel_id=hotel_id, channel_id=last.channel_id, address=last.address)]
        )
        if account.guest_id != known.guest_id:
            raise _no_channel()
        return account
    internal = [each.id for each in channels if each.platform is Platform.INTERNAL]
    if not on_whatsapp and not internal:
        raise _no_channel()
    address = Address(hotel_id=hotel_id, channel_id=(on_whatsapp or internal)[0], address=known.number)
    (account,) = await work.guests.lock_accounts([address])
    if account.guest_id == known.guest_id:
        return account
    if account.guest_id is not None and on_whatsapp:  # what is written there goes on being another guest's
        raise _no_channel()
    await work.guests.attach([(account.id, known.guest_id, None)])
    return account


def _no_channel() -> Conflict:
    return Conflict("No channel of the hotel leads to this guest.", code="no_channel")
