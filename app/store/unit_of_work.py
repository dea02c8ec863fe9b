"""One transaction, its stores and its events: the only place that emits.

Events are collected while the transaction works and written by its last statements, once per hotel, in hotel-id
order; the row lock on the hotel's sequence makes the order of numbers the order of commits, without holes. Inside a
savepoint that fails, its events go with it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.events import Event, MessageCreated, MessageUpdated, StoredEvent
from app.core.types import MediaState
from app.store.api_keys import ApiKeyStore
from app.store.attempts import AttemptStore
from app.store.audit import AuditStore
from app.store.channels import ChannelStore
from app.store.conversation_views import ConversationViews
from app.store.conversations import ConversationState, ConversationStore
from app.store.corrections import CorrectionStore
from app.store.deliveries import DeliveryStore
from app.store.desk import DeskStore
from app.store.events import EventStore
from app.store.guest_sessions import GuestSessionStore
from app.store.guests import GuestStore
from app.store.hotels import HotelStore
from app.store.inbound import InboundStore
from app.store.joining import JoiningStore
from app.store.media import MediaStore
from app.store.messages import MessageStore
from app.store.pace import PaceStore
from app.store.present_guests import PresentGuestStore
from app.store.reading import ReadingStore
from app.store.requests import RequestStore
from app.store.retention import RetentionStore
from app.store.sessions import SessionStore
from app.store.statuses import StatusStore
from app.store.stay_claims import StayClaimStore
from app.store.templates import TemplateStore
from app.store.users import UserStore
from app.store.webchat import WebChatStore


class UnitOfWork:
    """Made by ``Database``; commits when its block ends, rolls back when it raises."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.stored: list[StoredEvent] = []
        self.has_deliveries = False
        self._events: list[tuple[int, Event]] = []

    def emit(self, hotel_id: int, event: Event) -> None:
        """Tell everybody who may hear it, if and when this transaction commits."""
        self._events.append((hotel_id, event))

    async def deliver(
        self, conversation: ConversationState, message_id: int, at: datetime, *, held: bool = False
    ) -> None:
        """Put a message into the outbox: it leaves for the guest if and when this transaction commits.

        ``held``: not before the guest writes. Where they just have, it leaves all the same.
        """
        window = conversation.platform.window if held else None
        await self.deliveries.add(
            hotel_id=conversation.hotel_id,
            channel_id=conversation.channel_id,
            conversation_id=conversation.id,
            message_id=message_id,
            address=conversation.address,
            at=at,
            held_unless_after=None if window is None else at - window,
        )
        self.has_deliveries = True

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Work that may fail alone: what it wrote and what it would have told are undone together."""
        mark = len(self._events)
        try:
            async with self.connection.begin_nested():
                yield
        except BaseException:
            del self._events[mark:]
            raise

    async def write_events(self) -> None:
        """Give the collected events their numbers. The last statements before the commit."""
        by_hotel: dict[int, list[Event]] = {}
        for hotel_id, event in self._events:
            by_hotel.setdefault(hotel_id, []).append(event)
        for hotel_id in sorted(by_hotel):
            self.stored += await self.events.append(hotel_id, by_hotel[hotel_id])
        # Whoever sends what waits also fetches it: the same call wakes both.
        self.has_deliveries = self.has_deliveries or any(_awaits_a_file(event) for _, event in self._events)

    @cached_property
    def api_keys(self) -> ApiKeyStore:
        return ApiKeyStore(self.connection)

    @cached_property
    def attempts(self) -> AttemptStore:
        return AttemptStore(self.connection)

    @cached_property
    def audit(self) -> AuditStore:
        return AuditStore(self.connection)

    @cached_property
    def channels(self) -> ChannelStore:
        return ChannelStore(self.connection)

    @cached_property
    def conversations(self) -> ConversationStore:
        return ConversationStore(self.connection)

    @cached_property
    def corrections(self) -> CorrectionStore:
        return CorrectionStore(self.connection)

    @cached_property
    def deliveries(self) -> DeliveryStore:
        return DeliveryStore(self.connection)

    @cached_property
    def desk(self) -> DeskStore:
        return DeskStore(self.connection)

    @cached_property
    def events(self) -> EventStore:
        return EventStore(self.connection)

    @cached_property
    def guest_sessions(self) -> GuestSessionStore:
        return GuestSessionStore(self.connection)

    @cached_property
    def guests(self) -> GuestStore:
        return GuestStore(self.connection)

    @cached_property
    def hotels(self) -> HotelStore:
        return HotelStore(self.connection)

    @cached_property
    def inbound(self) -> InboundStore:
        return InboundStore(self.connection)

    @cached_property
    def joining(self) -> JoiningStore:
        return JoiningStore(self.connection)

    @cached_property
    def media(self) -> MediaStore:
        return MediaStore(self.connection)

    @cached_property
    def messages(self) -> MessageStore:
        return MessageStore(self.connection)

    @cached_property
    def pace(self) -> PaceStore:
        return PaceStore(self.connection)

    @cached_property
    def present_guests(self) -> PresentGuestStore:
        return PresentGuestStore(self.connection)

    @cached_property
    def reading(self) -> ReadingStore:
        return ReadingStore(self.connection)

    @cached_property
    def requests(self) -> RequestStore:
        return RequestStore(self.connection)

    @cached_property
    def retention(self) -> RetentionStore:
        return RetentionStore(self.connection)

    @cached_property
    def sessions(self) -> SessionStore:
        return SessionStore(self.connection)

    @cached_property
    def statuses(self) -> StatusStore:
        return StatusStore(self.connection)

    @cached_property
    def stay_claims(self) -> StayClaimStore:
        return StayClaimStore(self.connection)

    @cached_property
    def templates(self) -> TemplateStore:
        return TemplateStore(self.connection)

    @cached_property
    def views(self) -> ConversationViews:
        return ConversationViews(self.connection)

    @cached_property
    def users(self) -> UserStore:
        return UserStore(self.connection)

    @cached_property
    def webchat(self) -> WebChatStore:
        return WebChatStore(self.connection)


def _awaits_a_file(event: Event) -> bool:
    """A message came, or was changed, whose file is still with the provider."""
    if not isinstance(event, MessageCreated | MessageUpdated):
        return False
    return event.message.media is not None and event.message.media.state is MediaState.PENDING
