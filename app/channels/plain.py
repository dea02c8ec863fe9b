"""What most providers do not have: templates, files that are handed over first, messages that wait to be acknowledged.

A channel inherits this, and says for itself what is otherwise with it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from app.channels.base import (
    BadValues,
    Credentials,
    FilledTemplate,
    Identity,
    SendOutcome,
    SendResult,
    TemplateListing,
    UploadResult,
)
from app.channels.items import Sender
from app.core.templates import StoredTemplate, TemplateShape, TemplateValues

NO_TEMPLATES = "This channel has no templates; a text may be sent at any time."


class Plain:
    """The part of a ``Channel`` that is the same wherever there is nothing to it."""

    uploads_first = False
    fetches_files = False

    def identities(self, sender: Sender, *, is_group: bool = False) -> list[Identity]:
        """None: nobody is known by how they write here."""
        return []

    def outcome_of(self, code: int | None) -> SendOutcome:
        """A failure that is reported later is one of that message alone."""
        return SendOutcome.REFUSED

    def explain(self, code: int | None, detail: str | None) -> str:
        sentence = "The message could not be delivered."
        return f"{sentence} ({detail})" if detail else sentence

    def describe(self, components: Iterable[Mapping[str, Any]]) -> TemplateShape:
        return TemplateShape(unsendable=NO_TEMPLATES)

    def fill(self, template: StoredTemplate, values: TemplateValues) -> FilledTemplate:
        raise BadValues({"template": [NO_TEMPLATES]})

    async def list_templates(self, *, business_account: str, credentials: Credentials) -> TemplateListing:
        """There are none, and none are needed."""
        return TemplateListing(outcome=SendOutcome.ACCEPTED)

    async def acknowledge(self, external_id: str, *, account: str, credentials: Credentials) -> SendResult:
        """Nobody waits for it."""
        return SendResult(outcome=SendOutcome.ACCEPTED, external_id=external_id)

    async def upload(
        self, *, mime_type: str, filename: str, content: Path, account: str, credentials: Credentials
    ) -> UploadResult:
        """Files go along with their messages."""
        return UploadResult(outcome=SendOutcome.MALFORMED, detail="Files of this channel go along with their messages.")
