"""Hotels, staff, guests and stays for tests, and how a guest writes and staff sign in."""

import hashlib
import hmac
import itertools
import json
import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

import httpx
from sqlalchemy import insert, update

from app.channels.base import Credentials
from app.core.clock import utc_now
from app.core.events import UserChanged
from app.core.passwords import hash_password
from app.core.settings import Settings
from app.core.types import Department, IdentityKind, Platform, StayStatus, UserType
from app.core.vault import Vault
from app.models import Channel, Guest, GuestIdentity, Hotel, HotelSequence, Stay, User
from app.store.database import Database
from tests.fake_graph import ACCESS_TOKEN, ALPINE_NUMBER, APP_SECRET, SEA_VIEW_NUMBER

PASSWORD = "correct horse battery staple"
WEBHOOK = "/api/message_manager/webhook/whatsapp/"

_ids = itertools.count(1)


@cache
def hashed_password() -> str:
    return hash_password(PASSWORD)


@dataclass
class HotelWorld:
    """One hotel: its id, its WhatsApp number, and its staff by user name."""

    id: int
    slug: str
    channel_id: int
    number: str
    staff: dict[str, int] = field(default_factory=dict)


class World:
    """Makes what a test needs, straight in the database. ``today`` is the day on which its guests stay: that of the
    clock on the wall, or of the one that the test holds."""

    def __init__(self, database: Database, settings: Settings, today: date | None = None) -> None:
        self.today = today or utc_now().date()
        self._database = database
        self._vault = Vault(settings.secret_key.get_secret_value())

    async def hotel(self, slug: str = "sea-view", number: str = SEA_VIEW_NUMBER) -> HotelWorld:
        """A hotel with a WhatsApp channel and no staff."""
        credentials = Credentials(
            access_token=ACCESS_TOKEN.get(number, "EAAG-other"),
            app_secret=APP_SECRET.get(number, f"secret-of-{number}"),
            verify_token=f"verify-{slug}",
        )
        async with self._database.transaction() as work:
            hotel_id = await work.connection.scalar(
                insert(Hotel).values(slug=slug, name=slug.replace("-", " ").title()).returning(Hotel.id)
            )
            assert hotel_id is not None
            await work.connection.execute(insert(HotelSequence).values(hotel_id=hotel_id))
            channel_id = await work.connection.scalar(
                insert(Channel)
                .values(
                    hotel_id=hotel_id,
                    platform=Platform.WHATSAPP,
                    name="Front desk",
                    account=number,
                    credentials=self._vault.seal(credentials),
                )
                .returning(Channel.id)
            )
        assert channel_id is not None
        return HotelWorld(hotel_id, slug, channel_id, number)

    async def telegram(self, hotel: HotelWorld, token: str, secret: str) -> int:
        """A bot of the hotel's; its channel's id."""
        credentials = Credentials(access_token=token, app_secret=secret)
        async with self._database.transaction() as work:
            channel_id: int | None = await work.connection.scalar(
                insert(Channel)
                .values(
                    hotel_id=hotel.id,
                    platform=Platform.TELEGRAM,
                    name="Bot",
                    account=token.partition(":")[0],
                    credentials=self._vault.seal(credentials),
                )
                .returning(Channel.id)
            )
        assert channel_id is not None
        return channel_id

    async def seal_anew(self, hotel: HotelWorld, *, access_token: str | None = None) -> None:
        """Credentials are stored for the hotel's channel, as by an import: that work, unless told otherwise."""
        token = access_token or ACCESS_TOKEN[hotel.number]
        new = Credentials(access_token=token, app_secret=APP_SECRET[hotel.number])
        async with self._database.transaction() as work:
            await work.connection.execute(
                update(Channel).where(Channel.id == hotel.channel_id).values(credentials=self._vault.seal(new))
            )

    async def two_hotels(self) -> tuple[HotelWorld, HotelWorld]:
        return await self.hotel(), await self.hotel("alpine-lodge", ALPINE_NUMBER)

    async def user(
        self,
        hotel: HotelWorld,
        username: str,
        user_type: UserType = UserType.RECEPTIONIST,
        departments: tuple[Department, ...] = (),
        **more: object,
    ) -> int:
        async with self._database.transaction() as work:
            user_id: int | None = await work.connection.scalar(
                insert(User)
                .values(
                    hotel_id=hotel.id,
                    username=username,
                    password_hash=hashed_password(),
                    first_name=username.title(),
                    last_name="Staff",
                    user_type=user_type,
                    departments=[each.value for each in departments],
                    **more,
                )
                .returning(User.id)
            )
        assert user_id is not None
        hotel.staff[username] = user_id
        return user_id

    async def demote(self, user_id: int, hotel: HotelWorld) -> None:
        """Make somebody the café's staff, as an import does."""
        async with self._database.transaction() as work:
            await work.connection.execute(
                update(User)
                .where(User.id == user_id)
                .values(user_type=UserType.DEPARTMENT_STAFF, departments=[Department.CAFE.value])
            )
            work.emit(hotel.id, UserChanged(user_id=user_id))

    async def guest(
        self,
        hotel: HotelWorld,
        name: str = "John Doe",
        phone: str = "351912345678",
        *,
        stay: StayStatus | None = StayStatus.ACTIVE,
        room: str = "101",
        check_in: date | None = None,
        check_out: date | None = None,
        language: str = "en",
    ) -> int | None:
        """A known guest, who came yesterday and leaves in three days unless told otherwise; answers the id of their
        stay, None where they have none."""
        async with self._database.transaction() as work:
            guest_id = await work.connection.scalar(
                insert(Guest)
                .values(hotel_id=hotel.id, full_name=name, phone=f"+{phone}", language=language)
                .returning(Guest.id)
            )
            await work.connection.execute(
                insert(GuestIdentity),
                [
                    {"hotel_id": hotel.id, "guest_id": guest_id, "kind": kind, "value": phone}
                    for kind in (IdentityKind.PHONE, IdentityKind.WHATSAPP)
                ],
            )
            if stay is None:
                return None
            stay_id: int | None = await work.connection.scalar(
                insert(Stay)
                .values(
                    hotel_id=hotel.id,
                    guest_id=guest_id,
                    room_number=room,
                    floor=1,
                    status=stay,
                    check_in=check_in or self.today - timedelta(days=1),
                    check_out=check_out or self.today + timedelta(days=3),
                )
                .returning(Stay.id)
            )
            return stay_id


def text_message(text: str, sender: str, *, message_id: str | None = None, name: str = "John Doe") -> dict[str, Any]:
    """One ``messages[]`` entry as Meta sends it, with a fresh id unless one is given."""
    return {
        "id": message_id or f"wamid.TEST{next(_ids):08d}",
        "from": sender,
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": text},
        "_profile": name,
    }


def webhook_body(*batches: tuple[str, list[dict[str, Any]]], statuses: dict[str, list[Any]] | None = None) -> bytes:
    """A webhook body: for each ``(phone_number_id, messages)`` a change of its own."""
    changes = []
    for number, messages in batches:
        contacts = [{"profile": {"name": each.get("_profile", "Guest")}, "wa_id": each["from"]} for each in messages]
        clean = [{key: value for key, value in each.items() if key != "_profile"} for each in messages]
        value: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "12025550100", "phone_number_id": number},
        }
        if clean:
            value |= {"contacts": contacts, "messages": clean}
        if statuses and number in statuses:
            value["statuses"] = statuses[number]
        changes.append({"field": "messages", "value": value})
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "100", "changes": changes}]}).encode()


def signature(body: bytes, secret: str) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}


async def post_signed(
    client: httpx.AsyncClient, body: bytes, number: str = SEA_VIEW_NUMBER, secret: str | None = None
) -> httpx.Response:
    return await client.post(WEBHOOK, content=body, headers=signature(body, secret or APP_SECRET[number]))


async def guest_writes(
    client: httpx.AsyncClient, text: str, sender: str = "351912345678", number: str = SEA_VIEW_NUMBER, **more: Any
) -> str:
    """A guest's text arrives by a signed webhook; answers what the provider was told."""
    answer = await post_signed(client, webhook_body((number, [text_message(text, sender, **more)])), number)
    assert answer.status_code == 200, answer.text
    status: str = answer.json()["status"]
    return status


async def token_of(client: httpx.AsyncClient, username: str, password: str = PASSWORD) -> str:
    answer = await client.post("/api/auth/token/", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


async def signed_in(client: httpx.AsyncClient, username: str) -> dict[str, str]:
    """The headers of somebody who has signed in."""
    return {"Authorization": f"Bearer {await token_of(client, username)}"}
