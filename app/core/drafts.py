"""What somebody wants to send, before anything is decided about it: staff, a guest by a program of the hotel's, or a
visitor of a web chat."""

from uuid import UUID

import msgspec

from app.core.types import MessageType


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A point on the map, in degrees, and what stands there."""

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to send: a text, an uploaded file (``text`` is then its caption), or a place.

    ``reply_to_message_id`` is a message of the same conversation that it quotes. ``hold``: where only a template may be
    sent now, keep it until the guest writes again, instead of refusing it. With a ``client_message_id`` that this
    user has sent before, nothing is sent again.
    """

    text: str | None = None
    media_id: int | None = None
    location: Place | None = None
    reply_to_message_id: int | None = None
    hold: bool = False
    client_message_id: UUID | None = None


class GuestDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a program hands over for a guest (contract 2, "Guest Webhook").

    ``number`` is as it was written there. ``media_url`` is any text, shown as a link and never fetched. With a
    ``client_message_id`` that the hotel has had for this guest before, nothing is kept again.
    """

    number: str
    text: str
    type: MessageType = MessageType.TEXT
    media_url: str | None = None
    media_filename: str | None = None
    client_message_id: UUID | None = None


class VisitorDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody writes in a web chat (contract 5): a text, a file that was kept for this message, or both.

    Without a ``chat_id`` their default chat is meant. ``reply_to_message_id`` is a message of the same chat. With a
    ``client_message_id`` that they have sent before, nothing is kept again.
    """

    text: str = ""
    chat_id: str | None = None
    media_id: int | None = None
    reply_to_message_id: int | None = None
    client_message_id: UUID | None = None
