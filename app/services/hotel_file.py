"""Loading hotels from a file: how a hotel is set up, and how a property system's export comes in.

The whole file is one transaction. What it names is found by its natural key and made to agree with it: a hotel by its
slug, staff by user name, a guest by phone, a stay by guest and check-in, a channel by its provider's id (WhatsApp,
Instagram, Telegram) or its name in the hotel (WebChat), a canned reply by its name. Nothing is ever deleted, and a
second run changes nothing. Faults that only the database knows are gathered too, and undo everything.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from app.channels.base import Credentials
from app.core.clock import Clock, utc_now
from app.core.events import StayChanged, UserChanged
from app.core.phones import shown, variants
from app.core.types import Platform, UserType
from app.core.vault import SealBroken, Vault
from app.core.yaml_source import Location, YamlSource
from app.services.channels import resume
from app.services.hashing import Hashing
from app.services.hotel_format import (
    Fault,
    GuestSection,
    HotelSection,
    InstagramSection,
    Section,
    StaffSection,
    StaySection,
    TelegramSection,
    TemplateSection,
    WebChatSection,
    WhatsAppSection,
    read_hotels,
)
from app.store.database import Database
from app.store.directory import DirectoryStore, StoredUser
from app.store.saving import Outcome
from app.store.unit_of_work import UnitOfWork

ProvidedSection = WhatsAppSection | InstagramSection | TelegramSection
"""Those of channels with a provider."""
S = TypeVar("S", bound=Section)

STAY_RIGHTS = frozenset({"status", "check_in", "check_out"})
"""What a guest's own sockets live by."""
CREDENTIALS = ("access_token", "app_secret", "verify_token")


class Summary:
    """How many of each kind were created, updated and left alone."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[Outcome]] = {}

    def add(self, kind: str, outcome: Outcome) -> None:
        self.counts.setdefault(kind, Counter())[outcome] += 1

    @property
    def changed(self) -> bool:
        return any(outcome is not Outcome.UNCHANGED for counts in self.counts.values() for outcome in counts)


class HotelFileService:
    def __init__(self, database: Database, vault: Vault, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._hashing = Hashing()

    async def load(self, source: YamlSource) -> Summary:
        """Raises SourceError with every fault of the file, or every fault against what is stored."""
        now = self._clock()
        file = read_hotels(source, today=now.date())

        async def load(work: UnitOfWork) -> Summary:
            await work.hotels.lock_setup()
            loading = _Loading(work, self._vault, self._hashing, now)
            ids = [await loading.hotel(hotel, at) for hotel, at in _placed(file.hotels, (), "hotels")]
            # Guests last: their messages wait while their hotel's directory is locked, and passwords take their time.
            for hotel_id, hotel in sorted(zip(ids, file.hotels, strict=True), key=lambda pair: pair[0]):
                await work.guests.lock_directory(hotel_id)
                for guest in hotel.guests:
                    await loading.guest(hotel_id, guest)
                for template in hotel.templates:
                    await loading.template(hotel_id, template)
            if loading.faults:
                raise source.error(*loading.faults)
            return loading.summary

        return await self._database.run(load)


def _placed(sections: Sequence[S], at: Location, key: str) -> Iterator[tuple[S, Location]]:
    """Sections with their locations in the file."""
    for index, section in enumerate(sections):
        yield section, (*at, key, index)


class _Loading:
    """One run of one file, in one transaction."""

    def __init__(self, work: UnitOfWork, vault: Vault, hashing: Hashing, now: datetime) -> None:
        self.summary = Summary()
        self.faults: list[Fault] = []
        self._work = work
        self._people = DirectoryStore(work.connection)
        self._vault = vault
        self._hashing = hashing
        self._now = now

    async def hotel(self, hotel: HotelSection, at: Location) -> int:
        """The hotel itself, its channels and staff; answers its id."""
        values = hotel.given("name", "timezone", "language", "reply_minutes")
        saved = await self._work.hotels.save_hotel(hotel.slug, values)
        self.summary.add("hotels", saved.outcome)
        for channel, place in _placed(hotel.channels, at, "channels"):
            match channel:
                case WhatsAppSection():
                    await self._whatsapp(saved.id, channel, place)
                case InstagramSection():
                    await self._instagram(saved.id, channel, place)
                case TelegramSection():
                    await self._telegram(saved.id, channel, place)
                case WebChatSection():
                    await self._web_chat(saved.id, hotel.slug, channel)
        for user, place in _placed(hotel.staff, at, "staff"):
            await self._user(saved.id, user, place)
        return saved.id

    async def _whatsapp(self, hotel_id: int, channel: WhatsAppSection, at: Location) -> None:
        values: dict[str, Any] = {"name": channel.name, **_active(channel)}
        if channel.display_phone_number is not None:
            values["display_address"] = shown(channel.display_phone_number)
        if "business_account_id" in channel.model_fields_set:
            values["business_account"] = channel.business_account_id
            stored = await self._work.hotels.channel(Platform.WHATSAPP, channel.phone_number_id)
            if stored is None or stored.business_account != channel.business_account_id:
                values["templates_listed_at"] = None  # another account has other templates
        secrets = {name: name for name in CREDENTIALS}
        place = (*at, "phone_number_id")
        await self._provided(hotel_id, channel, channel.phone_number_id, values, secrets, place)

    async def _instagram(self, hotel_id: int, channel: InstagramSection, at: Location) -> None:
        values: dict[str, Any] = {"name": channel.name, **_active(channel)}
        secrets = {name: name for name in CREDENTIALS}
        await self._provided(hotel_id, channel, channel.account_id, values, secrets, (*at, "account_id"))

    async def _telegram(self, hotel_id: int, channel: TelegramSection, at: Location) -> None:
        values: dict[str, Any] = {"name": channel.name, **_active(channel)}
        if channel.username is not None:
            values["display_address"] = f"@{channel.username.removeprefix('@')}"
        secrets = {"access_token": "bot_token", "app_secret": "secret"}
        await self._provided(hotel_id, channel, channel.bot_id, values, secrets, (*at, "bot_token"))

    async def _provided(
        self,
        hotel_id: int,
        channel: ProvidedSection,
        account: str,
        values: dict[str, Any],
        secrets: Mapping[str, str],
        at: Location,
    ) -> None:
        """A channel with a provider, whose name of it is ``account``, written at ``at``. ``secrets`` says by which keys
        of the file its credentials are given."""
        stored = await self._work.hotels.channel(channel.platform, account)
        if stored is not None and stored.hotel_id != hotel_id:
            self.faults.append((at, "belongs to another hotel"))
            return
        try:
            values |= self._credentials(channel, secrets, stored.credentials if stored else b"")
        except SealBroken as error:
            self.faults.append((at[:-1], f"{error} Give {', '.join(secrets.values())} anew."))
            return
        saved = await self._work.hotels.save_channel(hotel_id, channel.platform, account, values)
        self.summary.add("channels", saved.outcome)
        if "credentials" in values:
            await resume(self._work, saved.id)

    def _credentials(self, channel: ProvidedSection, secrets: Mapping[str, str], sealed: bytes) -> dict[str, Any]:
        """The column of the credentials, where they are new."""
        written = channel.given(*secrets.values())
        given = {name: written[key].get_secret_value() for name, key in secrets.items() if key in written}
        try:
            old = self._vault.open(sealed, Credentials)
        except SealBroken:
            if len(given) < len(secrets):
                raise
            old = None
        new = msgspec.structs.replace(old or Credentials(), **given)
        return {} if new == old else {"credentials": self._vault.seal(new)}

    async def _web_chat(self, hotel_id: int, slug: str, channel: WebChatSection) -> None:
        values = {"name": channel.name, **_active(channel)}
        if origins := channel.given("allowed_origins"):
            values["config"] = origins
        saved = await self._work.hotels.save_channel(hotel_id, Platform.WEBCHAT, f"{slug}/{channel.name}", values)
        self.summary.add("channels", saved.outcome)

    async def _user(self, hotel_id: int, user: StaffSection, at: Location) -> None:
        stored = await self._people.user(user.username)
        if stored is not None and stored.hotel_id != hotel_id:
            self.faults.append(((*at, "username"), "is the name of a user in another hotel"))
            return
        if stored is not None and stored.user_type == UserType.GUEST:
            self.faults.append(((*at, "username"), "is the name of a guest's user"))
            return
        if stored is None and user.password is None:
            self.faults.append(((*at, "password"), "is missing, and the user is new"))
            return
        values: dict[str, Any] = {
            "username": user.username,
            "user_type": UserType(user.user_type),
            **user.given("first_name", "last_name", "email"),
            **_active(user),
            **await self._new_password(user, stored),
        }
        if "department" in user.model_fields_set:
            values["departments"] = list(dict.fromkeys(user.department))
        if stored is None:
            saved = await self._people.add_user(hotel_id, values)
        else:
            saved = await self._people.save_user(stored.id, values)
            await self._tell(stored, values)
        self.summary.add("staff", saved.outcome)

    async def _new_password(self, user: StaffSection, stored: StoredUser | None) -> dict[str, str]:
        """The column where the password is another one than now: the same would only end the user's sessions."""
        if user.password is None:
            return {}
        password = user.password.get_secret_value()
        if stored is not None and await self._hashing.verify(stored.password_hash, password):
            return {}
        return {"password_hash": await self._hashing.hash(password)}

    async def _tell(self, stored: StoredUser, values: dict[str, Any]) -> None:
        """End the sessions of a user who may no longer sign in as before; have their sockets look at changed rights."""
        ended = "password_hash" in values or (stored.is_active and not values.get("is_active", True))
        if ended:
            await self._work.sessions.end_all(stored.id, self._now)
        rights = (stored.user_type, stored.departments)
        if ended or rights != (values["user_type"], values.get("departments", stored.departments)):
            self._work.emit(stored.hotel_id, UserChanged(user_id=stored.id))

    async def guest(self, hotel_id: int, guest: GuestSection) -> None:
        values = {
            "full_name": guest.full_name,
            "phone": shown(guest.whatsapp_number),
            **guest.given("email", "language", "date_of_birth", "nationality"),
        }
        saved = await self._people.save_guest(hotel_id, variants(guest.whatsapp_number), values)
        self.summary.add("guests", saved.outcome)
        for stay in guest.stays:
            await self._stay(hotel_id, saved.id, shown(guest.whatsapp_number), stay)

    async def _stay(self, hotel_id: int, guest_id: int, phone: str, stay: StaySection) -> None:
        values = {"check_out": stay.check_out.on, **stay.given("room_number", "floor", "status")}
        saved = await self._people.save_stay(hotel_id, guest_id, stay.check_in.on, values, move=stay.check_in.relative)
        self.summary.add("stays", saved.outcome)
        if saved.changed & STAY_RIGHTS:
            self._work.emit(hotel_id, StayChanged(stay_id=saved.id, guest_id=guest_id, guest_phone=phone))

    async def template(self, hotel_id: int, template: TemplateSection) -> None:
        values = {
            "content": template.content,
            "variables": sorted(set(re.findall(r"\{(\w+)\}", template.content))),
            **template.given("department"),
        }
        saved = await self._work.hotels.save_template(hotel_id, template.name, values)
        self.summary.add("templates", saved.outcome)


def _active(section: ProvidedSection | WebChatSection | StaffSection) -> dict[str, Any]:
    return {"is_active": section.active} if "active" in section.model_fields_set else {}
