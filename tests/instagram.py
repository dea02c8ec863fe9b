"""A hotel's account on Instagram: its channel, the fake Meta that serves it, and what its guests do there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert

from app.channels.base import Credentials
from app.core.settings import Settings
from app.core.types import Platform
from app.core.vault import Vault
from app.models import Channel
from app.services.inbound.intake import RawUpdate
from app.services.inbound.service import Receipt
from app.store.database import Database
from tests.channels.instagram_payloads import ACCOUNT, GUEST, Json, document, encode
from tests.desk import Desk
from tests.eventually import eventually
from tests.fake_graph import FakeGraph
from tests.world import HotelWorld, signature

WEBHOOK = "/api/webhooks/instagram/"
OTHER_ACCOUNT = "17840000000000002"
TOKEN = "IGQV-sea-view"
SECRET = "sea-view-instagram-secret"
VERIFY_TOKEN = "verify-instagram"


async def open_account(
    database: Database, settings: Settings, hotel: HotelWorld, *, account: str = ACCOUNT, app_secret: str = SECRET
) -> int:
    """The id of the hotel's Instagram channel, made by this."""
    credentials = Credentials(access_token=TOKEN, app_secret=app_secret, verify_token=VERIFY_TOKEN)
    vault = Vault(settings.secret_key.get_secret_value())
    async with database.transaction() as work:
        channel_id: int | None = await work.connection.scalar(
            insert(Channel)
            .values(
                hotel_id=hotel.id,
                platform=Platform.INSTAGRAM,
                name="Instagram",
                account=account,
                credentials=vault.seal(credentials),
            )
            .returning(Channel.id)
        )
    assert channel_id is not None
    return channel_id


async def take(desk: Desk, payload: object, *, secret: str | None = SECRET) -> Receipt:
    """A webhook's body, signed with ``secret`` unless that is None."""
    body = encode(payload)
    signed: Mapping[str, str] = signature(body, secret) if secret is not None else {}
    headers = {name.lower(): value for name, value in signed.items()}
    update = RawUpdate(platform=Platform.INSTAGRAM, body=body, headers=headers)
    return await desk.services.inbound.receive(update)


async def take_events(desk: Desk, *events: Json) -> Receipt:
    return await take(desk, document(*events))


@dataclass
class Instagram:
    """The fake Meta, for one account."""

    graph: FakeGraph

    async def serve(self, lobby: str = "http://127.0.0.1:1", **more: object) -> None:
        """Know the account, and send its webhooks to Lobby at this address."""
        account = {"account_id": ACCOUNT, "access_token": TOKEN, "app_secret": SECRET}
        config = {"instagram": [account], "instagram_webhook_url": lobby + WEBHOOK, **more}
        (await self.graph.client.patch("/_fake/config", json=config)).raise_for_status()

    async def guest_does(self, event: Json, guest: str = GUEST) -> dict[str, Any]:
        """A signed webhook, which the hotel must take: ``{mid, attempts, status}``."""
        answer = await self.graph.client.post(f"/_fake/instagram/{guest}/event", json={"event": event})
        done: dict[str, Any] = answer.raise_for_status().json()
        return done

    async def guest_writes(self, text: str, guest: str = GUEST) -> str:
        """The id of the guest's message."""
        return str((await self.guest_does({"message": {"text": text}}, guest))["mid"])

    async def wrote_before(self, hours: float, guest: str = GUEST) -> None:
        answer = await self.graph.client.post(f"/_fake/instagram/{guest}/window", json={"hours": hours})
        answer.raise_for_status()

    async def texts(self, guest: str = GUEST) -> list[str]:
        """What the guest has read, in order."""
        return [body["message"]["text"] for body in await self.graph.sent(guest) if "text" in body.get("message", {})]

    async def wait_for_texts(self, count: int, guest: str = GUEST) -> list[str]:
        async def enough() -> list[str] | None:
            texts = await self.texts(guest)
            return texts if len(texts) >= count else None

        return await eventually(enough)
