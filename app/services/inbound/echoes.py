"""Echoes of a provider that repeats whatever the hotel sends: what of it is ours is no news.

One whose id we know was sent from here. One whose id we do not know yet may be of a send whose answer is still on its
way, or was lost: the same words, or a file of the same kind, to the same guest. It then proves that send, as a status
with our delivery's id does elsewhere. Everything else was written past us, by somebody of the hotel in the provider's
own app; to a guest who is no guest of ours here, it is left alone.
"""

from collections.abc import Iterable, Sequence

import msgspec

from app.channels.items import Echo, InboundMessage, InboundStatus
from app.core.types import DeliveryStatus, MessageType
from app.services.inbound.intake import Placed
from app.store.statuses import TriedDelivery
from app.store.unit_of_work import UnitOfWork


async def sort_echoes(work: UnitOfWork, placed: Sequence[Placed]) -> list[Placed]:
    """These items, without the echoes that say nothing; one that proves a send has become its report."""
    replaced: dict[int, Placed | None] = {}
    for channel_id in sorted({each.channel.id for each in placed if isinstance(each.item, Echo) and each.item.of_all}):
        replaced |= await _sort(work, channel_id, [each for each in placed if each.channel.id == channel_id])
    kept = (replaced.get(each.position, each) for each in placed)
    return [each for each in kept if each is not None]


async def _sort(work: UnitOfWork, channel_id: int, placed: Sequence[Placed]) -> dict[int, Placed | None]:
    """What becomes of the echoes on one channel, by their positions."""
    echoes = [(each, each.item) for each in placed if isinstance(each.item, Echo) and each.item.of_all]
    addresses = {echo.message.sender.address for _, echo in echoes}
    # In this order: what is sent by now has been noted together with its id.
    tried = await work.statuses.tried(channel_id, addresses)
    known = await work.messages.places(channel_id, {echo.external_id for _, echo in echoes})
    ours = await work.guests.known_addresses(channel_id, addresses)
    ours |= {each.item.sender.address for each in placed if isinstance(each.item, InboundMessage)}
    result: dict[int, Placed | None] = {}
    for each, echo in echoes:
        proven = None if echo.external_id in known else _proven(echo, tried)
        if proven is not None:
            tried.remove(proven)
            result[each.position] = msgspec.structs.replace(each, item=_report(echo, proven))
        elif echo.external_id in known or echo.message.sender.address not in ours:
            result[each.position] = None
    return result


def _proven(echo: Echo, tried: Iterable[TriedDelivery]) -> TriedDelivery | None:
    """The send that this is the echo of, the earliest of several."""
    written = echo.message
    for each in tried:
        if each.address != written.sender.address:
            continue
        is_same_text = each.content.strip() == written.text.strip()
        if each.type is written.type and (written.type is not MessageType.TEXT or is_same_text):
            return each
    return None


def _report(echo: Echo, proven: TriedDelivery) -> InboundStatus:
    return InboundStatus(
        account=echo.account,
        external_id=echo.external_id,
        status=DeliveryStatus.SENT,
        delivery_id=proven.id,
        at=echo.message.sent_at,
    )
