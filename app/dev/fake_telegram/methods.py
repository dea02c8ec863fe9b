"""The methods of the Bot API that Lobby calls: what Telegram refuses is refused, in its words."""

import re
from collections.abc import Callable
from typing import Any, Final

from app.dev.fake_telegram.bots import ApiError, Bot, Json

MAX_TEXT: Final = 4096
MAX_CAPTION: Final = 1024
MAX_CALLBACK: Final = 64
FILE_LIMIT: Final = 20 * 1024 * 1024
LARGEST: Final = {"photo": 10 * 1024 * 1024}
LARGEST_OTHER: Final = 50 * 1024 * 1024
FILE_METHODS: Final = {
    f"send{name.title()}": name for name in ("photo", "video", "audio", "voice", "document", "sticker")
}
Upload = tuple[str, bytes]
"""A file's name and its bytes."""


def answer(bot: Bot, method: str, fields: Json, uploads: dict[str, Upload]) -> Any:
    """The ``result`` of a call. Raises ApiError."""
    if method in FILE_METHODS:
        return _send_file(bot, FILE_METHODS[method], fields, uploads)
    if method not in _METHODS:
        raise ApiError(404, "Not Found")
    return _METHODS[method](bot, fields)


def _get_me(bot: Bot, fields: Json) -> Json:
    return {"id": bot.id, "is_bot": True, "first_name": "Sea View", "username": bot.username}


def _set_webhook(bot: Bot, fields: Json) -> bool:
    url, secret = str(fields.get("url", "")), str(fields.get("secret_token", ""))
    if not re.fullmatch("[A-Za-z0-9_-]{0,256}", secret):
        raise ApiError(400, "Bad Request: secret token contains unallowed characters")
    bot.url, bot.secret = url, secret
    return True


def _send_message(bot: Bot, fields: Json) -> Json:
    text = fields.get("text")
    if not isinstance(text, str) or not text.strip():
        raise ApiError(400, "Bad Request: message text is empty")
    if _units(text) > MAX_TEXT:
        raise ApiError(400, "Bad Request: message is too long")
    for row in fields.get("reply_markup", {}).get("inline_keyboard", []):
        for button in row:
            if not button["text"] or not 0 < len(button["callback_data"].encode()) <= MAX_CALLBACK:
                raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    kept = {name: fields[name] for name in ("reply_markup",) if name in fields}
    return _message(bot, fields) | {"text": text} | kept


def _send_place(bot: Bot, fields: Json) -> Json:
    if not (abs(fields["latitude"]) <= 90 and abs(fields["longitude"]) <= 180):
        raise ApiError(400, "Bad Request: wrong latitude or longitude")
    return _message(bot, fields) | {
        "location": {"latitude": fields["latitude"], "longitude": fields["longitude"]},
    }


def _send_venue(bot: Bot, fields: Json) -> Json:
    if not fields.get("title") or not fields.get("address"):
        raise ApiError(400, "Bad Request: VENUE_TITLE_EMPTY")
    return _send_place(bot, fields)


def _send_file(bot: Bot, field: str, fields: Json, uploads: dict[str, Upload]) -> Json:
    if _units(fields.get("caption", "")) > MAX_CAPTION:
        raise ApiError(400, "Bad Request: message caption is too long")
    if field in uploads:
        name, data = uploads[field]
        if len(data) > LARGEST.get(field, LARGEST_OTHER):
            raise ApiError(413, "Request Entity Too Large")
        file_id = bot.keep(data, name, field)
    else:
        file_id = str(fields.get(field, ""))
        if file_id not in bot.files or bot.files[file_id].field != field:
            raise ApiError(400, "Bad Request: wrong file identifier/HTTP URL specified")
    held = {"file_id": file_id, "file_unique_id": f"u-{file_id}", "file_size": len(bot.files[file_id].data)}
    small = {"file_id": "small", "file_unique_id": "u-small"}
    return _message(bot, fields) | {field: [small, held] if field == "photo" else held}


def _chat_action(bot: Bot, fields: Json) -> bool:
    _chat(bot, fields)
    if fields.get("action") != "typing":
        raise ApiError(400, "Bad Request: wrong parameter action in request")
    return True


def _answer_query(bot: Bot, fields: Json) -> bool:
    if fields.get("callback_query_id") not in bot.queries:
        raise ApiError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
    bot.queries.discard(fields["callback_query_id"])
    return True


def _react(bot: Bot, fields: Json) -> bool:
    _chat(bot, fields)
    if not isinstance(fields.get("message_id"), int):
        raise ApiError(400, "Bad Request: message to react not found")
    if any(each.get("emoji", "").endswith("\ufe0f") for each in fields.get("reaction", [])):
        raise ApiError(400, "Bad Request: REACTION_INVALID")
    return True


def _get_file(bot: Bot, fields: Json) -> Json:
    held = bot.files.get(str(fields.get("file_id", "")))
    if held is None:
        raise ApiError(400, "Bad Request: invalid file_id")
    if len(held.data) > FILE_LIMIT:
        raise ApiError(400, "Bad Request: file is too big")
    return {"file_id": fields["file_id"], "file_size": len(held.data), "file_path": held.path}


def _message(bot: Bot, fields: Json) -> Json:
    chat = _chat(bot, fields)
    return {
        "message_id": bot.next_message(),
        "from": _get_me(bot, {}),
        "chat": {"id": chat, "type": "private" if chat > 0 else "group"},
        "date": 1_795_132_800,
    }


def _chat(bot: Bot, fields: Json) -> int:
    chat = fields.get("chat_id")
    if isinstance(chat, str) and chat.lstrip("-").isdigit():  # as a form has it
        chat = int(chat)
    if not isinstance(chat, int) or not chat:
        raise ApiError(400, "Bad Request: chat not found")
    if chat in bot.blocked_by:
        raise ApiError(403, "Forbidden: bot was blocked by the user")
    return chat


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


_METHODS: Final[dict[str, Callable[[Bot, Json], Any]]] = {
    "getMe": _get_me,
    "setWebhook": _set_webhook,
    "sendMessage": _send_message,
    "sendLocation": _send_place,
    "sendVenue": _send_venue,
    "sendChatAction": _chat_action,
    "answerCallbackQuery": _answer_query,
    "setMessageReaction": _react,
    "getFile": _get_file,
}
