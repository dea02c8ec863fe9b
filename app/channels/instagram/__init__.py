"""Instagram's direct messages by Meta's Graph API.

    parse.py     a webhook body → items, in order
    content.py   one message's type and what it says
    limits.py    what Instagram takes, and where a long text is cut
    requests.py  a message of ours → Meta's request
    send.py      a request handed over, and what became of it
    media.py     guests' files
    errors.py    Meta's error codes → what to do

Source: Meta's Instagram messaging reference (webhooks, send API, error codes). ``docs/instagram.md`` says what of it is
used.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import BinaryIO, Final

import httpx

from app.channels.base import (
    Credentials,
    FetchResult,
    Identity,
    MediaSource,
    Outgoing,
    OutgoingContent,
    SendOutcome,
    SendResult,
)
from app.channels.instagram import errors, limits, parse
from app.channels.instagram.media import InstagramMedia
from app.channels.instagram.send import InstagramSender
from app.channels.items import Item, Sender
from app.channels.meta import signature
from app.channels.plain import Plain
from app.core.types import IdentityKind, Platform

_ACCOUNT: Final = re.compile(rb'"id"\s{0,8}:\s{0,8}"([0-9]{1,64})"')


class Instagram(Plain):
    """The channel. An ``account`` is the id of the hotel's professional account, an address a guest's id for it."""

    platform = Platform.INSTAGRAM
    has_provider = True
    fetches_files = True

    def __init__(self, client: httpx.AsyncClient, *, base_url: str, version: str) -> None:
        """``client`` is shared and closed by whoever made it; its timeouts bound a send."""
        self._sender = InstagramSender(client, base_url=base_url, version=version)
        self._media = InstagramMedia(client, base_url=base_url)

    def verify(self, body: bytes, headers: Mapping[str, str], credentials: Credentials) -> bool:
        return signature.verify(body, headers.get(signature.HEADER), credentials.app_secret)

    def is_signed(self, headers: Mapping[str, str]) -> bool:
        return signature.HEADER in headers

    def accounts_in(self, body: bytes) -> set[str]:
        """All who are named: accounts and guests have ids of one kind. The account is named in every event."""
        return signature.named_accounts(body, _ACCOUNT)

    def parse(self, body: bytes, *, received_at: datetime, lenient: bool = False) -> list[Item]:
        return parse.parse(body, received_at=received_at, lenient=lenient)

    def identities(self, sender: Sender, *, is_group: bool = False) -> list[Identity]:
        return [(IdentityKind.INSTAGRAM, sender.address)]

    async def send(self, message: Outgoing, *, account: str, credentials: Credentials) -> SendResult:
        return await self._sender.send(message, account=account, access_token=credentials.access_token)

    def outcome_of(self, code: int | None) -> SendOutcome:
        return errors.outcome_of(code)

    def explain(self, code: int | None, detail: str | None) -> str:
        return errors.explain(code, detail)

    def check(self, content: OutgoingContent) -> None:
        limits.check(content)

    def split(self, text: str) -> list[str]:
        return limits.split(text)

    async def mark_read(
        self, external_id: str, *, to: str, typing: bool, account: str, credentials: Credentials
    ) -> SendResult:
        actions = ["mark_seen", "typing_on"] if typing else ["mark_seen"]
        token = credentials.access_token
        for action in actions:
            result = await self._sender.act(to=to, action=action, account=account, access_token=token)
            if result.outcome is not SendOutcome.ACCEPTED:
                return result
        return SendResult(outcome=SendOutcome.ACCEPTED, external_id=external_id)

    async def fetch(
        self, file: MediaSource, *, account: str, credentials: Credentials, into: BinaryIO, limit: int
    ) -> FetchResult:
        return await self._media.fetch(file, into=into, limit=limit)
