"""What staff send, as REST takes it: one kind of content, and how it is to go."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.drafts import Draft, Place

Id = Annotated[int, Field(strict=True, ge=1, lt=10**18)]


class LocationIn(BaseModel):
    """A place: degrees, and what stands there."""

    latitude: float = Field(description="Degrees, -90 to 90.", examples=[38.6916])
    longitude: float = Field(description="Degrees, -180 to 180.", examples=[-9.216])
    name: str = Field(default="", description="What stands there.", examples=["Torre de Belém"])
    address: str = Field(default="", examples=["Av. Brasília, Lisboa"])


class SendIn(BaseModel):
    """One of: ``text``; ``media_id``, a file uploaded before, with ``text`` as its caption where it can have one;
    ``location``.

    ``reply_to_message_id``: a message of the same conversation that is quoted. ``hold``: after the 24-hour window,
    keep it until the guest writes again instead of refusing it. ``client_message_id``: the second arrival of the same
    one answers with the first one's result.
    """

    text: str | None = Field(
        default=None,
        description="Up to 4,096 characters as one message, eight messages at most; beside a file its caption, up to "
        "1,024.",
        examples=["Hello, how can I help you today?"],
    )
    media_id: Id | None = Field(
        default=None, description="The `id` of a file from `POST /api/media/`, the caller's own."
    )
    location: LocationIn | None = None
    reply_to_message_id: Id | None = Field(default=None, description="A message of this conversation that is quoted.")
    hold: bool = Field(
        default=False, description="After the 24-hour window: keep it until the guest writes, instead of refusing it."
    )
    client_message_id: UUID | None = Field(
        default=None, description="The client's own id: its second arrival answers with the first one's result."
    )

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

    emoji: str = Field(description='One emoji; `""` takes the reaction back.', examples=["👍"])


class TypingIn(BaseModel):
    """Whether somebody of the hotel is writing an answer just now."""

    is_typing: bool = Field(description="False is taken and tells the guest nothing: what they see ends by itself.")
