"""Content → the body of Meta's request: ``POST …/messages``.

Source: Meta's Instagram messaging reference; the limits are in ``limits.py``. An answer cannot quote a message there.
"""

import re
from typing import Final

from app.channels.base import MediaOut, MenuOut, NotSendable, Outgoing, OutgoingContent, ReactionOut, TextOut
from app.channels.instagram import limits
from app.channels.shapes import Json
from app.core.text import clean_json

_GUEST: Final = re.compile(r"[0-9]{1,64}")


def request_body(message: Outgoing) -> Json:
    """Meta's request for a message. Raises NotSendable for what it would refuse.

    What people of the hotel write when a day has passed since the guest's last message is tagged as that.
    """
    if message.to_group or not _GUEST.fullmatch(message.to):
        raise NotSendable("The address is no Instagram user's id.", code="bad_address", field="to")
    limits.check(message.content)
    body: Json = {"recipient": {"id": message.to}, **_content(message.content)}
    if "message" in body:
        tag = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
        body |= tag if message.by_person_late else {"messaging_type": "RESPONSE"}
    return body


def sender_action(to: str, action: str) -> Json:
    """The hotel has read (``mark_seen``), or is writing (``typing_on``)."""
    return {"recipient": {"id": to}, "sender_action": action}


def _content(content: OutgoingContent) -> Json:
    match content:
        case TextOut(text=text):
            return {"message": {"text": clean_json(text)}}
        case MenuOut():
            return {"message": _menu(content)}
        case MediaOut():
            return {"message": {"attachment": _file(content)}}
        case ReactionOut():
            return _reaction(content)
        case _:
            raise AssertionError("checked")


def _menu(menu: MenuOut) -> Json:
    message: Json = {"text": clean_json(menu.text)}
    if limits.shows_menu(menu):
        message["quick_replies"] = [
            {"content_type": "text", "title": clean_json(choice.title), "payload": choice.id} for choice in menu.choices
        ]
    return message


def _file(file: MediaOut) -> Json:
    """By its address, from which Meta fetches it at once."""
    if not file.upload_id:
        raise NotSendable("The file has no address.", code="no_upload", field="media_id")
    return {"type": limits.ATTACHMENTS[file.type], "payload": {"url": file.upload_id}}


def _reaction(reaction: ReactionOut) -> Json:
    if not reaction.target:
        raise NotSendable("The message to react to never came.", code="no_target", field="target")
    payload = {"message_id": reaction.target}
    if not reaction.emoji:
        return {"sender_action": "unreact", "payload": payload}
    return {"sender_action": "react", "payload": payload | {"reaction": "love"}}
