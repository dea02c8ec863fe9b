"""How forgivingly two things that people wrote are compared: words of a menu, names on a booking."""

import unicodedata
from collections import Counter

# Letters that Unicode does not take apart, as passports spell them, and apostrophes that it takes for letters.
_SPELLED_OUT = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\N{LATIN SMALL LETTER DOTLESS I}": "i"}
    | dict.fromkeys("\N{MODIFIER LETTER APOSTROPHE}\N{MODIFIER LETTER TURNED COMMA}", "'")
)


def fold(text: str) -> str:
    """``text`` without case, accents and punctuation, its words one space apart: ``" 1. "`` is ``"1"``, ``"Café!"`` is
    ``"cafe"``. Digits of any script become 0 to 9. Empty where there is neither letter nor digit."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).translate(_SPELLED_OUT)
    return " ".join("".join(map(_plain, plain)).split())


def same_name(given: str, booked: str) -> bool:
    """Whether a guest's full name is the booking's.

    Forgiven are case, accents, the order of words, "Last, First", spaces, hyphens and apostrophes, and middle names
    that only one of the two has. The first and the last name must be in both. A name without letters is nobody's.
    """
    ours, theirs = _words(booked), _words(given)
    if not ours or not theirs:
        return False
    if "".join(map("".join, ours)) == "".join(map("".join, theirs)):
        return True
    known = {"".join(parts): parts for parts in ours}  # "Anne-Marie" may be written "Annemarie", and the other way
    written = [part for parts in theirs for part in known.get("".join(parts), parts)]
    fewer, more = sorted((written, [part for parts in ours for part in parts]), key=len)
    ends = more[:1] + more[1:][-1:]
    return Counter(fewer) <= Counter(more) and Counter(ends) <= Counter(fewer)


def _plain(char: str) -> str:
    kind = unicodedata.category(char)
    if kind == "Nd":
        return str(unicodedata.decimal(char))
    if kind[0] == "M":
        return ""
    return char if kind[0] in "LN" else " "


def _words(name: str) -> list[list[str]]:
    """The folded parts of each word, those after a comma first: ``"O'Hara, Ann"`` is ``[["ann"], ["o", "hara"]]``."""
    last, _, first = name.partition(",")
    return [parts for word in f"{first} {last}".split() if (parts := fold(word).split())]
