"""What one message says: its type, what people read of it, its file, and what has no field of its own.

One reader per type of Meta's table. What cannot be shown (a type without a reader, an object that is missing) is said
in a sentence for staff, with the provider's own words in ``extra``: the guest did write, and staff must know. Texts are
cut here; ``extra`` is as it came, and whoever keeps it has to clean and to bound it.
"""

import math
from collections.abc import Callable
from typing import Any, Final

import msgspec

from app.channels.items import InboundMedia
from app.channels.shapes import Json, as_id, as_integer, as_list, as_object, as_text, as_words
from app.core.bounds import cut
from app.core.text import read_json
from app.core.types import MessageType

TOO_BIG: Final = 131052
LONGEST_KIND: Final = 64
LONGEST_NAME: Final = 200
LONGEST_NAMES: Final = 1_000
LONGEST_EMOJI: Final = 64
MOST_NUMBERS: Final = 10

_OPENED: Final = "The guest opened the chat."
_NAMELESS: Final = frozenset({"", "unsupported", "unknown"})


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """As the fields of the same names in ``InboundMessage``."""

    type: MessageType
    text: str = ""
    wordless: bool = False
    unreadable: bool = False
    too_big: bool = False
    choice: str | None = None
    media: InboundMedia | None = None
    reply_to: str | None = None
    extra: dict[str, Any] = {}


def read_content(message: Json, faults: list[Any] | None = None) -> Content:
    """The content of a message, by its ``type``. ``faults`` are the errors of the change that it stands in: they say
    why its object is missing, where no error of its own does."""
    kind = as_text(message.get("type"))
    errors = as_list(message.get("errors"))
    if not errors and faults and not isinstance(message.get(kind), dict | list):
        errors = faults
    reader = _READERS.get(kind)
    content = reader(message) if reader else _unsupported(message, kind)
    extra = content.extra | ({"errors": errors} if errors else {})
    if content.text or (not errors and (content.media or _takes_back(content))):
        return msgspec.structs.replace(content, extra=extra)
    if not content.extra and message.get(kind):
        extra["content"] = message[kind]
    return msgspec.structs.replace(
        content,
        text=_OPENED if kind == "request_welcome" else _in_a_sentence(_name_of(message, kind), errors),
        wordless=True,
        unreadable=reader is not None and content.media is None,
        too_big=any(as_integer(as_object(error).get("code")) == TOO_BIG for error in errors),
        extra=extra,
    )


def _takes_back(content: Content) -> bool:
    """A reaction without an emoji."""
    return content.type is MessageType.REACTION and content.reply_to is not None


def _in_a_sentence(kind: str, errors: list[Any]) -> str:
    what = "A message" + (f" of the kind “{kind}”" if kind not in _NAMELESS else "") + " that cannot be shown here"
    for error in map(as_object, errors):
        told = as_object(error.get("error_data")).get("details") or error.get("message") or error.get("title")
        if details := as_text(told, 500).strip():
            return f"{what}: {details}"
    return f"{what}."


def _name_of(message: Json, kind: str) -> str:
    """Meta may say what it is that it does not pass on, and how a menu was answered."""
    return as_text(as_object(message.get(kind)).get("type"), LONGEST_KIND) or kind[:LONGEST_KIND]


def _text(message: Json) -> Content:
    return Content(type=MessageType.TEXT, text=as_words(as_object(message.get("text")).get("body")))


def _media(kind: MessageType) -> Callable[[Json], Content]:
    def read(message: Json) -> Content:
        file = as_object(message.get(kind.value))
        provider_id = as_id(file.get("id"))
        media = InboundMedia(
            provider_id=provider_id,
            mime_type=as_text(file.get("mime_type"), 128) or None,
            sha256=as_text(file.get("sha256"), 128) or None,
            filename=as_text(file.get("filename"), 255) or None,
            voice=file.get("voice") is True,
        )
        return Content(type=kind, text=as_words(file.get("caption")), media=media if provider_id else None)

    return read


def _location(message: Json) -> Content:
    place = as_object(message.get("location"))
    named = ", ".join(filter(None, (as_words(place.get(name), LONGEST_NAMES) for name in ("name", "address"))))
    degrees = [_degrees(place.get(axis)) for axis in ("latitude", "longitude")]
    text = named or (", ".join(degrees) if all(degrees) else "")
    return Content(type=MessageType.LOCATION, text=text, wordless=True, extra={"location": place} if place else {})


def _degrees(value: object) -> str:
    """A number, also one that is spelled as text; "" where it is none."""
    spelled = as_id(str(value) if isinstance(value, float) else value, 32)
    try:
        return spelled if math.isfinite(float(spelled)) else ""
    except ValueError:
        return ""


def _contacts(message: Json) -> Content:
    cards = as_list(message.get("contacts"))
    extra = {"contacts": cards} if cards else {}
    return Content(type=MessageType.CONTACTS, text=_names(cards), wordless=True, extra=extra)


def _names(cards: list[Any]) -> str:
    """The first ones, and how many more."""
    text = ""
    for place, name in enumerate(_card(as_object(card)) for card in cards):
        if text and len(text) + len(name) > LONGEST_NAMES:
            return f"{text} and {len(cards) - place:,} more"
        text = ", ".join(filter(None, (text, name)))
    return text


def _card(card: Json) -> str:
    """``Rui Taxi (+351 912 000 111)``, or what there is of it."""
    spelled = as_object(card.get("name"))
    parts = (as_words(spelled.get(part), LONGEST_NAME) for part in ("first_name", "last_name"))
    company = as_words(as_object(card.get("org")).get("company"), LONGEST_NAME)
    name = as_words(spelled.get("formatted_name"), LONGEST_NAME) or " ".join(filter(None, parts)) or company
    phones = (as_object(each) for each in as_list(card.get("phones"))[:MOST_NUMBERS])
    numbers = ", ".join(filter(None, (as_id(each.get("phone"), 64) or as_id(each.get("wa_id"), 64) for each in phones)))
    return f"{name} ({numbers})" if name and numbers else name or numbers


def _interactive(message: Json) -> Content:
    """A pressed button or list row; the form of a flow and whatever comes next are kept as they are."""
    reply = as_object(message.get("interactive"))
    pressed = as_object(reply.get("button_reply")) or as_object(reply.get("list_reply"))
    if pressed:
        choice = as_id(pressed.get("id")) or None
        text = as_words(pressed.get("title")) or choice or ""
        extra = _pressed(choice, text, as_words(pressed.get("description"), LONGEST_NAMES))
        return Content(type=MessageType.INTERACTIVE, text=text, choice=choice, extra=extra)
    form = as_object(reply.get("nfm_reply"))
    extra = {"interactive": reply} if reply else {}
    filled = _filled(form)
    return Content(
        type=MessageType.INTERACTIVE,
        text=as_words(form.get("body")) or as_words(form.get("name")),
        wordless=True,
        extra=extra | ({"form": filled} if filled else {}),
    )


def _pressed(choice: str | None, title: str, description: str = "") -> Json:
    """What was pressed, for whoever has to know more of it than its title; nothing where nothing was."""
    told = {"id": choice, "title": title, "description": description}
    return {"choice": {name: value for name, value in told.items() if value}} if choice or title else {}


def _filled(form: Json) -> Json:
    """The fields of a form, which comes as JSON in a text. One that is none stands as it came beside this."""
    try:
        answers = read_json(as_text(form.get("response_json")).encode())
    except ValueError:
        return {}
    return as_object(answers)


def _button(message: Json) -> Content:
    """The quick reply of a template."""
    button = as_object(message.get("button"))
    choice = as_id(button.get("payload")) or None
    text = as_words(button.get("text")) or choice or ""
    return Content(type=MessageType.BUTTON, text=text, choice=choice, extra=_pressed(choice, text))


def _reaction(message: Json) -> Content:
    """No text is a reaction taken back."""
    reaction = as_object(message.get("reaction"))
    reply_to = as_id(reaction.get("message_id")) or None
    return Content(type=MessageType.REACTION, text=as_text(reaction.get("emoji"), LONGEST_EMOJI), reply_to=reply_to)


def _order(message: Json) -> Content:
    order = as_object(message.get("order"))
    products = as_list(order.get("product_items"))
    count = sum(as_integer(as_object(each).get("quantity")) or 1 for each in products)
    said = as_words(order.get("text")).strip()
    text = f"Order of {count} item{'' if count == 1 else 's'}" if products or said else ""
    extra = {"order": order} if order else {}
    return Content(type=MessageType.ORDER, text=cut(f"{text}: {said}" if said else text), wordless=True, extra=extra)


def _unsupported(message: Json, kind: str) -> Content:
    extra: dict[str, Any] = {"type": kind[:LONGEST_KIND]}
    if kind in message:
        extra["content"] = message[kind]
    return Content(type=MessageType.UNSUPPORTED, extra=extra)


_READERS: Final[dict[str, Callable[[Json], Content]]] = {
    "text": _text,
    "location": _location,
    "contacts": _contacts,
    "interactive": _interactive,
    "button": _button,
    "reaction": _reaction,
    "order": _order,
    **{
        kind.value: _media(kind)
        for kind in (
            MessageType.IMAGE,
            MessageType.VIDEO,
            MessageType.AUDIO,
            MessageType.DOCUMENT,
            MessageType.STICKER,
        )
    },
}
