"""The words of the domain: enumerations that every layer shares.

Values are what stands in the database and, where a contract prints the same word, on the wire.
"""

import re
import unicodedata
from datetime import timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

_SEPARATORS: Final = re.compile(r"[\s_-]+")


class Department(StrEnum):
    """The departments of every hotel, fixed in code (contract 1, "Available Departments")."""

    RECEPTION = "Reception"
    HOUSEKEEPING = "Housekeeping"
    ROOM_SERVICE = "Room Service"
    CAFE = "Café"
    MANAGEMENT = "Management"

    @property
    def group(self) -> str:
        """The name in the form of the documents' groups: ``room_service``."""
        return self.value.lower().replace(" ", "_")

    @classmethod
    def named(cls, text: str) -> "Department | None":
        """The department that somebody names: ``Room Service``, ``room_service``, ``CAFÉ``, ``caf%C3%A9``, ``cafe``."""
        return _DEPARTMENTS.get(_plain(unquote(text)))


def _plain(name: str) -> str:
    """A name without its accents, in lower case, its words parted by ``_``."""
    letters = [each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each)]
    return _SEPARATORS.sub("_", "".join(letters).strip()).casefold()


_DEPARTMENTS: Final = {_plain(each): each for each in Department}


class UserType(StrEnum):
    """Who a signed-in user is. Staff is everyone but GUEST."""

    DEPARTMENT_STAFF = "department_staff"
    RECEPTIONIST = "receptionist"
    MANAGER = "manager"
    HOTEL_ADMIN = "hotel_admin"
    GUEST = "guest"


class Platform(StrEnum):
    """Where a channel's guests write from (contract 5, "Platform Registration")."""

    WHATSAPP = "WhatsApp"
    TELEGRAM = "Telegram"
    INSTAGRAM = "Instagram"
    WEBCHAT = "WebChat"
    EMAIL = "Email"
    INTERNAL = "Internal"

    @property
    def window(self) -> timedelta | None:
        """How long after a guest's message the provider takes free text; None where always."""
        return _WINDOWS.get(self)

    @property
    def people_only_after(self) -> timedelta | None:
        """How much of the window passes before the provider takes what people write alone; None where it never asks."""
        return _PEOPLE_ONLY.get(self)


_WINDOWS = {Platform.WHATSAPP: timedelta(hours=24), Platform.INSTAGRAM: timedelta(days=7)}
_PEOPLE_ONLY = {Platform.INSTAGRAM: timedelta(hours=24)}


class IdentityKind(StrEnum):
    """By what a guest is known; one guest may have several. A number that was theirs tells nobody who is calling, and
    only the hotel's own books may go on naming them by it."""

    PHONE = "phone"
    FORMER_PHONE = "former_phone"
    WHATSAPP = "whatsapp"
    WHATSAPP_USER = "whatsapp_user"
    WHATSAPP_GROUP = "whatsapp_group"
    TELEGRAM = "telegram"
    INSTAGRAM = "instagram"
    EMAIL = "email"


class StayStatus(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class CheckinState(StrEnum):
    """How far a stay's check-in by chat has come. SUBMITTED waits for staff to confirm."""

    NONE = "none"
    STARTED = "started"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"


class ConversationStatus(StrEnum):
    """Contract 1's words are the canonical ones."""

    DEMO = "demo"
    CHECKIN = "checkin"
    ACTIVE = "active"
    RELAY = "relay"
    CLOSED = "closed"


class SenderType(StrEnum):
    GUEST = "guest"
    STAFF = "staff"
    SYSTEM = "system"


class MessageOrigin(StrEnum):
    """Who really wrote a message, finer than its sender type."""

    GUEST = "guest"
    STAFF = "staff"
    FLOW = "flow"
    AI = "ai"
    CAMPAIGN = "campaign"


class MessageType(StrEnum):
    """What a message is. A type that no rule knows is kept as UNSUPPORTED."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACTS = "contacts"
    INTERACTIVE = "interactive"
    BUTTON = "button"
    CALLBACK_QUERY = "callback_query"
    REACTION = "reaction"
    ORDER = "order"
    TEMPLATE = "template"
    STORY_MENTION = "story_mention"
    UNSUPPORTED = "unsupported"


class DeliveryStatus(StrEnum):
    """What became of a message that left for the guest, in rising order; FAILED stands aside."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"
    FAILED = "failed"

    @property
    def rank(self) -> int:
        """A message's status never falls in rank. FAILED ends only what has not been delivered."""
        return DELIVERY_RANK[self]


DELIVERY_RANK = {
    DeliveryStatus.QUEUED: 0,
    DeliveryStatus.SENT: 1,
    DeliveryStatus.FAILED: 2,
    DeliveryStatus.DELIVERED: 3,
    DeliveryStatus.READ: 4,
    DeliveryStatus.PLAYED: 5,
}


class OutboxState(StrEnum):
    """The life of a delivery: one row of the outbox.

    PENDING waits for its turn, SENDING is leased by a worker, UNCONFIRMED may or may not have been accepted by the
    provider, HELD waits for the guest to write (free text may not be sent before), SENT was accepted, DEAD will not be
    tried again.
    """

    PENDING = "pending"
    SENDING = "sending"
    UNCONFIRMED = "unconfirmed"
    HELD = "held"
    SENT = "sent"
    DEAD = "dead"


class UpdateState(StrEnum):
    """What became of a raw update, or of one item of it."""

    PENDING = "pending"
    PROCESSED = "processed"
    IGNORED = "ignored"
    ERROR = "error"
    DEAD = "dead"


class RequestStatus(StrEnum):
    """How far the processing of a web chat message has come (contract 5, "Request Creation")."""

    PENDING = "PENDING"
    IDENTIFYING = "IDENTIFYING"
    CATEGORIZING = "CATEGORIZING"
    QUEUED = "QUEUED"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class ClaimStatus(StrEnum):
    """What became of a visitor's word that they stay here. REPLACED: they have said something else since."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    REPLACED = "replaced"


class MediaState(StrEnum):
    """The life of a file.

    PENDING is still with the provider, STORED is here and safe to show, FAILED could not be fetched (staff may try
    again), REFUSED is too big or of a type that is not shown, DELETED was taken away in time or by its guest.
    """

    PENDING = "pending"
    STORED = "stored"
    FAILED = "failed"
    REFUSED = "refused"
    DELETED = "deleted"
