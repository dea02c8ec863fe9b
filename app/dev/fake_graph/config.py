"""What the fake knows: the hotels' numbers with their secrets, the guests on offer, and where webhooks go."""

from pathlib import Path
from typing import Any

import msgspec
import msgspec.yaml


class Number(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hotel's number at Meta. Webhooks of it are signed with ``app_secret``; sends from it need ``access_token``."""

    phone_number_id: str
    display_phone_number: str
    access_token: str
    app_secret: str
    hotel_name: str

    def __repr__(self) -> str:
        return f"Number({self.phone_number_id})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("phone_number_id", self.phone_number_id)]


class GuestPhone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guest whom the phone page offers. ``number`` is digits, or a user id for one without a number."""

    name: str
    number: str
    hint: str = ""


class FakeGraphConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``statuses``: report sent and delivered for what was accepted. A webhook that is not answered with 200 is
    repeated ``repeats`` times, after ``backoff`` seconds and then twice as long each time."""

    webhook_url: str
    numbers: tuple[Number, ...] = ()
    guests: tuple[GuestPhone, ...] = ()
    statuses: bool = True
    repeats: int = 4
    backoff: float = 0.5

    def number(self, phone_number_id: str) -> Number | None:
        """The number of that id; of "", the first."""
        return next((each for each in self.numbers if phone_number_id in {"", each.phone_number_id}), None)

    def public(self) -> dict[str, Any]:
        """The part without secrets: what the phone page needs."""
        return {
            "webhook_url": self.webhook_url,
            "hotels": [
                {"id": each.phone_number_id, "name": each.hotel_name, "number": each.display_phone_number}
                for each in self.numbers
            ],
            "guests": [msgspec.structs.asdict(guest) for guest in self.guests],
            "statuses": self.statuses,
        }


def read_config(path: Path) -> FakeGraphConfig:
    """The configuration in a YAML or JSON file. Raises msgspec.ValidationError or msgspec.DecodeError."""
    return msgspec.yaml.decode(path.read_bytes(), type=FakeGraphConfig)
