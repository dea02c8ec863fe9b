"""What is wrong with the fields of a command: the field by its name, and a sentence of ours."""

import re
from typing import Any, Final

import msgspec

from app.core.errors import Invalid
from app.core.text import clean, holds_nul

NUL: Final = "A text may not hold the character NUL."

# What msgspec says: what is wrong, and where it is.
_FAULT: Final = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<place>.*)`)?", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`")
_BOUND: Final = re.compile(r"Expected `\w+(?: \| null)?` (>=|<=) (\d+)")
_LENGTH: Final = re.compile(r"Expected `array(?: \| null)?` of length <= (\d+)")
_KIND: Final = re.compile(r"Expected `(\w+)(?: \| null)?`, got `\w+`")

_KINDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "uuid": "a UUID",
    "array": "a list",
    "object": "a JSON object",
}


def bad_field(command: str, error: msgspec.ValidationError) -> Invalid:
    """The answer to a command whose fields are not of its shape; as by REST, a field within another by both names."""
    found = _FAULT.fullmatch(str(error))
    what, place = (found["what"], found["place"] or "") if found else ("", "")
    names = re.findall(r"\w+", re.sub(r"\[.*?\]", "", place))
    if missing := _MISSING.fullmatch(what):
        names.append(missing[1])
    field, sentence = ".".join(names), _sentence(what)
    return Invalid(f"{command}: {field} {sentence}.", code="bad_fields", details={field: [f"It {sentence}."]})


def check_texts(fields: dict[str, Any]) -> None:
    """Raises Invalid where a text, or a name, could not be kept."""
    if bad := [name for name, value in fields.items() if holds_nul([name, value])]:
        raise Invalid(NUL, code="bad_fields", details={clean(name): [NUL] for name in bad})


def _sentence(what: str) -> str:
    if _MISSING.fullmatch(what):
        return "is missing"
    if bound := _BOUND.fullmatch(what):
        return f"must be at {'least' if bound[1] == '>=' else 'most'} {bound[2]}"
    if length := _LENGTH.fullmatch(what):
        return f"may have at most {length[1]} entries"
    if what == "Invalid UUID":
        return "must be a UUID"
    kind = _KIND.fullmatch(what)
    if kind and kind[1] in _KINDS:
        return f"must be {_KINDS[kind[1]]}"
    return "is none of the values that are taken"
