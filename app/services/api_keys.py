"""Hotels' API keys: by one of these a program of the hotel's own is known, and only its hash is kept.

A key is made and revoked at the server's terminal, on record. It begins with ``lobby_``, so that one that was leaked
can be searched for.
"""

from datetime import datetime
from typing import Final

from app.core.clock import utc_now
from app.core.errors import Conflict, Invalid, NotFound, Unauthenticated
from app.core.security import digest, new_secret
from app.core.text import clean, is_blank
from app.store.api_keys import KeyRecord
from app.store.database import Database
from app.store.unit_of_work import UnitOfWork

PREFIX: Final = "lobby_"
LONGEST_NAME: Final = 128


class ApiKeyService:
    """``required``: nobody gets in without a key."""

    def __init__(self, database: Database, *, required: bool) -> None:
        self._database = database
        self._required = required

    async def hotel_of(self, key: str | None) -> int | None:
        """The hotel whose key this is; None where none is given and none is needed. One that is given has to be right
        everywhere. Raises Unauthenticated."""
        if key is None:
            if self._required:
                raise Unauthenticated("The header X-Api-Key is missing: it holds a key of the hotel's.", scheme=None)
            return None
        async with self._database.read() as work:
            hotel_id = await work.api_keys.hotel_of(digest(key))
        if hotel_id is None:
            raise Unauthenticated("This API key is not valid, or no longer.", scheme=None)
        return hotel_id


async def create_key(database: Database, hotel: str, name: str) -> str:
    """A new key of the hotel with this slug: it is told here, and never again.

    Raises NotFound, Invalid for a name that cannot be one, and Conflict for one that was given before.
    """
    name = _checked(name)
    key = PREFIX + new_secret()

    async def create(work: UnitOfWork) -> None:
        hotel_id, now = await _hotel_id(work, hotel), utc_now()
        key_id = await work.api_keys.add(hotel_id, name, digest(key), now)
        if key_id is None:
            raise Conflict(f"{hotel} has had a key named {name}: names are given once, so that it stays clear whose.")
        await _note(work, hotel_id, "api_key.created", key_id, name, now)

    await database.run(create)
    return key


async def revoke_key(database: Database, hotel: str, name: str) -> None:
    """From now on the key opens nothing. Raises NotFound, and Conflict where that was so before."""

    async def revoke(work: UnitOfWork) -> None:
        hotel_id, now = await _hotel_id(work, hotel), utc_now()
        key = await work.api_keys.find(hotel_id, clean(name.strip()))
        if key is None:
            raise NotFound(f"{hotel} has no key named {name}.")
        if key.revoked_at is not None:
            raise Conflict(f"The key {name} is revoked already.")
        await work.api_keys.revoke(key.id, now)
        await _note(work, hotel_id, "api_key.revoked", key.id, key.name, now)

    await database.run(revoke)


async def list_keys(database: Database, hotel: str) -> list[KeyRecord]:
    """All keys that a hotel has or had, the oldest first. Raises NotFound."""
    async with database.read() as work:
        return await work.api_keys.of_hotel(await _hotel_id(work, hotel))


def _checked(name: str) -> str:
    name = name.strip()
    if is_blank(name) or clean(name) != name or not name.isprintable() or len(name) > LONGEST_NAME:
        raise Invalid(f"The name of a key is one line of 1 to {LONGEST_NAME} characters, such as: property system.")
    return name


async def _hotel_id(work: UnitOfWork, slug: str) -> int:
    hotel_id = await work.hotels.id_of(clean(slug))
    if hotel_id is None:
        raise NotFound(f"There is no hotel {slug}.")
    return hotel_id


async def _note(work: UnitOfWork, hotel_id: int, action: str, key_id: int, name: str, at: datetime) -> None:
    await work.audit.add(
        hotel_id=hotel_id, user_id=None, action=action, target=f"api_key:{key_id}", details={"name": name}, at=at
    )
