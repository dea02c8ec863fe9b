"""What staff send, as REST takes it: one kind of content, and how it is to go."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.drafts import Draft, Place

Id = Annotated[int, Field(strict=True, ge=1, lt=10**18)]


class LocationIn(BaseModel):
    """A place: degrees, and what stands there."""

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


class SendIn(BaseModel):
    """One of: ``text``; ``media_id``, a file uploaded before, with ``text`` as its caption where it can have one;
    ``location``.

    ``reply_to_message_id``: a message of the same conversation that is quoted. ``hold``: after the 24-hour window,
    keep it until the guest writes again instead of refusing it. ``client_message_id``: the second arrival of the same
    one answers with the first one's result.
    """

    text: str | None = Field(default=None, examples=["Hello, how can I help you today?"])
    media_id: Id | None = None
    location: LocationIn | None = None
    reply_to_message_id: Id | None = None
    hold: bool = False
    client_message_id: UUID | None = None

    def draft(self) -> Draft:
        return Draft(
            text=self.text,
            media_id=self.media_id,
            location=Place(**self.location.model_dump()) if self.location else None,
            reply_to_message_id=self.reply_to_message_id,
            hold=self.hold,
            client_message_id=self.client_message_id,
        )


class ReactionIn(BaseModel):
    """One emoji; ``""`` takes the reaction back."""

    emoji: str = Field(examples=["👍"])


class TypingIn(BaseModel):
    is_typing: bool
