"""Hotel files for tests, and loading them."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from app.core import yaml_source
from app.core.vault import Vault
from app.services.hotel_file import HotelFileService, Summary
from app.store.database import Database

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
VAULT = Vault("k" * 32)

FULL = """
hotels:
  - slug: sea-view
    name: Sea View
    timezone: Europe/Lisbon
    language: pt
    channels:
      - {platform: WhatsApp, name: Desk, phone_number_id: "7001", display_phone_number: "+1 202-555-0100",
         access_token: token-1, app_secret: secret-1, verify_token: verify-1}
      - {platform: WebChat, name: Website, allowed_origins: ["https://sea-view.example"]}
    staff:
      - {username: Rita, password: rita-password, first_name: Rita, last_name: Reis, email: rita@sea-view.example,
         user_type: department_staff, department: [Reception, Café]}
    guests:
      - full_name: John Doe
        whatsapp_number: "+1234567890"
        email: john@example.com
        stays:
          - {room_number: "101", floor: 1, status: active, check_in: 2026-11-19, check_out: 2026-11-24}
    templates:
      - {name: wifi, content: "{guest_name}: the key for room {room_number} is …", department: Reception}
"""

Load = Callable[..., Awaitable[Summary]]


def loader(database: Database) -> Load:
    """Load a file's text, at NOW or ``days`` later."""

    async def load(text: str, *, days: int = 0, vault: Vault = VAULT) -> Summary:
        service = HotelFileService(database, vault, clock=lambda: NOW + timedelta(days=days))
        return await service.load(yaml_source.parse(text, "hotel.yaml"))

    return load


def hotel(*lines: str, slug: str = "sea-view") -> str:
    """A file with one hotel; ``lines`` begin in line 4."""
    return "\n".join(["hotels:", f"  - slug: {slug}", "    name: Sea View", *(f"    {line}" for line in lines)])
