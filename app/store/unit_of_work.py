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

from app.core.events import Event, StoredEvent
from app.store.attempts import AttemptStore
from app.store.channels import ChannelStore
from app.store.conversations import ConversationState, ConversationStore
from app.store.corrections import CorrectionStore
from app.store.deliveries import DeliveryStore
from app.store.events import EventStore
from app.store.guests import GuestStore
from app.store.hotels import HotelStore
from app.store.inbound import InboundStore
from app.store.messages import MessageStore
from app.store.sessions import SessionStore
from app.store.users import UserStore


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

    async def deliver(self, conversation: ConversationState, message_id: int, at: datetime) -> None:
        """Put a message into the outbox: it leaves for the guest if and when this transaction commits."""
        await self.deliveries.add(
            hotel_id=conversation.hotel_id,
            channel_id=conversation.channel_id,
            conversation_id=conversation.id,
            message_id=message_id,
            address=conversation.address,
            at=at,
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

    @cached_property
    def attempts(self) -> AttemptStore:
        return AttemptStore(self.connection)

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
    def events(self) -> EventStore:
        return EventStore(self.connection)

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
    def messages(self) -> MessageStore:
        return MessageStore(self.connection)

    @cached_property
    def sessions(self) -> SessionStore:
        return SessionStore(self.connection)

    @cached_property
    def users(self) -> UserStore:
        return UserStore(self.connection)
