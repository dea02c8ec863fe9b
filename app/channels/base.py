"""What a channel is: one provider's way to verify, parse and send.

A channel module turns a provider's bytes into the structs of ``items.py``, and a message of ours, as below, into the
provider's request. It knows no table and no rule of the hotel; it decides nothing about what a message means.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import msgspec

from app.channels.items import Item
from app.core.templates import ProviderTemplate
from app.core.types import MessageType, Platform


class Malformed(ValueError):
    """A body that is not what this provider sends: kept raw, answered, not understood."""


class NotSendable(ValueError):
    """Content that a provider would refuse. ``code`` is a stable word, ``field`` what is at fault."""

    def __init__(self, message: str, *, code: str, field: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class Credentials(msgspec.Struct, frozen=True):
    """What a channel needs to talk to its provider; encrypted at rest, never logged."""

    access_token: str = ""
    app_secret: str = ""
    verify_token: str = ""

    def __repr__(self) -> str:
        return "Credentials(…)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """What rich prints in a traceback: nothing, where a struct would by itself print every field."""
        return []


class SendOutcome(StrEnum):
    """What became of a send, and so what to do next.

    ACCEPTED: done. RETRY: the provider did not take it, try again. AMBIGUOUS: it may have taken it. PAIR_RATE: wait
    for this guest only. THROTTLED: wait for the whole channel. REFUSED: never for this message. MALFORMED: the same,
    and a fault of ours. TEMPLATE: the same, and for every message from this template. WINDOW: only a template may be
    sent. PAUSE: the channel's credentials or standing are at fault; nothing may be sent until mended.
    """

    ACCEPTED = "accepted"
    RETRY = "retry"
    AMBIGUOUS = "ambiguous"
    PAIR_RATE = "pair_rate"
    THROTTLED = "throttled"
    REFUSED = "refused"
    MALFORMED = "malformed"
    TEMPLATE = "template"
    WINDOW = "window"
    PAUSE = "pause"


class SendResult(msgspec.Struct, frozen=True, kw_only=True):
    """``external_id`` where accepted; where not, the provider's ``code`` and in ``detail`` a sentence for staff.

    ``retry_after`` is in seconds.
    """

    outcome: SendOutcome
    external_id: str | None = None
    code: int | None = None
    detail: str | None = None
    retry_after: float | None = None


class TextOut(msgspec.Struct, frozen=True, kw_only=True):
    text: str


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a menu; ``id`` is what comes back when it is pressed."""

    id: str
    title: str
    description: str = ""


class MenuOut(msgspec.Struct, frozen=True, kw_only=True):
    """A text with entries to press, as buttons or as a list, whichever the channel can show; else the text alone.

    ``opens`` is the word on the button that opens a list.
    """

    text: str
    choices: tuple[Choice, ...]
    opens: str


class MediaOut(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was uploaded to the provider before. ``type`` is image, video, audio, document or sticker."""

    type: MessageType
    upload_id: str
    caption: str = ""
    filename: str | None = None


class LocationOut(msgspec.Struct, frozen=True, kw_only=True):
    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


class ReactionOut(msgspec.Struct, frozen=True, kw_only=True):
    """``target`` is the external id of the message; no ``emoji`` takes a reaction back."""

    target: str
    emoji: str


class TemplateOut(msgspec.Struct, frozen=True, kw_only=True):
    """An approved template. ``components`` are its filled parameters, in the provider's words."""

    name: str
    language: str
    components: tuple[dict[str, Any], ...] = ()


class TemplateListing(msgspec.Struct, frozen=True, kw_only=True):
    """All templates of an account where ``outcome`` is ACCEPTED, else none, with ``detail`` to say why."""

    outcome: SendOutcome
    templates: tuple[ProviderTemplate, ...] = ()
    code: int | None = None
    detail: str | None = None


OutgoingContent = TextOut | MenuOut | MediaOut | LocationOut | ReactionOut | TemplateOut


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A message on its way out.

    ``to`` is the guest's address on the channel, or that of a group; ``delivery_id`` goes along if it can.
    ``reply_to`` is the external id of the message that it quotes.
    """

    delivery_id: int
    to: str
    content: OutgoingContent
    reply_to: str | None = None
    to_group: bool = False


class FetchOutcome(StrEnum):
    """What became of a download. RETRY: not this time. FAILED: never, it is not to be had. TOO_BIG: larger than may be.
    PAUSE: the channel's credentials or standing are at fault, as with ``SendOutcome``."""

    FETCHED = "fetched"
    RETRY = "retry"
    FAILED = "failed"
    TOO_BIG = "too_big"
    PAUSE = "pause"


class FetchResult(msgspec.Struct, frozen=True, kw_only=True):
    """``mime_type`` is what the provider says, ``size`` in bytes, ``detail`` a sentence where nothing was fetched."""

    outcome: FetchOutcome
    mime_type: str | None = None
    size: int = 0
    detail: str | None = None
    retry_after: float | None = None


class UploadResult(msgspec.Struct, frozen=True, kw_only=True):
    """``upload_id`` where ACCEPTED. Never AMBIGUOUS: to hand a file over twice harms nobody."""

    outcome: SendOutcome
    upload_id: str | None = None
    code: int | None = None
    detail: str | None = None
    retry_after: float | None = None


class MediaSource(Protocol):
    """What has to be known of a file to fetch it; ``InboundMedia`` is one. A ``sha256`` given has to be met."""

    @property
    def provider_id(self) -> str: ...

    @property
    def sha256(self) -> str | None: ...


class Channel(Protocol):
    """One provider. ``account`` is the provider's id of the hotel's own number or page: the routing key."""

    platform: Platform

    def verify(self, body: bytes, headers: Mapping[str, str], credentials: Credentials) -> bool:
        """Whether ``body`` was signed with these credentials. Header names are lower case. Constant time."""
        ...

    def is_signed(self, headers: Mapping[str, str]) -> bool:
        """Whether the request carries a signature at all, right or wrong."""
        ...

    def accounts_in(self, body: bytes) -> set[str]:
        """The accounts that a body seems to name, by a quick look without parsing: to know whose secret to try."""
        ...

    def parse(self, body: bytes, *, received_at: datetime, lenient: bool = False) -> list[Item]:
        """Everything in the body that concerns us, in order. Raises Malformed where it is no such body.

        The same arguments always give the same items, so that one may be found again by its place. ``lenient`` is for
        an unsigned body outside production: a message without an id is then taken under a hash of itself.
        """
        ...

    async def send(self, message: Outgoing, *, account: str, credentials: Credentials) -> SendResult:
        """Hand one message to the provider. Never raises for what the provider or the network does."""
        ...

    async def list_templates(self, *, business_account: str, credentials: Credentials) -> TemplateListing:
        """The templates that the provider knows of. Never raises for what the provider or the network does."""
        ...

    def check(self, content: OutgoingContent) -> None:
        """Raises NotSendable for what the provider would refuse, whoever it is for."""
        ...

    def split(self, text: str) -> list[str]:
        """The messages that a text takes, in order. Raises NotSendable where it is empty, or takes too many."""
        ...

    async def mark_read(self, external_id: str, *, typing: bool, account: str, credentials: Credentials) -> SendResult:
        """Tell a guest that their message was read, and with ``typing`` that an answer is being written.

        Never raises for what the provider or the network does.
        """
        ...

    async def fetch(
        self, file: MediaSource, *, account: str, credentials: Credentials, into: BinaryIO, limit: int
    ) -> FetchResult:
        """Write a guest's file into ``into``, ``limit`` bytes at most. Never raises for provider or network."""
        ...

    async def upload(
        self, *, mime_type: str, filename: str, content: Path, account: str, credentials: Credentials
    ) -> UploadResult:
        """Hand a file over, to be sent by its id. Never raises for provider or network."""
        ...
