"""WhatsApp by Meta's Cloud API: its signature, its webhooks, its Graph requests.

    parse.py       a webhook body → items, in order
    content.py     one message's type and what it says
    identity.py    who wrote it
    limits.py      what WhatsApp takes, and where a long text is cut
    requests.py    a message of ours → Meta's request
    send.py        a request handed over, and what became of it
    media.py       files, down and up
    errors.py      Meta's error codes → what to do
    templates.py   the approved templates, listed
    template_shape.py, template_fill.py   what a template needs, and a template filled

Sources: Meta's Cloud API reference (webhooks, messages, error codes), 2025-12 to 2026-09.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import httpx

from app.channels.base import (
    Credentials,
    FetchResult,
    FilledTemplate,
    Identity,
    MediaSource,
    Outgoing,
    OutgoingContent,
    SendOutcome,
    SendResult,
    TemplateListing,
    UploadResult,
)
from app.channels.items import Item, Sender
from app.channels.meta import signature
from app.channels.whatsapp import errors, identity, limits, parse, template_fill, template_shape
from app.channels.whatsapp.media import GraphMedia
from app.channels.whatsapp.send import GraphSender
from app.channels.whatsapp.templates import GraphTemplates
from app.core.templates import StoredTemplate, TemplateShape, TemplateValues
from app.core.types import Platform

_ACCOUNT: Final = re.compile(rb'"phone_number_id"\s{0,8}:\s{0,8}"([0-9A-Za-z_.-]{1,64})"')


class WhatsApp:
    """The channel. An ``account`` is a ``phone_number_id``."""

    platform = Platform.WHATSAPP
    has_provider = True
    uploads_first = True
    fetches_files = False

    def __init__(self, client: httpx.AsyncClient, *, base_url: str, version: str) -> None:
        """``client`` is shared and closed by whoever made it; its timeouts bound a send."""
        self._sender = GraphSender(client, base_url=base_url, version=version)
        self._templates = GraphTemplates(client, base_url=base_url, version=version)
        self._media = GraphMedia(client, base_url=base_url, version=version)

    def verify(self, body: bytes, headers: Mapping[str, str], credentials: Credentials) -> bool:
        return signature.verify(body, headers.get(signature.HEADER), credentials.app_secret)

    def is_signed(self, headers: Mapping[str, str]) -> bool:
        return signature.HEADER in headers

    def accounts_in(self, body: bytes) -> set[str]:
        return signature.named_accounts(body, _ACCOUNT)

    def parse(self, body: bytes, *, received_at: datetime, lenient: bool = False) -> list[Item]:
        return parse.parse(body, received_at=received_at, lenient=lenient)

    async def send(self, message: Outgoing, *, account: str, credentials: Credentials) -> SendResult:
        return await self._sender.send(message, account=account, access_token=credentials.access_token)

    def identities(self, sender: Sender, *, is_group: bool = False) -> list[Identity]:
        return identity.identities(sender, is_group=is_group)

    def outcome_of(self, code: int | None) -> SendOutcome:
        return errors.outcome_of(code)

    def explain(self, code: int | None, detail: str | None) -> str:
        return errors.explain(code, detail)

    def describe(self, components: Iterable[Mapping[str, Any]]) -> TemplateShape:
        return template_shape.describe(components)

    def fill(self, template: StoredTemplate, values: TemplateValues) -> FilledTemplate:
        return template_fill.fill(template, values)

    async def list_templates(self, *, business_account: str, credentials: Credentials) -> TemplateListing:
        return await self._templates.list(business_account=business_account, access_token=credentials.access_token)

    def check(self, content: OutgoingContent) -> None:
        limits.check(content)

    def split(self, text: str) -> list[str]:
        return limits.split(text)

    async def mark_read(
        self, external_id: str, *, to: str, typing: bool, account: str, credentials: Credentials
    ) -> SendResult:
        return await self._sender.mark_read(
            external_id, typing=typing, account=account, access_token=credentials.access_token
        )

    async def acknowledge(self, external_id: str, *, account: str, credentials: Credentials) -> SendResult:
        """Its answer to the webhook was all that Meta waited for."""
        return SendResult(outcome=SendOutcome.ACCEPTED, external_id=external_id)

    async def fetch(
        self, file: MediaSource, *, account: str, credentials: Credentials, into: BinaryIO, limit: int
    ) -> FetchResult:
        token = credentials.access_token
        return await self._media.fetch(file, account=account, access_token=token, into=into, limit=limit)

    async def upload(
        self, *, mime_type: str, filename: str, content: Path, account: str, credentials: Credentials
    ) -> UploadResult:
        token = credentials.access_token
        return await self._media.upload(
            mime_type=mime_type, filename=filename, content=content, account=account, access_token=token
        )
