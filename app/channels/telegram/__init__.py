"""Telegram by its Bot API: a bot's updates come to its own address, and requests carry its token in theirs.

    parse.py     an update → items;  content.py  what one message says;  rich.py  the words of a rich one
    limits.py    what Telegram takes
    requests.py  a message of ours → a call of the API
    api.py       a call made, and what became of it
    files.py     guests' files, fetched

The token stands in every address that is called, so no address is logged, shown, or put into an error. Sources: the Bot
API's reference, and "Bots FAQ" for its limits.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import BinaryIO, Final

import httpx
import msgspec

from app.channels.base import (
    Credentials,
    FetchResult,
    Identity,
    MediaSource,
    NotSendable,
    Outgoing,
    OutgoingContent,
    SendOutcome,
    SendResult,
)
from app.channels.items import Item, Sender
from app.channels.plain import Plain
from app.channels.telegram import limits
from app.channels.telegram.api import BotApi, refusal
from app.channels.telegram.files import TelegramFiles
from app.channels.telegram.parse import UPDATES, parse
from app.channels.telegram.requests import Call, call_of, pressed, stands_in
from app.core.types import IdentityKind, Platform

SECRET_HEADER: Final = "x-telegram-bot-api-secret-token"  # noqa: S105 -- a header's name


class Telegram(Plain):
    """The channel. An ``account`` is the bot's id, an address that of the chat with a guest, or of a group.

    Of the credentials ``access_token`` is the bot's token, ``app_secret`` what its webhook was set with.
    """

    platform = Platform.TELEGRAM
    has_provider = True

    def __init__(self, client: httpx.AsyncClient, *, base_url: str) -> None:
        """``client`` is shared and closed by whoever made it; its timeouts bound a send."""
        self._api = BotApi(client, base_url=base_url)
        self._files = TelegramFiles(client, self._api)

    def verify(self, body: bytes, headers: Mapping[str, str], credentials: Credentials) -> bool:
        """Nothing is signed: whoever knows the bot's secret is Telegram."""
        given = headers.get(SECRET_HEADER, "").encode(errors="surrogatepass")
        secret = credentials.app_secret.encode()
        return bool(secret) and hmac.compare_digest(given, secret)

    def is_signed(self, headers: Mapping[str, str]) -> bool:
        return SECRET_HEADER in headers

    def accounts_in(self, body: bytes) -> set[str]:
        """None: an update does not say which bot it is for, the called address does."""
        return set()

    def parse(self, body: bytes, *, received_at: datetime, lenient: bool = False) -> list[Item]:
        return parse(body, received_at=received_at)

    def identities(self, sender: Sender, *, is_group: bool = False) -> list[Identity]:
        return [(IdentityKind.TELEGRAM, sender.address)]

    async def send(self, message: Outgoing, *, account: str, credentials: Credentials) -> SendResult:
        try:
            call = await call_of(message)
        except NotSendable as error:
            return SendResult(outcome=SendOutcome.REFUSED, detail=str(error))
        result = await self._api.send(call, credentials.access_token, known_as=f"r{message.delivery_id}")
        if message.to_group and result.outcome is SendOutcome.THROTTLED:
            # A group has a limit of its own, twenty a minute, far below the bot's: it alone waits.
            return msgspec.structs.replace(result, outcome=SendOutcome.PAIR_RATE)
        return result

    def check(self, content: OutgoingContent) -> None:
        limits.check(content)

    def split(self, text: str) -> list[str]:
        return limits.split(text)

    async def mark_read(
        self, external_id: str, *, to: str, typing: bool, account: str, credentials: Credentials
    ) -> SendResult:
        """That was read a bot cannot say; that an answer is being written is shown for five seconds."""
        chat = stands_in(external_id)
        if not typing or chat is None:
            return SendResult(outcome=SendOutcome.ACCEPTED, external_id=external_id)
        call = Call(method="sendChatAction", fields={"chat_id": chat, "action": "typing"})
        return await self._api.tell(call, credentials.access_token, external_id)

    async def acknowledge(self, external_id: str, *, account: str, credentials: Credentials) -> SendResult:
        """A pressed button waits, and shows so, until it is answered."""
        query = pressed(external_id)
        if query is None:
            return SendResult(outcome=SendOutcome.ACCEPTED, external_id=external_id)
        call = Call(method="answerCallbackQuery", fields={"callback_query_id": query})
        return await self._api.tell(call, credentials.access_token, external_id)

    async def set_webhook(self, url: str, credentials: Credentials) -> SendResult:
        """Have the bot's updates sent to this address, with its secret, and all that is read here (``parse.py``)."""
        fields = {"url": url, "secret_token": credentials.app_secret, "allowed_updates": list(UPDATES)}
        answer = await self._api.call(Call(method="setWebhook", fields=fields), credentials.access_token)
        if isinstance(answer, SendResult):
            return answer
        if answer.code == 400:  # nobody's fault but the address's
            detail = f"Telegram does not take {url}. (Telegram: {answer.description})"
            return SendResult(outcome=SendOutcome.REFUSED, code=answer.code, detail=detail)
        return SendResult(outcome=SendOutcome.ACCEPTED, external_id=url) if answer.ok else refusal(answer)

    async def fetch(
        self, file: MediaSource, *, account: str, credentials: Credentials, into: BinaryIO, limit: int
    ) -> FetchResult:
        return await self._files.fetch(file, token=credentials.access_token, into=into, limit=limit)
