"""The demo's hotels, as ``demo.yaml`` has them: loaded at every start, with what was said in them before you came."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from app.bootstrap import open_services
from app.core.settings import Settings
from app.core.vault import Vault
from app.core.yaml_source import YamlSource, read
from app.dev.fake_graph.config import GuestPhone, Number
from app.dev.history import Moment, Teller
from app.dev.stories import STORIES
from app.services.hotel_file import HotelFileService
from app.services.hotel_format import HotelFile, WhatsAppSection, read_hotels

FILE: Final = Path(__file__).with_name("demo.yaml")
STRANGER: Final = "447700900999"


async def load_demo(settings: Settings) -> None:
    """Load the hotels, and tell those stories that have not been told. ``settings`` name a migrated database."""
    quiet = settings.model_copy(update={"run_outbox": False})
    moment = Moment()
    async with open_services(quiet, clock=moment) as services:
        vault = Vault(settings.secret_key.get_secret_value())
        await HotelFileService(services.database, vault).load(demo_source())
        known = numbers(demo_file(moment().date()))
        for story in STORIES:
            await Teller(services, moment, story, known[story.hotel]).tell()


@cache
def demo_source() -> YamlSource:
    return read(FILE)


def demo_file(today: date) -> HotelFile:
    return read_hotels(demo_source(), today=today)


def numbers(file: HotelFile) -> dict[str, Number]:
    """The hotels' WhatsApp numbers as the fake Graph API knows them, by the slug of the hotel."""
    return {
        hotel.slug: Number(
            phone_number_id=channel.phone_number_id,
            display_phone_number=channel.display_phone_number or "",
            access_token=channel.access_token.get_secret_value(),
            app_secret=channel.app_secret.get_secret_value(),
            hotel_name=hotel.name,
            business_account_id=channel.business_account_id or "",
        )
        for hotel in file.hotels
        for channel in hotel.channels
        if isinstance(channel, WhatsAppSection)
    }


def phones(file: HotelFile) -> list[GuestPhone]:
    """The guests whose phones one may use, and a stranger."""
    guests = [
        GuestPhone(
            name=guest.full_name,
            number=guest.whatsapp_number,
            hint=", ".join([hotel.name, *(f"room {stay.room_number}, {stay.status}" for stay in guest.stays)]),
        )
        for hotel in file.hotels
        for guest in hotel.guests
    ]
    return [*guests, GuestPhone(name="A stranger", number=STRANGER, hint="no booking: sees the demo")]
