"""Telling a story of the demo: the past is played through the real services, at its own hours.

Guests write by signed webhooks, the flows answer, staff reply, and the provider reports that all of it was read. Every
message has an id of its own, so a story is told once.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid4, uuid5

from app.core.clock import utc_now
from app.core.drafts import Draft
from app.core.principal import Principal
from app.core.types import ConversationStatus, Platform
from app.dev.fake_graph.config import Number
from app.dev.fake_graph.webhooks import guest_message, status_update
from app.dev.stories import GUEST, Story
from app.services.container import Services
from app.services.inbound.intake import RawUpdate
from app.services.inbound.service import Receipt


class Moment:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = utc_now()

    def __call__(self) -> datetime:
        return self.at


class Teller:
    """Plays one story, on the hotel's number."""

    def __init__(self, services: Services, moment: Moment, story: Story, number: Number) -> None:
        self._services = services
        services.receipts.mute()
        self._moment = moment
        self._story = story
        self._number = number

    async def tell(self) -> None:
        if await self._is_told():
            return
        self._moment.at = utc_now() - timedelta(hours=self._story.hours_ago)
        for index, (who, text) in enumerate(self._story.lines):
            if who == GUEST:
                await self._guest_says(index, text)
            else:
                await self._staff_says(index, who, text)
            self._moment.at += timedelta(seconds=20)
            await self._phone_shows_everything()
            self._moment.at += timedelta(seconds=100)
        if self._story.closed:
            await self._close()

    async def _guest_says(self, index: int, text: str) -> None:
        message = {
            "id": self._message_id(index),
            "timestamp": str(int(self._moment.at.timestamp())),
            "type": "text",
            "text": {"body": text},
        }
        await self._post(guest_message(self._number, self._story.guest, self._story.name, message))

    async def _staff_says(self, index: int, username: str, text: str) -> None:
        mine = uuid5(NAMESPACE_URL, self._message_id(index))
        await self._services.sending.send(
            await self._principal(username),
            await self._conversation_id(),
            Draft(text=text, client_message_id=mine),
        )

    async def _phone_shows_everything(self) -> None:
        """The provider reports of all that went out to this guest: sent, delivered, read."""
        outbox = self._services.outbox
        while mine := [each for each in await outbox.claim(50) if each.address == self._story.guest]:
            for delivery in mine:
                for status in ("sent", "delivered", "read"):
                    report = {
                        "id": f"wamid.demo.out.{delivery.id}",
                        "status": status,
                        "timestamp": str(int(self._moment.at.timestamp())),
                        "recipient_id": self._story.guest,
                        "biz_opaque_callback_data": str(delivery.id),
                    }
                    await self._post(status_update(self._number, report))

    async def _close(self) -> None:
        async with self._services.database.transaction() as work:
            conversation = await work.conversations.lock(await self._conversation_id())
            assert conversation is not None
            conversation.status = ConversationStatus.CLOSED
            conversation.closed_at = self._moment()
            conversation.waiting_since = None
            await work.conversations.save(conversation)

    async def _post(self, body: bytes) -> None:
        signature = hmac.new(self._number.app_secret.encode(), body, hashlib.sha256).hexdigest()
        receipt = await self._services.inbound.receive(
            RawUpdate(platform=Platform.WHATSAPP, body=body, headers={"x-hub-signature-256": f"sha256={signature}"})
        )
        assert receipt is Receipt.PROCESSED, f"the demo's own webhook was {receipt}"

    def _message_id(self, index: int) -> str:
        return f"wamid.demo.{self._story.id}.{index}"

    async def _is_told(self) -> bool:
        return bool(await self._places(max(i for i, (who, _) in enumerate(self._story.lines) if who == GUEST)))

    async def _conversation_id(self) -> int:
        return (await self._places(0))[0]

    async def _places(self, index: int) -> list[int]:
        """The conversation in which a line of the guest stands, if it does yet."""
        async with self._services.database.read() as work:
            channel = await work.hotels.channel(Platform.WHATSAPP, self._number.phone_number_id)
            assert channel is not None, "the demo's hotels are loaded"
            found = await work.messages.places(channel.id, [self._message_id(index)])
        return [conversation_id for _, conversation_id in found.values()]

    async def _principal(self, username: str) -> Principal:
        async with self._services.database.read() as work:
            credentials = await work.users.credentials(username)
            assert credentials is not None, f"the demo has no user {username}"
            profile = await work.users.profile(credentials.user_id)
        assert profile is not None
        return Principal(
            user_id=profile.id,
            hotel_id=profile.hotel_id,
            username=profile.username,
            name=profile.name,
            user_type=profile.user_type,
            departments=frozenset(profile.departments),
            session_id=uuid4(),
            session_expires_at=self._moment() + timedelta(minutes=1),
        )
