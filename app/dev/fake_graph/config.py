"""What the fake knows: hotels' numbers with their secrets, guests on offer, where webhooks go, how strict it is."""

from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import msgspec.yaml

from app.dev.fake_graph.template import Template, read_templates

BUSINESS_ACCOUNT: Final = "900000000000000"
DAY: Final = 86_400.0


class Number(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hotel's number at Meta. Webhooks of it are signed with ``app_secret``; sends from it need ``access_token``."""

    phone_number_id: str
    display_phone_number: str
    access_token: str
    app_secret: str
    hotel_name: str
    business_account_id: str = BUSINESS_ACCOUNT

    def __repr__(self) -> str:
        return f"Number({self.phone_number_id})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("phone_number_id", self.phone_number_id)]


class InstagramAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hotel's account on Instagram, with its secrets as a number's."""

    account_id: str
    access_token: str
    app_secret: str
    hotel_name: str = ""

    def __repr__(self) -> str:
        return f"InstagramAccount({self.account_id})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("account_id", self.account_id)]


class GuestPhone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guest whom the phone page offers. ``number`` is digits, or a user id for one without a number."""

    name: str
    number: str
    hint: str = ""


class Rate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message every ``seconds``, after ``burst`` at once. Meta's for one guest: 6 s and 45."""

    seconds: float = 6.0
    burst: int = 45


class Reports(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How statuses are reported: which, in this order, each so many ``times``, beginning ``after`` seconds; with
    ``first`` before the send itself is answered."""

    statuses: tuple[str, ...] = ("sent", "delivered")
    times: int = 1
    after: float = 0.0
    first: bool = False


class FakeGraphConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``statuses``: report on what was accepted, as ``reports`` says. A webhook that is not answered with 200 is
    repeated ``repeats`` times, after ``backoff`` seconds and then twice as long each time.

    ``window``: what becomes of free text more than a day after the guest last wrote: taken, refused with 131047, or
    taken and then reported as failed with it. ``unheard``: the window of a guest of whom nothing was heard since the
    start. ``pair_rate`` (131056) is per guest; ``throughput`` (130429) is messages a second of one number.

    ``media_url_seconds`` and ``media_seconds``: how long a file's address and its id live. ``media_sha256`` is the
    spelling in answers; webhooks always have base64. ``any_media``: serve a picture under any id that is no number, as
    examples in documents have them.

    ``echoes``: what leaves an Instagram account comes back to ``instagram_webhook_url``.

    ``seed`` makes shares of faults come out alike in each run. ``reads``: whether a read-back may name a message that
    came from no phone here. ``hosts``: further names by which browsers may know this server.
    """

    webhook_url: str
    numbers: tuple[Number, ...] = ()
    guests: tuple[GuestPhone, ...] = ()
    templates: tuple[Template, ...] = msgspec.field(default_factory=read_templates)
    statuses: bool = True
    reports: Reports = Reports()
    repeats: int = 4
    backoff: float = 0.5
    window: Literal["off", "refuse", "report"] = "off"
    unheard: Literal["open", "closed"] = "closed"
    pair_rate: Rate | None = None
    throughput: float | None = None
    media_url_seconds: float = 300.0
    media_seconds: float = 7 * DAY
    media_sha256: Literal["hex", "base64"] = "hex"
    any_media: bool = True
    seed: int | None = None
    reads: Literal["known", "any"] = "any"
    hosts: tuple[str, ...] = ()
    instagram: tuple[InstagramAccount, ...] = ()
    instagram_webhook_url: str = ""
    echoes: bool = True

    def instagram_account(self, account_id: str) -> InstagramAccount | None:
        return next((each for each in self.instagram if each.account_id == account_id), None)

    def number(self, phone_number_id: str) -> Number | None:
        """The number of that id; of "", the first."""
        return next((each for each in self.numbers if phone_number_id in {"", each.phone_number_id}), None)

    def with_token(self, token: str) -> Number | None:
        return next((each for each in self.numbers if each.access_token == token), None)

    def changed(self, changes: dict[str, Any]) -> "FakeGraphConfig":
        """A copy with other values in some fields. Raises msgspec.ValidationError."""
        return msgspec.convert(msgspec.to_builtins(self) | changes, FakeGraphConfig)

    def public(self) -> dict[str, Any]:
        """The part without secrets: what the phone page and tests need."""
        return {
            "webhook_url": self.webhook_url,
            "hotels": [
                {"id": each.phone_number_id, "name": each.hotel_name, "number": each.display_phone_number}
                for each in self.numbers
            ],
            "guests": [msgspec.structs.asdict(guest) for guest in self.guests],
            **{name: msgspec.to_builtins(getattr(self, name)) for name in _PUBLIC},
        }


_PUBLIC: Final = ("statuses", "reports", "window", "unheard", "pair_rate", "throughput", "seed")


def read_config(path: Path) -> FakeGraphConfig:
    """The configuration in a YAML or JSON file. Raises msgspec.ValidationError or msgspec.DecodeError."""
    return msgspec.yaml.decode(path.read_bytes(), type=FakeGraphConfig)
