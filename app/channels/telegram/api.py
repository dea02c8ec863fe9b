"""Calls of the Bot API, ``POST {base}/bot{token}/{method}``, and what became of them.

There is no idempotency key, and no status comes later: what may have been taken is AMBIGUOUS, and nobody will ever say
more. An answer's ``error_code`` decides, and of a 400 its words.
"""

import asyncio
import json
import re
from typing import Any, BinaryIO, Final

import httpx
import msgspec

from app.channels.base import SendOutcome, SendResult
from app.channels.shapes import Json, as_id, as_integer, as_list, as_object, as_text
from app.channels.telegram.requests import Call, as_document
from app.core.text import read_json

_TOKEN: Final = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,200}")
_LONGEST_ANSWER: Final = 256 * 1024
_UPLOAD_TIMEOUT: Final = httpx.Timeout(40, connect=5)
_NOTHING_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_NOBODY_THERE: Final = re.compile(
    "chat not found|user not found|peer_id_invalid|not enough rights|have no rights|write_forbidden|messages_forbidden"
    "|restricted",
    re.IGNORECASE,
)
_NO_PICTURE: Final = re.compile("PHOTO_INVALID_DIMENSIONS|IMAGE_PROCESS_FAILED")
BAD_TOKEN: Final = "The channel's bot token cannot be one."  # noqa: S105 -- a sentence


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was read: ``result`` where ``ok``; where not, the error's ``code``, words, and what goes along.

    ``code`` is None where the answer is not Telegram's: a proxy's page, of the HTTP ``status``.
    """

    status: int
    ok: bool = False
    result: Any = None
    code: int | None = None
    description: str = ""
    retry_after: float | None = None
    moved_to: int | None = None


class BotApi:
    """Calls by one client to one host. The token goes nowhere else: a redirect is an answer, not a way."""

    def __init__(self, client: httpx.AsyncClient, *, base_url: str) -> None:
        self._client = client
        self._base = base_url.rstrip("/")

    async def send(self, call: Call, token: str, *, known_as: str) -> SendResult:
        """Send a message; to a group that has moved, where it is now, and as a file a picture that Telegram cannot show
        as one (above twenty times as wide as high). ``known_as`` names within its chat what gets no message id, a
        reaction."""
        answer = await self.call(call, token)
        if isinstance(answer, Answer) and answer.moved_to is not None:
            call = msgspec.structs.replace(call, fields=call.fields | {"chat_id": answer.moved_to})
            answer = await self.call(call, token)
        if isinstance(answer, Answer) and _NO_PICTURE.search(answer.description) and (file := as_document(call)):
            call = file
            answer = await self.call(call, token)
        if isinstance(answer, SendResult):
            return answer
        return _accepted(call, answer, known_as) if answer.ok else refusal(answer)

    async def tell(self, call: Call, token: str, external_id: str) -> SendResult:
        """A call that leaves no message behind."""
        answer = await self.call(call, token)
        if isinstance(answer, SendResult):
            return answer
        return SendResult(outcome=SendOutcome.ACCEPTED, external_id=external_id) if answer.ok else refusal(answer)

    async def call(self, call: Call, token: str) -> Answer | SendResult:
        """The answer, or what became of a call that has none."""
        if not is_token(token):
            return SendResult(outcome=SendOutcome.PAUSE, detail=BAD_TOKEN)
        try:
            return read_answer(await self._post(call, f"{self._base}/bot{token}/{call.method}"))
        except _NOTHING_SENT as error:
            return SendResult(outcome=SendOutcome.RETRY, detail=f"Nothing was sent: {type(error).__name__}.")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return SendResult(outcome=SendOutcome.AMBIGUOUS, detail=f"The answer was lost: {type(error).__name__}.")

    def download(self, path: str, token: str) -> httpx.Request:
        """The request for a file's bytes."""
        headers = {"Accept-Encoding": "identity"}
        return self._client.build_request("GET", f"{self._base}/file/bot{token}/{path}", headers=headers)

    async def _post(self, call: Call, url: str) -> httpx.Response:
        if call.file is None:
            body, headers = json.dumps(call.fields).encode(), {"Content-Type": "application/json"}
            return await self._client.post(url, content=body, headers=headers, follow_redirects=False)
        file: BinaryIO = await asyncio.to_thread(call.file.path.open, "rb")
        with file:
            return await self._client.post(
                url,
                data={name: each if isinstance(each, str) else json.dumps(each) for name, each in call.fields.items()},
                files={call.file_field: (call.file.filename, file, call.file.mime_type)},
                follow_redirects=False,
                timeout=_UPLOAD_TIMEOUT,
            )


def is_token(word: str) -> bool:
    """Whether this can be a bot's token: it is written into addresses."""
    return _TOKEN.fullmatch(word) is not None


def read_answer(response: httpx.Response) -> Answer:
    try:
        body = as_object(read_json(response.content[:_LONGEST_ANSWER]))
    except ValueError:
        body = {}
    if response.is_success and body.get("ok") is True:
        return Answer(status=response.status_code, ok=True, result=body.get("result"))
    parameters = as_object(body.get("parameters"))
    wait = as_integer(parameters.get("retry_after"))
    return Answer(
        status=response.status_code,
        code=as_integer(body.get("error_code")) if body.get("ok") is False else None,
        description=as_text(body.get("description"), 300),
        retry_after=min(float(wait), 86_400.0) if wait is not None and wait >= 0 else None,
        moved_to=as_integer(parameters.get("migrate_to_chat_id")),
    )


def refusal(answer: Answer) -> SendResult:
    """What to do after an error."""
    outcome, sentence = _class_of(answer)
    detail = f"{sentence} (Telegram: {answer.description})" if answer.description else sentence
    return SendResult(outcome=outcome, code=answer.code, detail=detail, retry_after=answer.retry_after)


def _class_of(answer: Answer) -> tuple[SendOutcome, str]:
    code = answer.code
    if answer.status < 400 and code is None:  # something was answered, and nobody can say what
        return SendOutcome.AMBIGUOUS, "An answer that says nothing."
    if code is None:
        outcome = SendOutcome.THROTTLED if answer.status == 429 else SendOutcome.RETRY
        return outcome, f"HTTP {answer.status} without Telegram's error."
    if code == 429:
        return SendOutcome.THROTTLED, "The bot has sent too much in a short time."
    if code in {401, 404}:
        return SendOutcome.PAUSE, "Telegram refuses the bot's token."
    if code == 403:
        return SendOutcome.REFUSED, "The guest cannot be reached: they have blocked the bot, or left Telegram."
    if code == 413:
        return SendOutcome.REFUSED, "The file is too big for Telegram."
    if code == 400 and _NOBODY_THERE.search(answer.description):
        return SendOutcome.REFUSED, "The guest cannot be reached on Telegram."
    if code >= 500 or code == 409:
        return SendOutcome.RETRY, "Telegram has a disturbance."
    return SendOutcome.MALFORMED, "Telegram did not understand the request. This is a fault of Lobby's."


def _accepted(call: Call, answer: Answer, known_as: str) -> SendResult:
    if answer.result is True:  # a reaction
        return SendResult(outcome=SendOutcome.ACCEPTED, external_id=f"{call.fields['chat_id']}:{known_as}")
    message = as_object(answer.result)
    number = as_id(message.get("message_id"), limit=32)
    if not number:
        return SendResult(outcome=SendOutcome.AMBIGUOUS, detail="An answer without a message id.")
    chat = as_id(as_object(message.get("chat")).get("id"), limit=32) or str(call.fields["chat_id"])
    file_id = _file_id(message, call.file_field)
    return SendResult(
        outcome=SendOutcome.ACCEPTED,
        external_id=f"{chat}:{number}",
        upload_id=f"{call.file_field}:{file_id}" if call.file is not None and file_id else None,
    )


def _file_id(message: Json, field: str) -> str:
    """The id of the file in a message; of a picture in several sizes, of the last, the largest."""
    held = message.get(field)
    if isinstance(held, list):
        held = as_list(held)[-1] if held else None
    return as_id(as_object(held).get("file_id"), limit=480)
