"""A webhook body, turned into items in the order in which they stand.

One body may hold a thousand updates of several numbers. ``changes[].field`` says what a change is; an array of messages
or statuses under another field is somebody else's (``history`` carries old messages, ``calls`` the states of calls).
What is odd becomes an ``Unreadable`` and takes nothing along; what is not for us gives no item.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, Final

from app.channels.base import Malformed
from app.channels.items import AccountFault, Echo, InboundMessage, InboundStatus, Item, Sender, Unreadable
from app.channels.shapes import Json, as_id, as_integer, as_list, as_object, as_text, as_time
from app.channels.whatsapp import notices
from app.channels.whatsapp.content import read_content
from app.channels.whatsapp.corrections import read_correction
from app.channels.whatsapp.identity import Contacts, receiver_of, sender_of
from app.core.bounds import fitting
from app.core.text import clean_json, read_json

_DELIVERY_ID: Final = re.compile("[0-9]{1,18}")
_KEPT_SIBLINGS: Final = ("referral", "errors")
_READ_FROM_CONTEXT: Final = ("from", "id")
_CORRECTIONS: Final = frozenset({"edit", "revoke"})


def parse(body: bytes, *, received_at: datetime, lenient: bool = False) -> list[Item]:
    """Every item of the body. Raises Malformed where it is no JSON; JSON of another shape holds nothing for us.

    A message without a time of its own was sent when it was received. With ``lenient``, one without an id (or with one
    that a document has cut short: "wamid.HBgL...") goes by a hash of itself.
    """
    try:
        document = read_json(body)
    except ValueError as error:
        raise Malformed(f"no JSON: {error}") from None
    return list(_Reader(received_at, lenient=lenient).entries(as_object(document)))


class _Reader:
    """One pass over one body."""

    def __init__(self, received_at: datetime, *, lenient: bool) -> None:
        self._received_at = received_at
        self._lenient = lenient
        self._fields: dict[str, Callable[[str, Json], Iterator[Item]]] = {
            "messages": self._messages,
            "smb_message_echoes": self._echoes,
            "user_id_update": notices.user_id_updates,
            "user_preferences": partial(notices.preferences, latest=received_at),
        }

    def entries(self, document: Json) -> Iterator[Item]:
        for entry in map(as_object, as_list(document.get("entry"))):
            for change in as_list(entry.get("changes")):
                yield from self._change(entry, as_object(change))

    def _change(self, entry: Json, change: Json) -> Iterator[Item]:
        field = as_text(change.get("field"))
        value = as_object(change.get("value"))
        account = as_id(as_object(value.get("metadata")).get("phone_number_id"), limit=64)
        if read := self._fields.get(field):
            yield from read(account, value)
        elif field in notices.SUBJECTS:
            yield notices.notice(account, as_id(entry.get("id"), limit=64), field, value)

    def _messages(self, account: str, value: Json) -> Iterator[Item]:
        contacts = Contacts(as_list(value.get("contacts")))
        messages = _rows(value, "messages")
        faults = as_list(value.get("errors"))
        told = as_list(fitting({"errors": faults})["errors"])  # once: each of a thousand messages may quote them
        for message in messages:
            yield from self._message(account, as_object(message), contacts, told)
        for status in _rows(value, "statuses"):
            yield self._status(account, as_object(status))
        if not messages:  # beside messages they say why one of these has no content
            yield from (_fault(account, as_object(fault)) for fault in faults)

    def _echoes(self, account: str, value: Json) -> Iterator[Item]:
        """What somebody of the hotel wrote on the phone: ``from`` is the hotel, ``to`` the guest."""
        contacts = Contacts(as_list(value.get("contacts")))
        for message in map(as_object, _rows(value, "message_echoes")):
            external_id = self._external_id(message)
            receiver = receiver_of(message, contacts)
            if not external_id or receiver is None:
                yield Unreadable(account=account, reason="an echo without an id or a receiver")
            elif as_text(message.get("type")) in _CORRECTIONS:
                yield read_correction(account, external_id, receiver, message, self._sent_at(message), by_hotel=True)
            else:
                written = self._inbound(account, external_id, receiver, message, [])
                yield Echo(account=account, external_id=external_id, message=written)

    def _message(self, account: str, message: Json, contacts: Contacts, faults: list[object]) -> Iterator[Item]:
        external_id = self._external_id(message)
        if not external_id:
            yield Unreadable(account=account, reason="a message without an id")
            return
        kind = as_text(message.get("type"))
        if kind == "system":
            yield from notices.system_note(account, external_id, message)
            return
        sender = sender_of(message, contacts)
        if sender is None:
            yield Unreadable(account=account, reason="a message without a sender")
        elif kind in _CORRECTIONS:
            yield read_correction(account, external_id, sender, message, self._sent_at(message))
        else:
            yield self._inbound(account, external_id, sender, message, faults)

    def _inbound(
        self, account: str, external_id: str, sender: Sender, message: Json, faults: list[object]
    ) -> InboundMessage:
        content = read_content(message, faults)
        context = as_object(message.get("context"))
        extra = content.extra | {name: message[name] for name in _KEPT_SIBLINGS if message.get(name)}
        if told := {name: value for name, value in context.items() if name not in _READ_FROM_CONTEXT}:
            extra["context"] = told
        return InboundMessage(
            account=account,
            external_id=external_id,
            sender=sender,
            type=content.type,
            text=content.text,
            wordless=content.wordless,
            unreadable=content.unreadable,
            too_big=content.too_big,
            choice=content.choice,
            media=content.media,
            reply_to=content.reply_to or as_id(context.get("id")) or None,
            group=as_id(message.get("group_id")) or None,
            sent_at=self._sent_at(message),
            extra=fitting(extra),
        )

    def _sent_at(self, message: Json) -> datetime:
        return as_time(message.get("timestamp"), latest=self._received_at) or self._received_at

    def _external_id(self, message: Json) -> str:
        external_id = as_id(message.get("id"))
        if not self._lenient or not message or (external_id and not external_id.endswith("...")):
            return external_id
        canonical = json.dumps(clean_json(message), sort_keys=True, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()

    def _status(self, account: str, status: Json) -> InboundStatus | Unreadable:
        external_id = as_id(status.get("id"))
        word = as_id(status.get("status"), limit=32)
        if not external_id or not word:
            return Unreadable(account=account, reason="a status without an id or a word")
        ours = as_id(status.get("biz_opaque_callback_data"))
        fault = _first_error(status)
        return InboundStatus(
            account=account,
            external_id=external_id,
            status=word,
            delivery_id=int(ours) if _DELIVERY_ID.fullmatch(ours) else None,
            at=as_time(status.get("timestamp"), latest=self._received_at),
            error_code=as_integer(fault.get("code")),
            error_title=_title(fault),
        )


def _rows(value: Json, name: str) -> list[Any]:
    """The rows of that name. What stands there without being a list is one odd row."""
    rows = value.get(name)
    return rows if isinstance(rows, list) else [] if rows is None else [None]


def _first_error(status: Json) -> Json:
    errors = as_list(status.get("errors"))
    return as_object(errors[0]) if errors else {}


def _title(fault: Json) -> str | None:
    return as_text(fault.get("title"), 500) or as_text(fault.get("message"), 500) or None


def _fault(account: str, fault: Json) -> AccountFault:
    return AccountFault(account=account, code=as_integer(fault.get("code")), title=_title(fault))
