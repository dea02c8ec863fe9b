"""Sign-in on the wire: ``/api/auth/…`` (the contracts' common part, "Staff tokens").

No document shows these bodies. They are OAuth 2.0's (RFC 6749, 4.3 and 5.1), with ``user`` beside the tokens.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.core.passwords import password_fault
from app.core.profile import Profile
from app.core.text import clean
from app.core.types import Department, UserType


def _clean(value: str) -> str:
    if clean(value) != value:
        raise ValueError("must have no NUL character and no half of a surrogate pair")
    return value


def _password(value: str) -> str:
    if fault := password_fault(value):
        raise ValueError(fault)
    return value


RefreshTokenText = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_clean)]


class Credentials(BaseModel):
    """What a sign-in takes, as JSON or as a form. Whatever else an OAuth form has is not heeded."""

    model_config = ConfigDict(hide_input_in_errors=True)

    username: Annotated[str, Field(min_length=1, max_length=150), AfterValidator(_clean)]
    password: Annotated[str, Field(json_schema_extra={"format": "password"}), AfterValidator(_password)]


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
