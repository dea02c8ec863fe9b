"""Web chats of tests: a hotel's channel, its visitors, and how they write by the services."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert

from app.core.drafts import Draft, VisitorDraft
from app.core.principal import GuestPrincipal, Principal, VisitorPrincipal
from app.core.security import new_visitor_key
from app.core.types import MediaState, Platform, UserType
from app.core.views import MessageView
from app.models import Channel, Media
from app.services.container import Services
from app.services.webchat.receiving import ReceivingService
from app.store.database import Database
from tests.desk import principal
from tests.world import HotelWorld

FOREVER = datetime.max.replace(tzinfo=UTC)


async def open_web_chat(database: Database, hotel: HotelWorld, name: str = "site") -> int:
    """A web chat of the hotel; its channel's id."""
    async with database.transaction() as work:
        channel_id: int | None = await work.connection.scalar(
            insert(Channel)
            .values(hotel_id=hotel.id, platform=Platform.WEBCHAT, name="Site", account=f"{hotel.slug}/{name}")
            .returning(Channel.id)
        )
    assert channel_id is not None
    return channel_id


async def keep_file(database: Database, hotel: HotelWorld, mime_type: str = "image/jpeg") -> int:
    """A file that a visitor has uploaded and not sent yet; its id."""
    async with database.transaction() as work:
        media_id: int | None = await work.connection.scalar(
            insert(Media)
            .values(
                hotel_id=hotel.id,
                state=MediaState.STORED,
                mime_type=mime_type,
                filename="photo.jpg",
                size=1234,
                width=40,
                height=30,
                original_key="originals/1",
                thumbnail_key="thumbnails/1",
            )
            .returning(Media.id)
        )
    assert media_id is not None
    return media_id


@dataclass
class Site:
    """A hotel's web chat, and who writes there; by ``receiving`` where that is not the services' own."""

    services: Services
    hotel: HotelWorld
    channel_id: int
    receiving: ReceivingService | None = None

    async def second(self) -> "Site":
        """Another web chat of the same hotel."""
        channel_id = await open_web_chat(self.services.database, self.hotel, "second")
        return Site(self.services, self.hotel, channel_id)

    def visitor(self, key: str | None = None) -> VisitorPrincipal:
        """Somebody who has not signed in."""
        key = key or new_visitor_key()
        return self._principal(f"webchat_guest_{key}", key=key)

    def user(self, user_id: int, name: str = "Ann Guest") -> VisitorPrincipal:
        """A user who has signed in."""
        user = Principal(
            user_id=user_id,
            hotel_id=self.hotel.id,
            username=name,
            name=name,
            user_type=UserType.GUEST,
            departments=frozenset(),
            session_id=uuid4(),
            session_expires_at=FOREVER,
        )
        return self._principal(f"webchat_user_{user_id}", user=user)

    def guest(self, guest_id: int, stay_id: int) -> VisitorPrincipal:
        """A guest who has opened their personal link."""
        session_id: UUID = uuid4()
        guest = GuestPrincipal(
            hotel_id=self.hotel.id,
            guest_id=guest_id,
            stay_id=stay_id,
            number="",
            session_id=session_id,
            session_expires_at=FOREVER,
        )
        return self._principal(f"webchat_guest_{session_id.hex}", guest=guest)

    async def say(self, visitor: VisitorPrincipal, text: str, **more: Any) -> MessageView:
        receiving = self.receiving or self.services.webchat_receiving
        return await receiving.receive(visitor, VisitorDraft(text=text, **more))

    async def answer(self, conversation_id: int, text: str) -> int:
        """Staff of the hotel answer; the id of the message."""
        sent = await self.services.sending.send(principal(self.hotel), conversation_id, Draft(text=text))
        return sent.message.id

    def _principal(self, account: str, **who: Any) -> VisitorPrincipal:
        return VisitorPrincipal(
            hotel_id=self.hotel.id, channel_id=self.channel_id, account=account, session_expires_at=FOREVER, **who
        )
