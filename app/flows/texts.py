"""Texts in several languages: which one a guest reads, and what stands in for its placeholders."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

import msgspec
from pydantic import AfterValidator, StringConstraints

from app.flows.types import Facts

Key = TypeVar("Key")
Value = TypeVar("Value")

FALLBACK = "en"

# On the button that shows a menu's entries, where these are too many for buttons of their own.
OPENS: Mapping[str, str] = MappingProxyType(
    {"en": "Choose", "pt": "Escolher", "es": "Elegir", "fr": "Choisir", "de": "Auswählen"}
)

# What a text may say of the guest. Not the name on the booking: the guest has yet to prove to know it.
_FIELDS = frozenset(field.name for field in msgspec.structs.fields(Facts) if field.type is str)
FACT_PLACEHOLDERS = _FIELDS - {"booking_name", "language"}

_PLACEHOLDER = re.compile(r"(?:,?\s+)?\{(\w+)\}")


def _with_english(text: Mapping[str, str]) -> Mapping[str, str]:
    if FALLBACK not in text:
        raise ValueError(f"the language {FALLBACK!r} is required")
    return text


# The words of definition files. Whatever they hold is read-only once validated.
Table = Annotated[Mapping[Key, Value], AfterValidator(MappingProxyType)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
# 24 is the longest row title of a WhatsApp list, the narrowest place that a label has to fit.
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=24, pattern=r"^[^{}]+$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Text = Annotated[Table[Language, Line], AfterValidator(_with_english)]
Labels = Annotated[Table[Language, Label], AfterValidator(_with_english)]
Words = Table[Language, tuple[Line, ...]]


def in_language(text: Mapping[str, str], language: str) -> str:
    """The text for a language tag: ``pt-BR`` reads ``pt``; a language that the text lacks reads English."""
    return text.get(re.split(r"[-_]", language.lower())[0], text[FALLBACK])


def render(text: Mapping[str, str], facts: Facts, context: Mapping[str, Any]) -> str:
    """The text as this guest reads it. What the conversation knows stands before the facts; a value that is missing
    goes with the comma and the space before it. Values are put in once, so braces in them mean nothing."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        known = context.get(name) or getattr(facts, name, "")
        return found[0].replace(f"{{{name}}}", known) if known and isinstance(known, str) else ""

    return _PLACEHOLDER.sub(value, in_language(text, facts.language)).lstrip(" ,")


def placeholder_faults(text: Mapping[str, str], known: frozenset[str]) -> Iterator[tuple[str, str]]:
    """``(language, fault)`` of each placeholder that is not ``known``, and of braces that are none."""
    for language, line in text.items():
        for name in _PLACEHOLDER.findall(line):
            if name not in known:
                yield language, f"unknown placeholder {{{name}}}; known are {', '.join(sorted(known))}"
        if re.search(r"[{}]", _PLACEHOLDER.sub("", line)):
            yield language, "a brace that belongs to no {placeholder}"
