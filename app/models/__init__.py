"""The tables. Importing this package fills ``Base.metadata``."""

from app.models.base import Base
from app.models.conversation import Conversation, Correction, Media, Message, Participant
from app.models.guest import Account, Guest, GuestIdentity, GuestLink, GuestSession, Stay
from app.models.hotel import Channel, Hotel, HotelSequence, MessageTemplate, ProviderTemplate
from app.models.log import Delivery, EventRow, InboundItem, InboundUpdate, MessageStatus
from app.models.user import ApiKey, AuditEntry, AuthSession, RefreshToken, SignInAttempt, User
from app.models.webchat import Chat, Request, StayClaim, VisitorSession

__all__ = [
    "Account",
    "ApiKey",
    "AuditEntry",
    "AuthSession",
    "Base",
    "Channel",
    "Chat",
    "Conversation",
    "Correction",
    "Delivery",
    "EventRow",
    "Guest",
    "GuestIdentity",
    "GuestLink",
    "GuestSession",
    "Hotel",
    "HotelSequence",
    "InboundItem",
    "InboundUpdate",
    "Media",
    "Message",
    "MessageStatus",
    "MessageTemplate",
    "Participant",
    "ProviderTemplate",
    "RefreshToken",
    "Request",
    "SignInAttempt",
    "Stay",
    "StayClaim",
    "User",
    "VisitorSession",
]
