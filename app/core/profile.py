"""A user as they see themselves, and as they say who they are."""

import msgspec

from app.core.types import Department, UserType


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A user, with the hotel that they belong to. ``departments`` are in the order in which they were given."""

    id: int
    username: str
    first_name: str
    last_name: str
    email: str
    user_type: UserType
    departments: tuple[Department, ...]
    hotel_id: int
    hotel_slug: str
    hotel_name: str

    @property
    def name(self) -> str:
        return full_name(self.first_name, self.last_name, self.username)


def full_name(first_name: str, last_name: str, username: str) -> str:
    """What to call a user: their name, or the user name where they have none."""
    return f"{first_name} {last_name}".strip() or username


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says of themselves. ``phone`` is in digits with its ``+``."""

    username: str
    password: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str | None = None
    channel_id: int | None = None
