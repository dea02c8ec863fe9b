"""Messages that guests edit or take back, whenever that is told: after the original, before it, twice, in any order.

Every correction is kept; how a message reads follows from all that were told of it. The newest edit wins, and nothing
wins over taking it back. Only its writer may correct a message.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
import structlog

from app.channels.items import Edited, InboundMessage, Revoked, Sender
from app.core.bounds import LARGEST_DETAILS, LEFT_OUT, cut, fitting, size_of
from app.core.events import MessageUpdated
from app.core.phones import variants
from app.core.types import SenderType
from app.store.channels import ChannelRecord
from app.store.corrections import Correction, Original
from app.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

EDITS = "edits"
WRITER = "sender"
LARGEST_EDITS = LARGEST_DETAILS // 2
LONGEST_FORMER = 1_000  # characters, where not all former texts find room as they were


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How a message reads by now. ``extra`` keeps what it read before, ``[{text, until}]``, unless it was taken
    back: then nothing is left of it. Of more than there is room for the first and the newest are kept, and between
    them one whose ``left_out`` says how many are not."""

    text: str
    extra: dict[str, Any] = {}
    edited_at: datetime | None = None
    revoked_at: datetime | None = None


def reading_of(text: str, extra: dict[str, Any], corrections: Iterable[Correction]) -> Reading:
    """What ``corrections`` make of a message; its first text is that of its first edit, if it had one."""
    told = sorted(corrections, key=lambda each: (each.at, each.external_id))
    taken_back = [each.at for each in told if each.text is None]
    if taken_back:
        rest = {WRITER: extra[WRITER]} if WRITER in extra else {}
        return Reading(text="", extra=rest, revoked_at=taken_back[0])
    texts = [(each.text, each.at) for each in told if each.text is not None]
    if not texts:
        return Reading(text=text, extra=extra)
    earlier = extra.get(EDITS)
    first = str(earlier[0]["text"]) if earlier else text
    ends = [at for _, at in texts]
    former = [first, *(each for each, _ in texts[:-1])]
    edits = [{"text": each, "until": until.isoformat()} for each, until in zip(former, ends, strict=True)]
    return Reading(text=texts[-1][0], extra=_with_edits(extra, _bounded(edits)), edited_at=ends[-1])


def _bounded(edits: list[dict[str, str]]) -> list[dict[str, str]]:
    if size_of(edits) <= LARGEST_EDITS:
        return edits
    first, *others = ({**each, "text": cut(each["text"], LONGEST_FORMER)} for each in edits)
    room = LARGEST_EDITS - size_of([first, _gap(others[-1:] or [first])])
    newest: list[dict[str, str]] = []
    for each in reversed(others):
        room -= size_of(each) + 1
        if room < 0:
            break
        newest.insert(0, each)
    missing = others[: len(others) - len(newest)]
    return [first, *([_gap(missing)] if missing else []), *newest]


def _gap(missing: list[dict[str, str]]) -> dict[str, str]:
    return {"text": "…", "until": missing[-1]["until"], LEFT_OUT: f"{len(missing):,} more"}


def _with_edits(extra: dict[str, Any], edits: list[dict[str, str]]) -> dict[str, Any]:
    """Who wrote it stays as it is, the rest makes room for what the message read before."""
    writer = {WRITER: extra[WRITER]} if WRITER in extra else {}
    rest = {name: each for name, each in extra.items() if name not in {EDITS, WRITER}}
    return fitting(rest, LARGEST_DETAILS - size_of(edits)) | writer | {EDITS: edits}


def reading_on_arrival(item: InboundMessage, corrections: Iterable[Correction], *, writer: set[str]) -> Reading:
    """How a message reads that was corrected before it came. ``writer`` are all spellings of who wrote it."""
    return reading_of(item.text, item.extra, [each for each in corrections if _is_among(each.sender, writer)])


async def correct(work: UnitOfWork, channel: ChannelRecord, item: Edited | Revoked, at: datetime) -> None:
    """Keep a correction, and apply it where its original is here."""
    correction = Correction(
        channel_id=channel.id,
        external_id=item.external_id,
        target=item.target,
        sender=channel.account if item.by_hotel else item.sender.address,
        text=item.text if isinstance(item, Edited) else None,
        at=item.at or at,
    )
    await _lock_writer(work, channel, item)
    place = (await work.messages.places(channel.id, [item.target])).get(item.target)
    conversation = await work.conversations.lock(place[1]) if place else None
    if not await work.corrections.add(correction) or conversation is None:
        return
    original = await work.corrections.lock_original(channel.id, item.target)
    assert original is not None, "it was found"
    if not await _may_correct(work, original, item):
        log.warning("correction_by_another", channel_id=channel.id, message_id=original.id)
        return
    told = (await work.corrections.of_targets(channel.id, [item.target]))[item.target]
    theirs = [each for each in told if each.sender == correction.sender or await _is_writers(work, original, each)]
    reading = reading_of(original.content, original.extra, theirs)
    before = (original.content, original.extra, original.edited_at, original.revoked_at)
    if before == (reading.text, reading.extra, reading.edited_at, reading.revoked_at):
        return
    await work.corrections.write(
        original.id,
        content=reading.text,
        extra=reading.extra,
        edited_at=reading.edited_at,
        revoked_at=reading.revoked_at,
    )
    view = await work.messages.get(original.id)
    assert view is not None, "it is locked"
    if conversation.last_message_id == original.id:
        conversation.note_correction(reading.text or ("" if reading.revoked_at else f"[{view.type}]"))
        await work.conversations.save(conversation)
    work.emit(conversation.hotel_id, MessageUpdated(conversation=conversation.ref(), message=view))


async def revoke_parts(work: UnitOfWork, channel: ChannelRecord, item: Revoked, at: datetime) -> None:
    """With a message its further files go, which stand as messages of their own."""
    for part in sorted(await work.messages.places(channel.id, item.parts)) if item.parts else ():
        external_id = f"{part}#deleted"
        await correct(work, channel, msgspec.structs.replace(item, target=part, external_id=external_id, parts=()), at)


def spellings_of(sender: Sender) -> set[str]:
    """All by which this person may be named."""
    own = filter(None, (sender.address, sender.phone, sender.provider_phone, sender.user_id))
    return {spelling for each in own for spelling in variants(each)}


async def _lock_writer(work: UnitOfWork, channel: ChannelRecord, item: Edited | Revoked) -> None:
    """Wait for what is just coming in from the same account: a correction and its original at once would otherwise
    not see each other. Of an account that is new the hotel's directory is locked."""
    address = [item.group or item.sender.address]
    if not await work.guests.lock_known(channel.id, address):
        await work.guests.lock_directory(channel.hotel_id)
        await work.guests.lock_known(channel.id, address)


async def _may_correct(work: UnitOfWork, original: Original, item: Edited | Revoked) -> bool:
    if item.by_hotel:
        return original.sender_type is SenderType.STAFF and original.staff_user_id is None
    return original.sender_type is SenderType.GUEST and await _wrote(work, original, spellings_of(item.sender))


async def _is_writers(work: UnitOfWork, original: Original, correction: Correction) -> bool:
    return original.sender_type is SenderType.GUEST and await _wrote(work, original, set(variants(correction.sender)))


async def _wrote(work: UnitOfWork, original: Original, spellings: set[str]) -> bool:
    """Whether the one of these spellings wrote it: the conversation's guest, or in a group the one that it names."""
    writer = original.extra.get(WRITER)
    if isinstance(writer, dict):
        known = {str(each) for name, each in writer.items() if name != "name" and each}
    else:
        known = (await work.guests.spellings_of([original.guest_id])).get(original.guest_id, set())
    return any(_is_among(each, known) for each in spellings)


def _is_among(address: str, known: set[str]) -> bool:
    return not known.isdisjoint(variants(address))
