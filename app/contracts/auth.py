"""Sign-in on the wire: ``/api/auth/…`` (the contracts' common part, "Staff tokens").

No document shows these bodies. They are OAuth 2.0's (RFC 6749, 4.3 and 5.1), with ``user`` beside the tokens;
registering is contract 5's and is answered alike.
"""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.core.passwords import MIN_NEW_PASSWORD, new_password_fault, password_fault
from app.core.phones import read_phone, shown
from app.core.profile import Profile, Registration
from app.core.text import clean
from app.core.types import Department, UserType

_USERNAME: Final = re.compile(r"[\w.@+-]+")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


def _clean(value: str) -> str:
    if clean(value) != value:
        raise ValueError("must have no NUL character and no half of a surrogate pair")
    return value


def _password(value: str) -> str:
    if fault := password_fault(value):
        raise ValueError(fault)
    return value


def _new_password(value: str) -> str:
    if fault := new_password_fault(value):
        raise ValueError(fault)
    return value


def _username(value: str) -> str:
    if not _USERNAME.fullmatch(value):
        raise ValueError("must be of letters, digits and @ . + - _, such as ana or ana.reis")
    return value


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _email(value: str) -> str:
    if value and not _EMAIL.fullmatch(value):
        raise ValueError("is not an e-mail address, such as ana@example.com")
    return value


def _phone(value: str | None) -> str | None:
    return shown(read_phone(value)) if value else None


RefreshTokenText = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_clean)]


GuestToken = Annotated[
    str | None,
    Field(
        default=None,
        max_length=256,
        description="A visitor's token of the web chat: what they wrote is the user's from then on. One that opens "
        "nothing is not heeded.",
    ),
]


class Credentials(BaseModel):
    """What a sign-in takes, as JSON or as a form. Whatever else an OAuth form has is not heeded."""

    model_config = ConfigDict(hide_input_in_errors=True)

    username: Annotated[str, Field(min_length=1, max_length=150), AfterValidator(_clean)]
    password: Annotated[str, Field(json_schema_extra={"format": "password"}), AfterValidator(_password)]
    guest_token: GuestToken


class RegisterIn(BaseModel):
    """What somebody says who registers, as JSON or as a form. Nothing but user name and password is required."""

    model_config = ConfigDict(hide_input_in_errors=True, str_strip_whitespace=True)

    username: Annotated[
        str,
        Field(min_length=1, max_length=150, description="Letters, digits and `@ . + - _`.", examples=["ana"]),
        AfterValidator(_clean),
        AfterValidator(_username),
    ]
    password: Annotated[
        str,
        StringConstraints(strip_whitespace=False),
        Field(json_schema_extra={"format": "password", "minLength": MIN_NEW_PASSWORD}),
        AfterValidator(_new_password),
    ]
    email: Annotated[str, Field(max_length=254), AfterValidator(_clean), AfterValidator(_email)] = ""
    first_name: Annotated[str, Field(max_length=150), AfterValidator(_clean), AfterValidator(_one_line)] = ""
    last_name: Annotated[str, Field(max_length=150), AfterValidator(_clean), AfterValidator(_one_line)] = ""
    phone: Annotated[
        str | None,
        Field(max_length=40, description="With its country code.", examples=["+351912345678"]),
        AfterValidator(_phone),
    ] = None
    channel_id: Annotated[
        int | None,
        Field(ge=1, lt=10**18, description="A WebChat channel, whose hotel's guest this is; else the first in use."),
    ] = None
    guest_token: GuestToken

    def wanted(self) -> Registration:
        return Registration(**self.model_dump(exclude={"guest_token"}))


class RefreshIn(BaseModel):
    refresh_token: RefreshTokenText


class SignOutIn(BaseModel):
    """A refresh token will do where there is no access token any more."""

    refresh_token: RefreshTokenText | None = None


class HotelOut(BaseModel):
    id: int
    slug: str
    name: str


class UserOut(BaseModel):
    """The signed-in user. ``name`` is the full name, or the user name where there is none."""

    id: int
    username: str
    first_name: str
    last_name: str
    name: str
    email: str
    user_type: UserType
    department: list[Department]
    hotel: HotelOut


class TokensOut(BaseModel):
    """A pair of tokens. ``expires_in`` is the access token's, in seconds; the refresh token is good once."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 -- RFC 6749's word
    expires_in: int
    user: UserOut


class SignedOutOut(BaseModel):
    status: Literal["signed out"] = "signed out"


def user_out(profile: Profile) -> UserOut:
    return UserOut(
        id=profile.id,
        username=profile.username,
        first_name=profile.first_name,
        last_name=profile.last_name,
        name=profile.name,
        email=profile.email,
        user_type=profile.user_type,
        department=list(profile.departments),
        hotel=HotelOut(id=profile.hotel_id, slug=profile.hotel_slug, name=profile.hotel_name),
    )
