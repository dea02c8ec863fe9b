"""A template's components, as Meta lists them, read into what has to be filled.

Source: Meta's "Template components" and "Message templates" pages; the listing's schema in its published OpenAPI
document. Components may have any shape here: what is not understood makes the template one that cannot be sent.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.channels.shapes import Json, as_list, as_object, as_text
from app.core.templates import Body, Button, Header, HeaderFormat, TemplateShape, Variable

VARIABLE: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
COPY_CODE: Final = "COPY_CODE"
QUICK_REPLY: Final = "QUICK_REPLY"
URL: Final = "URL"

_NEED_NOTHING: Final = ("PHONE_NUMBER", "VOICE_CALL")
_BUTTONS: Final = (QUICK_REPLY, URL, COPY_CODE, *_NEED_NOTHING)
_WORDS: Final = {
    "CAROUSEL": "It is a carousel: its cards cannot be filled from here.",
    "LIMITED_TIME_OFFER": "It needs the end of an offer, which cannot be given from here.",
    "CATALOG": "It shows a catalogue, which this hotel's channel does not have here.",
    "MPM": "It shows products of a catalogue, which cannot be chosen from here.",
    "SPM": "It shows a product of a catalogue, which cannot be chosen from here.",
    "FLOW": "It opens a form of WhatsApp, whose answers cannot be taken here.",
    "OTP": "It carries a one-time password.",
}


def describe(components: Iterable[Mapping[str, Any]]) -> TemplateShape:
    """What a template with these components looks like, and what must be given to send it. Never raises."""
    parts: dict[str, Json] = {}
    faults: list[str] = []
    for component in components:
        part = as_object(component)
        kind = as_text(part.get("type")).upper()
        if kind not in {"HEADER", "BODY", "FOOTER", "BUTTONS"}:
            faults.append(_WORDS.get(kind, f"It has a part that cannot be filled from here: {kind[:64] or 'unnamed'}."))
        parts[kind] = part
    header = _header(parts.get("HEADER"), faults)
    body = _body(parts.get("BODY"), faults)
    buttons = tuple(_buttons(parts.get("BUTTONS"), faults))
    footer = as_text(parts.get("FOOTER", {}).get("text")) or None
    return TemplateShape(
        header=header, body=body, footer=footer, buttons=buttons, unsendable=faults[0] if faults else None
    )


def _header(part: Json | None, faults: list[str]) -> Header:
    if part is None:
        return Header()
    word = as_text(part.get("format")).upper() or HeaderFormat.TEXT
    try:
        kind = HeaderFormat(word)
    except ValueError:
        faults.append(f"Its header cannot be filled from here: {word[:64]}.")
        return Header()
    if kind is not HeaderFormat.TEXT:
        return Header(format=kind)
    text = as_text(part.get("text"))
    examples = as_object(part.get("example"))
    variables = _variables(text, as_list(examples.get("header_text")), examples.get("header_text_named_params"))
    return Header(format=kind, text=text, variables=variables)


def _body(part: Json | None, faults: list[str]) -> Body:
    text = as_text((part or {}).get("text"))
    if not text:
        faults.append("Its text is not known here.")
        return Body()
    examples = as_object((part or {}).get("example"))
    rows = as_list(examples.get("body_text"))
    row = as_list(rows[0]) if rows and isinstance(rows[0], list) else rows
    return Body(text=text, variables=_variables(text, row, examples.get("body_text_named_params")))


def _variables(text: str, by_position: list[Any], by_name: object) -> tuple[Variable, ...]:
    """The gaps of a text, each once: positions in their order, words in that of the text."""
    named = {as_text(each.get("param_name")): as_text(each.get("example")) for each in map(as_object, as_list(by_name))}
    names = list(dict.fromkeys(VARIABLE.findall(text)))
    if all(_is_position(name) for name in names):
        names.sort(key=int)
    found = []
    for name in names:
        example = named.get(name, "")
        if not example and _is_position(name) and 0 < int(name) <= len(by_position):
            example = as_text(by_position[int(name) - 1])
        found.append(Variable(name=name, example=example or None))
    return tuple(found)


def _is_position(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) <= 4


def _buttons(part: Json | None, faults: list[str]) -> Iterable[Button]:
    for index, given in enumerate(as_list((part or {}).get("buttons"))):
        button = as_object(given)
        kind = as_text(button.get("type")).upper()
        if kind not in _BUTTONS:
            faults.append(_WORDS.get(kind, f"It has a button that cannot be filled from here: {kind[:64]}."))
        url = as_text(button.get("url")) or None
        yield Button(
            index=index,
            type=kind,
            text=as_text(button.get("text")),
            url=url,
            phone_number=as_text(button.get("phone_number")) or None,
            variable=_button_variable(kind, url, button.get("example")),
        )


def _button_variable(kind: str, url: str | None, example: object) -> Variable | None:
    """The end of an address, or the code that is copied."""
    shown = as_text(example) or next((as_text(each) for each in as_list(example)), "")
    if kind == COPY_CODE:
        return Variable(name="code", example=shown or None)
    if kind == URL and (gap := VARIABLE.search(url or "")):
        return Variable(name=gap[1], example=shown or None)
    return None
