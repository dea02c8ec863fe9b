"""The file of ``lobby import``: what may stand in it, and every fault of one, by line.

A key that is absent leaves what is stored as it is. Days are ``2026-11-19``, or ``today``, ``today+3``, ``today-1``
(by UTC). The secrets in a file are held as SecretStr and stand in no message.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    SecretStr,
    Strict,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import ErrorDetails

from app.core.passwords import password_fault
from app.core.phones import digits, read_phone, variants
from app.core.text import clean
from app.core.types import Department, Platform, StayStatus
from app.core.yaml_source import Location, YamlSource

Fault = tuple[Location, str]

MIN_PASSWORD_LENGTH = 8


class Day(NamedTuple):
    """A day of a stay. ``relative`` ones were written by their distance from today."""

    on: date
    relative: bool


def _day(value: object, info: ValidationInfo) -> Day:
    if isinstance(value, date) and not isinstance(value, datetime):
        return Day(value, relative=False)
    if isinstance(value, str) and (found := re.fullmatch(r"today([+-]\d{1,4})?", value)):
        assert info.context is not None, "read_hotels gives it"
        return Day(info.context["today"] + timedelta(days=int(found[1] or "0")), relative=True)
    raise ValueError("must be a day: 2026-11-19 without quotes, or today, today+3, today-1")


def _keepable(text: str) -> str:
    if clean(text) != text:
        raise ValueError("must have no NUL character and no half of a surrogate pair")
    return text


def _keepable_secret(secret: SecretStr) -> SecretStr:
    _keepable(secret.get_secret_value())
    return secret


def _password(secret: SecretStr) -> SecretStr:
    password = secret.get_secret_value()
    if fault := password_fault(password):
        raise ValueError(fault)
    if len(password) < MIN_PASSWORD_LENGTH:
        raise ValueError(f"must have at least {MIN_PASSWORD_LENGTH} characters")
    return secret


def _secret_like(pattern: str, such_as: str) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        if re.fullmatch(pattern, secret.get_secret_value()) is None:
            raise ValueError(f"must be written as {such_as} is")
        return secret

    return AfterValidator(check)


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("must be the name of a time zone, such as Europe/Lisbon") from None
    return name


def _like(pattern: str, such_as: str) -> AfterValidator:
    def check(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError(f"must be written as {such_as} is")
        return text

    return AfterValidator(check)


Text = Annotated[str, AfterValidator(_keepable)]
Name = Annotated[Text, Field(min_length=1, max_length=200)]
PersonName = Annotated[Text, Field(max_length=150)]
Slug = Annotated[str, Field(max_length=64), _like(r"[a-z0-9]+(-[a-z0-9]+)*", "sea-view")]
Username = Annotated[Text, Field(max_length=150), _like(r"[\w.@+-]+", "rita or rita.reis")]
Language = Annotated[str, Field(max_length=16), _like(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", "en or pt-BR")]
Email = Annotated[Text, Field(max_length=254), _like(r"[^@\s]+@[^@\s]+", "rita@example.com")]
Origin = Annotated[Text, Field(max_length=254), _like(r"https?://[^/\s?#@]+", "https://example.com")]
ProviderId = Annotated[str, Field(max_length=64), _like(r"[0-9]+", '"700000000000001"')]
Phone = Annotated[str, AfterValidator(read_phone)]
Timezone = Annotated[str, AfterValidator(_timezone)]
DayField = Annotated[Day, PlainValidator(_day)]
Secret = Annotated[SecretStr, AfterValidator(_keepable_secret)]
BotToken = Annotated[SecretStr, _secret_like(r"[1-9][0-9]{0,18}:[A-Za-z0-9_-]{1,200}", "123456789:AAE-…")]
WebhookSecret = Annotated[SecretStr, _secret_like(r"[A-Za-z0-9_-]{0,256}", "a word of letters, digits, _ and -")]
StaffType = Literal["department_staff", "receptionist", "manager", "hotel_admin"]
Password = Annotated[SecretStr, AfterValidator(_password)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    def given(self, *fields: str) -> dict[str, Any]:
        """Those of these fields that the file has; the others are to stay as they are stored."""
        return {name: getattr(self, name) for name in fields if name in self.model_fields_set}


class WhatsAppSection(Section):
    """A WhatsApp Business number. ``phone_number_id`` is Meta's id of it, not the number; ``business_account_id`` is
    that of the account which its templates belong to."""

    platform: Literal[Platform.WHATSAPP]
    name: Name
    phone_number_id: ProviderId
    business_account_id: ProviderId | None = None
    display_phone_number: Phone | None = None
    access_token: Secret = SecretStr("")
    app_secret: Secret = SecretStr("")
    verify_token: Secret = SecretStr("")
    active: bool = True


class InstagramSection(Section):
    """A professional account on Instagram. ``account_id`` is Meta's id of it, not its name."""

    platform: Literal[Platform.INSTAGRAM]
    name: Name
    account_id: ProviderId
    access_token: Secret = SecretStr("")
    app_secret: Secret = SecretStr("")
    verify_token: Secret = SecretStr("")
    active: bool = True


class TelegramSection(Section):
    """A bot of Telegram's. ``bot_token`` begins with its id, by which it is known here; ``secret`` is the
    ``secret_token`` that its webhook is set with."""

    platform: Literal[Platform.TELEGRAM]
    name: Name
    bot_token: BotToken
    secret: WebhookSecret = SecretStr("")
    username: Annotated[str, Field(max_length=32), _like(r"@?[A-Za-z0-9_]+", "sea_view_bot")] | None = None
    active: bool = True

    @property
    def bot_id(self) -> str:
        return self.bot_token.get_secret_value().partition(":")[0]


class WebChatSection(Section):
    """The chat of a web site. ``allowed_origins`` are the sites whose pages may show it."""

    platform: Literal[Platform.WEBCHAT]
    name: Annotated[Text, Field(min_length=1, max_length=60)]
    allowed_origins: list[Origin] = []
    active: bool = True


class StaffSection(Section):
    """A user who signs in to the console. ``password`` is required for a new one only."""

    username: Username
    password: Password | None = None
    first_name: PersonName = ""
    last_name: PersonName = ""
    email: Email = ""
    user_type: StaffType
    department: list[Department] = []
    active: bool = True


class StaySection(Section):
    """A stay, known by its guest and ``check_in``. A relative ``check_in`` moves the guest's open stay to that day."""

    room_number: Annotated[Text, Field(max_length=16)] = ""
    floor: Annotated[int, Field(ge=-20, le=300)] | None = None
    status: StayStatus = StayStatus.PENDING
    check_in: DayField
    check_out: DayField

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.check_out.on < self.check_in.on:
            raise ValueError("check_out is before check_in")
        return self


class GuestSection(Section):
    """A guest, known by ``whatsapp_number``, also when they have written before they were booked."""

    full_name: Name
    whatsapp_number: Phone
    email: Email | None = None
    language: Language | None = None
    date_of_birth: Annotated[date, Strict()] | None = None
    nationality: Annotated[Text, Field(max_length=64)] | None = None
    stays: list[StaySection] = []


class TemplateSection(Section):
    """A canned reply; ``{room_number}`` and the like stand for what is known of the guest."""

    name: Annotated[Text, Field(min_length=1, max_length=128)]
    content: Annotated[Text, Field(min_length=1, max_length=4096)]
    department: Department | None = None


ChannelSection = Annotated[
    WhatsAppSection | InstagramSection | TelegramSection | WebChatSection, Field(discriminator="platform")
]


class HotelSection(Section):
    """A hotel with all that belongs to it. ``reply_minutes`` is how long a guest may wait for an answer of staff: a
    minute to a day."""

    slug: Slug
    name: Name
    timezone: Timezone = "UTC"
    language: Language = "en"
    reply_minutes: Annotated[int, Strict(), Field(ge=1, le=1440)] = 15
    channels: list[ChannelSection] = []
    staff: list[StaffSection] = []
    guests: list[GuestSection] = []
    templates: list[TemplateSection] = []


class HotelFile(Section):
    hotels: Annotated[list[HotelSection], Field(min_length=1)]


def read_hotels(source: YamlSource, *, today: date) -> HotelFile:
    """The file as it was meant. Raises SourceError with all its faults."""
    faults = [*_repeated(source)]
    try:
        file = HotelFile.model_validate(source.value, context={"today": today})
    except ValidationError as error:
        faults += [_fault(each) for each in error.errors(include_input=False, include_url=False)]
    else:
        faults += _unclear_stays(file)
        if not faults:
            return file
    raise source.error(*faults)


# A union's branches, whose names stand in the locations of errors.
_UNIONS: dict[str, type[Section]] = {
    "WhatsApp": WhatsAppSection,
    "Instagram": InstagramSection,
    "Telegram": TelegramSection,
    "WebChat": WebChatSection,
}
# By the last name in a location: the key of a list, or the kind of a channel.
_SECTIONS: dict[str, type[Section]] = {
    "hotels": HotelSection,
    **_UNIONS,
    "staff": StaffSection,
    "guests": GuestSection,
    "stays": StaySection,
    "templates": TemplateSection,
}


def _fault(error: ErrorDetails) -> Fault:
    """Pydantic's error in words for whoever wrote the file."""
    location = tuple(part for part in error["loc"] if part not in _UNIONS)
    context = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return location, _unknown(error["loc"])
        case "missing":
            return location, "is missing"
        case "union_tag_not_found":
            return (*location, "platform"), "is missing"
        case "union_tag_invalid":
            return (*location, "platform"), f"must be one of {', '.join(_UNIONS)}"
        case "enum" | "literal_error":
            return location, f"must be {context['expected']}"
        case "string_type":
            return location, "must be text: put it in quotes"
        case "value_error":
            return location, str(context["error"])
        case _:
            return location, error["msg"][:1].lower() + error["msg"][1:]


def _unknown(location: Location) -> str:
    *path, key = location
    section = next((part for part in reversed(path) if isinstance(part, str)), "")
    known = list(_SECTIONS.get(section, HotelFile).model_fields)
    near = difflib.get_close_matches(str(key), known, n=1)
    return f"is no known key; did you mean {near[0]}?" if near else f"is no known key; there are {', '.join(known)}"


def _repeated(source: YamlSource) -> Iterator[Fault]:
    """What the file says twice. Found in the raw values, so that other faults hide none of these."""
    hotels = list(_entries(source.value, "hotels", ()))
    channels = [each for hotel, at in hotels for each in _entries(hotel, "channels", at)]
    staff = [each for hotel, at in hotels for each in _entries(hotel, "staff", at)]
    yield from _twice(source, hotels, "slug", str)
    yield from _twice(source, staff, "username", lambda name: str(name).strip().lower())
    yield from _twice(source, channels, "phone_number_id", str)
    yield from _twice(source, channels, "account_id", str)
    yield from _twice(source, channels, "bot_token", lambda token: str(token).partition(":")[0])
    for hotel, at in hotels:
        guests = list(_entries(hotel, "guests", at))
        sites = [each for each in _entries(hotel, "channels", at) if each[0].get("platform") == Platform.WEBCHAT]
        yield from _twice(source, sites, "name", str)
        yield from _twice(source, guests, "whatsapp_number", lambda number: min(variants(digits(str(number)))))
        yield from _twice(source, _entries(hotel, "templates", at), "name", str)
        for guest, place in guests:
            yield from _twice(source, _entries(guest, "stays", place), "check_in", str)


Entry = tuple[dict[Any, Any], Location]


def _entries(parent: object, key: str, at: Location) -> Iterator[Entry]:
    """The mappings in the list under a key, with their locations; nothing where the file has another shape."""
    entries = parent.get(key) if isinstance(parent, dict) else None
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield entry, (*at, key, index)


def _twice(source: YamlSource, entries: Iterable[Entry], key: str, same: Callable[[object], str]) -> Iterator[Fault]:
    """A fault for each entry whose ``key`` is, as ``same`` reads it, an earlier one's."""
    first: dict[str, Location] = {}
    for entry, at in entries:
        if entry.get(key) is not None:
            place = (*at, key)
            earlier = first.setdefault(same(entry[key]), place)
            if earlier != place:
                yield place, f"is already on line {source.line(earlier)}"


def _unclear_stays(file: HotelFile) -> Iterator[Fault]:
    for h, hotel in enumerate(file.hotels):
        for g, guest in enumerate(hotel.guests):
            moving = [s for s, stay in enumerate(guest.stays) if stay.check_in.relative]
            for s in moving[1:]:
                yield ("hotels", h, "guests", g, "stays", s, "check_in"), "only one stay of a guest may be relative"
