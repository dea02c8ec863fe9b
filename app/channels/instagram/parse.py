"""A webhook body of Instagram's, turned into items in the order in which they stand.

``{"object": "instagram", "entry": [{"id", "time", "messaging": [event…]}]}``; an event is named by the one key that it
has beside ``sender``, ``recipient`` and ``timestamp`` (milliseconds). Whatever the hotel's own account sends comes
back as an echo. Comments and other ``changes`` are no messages. What is odd becomes an ``Unreadable`` and takes nothing
along.

Where an event has no id of its own (reactions, edits, some postbacks) its bytes' meaning is its id: Meta repeats an
event unchanged. A deletion has the ``mid`` of what is deleted, so its kind is part of its id.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from app.channels.base import Malformed
from app.channels.instagram.content import (
    MOST_ATTACHMENTS,
    Content,
    read_contents,
    read_postback,
    read_referral,
)
from app.channels.items import Echo, Edited, InboundMessage, InboundStatus, Item, Revoked, Sender, Unreadable
from app.channels.shapes import Json, as_id, as_integer, as_list, as_object, as_text, as_words
from app.core.bounds import fitting
from app.core.text import clean_json, read_json
from app.core.types import DeliveryStatus, MessageType

LONGEST_EMOJI: Final = 64
LONGEST_MID: Final = 480  # with a part's number or a kind behind it, an id fits


def parse(body: bytes, *, received_at: datetime, lenient: bool = False) -> list[Item]:
    """Every item of the body. Raises Malformed where it is no JSON; JSON of another shape holds nothing for us.

    A message without a time of its own was sent when it was received. With ``lenient``, one without an id goes by a
    hash of its event.
    """
    try:
        document = read_json(body)
    except ValueError as error:
        raise Malformed(f"no JSON: {error}") from None
    reader = _Reader(received_at, lenient=lenient)
    return [
        item
        for entry in map(as_object, as_list(as_object(document).get("entry")))
        for event in map(as_object, as_list(entry.get("messaging")))
        for item in reader.event(as_id(entry.get("id"), limit=64), event)
    ]


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event: whom it is about, which way it went, and when."""

    account: str
    guest: Sender
    by_hotel: bool
    at: datetime
    raw: Json

    @property
    def own_id(self) -> str:
        canonical = json.dumps(clean_json(self.raw), sort_keys=True, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


class _Reader:
    """One pass over one body."""

    def __init__(self, received_at: datetime, *, lenient: bool) -> None:
        self._received_at = received_at
        self._lenient = lenient
        self._kinds: dict[str, Callable[[_Event, Json], Iterator[Item]]] = {
            "message": self._message,
            "message_edit": _edit,
            "postback": _postback,
            "reaction": _reaction,
            "read": _read,
            "delivery": _delivery,
            "referral": _referral,
        }

    def event(self, account: str, raw: Json) -> Iterator[Item]:
        kind = next((each for each in self._kinds if each in raw), None)
        if kind is None:  # of a kind that does not concern us
            return
        content = as_object(raw[kind])
        sender = as_id(as_object(raw.get("sender")).get("id"), limit=64)
        recipient = as_id(as_object(raw.get("recipient")).get("id"), limit=64)
        is_echo = content.get("is_echo") is True
        account = account or (sender if is_echo else recipient)
        by_hotel = is_echo or sender == account
        guest = recipient if by_hotel else sender
        if not guest or guest == account:
            yield Unreadable(account=account, reason=f"{kind} of nobody", external_id=as_id(content.get("mid")) or None)
            return
        at = _milliseconds(raw.get("timestamp"), latest=self._received_at) or self._received_at
        event = _Event(account=account, guest=Sender(address=guest), by_hotel=by_hotel, at=at, raw=raw)
        yield from self._kinds[kind](event, content)

    def _message(self, event: _Event, message: Json) -> Iterator[Item]:
        mid = as_id(message.get("mid"), LONGEST_MID) or (event.own_id if self._lenient and message else "")
        if not mid:
            yield Unreadable(account=event.account, reason="a message without an id")
            return
        if message.get("is_deleted") is True:
            yield Revoked(
                account=event.account,
                external_id=f"{mid}#deleted",
                sender=event.guest,
                target=mid,
                parts=tuple(_part(mid, place) for place in range(1, MOST_ATTACHMENTS)),
                at=event.at,
                by_hotel=event.by_hotel,
            )
            return
        answered = as_object(message.get("reply_to"))
        told = {"story": answered.get("story"), "referral": message.get("referral") or event.raw.get("referral")}
        beside = {name: value for name, value in told.items() if value}
        for place, content in enumerate(read_contents(message)):
            written = _inbound(
                event,
                mid if place == 0 else _part(mid, place),
                msgspec.structs.replace(content, extra=content.extra | beside),
                reply_to=as_id(answered.get("mid"), LONGEST_MID) or None,
            )
            yield _echo(event, written) if event.by_hotel else written


def _part(mid: str, place: int) -> str:
    """The id of a further attachment, counted from 0."""
    return f"{mid}#{place + 1}"


def _inbound(event: _Event, external_id: str, content: Content, *, reply_to: str | None = None) -> InboundMessage:
    return InboundMessage(
        account=event.account,
        external_id=external_id,
        sender=event.guest,
        type=content.type,
        text=content.text,
        wordless=content.wordless,
        unreadable=content.unreadable,
        choice=content.choice,
        media=content.media,
        reply_to=reply_to,
        sent_at=event.at,
        extra=fitting(content.extra),
    )


def _echo(event: _Event, written: InboundMessage) -> Echo:
    return Echo(account=event.account, external_id=written.external_id, message=written, of_all=True)


def _edit(event: _Event, edit: Json) -> Iterator[Item]:
    target = as_id(edit.get("mid"), LONGEST_MID)
    text = as_words(edit.get("text"))
    if not target or not text:
        yield Unreadable(account=event.account, reason="an edit without its message, or without what it says now")
        return
    yield Edited(
        account=event.account,
        external_id=event.own_id,
        sender=event.guest,
        target=target,
        text=text,
        at=event.at,
        by_hotel=event.by_hotel,
    )


def _postback(event: _Event, postback: Json) -> Iterator[Item]:
    if event.by_hotel:
        return
    content = read_postback(postback)
    if referral := as_object(postback.get("referral")):
        content = msgspec.structs.replace(content, extra=content.extra | {"referral": referral})
    yield _inbound(event, as_id(postback.get("mid"), LONGEST_MID) or event.own_id, content)


def _reaction(event: _Event, reaction: Json) -> Iterator[Item]:
    """No text is a reaction taken back. The hotel's own are known here."""
    target = as_id(reaction.get("mid"), LONGEST_MID)
    if event.by_hotel:
        return
    if not target:
        yield Unreadable(account=event.account, reason="a reaction to no message")
        return
    given = as_text(reaction.get("emoji"), LONGEST_EMOJI) or as_text(reaction.get("reaction"), LONGEST_EMOJI)
    content = Content(type=MessageType.REACTION, text="" if reaction.get("action") == "unreact" else given)
    yield _inbound(event, event.own_id, content, reply_to=target)


def _read(event: _Event, read: Json) -> Iterator[Item]:
    yield from _reports(event, [read.get("mid")], DeliveryStatus.READ)


def _delivery(event: _Event, delivery: Json) -> Iterator[Item]:
    yield from _reports(event, as_list(delivery.get("mids")), DeliveryStatus.DELIVERED)


def _reports(event: _Event, mids: list[Any], status: DeliveryStatus) -> Iterator[Item]:
    """What became of ours. What the hotel itself has read is known here."""
    if event.by_hotel:
        return
    for mid in filter(None, (as_id(each, LONGEST_MID) for each in mids)):
        yield InboundStatus(account=event.account, external_id=mid, status=status, at=event.at)


def _referral(event: _Event, referral: Json) -> Iterator[Item]:
    if not event.by_hotel:
        yield _inbound(event, event.own_id, read_referral(referral))


def _milliseconds(value: object, *, latest: datetime) -> datetime | None:
    """Milliseconds since 1970. What lies after ``latest`` is ``latest``: clocks differ."""
    digits = value if isinstance(value, str) else ""
    count = as_integer(value) or (int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else 0)
    if count <= 0:
        return None
    return latest if count / 1000 >= latest.timestamp() else datetime.fromtimestamp(count / 1000, UTC)
