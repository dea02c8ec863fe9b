"""Who wrote a message, or got it.

A guest has a number (``from``), Meta's spelling of it (``wa_id``, which differs in some countries), a user id, or only
the last: since 2026 a username may hide the number. An answer goes to ``from`` where there is one, else to the user id.
"""

import re
from collections.abc import Iterable
from typing import Final

from app.channels.base import Identity
from app.channels.items import Sender
from app.channels.shapes import Json, as_digits, as_object, as_text
from app.core.phones import variants
from app.core.types import IdentityKind

_USER_ID: Final = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,150}")


def is_user_id(text: str) -> bool:
    """Whether this is a user id: a country, a full stop, letters and digits."""
    return _USER_ID.fullmatch(text) is not None


def as_user_id(value: object) -> str:
    """The user id, or "" where it is none."""
    text = as_text(value)
    return text if is_user_id(text) else ""


class Contacts:
    """The people that a change names beside its messages: found by number or user id, never by their place."""

    def __init__(self, rows: Iterable[object]) -> None:
        self._by_number: dict[str, Json] = {}
        self._by_user_id: dict[str, Json] = {}
        for row in map(as_object, rows):
            if digits := as_digits(row.get("wa_id")):
                self._by_number[digits] = row
            if user_id := as_user_id(row.get("user_id")):
                self._by_user_id[user_id] = row

    def find(self, digits: str, user_id: str) -> Json:
        spellings = (self._by_number.get(spelling) for spelling in variants(digits))
        return next(filter(None, spellings), None) or self._by_user_id.get(user_id) or {}


def identities(sender: Sender, *, is_group: bool = False) -> list[Identity]:
    """By what a person, or a group, may be known already, the surest first."""
    if is_group:
        return [(IdentityKind.WHATSAPP_GROUP, sender.address)]
    found: list[Identity] = []
    if sender.user_id:
        found.append((IdentityKind.WHATSAPP_USER, sender.user_id))
    numbers = dict.fromkeys(filter(None, (sender.phone, sender.provider_phone)))
    found += [(IdentityKind.WHATSAPP, number) for number in numbers]
    if sender.phone:
        found.append((IdentityKind.PHONE, sender.phone))
    return found


def sender_of(message: Json, contacts: Contacts) -> Sender | None:
    """The sender of a message, or None where nobody can be told from it."""
    return _person(
        as_digits(message.get("from")),
        as_user_id(message.get("from_user_id")) or as_user_id(message.get("user_id")),
        contacts,
    )


def receiver_of(message: Json, contacts: Contacts) -> Sender | None:
    """The guest whom a message of the hotel's own phone went to, or None where nobody can be told from it."""
    return _person(as_digits(message.get("to")), as_user_id(message.get("to_user_id")), contacts)


def _person(digits: str, user_id: str, contacts: Contacts) -> Sender | None:
    if not digits and not user_id:
        return None
    contact = contacts.find(digits, user_id)
    profile = as_object(contact.get("profile"))
    return Sender(
        address=digits or user_id,
        phone=digits or None,
        provider_phone=as_digits(contact.get("wa_id")) or None,
        user_id=user_id or as_user_id(contact.get("user_id")) or None,
        name=as_text(profile.get("name"), 200).strip() or as_text(profile.get("username"), 200).strip() or None,
    )
