"""Phone numbers as Lobby compares, keeps and shows them.

Kept are digits only, as WhatsApp writes them; people see them with a ``+``. Nothing here asks whether a number could
exist: providers and contracts use ones that do not.
"""

import re
import unicodedata
from typing import Final

_SEPARATORS: Final = re.compile(r"[\s().\-/]")
_NUMBER: Final = re.compile(r"(?:\+|00)?([1-9][0-9]{4,14})")

# Lines that have two spellings, as (digits with the extra one, without it): each pattern names what is kept, so that
# either can be made from the other. The extra digit marks a mobile line in all three countries.
_TWO_SPELLINGS: Final = (
    (re.compile(r"(55[1-9][0-9])9([6-9][0-9]{7})"), re.compile(r"(55[1-9][0-9])([6-9][0-9]{7})"), "9"),  # Brazil
    (re.compile(r"(52)1([0-9]{10})"), re.compile(r"(52)([0-9]{10})"), "1"),  # Mexico
    (re.compile(r"(54)9([0-9]{10})"), re.compile(r"(54)([0-9]{10})"), "9"),  # Argentina
)


def digits(text: str) -> str:
    """The digits of ``text`` and nothing else, those of other scripts as 0 to 9; what is no digit is passed over."""
    return "".join(str(unicodedata.decimal(character)) for character in text if character.isdecimal())


def read_phone(text: str) -> str:
    """The digits of a number that a person wrote: with ``+``, ``00`` or neither, and with the usual separators.

    Raises ValueError where it is no international number in form (5 to 15 digits, the first of them no 0).
    """
    found = _NUMBER.fullmatch(_SEPARATORS.sub("", text))
    if found is None:
        raise ValueError("is not a phone number with its country code, such as +351912345678")
    return found[1]


def shown(number: str) -> str:
    """A number of digits as people read it: ``+351912345678``."""
    return f"+{number}"


def variants(number: str) -> tuple[str, ...]:
    """All spellings of one line, ``number`` itself first. For matching only: an answer goes where a message came from.

    WhatsApp names some mobile lines with or without a digit that others write (Brazil's ninth digit, Mexico's 521,
    Argentina's 549).
    """
    for longer, shorter, extra in _TWO_SPELLINGS:
        if found := longer.fullmatch(number):
            return number, found[1] + found[2]
        if found := shorter.fullmatch(number):
            return number, found[1] + extra + found[2]
    return (number,)
