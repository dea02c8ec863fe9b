"""The hotel's desk without a network: updates of WhatsApp handed straight to the services, under a clock to hold."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select

from app.bootstrap import open_services
from app.core.clock import Clock
from app.core.drafts import Draft
from app.core.principal import Principal
from app.core.settings import Settings
from app.core.types import Platform, UserType
from app.models import Conversation
from app.services.container import Services
from app.services.inbound.intake import RawUpdate
from app.services.inbound.service import Receipt
from tests.fake_graph import APP_SECRET, SEA_VIEW_NUMBER
from tests.world import HotelWorld, signature, text_message, webhook_body

WELCOME = 'Welcome to our hotel demo! Type "services" to explore.'
GUEST = "351912345678"
STRANGER = "4915112345678"


class Desk:
    """Services whose outbox does not run by itself, and how guests and staff write by them."""

    def __init__(self, services: Services, clock: Clock) -> None:
        self.services = services
        self._clock = clock

    async def take(self, body: bytes, *, secret: str | None = APP_SECRET[SEA_VIEW_NUMBER]) -> Receipt:
        """A webhook's body, signed with ``secret`` unless that is None."""
        signed = signature(body, secret) if secret is not None else {}
        headers = {name.lower(): value for name, value in signed.items()}
        return await self.services.inbound.receive(RawUpdate(platform=Platform.WHATSAPP, body=body, headers=headers))

    async def take_messages(self, *messages: dict[str, Any], number: str = SEA_VIEW_NUMBER) -> Receipt:
        """One webhook with these messages."""
        return await self.take(webhook_body((number, list(messages))), secret=APP_SECRET[number])

    async def take_statuses(self, *statuses: dict[str, Any], number: str = SEA_VIEW_NUMBER) -> Receipt:
        """One webhook with these statuses."""
        body = webhook_body((number, []), statuses={number: list(statuses)})
        return await self.take(body, secret=APP_SECRET[number])

    async def say(self, *texts: str, sender: str = GUEST, number: str = SEA_VIEW_NUMBER) -> None:
        """A guest writes these texts, one webhook each."""
        for text in texts:
            message = text_message(text, sender) | {"timestamp": str(int(self._clock().timestamp()))}
            assert await self.take_messages(message, number=number) is Receipt.PROCESSED

    async def answer(self, hotel: HotelWorld, conversation_id: int, *texts: str) -> list[int]:
        """Staff of the hotel answer with these texts; the ids of the messages."""
        drafts = [Draft(text=text) for text in texts]
        sent = [await self.services.sending.send(principal(hotel), conversation_id, draft) for draft in drafts]
        return [each.message.id for each in sent]

    async def queue(self, hotel: HotelWorld, *texts: str, sender: str = GUEST) -> None:
        """A guest is welcomed by the demo, and these answers of staff wait behind that."""
        await self.say("Hello", sender=sender)
        async with self.services.database.read() as work:
            newest = await work.connection.scalar(select(func.max(Conversation.id)))
        assert newest is not None
        await self.answer(hotel, newest, *texts)

    async def end_relay(self, hotel: HotelWorld, conversation_id: int) -> None:
        await self.services.handling.end_relay(principal(hotel), conversation_id)


@asynccontextmanager
async def open_desk(settings: Settings, clock: Clock, **changed: object) -> AsyncIterator[Desk]:
    """A desk over services of its own; ``changed`` are settings."""
    async with open_services(settings.model_copy(update={"run_outbox": False, **changed}), clock=clock) as services:
        yield Desk(services, clock)


def principal(hotel: HotelWorld) -> Principal:
    """A receptionist of the hotel who has signed in: the first staff user that it got."""
    username, user_id = next(iter(hotel.staff.items()))
    return Principal(
        user_id=user_id,
        hotel_id=hotel.id,
        username=username,
        name=f"{username.title()} Staff",
        user_type=UserType.RECEPTIONIST,
        departments=frozenset(),
        session_id=uuid4(),
        session_expires_at=datetime.max.replace(tzinfo=UTC),
    )


def photo(sender: str, provider_id: str = "1029384756") -> dict[str, Any]:
    """An image as Meta announces it: the file is to be fetched by its id."""
    message = {key: value for key, value in text_message("", sender).items() if key != "text"}
    image = {"id": provider_id, "mime_type": "image/jpeg", "sha256": "0e1f" * 16}
    return message | {"type": "image", "image": image}


def replying(message: dict[str, Any], external_id: str) -> dict[str, Any]:
    """The same message, as an answer to another."""
    return message | {"context": {"from": "12025550100", "id": external_id}}


def status(external_id: str, word: str, *, delivery_id: int | None = None, **more: Any) -> dict[str, Any]:
    """One ``statuses[]`` entry as Meta sends it."""
    ours = {} if delivery_id is None else {"biz_opaque_callback_data": str(delivery_id)}
    return {"id": external_id, "status": word, "timestamp": "1763600001", "recipient_id": GUEST, **ours, **more}
