"""A template filled: the ``components`` of the send, and the text as the guest will read it.

What Meta would refuse is refused here, each variable by its name. Sources: Meta's "Send message templates", "Coupon
code templates" and "Error codes" pages; the template schemas of its published OpenAPI document.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from app.channels.base import BadValues, FilledTemplate, TemplateOut
from app.channels.whatsapp.template_shape import COPY_CODE, QUICK_REPLY, URL, VARIABLE, describe
from app.core.templates import Button, HeaderFormat, StoredTemplate, TemplateShape, TemplateValues, Variable
from app.core.text import is_blank

MAX_HEADER: Final = 60
MAX_BODY: Final = 1024
MAX_SUFFIX: Final = 2000
MAX_PAYLOAD: Final = 128
MAX_COUPON: Final = 15

_FILES: Final[Mapping[HeaderFormat, tuple[str, ...]]] = {
    HeaderFormat.IMAGE: ("image/jpeg", "image/png"),
    HeaderFormat.VIDEO: ("video/mp4", "video/3gpp"),
    HeaderFormat.DOCUMENT: ("application/pdf",),
}
_NO_BREAKS: Final = re.compile(r"[\n\r\t\v\f\x85\u2028\u2029]| {5,}")
_COUPON: Final = re.compile(r"[0-9A-Za-z]+")


def fill(template: StoredTemplate, values: TemplateValues) -> FilledTemplate:
    """The template with these values. Raises BadValues, which names every one that is missing, surplus or bad."""
    shape = describe(template.components)
    if shape.unsendable:
        raise BadValues({"template": [shape.unsendable]})
    filling = _Filling(template, shape, values)
    header = filling.header()
    body = filling.body()
    components = [*header, *body, *filling.buttons()]
    if filling.faults:
        raise BadValues(filling.faults)
    return FilledTemplate(
        content=TemplateOut(name=template.name, language=template.language, components=tuple(components)),
        text="\n\n".join(filter(None, filling.shown)),
        buttons=tuple(filling.shown_buttons),
    )


class _Filling:
    """One filling: gathers every fault, and what is shown."""

    def __init__(self, template: StoredTemplate, shape: TemplateShape, values: TemplateValues) -> None:
        self.faults: dict[str, list[str]] = {}
        self.shown: list[str] = []
        self.shown_buttons: list[dict[str, Any]] = []
        self._template = template
        self._shape = shape
        self._values = values

    def header(self) -> list[dict[str, Any]]:
        header, values = self._shape.header, self._values
        parameters: list[dict[str, Any]] = []
        if header.format.is_file:
            parameters = self._file(header.format)
        elif values.file is not None:
            self._fault("header.media_id", "This template's header takes no file.")
        if header.format is HeaderFormat.LOCATION:
            parameters = self._place()
        elif values.place is not None:
            self._fault("header.location", "This template's header takes no place.")
        texts = self._texts("header", header.text or "", header.variables, values.header, MAX_HEADER)
        return [{"type": "header", "parameters": parameters or texts}] if parameters or texts else []

    def body(self) -> list[dict[str, Any]]:
        body = self._shape.body
        parameters = self._texts("body", body.text, body.variables, self._values.body, MAX_BODY)
        self.shown.append(self._shape.footer or "")
        return [{"type": "body", "parameters": parameters}] if parameters else []

    def buttons(self) -> list[dict[str, Any]]:
        wanted = {str(each.index) for each in self._shape.buttons if each.variable}
        for index in sorted(self._values.buttons.keys() - wanted):
            self._fault(f"buttons.{index}", "This template has no button there that takes a value.")
        return [component for each in self._shape.buttons for component in self._button(each)]

    def _fault(self, field: str, sentence: str) -> None:
        self.faults.setdefault(field, []).append(sentence)

    def _texts(
        self, part: str, text: str, variables: tuple[Variable, ...], given: Mapping[str, str], longest: int
    ) -> list[dict[str, Any]]:
        """The parameters of a text, which is shown as it is with them."""
        names = [each.name for each in variables]
        for name in sorted(given.keys() - set(names)):
            self._fault(f"{part}.{name}", "This template has no such variable.")
        for name in names:
            if fault := text_fault(given.get(name)):
                self._fault(f"{part}.{name}", fault)
        shown = VARIABLE.sub(lambda gap: given.get(gap[1], ""), text)
        if variables and len(shown) > longest:
            self._fault(part, f"With these values it has {len(shown)} characters; WhatsApp takes {longest}.")
        self.shown.append(shown)
        named = self._template.parameter_format == "NAMED" or not all(map(str.isdigit, names))
        return [
            {"type": "text", **({"parameter_name": name} if named else {}), "text": given.get(name, "")}
            for name in names
        ]

    def _file(self, kind: HeaderFormat) -> list[dict[str, Any]]:
        file, takes = self._values.file, _FILES[kind]
        if file is None:
            self._fault("header.media_id", f"This template's header needs a file: {', '.join(takes)}.")
            return []
        if (file.mime_type or "").partition(";")[0].strip().lower() not in takes:
            self._fault("header.media_id", f"This template's header takes {', '.join(takes)}.")
        content = {"filename": file.filename} if kind is HeaderFormat.DOCUMENT and file.filename else {}
        return [{"type": kind.lower(), kind.lower(): content}]

    def _place(self) -> list[dict[str, Any]]:
        place = self._values.place
        if place is None:
            self._fault("header.location", "This template's header needs a place.")
            return []
        for field in ("name", "address"):
            if fault := text_fault(getattr(place, field)):
                self._fault(f"header.location.{field}", fault)
        return [{"type": "location", "location": msgspec.structs.asdict(place)}]

    def _button(self, button: Button) -> list[dict[str, Any]]:
        """The component of a button, where it takes any; notes how it is shown."""
        value = self._values.buttons.get(str(button.index))
        if button.variable and (fault := _button_fault(button, value)):
            self._fault(f"buttons.{button.index}", fault)
        url = VARIABLE.sub(lambda _: value or "", button.url) if button.url else None
        self.shown_buttons.append(
            {"index": button.index, "type": button.type, "text": button.text, **({"url": url} if url else {})}
        )
        parameter: dict[str, Any]
        if button.type == QUICK_REPLY:
            payload = f"template:{self._template.name}:{button.index}"
            parameter = {"type": "payload", "payload": payload if len(payload) <= MAX_PAYLOAD else button.text}
        elif button.type == COPY_CODE:
            parameter = {"type": "coupon_code", "coupon_code": value}
        elif button.type == URL and button.variable:
            parameter = {"type": "text", "text": value}
        else:
            return []
        component = {"type": "button", "sub_type": button.type.lower(), "index": str(button.index)}
        return [{**component, "parameters": [parameter]}]


def text_fault(value: str | None) -> str | None:
    """Why Meta would refuse this text for a variable."""
    if value is None:
        return "It is missing."
    if is_blank(value):
        return "It may not be empty."
    if _NO_BREAKS.search(value):
        return "WhatsApp takes no line break, no tab and no more than four spaces in a row here."
    return None


def _button_fault(button: Button, value: str | None) -> str | None:
    if fault := text_fault(value):
        return fault
    assert value is not None, "missing is a fault"
    if button.type == COPY_CODE:
        if len(value) > MAX_COUPON or not _COUPON.fullmatch(value):
            return f"A code has up to {MAX_COUPON} letters and digits, and nothing else."
        return None
    if len(value) > MAX_SUFFIX:
        return f"It has {len(value)} characters; WhatsApp takes {MAX_SUFFIX} at the end of an address."
    return "The end of an address may hold no spaces." if re.search(r"\s", value) else None
