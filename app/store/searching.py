"""What people type into a search box, as a regular expression for PostgreSQL's ``~``.

It finds the text itself, in whatever case and with whatever accents: also where the database knows no case beyond
ASCII, for every letter is looked for in all its forms. PostgreSQL reads such an expression in one go, many times faster
than it makes texts plain.
"""

import re
import unicodedata
from functools import cache
from typing import Final

_MARKS: Final = re.compile("[\u0300-\u036f]")
_SPACES: Final = r"\s+"


def pattern_of(search: str) -> str:
    """The words of ``search`` one after the other. Nothing in it is a pattern: ``%`` and ``*`` mean themselves.

    An accent is what Unicode can part from its letter: the stroke of ø and ł is none, and ß is a letter of its own.
    """
    return _SPACES.join("".join(map(_letter, _MARKS.sub("", _whole(word)))) for word in search.split())


def _letter(character: str) -> str:
    forms = "".join(f"\\{each}" if each.isascii() and not each.isalnum() else each for each in _forms_of(character))
    return f"[{forms}]{_MARKS.pattern}*"


def _forms_of(character: str) -> str:
    return _forms().get(_plain(character), character)


@cache
def _forms() -> dict[str, str]:
    """Every character that has others like it, by its plainest form: all of these."""
    forms: dict[str, str] = {}
    for character in map(chr, range(0x21, 0x10000)):
        if not 0xD800 <= ord(character) < 0xE000:
            plain = _plain(character)
            forms[plain] = forms.get(plain, "") + character
    return {plain: each for plain, each in forms.items() if len(each) > 1}


def _plain(character: str) -> str:
    """Without accents and in lower case, where that is one character still."""
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", character))
    bare = bare if len(bare) == 1 else character
    folded = bare.casefold()
    return folded if len(folded) == 1 else bare.lower()


def _whole(word: str) -> str:
    """With accents on their letters, so that what has no plain form stays one character."""
    return unicodedata.normalize("NFC", word)
