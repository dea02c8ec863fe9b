"""What a template becomes when it is sent: checked against its own text as Meta does, and filled in."""

import re
from typing import Any, Final

from app.dev.fake_graph.errors import GraphError
from app.dev.fake_graph.parts import Component, Parameter, TemplateSend
from app.dev.fake_graph.template import Template, TemplateBook

_VARIABLE: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_TEXTS: Final = ("text", "currency", "date_time")
_BODY_LIMIT: Final = 1024
_NOT_ALLOWED: Final = re.compile(r"[\n\t]| {5,}")
_REFUSED_STATES: Final = {"PAUSED": 132015, "DISABLED": 132016}


def fill(book: TemplateBook, account: str, send: TemplateSend) -> dict[str, Any]:
    """What the guest sees: ``{header?, body, footer?, buttons}``. Raises GraphError as Meta would."""
    template = book.find(account, send.name, send.language.code)
    if template is None or template.status not in {"APPROVED", *_REFUSED_STATES}:
        raise GraphError(132001, details=f"template name ({send.name}) does not exist in {send.language.code}")
    if template.status in _REFUSED_STATES:
        raise GraphError(_REFUSED_STATES[template.status], details=f"template ({send.name}) is {template.status}")
    body = _filled("body", template, _one(send, "body"))
    if len(body) > _BODY_LIMIT:
        raise GraphError(132005, details=f"body: {len(body)} characters, {_BODY_LIMIT} are allowed")
    shown: dict[str, Any] = {"body": body, "buttons": _buttons(template, send)}
    if header := _header(template, _one(send, "header")):
        shown["header"] = header
    if footer := template.part("FOOTER").get("text"):
        shown["footer"] = footer
    return shown


def _one(send: TemplateSend, kind: str) -> list[Parameter]:
    """The parameters of the component of that type."""
    found = [each for each in send.components if each.type == kind]
    if len(found) > 1:
        raise GraphError(100, details=f"{kind}: stands {len(found)} times")
    return found[0].parameters if found else []


def _filled(kind: str, template: Template, parameters: list[Parameter]) -> str:
    text = template.part(kind.upper()).get("text", "")
    names = list(dict.fromkeys(_VARIABLE.findall(text)))
    if len(parameters) != len(names):
        raise GraphError(
            132000,
            details=f"{kind}: number of localizable_params ({len(parameters)}) does not match the expected number of "
            f"params ({len(names)})",
        )
    values = [_words(kind, each) for each in parameters]
    if template.parameter_format == "NAMED":
        given = [each.parameter_name or "" for each in parameters]
        if sorted(given) != sorted(names):
            raise GraphError(132012, details=f"{kind}: parameter names {given} do not match {names}")
        by_name = dict(zip(given, values, strict=True))
    else:
        by_name = dict(zip(sorted(names, key=int), values, strict=True))
    return _VARIABLE.sub(lambda found: by_name[found[1]], text)


def _words(kind: str, parameter: Parameter) -> str:
    if parameter.type not in _TEXTS:
        raise GraphError(132012, details=f"{kind}: Format mismatch, expected TEXT, received {parameter.type.upper()}")
    given = parameter.text or (parameter.currency or parameter.date_time or {}).get("fallback_value")
    if not isinstance(given, str) or not given.strip():
        raise GraphError(131008, details=f"{kind}: Parameter of type {parameter.type} is missing text value")
    if _NOT_ALLOWED.search(given):
        raise GraphError(
            132007,
            details=f"{kind}: Param text cannot have new-line/tab characters or more than 4 consecutive spaces",
        )
    return given


def _header(template: Template, parameters: list[Parameter]) -> dict[str, Any]:
    kind = template.part("HEADER").get("format", "TEXT")
    if kind == "TEXT":
        text = _filled("header", template, parameters)
        return {"type": "text", "text": text} if text else {}
    if len(parameters) != 1:
        raise GraphError(132012, details=f"header: Format mismatch, expected {kind}, received UNKNOWN")
    [file] = parameters
    if file.type.upper() != kind:
        raise GraphError(132012, details=f"header: Format mismatch, expected {kind}, received {file.type.upper()}")
    content = getattr(file, file.type)
    return {
        "type": file.type,
        file.type: content if isinstance(content, dict) else content.model_dump(exclude_none=True),
    }


def _buttons(template: Template, send: TemplateSend) -> list[dict[str, Any]]:
    """The template's buttons: an address for each link, and for each quick reply what pressing it will say."""
    given = {_index(each): each for each in send.components if each.type == "button"}
    buttons = template.buttons
    for index, component in given.items():
        if not 0 <= index < len(buttons):
            raise GraphError(132012, details=f"buttons: there is no button at index {index}")
        kind = buttons[index].get("type", "")
        if (component.sub_type or "").upper() != kind:
            raise GraphError(132012, details=f"buttons: Button at index {index} is of type {kind}")
    return [_button(index, each, given.get(index)) for index, each in enumerate(buttons)]


def _index(component: Component) -> int:
    try:
        return int(component.index)  # type: ignore[arg-type]  # no index at all is refused here, too
    except (TypeError, ValueError):
        raise GraphError(131008, details="buttons: index is missing") from None


def _button(index: int, button: dict[str, Any], given: Component | None) -> dict[str, Any]:
    parameters = given.parameters if given else []
    shown: dict[str, Any] = {"type": button.get("type"), "text": button.get("text")}
    if button.get("type") == "URL":
        address = str(button.get("url", ""))
        wanted = len(_VARIABLE.findall(address))
        if len(parameters) < wanted:
            raise GraphError(131008, details=f"buttons: Button at index {index} of type Url requires a parameter")
        if len(parameters) > wanted:
            raise GraphError(132000, details=f"buttons: Button at index {index} takes {wanted} parameters")
        suffixes = iter([_words("button", each) for each in parameters])
        shown["url"] = _VARIABLE.sub(lambda _: next(suffixes), address)
    elif button.get("type") == "QUICK_REPLY":
        shown["payload"] = _payload(index, parameters) or button.get("text")
    return shown


def _payload(index: int, parameters: list[Parameter]) -> str | None:
    if any(each.type != "payload" for each in parameters) or len(parameters) > 1:
        raise GraphError(132012, details=f"buttons: Button at index {index} takes one payload")
    return parameters[0].payload if parameters else None
