"""What a channel is: one provider's way to verify, parse and send.

A channel module turns a provider's bytes into the structs of ``items.py``, and a message of ours, as below, into the
provider's request. It knows no table and no rule of the hotel; it decides nothing about what a message means.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import msgspec

from app.channels.items import Item, Sender
from app.core.templates import ProviderTemplate, StoredTemplate, TemplateShape, TemplateValues
from app.core.types import IdentityKind, MessageType, Platform

Identity = tuple[IdentityKind, str]
"""By what a guest may be known: the kind, and what stands there."""


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

    ``retry_after`` is in seconds. ``upload_id`` is the provider's id of a file that went along, where it may be sent
    again by that.
    """

    outcome: SendOutcome
    external_id: str | None = None
    upload_id: str | None = None
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


class LocalFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of ours that goes along with its message."""

    path: Path
    mime_type: str
    filename: str


class MediaOut(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the provider knows by ``upload_id``, or where that is "" the ``file`` itself.

    ``type`` is image, video, audio, document or sticker. ``mime_type`` and ``size``, in bytes, are known when it is
    asked whether it may be sent.
    """

    type: MessageType
    upload_id: str
    caption: str = ""
    filename: str | None = None
    mime_type: str | None = None
    size: int | None = None
    file: LocalFile | None = None


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


class FilledTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """``content`` is what leaves; a header's file has no id in it yet, for it gets one when it is uploaded.

    ``text`` is what the guest reads, ``buttons`` what they see below: ``[{"index", "type", "text", "url"?}]``.
    """

    content: TemplateOut
    text: str
    buttons: tuple[dict[str, Any], ...] = ()


class BadValues(ValueError):
    """A template cannot be sent with these values. ``faults`` are sentences by field: ``body.1``, ``buttons.0``."""

    def __init__(self, faults: dict[str, list[str]]) -> None:
        super().__init__("; ".join(f"{field}: {' '.join(sentences)}" for field, sentences in faults.items()))
        self.faults = faults


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
    ``reply_to`` is the external id of the message that it quotes. ``by_person_late``: somebody of the hotel wrote it,
    and so long after the guest that nobody else may (``Platform.people_only_after``).
    """

    delivery_id: int
    to: str
    content: OutgoingContent
    reply_to: str | None = None
    to_group: bool = False
    by_person_late: bool = False


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
    """One provider. ``account`` is the provider's id of the hotel's own number or page: the routing key.

    ``has_provider``: somebody stands between us and the guest, who signs what comes in and is handed our files.
    ``uploads_first``: files are handed over before the message that names them; where not, they go along with it.
    ``fetches_files``: neither, for the provider fetches them from us, by a signed address.
    """

    platform: Platform
    has_provider: bool
    uploads_first: bool
    fetches_files: bool

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

    def identities(self, sender: Sender, *, is_group: bool = False) -> list[Identity]:
        """By what whoever writes so may be known already, the surest first."""
        ...

    def outcome_of(self, code: int | None) -> SendOutcome:
        """What to do after an error of this code that was reported later, and not as the answer to a send."""
        ...

    def explain(self, code: int | None, detail: str | None) -> str:
        """A sentence for staff about such an error, with the provider's own words (``detail``) where there are any."""
        ...

    def describe(self, components: Iterable[Mapping[str, Any]]) -> TemplateShape:
        """What a template of these components, in the provider's words, looks like and needs. Never raises."""
        ...

    def fill(self, template: StoredTemplate, values: TemplateValues) -> FilledTemplate:
        """The template with these values. Raises BadValues, which names each that is missing, surplus or bad."""
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

    async def mark_read(
        self, external_id: str, *, to: str, typing: bool, account: str, credentials: Credentials
    ) -> SendResult:
        """Tell a guest, whose address is ``to``, that their message was read, and with ``typing`` that an answer is
        being written.

        Never raises for what the provider or the network does.
        """
        ...

    async def acknowledge(self, external_id: str, *, account: str, credentials: Credentials) -> SendResult:
        """Tell the provider that a message was taken which it waits to hear that of (``InboundMessage.is_awaited``).

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
        """Hand a file over, to be sent by its id, where that is done first. Never raises for provider or network."""
        ...
