"""Personal links and guest sessions by REST."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.contracts.timestamps import Timestamp
from app.core.drafts import Draft


class GuestLinkIn(BaseModel):
    """How the link is to go, as for every message; all of it may be left out."""

    hold: bool = Field(
        default=False, description="After the 24-hour window: keep it until the guest writes, instead of refusing it."
    )
    client_message_id: UUID | None = Field(
        default=None, description="The client's own id: its second arrival answers with the first one's result."
    )

    def terms(self) -> Draft:
        return Draft(hold=self.hold, client_message_id=self.client_message_id)


class GuestSessionIn(BaseModel):
    token: str = Field(description="What stands behind `#token=` in the link.")
    visitor_token: str | None = Field(
        default=None,
        max_length=2048,
        description="A visitor's token of the web chat, or a guest's access token: they are this guest from then on.",
    )


class GuestSessionOut(BaseModel):
    """A session that was just opened. ``guest_token`` is told only here. It ends with the stay, at the latest at
    ``expires_at``. A socket that is opened with ``?since=`` and this ``seq`` misses nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    guest_token: str
    stay_id: int
    guest_name: str
    hotel_name: str
    room_number: str
    whatsapp_number: str = Field(examples=["+1234567890"])
    expires_at: Timestamp
    socket: str = Field(examples=["/ws/guest/1234567890/"])
    seq: int
