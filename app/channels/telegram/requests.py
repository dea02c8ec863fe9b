"""Content → a call of the Bot API. Texts go as they are, without markup: what is none cannot be bad."""

import asyncio
import re
from typing import Any, Final

import msgspec

from app.channels.base import (
    LocalFile,
    LocationOut,
    MediaOut,
    MenuOut,
    NotSendable,
    Outgoing,
    ReactionOut,
    TextOut,
)
from app.channels.telegram import limits
from app.core.text import clean, clean_json
from app.core.types import MessageType

_CHAT: Final = re.compile(r"-?[0-9]{1,18}")
_MESSAGE: Final = re.compile(r"(-?[0-9]{1,18}):([0-9]{1,18})")
_PLACE: Final = re.compile(r"(-?[0-9]{1,18}):.+")
_PRESSED: Final = re.compile(r"-?[0-9]{1,18}:q(.+)")

_METHODS: Final = {
    "photo": "sendPhoto",
    "video": "sendVideo",
    "audio": "sendAudio",
    "voice": "sendVoice",
    "document": "sendDocument",
    "sticker": "sendSticker",
}
_FIELDS: Final = {
    MessageType.IMAGE: "photo",
    MessageType.VIDEO: "video",
    MessageType.AUDIO: "audio",
    MessageType.DOCUMENT: "document",
    MessageType.STICKER: "sticker",
}
_SOUNDS: Final = {"audio/ogg": "voice", "audio/mpeg": "audio", "audio/mp4": "audio"}


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A method and its fields. ``file`` goes along in the field ``file_field``, which also says where in the answer the
    file's id stands; an id is kept as ``{file_field}:{id}``, for Telegram's are good for one method alone."""

    method: str
    fields: dict[str, Any]
    file: LocalFile | None = None
    file_field: str = ""


async def call_of(message: Outgoing) -> Call:
    """The call for a message. Raises NotSendable for what Telegram would refuse."""
    if not _CHAT.fullmatch(message.to):
        raise NotSendable("The address is no chat's.", code="bad_address", field="to")
    limits.check(message.content)
    if isinstance(message.content, ReactionOut):
        return _reaction(message.content)
    call = await _content(message)
    fields = {"chat_id": int(message.to), **clean_json(call.fields)}
    if message.reply_to and (quoted := _MESSAGE.fullmatch(message.reply_to)) and quoted[1] == message.to:
        fields["reply_parameters"] = {"message_id": int(quoted[2]), "allow_sending_without_reply": True}
    return msgspec.structs.replace(call, fields=fields)


def as_document(call: Call) -> Call | None:
    """The same picture as a file; None where it is none that goes along."""
    if call.file is None or call.file_field != "photo":
        return None
    return msgspec.structs.replace(call, method=_METHODS["document"], file_field="document")


def stands_in(external_id: str) -> int | None:
    """The chat that this stands in."""
    found = _PLACE.fullmatch(external_id)
    return int(found[1]) if found else None


def pressed(external_id: str) -> str | None:
    """The callback query, where this is a pressed button."""
    found = _PRESSED.fullmatch(external_id)
    return found[1] if found else None


async def _content(message: Outgoing) -> Call:
    match message.content:
        case TextOut(text=text):
            return Call(method="sendMessage", fields={"text": text})
        case MenuOut():
            return _menu(message.content)
        case LocationOut():
            return _place(message.content)
        case MediaOut(file=None):
            return _known_file(message.content)
        case MediaOut():
            return await _new_file(message.content)
        case _:
            raise AssertionError("checked")


def _menu(menu: MenuOut) -> Call:
    fields: dict[str, Any] = {"text": menu.text}
    choices = menu.choices[: limits.MAX_BUTTONS]
    if choices and all(limits.can_be_pressed(each.id, each.title) for each in choices):
        rows = [[{"text": each.title, "callback_data": each.id}] for each in choices]
        fields["reply_markup"] = {"inline_keyboard": rows}
    return Call(method="sendMessage", fields=fields)


def _place(place: LocationOut) -> Call:
    fields: dict[str, Any] = {"latitude": place.latitude, "longitude": place.longitude}
    if not place.name and not place.address:
        return Call(method="sendLocation", fields=fields)
    named = {"title": place.name or place.address, "address": place.address or place.name}
    return Call(method="sendVenue", fields=fields | named)


def _reaction(reaction: ReactionOut) -> Call:
    target = _MESSAGE.fullmatch(reaction.target)
    if target is None:
        raise NotSendable("Telegram can react to messages alone.", code="no_target", field="target")
    given = [{"type": "emoji", "emoji": limits.reaction(reaction.emoji)}] if reaction.emoji else []
    fields = {"chat_id": int(target[1]), "message_id": int(target[2]), "reaction": given}
    return Call(method="setMessageReaction", fields=fields)


def _known_file(content: MediaOut) -> Call:
    field, _, file_id = content.upload_id.partition(":")
    if field not in _METHODS or not file_id:
        raise NotSendable("The file is not known to Telegram.", code="no_upload", field="media_id")
    return Call(method=_METHODS[field], fields={field: file_id} | _caption(content), file_field=field)


async def _new_file(content: MediaOut) -> Call:
    assert content.file is not None, "it is new"
    field = _FIELDS[content.type]
    if content.type is MessageType.AUDIO:
        field = _SOUNDS.get(content.file.mime_type.partition(";")[0], "document")
    size = (await asyncio.to_thread(content.file.path.stat)).st_size
    if field == "photo" and size > limits.LARGEST_PHOTO:
        field = "document"
    if size > limits.LARGEST_FILE:
        raise NotSendable("Telegram takes files of 50 MB at most.", code="file_too_big", field="media_id")
    return Call(method=_METHODS[field], fields=_caption(content), file=content.file, file_field=field)


def _caption(content: MediaOut) -> dict[str, str]:
    return {"caption": clean(content.caption)} if content.caption else {}
