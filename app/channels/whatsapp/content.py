"""What one message says: its type, its text, its file, and what has no field of its own.

One reader per type of Meta's table. A type without a reader, or whose object is missing, is UNSUPPORTED or empty with
the provider's words in ``extra``: the guest did write, and staff must know.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from app.channels.base import InboundMedia
from app.channels.whatsapp.shapes import Json, as_id, as_list, as_object, as_text
from app.core.text import clean_json
from app.core.types import MessageType


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """As the fields of the same names in ``InboundMessage``."""

    type: MessageType
    text: str = ""
    choice: str | None = None
    media: InboundMedia | None = None
    reply_to: str | None = None
    extra: dict[str, Any] = {}


def read_content(message: Json) -> Content:
    """The content of a message, by its ``type``."""
    kind = as_text(message.get("type"))
    reader = _READERS.get(kind)
    return reader(message) if reader else _unsupported(message, kind)


def _text(message: Json) -> Content:
    return Content(type=MessageType.TEXT, text=as_text(as_object(message.get("text")).get("body")))


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
        return Content(type=kind, text=as_text(file.get("caption")), media=media if provider_id else None)

    return read


def _location(message: Json) -> Content:
    place = as_object(message.get("location"))
    parts = (as_text(place.get("name")), as_text(place.get("address")))
    return Content(
        type=MessageType.LOCATION, text=", ".join(filter(None, parts)), extra={"location": clean_json(place)}
    )


def _contacts(message: Json) -> Content:
    cards = as_list(message.get("contacts"))
    names = (as_text(as_object(as_object(card).get("name")).get("formatted_name")) for card in cards)
    return Content(
        type=MessageType.CONTACTS, text=", ".join(filter(None, names)), extra={"contacts": clean_json(cards)}
    )


def _interactive(message: Json) -> Content:
    """A pressed button or list row; the form of a flow and whatever comes next are kept as they are."""
    reply = as_object(message.get("interactive"))
    pressed = as_object(reply.get("button_reply")) or as_object(reply.get("list_reply"))
    if pressed:
        choice = as_id(pressed.get("id")) or None
        return Content(type=MessageType.INTERACTIVE, text=as_text(pressed.get("title")), choice=choice)
    form = as_object(reply.get("nfm_reply"))
    return Content(
        type=MessageType.INTERACTIVE,
        text=as_text(form.get("body")),
        extra={"interactive": clean_json(reply)} if reply else {},
    )


def _button(message: Json) -> Content:
    """The quick reply of a template."""
    button = as_object(message.get("button"))
    choice = as_id(button.get("payload")) or None
    return Content(type=MessageType.BUTTON, text=as_text(button.get("text")), choice=choice)


def _reaction(message: Json) -> Content:
    """No text is a reaction taken back."""
    reaction = as_object(message.get("reaction"))
    reply_to = as_id(reaction.get("message_id")) or None
    return Content(type=MessageType.REACTION, text=as_text(reaction.get("emoji")), reply_to=reply_to)


def _order(message: Json) -> Content:
    order = as_object(message.get("order"))
    return Content(type=MessageType.ORDER, text=as_text(order.get("text")), extra={"order": clean_json(order)})


def _unsupported(message: Json, kind: str) -> Content:
    extra: dict[str, Any] = {"type": kind[:64]}
    if kind in message:
        extra["content"] = clean_json(message[kind])
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
