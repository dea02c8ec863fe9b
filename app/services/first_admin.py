"""The first one who signs in to a hotel: made at the terminal, where no other user could make them."""

from typing import Literal

from pydantic import ValidationError

from app.core.errors import Conflict, Invalid, NotFound
from app.core.passwords import hash_password, password_fault
from app.core.types import Department, UserType
from app.services.hotel_format import Email, Name, PersonName, Section, Slug, Timezone, Username
from app.store.database import Database
from app.store.directory import DirectoryStore
from app.store.unit_of_work import UnitOfWork

MIN_PASSWORD_LENGTH = 10


class NewAdmin(Section):
    """Who, and of which hotel. With ``hotel_name`` a hotel that is not there yet is made."""

    hotel: Slug
    hotel_name: Name | None = None
    timezone: Timezone = "UTC"
    username: Username
    user_type: Literal["manager", "hotel_admin"] = "hotel_admin"
    first_name: PersonName = ""
    last_name: PersonName = ""
    email: Email | None = None


def new_admin(**values: str | None) -> NewAdmin:
    """Raises Invalid, naming what is wrong."""
    try:
        return NewAdmin.model_validate({name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        faults = [f"{fault['loc'][0]} {fault['msg'].removeprefix('Value error, ')}" for fault in error.errors()]
        raise Invalid(f"This cannot be: {'; '.join(faults)}.") from None


def check_admin_password(password: str) -> None:
    """Raises Invalid for one that is too easily guessed."""
    fault = password_fault(password)
    if fault is None and len(password) < MIN_PASSWORD_LENGTH:
        fault = f"must have at least {MIN_PASSWORD_LENGTH} characters"
    if fault:
        raise Invalid(f"The password {fault}.")


async def create_admin(database: Database, admin: NewAdmin, password: str) -> None:
    """Raises Invalid, NotFound where there is no such hotel, Conflict where the user name is taken."""
    check_admin_password(password)
    password_hash = hash_password(password)

    async def create(work: UnitOfWork) -> None:
        await work.hotels.lock_setup()
        hotel_id = await work.hotels.id_of(admin.hotel)
        if hotel_id is None:
            if admin.hotel_name is None:
                raise NotFound(f"There is no hotel {admin.hotel}; with --hotel-name it would be made.")
            values = {"name": admin.hotel_name, "timezone": admin.timezone}
            hotel_id = (await work.hotels.save_hotel(admin.hotel, values)).id
        people = DirectoryStore(work.connection)
        if await people.user(admin.username) is not None:
            raise Conflict(f"There is a user {admin.username} already.")
        await people.add_user(
            hotel_id,
            {
                "username": admin.username,
                "password_hash": password_hash,
                "user_type": UserType(admin.user_type),
                "departments": [Department.MANAGEMENT],
                "first_name": admin.first_name,
                "last_name": admin.last_name,
                "email": admin.email or "",
            },
        )

    await database.run(create)
