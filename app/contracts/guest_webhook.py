"""Contract 2, "Guest Webhook": what a program posts for a guest, and the answer."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.bounds import LONGEST_TEXT
from app.core.drafts import GuestDraft
from app.core.types import MessageType

LONGEST_ADDRESS = 2048
LONGEST_NAME = 255
LONGEST_NUMBER = 64


class GuestMessageIn(BaseModel):
    """What the guest writes. Null is as good as nothing, and so is an empty field of a form."""

    whatsapp_number: Annotated[str, Field(max_length=LONGEST_NUMBER)] = Field(
        description="The guest's number with its country code; compared by its digits.", examples=["+1234567890"]
    )
    message: Annotated[str, Field(max_length=LONGEST_TEXT)] | None = Field(
        default=None,
        description=f"Up to {LONGEST_TEXT:,} characters; it may be empty only with a `media_url`.",
        examples=["I need help with my room"],
    )
    message_type: Literal["text", "image", "document"] | None = "text"
    media_url: Annotated[str, Field(max_length=LONGEST_ADDRESS)] | None = Field(
        default=None, description="Any text; shown as a link, never fetched."
    )
    media_filename: Annotated[str, Field(max_length=LONGEST_NAME)] | None = Field(
        default=None, description="What the file at `media_url` is called."
    )
    client_message_id: UUID | None = Field(
        default=None, description="The client's own id: its second arrival answers with the first one's result."
    )

    def draft(self) -> GuestDraft:
        return GuestDraft(
            number=self.whatsapp_number,
            text=self.message or "",
            type=MessageType(self.message_type or "text"),
            media_url=self.media_url or None,
            media_filename=self.media_filename or None,
            client_message_id=self.client_message_id,
        )


class GuestMessageReceived(BaseModel):
    """Where the message stands."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Literal["received"] = "received"
    message_id: int
    conversation_id: int
