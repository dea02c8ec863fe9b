"""Content → the body of Meta's request: ``POST …/messages``.

Source: Meta's Cloud API reference, "Messages"; the limits are in ``limits.py``.
"""

import re
from typing import Any, Final

from app.channels.base import (
    Choice,
    LocationOut,
    MediaOut,
    MenuOut,
    NotSendable,
    Outgoing,
    OutgoingContent,
    ReactionOut,
    TemplateOut,
    TextOut,
)
from app.channels.shapes import Json, as_digits
from app.channels.whatsapp import limits
from app.channels.whatsapp.identity import is_user_id
from app.core.text import clean_json, is_blank
from app.core.types import MessageType

_GROUP: Final = re.compile(r"[!-~]{1,254}")


def request_body(message: Outgoing) -> Json:
    """Meta's request for a message. Raises NotSendable for what it would refuse."""
    kind, fields = _content(message.content)
    body: Json = {
        "messaging_product": "whatsapp",
        **_recipient(message),
        "type": kind,
        kind: clean_json(fields),
        "biz_opaque_callback_data": str(message.delivery_id),
    }
    if message.reply_to and not isinstance(message.content, ReactionOut):
        body["context"] = {"message_id": message.reply_to}
    return body


def read_back(external_id: str, *, typing: bool) -> Json:
    """The hotel has read a guest's message, and may be typing an answer: shown for 25 seconds, or until that comes."""
    body: Json = {"messaging_product": "whatsapp", "status": "read", "message_id": external_id}
    if typing:
        body["typing_indicator"] = {"type": "text"}
    return body


def _recipient(message: Outgoing) -> Json:
    if message.to_group:
        if not _GROUP.fullmatch(message.to):
            raise NotSendable("The address is no group's.", code="bad_address", field="to")
        return {"recipient_type": "group", "to": message.to}
    if digits := as_digits(message.to):
        return {"recipient_type": "individual", "to": f"+{digits}"}
    if is_user_id(message.to):
        return {"recipient_type": "individual", "recipient": message.to}
    raise NotSendable("The address is neither a number nor a user id.", code="bad_address", field="to")


def _content(content: OutgoingContent) -> tuple[str, Json]:
    """The type, and the object of that name."""
    if isinstance(content, MenuOut):
        return _menu(content)
    limits.check(content)
    match content:
        case TextOut(text=text):
            return "text", _text(text)
        case MediaOut():
            return content.type.value, _file(content)
        case LocationOut():
            return "location", _place(content)
        case ReactionOut(target=target, emoji=emoji):
            if not target:
                raise NotSendable("The message to react to never came.", code="no_target", field="target")
            return "reaction", {"message_id": target, "emoji": emoji}
        case TemplateOut():
            return "template", _template(content)


def _text(text: str) -> Json:
    return {"preview_url": False, "body": text}


def _menu(menu: MenuOut) -> tuple[str, Json]:
    """As buttons if these can show it, else as a list; what neither can goes out as its text, for the words of a menu
    can be answered too."""
    titles = [choice.title for choice in menu.choices]
    ids = [choice.id for choice in menu.choices]
    fits = (
        0 < len(titles) <= limits.MAX_ROWS
        and len(menu.text) <= limits.MAX_MENU_TEXT
        and all(not is_blank(title) and len(title) <= limits.MAX_ROW_TITLE for title in titles)
        and all(0 < len(each) <= limits.MAX_ROW_ID for each in ids)
        and len(set(ids)) == len(ids)
    )
    limits.check(TextOut(text=menu.text))
    if not fits:
        return "text", _text(menu.text)
    are_buttons = (
        len(titles) <= limits.MAX_BUTTONS
        and len(set(titles)) == len(titles)
        and max(map(len, titles)) <= limits.MAX_BUTTON_TITLE
    )
    interactive = {"type": "button" if are_buttons else "list", "body": {"text": menu.text}}
    return "interactive", {**interactive, "action": _buttons(menu) if are_buttons else _list(menu)}


def _buttons(menu: MenuOut) -> Json:
    replies = [{"id": choice.id, "title": choice.title} for choice in menu.choices]
    return {"buttons": [{"type": "reply", "reply": reply} for reply in replies]}


def _list(menu: MenuOut) -> Json:
    opens = menu.opens[: limits.MAX_BUTTON_TITLE]
    return {"button": opens, "sections": [{"rows": [_row(choice) for choice in menu.choices]}]}


def _row(choice: Choice) -> Json:
    row = {"id": choice.id, "title": choice.title}
    if choice.description:
        row["description"] = choice.description[: limits.MAX_ROW_DESCRIPTION]
    return row


def _file(file: MediaOut) -> Json:
    if not file.upload_id:
        raise NotSendable("The file was not uploaded.", code="no_upload", field="media_id")
    fields = {"id": file.upload_id}
    if file.caption:
        fields["caption"] = file.caption
    if file.filename and file.type is MessageType.DOCUMENT:
        fields["filename"] = file.filename[-limits.MAX_FILENAME :]
    return fields


def _place(place: LocationOut) -> Json:
    fields: dict[str, Any] = {"latitude": place.latitude, "longitude": place.longitude}
    if place.name:
        fields["name"] = place.name
    if place.address:
        fields["address"] = place.address
    return fields


def _template(template: TemplateOut) -> Json:
    fields: Json = {"name": template.name, "language": {"code": template.language}}
    if template.components:
        fields["components"] = list(template.components)
    return fields
