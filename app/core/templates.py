"""Templates that a provider has approved: what one is made of, what it needs to be sent, and what it is filled with.

Plain data. What is not an approved template, but a hotel's own canned reply, is another thing (contract 1).
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from app.core.drafts import Place

APPROVED = "APPROVED"
MARKETING = "MARKETING"


class HeaderFormat(StrEnum):
    """What stands above a template's text."""

    NONE = "none"
    TEXT = "TEXT"
    IMAGE = "IMAGE"
    VIDEO = "VIDEO"
    DOCUMENT = "DOCUMENT"
    LOCATION = "LOCATION"

    @property
    def is_file(self) -> bool:
        return self in {HeaderFormat.IMAGE, HeaderFormat.VIDEO, HeaderFormat.DOCUMENT}


class ProviderTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """A template as the provider lists it: one name in one language. ``components`` are in its own words.

    ``category`` is MARKETING, UTILITY or AUTHENTICATION, ``status`` APPROVED, PENDING, REJECTED, PAUSED, DISABLED or
    whatever else it says, ``parameter_format`` POSITIONAL or NAMED.
    """

    provider_id: str | None
    name: str
    language: str
    category: str
    status: str
    parameter_format: str = "POSITIONAL"
    components: tuple[dict[str, Any], ...] = ()


class StoredTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """One template in one language, as its channel's provider last listed it.

    ``components`` are in the provider's words. ``disabled_reason`` is ours: a send has shown that it cannot be used.
    """

    id: int
    hotel_id: int
    channel_id: int
    provider_id: str | None
    name: str
    language: str
    category: str
    status: str
    parameter_format: str
    components: list[dict[str, Any]]
    disabled_reason: str | None
    listed_at: datetime

    @property
    def may_be_sent(self) -> bool:
        return self.status == APPROVED and self.disabled_reason is None


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A gap in a text. ``name`` is its position (``"1"``) or its word, ``example`` what the provider was shown."""

    name: str
    example: str | None = None


class Header(msgspec.Struct, frozen=True, kw_only=True):
    format: HeaderFormat = HeaderFormat.NONE
    text: str | None = None
    variables: tuple[Variable, ...] = ()


class Body(msgspec.Struct, frozen=True, kw_only=True):
    text: str = ""
    variables: tuple[Variable, ...] = ()


class Button(msgspec.Struct, frozen=True, kw_only=True):
    """``type`` is the provider's word; ``variable`` what has to be given for it."""

    index: int
    type: str
    text: str
    url: str | None = None
    phone_number: str | None = None
    variable: Variable | None = None


class TemplateShape(msgspec.Struct, frozen=True, kw_only=True):
    """What a template looks like and needs. ``unsendable`` says why it cannot be sent from here, where it cannot."""

    header: Header = Header()
    body: Body = Body()
    footer: str | None = None
    buttons: tuple[Button, ...] = ()
    unsendable: str | None = None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A template that may be sent now, and what it needs."""

    template: StoredTemplate
    shape: TemplateShape


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """What may be sent in a conversation; ``listed_at`` is when its provider was last heard of it."""

    listed_at: datetime | None
    offers: list[Offer]


class HeaderFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of ours for the header: its id here, and what it is."""

    id: int
    mime_type: str | None
    filename: str | None = None


class TemplateValues(msgspec.Struct, frozen=True, kw_only=True):
    """What a template is to be filled with: texts by the name of their variable, for buttons by the button's index."""

    header: dict[str, str] = {}
    file: HeaderFile | None = None
    place: Place | None = None
    body: dict[str, str] = {}
    buttons: dict[str, str] = {}


class TemplateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A template, by its id or by name and language, and what to fill it with: texts by the name of their variable."""

    id: int | None = None
    name: str | None = None
    language: str | None = None
    media_id: int | None = None
    place: Place | None = None
    header: dict[str, str] = {}
    body: dict[str, str] = {}
    buttons: dict[str, str] = {}
